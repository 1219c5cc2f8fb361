"""The stored answer: written once, given out only to its asker and only as far as they may read what it cites now."""

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import delete, exists, select, update
from sqlalchemy.orm import Session

from generation.events import AnswerView, CitationView, ClaimView, Length, Usage
from generation.options import AnswerOptions, Policy
from generation.tables import Answer, AnswerHit, Citation, Claim
from ingest.errors import NotFound
from ingest.tables import Document, Page, Version
from retrieval.hit import Hit
from retrieval.permissions import readable_by

WITHHELD_TEXT = "A document that this sentence cited is no longer available to you."
_NOT_STORED = ("duplicates", "explanation")  # what they name may be withdrawn, and they help only at once
_COLUMNS_OF_HIT = ("passage_id", "document_id", "version_id", "start", "end", "score", "rank", "text")


@dataclass(frozen=True)
class Circumstances:
    """Under what an answer was given: who asked with which rights, how it was wanted, and what was to be done with
    unsupported sentences; `length` holds in place of that of the options, and `change_seq` is the last change that
    search had seen.
    """

    asked_by: str
    principals: frozenset[str]
    options: AnswerOptions
    length: Length = "short"
    policy: Policy = "flag"
    change_seq: int = 0


@dataclass(frozen=True)
class WrittenBy:
    """By which prompt file and with which parameters a language model wrote, and what; empty where none did."""

    prompt: str | None = None
    prompt_sha256: str | None = None
    parameters: dict[str, Any] | None = None
    raw_output: str | None = None


def hash_principals(principals: Iterable[str]) -> str:
    """The SHA-256 of a set of principals, in hexadecimal: equal for equal rights."""
    return hashlib.sha256("\n".join(sorted(principals)).encode()).hexdigest()


def store_answer(
    session: Session, answer: AnswerView, asking: Circumstances, written_by: WrittenBy | None = None
) -> None:
    """Write an answer with its hits, claims and citations, in the caller's transaction."""
    session.add(
        Answer(
            id=answer.id,
            asked_by=asking.asked_by,
            principals_hash=hash_principals(asking.principals),
            question=answer.question,
            query=answer.query,
            text=answer.text,
            abstained=answer.abstained,
            model=answer.model,
            **asdict(written_by or WrittenBy()),
            length=asking.length,
            filters=asking.options.filters.to_json() or None,
            k=asking.options.k,
            policy=asking.policy,
            conversation_id=asking.options.conversation_id,
            change_seq=asking.change_seq,
            usage=asdict(answer.usage),
            timings_ms=answer.timings_ms,
            degraded=list(answer.degraded),
        )
    )
    session.flush()
    session.add_all(_hit_row(answer.id, hit) for hit in answer.hits)
    for ordinal, claim in enumerate(answer.claims):
        session.add(
            Claim(
                answer_id=answer.id,
                ordinal=ordinal,
                text=claim.text,
                start=claim.start,
                end=claim.end,
                verdict=claim.verdict,
            )
        )
        session.add_all(
            Citation(answer_id=answer.id, claim_ordinal=ordinal, ordinal=position, **asdict(citation))
            for position, citation in enumerate(claim.citations)
        )
    session.flush()


def _hit_row(answer_id: str, hit: Hit) -> AnswerHit:
    fields = asdict(hit)
    return AnswerHit(
        answer_id=answer_id,
        **{name: fields[name] for name in _COLUMNS_OF_HIT if name != "text"},
        details={name: value for name, value in fields.items() if name not in (*_COLUMNS_OF_HIT, *_NOT_STORED)},
    )


def load_answer(session: Session, answer_id: str, asked_by: str, principals: frozenset[str]) -> AnswerView:
    """An answer as its asker may see it now.

    A claim that cites a document which none of `principals` may read any more, or which is gone, is replaced by
    `WITHHELD_TEXT`, and the hits of such documents are left out. Once one document is withheld, sentences that
    rest on no checked quote are withheld too, because what they say may come from it.

    Raises:
        NotFound: there is no such answer, or someone else asked for it.
    """
    row = own_answer(session, answer_id, asked_by)
    hit_rows = session.scalars(select(AnswerHit).where(AnswerHit.answer_id == answer_id).order_by(AnswerHit.rank)).all()
    claims = _stored_claims(session, answer_id)
    cited = {citation.document_id for claim in claims for citation in claim.citations}
    used = cited | {hit.document_id for hit in hit_rows}
    readable = _readable_documents(session, used, principals)
    text, claims = _withhold(row.text, claims, readable, anything_withheld=used != readable)
    return AnswerView(
        id=row.id,
        question=row.question,
        query=row.query,
        text=text,
        abstained=row.abstained,
        claims=claims,
        hits=_stored_hits(session, [hit for hit in hit_rows if hit.document_id in readable]),
        model=row.model,
        usage=Usage(**row.usage),
        timings_ms=row.timings_ms,
        degraded=tuple(row.degraded),
        conversation_id=row.conversation_id,
    )


