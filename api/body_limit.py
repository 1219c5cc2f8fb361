"""A limit on request bodies, counted as they arrive: small for JSON, the upload limit where files are sent."""

import re

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

JSON_BYTES = 1_000_000
FORM_OVERHEAD_BYTES = 1_000_000
DRAIN_BYTES = 64_000_000
_UPLOAD_PATH = re.compile(r"/v1/documents(/[^/]+)?")


class BodyLimit:
    """ASGI middleware: reading past the limit ends in a 413.

    A refused body is read on for a while and thrown away, because a browser that is still sending does not look at
    the answer.
    """

    def __init__(self, app: ASGIApp, *, max_upload_bytes: int) -> None:
        self._app = app
        self._max_upload_bytes = max_upload_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with its body counted."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = _CountedBody(receive, self._limit(scope), _declared_bytes(scope))

        async def send_after_body(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] >= 400:
                await body.drain()
            await send(message)

        await self._app(scope, body.receive, send_after_body)

    def _limit(self, scope: Scope) -> int:
        if scope["method"] in ("POST", "PUT") and _UPLOAD_PATH.fullmatch(scope["path"]):
            return self._max_upload_bytes + FORM_OVERHEAD_BYTES
        return JSON_BYTES


class _CountedBody:
    """One request's body on its way in."""

    def __init__(self, receive: Receive, limit: int, declared: int) -> None:
        self._receive = receive
        self._limit = limit
        self._declared = declared
        self._n_bytes = 0
        self._ended = declared == 0

    async def receive(self) -> Message:
        """The next message of the request. Raises HTTPException past the limit."""
        if self._declared > self._limit:
            raise self._too_large()
        message = await self._next()
        if self._n_bytes > self._limit:
            raise self._too_large()
        return message

    async def drain(self) -> None:
        """Read what is left and throw it away, up to `DRAIN_BYTES`."""
        until = self._n_bytes + DRAIN_BYTES
        while not self._ended and self._n_bytes < until:
            await self._next()

    async def _next(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._n_bytes += len(message.get("body", b""))
            self._ended = not message.get("more_body", False)
        else:
            self._ended = True
        return message

    def _too_large(self) -> HTTPException:
        """The one error that FastAPI lets through unchanged while it reads a body."""
        sentence = f"The request is larger than {self._limit / 1e6:.0f} MB, the most this address accepts; send less."
        return HTTPException(413, sentence)


def _declared_bytes(scope: Scope) -> int:
    """The length that the request declares; 0 when it has no body, -1 when the length is not declared."""
    headers = Headers(scope=scope)
    if "content-length" in headers:
        length = headers["content-length"]
        return int(length) if length.isascii() and length.isdigit() else -1
    return -1 if "transfer-encoding" in headers else 0
