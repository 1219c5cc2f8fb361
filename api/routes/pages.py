"""The page's shell: server-rendered HTML around the ES modules in `api/web`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated
from urllib.parse import quote, urlsplit

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from fastapi.templating import Jinja2Templates

from api.handbook_questions import sample_questions
from api.policies import RuntimeDep, VisitorDep
from api.sign_in import Caller

router = APIRouter(include_in_schema=False)

WEB = Path(__file__).parent.parent / "web"
TEMPLATES = Jinja2Templates(directory=WEB / "templates")


@router.get("/")
def ask(request: Request, caller: VisitorDep, runtime: RuntimeDep) -> Response:
    """Ask questions and open what the answers cite."""
    samples: list[str] = []
    if caller is not None:
        with runtime.database.read() as session:
            samples = sample_questions(session, caller.principals)
    return _page(request, caller, "ask", samples)


@router.get("/documents")
def documents(request: Request, caller: VisitorDep) -> Response:
    """The documents that the caller may know of."""
    return _page(request, caller, "documents")


@router.get("/people")
def people(request: Request, caller: VisitorDep) -> Response:
    """Users and groups, for admins; others go to the start."""
    if caller is not None and not caller.is_admin:
        return RedirectResponse("/", status_code=303)
    return _page(request, caller, "people")


@router.get("/sign-in")
def sign_in(request: Request, caller: VisitorDep, next: Annotated[str, Query()] = "/") -> Response:
    """Sign in and go on to `next`."""
    target = safe_target(next)
    if caller is not None:
        return RedirectResponse(target, status_code=303)
    return TEMPLATES.TemplateResponse(request, "sign_in.html", {"user": None, "page": "sign_in", "next": target})


def safe_target(target: str) -> str:
    """A path on this server; everything else, such as another site's address in any spelling, becomes the start."""
    try:
        parts = urlsplit(target)
    except ValueError:
        return "/"
    inside = target.startswith("/") and not target.startswith("//") and not parts.scheme and not parts.netloc
    return target if inside and "\\" not in target and target.isprintable() else "/"


def _page(request: Request, caller: Caller | None, page: str, samples: Sequence[str] = ()) -> Response:
    if caller is None:
        path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/sign-in?next={quote(path, safe='/')}", status_code=303)
    user = {"email": caller.email, "name": caller.name, "roles": list(caller.roles)}
    return TEMPLATES.TemplateResponse(
        request, f"{page}.html", {"user": user, "page": page, "sample_questions": samples}
    )
