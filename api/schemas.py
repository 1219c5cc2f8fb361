"""The bodies of requests and responses about documents, search and answers."""

import datetime as dt
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

MAX_QUESTION_CHARS = 2000


def _without_nul(text: str) -> str:
    if "\x00" in text:
        raise ValueError("it has a NUL character; remove it")
    return text


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("it is empty; write something")
    return text


Line = Annotated[str, AfterValidator(_without_nul), StringConstraints(max_length=1000)]
Question = Annotated[
    str,
    AfterValidator(_without_nul),
    AfterValidator(_not_blank),
    StringConstraints(max_length=MAX_QUESTION_CHARS),
]
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


class FiltersBody(RequestBody):
    """What a document must be to be searched: every filter that is given must hold."""

    collections: list[Line] = Field(default=[], max_length=100, description="Any of these.")
    file_types: list[Line] = Field(
        default=[], max_length=100, examples=[["pdf", "docx"]], description="Any of these kinds, or media types."
    )
    metadata: dict[Line, Line | list[Line]] = Field(
        default={}, max_length=100, examples=[{"team": "sales"}], description="For each key its value, or any of them."
    )
    dated_from: dt.date | None = Field(default=None, description="First day, in UTC, of the document's date.")
    dated_until: dt.date | None = Field(default=None, description="Last day, in UTC, of the document's date.")


class SearchBody(RequestBody):
    """What to find."""

    query: Question = Field(examples=["How many days of leave do I have?"])
    k: int = Field(default=10, ge=1, le=100, description="How many hits at most.")
    collection: Line | None = Field(default=None, description="Short for `filters` with this one collection.")
    filters: FiltersBody | None = None
    mode: Literal["hybrid", "vector", "keyword"] = Field(default="hybrid", description="Both searches, or one alone.")
    fusion: Literal["mean", "rrf"] = Field(default="mean", description="How the two are merged; `rrf` to compare.")
    rerank: bool = Field(default=True, description="Compare the best once more, in hybrid search.")
    group: Literal["passage", "page", "document"] = Field(default="passage", description="One hit of each of these.")
    collapse: bool = Field(default=True, description="List passages that say the same under the best of them.")
    merge_neighbours: bool = Field(default=False, description="Join found passages that follow each other on a page.")
    explain: bool = Field(default=False, description="Add each stage's score and rank to the hits.")


class PlaceView(BaseModel):
    """Where a passage stands that says the same as a hit."""

    model_config = ConfigDict(from_attributes=True)

    passage_id: int
    document_id: str
    version_id: str
    title: str
    filename: str
    collection: str
    page: int
    start: int
    end: int


class StageView(BaseModel):
    """What a stage made of a passage: `keyword`, `vector`, `fused`, `maxsim` or `cross_encoder`, and `final`."""

    model_config = ConfigDict(from_attributes=True)

    stage: str
    score: float
    rank: int


class HitView(BaseModel):
    """A passage that was found; `start` and `end` are characters in the version's text."""

    model_config = ConfigDict(from_attributes=True)

    passage_id: int
    document_id: str
    version_id: str
    version_sha256: str
    title: str
    filename: str
    collection: str
    page: int
    start: int
    end: int
    heading: str
    text: str
    score: float
    rank: int
    vector_score: float | None
    keyword_score: float | None
    duplicates: list[PlaceView] = Field(default=[], description="Readable passages that say the same.")
    explanation: list[StageView] = Field(default=[], description="The stages in their order, with `explain`.")


class SearchResult(BaseModel):
    """The hits of a query, best first, and by name what makes them less than they could be."""

    query: str
    hits: list[HitView]
    degraded: list[str]


class QuestionBody(RequestBody):
    """A question; with `stream` the answer comes as events."""

    question: Question = Field(examples=["How many days of leave do I have?"])
    stream: bool = False
    collection: Line | None = Field(default=None, description="Short for `filters` with this one collection.")
    filters: FiltersBody | None = None
    length: Literal["short", "normal", "long"] | None = None
    conversation_id: Line | None = Field(
        default=None, description="The question may refer to those asked there before."
    )
    fresh: bool = Field(default=False, description="Write anew, even where the same answer was given before.")


class CitationBody(BaseModel):
    """Where a claim is found; `quote` is the version's text from `start` to `end` (characters)."""

    document_id: str
    version_id: str
    version_sha256: str
    title: str
    filename: str
    page: int
    start: int
    end: int
    quote: str
    score: float


class ClaimBody(BaseModel):
    """One sentence of an answer; `start` and `end` are its characters in the answer's text."""

    text: str
    start: int
    end: int
    verdict: Literal["supported", "partly", "unsupported", "uncited"]
    citations: list[CitationBody]


class UsageBody(BaseModel):
    """What a model call took: tokens in and out, and cost in US dollars."""

    prompt_tokens: int
    completion_tokens: int
    cost: float


class AnswerBody(BaseModel):
    """An answer, every sentence with its citations."""

    id: str
    question: str
    query: str
    text: str
    abstained: bool
    claims: list[ClaimBody]
    hits: list[HitView]
    model: str
    usage: UsageBody
    timings_ms: dict[str, float]
    degraded: list[str]
    conversation_id: str | None = None


class HistoryItem(BaseModel):
    """A question that the caller asked."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    question: str
    abstained: bool
    created_at: dt.datetime


class History(BaseModel):
    """A page of the caller's questions, newest first."""

    items: list[HistoryItem]
    next_cursor: str | None


class FeedbackBody(RequestBody):
    """What the asker thinks of an answer."""

    rating: Literal["up", "down"]
    comment: Annotated[str, AfterValidator(_without_nul), StringConstraints(max_length=4000)] = ""
    claim: int | None = Field(default=None, ge=0, le=10_000, description="The claim that is meant, from 0; else all.")


class FeedbackView(BaseModel):
    """What was kept."""

    rating: Literal["up", "down"]
    comment: str
    claim: int | None = None


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
