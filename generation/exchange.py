"""One HTTP exchange with a model server, through whichever SDK: it ends at its deadline or when it is closed."""

import contextlib
import socket
import ssl
import threading
from functools import cache
from typing import Self

import httpx2

from generation.deadline import Deadline
from generation.errors import ProviderFailed
from generation.failures import explain_status, explain_timeout, explain_unreachable

CONNECT_SECONDS = 10.0


class Exchange:
    """Holds the HTTP client that an SDK is to use for one request; a context manager.

    Leaving it closes the connection, so that the server stops writing. What goes wrong inside comes out as
    ProviderFailed. When the deadline passes while a stream is read, its socket is shut down under it.
    """

    def __init__(self, model_id: str, host: str, deadline: Deadline) -> None:
        self._model_id = model_id
        self._host = host
        self._deadline = deadline
        self._timed_out = False
        self._responses: list[httpx2.Response] = []
        seconds = deadline.remaining_seconds
        if not seconds:
            raise explain_timeout(model_id, deadline.seconds)
        self.timeout = httpx2.Timeout(seconds, connect=min(CONNECT_SECONDS, seconds))
        self.client = httpx2.Client(
            verify=_ssl_context(), timeout=self.timeout, event_hooks={"response": [self._responses.append]}
        )
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> None:
        self._timer.cancel()
        self._shut_down()
        self.client.close()
        if isinstance(error, httpx2.HTTPError | httpx2.StreamError | OSError):
            raise self.failure(error) from error
        if error is None and self._timed_out:
            raise explain_timeout(self._model_id, self._deadline.seconds)

    def broken(self) -> ProviderFailed:
        """The failure of a stream that ended before the model had."""
        if self._timed_out:
            return explain_timeout(self._model_id, self._deadline.seconds)
        return explain_unreachable(self._model_id, self._host, begun=True)

    def failure(self, error: BaseException) -> ProviderFailed:
        """The failure of an exchange that an exception ended, whether the SDK has wrapped it or not."""
        cause = error.__cause__ if isinstance(error.__cause__, httpx2.HTTPError) else error
        if self._timed_out or self._deadline.remaining_seconds == 0.0:
            return explain_timeout(self._model_id, self._deadline.seconds)
        if isinstance(cause, httpx2.TimeoutException) and not isinstance(cause, httpx2.ConnectTimeout):
            return explain_timeout(self._model_id, self._deadline.seconds)
        return explain_unreachable(self._model_id, self._host, begun=bool(self._responses))

    def refusal(self, status: int, retry_after: str | None) -> ProviderFailed:
        """The failure of a request that the server answered with an error status."""
        return explain_status(self._model_id, self._host, status, retry_after)

    def _end(self) -> None:
        self._timed_out = True
        self._shut_down()

    def _shut_down(self) -> None:
        """Wake up a thread that waits for the socket, and let the server see that nobody listens any more."""
        for response in self._responses:
            stream = response.extensions.get("network_stream")
            raw = stream.get_extra_info("socket") if stream is not None else None
            if raw is not None:
                with contextlib.suppress(OSError, ValueError):
                    raw.shutdown(socket.SHUT_RDWR)


@cache
def _ssl_context() -> ssl.SSLContext:
    """Made once, because reading the certificates takes longer than a connection."""
    return httpx2.create_ssl_context()
