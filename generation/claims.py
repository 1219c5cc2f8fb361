"""From the pieces a model writes to checked claims, with their places in the answer's text."""

from sqlalchemy.orm import Session

from generation.events import ClaimView
from generation.pieces import SentencePiece
from generation.verify import check_quote, judge


def check_claim(session: Session, piece: SentencePiece, start: int, principals: frozenset[str]) -> ClaimView | None:
    """A sentence as a claim that begins at character `start` of the answer's text.

    None when a quote that it rests on is not stored so, or not readable any more: its words may be those of a document
    that was withdrawn since the search.
    """
    checked = [check_quote(session, quote, principals) for quote in piece.quotes]
    citations = tuple(citation for citation in checked if citation is not None)
    if len(citations) < len(checked):
        return None
    verdict = judge(piece.text, citations, piece.support)
    return ClaimView(piece.text, start, start + len(piece.text), verdict, citations)
