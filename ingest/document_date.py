"""The date of a document, from what its file says about itself."""

import datetime as dt
import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

# In the order in which they count: the last change before the making.
_NAMES = ("modified", "moddate", "date", "created", "creationdate")
_EARLIEST = dt.datetime(1980, 1, 1, tzinfo=dt.UTC)
_PDF_DATE = re.compile(r"(?:D:)?(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?)?(?:([+-])(\d\d)'?(\d\d)?|Z)?'?")


def document_date(details: Mapping[str, str]) -> dt.datetime | None:
    """When the file was last changed, or else made, as far as it says so believably; in UTC."""
    latest = dt.datetime.now(dt.UTC) + dt.timedelta(days=1)
    for name in _NAMES:
        date = _parsed(str(details.get(name, "")).strip())
        if date is not None and _EARLIEST <= date <= latest:
            return date
    return None


def _parsed(text: str) -> dt.datetime | None:
    """A date in the form of ISO 8601, PDF or mail; one without a time zone counts as UTC."""
    for parse in (_from_pdf, dt.datetime.fromisoformat, parsedate_to_datetime):
        try:
            date = parse(text)
            return date.replace(tzinfo=dt.UTC) if date.tzinfo is None else date.astimezone(dt.UTC)
        except (ValueError, OverflowError):
            continue
    return None


def _from_pdf(text: str) -> dt.datetime:
    """A PDF date such as D:20230517093000+02'00'. Raises ValueError.

    Source: ISO 32000-1:2008, 7.9.4.
    """
    match = _PDF_DATE.fullmatch(text)
    if match is None:
        raise ValueError(text)
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    offset = dt.timedelta(hours=int(match[8] or 0), minutes=int(match[9] or 0)) * (-1 if match[7] == "-" else 1)
    return dt.datetime(year, month, day, hour, minute, second, tzinfo=dt.timezone(offset))
