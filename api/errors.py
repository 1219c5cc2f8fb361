"""The errors of people and HTTP.

FootnoteError
├── NotSignedIn     no valid session or key came with the request
├── Forbidden       the person is known but may not do this
├── Conflict        the change would break something that must hold
├── TooManyTries    too many failed sign-ins; try again later
├── BackupDamaged   a backup is not as it was written
└── NotReady        a part that the request needs is still loading
"""

from ingest.errors import FootnoteError


class NotSignedIn(FootnoteError):
    """No valid session or key came with the request."""


class Forbidden(FootnoteError):
    """The person is known but may not do this."""


class Conflict(FootnoteError):
    """The change would break something that must hold."""


class TooManyTries(FootnoteError):
    """Too many failed sign-ins; `retry_after_seconds` says when the next try is heard."""

    def __init__(self, message: str, retry_after_seconds: int) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class BackupDamaged(FootnoteError):
    """A backup is not as it was written and must not be restored."""


class NotReady(FootnoteError):
    """A part that the request needs is still loading; `retry_after_seconds` says when to ask again."""

    def __init__(self, message: str, retry_after_seconds: int = 2) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds
