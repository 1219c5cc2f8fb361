"""Keyword search: words, identifiers and phrases, within what readers may read; any text is a valid query."""

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.errors import IndexDamaged
from ingest.keyword_index import KeywordEntry, KeywordIndex

EVERYONE = frozenset({"everyone"})
FINANCE = frozenset({"group:finance", "user:ann@example.org"})


def entry(passage_id: int, text: str, **differing: object) -> KeywordEntry:
    """A passage readable by everyone, alone in its document, unless told otherwise."""
    fields: dict[str, object] = {
        "document_id": f"document-{passage_id}",
        "collection": "default",
        "readers": EVERYONE,
        "title": "",
        "filename": f"{passage_id}.txt",
        "heading": "",
    }
    return KeywordEntry(passage_id=passage_id, text=text, **(fields | differing))  # type: ignore[arg-type]


PASSAGES = [
    entry(1, "Employees accrue fifteen days of paid vacation. The policies apply to all."),
    entry(2, "If the log shows ERR-4012, restart the service; ERR-4013 means a full disk."),
    entry(3, "Version v2.3.1 fixes the importer described in foo_bar.md."),
    entry(4, "The quarterly revenue was 4218 million.", readers=FINANCE, collection="finance"),
    entry(5, "An incident response plan is tested each year.", title="Security handbook"),
    entry(6, "Each year the response to every incident follows no plan."),
    entry(7, "Nothing about the subject.", title="Parental leave", filename="leave.pdf"),
    entry(8, "Parental matters and leave of other kinds, and matters of leave, and other matters still."),
    entry(9, "Die Straße nach Zürich; café au lait. 東京 の 天気"),
    entry(10, "Use C to call x.y, and to be or not to be."),
]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeywordIndex]:
    index = KeywordIndex(tmp_path_factory.mktemp("keywords"))
    index.add(PASSAGES)
    index.commit()
    yield index
    index.close()


def find(
    index: KeywordIndex,
    query: str,
    readers: frozenset[str] = EVERYONE,
    documents: frozenset[str] | None = None,
    k: int = 20,
    languages: Sequence[str | None] = ("en",),
) -> list[int]:
    return index.search(query, k, readers=readers, documents=documents, languages=languages)[0].tolist()


@pytest.mark.parametrize(
    ("query", "best"),
    [
        pytest.param("how many vacation days do employees get?", 1, id="question"),
        pytest.param("policy", 1, id="other_ending"),
        pytest.param("ERR-4012", 2, id="identifier"),
        pytest.param("err-4012?", 2, id="identifier_in_lower_case"),
        pytest.param("4013", 2, id="number_in_an_identifier"),
        pytest.param("what changed in v2.3.1?", 3, id="version"),
        pytest.param("foo_bar.md", 3, id="file_name_in_text"),
        pytest.param("leave.pdf", 7, id="file_name"),
        pytest.param("parental leave", 7, id="title"),
        pytest.param("strasse zurich", 9, id="accents"),
        pytest.param("CAFÉ", 9, id="case"),
        pytest.param("東京", 9, id="other_script"),
        pytest.param("to be or not to be", 10, id="only_stop_words"),
    ],
)
def test_best_passage(query: str, best: int, index: KeywordIndex) -> None:
    assert find(index, query)[:1] == [best]


@pytest.mark.parametrize("query", ['"incident response plan"', "“incident response plan” tested", "«response plan»"])
def test_quoted_phrase_must_occur(query: str, index: KeywordIndex) -> None:
    assert find(index, query) == [5]


def test_quoted_phrase_that_occurs_nowhere_counts_as_words(index: KeywordIndex) -> None:
    assert set(find(index, '"plan incident response"')) == {5, 6}


def test_phrase_that_the_reader_may_not_see_counts_as_absent(index: KeywordIndex) -> None:
    assert find(index, '"quarterly revenue"') == []


def test_reader_outside_the_group_finds_nothing(index: KeywordIndex) -> None:
    assert find(index, "quarterly revenue") == []


@pytest.mark.parametrize("principal", sorted(FINANCE))
def test_each_reader_of_a_passage_finds_it(principal: str, index: KeywordIndex) -> None:
    assert find(index, "quarterly revenue", frozenset({principal, "group:other"})) == [4]


def test_no_principals_find_nothing(index: KeywordIndex) -> None:
    assert find(index, "vacation", frozenset()) == []


@pytest.mark.parametrize("principal", ["every", "EVERYONE", "everyone*", ".*", "group:fin", "", "group"])
def test_principal_matches_only_as_a_whole(principal: str, index: KeywordIndex) -> None:
    assert find(index, "vacation revenue", frozenset({principal})) == []


