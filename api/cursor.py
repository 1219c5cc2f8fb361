"""Keyset pagination: a cursor names the last row of a page by time and id, newest first."""

import base64
import binascii
import datetime as dt
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, or_
from sqlalchemy.orm import InstrumentedAttribute

from api.deps import is_id
from ingest.errors import InvalidInput


@dataclass(frozen=True)
class Cursor:
    """The last row that was seen."""

    at: dt.datetime
    id: str

    def encode(self) -> str:
        """The cursor as it is handed out."""
        return base64.urlsafe_b64encode(f"{self.at.isoformat()} {self.id}".encode()).decode().rstrip("=")


def decode_cursor(text: str) -> Cursor:
    """The cursor that was handed out. Raises InvalidInput for anything else."""
    try:
        at, _, row_id = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("ascii").partition(" ")
        cursor = Cursor(dt.datetime.fromisoformat(at), row_id)
    except (ValueError, binascii.Error) as error:
        raise InvalidInput("The cursor is not one that was handed out; start again without it.") from error
    if cursor.at.tzinfo is None or not is_id(row_id):
        raise InvalidInput("The cursor is not one that was handed out; start again without it.")
    return cursor


def older_than(
    cursor: Cursor, at: InstrumentedAttribute[dt.datetime], row_id: InstrumentedAttribute[str]
) -> ColumnElement[bool]:
    """The condition for rows after the cursor, in the order newest first, then by id descending."""
    return or_(at < cursor.at, and_(at == cursor.at, row_id < cursor.id))
