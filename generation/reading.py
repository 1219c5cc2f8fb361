"""Reading what a language model writes: from its raw text, in whatever parts it comes, to the sentences shown."""

from generation.prompt import NO_ANSWER
from generation.thinking import ThinkingFilter
from generation.written_sentences import SentenceStream, WrittenSentence


class AnswerReader:
    """Leaves thinking and the words for no answer out, and cuts the rest into sentences with their passage numbers.

    The same text gives the same sentences, however it is divided.
    """

    def __init__(self, n_passages: int) -> None:
        """Markers that name none of `n_passages` passages are dropped."""
        self._stream = SentenceStream(n_passages)
        self._thinking = ThinkingFilter()
        self._opening = _Opening()
        self._n_sentences = 0

    def feed(self, text: str) -> list[WrittenSentence]:
        """The sentences that are finished with this part of the text."""
        sentences = self._stream.feed(self._opening.feed(self._thinking.feed(text)))
        self._n_sentences += len(sentences)
        return sentences

    def finish(self, *, cut: bool) -> list[WrittenSentence]:
        """The sentences that the end of the text finishes; not the last of a text that was `cut` if it has others."""
        last = [*self._stream.feed(self._opening.finish(self._thinking.finish())), *self._stream.finish()]
        return last[:-1] if cut and self._n_sentences + len(last) > 1 else last


class _Opening:
    """Holds the first characters back until it is clear that they are not the words for no answer."""

    def __init__(self) -> None:
        self._held = ""
        self._open = True

    def feed(self, text: str) -> str:
        """What may be shown."""
        if not self._open:
            return text
        self._held += text
        start = self._held.lstrip(" \t\n*\"'`")
        if NO_ANSWER.startswith(start[: len(NO_ANSWER)]):
            return ""
        self._open = False
        return self._held

    def finish(self, text: str) -> str:
        """What is left; nothing when the words for no answer are all there is, or begin it."""
        shown = self.feed(text)
        start = self._held.lstrip(" \t\n*\"'`")
        return shown if not self._open or start.startswith(NO_ANSWER) else self._held