def own_answer(session: Session, answer_id: str, asked_by: str) -> Answer:
    """The stored row of an answer.

    Raises:
        NotFound: there is no such answer, or someone else asked for it.
    """
    row = session.scalar(select(Answer).where(Answer.id == answer_id, Answer.asked_by == asked_by))
    if row is None:
        raise NotFound("There is no such answer.")
    return row


def _readable_documents(session: Session, document_ids: Collection[str], principals: frozenset[str]) -> frozenset[str]:
    statement = select(Document.id).where(Document.id.in_(sorted(document_ids)), readable_by(principals))
    return frozenset(session.scalars(statement))


def _stored_claims(session: Session, answer_id: str) -> tuple[ClaimView, ...]:
    citations: dict[int, list[CitationView]] = {}
    rows = select(Citation).where(Citation.answer_id == answer_id).order_by(Citation.claim_ordinal, Citation.ordinal)
    for row in session.scalars(rows):
        view = CitationView(**{name: getattr(row, name) for name in CitationView.__dataclass_fields__})
        citations.setdefault(row.claim_ordinal, []).append(view)
    claims = session.scalars(select(Claim).where(Claim.answer_id == answer_id).order_by(Claim.ordinal))
    return tuple(
        ClaimView(
            text=claim.text,
            start=claim.start,
            end=claim.end,
            verdict=claim.verdict,  # type: ignore[arg-type]
            citations=tuple(citations.get(claim.ordinal, ())),
        )
        for claim in claims
    )


def _withhold(
    text: str, claims: tuple[ClaimView, ...], readable: frozenset[str], *, anything_withheld: bool
) -> tuple[str, tuple[ClaimView, ...]]:
    """The answer's text and claims without those that rest on documents outside `readable`."""
    if not anything_withheld:
        return text, claims
    parts: list[str] = []
    kept: list[ClaimView] = []
    position = length = 0
    for claim in claims:
        parts.append(text[position : claim.start])
        length += len(parts[-1])
        if claim.verdict == "supported" and all(citation.document_id in readable for citation in claim.citations):
            shown = replace(claim, start=length, end=length + len(claim.text))
        else:
            shown = ClaimView(WITHHELD_TEXT, length, length + len(WITHHELD_TEXT), "uncited", ())
        parts.append(shown.text)
        length += len(shown.text)
        kept.append(shown)
        position = claim.end
    parts.append(text[position:])
    return "".join(parts), tuple(kept)


def _stored_hits(session: Session, rows: Collection[AnswerHit]) -> tuple[Hit, ...]:
    """The hits whose versions are still there, with their texts read from the versions again."""
    hits: list[Hit] = []
    for row in rows:
        page = session.execute(
            select(Page.start, Page.text)
            .join(Version, Version.id == Page.version_id)
            .where(Page.version_id == row.version_id, Page.number == row.details["page"])
            .where(Version.document_id == row.document_id)
        ).one_or_none()
        if page is not None:
            text = page.text[row.start - page.start : row.end - page.start]
            columns = {name: getattr(row, name) for name in _COLUMNS_OF_HIT if name != "text"}
            hits.append(Hit(**columns, **row.details, text=text))
    return tuple(hits)


def forget_removed_documents(session: Session) -> int:
    """Forget, in the caller's transaction, every document that stored answers name and that is not there any more.

    Such as attachments that went when a newer version of their mail came. Returns the number of changes of answers.
    """
    named = select(AnswerHit.document_id).union(select(Citation.document_id)).subquery()
    gone = select(named.c.document_id).where(~exists().where(Document.id == named.c.document_id))
    return sum(forget_document(session, document_id) for document_id in session.scalars(gone).all())


def forget_document(session: Session, document_id: str) -> int:
    """Take a document's words out of every stored answer for good, in the caller's transaction.

    For documents that are removed: what `load_answer` would withhold from everyone is then no longer stored, nor is
    what a model wrote literally, nor how it rewrote what followed. Returns the number of answers that changed.
    """
    found = select(AnswerHit.answer_id).where(AnswerHit.document_id == document_id)
    cited = select(Citation.answer_id).where(Citation.document_id == document_id)
    ids = sorted(set(session.scalars(found)) | set(session.scalars(cited)))
    for answer_id in ids:
        row = session.get_one(Answer, answer_id)
        row.raw_output, row.query = None, row.question
        if row.conversation_id is not None:
            following = update(Answer).where(Answer.conversation_id == row.conversation_id)
            session.execute(following.values(query=Answer.question))
        claims = _stored_claims(session, answer_id)
        others = frozenset(citation.document_id for claim in claims for citation in claim.citations) - {document_id}
        row.text, shown = _withhold(row.text, claims, others, anything_withheld=True)
        for ordinal, claim in enumerate(shown):
            stored = session.get_one(Claim, (answer_id, ordinal))
            stored.text, stored.start, stored.end, stored.verdict = claim.text, claim.start, claim.end, claim.verdict
            if not claim.citations:
                session.execute(
                    delete(Citation).where(Citation.answer_id == answer_id, Citation.claim_ordinal == ordinal)
                )
        session.execute(delete(AnswerHit).where(AnswerHit.answer_id == answer_id, AnswerHit.document_id == document_id))
    session.flush()
    return len(ids)
