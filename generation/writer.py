"""Writer: a language model's answer, from prompt to checked sentences, as they are streamed."""

import time
from collections.abc import Generator, Iterator, Sequence

from generation.chat import ChatModel, Ended, Parameters
from generation.deadline import Deadline
from generation.errors import ProviderFailed
from generation.events import Usage
from generation.facts import remove_addresses
from generation.pieces import Assignment, CallPiece, NotePiece, Piece, RawPiece, SentencePiece, Turn, UsagePiece
from generation.prices import Price, with_cost
from generation.prompt import Prompt, build_prompt
from generation.reading import AnswerReader
from generation.rewrite import REWRITE_SECONDS, build_rewrite_prompt, read_rewritten, rewrite_by_rules, stands_alone
from generation.support import SupportCheck
from generation.written_sentences import WrittenSentence
from retrieval.hit import Hit

MAX_CHARS_PER_TOKEN = 8  # more than any tokenizer needs for prose, so a server that keeps its bound is never cut here
LINK_REMOVED = "(address removed)"
CUT = "answer_cut"
BROKEN_OFF = "answer_broken_off"


class Writer:
    """Has a language model answer from passages; the sentences are split, tied to passages and checked here."""

    def __init__(
        self,
        chat: ChatModel,
        check: SupportCheck,
        parameters: Parameters,
        prices: dict[str, Price],
        *,
        prompt_name: str = "",
    ) -> None:
        """`prompt_name` is the prompt file instead of the one that the provider's models are given."""
        self.model_id = chat.model_id
        self._chat = chat
        self._check = check
        self._parameters = parameters
        self._prices = prices
        self._prompt_name = prompt_name or chat.prompt_name

    def write(self, assignment: Assignment) -> Generator[Piece, None, None]:
        """See `LLM`; a sentence is given out when it is finished, with its best quotes and how far these support it."""
        deadline = assignment.deadline or Deadline(self._parameters.timeout_seconds)
        prompt = build_prompt(
            self._prompt_name,
            assignment,
            budget_tokens=self._parameters.context_tokens - self._parameters.max_tokens,
            count_tokens=self._chat.count_tokens,
            control_tokens=self._chat.control_tokens,
        )
        yield CallPiece(self.model_id, prompt.file.name, prompt.file.sha256, self._parameters.to_json())
        if prompt.n_dropped:
            yield NotePiece("passages_dropped")
        yield from self._sentences(assignment, prompt, deadline)

    def rewrite(self, turns: Sequence[Turn], question: str) -> str:
        """See `LLM`; by rules when the model fails or its line cannot be a question."""
        if stands_alone(question):
            return question
        deadline = Deadline(min(REWRITE_SECONDS, self._parameters.timeout_seconds))
        prompt = build_rewrite_prompt(
            turns,
            question,
            budget_tokens=self._parameters.context_tokens - self._parameters.max_tokens,
            count_tokens=self._chat.count_tokens,
            control_tokens=self._chat.control_tokens,
        )
        try:
            written = "".join(part for part in self._text(prompt, deadline) if isinstance(part, str))
        except ProviderFailed:
            written = ""
        return read_rewritten(written, question) or rewrite_by_rules(turns, question)

    def _sentences(self, assignment: Assignment, prompt: Prompt, deadline: Deadline) -> Iterator[Piece]:
        reader = AnswerReader(len(assignment.hits))
        usage, cut, n_chars = Usage(), False, 0
        raw: list[str] = []
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
                raw.append(part)
                for sentence in reader.feed(part):
                    yield from checked(self._check, assignment.hits, sentence)
        except ProviderFailed:
            if raw:
                yield NotePiece(BROKEN_OFF)
                yield RawPiece("".join(raw))
            raise
        finally:
            text.close()
        for sentence in reader.finish(cut=cut):
            yield from checked(self._check, assignment.hits, sentence)
        if cut:
            yield NotePiece(CUT)
        yield RawPiece("".join(raw))
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


def checked(check: SupportCheck, hits: Sequence[Hit], sentence: WrittenSentence) -> Iterator[Piece]:
    """A sentence with its quotes; an address that no cited passage holds is not shown."""
    support = check.check(sentence.text, [hits[number - 1] for number in sentence.cited])
    text = sentence.text
    if support.differences.addresses:
        text = remove_addresses(text, support.differences.addresses, LINK_REMOVED)
        yield NotePiece("addresses_removed")
    yield SentencePiece(sentence.lead, text, support.quotes, support.verdict, support.doubt)
