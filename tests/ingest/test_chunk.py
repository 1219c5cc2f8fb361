"""Passages have exact spans, follow headings and stay within the length."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.chunk import PassageSpan, split_passages
from ingest.parsed import Heading, ParsedDocument, ParsedPage

SENTENCE = "Every employee has thirty days of leave a year. "


def count_words(text: str) -> int:
    return len(text.split())


def document(*pages: str, headings: tuple[tuple[str, int], ...] = ()) -> ParsedDocument:
    """A document of pages; headings as (text, level), found at their first line in the text."""
    text = "".join(pages)
    found = tuple(Heading(text.index(name + "\n"), level, name) for name, level in headings)
    parsed = tuple(ParsedPage(number, page) for number, page in enumerate(pages, start=1))
    return ParsedDocument("text/plain", None, parsed, found)


def texts(parsed: ParsedDocument, passages: list[PassageSpan]) -> list[str]:
    return [parsed.text[passage.start : passage.end] for passage in passages]


def test_a_short_document_is_one_passage() -> None:
    parsed = document("One.\n\nTwo.\n")
    assert split_passages(parsed, 50, count_words) == [PassageSpan(1, 0, 10, "")]


def test_sections_that_are_big_enough_stay_apart() -> None:
    parsed = document(f"Leave\n\n{SENTENCE * 4}\n\nTravel\n\n{SENTENCE * 4}\n", headings=(("Leave", 1), ("Travel", 1)))
    assert [passage.heading for passage in split_passages(parsed, 60, count_words)] == ["Leave", "Travel"]


def test_a_passage_begins_with_its_heading() -> None:
    parsed = document(f"Leave\n\n{SENTENCE * 4}\n\nTravel\n\n{SENTENCE * 4}\n", headings=(("Leave", 1), ("Travel", 1)))
    assert [text.split("\n")[0] for text in texts(parsed, split_passages(parsed, 60, count_words))] == [
        "Leave",
        "Travel",
    ]


def test_small_sections_under_one_parent_are_merged() -> None:
    parsed = document(
        "Terms\n\nLeave\n\nDays off.\n\nTravel\n\nDays away.\n", headings=(("Terms", 1), ("Leave", 2), ("Travel", 2))
    )
    assert [passage.heading for passage in split_passages(parsed, 60, count_words)] == ["Terms"]


def test_the_heading_path_names_all_parents() -> None:
    parsed = document(f"Terms\n\nLeave\n\n{SENTENCE * 5}\n", headings=(("Terms", 1), ("Leave", 2)))
    assert split_passages(parsed, 60, count_words)[0].heading == "Terms > Leave"


def test_a_heading_without_text_makes_no_passage() -> None:
    assert split_passages(document("Leave\n", headings=(("Leave", 1),)), 60, count_words) == []


def test_passages_do_not_cross_pages() -> None:
    parsed = document("First page.\n", "Second page.\n")
    assert [(p.page, p.start, p.end) for p in split_passages(parsed, 60, count_words)] == [(1, 0, 11), (2, 12, 24)]


def test_skipped_lines_are_in_no_passage() -> None:
    page = ParsedPage(1, "Contoso Handbook\n\nThe text itself.\n\nPage 1\n", skip=((0, 16), (36, 42)))
    parsed = ParsedDocument("application/pdf", None, (page,))
    assert texts(parsed, split_passages(parsed, 60, count_words)) == ["The text itself."]


def test_table_rows_stay_whole() -> None:
    rows = [f"Row number {number} | has a value | of {number}" for number in range(40)]
    parsed = document("\n".join(rows) + "\n")
    lines = [line for text in texts(parsed, split_passages(parsed, 60, count_words)) for line in text.split("\n")]
    assert lines == rows


def test_sentences_stay_whole_where_they_fit() -> None:
    parsed = document(SENTENCE * 40 + "\n")
    assert all(text.endswith(".") for text in texts(parsed, split_passages(parsed, 60, count_words)))


def test_an_announcing_line_stays_with_what_it_announces() -> None:
    parsed = document(f"{SENTENCE * 5}\n\nThe rules are:\n\n{SENTENCE * 5}\n")
    assert texts(parsed, split_passages(parsed, 60, count_words))[1].startswith("The rules are:")


def test_the_last_sentence_of_a_paragraph_stays_with_the_table_that_it_announces() -> None:
    rows = "\n".join(f"Plan {number} | {number} euros a month | {number} days" for number in range(5))
    parsed = document(f"{SENTENCE * 6}The table below shows what each plan costs.\n\n{rows}\n")
    assert texts(parsed, split_passages(parsed, 60, count_words))[-1].startswith("The table below shows")


def test_an_announced_table_makes_room_for_the_line_that_announces_it() -> None:
    rows = "\n".join(f"Plan {number} | {number} euros | {number} days" for number in range(30))
    parsed = document(f"{SENTENCE * 5}The plans are:\n\n{rows}\n")
    passages = texts(parsed, split_passages(parsed, 60, count_words))
    assert [text for text in passages if "The plans are:\n\nPlan 0 |" in text]


def test_the_rest_of_a_cut_table_has_its_first_row_in_the_heading() -> None:
    rows = "\n".join(f"Plan {number} | {number} euros | {number} days" for number in range(30))
    parsed = document(f"Costs\n\nPlan | Price | Leave\n{rows}\n", headings=(("Costs", 1),))
    headings = [passage.heading for passage in split_passages(parsed, 60, count_words)]
    assert headings == ["Costs", *["Costs > Plan | Price | Leave"] * (len(headings) - 1)]
    assert len(headings) > 2


def test_a_word_without_end_is_cut_hard() -> None:
    parsed = document("x" * 1000 + "\n")
    passages = split_passages(parsed, 100, len)
    assert "".join(texts(parsed, passages)) == "x" * 1000
    assert max(len(text) for text in texts(parsed, passages)) <= 100


PARAGRAPH = st.lists(
    st.sampled_from(["word", "Leave.", "a | b", "- item", "x" * 30, "\n", "12", "Travel:"]), max_size=60
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(PARAGRAPH, max_size=5), min_size=1, max_size=3), st.integers(8, 60), st.data())
def test_passages_are_ordered_exact_and_cover_everything(
    pages: list[list[list[str]]], max_tokens: int, data: st.DataObject
) -> None:
    page_texts = ["\n\n".join(" ".join(words) for words in page) + "\n" for page in pages]
    text = "".join(page_texts)
    starts = [i for i in range(len(text)) if not text[i].isspace() and (i == 0 or text[i - 1] == "\n")]
    chosen = sorted(data.draw(st.sets(st.sampled_from(starts), max_size=4))) if starts else []
    headings = tuple(
        Heading(start, data.draw(st.integers(1, 3)), text[start:].split("\n")[0].strip()) for start in chosen
    )
    parsed = ParsedDocument(
        "text/plain", None, tuple(ParsedPage(n, page) for n, page in enumerate(page_texts, 1)), headings
    )
    passages = split_passages(parsed, max_tokens, count_words)
    assert all(before.end <= after.start for before, after in pairwise(passages))
    spans = texts(parsed, passages)
    assert all(span == span.strip() != "" for span in spans)
    assert all(count_words(span) <= 1.2 * max_tokens for span in spans)
    covered = {i for passage in passages for i in range(passage.start, passage.end)}
    covered |= {i for heading in headings for i in range(heading.start, heading.start + len(heading.text))}
    assert [i for i in range(len(text)) if i not in covered and not text[i].isspace()] == []
