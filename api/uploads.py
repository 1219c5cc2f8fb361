"""Reading an upload: the person is checked before a byte is read, and the file goes to disk, not into memory."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any, BinaryIO

from fastapi import Depends, Request
from starlette.datastructures import UploadFile

from api.deps import managed_document
from api.identity import known_readers
from api.policies import AdminDep
from api.runtime import Runtime
from api.search_filters import form_metadata
from api.sign_in import Caller
from api.upload_keys import HEADER, MAX_KEY_CHARS, clean_key, earlier_upload, fingerprint, remember_upload
from ingest.database import lock_changes
from ingest.documents import DEFAULT_COLLECTION, AddedVersion, add_version, clean_filename
from ingest.errors import InvalidInput
from ingest.metadata import set_metadata
from ingest.progress import put_in_batch

MAX_READERS = 1000
MAX_FIELD_BYTES = 10_000
MAX_BATCH_CHARS = 100


@dataclass(frozen=True)
class Upload:
    """A file that arrived, with what the form says about it, None where it says nothing; `key` is the request's
    `Idempotency-Key`."""

    file: BinaryIO
    filename: str
    collection: str | None
    readers: tuple[str, ...] | None
    batch: str | None = None
    metadata: dict[str, str] | None = None
    key: str | None = None


async def upload_of(request: Request, caller: AdminDep) -> AsyncIterator[Upload]:  # noqa: ARG001 (declares the policy)
    """The upload in a multipart form, on disk where it is larger than 1 MB; deleted when the request ends.

    Reading the form here, after the policy, keeps strangers from filling the disk.

    Raises:
        InvalidInput: the form has no file, or a field that cannot be used.
    """
    async with request.form(max_files=1, max_fields=MAX_READERS + 10, max_part_size=MAX_FIELD_BYTES) as form:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise InvalidInput("The request has no file; send a multipart form with the field `file`.")
        readers = [reader for reader in form.getlist("reader") if isinstance(reader, str) and reader.strip()]
        metadata = [text for text in form.getlist("metadata") if isinstance(text, str) and text.strip()]
        collection, batch = form.get("collection"), form.get("batch")
        texts = [*readers, *metadata, collection or "", batch or ""]
        if any("\x00" in text for text in texts if isinstance(text, str)):
            raise InvalidInput("A form field has a NUL character; remove it.")
        yield Upload(
            file=file.file,
            filename=clean_filename(file.filename or ""),
            collection=collection.strip() if isinstance(collection, str) and collection.strip() else None,
            readers=tuple(readers) or None,
            batch=batch.strip()[:MAX_BATCH_CHARS] or None if isinstance(batch, str) else None,
            metadata=form_metadata(metadata) if metadata else None,
            key=clean_key(request.headers.get(HEADER)),
        )


UploadDep = Annotated[Upload, Depends(upload_of)]

UPLOAD_OPENAPI: dict[str, Any] = {
    "parameters": [
        {
            "name": HEADER,
            "in": "header",
            "required": False,
            "schema": {"type": "string", "maxLength": MAX_KEY_CHARS},
            "description": "A random text: a request that is sent again with it leads to the same version, once.",
        }
    ],
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        "collection": {"type": "string", "default": DEFAULT_COLLECTION},
                        "reader": {
                            "type": "array",
                            "items": {"type": "string"},
                            "description": "Who may read it: everyone, user:EMAIL or group:NAME; everyone by default.",
                        },
                        "batch": {
                            "type": "string",
                            "maxLength": MAX_BATCH_CHARS,
                            "description": "A name for files that belong together; see GET /v1/documents/progress.",
                        },
                        "metadata": {
                            "type": "array",
                            "items": {"type": "string"},
                            "description": "What search can filter by, as KEY=VALUE, or all of it as one JSON object.",
                            "example": ["team=sales", "year=2026"],
                        },
                    },
                }
            }
        },
    },
}


def store_upload(runtime: Runtime, upload: Upload, caller: Caller, *, document_id: str | None = None) -> AddedVersion:
    """Keep an upload as the next version of a document, or of the one with its collection and file name. Commits.

    Raises:
        NotFound: there is no document `document_id`.
        FileRejected: the file is too large or empty.
        InvalidInput: a reader is unknown, or metadata cannot be used.
        Conflict: the upload's key was used for another one.
    """
    originals = runtime.parts.originals
    staged = originals.stage(upload.file, upload.filename)
    sent = (
        staged.sha256,
        upload.filename,
        upload.collection or "",
        document_id or "",
        *sorted(upload.readers or ()),
        *(f"{key}={value}" for key, value in sorted((upload.metadata or {}).items())),
    )
    key = fingerprint(caller.principal, upload.key) if upload.key is not None else None
    try:
        with runtime.database.write() as session:
            lock_changes(session)
            if key is not None and (earlier := earlier_upload(session, key, fingerprint(*sent))) is not None:
                return earlier
            readers = None if upload.readers is None else known_readers(session, upload.readers)
            document = None if document_id is None else managed_document(session, document_id, caller)
            added = add_version(
                session,
                originals,
                staged,
                filename=upload.filename,
                collection=document.collection if document else upload.collection or DEFAULT_COLLECTION,
                source=document.source if document else None,
                readers=readers,
            )
            if upload.batch is not None:
                put_in_batch(session, added.version.id, upload.batch)
            if upload.metadata is not None:
                set_metadata(session, added.document.id, upload.metadata)
            if key is not None:
                remember_upload(session, key, fingerprint(*sent), added)
            return added
    finally:
        originals.discard(staged)
