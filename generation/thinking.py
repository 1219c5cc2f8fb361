"""Hiding what a model thinks aloud between tags such as <think> and </think>, while it is streamed."""

import re

_NAMES = "think|thinking|thought|reasoning"
_OPEN = re.compile(rf"<(?:{_NAMES})>", re.IGNORECASE)
_CLOSE = re.compile(rf"</(?:{_NAMES})>", re.IGNORECASE)
_UNFINISHED = re.compile(r"</?[a-z]{0,9}$", re.IGNORECASE)


class ThinkingFilter:
    """Lets through what stands outside thinking tags; a tag may come in pieces.

    `inside` says that the prompt has opened the thinking already, as the chat templates of some models do.
    """

    def __init__(self, *, inside: bool = False) -> None:
        self._inside = inside
        self._held = ""

    def feed(self, text: str) -> str:
        """The visible part of what is known so far and was not given out yet."""
        text = self._held + text
        self._held = ""
        visible: list[str] = []
        while text:
            tag = (_CLOSE if self._inside else _OPEN).search(text)
            if tag is None:
                unfinished = _UNFINISHED.search(text)
                at = unfinished.start() if unfinished else len(text)
                self._held = text[at:]
                visible.append("" if self._inside else text[:at])
                break
            visible.append("" if self._inside else text[: tag.start()])
            text = text[tag.end() :]
            self._inside = not self._inside
        return "".join(visible)

    def finish(self) -> str:
        """What was held back because it might have become a tag."""
        held, self._held = self._held, ""
        return "" if self._inside else held
