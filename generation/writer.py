"""Writer: a language model's answer, from prompt to checked sentences, as they are streamed."""

import time
from collections.abc import Generator, Iterator

from generation.chat import ChatModel, Ended, Parameters
from generation.deadline import Deadline
from generation.errors import ProviderFailed
from generation.events import Usage
from generation.facts import remove_addresses
from generation.pieces import Assignment, CallPiece, NotePiece, Piece, SentencePiece, UsagePiece
from generation.prices import Price, with_cost
from generation.prompt import NO_ANSWER, Prompt, build_prompt
from generation.support import SupportCheck
from generation.thinking import ThinkingFilter
from generation.written_sentences import SentenceStream, WrittenSentence

MAX_CHARS_PER_TOKEN = 8  # more than any tokenizer needs for prose, so a server that keeps its bound is never cut here
LINK_REMOVED = "(address removed)"


class Writer:
    """Has a language model answer from passages; the sentences are split, tied to passages and checked here."""

    def __init__(self, chat: ChatModel, check: SupportCheck, parameters: Parameters, prices: dict[str, Price]) -> None:
        self.model_id = chat.model_id
        self._chat = chat
        self._check = check
        self._parameters = parameters
        self._prices = prices

    def write(self, assignment: Assignment) -> Generator[Piece, None, None]:
        """See `LLM`; a sentence is given out when it is finished, with its best quotes and how far these support it."""
        deadline = assignment.deadline or Deadline(self._parameters.timeout_seconds)
        prompt = build_prompt(
            self._chat.prompt_name,
            assignment.question,
            assignment.hits,
            assignment.length,
            budget_tokens=self._parameters.context_tokens - self._parameters.max_tokens,
            count_tokens=self._chat.count_tokens,
            control_tokens=self._chat.control_tokens,
        )
        yield CallPiece(self.model_id, prompt.file.name, prompt.file.sha256, self._parameters.to_json())
        if prompt.n_dropped:
            yield NotePiece("passages_dropped")
        yield from self._sentences(assignment, prompt, deadline)

    def _sentences(self, assignment: Assignment, prompt: Prompt, deadline: Deadline) -> Iterator[Piece]:
        stream = SentenceStream(len(assignment.hits))
        thinking = ThinkingFilter()
        usage, cut, opening = Usage(), False, _Opening()
        n_chars, n_sentences = 0, 0
        text = self._text(prompt, deadline)
        try:
            for part in text:
                if isinstance(part, Ended):
                    usage, cut = part.usage, part.cut
                    break
                n_chars += len(part)
                if n_chars > MAX_CHARS_PER_TOKEN * self._parameters.max_tokens:
                    cut = True
                    break
                for sentence in stream.feed(opening.feed(thinking.feed(part))):
                    n_sentences += 1
                    yield from self._piece(assignment, sentence)
        finally:
            text.close()
        last = [*stream.feed(opening.finish(thinking.finish())), *stream.finish()]
        for sentence in last[: -1 if cut and n_sentences + len(last) > 1 else None]:
            yield from self._piece(assignment, sentence)
        if cut:
            yield NotePiece("answer_cut")
        yield UsagePiece(with_cost(usage, self.model_id, self._prices))

    def _text(self, prompt: Prompt, deadline: Deadline) -> Generator[str | Ended, None, None]:
        """The model's text; tried once more where that may help, nothing came yet, and time is left."""
        begun = False
        try:
            for part in self._chat.stream(prompt, self._parameters, deadline):
                begun = True
                yield part
            return
        except ProviderFailed as error:
            if begun or not error.worth_retrying or error.wait_seconds >= deadline.remaining_seconds:
                raise
            time.sleep(error.wait_seconds)
        yield from self._chat.stream(prompt, self._parameters, deadline)

    def _piece(self, assignment: Assignment, sentence: WrittenSentence) -> Iterator[Piece]:
        """A sentence with its quotes; an address that no cited passage holds is not shown."""
        cited = [assignment.hits[number - 1] for number in sentence.cited]
        support = self._check.check(sentence.text, cited)
        text = sentence.text
        if support.differences.addresses:
            text = remove_addresses(text, support.differences.addresses, LINK_REMOVED)
            yield NotePiece("addresses_removed")
        yield SentencePiece(sentence.lead, text, support.quotes, support.verdict)


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
