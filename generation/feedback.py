"""What the asker thinks of an answer, or of one of its claims."""

from typing import Literal

from sqlalchemy.orm import Session

from generation.record import own_answer
from generation.tables import Claim, ClaimFeedback, Feedback
from ingest.errors import InvalidInput, NotFound

MAX_COMMENT_CHARS = 4000
Rating = Literal["up", "down"]


def add_feedback(
    session: Session, answer_id: str, asked_by: str, rating: Rating, comment: str = "", *, claim: int | None = None
) -> None:
    """Keep what the asker thinks, in the caller's transaction; a later word replaces an earlier one.

    Args:
        claim: The claim's place in the answer, from 0; None speaks of the whole answer.

    Raises:
        NotFound: there is no such answer or claim, or someone else asked for it.
        InvalidInput: the comment is too long.
    """
    own_answer(session, answer_id, asked_by)
    if len(comment) > MAX_COMMENT_CHARS:
        raise InvalidInput(f"The comment has {len(comment)} characters; at most {MAX_COMMENT_CHARS} are allowed.")
    said = {"answer_id": answer_id, "given_by": asked_by, "rating": rating, "comment": comment}
    if claim is None:
        session.merge(Feedback(**said))
    elif session.get(Claim, (answer_id, claim)) is None:
        raise NotFound(f"The answer has no claim {claim}; the first is 0.")
    else:
        session.merge(ClaimFeedback(**said, claim_ordinal=claim))
    session.flush()
