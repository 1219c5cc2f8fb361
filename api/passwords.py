"""Passwords: argon2id hashes, checked in the same time whether or not the person exists."""

import functools
import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from ingest.errors import InvalidInput

MIN_PASSWORD_CHARS = 10
MAX_PASSWORD_CHARS = 1000

# 19 MiB and two passes are OWASP's argon2id minimum for servers (Password Storage Cheat Sheet); with at most
# two checks at a time a burst of sign-ins takes 38 MiB, not gigabytes.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_CHECKS = threading.BoundedSemaphore(2)


def hash_password(password: str) -> str:
    """The argon2id hash of a password, salt and parameters included.

    Raises:
        InvalidInput: the password is too short or too long.
    """
    if len(password) < MIN_PASSWORD_CHARS:
        raise InvalidInput(f"The password is too short; choose one of at least {MIN_PASSWORD_CHARS} characters.")
    if len(password) > MAX_PASSWORD_CHARS:
        raise InvalidInput(f"The password is longer than {MAX_PASSWORD_CHARS} characters; choose a shorter one.")
    with _CHECKS:
        return _HASHER.hash(password)


def password_matches(password: str, password_hash: str | None) -> bool:
    """Whether a password is the one that was hashed; None, for nobody, takes as long and is never right."""
    with _CHECKS:
        try:
            _HASHER.verify(password_hash or _hash_of_nobody(), password[: MAX_PASSWORD_CHARS + 1])
        except (VerifyMismatchError, InvalidHashError):
            return False
    return password_hash is not None


@functools.cache
def _hash_of_nobody() -> str:
    return _HASHER.hash("nobody has this password")
