"""Settings of answering: which model writes answers, and how long an answer is unless the asker says."""

from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class GenerationSettings(BaseSettings):
    """Read from `FOOTNOTE_*` variables or `.env`; the default needs no model server and no key."""

    model_config = SettingsConfigDict(env_prefix="FOOTNOTE_", env_file=".env", env_ignore_empty=True, extra="ignore")

    model: str = Field(default="extractive", description="What writes answers, as `provider` or `provider:name`.")
    answer_length: Literal["short", "normal", "long"] = Field(
        default="short", description="Length of an answer unless the question says: short, normal or long."
    )
