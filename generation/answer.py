"""Answerer: the whole path from a question to a stored answer, as a stream of events."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from generation.abstain import MIN_CONFIDENCE, abstention_text, searched_scope
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
from generation.pieces import Assignment, SentencePiece, UsagePiece
from generation.record import Circumstances, store_answer
from ingest.database import Database, head_seq
from ingest.embed import Embedder
from ingest.errors import InvalidInput
from ingest.tables import new_id
from retrieval.hit import Hit
from retrieval.search import Searcher

DEFAULT_K = 8
MAX_QUESTION_CHARS = 2000


@dataclass
class _Draft:
    """An answer while it is written."""

    model: str
    text: str = ""
    claims: list[ClaimView] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    degraded: list[str] = field(default_factory=list)
    timings_ms: dict[str, float] = field(default_factory=dict)

    def add_time(self, step: str, began: float) -> None:
        """Add the time since `began` (of `time.perf_counter`) to a step, in milliseconds."""
        passed = 1000 * (time.perf_counter() - began)
        self.timings_ms[step] = round(self.timings_ms.get(step, 0.0) + passed, 2)


class Answerer:
    """Answers questions; safe to use from many threads.

    Sessions are short and its own: one to search, one for each claim's check, one to store. None is open while a
    model writes or an event is given out.
    """

    def __init__(self, database: Database, searcher: Searcher, embedder: Embedder, llm: LLM) -> None:
        self._database = database
        self._searcher = searcher
        self._embedder = embedder
        self._llm = llm

    def answer(
        self,
        question: str,
        principals: frozenset[str],
        *,
        asked_by: str,
        collection: str | None = None,
        k: int = DEFAULT_K,
        length: Length = "short",
    ) -> Iterator[Event]:
        """Answer from what one of `principals` may read, event by event; the last one is the stored answer.

        The events are hits, then text and claims in turn (a claim follows its text), then the answer. When the model
        fails an error event says so and `degraded` has `model_failed`; what it wrote so far stands, and when that is
        nothing the answer is made of verbatim sentences.

        Raises:
            InvalidInput: the question is empty or too long, at the call and not while the events are read.
        """
        question = clean_question(question)
        asking = Circumstances(asked_by, principals, collection, k, length)
        return self._events(question, asking)

    def answer_whole(
        self,
        question: str,
        principals: frozenset[str],
        *,
        asked_by: str,
        collection: str | None = None,
        k: int = DEFAULT_K,
        length: Length = "short",
    ) -> AnswerView:
        """Answer at once; see `answer`."""
        events = self.answer(question, principals, asked_by=asked_by, collection=collection, k=k, length=length)
        return next(event.answer for event in events if isinstance(event, AnswerEvent))

    def _events(self, question: str, asking: Circumstances) -> Iterator[Event]:
        began = time.perf_counter()
        draft = _Draft(self._llm.model_id)
        with self._database.read() as session:
            asking = replace(asking, change_seq=head_seq(session))
            hits = tuple(
                self._searcher.search(session, question, asking.principals, asking.k, collection=asking.collection)
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
        """Let the model write, unless nothing carries an answer; check each sentence as it comes."""
        began = time.perf_counter()
        evidence = find_evidence(self._embedder, question, hits)
        if evidence.confidence < MIN_CONFIDENCE:
            draft.add_time("generate", began)
            return
        assignment = Assignment(question, hits, evidence, asking.length)
        pieces = self._llm.write(assignment)
        while True:
            try:
                piece = next(pieces, None)
            except ModelFailed as error:
                draft.degraded.append("model_failed")
                yield ErrorEvent("model_failed", str(error))
                stand_in = Extractive()
                pieces = iter(()) if draft.claims else stand_in.write(assignment)
                draft.model = draft.model if draft.claims else stand_in.model_id
                continue
            draft.add_time("generate", began)
            if piece is None:
                return
            if isinstance(piece, UsagePiece):
                draft.usage = piece.usage
            else:
                yield from self._check(piece, asking.principals, draft)
            began = time.perf_counter()

    def _check(self, piece: SentencePiece, principals: frozenset[str], draft: _Draft) -> Iterator[Event]:
        """Check a sentence before any of it is given out.

        A sentence that rests on a quote which is not stored so, or not readable any more, is left out: its words may
        be those of a document that was withdrawn since the search.
        """
        began = time.perf_counter()
        lead = piece.lead if draft.text else piece.lead.lstrip()
        with self._database.read() as session:
            claim = check_claim(session, piece, len(draft.text) + len(lead), principals)
        draft.add_time("verify", began)
        if claim.verdict == "unsupported":
            return
        draft.text += lead + claim.text
        draft.claims.append(claim)
        yield TextEvent(lead + claim.text)
        yield ClaimEvent(claim)

    def _abstain(self, hits: tuple[Hit, ...], asking: Circumstances, draft: _Draft) -> str:
        with self._database.read() as session:
            scope = searched_scope(session, asking.principals, asking.collection)
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
            store_answer(session, answer, asking)
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
