"""From an exact quote to the words that are shown: one line, joined words, no list bullet."""

import re

_BULLET = re.compile(r"^\s*[-–—*•▪◦●○■□‣⁃·]\s+")
_SPACE = re.compile(r"\s+")
_HYPHEN_AT_LINE_END = re.compile(r"((?:\w+-)*\w+)(?:-[^\S\n]*\n|[\x02\ufffe][^\S\n]*\n?)\s*(\w+)")
_SOFT_HYPHEN = re.compile("\u00ad\\s*")
_KEPT_FIRST_PARTS = frozenset(
    "self well non co pre post multi high low long short full part half all anti cross inter intra ex mid under "
    "over semi sub third first second two three four five six ten one state user up on off in out day year end "
    "open risk cost data time tax family work decision so follow e".split()
)


def display_text(quote: str) -> str:
    """The quote as one line: line breaks joined, words broken at a line's end put together, a list bullet taken off."""
    text = _SOFT_HYPHEN.sub("", _BULLET.sub("", quote))
    text = _HYPHEN_AT_LINE_END.sub(_join_broken_word, text)
    return _SPACE.sub(" ", text).strip()


def is_list_item(quote: str) -> bool:
    """Whether a quote begins with a list bullet."""
    return bool(_BULLET.match(quote))


def _join_broken_word(match: re.Match[str]) -> str:
    """Join «under-↵stand»; keep the hyphen of «well-↵known», «out-of-↵network», «COVID-↵19», «Anglo-↵Saxon»."""
    first, second = match.group(1), match.group(2)
    if "-" in first or first.lower() in _KEPT_FIRST_PARTS or not second[0].islower() or not first[-1].isalpha():
        return f"{first}-{second}"
    return first + second
