"""Model servers on this machine that stream scripted answers in the forms of OpenAI, Anthropic and Google."""

import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Literal

Provider = Literal["openai", "anthropic", "gemini"]
PATHS: dict[Provider, str] = {"openai": "/v1", "anthropic": "", "gemini": ""}


@dataclass(frozen=True)
class Script:
    """What a server does with one request.

    `pieces` are streamed in turn, `thoughts` before them in the provider's own field; `cited` are the documents that
    the text cites natively (Anthropic). With `endless` the last piece is sent again and again; `reset_after` pieces the
    connection is reset, `ends_after` pieces it is closed without an end; None never.
    """

    pieces: tuple[str, ...] = ()
    thoughts: tuple[str, ...] = ()
    cited: tuple[int, ...] = ()
    status: int = 200
    retry_after: str = "0"
    pause_seconds: float = 0.0
    endless: bool = False
    reset_after: int | None = None
    ends_after: int | None = None
    cut: bool = False


@dataclass
class ModelServer:
    """A running server; `requests` are the bodies that it got, `hung_up` is set when a client has gone away."""

    url: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    hung_up: threading.Event = field(default_factory=threading.Event)


def say(*pieces: str, **changes: Any) -> Callable[[str], Script]:
    """Answer every request with these pieces."""
    return lambda _: Script(pieces, **changes)


def in_turn(*scripts: Script) -> Callable[[str], Script]:
    """Answer the first request with the first script, and so on."""
    waiting = iter(scripts)
    return lambda _: next(waiting)


@contextmanager
def model_server(answer: Callable[[str], Script]) -> Iterator[ModelServer]:
    """Serve on a free port; `answer` gets all the text that a request brought."""
    state = ModelServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            state.requests.append(body)
            state.headers.append(dict(self.headers))
            script = answer("\n".join(_texts(body)))
            try:
                self._serve(script)
            except OSError:
                state.hung_up.set()
            self.close_connection = True

        def _serve(self, script: Script) -> None:
            if script.status != 200:
                self._refuse(script)
                return
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Connection", "close")
            self.end_headers()
            form = FORMS[_provider(self.path)]
            for event in form.begin(script):
                self._send(event)
            for i, piece in enumerate(_pieces(script)):
                if script.reset_after == i:
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    self.connection.close()
                    return
                if script.ends_after == i:
                    return
                self._send(form.text(piece))
                time.sleep(script.pause_seconds)
            for event in form.end(script):
                self._send(event)

        def _refuse(self, script: Script) -> None:
            problem = {"error": {"message": "no, and here is sk-secret", "type": "refused", "code": script.status}}
            content = json.dumps(problem).encode()
            self.send_response(script.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Retry-After", script.retry_after)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def _send(self, event: str) -> None:
            self.wfile.write(event.encode())
            self.wfile.flush()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _pieces(script: Script) -> Iterator[str]:
    yield from script.pieces
    while script.endless:
        yield script.pieces[-1]


def _provider(path: str) -> Provider:
    if path.endswith("/chat/completions"):
        return "openai"
    return "anthropic" if path.endswith("/messages") else "gemini"


def _texts(value: Any) -> Iterator[str]:
    """Every string of a request, in its order."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)


def _data(value: Any, event: str = "") -> str:
    return (f"event: {event}\n" if event else "") + f"data: {json.dumps(value)}\n\n"


class OpenAIForm:
    """Chat completion chunks."""

    def begin(self, script: Script) -> Iterator[str]:
        yield self._chunk({"role": "assistant", "content": ""})
        for thought in script.thoughts:
            yield self._chunk({"reasoning_content": thought})

    def text(self, piece: str) -> str:
        return self._chunk({"content": piece})

    def end(self, script: Script) -> Iterator[str]:
        yield self._chunk({}, "length" if script.cut else "stop")
        usage = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}
        yield _data({**self._head, "choices": [], "usage": usage})
        yield "data: [DONE]\n\n"

    _head: ClassVar[dict[str, Any]] = {"id": "c1", "object": "chat.completion.chunk", "created": 0, "model": "scripted"}

    def _chunk(self, delta: dict[str, Any], finish: str | None = None) -> str:
        return _data({**self._head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})


class AnthropicForm:
    """Message events, with one block of thinking and one of text."""

    def begin(self, script: Script) -> Iterator[str]:
        message = {
            "id": "m1",
            "type": "message",
            "role": "assistant",
            "model": "scripted",
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": {"input_tokens": 1000, "output_tokens": 1},
        }
        yield self._event("message_start", message=message)
        if script.thoughts:
            block = {"type": "thinking", "thinking": "", "signature": ""}
            yield self._event("content_block_start", index=0, content_block=block)
            for thought in script.thoughts:
                delta = {"type": "thinking_delta", "thinking": thought}
                yield self._event("content_block_delta", index=0, delta=delta)
            yield self._event("content_block_stop", index=0)
        yield self._event("content_block_start", index=1, content_block={"type": "text", "text": ""})

    def text(self, piece: str) -> str:
        return self._event("content_block_delta", index=1, delta={"type": "text_delta", "text": piece})

    def end(self, script: Script) -> Iterator[str]:
        for document in script.cited:
            citation = {
                "type": "char_location",
                "cited_text": "x",
                "document_index": document,
                "document_title": None,
                "file_id": None,
                "start_char_index": 0,
                "end_char_index": 1,
            }
            yield self._event("content_block_delta", index=1, delta={"type": "citations_delta", "citation": citation})
        yield self._event("content_block_stop", index=1)
        delta = {"stop_reason": "max_tokens" if script.cut else "end_turn", "stop_sequence": None}
        yield self._event("message_delta", delta=delta, usage={"output_tokens": 100})
        yield self._event("message_stop")

    def _event(self, kind: str, **fields: Any) -> str:
        return _data({"type": kind, **fields}, kind)


class GeminiForm:
    """Chunks of generated content."""

    def begin(self, script: Script) -> Iterator[str]:
        for thought in script.thoughts:
            yield self._chunk([{"text": thought, "thought": True}])

    def text(self, piece: str) -> str:
        return self._chunk([{"text": piece}])

    def end(self, script: Script) -> Iterator[str]:
        counted = {"promptTokenCount": 1000, "candidatesTokenCount": 60, "thoughtsTokenCount": 40}
        finish = "MAX_TOKENS" if script.cut else "STOP"
        yield self._chunk([{"text": ""}], finishReason=finish) + _data({"candidates": [], "usageMetadata": counted})

    def _chunk(self, parts: list[dict[str, Any]], **fields: Any) -> str:
        return _data({"candidates": [{"index": 0, "content": {"role": "model", "parts": parts}, **fields}]})


FORMS: dict[Provider, OpenAIForm | AnthropicForm | GeminiForm] = {
    "openai": OpenAIForm(),
    "anthropic": AnthropicForm(),
    "gemini": GeminiForm(),
}
