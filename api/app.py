"""create_app: the HTTP application, from its parts."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.body_limit import BodyLimit
from api.headers import SecurityHeaders
from api.problems import NOT_FOUND, NOT_FOUND_DETAIL, Problem, add_handlers, problem_of, problem_response
from api.routes import (
    answers,
    chat,
    collections,
    content,
    conversations,
    document_events,
    documents,
    groups,
    health,
    keys,
    pages,
    search,
    session,
    users,
)
from api.runtime import AppParts, Runtime
from api.schemas import ProblemBody

logger = logging.getLogger(__name__)

ROUTERS = (
    health.router,
    session.router,
    search.router,
    answers.router,
    conversations.router,
    chat.router,
    document_events.router,
    documents.router,
    content.router,
    collections.router,
    users.router,
    groups.router,
    keys.router,
    pages.router,
)


def create_app(parts: AppParts) -> FastAPI:
    """The application over its parts; it starts to load the search when the server starts it."""
    runtime = Runtime(parts)

    @asynccontextmanager
    async def run_parts(app: FastAPI) -> AsyncIterator[None]:  # noqa: ARG001 (the form that FastAPI calls)
        runtime.start()
        try:
            yield
        finally:
            runtime.stop()

    app = FastAPI(
        title="Footnote",
        summary="Answers from a company's own documents, every sentence with a checked citation.",
        lifespan=run_parts,
        docs_url=None,
        redoc_url=None,
        responses={"4XX": {"model": ProblemBody, "description": "A problem (RFC 9457)."}},
        middleware=[
            Middleware(SecurityHeaders),
            Middleware(LastResort),
            Middleware(BodyLimit, max_upload_bytes=parts.max_upload_bytes),
        ],
    )
    app.state.runtime = runtime
    add_handlers(app)
    for router in ROUTERS:
        app.include_router(router)
    app.mount("/assets", Assets(directory=pages.WEB / "assets", check_dir=False))
    return app


class Assets(StaticFiles):
    """The page's modules and styles; browsers ask each time whether they changed."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a file with `Cache-Control: no-cache`."""

        async def send_with_header(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"].append((b"cache-control", b"no-cache"))
            await send(message)

        await super().__call__(scope, receive, send_with_header)


class LastResort:
    """ASGI middleware: an error that nothing foresaw is logged with its traceback and answered without it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; answer 500 when it fails before its response began."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if "\x00" in scope["path"] or b"%00" in scope["query_string"]:
            await problem_response(Problem(NOT_FOUND, NOT_FOUND_DETAIL))(scope, receive, send)
            return
        started = False

        async def send_and_note(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        except ClientDisconnect:
            logger.info("the client went away during %s %s", scope["method"], scope["path"])
        except Exception as error:
            logger.exception("%s %s failed", scope["method"], scope["path"])
            if started:
                raise
            await problem_response(problem_of(error))(scope, receive, send)
