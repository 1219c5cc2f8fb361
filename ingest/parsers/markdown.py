"""Markdown: front matter, tables and embedded HTML, rendered to readable text; Liquid tags are resolved or dropped."""

import re
from pathlib import Path

from markdown_it import MarkdownIt
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.footnote import footnote_plugin

from ingest.parsed import ParsedDocument, ParsedPage
from ingest.parsers.encoding import read_text
from ingest.parsers.html import parse_tree
from ingest.parsers.html_text import ReadableText, readable_text

_FRONT_MATTER = re.compile(
    r"\A\s*(?:---[ \t]*\n(.*?)\n(?:---|\.\.\.)|\+\+\+[ \t]*\n(.*?)\n\+\+\+)[ \t]*(?:\n|\Z)", re.S
)
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
_FIELD = re.compile(r"^(title|author|description)[ \t]*[:=][ \t]*(.+)$", re.M)
_CODE_OR_LIQUID = re.compile(
    r"(?P<code>^(?P<fence>[ \t]*(?:```+|~~~+)).*?(?:^(?P=fence)|\Z)|(?P<ticks>`+)(?!`).+?(?<!`)(?P=ticks)(?!`))"
    r"|\{%-?\s*raw\s*-?%\}(?P<raw>.*?)\{%-?\s*endraw\s*-?%\}"
    r"|\{%-?\s*comment\s*-?%\}.*?\{%-?\s*endcomment\s*-?%\}"
    r"|\{%-?\s*(?P<tag>\w+)(?P<arguments>[^%]*?)-?%\}"
    r"|\{\{(?P<expression>[^{}\n]*)\}\}",
    re.S | re.M,
)
_FENCED = re.compile(r"(^[ \t]*```.*?^[ \t]*```|^[ \t]*~~~.*?^[ \t]*~~~)", re.S | re.M)
_QUOTED = re.compile(r"""["']([^"']*)["']""")
_RAW_TAG = re.compile(r"\{%-?\s*(?:end)?raw\s*-?%\}")
# An indented tag after a blank line is HTML to the site generators that people write for, and code to CommonMark.
_INDENTED_HTML = re.compile(
    r"^[ \t]{4,}(?=</?(?:table|t[rdh]|thead|tbody|div|p|ul|ol|li|h[1-6]|section|button|strong|a)\b)", re.M
)
_ATTRIBUTE_LIST = re.compile(r"[ \t]*\{:[^}\n]*\}")


def parse_markdown(path: Path) -> ParsedDocument:
    """One page of readable text; the title is the front matter's, else the first heading of level 1."""
    source = read_text(path)
    fields: dict[str, str] = {}
    front = _FRONT_MATTER.match(source)
    if front:
        fields = _front_matter(front.group(1) or front.group(2) or "")
        source = source[front.end() :]
    content = _render(_CODE_OR_LIQUID.sub(_resolve, _outside_code(source)))
    title = " ".join(_TAG.sub("", fields.pop("title", "")).split())
    first = next((heading.text for heading in content.headings if heading.level == 1), None)
    return ParsedDocument(
        media_type="text/markdown",
        title=title or first,
        pages=(ParsedPage(1, content.text),),
        headings=content.headings,
        details=fields,
    )


def _front_matter(block: str) -> dict[str, str]:
    """The plain one-line fields that people read; everything else is for the site's generator."""
    found = {name: value.strip().strip("\"'").strip() for name, value in _FIELD.findall(block)}
    return {name: value[:1000] for name, value in found.items() if value and value not in ("|", ">")}


def _outside_code(source: str) -> str:
    """The source without kramdown's attribute lists, and with HTML at the margin; fenced code stays as it is."""
    pieces = _FENCED.split(source)
    pieces[::2] = [_INDENTED_HTML.sub("", _ATTRIBUTE_LIST.sub("", piece)) for piece in pieces[::2]]
    return "".join(pieces)


def _resolve(match: re.Match[str]) -> str:
    """Code as it stands; the address of a tag inside a link; a channel's name; else nothing."""
    if match["code"] is not None:
        return _RAW_TAG.sub("", match[0])
    if match["raw"] is not None:
        return str(match["raw"])
    before = match.string[match.start() - 1 : match.start()]
    quoted = _QUOTED.search(match["arguments"] or "")
    if match["tag"] == "slack" and quoted:
        return "#" + quoted.group(1).lstrip("#")
    if before == "(":
        return quoted.group(1).replace(" ", "%20") if quoted else "#"
    return ""


def _render(source: str) -> ReadableText:
    """Markdown to readable text, by way of the HTML that it stands for."""
    markdown = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    markdown.use(footnote_plugin).use(deflist_plugin)
    tree = parse_tree(f"<html><body>{markdown.render(source)}</body></html>")
    return readable_text(tree, drop_chrome=False)
