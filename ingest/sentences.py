"""Split text into sentences with exact spans; wrapped lines are joined, list items and table rows stand alone."""

import re

_BULLET = re.compile(
    r"\s*(?:[-–—*•▪◦●○■□‣⁃·o]|\(?(?:\d{1,3}|[A-Za-z]|[ivxIVX]{1,5})[.)]|\d{1,2}(?:\.\d{1,2})+\.?)\s+\S"
)
_LATIN_END = r"(?:[.!?…]+[\"'”’»)\]]*(?:\[\d+\])*)(?=\s|$)"
_CJK_END = r"(?:[。！？｡]+[」』”’）】》]*)"
_END = re.compile(f"{_LATIN_END}|{_CJK_END}")
# A row of a table of figures: it ends with two of them.
_ROW_END = re.compile(r"\s[$€£(]*[\d.,]*\d[\d.,)%]*(?:\s+[$€£]?\s?[(\d.,)%—–-]+)+\s*%?$")
_MAX_ROW_CHARS = 400
_CJK = frozenset("。！？｡")
_LAST_WORD = re.compile(r"(?:^|[\s(\[\"'“‘/—-])([^\s(\[\"'“‘/—-]{1,20})$")
_OPENING = "\"'“‘«([¿¡•- "
_CLOSING = "\"'”’»)]"

# Never the end of a sentence: something always follows.
_TITLES = frozenset(
    "mr mrs ms dr prof sr st rev hon gen col lt sgt capt gov sen rep pres fig figs eq eqs sec secs art arts cf "
    "vs viz e.g i.e eg ie approx resp incl excl ref refs vol vols pp para paras ch messrs mme mlle hr fr bzw "
    "usw z.b d.h u.a ggf evtl sog vgl abs nr bspw sra dra ud uds pág núm".split()
)
# The end of a sentence only before a word that opens one.
_MAYBE = frozenset(
    "inc corp ltd co llc plc gmbh bros etc al jr u.s u.k u.n e.u u.s.a d.c a.m p.m ph.d m.d b.a m.a b.sc m.sc "
    "j.d n.a jan feb mar apr jun jul aug sep sept oct nov dec mon tue wed thu fri sat sun dept univ assn ave "
    "blvd rd est min max hrs hr yr yrs mo mos ed eds ext".split()
)
# Abbreviations only before a number.
_BEFORE_NUMBER = frozenset("no nos p item rule form ca c v".split())
_OPENERS = frozenset(
    "the a an this that these those it its in on at for from with as if when while we you he she they i our "
    "your their his her there here however but and or so to by after before during under all any each some no "
    "not see please although because since what who how why where which both most many such other do is are "
    "can may must should will".split()
)


def split_sentences(text: str) -> list[tuple[int, int]]:
    """The (start, end) offsets of the sentences of `text`, in order, without surrounding whitespace.

    Lines that a page's width broke are joined; a blank line, a list item, a table row and a short line
    that ends without punctuation (a heading) end a sentence.
    """
    spans: list[tuple[int, int]] = []
    for start, end in _units(text):
        spans.extend(_split_unit(text, start, end))
    return spans


def _units(text: str) -> list[tuple[int, int]]:
    """Stretches of lines that belong together: a paragraph, a list item, a heading, a table row."""
    units: list[tuple[int, int]] = []
    for block in _blocks(text):
        width = max(end - start for start, end in block)
        unit_start, previous_end = block[0]
        previous_start = unit_start
        for start, end in block[1:]:
            if not _continues(text, previous_start, previous_end, start, end, width):
                units.append((unit_start, previous_end))
                unit_start = start
            previous_start, previous_end = start, end
        units.append((unit_start, previous_end))
    return units


def _blocks(text: str) -> list[list[tuple[int, int]]]:
    """Runs of lines without a blank line between them, each line as trimmed (start, end)."""
    blocks: list[list[tuple[int, int]]] = []
    block: list[tuple[int, int]] = []
    position = 0
    for line in text.split("\n"):
        stripped = line.strip()
        if stripped:
            start = position + len(line) - len(line.lstrip())
            block.append((start, start + len(stripped)))
        elif block:
            blocks.append(block)
            block = []
        position += len(line) + 1
    if block:
        blocks.append(block)
    return blocks


def _continues(text: str, last_start: int, last_end: int, start: int, end: int, width: int) -> bool:
    """Whether the line at [start, end) goes on with the sentence of the line before it."""
    line, before = text[start:end], text[last_start:last_end]
    if " | " in line or " | " in before or _BULLET.match(line):
        return False
    first, last = line[0], before[-1]
    if first.islower() or last in ",;-–—&(/" or first in ",;)":
        return True
    if last in ".!?…:。！？" or (last in _CLOSING and before[-2:-1] in (".", "!", "?")):
        return last != ":" and last_end - last_start > 0.5 * width
    return last_end - last_start > 0.7 * width and width > 30 and not _ROW_END.search(before)


def _split_unit(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Split one unit at the ends of its sentences; a table row that is no longer than a long sentence stays whole."""
    if end - start <= _MAX_ROW_CHARS and " | " in text[start:end]:
        return [(start, end)]
    spans: list[tuple[int, int]] = []
    position = start
    for match in _END.finditer(text, start, end):
        after = match.end()
        if after >= end or not _ends_sentence(text, position, match.start(), after, end):
            continue
        spans.append((position, after))
        while after < end and text[after].isspace():
            after += 1
        position = after
    if position < end:
        spans.append((position, end))
    return spans


def _ends_sentence(text: str, start: int, mark: int, after: int, end: int) -> bool:
    """Whether the punctuation at [mark, after) ends the sentence that began at `start`."""
    if text[mark] in _CJK:
        return True
    follows = text[after : min(after + 40, end)].split(None, 1)
    next_word = follows[0].lstrip(_OPENING) if follows else ""
    if next_word and next_word[0].islower():
        return False
    if text[mark] != "." or text[mark:after].startswith(".."):
        return True
    found = _LAST_WORD.search(text[max(start, mark - 24) : mark])
    word = found.group(1) if found else ""
    return _period_ends_sentence(word, next_word, at_start=mark - len(word) <= start + 1)


def _period_ends_sentence(word: str, next_word: str, *, at_start: bool) -> bool:
    """Whether a period after `word` and before `next_word` ends a sentence."""
    lower = word.lower()
    if lower in _TITLES:
        return False
    if lower in _BEFORE_NUMBER and next_word[:1].isdigit():
        return False
    if at_start and (word.isdigit() or len(word) <= 2):
        return False
    initial = len(word) == 1 and word.isupper() and word != "I"
    if lower in _MAYBE or initial or (len(word) > 2 and word[-2] == "."):
        return next_word.rstrip(".,;:!?").lower() in _OPENERS
    return True
