"""Settings of answering: which model writes answers, how it is reached, and what is done with what it cannot show."""

from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class GenerationSettings(BaseSettings):
    """Read from `FOOTNOTE_*` variables or `.env`; the default needs no model server and no key."""

    model_config = SettingsConfigDict(env_prefix="FOOTNOTE_", env_file=".env", env_ignore_empty=True, extra="ignore")

    model: str = Field(
        default="extractive",
        description="What writes answers, as `provider` or `provider:name`; several with > between are asked in turn.",
    )
    model_url: str = Field(
        default="",
        description="URL of a server with the provider's API, such as http://localhost:8000/v1; empty: the provider's.",
    )
    model_key: SecretStr = Field(
        default=SecretStr(""),
        description="Key of the provider; where a cascade needs several, `provider=key` with commas between.",
    )
    model_temperature: float | None = Field(
        default=None, ge=0, le=2, description="How freely a model chooses words, 0 to 2; empty leaves it to the model."
    )
    model_top_p: float | None = Field(
        default=None,
        gt=0,
        le=1,
        description="Share of likely words to choose from; empty leaves it to the model.",
    )
    model_top_k: int | None = Field(
        default=None, ge=1, description="Number of likely words to choose from; empty leaves it to the model."
    )
    model_seed: int | None = Field(
        default=None, description="Seed of a model's choices, for providers that take one; empty for none."
    )
    model_max_tokens: int = Field(
        default=1024, ge=16, description="Longest answer of a model, in tokens, its thinking included."
    )
    model_context_tokens: int = Field(
        default=8192, ge=1024, description="What a model reads and writes at most for one answer, in tokens."
    )
    model_timeout_seconds: float = Field(
        default=60.0, gt=0, description="An answer's model calls end after this time, retries included, in seconds."
    )
    model_prices: str = Field(
        default="", description="File of prices in the form of `generation/prices.toml`; empty means that file."
    )
    prompt: str = Field(
        default="",
        description="Prompt file for language models: a name in `generation/prompts` or a path; empty: the provider's.",
    )
    verify: Literal["flag", "strict", "repair"] = Field(
        default="flag",
        description="Unsupported sentences: flag shows them as such, strict removes them, repair has them rewritten.",
    )
    answer_length: Literal["short", "normal", "long"] = Field(
        default="short", description="Length of an answer unless the question says: short, normal or long."
    )
