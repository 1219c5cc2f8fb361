"""Loading found passages: text and place are read through the rule of who may read, in the search's own transaction."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from ingest.tables import Document, Page, Passage, Version
from retrieval.hit import Place
from retrieval.permissions import readable_by
from retrieval.scope import Scope


@dataclass(frozen=True)
class LoadedPassage:
    """A passage of a current version as it is stored; `ordinal` is its position in the version."""

    place: Place
    ordinal: int
    version_sha256: str
    heading: str
    text: str


def load_passages(
    session: Session, ranking: Sequence[int], scope: Scope, n_at_once: int
) -> Iterator[list[LoadedPassage]]:
    """The passages of a ranking that are current and in scope now, in its order: the second check of rights.

    They are read and given out `n_at_once` at a time, as far as the caller goes.
    """
    statement = (
        select(
            Passage.id, Passage.ordinal, Passage.page, Passage.start, Passage.end, Passage.heading, Passage.text,
            Version.id, Version.sha256, Document.id, Document.title, Document.filename, Document.collection,
        )
        .join(Version, Version.id == Passage.version_id)
        .join(Document, Document.current_version_id == Version.id)
        .where(readable_by(scope.principals), *scope.filters.conditions())
    )  # fmt: skip
    for first in range(0, len(ranking), n_at_once):
        part = ranking[first : first + n_at_once]
        rows = {row[0]: row for row in session.execute(statement.where(Passage.id.in_(part)))}
        yield [_loaded(*rows[passage_id]) for passage_id in part if passage_id in rows]


def _loaded(
    passage_id: int, ordinal: int, page: int, start: int, end: int, heading: str, text: str, *owner: str
) -> LoadedPassage:
    version_id, sha256, document_id, title, filename, collection = owner
    place = Place(passage_id, document_id, version_id, title, filename, collection, page, start, end)
    return LoadedPassage(place, ordinal, sha256, heading, text)


def text_of_page(session: Session, version_id: str, page: int, start: int, end: int) -> str:
    """The text from `start` to `end`, which lie on one page, of a version that was loaded through the rule."""
    row = session.execute(select(Page.start, Page.text).where(Page.version_id == version_id, Page.number == page)).one()
    return str(row.text[start - row.start : end - row.start])
