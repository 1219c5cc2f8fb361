"""Which sentences an extractive answer takes, and in what order they are read."""

import numpy as np

from generation.candidates import read_sentences
from generation.events import Length
from generation.evidence import Evidence
from generation.extractive import Extractive, choose_sentences
from generation.pieces import Assignment, SentencePiece
from retrieval.hit import Hit
from tests.generation.hits import make_hit


def evidence(question: str, hits: list[Hit], scores: list[float]) -> Evidence:
    sentences = tuple(read_sentences(hits, max_sentences=50))
    assert len(sentences) == len(scores)
    return Evidence(question, sentences, np.array(scores, dtype=np.float32), 0.9)


def chosen(found: Evidence, length: Length = "short") -> list[str]:
    return [found.sentences[i].text for i in choose_sentences(found, length)]


def written(found: Evidence, length: Length = "short") -> str:
    pieces = Extractive().write(Assignment(found.question, (), found, length))
    return "".join(piece.lead + piece.text for piece in pieces if isinstance(piece, SentencePiece))


def test_short_answer_has_the_two_best_sentences_in_the_order_of_the_text() -> None:
    hit = make_hit("Ann leads finance. The sky is blue. Bob leads travel.\n")
    assert chosen(evidence("Who leads what", [hit], [2.0, 0.0, 3.0])) == ["Ann leads finance.", "Bob leads travel."]


def test_best_document_is_read_first() -> None:
    hits = [
        make_hit("Ann leads finance.\n", version_id="a", rank=1),
        make_hit("Bob leads travel.\n", version_id="b", rank=2),
    ]
    assert chosen(evidence("Who leads travel", hits, [2.0, 3.0])) == ["Bob leads travel.", "Ann leads finance."]


def test_sentence_far_behind_the_best_is_left_out() -> None:
    hit = make_hit("Ann leads finance. The sky is blue.\n")
    assert chosen(evidence("Who leads finance", [hit], [5.0, 0.0])) == ["Ann leads finance."]


def test_longer_answer_has_more_sentences() -> None:
    hit = make_hit("Ann is here. Bob came too. Cid went home. Dan sat down. Eve stood up.\n")
    assert len(chosen(evidence("Who did what", [hit], [3.0] * 5), "normal")) == 4


def test_sentence_is_not_said_twice() -> None:
    hits = [
        make_hit("Ann leads the finance team.\n", version_id="a", rank=1),
        make_hit("Ann leads the finance team.\n", version_id="b", rank=2),
    ]
    assert chosen(evidence("Who leads finance", hits, [3.0, 3.0])) == ["Ann leads the finance team."]


def test_fragment_is_never_taken() -> None:
    hit = make_hit("Finance team\n\nAnn leads finance.\n")
    assert chosen(evidence("Who leads finance", [hit], [-np.inf, 1.0])) == ["Ann leads finance."]


def test_introduction_brings_its_list_items() -> None:
    hit = make_hit("You need three things:\n\n- A passport\n- A photo\n- A signed form\n\nThe sky is blue.\n")
    found = evidence("What are the things you need", [hit], [3.0, 1.0, 1.0, 1.0, 0.0])
    assert written(found) == "You need three things:\n- A passport\n- A photo\n- A signed form"


def test_item_of_a_list_that_was_asked_for_brings_its_introduction_and_fellows() -> None:
    hit = make_hit("You need three things:\n\n- A passport\n- A photo\n- A signed form\n")
    found = evidence("List what I need", [hit], [0.0, 1.0, 3.0, 1.0])
    assert written(found) == "You need three things:\n- A passport\n- A photo\n- A signed form"


def test_lone_list_item_reads_as_a_sentence() -> None:
    hit = make_hit("- Ann leads finance.\n\nThe sky is blue.\n")
    assert written(evidence("Who leads finance", [hit], [3.0, 0.0])) == "Ann leads finance."


def test_sentence_that_points_back_brings_the_one_before() -> None:
    hit = make_hit("Harvard is old. It was founded in 1636. The yard is green. Its library is large.\n")
    found = evidence("When was Harvard founded", [hit], [0.9, 2.5, 0.0, 1.0])
    assert chosen(found) == ["Harvard is old.", "It was founded in 1636."]


def test_quote_is_the_exact_place_of_the_sentence() -> None:
    hit = make_hit("The sky is blue.\nAnn leads\nfinance.\n")
    found = evidence("Who leads finance", [hit], [0.0, 5.0])
    (piece,) = Extractive().write(Assignment("Who leads finance", (hit,), found, "short"))
    assert isinstance(piece, SentencePiece)
    assert piece.text == "Ann leads finance."
    assert hit.text[piece.quotes[0].start : piece.quotes[0].end] == "Ann leads\nfinance."


def test_nothing_is_written_from_nothing() -> None:
    assert written(evidence("Who leads finance", [], [])) == ""
