"""Documents as the API shows them: newest version, progress, and for admins the readers."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Row, Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from api.cursor import Cursor, decode_cursor, older_than
from api.schemas import AttachmentsView, DocumentList, DocumentView, ParentView, Progress, VersionView
from api.sign_in import Caller
from ingest.attachments import count_attachments
from ingest.errors import NotFound
from ingest.tables import AclEntry, Document, Job, MetadataEntry, Version
from retrieval.permissions import readable_by


@dataclass(frozen=True)
class DocumentFilter:
    """Which documents to list; None leaves all."""

    collection: str | None = None
    status: str | None = None
    text: str | None = None
    parent: str | None = None


def visible_to(caller: Caller) -> ColumnElement[bool]:
    """The documents that a caller may know of: an admin all, others what they may read."""
    return Document.id.is_not(None) if caller.is_admin else readable_by(caller.principals)


def list_documents(
    session: Session, caller: Caller, wanted: DocumentFilter, *, limit: int, cursor: str | None
) -> DocumentList:
    """A page of documents that the caller may know of, newest first.

    Raises:
        InvalidInput: the cursor is not one that was handed out.
    """
    conditions = _conditions(wanted)
    matching = _rows(caller).where(*conditions)
    total = session.scalar(select(func.count()).select_from(matching.with_only_columns(Document.id).subquery()))
    statement = matching.order_by(Document.created_at.desc(), Document.id.desc())
    if cursor is not None:
        statement = statement.where(older_than(decode_cursor(cursor), Document.created_at, Document.id))
    rows = session.execute(statement.limit(limit + 1)).all()
    last = rows[limit - 1].Document if len(rows) > limit else None
    return DocumentList(
        items=_views(session, caller, rows[:limit]),
        next_cursor=None if last is None else Cursor(last.created_at, last.id).encode(),
        total=total or 0,
    )


def document_view(session: Session, caller: Caller, document_id: str) -> DocumentView:
    """One document that the caller may know of. Raises NotFound otherwise."""
    views = document_views(session, caller, [document_id])
    if not views:
        raise NotFound("There is no such document.")
    return views[0]


def document_views(session: Session, caller: Caller, document_ids: Collection[str]) -> list[DocumentView]:
    """Those of the documents that the caller may know of, in no particular order."""
    rows = session.execute(_rows(caller).where(Document.id.in_(document_ids)))
    return _views(session, caller, rows.all())


def changing_documents(session: Session, since: dt.datetime, *, limit: int) -> set[str]:
    """The ids of documents that change about now: touched at `since` or later, at work, or next in the queue.

    At most `limit` of those that were touched, the last ones, and of those with a job; and the documents in which
    they came.
    """
    touched = select(Document.id).where(Document.updated_at >= since).order_by(Document.updated_at.desc())
    working = (
        select(Version.document_id)
        .join(Job, Job.version_id == Version.id)
        .where(Job.state.in_(("running", "queued")))
        .order_by(Job.state.desc(), Job.priority, Job.enqueued_at)
    )
    changing = {*session.scalars(touched.limit(limit)), *session.scalars(working.limit(limit))}
    parents = select(Document.parent_id).where(Document.id.in_(changing), Document.parent_id.is_not(None))
    return changing | {parent for parent in session.scalars(parents) if parent is not None}


def _rows(caller: Caller) -> Select[Document, Version, Job, bool]:
    """Documents that the caller may know of, each with its newest version, its job (or None), and may they read it."""
    newer = aliased(Version)
    is_newest = ~exists().where(newer.document_id == Version.document_id, newer.number > Version.number)
    return (
        select(Document, Version, Job, readable_by(caller.principals).label("can_read"))
        .select_from(Document)
        .join(Version, and_(Version.document_id == Document.id, is_newest))
        .outerjoin(Job, Job.version_id == Version.id)
        .where(visible_to(caller))
    )


def _conditions(wanted: DocumentFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.collection is not None:
        conditions.append(Document.collection == wanted.collection)
    if wanted.parent is not None:
        conditions.append(Document.parent_id == wanted.parent)
    if wanted.status is not None:
        conditions.append(Version.status == wanted.status)
    if wanted.text:
        conditions.append(
            or_(
                Document.title.icontains(wanted.text, autoescape=True),
                Document.filename.icontains(wanted.text, autoescape=True),
            )
        )
    return conditions


def _views(session: Session, caller: Caller, rows: Sequence[Row[Document, Version, Job, bool]]) -> list[DocumentView]:
    ids = [document.id for document, _, _, _ in rows]
    metadata: defaultdict[str, dict[str, str]] = defaultdict(dict)
    of_these = select(MetadataEntry).where(MetadataEntry.document_id.in_(ids)).order_by(MetadataEntry.key)
    for entry in session.scalars(of_these):
        metadata[entry.document_id][entry.key] = entry.value
    parents = _parents(session, [document.parent_id for document, _, _, _ in rows if document.parent_id is not None])
    attachments = count_attachments(session, ids)
    readers: defaultdict[str, list[str]] = defaultdict(list)
    if caller.is_admin:
        entries = select(AclEntry).where(AclEntry.document_id.in_(ids)).order_by(AclEntry.principal)
        for acl_entry in session.scalars(entries):
            readers[acl_entry.document_id].append(acl_entry.principal)
    return [
        DocumentView(
            id=document.id,
            title=document.title,
            filename=document.filename,
            collection=document.collection,
            media_type=version.media_type,
            status=version.status,
            error_class=version.error_class,
            message=version.message,
            version=VersionView.model_validate(version),
            current_version_id=document.current_version_id,
            readers=readers[document.id] if caller.is_admin else None,
            progress=_progress(job),
            parent=parents.get(document.parent_id or ""),
            attachments=AttachmentsView.model_validate(attachments[document.id])
            if document.id in attachments
            else None,
            metadata=metadata[document.id],
            dated_at=document.dated_at,
            created_at=document.created_at,
            updated_at=document.updated_at,
            can_read=can_read,
        )
        for document, version, job, can_read in rows
    ]


def _parents(session: Session, parent_ids: Collection[str]) -> dict[str, ParentView]:
    """The documents in which others came; whoever may know of these may know of them, too."""
    named = session.execute(select(Document.id, Document.filename).where(Document.id.in_(parent_ids)))
    return {parent_id: ParentView(id=parent_id, filename=filename) for parent_id, filename in named}


def _progress(job: Job | None) -> Progress | None:
    if job is None or job.state != "running":
        return None
    return Progress(stage=job.stage, done=job.done, total=job.total)
