"""The bodies of requests and responses about documents, signing in and health, and what all bodies share."""

import datetime as dt
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints


def without_nul(text: str) -> str:
    """The text. Raises ValueError where it has a character that no database takes."""
    if "\x00" in text:
        raise ValueError("it has a NUL character; remove it")
    return text


Line = Annotated[str, AfterValidator(without_nul), StringConstraints(max_length=1000)]
Role = Literal["admin", "evaluator", "employee"]


class RequestBody(BaseModel):
    """A request's body; unknown members are an error, so that a typing mistake is not silently ignored."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=False)


class ProblemBody(BaseModel):
    """An error, as RFC 9457 has it."""

    type: str = Field(examples=["/problems/not-found"])
    title: str = Field(examples=["Not found"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["There is no such thing here, or you may not see it."])
    errors: list[dict[str, str]] | None = None


class SignInBody(RequestBody):
    """An e-mail address and a password."""

    email: Line = Field(examples=["ann@example.org"])
    password: Annotated[str, StringConstraints(max_length=4000)] = Field(examples=["correct horse battery"])


class PersonView(BaseModel):
    """A person as others see them."""

    email: str
    name: str
    roles: list[Role]


class SessionView(BaseModel):
    """Who is signed in, and what they count as."""

    user: PersonView
    principals: list[str]


class VersionView(BaseModel):
    """One content of a document."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    number: int
    sha256: str
    size_bytes: int
    n_pages: int
    n_passages: int
    created_at: dt.datetime
    published_at: dt.datetime | None


class VersionDetails(VersionView):
    """One content of a document, with how it ended; `current` is the one that search sees."""

    status: str
    error_class: str | None
    message: str | None
    filename: str
    media_type: str
    current: bool


class VersionList(BaseModel):
    """The versions of a document, newest first."""

    items: list[VersionDetails]


class Progress(BaseModel):
    """How far a running job is: `done` of `total` in this stage."""

    stage: str
    done: int
    total: int


class ParentView(BaseModel):
    """The document in which another one came."""

    id: str
    filename: str = Field(examples=["mail.eml"])


class AttachmentsView(BaseModel):
    """How far the documents are that came in a document, such as a mail or an archive."""

    model_config = ConfigDict(from_attributes=True)

    total: int
    searchable: int
    failed: int
    waiting: int


class DocumentView(BaseModel):
    """A document; `status` and `version` are those of its newest version, `current_version_id` is what search sees."""

    id: str
    title: str
    filename: str
    collection: str
    media_type: str
    status: str = Field(examples=["searchable"])
    error_class: str | None
    message: str | None
    version: VersionView
    current_version_id: str | None
    readers: list[str] | None = Field(default=None, description="Who may read it; shown to admins only.")
    progress: Progress | None
    parent: ParentView | None = Field(default=None, description="In which document it came; it has that one's readers.")
    attachments: AttachmentsView | None = Field(default=None, description="What came in it; `parent` lists them.")
    metadata: dict[str, str] = Field(description="What was said of it beyond its text; search filters by it.")
    dated_at: dt.datetime | None = Field(
        description="The date that search filters by: the last change that the file tells of, else its upload."
    )
    created_at: dt.datetime
    updated_at: dt.datetime
    can_read: bool


class UploadedDocument(DocumentView):
    """A document after an upload; `unchanged` means that this content was there already."""

    unchanged: bool


class DocumentList(BaseModel):
    """A page of documents, newest first; `total` counts what the filters leave of what the caller may see."""

    items: list[DocumentView]
    next_cursor: str | None
    total: int


class DocumentEdit(RequestBody):
    """What to change about a document."""

    title: Line | None = None
    collection: Line | None = None
    readers: list[Line] | None = Field(
        default=None, max_length=1000, examples=[["group:finance", "user:ann@example.org"]]
    )
    metadata: dict[Line, Line] | None = Field(
        default=None, max_length=50, examples=[{"team": "sales"}], description="Replaces all that was there."
    )


class PageView(BaseModel):
    """Text of a page around a span. `start` is the page's offset in the version's text, `text_start` that of `text`."""

    document_id: str
    version_id: str
    number: int
    label: str | None
    n_pages: int
    start: int
    n_chars: int
    text: str
    text_start: int
    heading: str
    has_image: bool
    width: float | None
    height: float | None


class BoxView(BaseModel):
    """A rectangle in fractions of the page, origin top left."""

    model_config = ConfigDict(from_attributes=True)

    left: float
    top: float
    right: float
    bottom: float


class PageBoxes(BaseModel):
    """Where a span is printed: one box a line."""

    page: int
    width: float | None
    height: float | None
    boxes: list[BoxView]


class CollectionCount(BaseModel):
    """A collection and how many of its documents the caller may see."""

    name: str
    documents: int


class CollectionList(BaseModel):
    """The collections that the caller may see, by name."""

    items: list[CollectionCount]


class Health(BaseModel):
    """Whether the process answers, and by name what works less well than it should."""

    status: Literal["ok"]
    version: str
    degraded: list[str]


class Readiness(BaseModel):
    """Whether everything answers, and what does not."""

    status: Literal["ready", "loading", "failing"]
    loading: list[str]
    message: str | None = None
