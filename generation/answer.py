"""Answerer: the whole path from a question to a stored answer, as a stream of events."""

import logging
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

from generation.abstain import abstention_text, searched_scope
from generation.claims import check_claim
from generation.errors import ModelFailed
from generation.events import (
    AnswerEvent,
    AnswerView,
    ClaimEvent,
    ClaimView,
    ErrorEvent,
    Event,
    HitsEvent,
    Length,
    TextEvent,
    Usage,
)
from generation.evidence import find_evidence
from generation.extractive import Extractive
from generation.llm import LLM
from generation.options import AnswerOptions
from generation.pieces import Assignment, CallPiece, NotePiece, Piece, SentencePiece, UsagePiece
from generation.record import Circumstances, WrittenBy, store_answer
from generation.verify import all_readable
from ingest.database import Database, head_seq
from ingest.embed import Embedder
from ingest.errors import InvalidInput
from ingest.tables import new_id
from retrieval.hit import Hit
from retrieval.search import Searcher

logger = logging.getLogger(__name__)

MAX_QUESTION_CHARS = 2000
Policy = Literal["flag", "strict"]
WITHDRAWN = "documents_withdrawn"


@dataclass
class _Draft:
    """An answer while it is written."""

    model: str
    text: str = ""
    claims: list[ClaimView] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    degraded: list[str] = field(default_factory=list)
    timings_ms: dict[str, float] = field(default_factory=dict)
    written_by: WrittenBy = field(default_factory=WrittenBy)

    def degrade(self, name: str) -> None:
        """Name something that makes the answer less than it could be, once."""
        if name not in self.degraded:
            self.degraded.append(name)

    def note(self, piece: CallPiece | NotePiece | UsagePiece) -> None:
        """Keep what a model tells beside its sentences; the usage of several calls is added up."""
        if isinstance(piece, NotePiece):
            self.degrade(piece.name)
        elif isinstance(piece, CallPiece):
            self.model = piece.model_id
            self.written_by = WrittenBy(piece.prompt or None, piece.prompt_sha256 or None, piece.parameters or None)
        else:
            self.usage = Usage(
                self.usage.prompt_tokens + piece.usage.prompt_tokens,
                self.usage.completion_tokens + piece.usage.completion_tokens,
                self.usage.cost + piece.usage.cost,
            )

    def add_time(self, step: str, began: float) -> None:
        """Add the time since `began` (of `time.perf_counter`) to a step, in milliseconds."""
        passed = 1000 * (time.perf_counter() - began)
        self.timings_ms[step] = round(self.timings_ms.get(step, 0.0) + passed, 2)


