"""The bodies of the OpenAI-compatible endpoint; members that Footnote has no use for are ignored, as clients expect."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.asking_schemas import AnswerBody
from api.schemas import Line

MODEL_NAME = "footnote"


class TextPart(BaseModel):
    """A part of a message that is made of parts; only text is read."""

    type: str
    text: Annotated[str, StringConstraints(max_length=100_000)] = ""


class ChatMessage(BaseModel):
    """Something said in a chat; what the system says is not passed on, because Footnote's own prompt stands there."""

    model_config = ConfigDict(extra="ignore")

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: Annotated[str, StringConstraints(max_length=100_000)] | list[TextPart] | None = None

    @property
    def text(self) -> str:
        """The words, whichever way they came."""
        if isinstance(self.content, list):
            return "\n".join(part.text for part in self.content if part.type == "text")
        return self.content or ""


class StreamOptions(BaseModel):
    """What a stream is to end with."""

    model_config = ConfigDict(extra="ignore")

    include_usage: bool = False


class ChatBody(BaseModel):
    """A chat whose last message is the question; earlier ones are what it may refer to."""

    model_config = ConfigDict(extra="ignore")

    model: Line = Field(default=MODEL_NAME, examples=[MODEL_NAME])
    messages: list[ChatMessage] = Field(
        min_length=1, max_length=500, examples=[[{"role": "user", "content": "How many days of leave do I have?"}]]
    )
    stream: bool = False
    stream_options: StreamOptions | None = None


class ChatAnswer(BaseModel):
    """What the assistant says, with footnotes in the text."""

    role: Literal["assistant"] = "assistant"
    content: str
    refusal: None = None


class ChatChoice(BaseModel):
    """The one answer."""

    index: int = 0
    message: ChatAnswer
    finish_reason: Literal["stop"] = "stop"
    logprobs: None = None


class ChatUsage(BaseModel):
    """Tokens in and out; none where no language model wrote."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class ChatCompletion(BaseModel):
    """An answer in the form of OpenAI's API; `footnote` holds it whole, with claims, verdicts and citations."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int = Field(description="Seconds since 1970.")
    model: str
    choices: list[ChatChoice]
    usage: ChatUsage
    footnote: AnswerBody


class ModelItem(BaseModel):
    """A model that can be asked."""

    id: str
    object: Literal["model"] = "model"
    created: int = 0
    owned_by: str = "footnote"


class ModelList(BaseModel):
    """The models that can be asked: always the one."""

    object: Literal["list"] = "list"
    data: list[ModelItem]


def chunk(completion_id: str, created: int, delta: dict[str, Any], finish_reason: str | None = None) -> dict[str, Any]:
    """A piece of a streamed answer in the form of OpenAI's API."""
    return {
        "id": completion_id,
        "object": "chat.completion.chunk",
        "created": created,
        "model": MODEL_NAME,
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason, "logprobs": None}],
    }
