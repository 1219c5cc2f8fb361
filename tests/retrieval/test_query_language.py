"""A query's language: told from the documents that the person may read, and said where the model does not know it."""

from collections.abc import Iterator

import pytest

from evals.knowledge_base import KnowledgeBase, temporary_knowledge_base
from ingest.embed import Embedder
from ingest.model_languages import ModelLanguages
from retrieval.language import read_language
from retrieval.options import SearchOptions

EVERYONE = frozenset({"everyone"})
ANN = frozenset({"everyone", "user:ann@example.org"})
ENGLISH = ModelLanguages(frozenset({"en"}), legible=frozenset({"en", "de"}))
HALF = {"en": 0.5, "de": 0.5}

LEAVE = "# Urlaub\n\nUrlaubsanträge stellt man zwei Wochen vor dem ersten freien Tag bei der Teamleitung.\n"
TRAVEL = "# Reisen\n\nHotelnächte werden bis zu einem Betrag von 140 Euro erstattet, Flüge nur im Ausnahmefall.\n"
TRAVEL_ENGLISH = "# Travel\n\nA hotel night is paid up to 140 euros. Book trains instead of flights where you can.\n"
HOLIDAYS_CHINESE = "年假需要提前两周申请，由部门经理批准。每位员工每年有三十天带薪假期，未使用的天数在三月底作废。\n"


@pytest.mark.parametrize(
    ("query", "shares", "analysed", "leads"),
    [
        pytest.param("Wie viele Urlaubstage habe ich?", HALF, ("de", "en"), True, id="german"),
        pytest.param("How many days do I have?", HALF, ("en", "de"), False, id="english"),
        pytest.param("Urlaub", {"en": 0.9, "de": 0.1}, ("en", "de"), False, id="one_word_goes_with_most_documents"),
        pytest.param("Budget Q3", {"de": 1.0}, ("de",), True, id="one_word_among_german_documents"),
        pytest.param(
            "Wie viele Urlaubstage habe ich?", {"en": 1.0}, ("en",), True, id="german_among_english_documents"
        ),
        pytest.param(
            "How many vacation days are left?", {"de": 1.0}, ("de",), True, id="english_among_german_documents"
        ),
        pytest.param("ERR-4032-B", HALF, ("en", "de"), False, id="identifier"),
        pytest.param("10.0.3.7", {"de": 1.0}, ("de",), True, id="no_letters_among_german_documents"),
        pytest.param("10.0.3.7", {}, ("en",), False, id="no_documents"),
        pytest.param("Urlaub", {None: 1.0}, ("en",), False, id="documents_of_unknown_language"),
        pytest.param("年假有多少天", HALF, ("en", "de"), True, id="chinese"),
    ],
)
def test_language_of_a_query(
    query: str, shares: dict[str | None, float], analysed: tuple[str, ...], leads: bool
) -> None:
    language = read_language(query, shares, ENGLISH)
    assert (language.analysed, language.keyword_leads) == (analysed, leads)


def test_known_language_changes_no_weight() -> None:
    language = read_language("How many days do I have?", HALF, ENGLISH)
    assert (language.vector_weight(0.5), language.rerank_weight(0.7)) == (0.5, 0.7)


def test_unknown_language_that_is_legible_weighs_vectors_and_reranking_down() -> None:
    language = read_language("Wie viele Urlaubstage habe ich?", HALF, ENGLISH)
    assert (language.vector_weight(0.5), language.rerank_weight(0.7)) == (0.2, 0.4)


def test_illegible_language_is_not_reranked() -> None:
    assert read_language("年假有多少天", HALF, ENGLISH).rerank_weight(0.7) == 0


def test_model_that_knows_the_language_leads_as_usual() -> None:
    assert not read_language("Wie viele Urlaubstage habe ich?", HALF, ModelLanguages(frozenset({"de"}))).keyword_leads


@pytest.fixture(scope="module")
def base(embedder: Embedder) -> Iterator[KnowledgeBase]:
    with temporary_knowledge_base(embedder) as base:
        base.add(LEAVE.encode(), "urlaub.md")
        base.add(TRAVEL.encode(), "reisen.md")
        base.add(HOLIDAYS_CHINESE.encode(), "假期.txt")
        base.add(TRAVEL_ENGLISH.encode(), "travel.md", readers=["user:ann@example.org"])
        base.work()
        yield base


def first(base: KnowledgeBase, query: str, principals: frozenset[str] = EVERYONE) -> str:
    with base.database.read() as session:
        return base.searcher.search(session, query, principals, 5)[0].filename


@pytest.mark.parametrize(
    ("query", "filename"),
    [
        pytest.param("Wie stelle ich einen Urlaubsantrag?", "urlaub.md", id="german_stem"),
        pytest.param("Hotelnacht", "reisen.md", id="german_word"),
        pytest.param("年假怎么申请？", "假期.txt", id="chinese"),
    ],
)
def test_passage_in_another_language_is_found_first(base: KnowledgeBase, query: str, filename: str) -> None:
    assert first(base, query) == filename


@pytest.mark.parametrize("query", ["Wie stelle ich einen Urlaubsantrag?", "年假怎么申请？"])
def test_search_says_that_the_model_does_not_know_the_language(base: KnowledgeBase, query: str) -> None:
    assert base.searcher.degraded(query, EVERYONE) == ("language",)


def test_search_in_english_is_not_degraded(base: KnowledgeBase) -> None:
    assert base.searcher.degraded("How much may a hotel night cost?", ANN) == ()


def test_search_by_words_alone_is_not_degraded(base: KnowledgeBase) -> None:
    assert base.searcher.degraded("Urlaubsantrag stellen", EVERYONE, options=SearchOptions(mode="keyword")) == ()


def test_languages_of_documents_that_one_may_not_read_do_not_count(base: KnowledgeBase) -> None:
    """Nobody learns from the message that an English document is there."""
    assert base.searcher.degraded("hotel night", EVERYONE) == ("language",)
    assert base.searcher.degraded("hotel night", ANN) == ()
