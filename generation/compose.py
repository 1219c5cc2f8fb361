"""Composer: from a question with its passages to checked claims; everything between search and the stored answer."""

import logging
import time
from collections.abc import Generator, Iterator
from dataclasses import replace

from generation.claims import check_claim
from generation.conflicts import find_conflicts
from generation.draft import Draft
from generation.errors import ModelFailed
from generation.events import ClaimEvent, ErrorEvent, Event, TextEvent
from generation.extractive import Extractive
from generation.llm import LLM
from generation.pieces import Assignment, CallPiece, NotePiece, Piece, RawPiece, SentencePiece
from generation.record import Circumstances
from generation.verify import all_readable
from ingest.database import Database

logger = logging.getLogger(__name__)

WITHDRAWN = "documents_withdrawn"
MODEL_FAILED = "model_failed"
DISAGREE = "documents_disagree"
REPAIRED = "answer_repaired"


class Composer:
    """Lets a model write and checks each sentence; safe to use from many threads.

    Sessions are short and its own: one for each claim's check. None is open while a model writes or an event is given
    out.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def compose(
        self, llm: LLM, assignment: Assignment, asking: Circumstances, draft: Draft
    ) -> Generator[Event, None, None]:
        """Write the answer into the draft, giving out text and claims in turn; no claim means that there is none.

        Sentences that their citations do not support are shown as such (policy flag), left out (strict), or sent back
        to the model once with what is wrong with them, and then shown as such (repair).

        When the model fails an error event says so; what it wrote so far stands, and when that is nothing the answer is
        made of verbatim sentences. Closing the iterator stops the model.
        """
        yield from self._write(llm, assignment, asking, draft)
        if draft.claims and WITHDRAWN not in draft.degraded:
            yield from self._show_conflicts(assignment, asking, draft)

    def _write(self, llm: LLM, assignment: Assignment, asking: Circumstances, draft: Draft) -> Iterator[Event]:
        began = time.perf_counter()
        pieces = _repaired(llm, assignment) if asking.policy == "repair" else llm.write(assignment)
        try:
            while True:
                try:
                    piece = next(pieces, None)
                except ModelFailed as error:
                    draft.degrade(MODEL_FAILED)
                    logger.warning("the model failed: %s", error)
                    yield ErrorEvent(MODEL_FAILED, str(error))
                    pieces = _stand_in(assignment, draft)
                    continue
                draft.add_time("generate", began)
                if piece is None:
                    return
                if isinstance(piece, SentencePiece):
                    yield from self._check(piece, assignment, asking, draft)
                    if WITHDRAWN in draft.degraded:
                        return
                else:
                    draft.note(piece)
                began = time.perf_counter()
        finally:
            pieces.close()

    def _check(
        self, piece: SentencePiece, assignment: Assignment, asking: Circumstances, draft: Draft
    ) -> Iterator[Event]:
        """Check a sentence before any of it is given out.

        What a model writes in its own words may come from any passage that it read, so nothing more of it is shown once
        one of these is not readable any more.
        """
        began = time.perf_counter()
        lead = piece.lead if draft.text else piece.lead.lstrip()
        with self._database.read() as session:
            claim = check_claim(session, piece, len(draft.text) + len(lead), asking.principals)
            read = {hit.document_id for hit in assignment.hits}
            if piece.support is not None and not all_readable(session, read, asking.principals):
                draft.degrade(WITHDRAWN)
        draft.add_time("verify", began)
        if WITHDRAWN in draft.degraded or claim is None:
            return
        if claim.verdict == "unsupported" and asking.policy == "strict":
            draft.degrade("unsupported_sentences_removed")
            return
        draft.text += lead + claim.text
        draft.claims.append(claim)
        yield TextEvent(lead + claim.text)
        yield ClaimEvent(claim)

    def _show_conflicts(self, assignment: Assignment, asking: Circumstances, draft: Draft) -> Iterator[Event]:
        """Where another document says otherwise than a cited one, show that too, with both dates."""
        began = time.perf_counter()
        with self._database.read() as session:
            pieces = find_conflicts(session, draft.claims, assignment.hits)
        draft.add_time("verify", began)
        for piece in pieces:
            n_claims = len(draft.claims)
            yield from self._check(piece, assignment, asking, draft)
            if len(draft.claims) > n_claims:
                draft.degrade(DISAGREE)


def _stand_in(assignment: Assignment, draft: Draft) -> Generator[Piece, None, None]:
    """Verbatim sentences, unless the failed model has written already."""
    if not draft.claims:
        stand_in = Extractive()
        draft.note(CallPiece(stand_in.model_id, "", ""))
        yield from stand_in.write(assignment)


def _repaired(llm: LLM, assignment: Assignment) -> Generator[Piece, None, None]:
    """What a model writes, after one more try where sentences failed the check; the try with fewer such sentences.

    Nothing is given out before it is known whether there is a second try. A failing second try leaves the first.
    """
    first = list(llm.write(assignment))
    failed = _failed_sentences(first)
    if not failed:
        yield from first
        return
    objections = tuple(f"«{piece.text}»: {piece.doubt}" for piece in failed)
    yield from (piece for piece in first if not isinstance(piece, SentencePiece | NotePiece))
    try:
        second = list(llm.write(replace(assignment, objections=objections)))
    except ModelFailed as error:
        logger.warning("the model failed when it was to repair an answer: %s", error)
        yield NotePiece(MODEL_FAILED)
        second = []
    wrote = any(isinstance(piece, SentencePiece) for piece in second)
    if wrote and len(_failed_sentences(second)) < len(failed):
        yield NotePiece(REPAIRED)
        yield from second
        return
    yield from (piece for piece in second if not isinstance(piece, SentencePiece | NotePiece))
    yield from (piece for piece in first if isinstance(piece, CallPiece | SentencePiece | NotePiece | RawPiece))


def _failed_sentences(pieces: list[Piece]) -> list[SentencePiece]:
    return [
        piece for piece in pieces if isinstance(piece, SentencePiece) and piece.support in ("unsupported", "uncited")
    ]
