"""Questions that the bundled handbook answers: the demo asks the first, the page offers some to its readers."""

import json
from importlib.resources import files

from sqlalchemy import select
from sqlalchemy.orm import Session

from ingest.tables import Document
from retrieval.permissions import readable_by

HANDBOOK_COLLECTION = "handbook"
N_SAMPLES = 4


def handbook_questions() -> list[str]:
    """Every bundled question that the handbook answers."""
    lines = (files("api") / "handbook" / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    return [row["question"] for row in map(json.loads, lines) if row["answerable"]]


def sample_questions(session: Session, principals: frozenset[str]) -> list[str]:
    """A few questions for somebody who may read the handbook; none for others, and none where it was not ingested."""
    readable = select(Document.id).where(
        Document.collection == HANDBOOK_COLLECTION, Document.current_version_id.is_not(None), readable_by(principals)
    )
    return handbook_questions()[:N_SAMPLES] if session.scalar(readable.limit(1)) is not None else []
