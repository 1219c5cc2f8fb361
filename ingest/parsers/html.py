"""HTML pages: the main content as readable text, without scripts and the site's frame."""

import re
from pathlib import Path

from lxml import etree
from lxml import html as lxml_html

from ingest.errors import FileRejected
from ingest.invisible import tell_hidden
from ingest.parsed import ParsedDocument, ParsedPage
from ingest.parsers.encoding import decode
from ingest.parsers.html_text import ReadableText, readable_text

_CHARSET = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([A-Za-z0-9_:.-]{2,40})""", re.I)
_ENOUGH = 0.35  # the share of a page's text that its main element must hold to be taken alone


def parse_html(path: Path) -> ParsedDocument:
    """One page of readable text with headings. Raises FileRejected: malformed, when there is no tree to read."""
    data = path.read_bytes()
    declared = _CHARSET.search(data[:4096])
    tree = parse_tree(decode(data, declared.group(1).decode("ascii") if declared else None))
    content = _main_text(tree)
    return ParsedDocument(
        media_type="text/html",
        title=_title(tree, content),
        pages=(ParsedPage(1, content.text),),
        headings=content.headings,
        details=tell_hidden(_details(tree), {1: content.n_hidden} if content.n_hidden else {}),
    )


def parse_tree(text: str) -> etree._Element:
    """The element tree of HTML text; nothing is fetched. Raises FileRejected: malformed."""
    parser = lxml_html.HTMLParser(
        encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True, huge_tree=True
    )
    try:
        tree: etree._Element | None = etree.fromstring(text.encode(), parser)
    except etree.LxmlError as error:
        if any(entry.type == etree.ErrorTypes.ERR_NO_MEMORY for entry in parser.error_log):
            raise MemoryError from error
        raise FileRejected("malformed", "the HTML cannot be read; save the page anew in a browser.") from error
    if tree is None:
        raise FileRejected("empty", "the HTML has no content; upload a file with text in it.")
    return tree


def _main_text(tree: etree._Element) -> ReadableText:
    """The text of the main element where there is a telling one, else of the body; never nothing when there is text."""
    whole = readable_text(tree, drop_chrome=True)
    mains = tree.xpath("//main | //*[@role='main']") or tree.xpath("//article")
    if isinstance(mains, list) and len(mains) == 1 and isinstance(mains[0], etree._Element):
        main = readable_text(mains[0], drop_chrome=True)
        if len(main.text) >= _ENOUGH * len(whole.text):
            return main
    return whole if whole.text.strip() else readable_text(tree, drop_chrome=False)


def _title(tree: etree._Element, content: ReadableText) -> str | None:
    """The first heading when the page's title contains it, else the page's title."""
    title = " ".join((tree.findtext(".//title") or "").split())
    first = next((heading.text for heading in content.headings if heading.level == 1), "")
    if first and (not title or first.casefold() in title.casefold()):
        return first
    return title or None


def _details(tree: etree._Element) -> dict[str, str]:
    """Author and description, where the page states them."""
    details = {}
    for name in ("author", "description"):
        element = tree.find(f".//meta[@name='{name}']")
        value = " ".join(element.get("content", "").split()) if element is not None else ""
        if value:
            details[name] = value[:1000]
    return details
