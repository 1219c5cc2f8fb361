"""Uploads that are sent again: the header `Idempotency-Key` leads a repeated request to the version of the first."""

import datetime as dt
import hashlib

from sqlalchemy import delete
from sqlalchemy.orm import Session

from api.errors import Conflict
from api.tables import UploadKey
from ingest.database import utc_now
from ingest.documents import AddedVersion
from ingest.errors import InvalidInput
from ingest.tables import Document, Version

HEADER = "Idempotency-Key"
MAX_KEY_CHARS = 255
KEPT = dt.timedelta(days=7)


def clean_key(key: str | None) -> str | None:
    """The key as it was sent; None where there is none.

    Raises:
        InvalidInput: it is empty, too long, or has characters that cannot be seen.
    """
    if key is None or (key.isascii() and key.isprintable() and len(key.strip()) > 0 and len(key) <= MAX_KEY_CHARS):
        return key
    raise InvalidInput(f"The header {HEADER} has 1 to {MAX_KEY_CHARS} visible ASCII characters; send a random one.")


def fingerprint(*parts: str) -> str:
    """A hash that differs when any of the parts does."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def earlier_upload(session: Session, key_sha256: str, request_sha256: str) -> AddedVersion | None:
    """What the first upload with this key led to; None for a new key. The caller holds the lock on changes.

    Raises:
        Conflict: the key came with another upload, or the document was removed since.
    """
    found = session.get(UploadKey, key_sha256)
    if found is None or found.created_at < utc_now() - KEPT:
        return None
    if found.request_sha256 != request_sha256:
        raise Conflict(f"This {HEADER} was used for another upload; send a new key with each new upload.")
    version = session.get(Version, found.version_id)
    if version is None:
        raise Conflict(f"The upload with this {HEADER} was accepted and its document removed since; send a new key.")
    return AddedVersion(session.get_one(Document, version.document_id), version, unchanged=found.unchanged)


def remember_upload(session: Session, key_sha256: str, request_sha256: str, added: AddedVersion) -> None:
    """Keep what an upload led to, in its transaction, for `KEPT`."""
    session.execute(delete(UploadKey).where(UploadKey.created_at < utc_now() - KEPT))
    session.add(
        UploadKey(
            key_sha256=key_sha256,
            request_sha256=request_sha256,
            version_id=added.version.id,
            unchanged=added.unchanged,
        )
    )
