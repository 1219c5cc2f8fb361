"""Errors as problem+json (RFC 9457): which error has which status, and no word about what may be hidden."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import IntegrityError, OperationalError
from starlette.exceptions import HTTPException
from starlette.requests import Request

from api.errors import Conflict, Forbidden, NotReady, NotSignedIn, TooManyTries
from generation.errors import ModelFailed
from ingest.errors import (
    FileRejected,
    FootnoteError,
    IndexDamaged,
    InvalidInput,
    ModelMissing,
    NotFound,
    StorageError,
    StorageFull,
)

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True)
class Kind:
    """A kind of problem: the last part of its `type`, its title and its HTTP status."""

    name: str
    title: str
    status: int


INTERNAL = Kind("internal", "Something failed inside Footnote", 500)
BAD_REQUEST = Kind("bad-request", "The request cannot be read", 400)
INVALID = Kind("invalid", "The request cannot be carried out as written", 422)
NOT_FOUND = Kind("not-found", "Not found", 404)
CONFLICT = Kind("conflict", "That cannot be done now", 409)
TOO_LARGE = Kind("too-large", "The request is too large", 413)
UNAVAILABLE = Kind("unavailable", "Not available at the moment", 503)

KINDS: Mapping[type[Exception], Kind] = {
    NotFound: NOT_FOUND,
    InvalidInput: INVALID,
    FileRejected: INVALID,
    NotSignedIn: Kind("not-signed-in", "Not signed in", 401),
    Forbidden: Kind("forbidden", "Not allowed", 403),
    Conflict: CONFLICT,
    IntegrityError: CONFLICT,
    TooManyTries: Kind("too-many-tries", "Too many tries", 429),
    NotReady: Kind("not-ready", "Still starting", 503),
    StorageFull: Kind("storage-full", "The disk is nearly full", 507),
    StorageError: UNAVAILABLE,
    ModelMissing: UNAVAILABLE,
    ModelFailed: UNAVAILABLE,
    IndexDamaged: UNAVAILABLE,
    OperationalError: UNAVAILABLE,
    FootnoteError: INTERNAL,
}

STATUS_KINDS: Mapping[int, Kind] = {
    400: BAD_REQUEST,
    404: NOT_FOUND,
    405: Kind("method-not-allowed", "Method not allowed", 405),
    413: TOO_LARGE,
}

# One sentence whatever was asked for, so that what is hidden and what does not exist answer byte for byte the same.
NOT_FOUND_DETAIL = "There is no such thing here, or you may not see it."


@dataclass(frozen=True)
class Problem:
    """What went wrong, as the body of an error or the data of an error event."""

    kind: Kind
    detail: str
    errors: tuple[Mapping[str, str], ...] = ()

    def to_json(self) -> dict[str, object]:
        """The members of RFC 9457, and `errors` with one entry a field where fields are wrong."""
        body: dict[str, object] = {
            "type": f"/problems/{self.kind.name}",
            "title": self.kind.title,
            "status": self.kind.status,
            "detail": self.detail,
        }
        return {**body, "errors": list(self.errors)} if self.errors else body


def problem_of(error: Exception) -> Problem:
    """The problem that an error means to a client; the text of an unforeseen error stays inside."""
    kind = next((KINDS[cls] for cls in type(error).__mro__ if cls in KINDS), INTERNAL)
    if isinstance(error, FileRejected) and error.error_class == "too_large":
        kind = TOO_LARGE
    if kind is INTERNAL:
        return Problem(kind, "The server's log says why; try again, and tell an admin if it happens again.")
    if kind is NOT_FOUND:
        return Problem(kind, NOT_FOUND_DETAIL)
    if isinstance(error, OperationalError):
        return Problem(kind, "The database cannot be used at the moment; try again in a few seconds.")
    if isinstance(error, IntegrityError):
        return Problem(kind, "Somebody else changed the same thing at the same moment; look at it and try again.")
    return Problem(kind, str(error))


def problem_response(problem: Problem, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """A problem as a response."""
    return JSONResponse(problem.to_json(), problem.kind.status, headers, media_type=MEDIA_TYPE)


def add_handlers(app: FastAPI) -> None:
    """Answer every error of the app with a problem."""
    app.add_exception_handler(FootnoteError, _on_error)
    app.add_exception_handler(OperationalError, _on_error)
    app.add_exception_handler(IntegrityError, _on_error)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http_error)


def _on_error(request: Request, error: Exception) -> JSONResponse:
    problem = problem_of(error)
    if problem.kind.status >= 500:
        logger.error("%s %s failed", request.method, request.url.path, exc_info=error)
    headers = {}
    if isinstance(error, TooManyTries | NotReady):
        headers["Retry-After"] = str(error.retry_after_seconds)
    elif problem.kind.status == 503:
        headers["Retry-After"] = "5"
    elif problem.kind.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return problem_response(problem, headers)


def _on_invalid(request: Request, error: Exception) -> JSONResponse:  # noqa: ARG001 (the handlers' signature)
    assert isinstance(error, RequestValidationError)
    found = error.errors()
    if any(entry["type"] == "json_invalid" for entry in found):
        return problem_response(Problem(BAD_REQUEST, "The body is not valid JSON; send a JSON object."))
    errors = tuple(
        {
            "field": ".".join(str(part) for part in entry["loc"][1:]) or str(entry["loc"][0]),
            "message": str(entry["msg"]).removeprefix("Value error, "),
        }
        for entry in found
    )
    detail = " ".join(f"{entry['field']}: {entry['message'].rstrip('.')}." for entry in errors[:5])
    return problem_response(Problem(INVALID, detail, errors))


def _on_http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    kind = STATUS_KINDS.get(error.status_code) or Kind("http-error", error.detail, error.status_code)
    details = {
        404: NOT_FOUND_DETAIL,
        405: f"This address does not answer {request.method}; the Allow header says what it does answer.",
    }
    return problem_response(Problem(kind, details.get(error.status_code, error.detail)), error.headers)
