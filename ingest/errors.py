"""The errors of Footnote: one root, and what can be wrong with a file.

FootnoteError
├── NotFound              no such thing, or none that this person may see
├── InvalidInput          the request cannot be carried out as written
├── StorageError          the data folder cannot be used
│   ├── StorageFull       too little free space to accept a write
│   └── StorageBusy       another process holds the data folder
├── ModelMissing          a model's weights are not there
├── IndexDamaged          a snapshot does not match its manifest
├── LeaseLost             a job was taken over by another worker, or cancelled
└── FileRejected          a file cannot become passages; error_class says why
"""

from typing import Literal

ErrorClass = Literal[
    "too_large", "bomb", "timeout", "memory", "malformed", "encrypted", "unsupported", "empty", "internal"
]


class FootnoteError(Exception):
    """The root of every error that Footnote raises on purpose; its text says cause and action."""


class NotFound(FootnoteError):
    """The thing does not exist, or the person may not know that it does."""


class InvalidInput(FootnoteError):
    """The request cannot be carried out as it was written."""


class StorageError(FootnoteError):
    """The data folder cannot be read or written."""


class StorageFull(StorageError):
    """Too little space is left to accept a write."""


class StorageBusy(StorageError):
    """Another process holds the data folder."""


class ModelMissing(FootnoteError):
    """The weights of a model cannot be found or read."""


class IndexDamaged(FootnoteError):
    """An index snapshot does not match its manifest and must be rebuilt."""


class LeaseLost(FootnoteError):
    """A job was cancelled, or its lease ended and another worker took it over; this attempt must not publish."""


class FileRejected(FootnoteError):
    """A file cannot become passages; `error_class` names the reason, the text says cause and action."""

    def __init__(self, error_class: ErrorClass, message: str) -> None:
        super().__init__(message)
        self.error_class: ErrorClass = error_class