@pytest.mark.parametrize("query", ["readers:everyone", "everyone", "collection:finance revenue", "group:finance"])
def test_query_cannot_name_a_field(query: str, index: KeywordIndex) -> None:
    assert find(index, query) == []


def test_documents_restrict(index: KeywordIndex) -> None:
    everything = EVERYONE | FINANCE
    assert find(index, "year revenue", everything, frozenset({"document-4", "document-1"})) == [4]
    assert find(index, "year revenue", everything, frozenset()) == []


def test_named_document_is_found_by_its_readers_only(index: KeywordIndex) -> None:
    assert find(index, "year revenue", EVERYONE, frozenset({"document-4"})) == []


def test_rights_do_not_change_scores(index: KeywordIndex) -> None:
    one = index.search("vacation", 5, readers=EVERYONE)[1]
    several = index.search("vacation", 5, readers=EVERYONE | FINANCE, documents=frozenset({"document-1"}))[1]
    np.testing.assert_array_equal(one, several)


def test_scores_fall_and_equal_ones_are_in_order_of_id(tmp_path: Path) -> None:
    index = KeywordIndex(tmp_path)
    index.add(entry(i, "same words here") for i in (30, 10, 20))
    index.add([entry(5, "words words words")])
    index.commit()
    ids, scores = index.search("words", 10, readers=EVERYONE)
    assert ids.tolist() == [5, 10, 20, 30]
    assert (np.diff(scores) <= 0).all()
    index.close()


def test_k_limits_the_hits(index: KeywordIndex) -> None:
    assert len(find(index, "year plan leave vacation", k=2)) == 2
    assert find(index, "vacation", k=0) == []


@given(query=st.text(max_size=200))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_is_a_valid_query(query: str, index: KeywordIndex) -> None:
    ids, scores = index.search(query, 10, readers=EVERYONE)
    assert len(ids) == len(scores)
    assert 4 not in ids


@pytest.mark.parametrize("query", ["", " ", '"', '""', "AND OR NOT", "((", "a:b^2~", "[x TO y]", "\ud800", "\0", "*:*"])
def test_query_syntax_is_only_text(query: str, index: KeywordIndex) -> None:
    assert 4 not in find(index, query)


def test_very_long_query_is_searched(index: KeywordIndex) -> None:
    assert find(index, " ".join(f"word{i}" for i in range(5000)) + " vacation " * 3)[:1] == [1]


def test_removed_document_is_found_after_the_commit_no_more(tmp_path: Path) -> None:
    index = KeywordIndex(tmp_path)
    index.add([entry(1, "vacation", document_id="a"), entry(2, "vacation", document_id="a"), entry(3, "vacation")])
    index.commit()
    index.remove("a")
    assert find(index, "vacation") == [1, 2, 3]
    index.commit()
    assert find(index, "vacation") == [3]
    index.close()


def test_removed_and_added_in_one_commit_is_found_once(tmp_path: Path) -> None:
    index = KeywordIndex(tmp_path)
    index.add([entry(1, "vacation")])
    index.commit()
    index.remove("document-1")
    index.add([entry(1, "vacation")])
    index.commit()
    assert find(index, "vacation") == [1]
    index.close()


def test_rollback_forgets_what_was_not_committed(tmp_path: Path) -> None:
    index = KeywordIndex(tmp_path)
    index.add([entry(1, "vacation")])
    index.commit()
    index.remove("document-1")
    index.add([entry(2, "vacation")])
    index.rollback()
    index.commit()
    assert find(index, "vacation") == [1]
    index.close()


def test_reader_stays_at_its_commit(tmp_path: Path) -> None:
    index = KeywordIndex(tmp_path)
    index.add([entry(1, "vacation")])
    index.commit()
    reader = index.reader()
    index.remove("document-1")
    index.commit()
    assert reader.search("vacation", 5, readers=EVERYONE)[0].tolist() == [1]
    index.close()


def test_reopened_index_finds_the_same(tmp_path: Path) -> None:
    index = KeywordIndex(tmp_path)
    index.add(PASSAGES)
    index.commit()
    before = find(index, "incident plan year")
    index.close()
    again = KeywordIndex(tmp_path)
    assert find(again, "incident plan year") == before
    again.close()


def test_linked_files_are_the_last_commit(tmp_path: Path) -> None:
    index = KeywordIndex(tmp_path / "live")
    index.add([entry(1, "vacation")])
    index.commit()
    (tmp_path / "linked").mkdir()
    index.link_to(tmp_path / "linked")
    index.remove("document-1")
    index.commit()
    index.close()
    linked = KeywordIndex(tmp_path / "linked")
    assert find(linked, "vacation") == [1]
    linked.close()


