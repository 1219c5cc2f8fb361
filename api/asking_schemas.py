"""The bodies of requests and responses about searching, answers and feedback."""

import datetime as dt
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from api.schemas import Line, RequestBody, without_nul

MAX_QUESTION_CHARS = 2000


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("it is empty; write something")
    return text


Question = Annotated[
    str,
    AfterValidator(without_nul),
    AfterValidator(_not_blank),
    StringConstraints(max_length=MAX_QUESTION_CHARS),
]


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
    comment: Annotated[str, AfterValidator(without_nul), StringConstraints(max_length=4000)] = ""
    claim: int | None = Field(default=None, ge=0, le=10_000, description="The claim that is meant, from 0; else all.")


class FeedbackView(BaseModel):
    """What was kept."""

    rating: Literal["up", "down"]
    comment: str
    claim: int | None = None
