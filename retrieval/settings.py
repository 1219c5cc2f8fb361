"""Settings of retrieval: what compares the best passages with the query once more."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class RetrievalSettings(BaseSettings):
    """Read from `FOOTNOTE_*` variables or `.env`."""

    model_config = SettingsConfigDict(env_prefix="FOOTNOTE_", env_file=".env", env_ignore_empty=True, extra="ignore")

    reranker: str = Field(
        default="",
        description="A sentence-transformers cross-encoder for the best 50, folder or hub name; empty: token vectors.",
    )
