"""Replay: everything of a stored answer that is no model's choice is done again, and compared with what is stored."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from generation.answer import Answerer
from generation.draft import Draft
from generation.events import AnswerView, ClaimView
from generation.extractive import Extractive
from generation.llm import LLM
from generation.options import AnswerOptions, Policy
from generation.pieces import Assignment, CallPiece, Piece, RawPiece, Turn
from generation.reading import AnswerReader
from generation.record import Circumstances, hash_principals, load_answer, own_answer
from generation.rewrite import rewrite_by_rules
from generation.support import SupportCheck
from generation.tables import Answer
from generation.writer import BROKEN_OFF, CUT, checked
from ingest.database import Database
from retrieval.filters import filters_from_json
from retrieval.hit import Hit

SCORE_TOLERANCE = 1e-3


@dataclass(frozen=True)
class Difference:
    """One thing that came out otherwise: `what` it is, as `stored`, and as it is `now`."""

    what: str
    stored: Any
    now: Any


@dataclass(frozen=True)
class Replay:
    """What a replay showed.

    `search` are differences of what is found, which `changes` of documents since then or changed rights of the asker
    explain; `answer` are those of what is made of the stored passages, which nothing explains.
    """

    answer_id: str
    search: tuple[Difference, ...]
    answer: tuple[Difference, ...]
    changes: int
    rights_changed: bool

    @property
    def same(self) -> bool:
        """Whether nothing differs that ought to be equal."""
        explained = self.changes > 0 or self.rights_changed
        return not self.answer and (explained or not self.search)


class RecordedModel:
    """Stands in for the model of a stored answer: what it wrote is read, tied to passages and checked again."""

    def __init__(self, model_id: str, raw_output: str, check: SupportCheck, degraded: frozenset[str]) -> None:
        self.model_id = model_id
        self._raw_output = raw_output
        self._check = check
        self._degraded = degraded

    def write(self, assignment: Assignment) -> Generator[Piece, None, None]:
        """See `LLM`; no model is called."""
        reader = AnswerReader(len(assignment.hits))
        yield CallPiece(self.model_id, "", "")
        sentences = reader.feed(self._raw_output)
        if BROKEN_OFF not in self._degraded:
            sentences += reader.finish(cut=CUT in self._degraded)
        for sentence in sentences:
            yield from checked(self._check, assignment.hits, sentence)
        yield RawPiece(self._raw_output)

    def rewrite(self, turns: Sequence[Turn], question: str) -> str:
        """See `LLM`; the stored query is used instead."""
        return rewrite_by_rules(turns, question)


def replay(answerer: Answerer, database: Database, answer_id: str, principals: frozenset[str]) -> Replay:
    """Search again and write the stored answer again from its stored passages; nothing is stored, no model is called.

    Args:
        answerer: Searches and writes, with the settings of today.
        database: Where the answer is.
        answer_id: The answer.
        principals: The rights of the replay. What they may not read is withheld, and then differs.

    Raises:
        NotFound: there is no such answer.
    """
    with database.read() as session:
        row = session.scalar(select(Answer).where(Answer.id == answer_id))
        row = own_answer(session, answer_id, row.asked_by if row else "")
        stored = load_answer(session, answer_id, row.asked_by, principals)
    asking = _circumstances(row, principals)
    found, change_seq = answerer.search(stored.query, asking)
    draft = Draft(stored.model)
    for _ in answerer.compose(stored.query, stored.hits, asking, draft, _recorded(row, SupportCheck())):
        pass
    return Replay(
        answer_id,
        tuple(_hit_differences(stored.hits, found)),
        tuple(_answer_differences(stored, draft)),
        change_seq - row.change_seq,
        hash_principals(principals) != row.principals_hash,
    )


def _circumstances(row: Answer, principals: frozenset[str]) -> Circumstances:
    options = AnswerOptions(filters_from_json(row.filters or {}), row.k)
    policy: Policy = "strict" if row.policy == "strict" else "flag"
    return Circumstances(row.asked_by, principals, options, row.length, policy, row.change_seq)  # type: ignore[arg-type]


def _recorded(row: Answer, check: SupportCheck) -> LLM:
    """What stands in for the model that wrote: its own words, or the extractive model, which needs none."""
    if row.raw_output is None:
        return Extractive()
    return RecordedModel(row.model, row.raw_output, check, frozenset(row.degraded))


def _hit_differences(stored: Sequence[Hit], found: Sequence[Hit]) -> list[Difference]:
    differences = []
    for rank in range(max(len(stored), len(found))):
        then = stored[rank] if rank < len(stored) else None
        now = found[rank] if rank < len(found) else None
        same = then is not None and now is not None and then.passage_id == now.passage_id
        if not same or abs(then.score - now.score) > SCORE_TOLERANCE:  # type: ignore[union-attr]
            differences.append(Difference(f"hit {rank + 1}", _hit_line(then), _hit_line(now)))
    return differences


def _hit_line(hit: Hit | None) -> str | None:
    return (
        None if hit is None else f"{hit.filename}, page {hit.page}, characters {hit.start}–{hit.end}, {hit.score:.3f}"
    )


def _answer_differences(stored: AnswerView, draft: Draft) -> list[Difference]:
    pairs: list[tuple[str, Any, Any]] = [
        ("abstained", stored.abstained, not draft.claims),
        ("number of claims", len(stored.claims), len(draft.claims)),
    ]
    if draft.claims:
        pairs.append(("text", stored.text, draft.text))
    for i, (then, now) in enumerate(zip(stored.claims, draft.claims, strict=False), start=1):
        pairs.append((f"verdict of claim {i}", then.verdict, now.verdict))
        pairs.append((f"citations of claim {i}", _citation_lines(then), _citation_lines(now)))
    return [Difference(what, then, now) for what, then, now in pairs if then != now]


def _citation_lines(claim: ClaimView) -> list[str]:
    return [f"{c.version_sha256[:12]} {c.start}–{c.end} «{c.quote}»" for c in claim.citations]