class Answerer:
    """Answers questions; safe to use from many threads.

    Sessions are short and its own: one to search, one for each claim's check, one to store. None is open while a
    model writes or an event is given out.
    """

    def __init__(
        self,
        database: Database,
        searcher: Searcher,
        embedder: Embedder,
        llm: LLM,
        *,
        policy: Policy = "flag",
        default_length: Length = "short",
    ) -> None:
        """Sentences that their citations do not support are shown as such (flag) or left out (strict)."""
        self._database = database
        self._searcher = searcher
        self._embedder = embedder
        self._llm = llm
        self._policy = policy
        self._default_length = default_length

    def answer(
        self,
        question: str,
        principals: frozenset[str],
        *,
        asked_by: str,
        options: AnswerOptions | None = None,
    ) -> Iterator[Event]:
        """Answer from what one of `principals` may read, event by event; the last one is the stored answer.

        The events are hits, then text and claims in turn (a claim follows its text), then the answer. Closing the
        iterator stops the model. When the model
        fails an error event says so and `degraded` has `model_failed`; what it wrote so far stands, and when that is
        nothing the answer is made of verbatim sentences.

        Raises:
            InvalidInput: the question is empty or too long, at the call and not while the events are read.
        """
        question = clean_question(question)
        options = options or AnswerOptions()
        length = options.length or self._default_length
        asking = Circumstances(asked_by, principals, options, length, self._policy)
        return self._events(question, asking)

    def answer_whole(
        self,
        question: str,
        principals: frozenset[str],
        *,
        asked_by: str,
        options: AnswerOptions | None = None,
    ) -> AnswerView:
        """Answer at once; see `answer`."""
        events = self.answer(question, principals, asked_by=asked_by, options=options)
        return next(event.answer for event in events if isinstance(event, AnswerEvent))

    def _events(self, question: str, asking: Circumstances) -> Iterator[Event]:
        began = time.perf_counter()
        draft = _Draft(self._llm.model_id)
        with self._database.read() as session:
            asking = replace(asking, change_seq=head_seq(session))
            hits = tuple(
                self._searcher.search(
                    session, question, asking.principals, asking.options.k, collection=asking.options.collection
                )
            )
        draft.add_time("search", began)
        yield HitsEvent(hits)
        if hits:
            yield from self._write(question, hits, asking, draft)
        if not draft.claims:
            yield TextEvent(self._abstain(hits, asking, draft))
        draft.add_time("total", began)
        yield AnswerEvent(self._store(question, hits, asking, draft))

    def _write(self, question: str, hits: tuple[Hit, ...], asking: Circumstances, draft: _Draft) -> Iterator[Event]:
        """Let the model write; check each sentence as it comes."""
        began = time.perf_counter()
        assignment = Assignment(question, hits, find_evidence(self._embedder, question, hits), asking.length)
        pieces = self._llm.write(assignment)
        try:
            while True:
                try:
                    piece = next(pieces, None)
                except ModelFailed as error:
                    draft.degrade("model_failed")
                    logger.warning("the model failed: %s", error)
                    yield ErrorEvent("model_failed", str(error))
                    pieces = self._stand_in(assignment, draft)
                    continue
                draft.add_time("generate", began)
                if piece is None:
                    return
                if isinstance(piece, SentencePiece):
                    yield from self._check(piece, hits, asking.principals, draft)
                    if WITHDRAWN in draft.degraded:
                        return
                else:
                    draft.note(piece)
                began = time.perf_counter()
        finally:
            pieces.close()

    def _stand_in(self, assignment: Assignment, draft: _Draft) -> Generator[Piece, None, None]:
        """Verbatim sentences, unless the failed model has written already."""
        if not draft.claims:
            stand_in = Extractive()
            draft.note(CallPiece(stand_in.model_id, "", ""))
            yield from stand_in.write(assignment)

    def _check(
        self, piece: SentencePiece, hits: tuple[Hit, ...], principals: frozenset[str], draft: _Draft
    ) -> Iterator[Event]:
        """Check a sentence before any of it is given out.

        What a model writes in its own words may come from any passage that it read, so nothing more of it is shown once
        one of these is not readable any more.
        """
        began = time.perf_counter()
        lead = piece.lead if draft.text else piece.lead.lstrip()
        with self._database.read() as session:
            claim = check_claim(session, piece, len(draft.text) + len(lead), principals)
            if piece.support is not None and not all_readable(session, {hit.document_id for hit in hits}, principals):
                draft.degrade(WITHDRAWN)
        draft.add_time("verify", began)
        if WITHDRAWN in draft.degraded:
            return
        if claim is None:
            return
        if claim.verdict == "unsupported" and self._policy == "strict":
            draft.degrade("unsupported_sentences_removed")
            return
        draft.text += lead + claim.text
        draft.claims.append(claim)
        yield TextEvent(lead + claim.text)
        yield ClaimEvent(claim)

    def _abstain(self, hits: tuple[Hit, ...], asking: Circumstances, draft: _Draft) -> str:
        with self._database.read() as session:
            scope = searched_scope(session, asking.principals, asking.options.collection)
        draft.text = abstention_text(scope, len(hits))
        return draft.text

    def _store(self, question: str, hits: tuple[Hit, ...], asking: Circumstances, draft: _Draft) -> AnswerView:
        steps = ("search", "generate", "verify", "total")
        answer = AnswerView(
            id=new_id(),
            question=question,
            query=question,
            text=draft.text,
            abstained=not draft.claims,
            claims=tuple(draft.claims),
            hits=hits,
            model=draft.model,
            usage=draft.usage,
            timings_ms={step: draft.timings_ms.get(step, 0.0) for step in steps},
            degraded=tuple(draft.degraded),
        )
        with self._database.write() as session:
            store_answer(session, answer, asking, draft.written_by)
        return answer


def clean_question(question: str) -> str:
    """A question without white space around it.

    Raises:
        InvalidInput: nothing is left, or it is too long.
    """
    cleaned = question.strip()
    if not cleaned:
        raise InvalidInput("The question is empty; write what you want to know.")
    if len(cleaned) > MAX_QUESTION_CHARS:
        raise InvalidInput(f"The question has {len(cleaned)} characters; at most {MAX_QUESTION_CHARS} are allowed.")
    return cleaned
