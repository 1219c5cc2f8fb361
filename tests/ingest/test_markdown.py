"""Markdown becomes readable text with headings."""

from pathlib import Path

import pytest

from ingest.parsers.markdown import parse_markdown

HANDBOOK = Path(__file__).parents[3] / "shared" / "data" / "kb-18f-handbook" / "docs"


def text_of(tmp_path: Path, source: str) -> str:
    (tmp_path / "a.md").write_text(source)
    return parse_markdown(tmp_path / "a.md").text


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param("**Bold** and *thin* [link](https://a.example).", "Bold and thin link.\n", id="inline marks"),
        pytest.param("One\ntwo\n\nthree", "One two\n\nthree\n", id="paragraphs"),
        pytest.param("- a\n- b\n  - c\n", "- a\n- b\n  - c\n", id="bullets"),
        pytest.param("3. a\n4. b\n", "3. a\n4. b\n", id="numbers"),
        pytest.param("| x | y |\n|---|---|\n| 1 | 2 |\n", "x | y\n1 | 2\n", id="table"),
        pytest.param("~~old~~ new", "old new\n", id="strikethrough"),
        pytest.param("```\nif x:\n    y  = 1\n```\n", "if x:\n    y  = 1\n", id="code stays as it is"),
        pytest.param("a\n\n<div><p>b <b>c</b></p></div>\n\nd", "a\n\nb c\n\nd\n", id="html"),
        pytest.param("a <!-- hidden --> b", "a b\n", id="comments"),
        pytest.param("See [x]({% page '/y z/' %}).", "See x.\n", id="liquid in a link"),
        pytest.param('Ask in {% slack "tts-people" %}.', "Ask in #tts-people.\n", id="channel"),
        pytest.param("a {% include b.html %}c {{ site.name }}d", "a c d\n", id="liquid tags"),
        pytest.param("a\n{% comment %}\nhidden\n{% endcomment %}\nb", "a\n\nb\n", id="liquid comment"),
        pytest.param("Use `{{ x }}` here.", "Use {{ x }} here.\n", id="braces in code"),
        pytest.param("# A {: .big }\n\nb", "A\n\nb\n", id="attribute list"),
        pytest.param("<table>\n\n    <tr><td>a</td><td>b</td></tr>\n\n</table>", "a | b\n", id="indented html"),
        pytest.param("a[^1]\n\n[^1]: Note.", "a[1]\n\n1. Note.", id="footnote"),
    ],
)
def test_markdown_reads_as_plain_text(tmp_path: Path, source: str, expected: str) -> None:
    assert text_of(tmp_path, source).startswith(expected)


def test_headings_have_levels_and_exact_offsets(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("Intro\n\n# One\n\ntext\n\nTwo *big*\n---\n\n### Three\n")
    parsed = parse_markdown(tmp_path / "a.md")
    found = [(h.level, h.text, parsed.text[h.start : h.start + len(h.text)]) for h in parsed.headings]
    assert found == [(1, "One", "One"), (2, "Two big", "Two big"), (3, "Three", "Three")]


@pytest.mark.parametrize(
    ("source", "title"),
    [
        pytest.param('---\ntitle: "Travel: rules"\n---\n# Other\n', "Travel: rules", id="front matter"),
        pytest.param("+++\ntitle = 'Travel'\n+++\ntext", "Travel", id="toml front matter"),
        pytest.param("text\n\n# First\n\n# Second", "First", id="first heading"),
        pytest.param("text", None, id="none"),
    ],
)
def test_the_title_is_the_front_matters_or_the_first_heading(tmp_path: Path, source: str, title: str | None) -> None:
    (tmp_path / "a.md").write_text(source)
    assert parse_markdown(tmp_path / "a.md").title == title


def test_front_matter_is_not_text(tmp_path: Path) -> None:
    assert text_of(tmp_path, "---\ntitle: A\nlayout: b\n---\nc") == "c\n"


@pytest.mark.shared_data("kb-18f-handbook")
@pytest.mark.parametrize("garbage", ["{% page", "{% slack", "{% include", "{% image", "{% alert"])
def test_a_real_handbook_has_no_template_tags_in_its_text(garbage: str) -> None:
    pages = sorted((HANDBOOK / "pages" / "about-us").rglob("*.md"))
    assert pages
    assert [page.name for page in pages if garbage in parse_markdown(page).text] == []
