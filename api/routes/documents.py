"""Documents: upload, list, change, retry, cancel, remove, erase."""

from collections.abc import Callable
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.deps import managed_document
from api.document_views import DocumentFilter, document_view, list_documents
from api.erasing import erase_document
from api.identity import known_readers
from api.policies import AdminDep, PersonDep, RuntimeDep, admin
from api.runtime import Runtime
from api.schemas import DocumentEdit, DocumentList, DocumentView, UploadedDocument, VersionDetails, VersionList
from api.sign_in import Caller
from api.uploads import UPLOAD_OPENAPI, UploadDep, store_upload
from api.work_schemas import ErasureView, UploadProgressView
from generation.record import forget_document
from ingest.documents import (
    AddedVersion,
    cancel,
    delete_unreferenced_originals,
    edit_document,
    family_of,
    remove,
    retry,
    set_readers,
)
from ingest.metadata import set_metadata
from ingest.progress import read_progress
from ingest.tables import Version

router = APIRouter(prefix="/v1/documents", tags=["Documents"])

Status = Literal["queued", "running", "searchable", "failed", "cancelled"]
Cursor = Annotated[str | None, Query(max_length=200, description="`next_cursor` of the page before.")]


@router.get("", summary="List documents")
def list_all(
    caller: PersonDep,
    runtime: RuntimeDep,
    collection: str | None = None,
    status: Status | None = None,
    q: Annotated[str | None, Query(max_length=200, description="Part of the title or file name.")] = None,
    parent: Annotated[str | None, Query(max_length=64, description="Only what came in this document, by id.")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Cursor = None,
) -> DocumentList:
    """The documents that the caller may know of, newest first: an admin every one, others what they may read."""
    wanted = DocumentFilter(collection=collection or None, status=status, text=q, parent=parent or None)
    with runtime.database.read() as session:
        return list_documents(session, caller, wanted, limit=limit, cursor=cursor or None)


@router.post("", status_code=202, summary="Upload a document", openapi_extra=UPLOAD_OPENAPI)
def upload(upload: UploadDep, caller: AdminDep, runtime: RuntimeDep) -> UploadedDocument:
    """Accept a file; it is on disk and queued when this answers, and searchable when its status says so.

    The same file name in the same collection is a new version of that document; the same content is no work.
    """
    return _uploaded(runtime, caller, store_upload(runtime, upload, caller))


@router.get("/progress", summary="Show how far uploads are", dependencies=[Depends(admin)])
def progress(
    runtime: RuntimeDep,
    batch: Annotated[
        str | None, Query(max_length=100, description="Only uploads with this name in their field `batch`.")
    ] = None,
) -> UploadProgressView:
    """Counts, rate and time left of a batch; without one, of all that is unfinished or ended within the last hour."""
    with runtime.database.read() as session:
        return UploadProgressView.model_validate(read_progress(session, batch or None))


@router.get("/{document_id}", summary="Show a document")
def show(document_id: str, caller: PersonDep, runtime: RuntimeDep) -> DocumentView:
    """One document with its status."""
    with runtime.database.read() as session:
        document = managed_document(session, document_id, caller)
        return document_view(session, caller, document.id)


@router.get("/{document_id}/versions", summary="List a document's versions")
def list_versions(document_id: str, caller: PersonDep, runtime: RuntimeDep) -> VersionList:
    """Every version, newest first; citations keep naming the version they were made from."""
    with runtime.database.read() as session:
        document = managed_document(session, document_id, caller)
        versions = session.scalars(
            select(Version).where(Version.document_id == document.id).order_by(Version.number.desc())
        )
        return VersionList(
            items=[
                VersionDetails.model_validate(
                    {
                        **{name: getattr(version, name) for name in VersionDetails.model_fields if name != "current"},
                        "current": version.id == document.current_version_id,
                    }
                )
                for version in versions
            ]
        )


@router.put("/{document_id}", status_code=202, summary="Upload a new version", openapi_extra=UPLOAD_OPENAPI)
def replace(document_id: str, upload: UploadDep, caller: AdminDep, runtime: RuntimeDep) -> UploadedDocument:
    """Accept a file as the document's next version; search sees the old one until the new one is ready."""
    with runtime.database.read() as session:
        managed_document(session, document_id, caller)
    return _uploaded(runtime, caller, store_upload(runtime, upload, caller, document_id=document_id))


@router.patch("/{document_id}", summary="Change a document", dependencies=[Depends(admin)])
def edit(document_id: str, body: DocumentEdit, caller: AdminDep, runtime: RuntimeDep) -> DocumentView:
    """Change readers, title, collection or metadata; in force for the next request of everybody."""
    with runtime.database.write() as session:
        document = managed_document(session, document_id, caller)
        if body.readers is not None:
            set_readers(session, document.id, known_readers(session, body.readers))
        if body.metadata is not None:
            set_metadata(session, document.id, body.metadata)
        if body.title is not None or body.collection is not None:
            edit_document(session, document, title=body.title, collection=body.collection)
    with runtime.database.read() as session:
        return document_view(session, caller, document_id)


@router.delete("/{document_id}", status_code=204, summary="Remove a document")
def delete(document_id: str, caller: AdminDep, runtime: RuntimeDep) -> None:
    """Remove a document with its attachments, all versions, originals and page images; in force for the next request.

    Stored answers lose what they took from it.
    """
    with runtime.database.write() as session:
        document = managed_document(session, document_id, caller)
        for removed in family_of(session, document.id):
            forget_document(session, removed)
        remove(session, document.id)
    delete_unreferenced_originals(runtime.database, runtime.parts.originals)


@router.post("/{document_id}/erase", summary="Erase a document")
def erase(document_id: str, caller: AdminDep, runtime: RuntimeDep) -> ErasureView:
    """Remove a document and let nothing of it stay in any row or file that Footnote keeps; backups are yours to delete.

    Answers when running servers have rebuilt their indexes without it, or after a minute; `complete` says which.
    """
    with runtime.database.read() as session:
        managed_document(session, document_id, caller)
    parts = runtime.parts
    return ErasureView.model_validate(erase_document(parts.database, parts.folder, parts.originals, document_id))


@router.post("/{document_id}/retry", status_code=202, summary="Try a failed document again")
def try_again(document_id: str, caller: AdminDep, runtime: RuntimeDep) -> DocumentView:
    """Queue the newest version again after it failed or was cancelled."""
    return _with_newest_version(runtime, caller, document_id, retry)


@router.post("/{document_id}/cancel", status_code=202, summary="Stop reading a document")
def stop_reading(document_id: str, caller: AdminDep, runtime: RuntimeDep) -> DocumentView:
    """Cancel the newest version while it waits or is read; what was searchable before stays so."""
    return _with_newest_version(runtime, caller, document_id, cancel)


def _with_newest_version(
    runtime: Runtime, caller: Caller, document_id: str, act: Callable[[Session, str], None]
) -> DocumentView:
    with runtime.database.write() as session:
        document = managed_document(session, document_id, caller)
        newest = select(Version.id).where(Version.document_id == document.id).order_by(Version.number.desc()).limit(1)
        act(session, session.scalars(newest).one())
    with runtime.database.read() as session:
        return document_view(session, caller, document_id)


def _uploaded(runtime: Runtime, caller: Caller, added: AddedVersion) -> UploadedDocument:
    with runtime.database.read() as session:
        view = document_view(session, caller, added.document.id)
    return UploadedDocument(**view.model_dump(), unchanged=added.unchanged)
