"""Documents that disagree: another found passage says the same as a cited one but for a number, a date or a «not»."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from generation.display import display_text
from generation.events import CitationView, ClaimView
from generation.facts import Facts, read_facts, words_beside_facts
from generation.pieces import Quote, SentencePiece
from ingest.sentences import split_sentences
from ingest.tables import Version
from retrieval.hit import Hit

MIN_SHARED_WORDS = 3
MAX_MORE_WORDS = 0.5
MAX_CONFLICTS = 2


@dataclass(frozen=True)
class _Statement:
    """A sentence of a passage: its span in the version's text, its words but for numbers, and its facts."""

    hit: Hit
    start: int
    end: int
    text: str
    words: frozenset[str]
    facts: Facts


def find_conflicts(session: Session, claims: Sequence[ClaimView], hits: Sequence[Hit]) -> list[SentencePiece]:
    """Sentences of other documents that contradict what claims cite, as quotes to be shown after them; at most two.

    Two sentences contradict each other when they say the same words, one of them perhaps with more, about the same
    names, and differ in a number with its unit, in a month or day, or in a negation.
    """
    cited = [citation for claim in claims for citation in claim.citations]
    shown = {(citation.document_id, display_text(citation.quote)) for citation in cited}
    statements = [statement for hit in hits for statement in _statements(hit)]
    pieces: list[SentencePiece] = []
    for citation in cited:
        own = [s for s in statements if s.hit.version_id == citation.version_id and _inside(s, citation)]
        for statement in own:
            for other in statements:
                if len(pieces) == MAX_CONFLICTS:
                    return pieces
                if (other.hit.document_id, other.text) in shown or not contradict(statement, other):
                    continue
                shown.add((other.hit.document_id, other.text))
                quote = Quote(other.hit, other.start, other.end, citation.score)
                pieces.append(SentencePiece(_lead(session, statement.hit, other.hit), other.text, (quote,)))
    return pieces


def contradict(one: _Statement, other: _Statement) -> bool:
    """Whether two sentences of different documents cannot both hold."""
    if one.hit.document_id == other.hit.document_id or one.text == other.text:
        return False
    fewer, more = sorted((one.words, other.words), key=len)
    if len(fewer) < MIN_SHARED_WORDS or not fewer <= more or len(more) - len(fewer) > MAX_MORE_WORDS * len(fewer):
        return False
    if one.facts.proper_names != other.facts.proper_names:
        return False
    return _numbers_differ(one.facts, other.facts) or (one.facts.n_negations % 2 != other.facts.n_negations % 2)


def _numbers_differ(one: Facts, other: Facts) -> bool:
    """Whether both give numbers or dates, and each gives one that the other does not."""
    ours, theirs = one.numbers | one.dates, other.numbers | other.dates
    same_kind = {unit for _, unit in one.units} == {unit for _, unit in other.units}
    return bool(ours - theirs) and bool(theirs - ours) and same_kind


def _statements(hit: Hit) -> Iterator[_Statement]:
    for start, end in split_sentences(hit.text):
        text = display_text(hit.text[start:end])
        yield _Statement(hit, hit.start + start, hit.start + end, text, words_beside_facts(text), read_facts(text))


def _inside(statement: _Statement, citation: CitationView) -> bool:
    return citation.start <= statement.start and statement.end <= citation.end


def _lead(session: Session, cited: Hit, other: Hit) -> str:
    dates = {
        version.id: version.created_at.date().isoformat()
        for version in session.scalars(select(Version).where(Version.id.in_((cited.version_id, other.version_id))))
    }
    return (
        f"\nThe documents disagree: «{cited.title}» (of {dates.get(cited.version_id, 'unknown date')}) says this, "
        f"«{other.title}» (of {dates.get(other.version_id, 'unknown date')}) says: "
    )
