"""What a model writes is read the same, however its text is divided."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from generation.reading import AnswerReader
from generation.written_sentences import WrittenSentence

TEXT = (
    "<think>Passage 1 says so.</think>New parents receive 20 weeks of leave [1]. Tell your manager, e.g. by mail, two "
    "months before [1][2].\n\n- Ann Miller approves it [1]\n- Flights cost 1,200.50 euros [2]. Is that all? Yes"
)


def read(parts: list[str], *, cut: bool = False) -> list[WrittenSentence]:
    reader = AnswerReader(2)
    return [sentence for part in parts for sentence in reader.feed(part)] + reader.finish(cut=cut)


@given(st.lists(st.integers(0, len(TEXT)), max_size=30))
def test_same_text_gives_the_same_sentences(places: list[int]) -> None:
    ends = [0, *sorted(places), len(TEXT)]
    parts = [TEXT[start:end] for start, end in itertools.pairwise(ends)]
    assert read(parts) == read([TEXT])


def test_thinking_and_markers_are_not_shown() -> None:
    first, *_ = read([TEXT])
    assert (first.text, first.cited) == ("New parents receive 20 weeks of leave.", (1,))


def test_last_sentence_of_a_text_that_was_cut_is_left_out() -> None:
    assert [sentence.text for sentence in read(["It is so [1]. It may be th"], cut=True)] == ["It is so."]


def test_words_for_no_answer_are_no_sentence() -> None:
    assert read(["NO ", "ANSWER"]) == []
