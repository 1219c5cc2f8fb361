"""The errors of answering.

FootnoteError (ingest)
└── ModelFailed          a language model could not be reached or broke off
    └── ProviderFailed   one attempt failed; says whether another may help
"""

from ingest.errors import FootnoteError


class ModelFailed(FootnoteError):
    """A language model could not be reached, refused the request or broke off; the text says which and what to do."""


class ProviderFailed(ModelFailed):
    """One attempt failed; where `worth_retrying`, another may succeed, after `wait_seconds`."""

    def __init__(self, message: str, *, worth_retrying: bool = False, wait_seconds: float = 0.0) -> None:
        super().__init__(message)
        self.worth_retrying = worth_retrying
        self.wait_seconds = wait_seconds
