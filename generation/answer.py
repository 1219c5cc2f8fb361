"""Answerer: the whole path from a question to a stored answer, as a stream of events."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from generation.abstain import abstention_text, searched_scope
from generation.answer_cache import AnswerCache, CachedAnswer, CacheKey, effective_rights
from generation.compose import MODEL_FAILED, WITHDRAWN, Composer
from generation.conversations import read_turns, touch_conversation
from generation.draft import Draft
from generation.events import AnswerEvent, AnswerView, ClaimEvent, Event, HitsEvent, Length, TextEvent, Usage
from generation.evidence import find_evidence
from generation.llm import LLM
from generation.options import AnswerOptions, Policy
from generation.pieces import Assignment, Turn
from generation.record import Circumstances, store_answer
from ingest.database import Database, head_seq
from ingest.embed import Embedder
from ingest.errors import InvalidInput
from ingest.tables import new_id
from retrieval.hit import Hit
from retrieval.search import Searcher

MAX_QUESTION_CHARS = 2000
STEPS = ("rewrite", "search", "generate", "verify", "total")


@dataclass(frozen=True)
class _Asked:
    """A question, the query that stands for it, and under which circumstances."""

    question: str
    query: str
    asking: Circumstances


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
        """What is done with unsupported sentences, the `policy`, is told in `Composer`."""
        self._database = database
        self._searcher = searcher
        self._embedder = embedder
        self._llm = llm
        self._composer = Composer(database)
        self._policy = policy
        self._default_length = default_length
        self._cache = AnswerCache()

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
        iterator stops the model. When the model fails an error event says so and `degraded` has `model_failed`; what it
        wrote so far stands, and when that is nothing the answer is made of verbatim sentences.

        Raises:
            InvalidInput: the question is empty or too long, at the call and not while the events are read.
            NotFound: there is no such conversation of this person, likewise.
        """
        question = clean_question(question)
        options = options or AnswerOptions()
        asking = Circumstances(asked_by, principals, options, options.length or self._default_length, self._policy)
        turns: Sequence[Turn] = options.turns
        if options.conversation_id is not None:
            with self._database.read() as session:
                turns = read_turns(session, options.conversation_id, asked_by, principals)
        return self._events(question, turns, asking)

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

    def search(self, query: str, asking: Circumstances) -> tuple[tuple[Hit, ...], int]:
        """The passages that an answer under these circumstances is written from, and the last change that was seen."""
        with self._database.read() as session:
            change_seq = head_seq(session)
            options = asking.options
            hits = self._searcher.search(session, query, asking.principals, options.k, filters=options.filters)
        return tuple(hits), change_seq

    def compose(
        self, query: str, hits: tuple[Hit, ...], asking: Circumstances, draft: Draft, llm: LLM | None = None
    ) -> Iterator[Event]:
        """Write the answer from found passages into the draft; `llm` takes the place of the configured model."""
        if hits:
            evidence = find_evidence(self._embedder, query, hits)
            assignment = Assignment(query, hits, evidence, asking.length)
            yield from self._composer.compose(llm or self._llm, assignment, asking, draft)
        if not draft.claims:
            with self._database.read() as session:
                scope = searched_scope(session, asking.principals, asking.options.filters)
            draft.text = abstention_text(scope, len(hits))
            yield TextEvent(draft.text)

    def _events(self, question: str, turns: Sequence[Turn], asking: Circumstances) -> Iterator[Event]:
        began = time.perf_counter()
        draft = Draft(self._llm.model_id)
        query = question
        if turns:
            query = clean_question(self._llm.rewrite(turns, question))
            draft.add_time("rewrite", began)
        key = self._key(query, asking)
        remembered = None if asking.options.fresh else self._cache.get(key)
        if remembered is not None:
            yield from self._again(
                _Asked(question, query, replace(asking, change_seq=key.change_seq)), remembered, began
            )
            return
        searched = time.perf_counter()
        hits, change_seq = self.search(query, asking)
        for name in self._searcher.degraded(query, asking.principals):
            draft.degrade(name)
        draft.add_time("search", searched)
        yield HitsEvent(hits)
        yield from self.compose(query, hits, asking, draft)
        draft.add_time("total", began)
        asked = _Asked(question, query, replace(asking, change_seq=change_seq))
        answer = self._store(asked, hits, draft)
        if not {MODEL_FAILED, WITHDRAWN} & set(answer.degraded):
            self._cache.put(replace(key, change_seq=change_seq), CachedAnswer(answer, draft.written_by))
        yield AnswerEvent(answer)

    def _key(self, query: str, asking: Circumstances) -> CacheKey:
        options = replace(asking.options, conversation_id=None, turns=(), fresh=False, length=None)
        with self._database.read() as session:
            rights = effective_rights(session, asking.principals)
            return CacheKey(query, rights, options, asking.length, self._llm.model_id, head_seq(session))

    def _again(self, asked: _Asked, remembered: CachedAnswer, began: float) -> Iterator[Event]:
        """Give out and store an answer that was given before; no model is asked."""
        before = remembered.answer
        yield HitsEvent(before.hits)
        end = 0
        for claim in before.claims:
            yield TextEvent(before.text[end : claim.end])
            yield ClaimEvent(claim)
            end = claim.end
        if end < len(before.text):
            yield TextEvent(before.text[end:])
        draft = Draft(
            before.model, before.text, list(before.claims), Usage(), list(before.degraded), {}, remembered.written_by
        )
        draft.add_time("total", began)
        yield AnswerEvent(self._store(asked, before.hits, draft))

    def _store(self, asked: _Asked, hits: tuple[Hit, ...], draft: Draft) -> AnswerView:
        answer = AnswerView(
            id=new_id(),
            question=asked.question,
            query=asked.query,
            text=draft.text,
            abstained=not draft.claims,
            claims=tuple(draft.claims),
            hits=hits,
            model=draft.model,
            usage=draft.usage,
            timings_ms={step: draft.timings_ms.get(step, 0.0) for step in STEPS},
            degraded=tuple(draft.degraded),
            conversation_id=asked.asking.options.conversation_id,
        )
        with self._database.write() as session:
            if answer.conversation_id is not None:
                touch_conversation(session, answer.conversation_id, asked.asking.asked_by, asked.question)
            store_answer(session, answer, asked.asking, draft.written_by)
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
