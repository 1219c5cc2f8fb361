"""Settings of ingestion: where data lives, which embedding model, and the limits on a file."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from ingest.batch_vectors import PrecisionChoice
from ingest.device import DeviceChoice
from ingest.web import WebPolicy


class IngestSettings(BaseSettings):
    """Read from `FOOTNOTE_*` variables or `.env`; every default runs on a laptop."""

    model_config = SettingsConfigDict(env_prefix="FOOTNOTE_", env_file=".env", env_ignore_empty=True, extra="ignore")

    data_dir: Path = Field(default=Path("footnote-data"), description="Folder of the database, originals and indexes.")
    database_url: str = Field(
        default="",
        description="SQLAlchemy URL; empty means SQLite in the data folder. PostgreSQL: postgresql+psycopg://…",
    )
    embedding_model: str = Field(
        default="all-MiniLM-L6-v2",
        description="First embedding model: bundled name, hub name or folder; `footnote reembed` changes it later.",
    )
    embedding_precision: PrecisionChoice = Field(
        default="auto",
        description="How the model computes: int8, bf16 or f32; auto is bf16 on a GPU or a CPU with AMX, else int8.",
    )
    originals_url: str = Field(
        default="",
        description="Where uploaded files are kept, such as s3://bucket/folder; empty: in the data folder.",
    )
    max_upload_bytes: int = Field(default=100_000_000, description="Largest accepted file, in bytes.")
    min_free_bytes: int = Field(
        default=200_000_000, description="Uploads are refused below this much free space, in bytes."
    )
    ocr_languages: str = Field(
        default="eng",
        description="Languages of text in pictures, by Tesseract's names with + between, such as eng+deu.",
    )
    device: DeviceChoice = Field(
        default="auto",
        description="What embeds and searches vectors: auto takes an NVIDIA GPU where there is one, cpu, or cuda.",
    )
    url_allow: str = Field(
        default="",
        description="Hosts whose pages may be ingested, separated by commas: docs.example.org, *.example.org.",
    )
    url_allow_private: str = Field(
        default="", description="Hosts that may be fetched although they are in a private network: wiki.internal."
    )
    model_cache: str = Field(
        default="",
        description="Folder of converted models, which data folders may share; empty means in the data folder.",
    )

    @property
    def resolved_database_url(self) -> str:
        """The database URL, with SQLite in the data folder as the default."""
        return self.database_url or f"sqlite:///{(self.data_dir / 'footnote.db').resolve()}"

    @property
    def web_policy(self) -> WebPolicy:
        """Which web addresses may be fetched."""
        return WebPolicy(_names(self.url_allow), _names(self.url_allow_private), max_bytes=self.max_upload_bytes)

    @property
    def models_folder(self) -> Path:
        """Where converted models are kept: the cache that was set, else the data folder."""
        return Path(self.model_cache) if self.model_cache else self.data_dir / "models"


def _names(text: str) -> frozenset[str]:
    """The names of a list that is separated by commas."""
    return frozenset(name.strip() for name in text.split(",") if name.strip())