def test_stored_keys_say_what_the_index_holds(index: KeywordIndex) -> None:
    keys = {stored.passage_id: stored for stored in index.reader().stored_keys()}
    assert sorted(keys) == list(range(1, 11))
    assert (keys[4].document_id, keys[4].collection, keys[4].readers) == ("document-4", "finance", FINANCE)


def test_index_that_cannot_be_opened_says_so(tmp_path: Path) -> None:
    (tmp_path / "meta.json").write_text("{}")
    with pytest.raises(IndexDamaged, match="cannot be opened"):
        KeywordIndex(tmp_path)


def test_many_threads_search_while_one_writes(tmp_path: Path) -> None:
    index = KeywordIndex(tmp_path)
    index.add([entry(0, "vacation")])
    index.commit()
    found: list[int] = []

    def search() -> None:
        found.extend(len(find(index, "vacation policy", k=100)) for _ in range(100))

    threads = [threading.Thread(target=search) for _ in range(4)]
    for thread in threads:
        thread.start()
    for i in range(1, 20):
        index.add([entry(i, "vacation")])
        index.commit()
    for thread in threads:
        thread.join()
    assert len(found) == 400
    assert min(found) >= 1
    index.close()


MANY_LANGUAGES = [
    entry(1, "Urlaubsanträge stellt man zwei Wochen vorher.", language="de"),
    entry(2, "Las solicitudes de vacaciones se presentan dos semanas antes.", language="es"),
    entry(3, "Vacation requests are filed two weeks ahead for 1,234.50 euros.", language="en"),
    entry(4, "年假需要提前两周申请，错误 ERR-4032-B/ERR-7 请联系主机 10.0.3.7。", language="zh"),
    entry(5, "有給休暇は二週間前に申請してください。", language="ja"),
    entry(6, "연차 휴가는 두 주 전에 신청합니다.", language="ko"),
    entry(7, "ต้องขอลาพักร้อนล่วงหน้าสองสัปดาห์", language="th"),
    entry(8, "Rule POL_17/2 allows 1.234,5 euros.", filename="Reise-Kosten_2024.xlsx", language="en"),
]
LANGUAGES = ("en", "de", "es", "zh", "ja", "ko", "th")


@pytest.fixture(scope="module")
def many_languages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeywordIndex]:
    index = KeywordIndex(tmp_path_factory.mktemp("languages"))
    index.add(MANY_LANGUAGES)
    index.commit()
    yield index
    index.close()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        pytest.param("Urlaubsantrag", [1], id="german"),
        pytest.param("URLAUBSANTRAEGEN", [1], id="german_without_umlauts"),
        pytest.param("solicitud", [2], id="spanish"),
        pytest.param("request for vacation", [3], id="english"),
        pytest.param("年假申请", [4], id="chinese"),
        pytest.param("休暇の申請", [5], id="japanese"),
        pytest.param("휴가", [6], id="korean"),
        pytest.param("ลาพักร้อน", [7], id="thai"),
        pytest.param("错误", [4], id="chinese_word_in_a_sentence"),
        pytest.param("误", [4], id="one_character"),
        pytest.param('"两周申请"', [4], id="chinese_phrase"),
        pytest.param("ERR-4032-B", [4], id="identifier_beside_a_slash"),
        pytest.param("ERR-7是什么", [4], id="identifier_beside_chinese"),
        pytest.param("10.0.3.7", [4], id="address"),
        pytest.param("POL_17/2", [8], id="identifier_with_a_slash"),
        pytest.param("1234.5", [8, 3], id="number_without_groups"),
        pytest.param("1,234.50", [3, 8], id="number_as_written"),
        pytest.param("Reise-Kosten_2024.xlsx", [8], id="file_name"),
        pytest.param("reise kosten", [8], id="words_of_a_file_name"),
    ],
)
def test_found_in_its_language(query: str, found: list[int], many_languages: KeywordIndex) -> None:
    assert find(many_languages, query, languages=LANGUAGES)[: len(found)] == found


def test_phrase_in_another_order_of_characters_is_not_found_as_one(many_languages: KeywordIndex) -> None:
    assert find(many_languages, '"申请两周" 年假', languages=LANGUAGES) == [4]
    assert find(many_languages, '"周申请" 휴가', languages=LANGUAGES) == [4]


def test_words_of_the_likeliest_language_count_more(tmp_path: Path) -> None:
    index = KeywordIndex(tmp_path)
    index.add([entry(1, "one tagen", language="en"), entry(2, "ein Tag", language="de")])
    index.commit()
    assert find(index, "Tagen", languages=("de", "en")) == [2, 1]
    assert find(index, "Tagen", languages=("en", "de")) == [1, 2]
    index.close()
