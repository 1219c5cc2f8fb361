"""In what form hits come: grouped by page or document, repetitions listed once, neighbours joined, stages explained."""

from collections.abc import Iterator

import pytest

from evals.knowledge_base import KnowledgeBase, temporary_knowledge_base
from ingest.embed import Embedder
from ingest.pipeline import version_text
from retrieval import search as searching
from retrieval.hit import Hit
from retrieval.near_duplicates import say_the_same, wording_of
from retrieval.options import SearchOptions

EVERYONE = frozenset({"everyone"})
BOARD = frozenset({"everyone", "group:board"})
RULE = (
    "A hotel night is paid up to 140 euros in every city of the country when the journey takes more than one day and "
    "the manager has agreed to it before the booking was made with the travel office on the ground floor."
)
OTHER_RULE = RULE.replace("140", "190")


def long_text(subject: str) -> str:
    sentences = (
        f"Rule {n} about {subject} says what step {n} of {subject} needs, and who signs it." for n in range(60)
    )
    return f"# {subject}\n\n" + " ".join(sentences) + "\n"


@pytest.fixture(scope="module")
def base(embedder: Embedder) -> Iterator[KnowledgeBase]:
    with temporary_knowledge_base(embedder) as base:
        base.add(f"# Travel\n\n{RULE}\n".encode(), "travel.md")
        base.add(f"# Trips\n\n{RULE.replace(' and ', ', and ')}\n".encode(), "trips.md")
        base.add(f"# Board\n\n{RULE}\n".encode(), "board.md", readers=["group:board"])
        base.add(f"# Abroad\n\n{OTHER_RULE}\n".encode(), "abroad.md")
        base.add(long_text("parking").encode(), "parking.md")
        base.add(long_text("parking permits").encode(), "permits.md")
        base.work()
        yield base


def search(
    base: KnowledgeBase, query: str, options: SearchOptions, *, k: int = 10, principals: frozenset[str] = EVERYONE
) -> list[Hit]:
    with base.database.read() as session:
        return base.searcher.search(session, query, principals, k, options=options)


def test_repeated_passage_is_listed_under_the_best(base: KnowledgeBase) -> None:
    hits = search(base, "price of a hotel night", SearchOptions())
    (repeated,) = [hit for hit in hits if hit.duplicates]
    same = {repeated.filename, *(place.filename for place in repeated.duplicates)}
    assert same == {"travel.md", "trips.md"}
    assert len([hit for hit in hits if hit.filename in same]) == 1


def test_repetition_that_may_not_be_read_is_not_named(base: KnowledgeBase) -> None:
    def named(principals: frozenset[str]) -> set[str]:
        hits = search(base, "price of a hotel night", SearchOptions(), principals=principals)
        return {place.filename for hit in hits for place in hit.duplicates} | {hit.filename for hit in hits}

    assert "board.md" in named(BOARD)
    assert "board.md" not in named(EVERYONE)


def test_passage_with_another_number_is_no_repetition(base: KnowledgeBase) -> None:
    assert "abroad.md" in {hit.filename for hit in search(base, "price of a hotel night", SearchOptions())}


def test_repetitions_stay_apart_when_asked_for(base: KnowledgeBase) -> None:
    hits = search(base, "price of a hotel night", SearchOptions(collapse=False))
    assert {"travel.md", "trips.md"} <= {hit.filename for hit in hits}


@pytest.mark.parametrize(
    ("other", "same"),
    [
        pytest.param(RULE.upper().lower().replace(",", " "), True, id="case_and_punctuation"),
        pytest.param(RULE.lower().replace("the manager", "the  kind\nmanager"), True, id="one_more_word"),
        pytest.param(RULE.replace("140", "141"), False, id="another_number"),
        pytest.param(RULE.replace("is paid", "is not paid"), False, id="a_negation"),
        pytest.param(RULE.replace("the country", "Norway"), False, id="a_name"),
        pytest.param("Bicycles are kept beside the lift.", False, id="something_else"),
        pytest.param("", False, id="nothing"),
    ],
)
def test_texts_say_the_same_when_no_fact_differs(other: str, same: bool) -> None:
    assert say_the_same(wording_of(RULE.lower()), wording_of(other if other else "")) is same


def test_each_document_gives_one_hit(base: KnowledgeBase) -> None:
    filenames = [hit.filename for hit in search(base, "parking rule", SearchOptions(group="document"))]
    assert len(filenames) == len(set(filenames))
    assert {"parking.md", "permits.md"} <= set(filenames)


def test_each_page_gives_one_hit(base: KnowledgeBase) -> None:
    hits = search(base, "parking rule", SearchOptions(group="page"))
    assert len({(hit.version_id, hit.page) for hit in hits}) == len(hits)


def test_grouping_looks_further_until_there_are_k(base: KnowledgeBase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "CANDIDATES", 2)
    options = SearchOptions(group="document", mode="vector", collapse=False)
    assert len(search(base, "rule about parking", options, k=5)) == 5


def test_neighbours_become_one_exact_span(base: KnowledgeBase) -> None:
    apart = search(base, "rule about parking permits", SearchOptions(collapse=False))
    joined = search(base, "rule about parking permits", SearchOptions(collapse=False, merge_neighbours=True))
    longest = max(joined, key=lambda hit: len(hit.text))
    assert len(longest.text) > max(len(hit.text) for hit in apart)
    with base.database.read() as session:
        assert longest.text == version_text(session, longest.version_id)[longest.start : longest.end]


def test_explanation_has_every_stage_with_its_rank(base: KnowledgeBase) -> None:
    best = search(base, "price of a hotel night", SearchOptions(explain=True))[0]
    assert [stage.stage for stage in best.explanation] == ["vector", "keyword", "fused", "maxsim", "final"]
    assert best.explanation[-1].rank == 1
    assert best.explanation[-1].score == best.score


def test_hits_are_not_explained_unless_asked(base: KnowledgeBase) -> None:
    assert search(base, "hotel", SearchOptions())[0].explanation == ()


def test_reciprocal_rank_fusion_scores_by_rank_alone(base: KnowledgeBase) -> None:
    hits = search(base, "price of a hotel night", SearchOptions(fusion="rrf", rerank=False, explain=True))
    stages = {stage.stage: stage for stage in hits[0].explanation}
    assert stages["fused"].score == pytest.approx(
        (1 / (60 + stages["vector"].rank) + 1 / (60 + stages["keyword"].rank)) * 61 / 2
    )
