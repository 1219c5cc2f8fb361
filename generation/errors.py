"""The errors of answering.

FootnoteError (ingest)
└── ModelFailed   a language model could not be reached or broke off
"""

from ingest.errors import FootnoteError


class ModelFailed(FootnoteError):
    """A language model could not be reached, refused the request or broke off; the text says which and what to do."""
