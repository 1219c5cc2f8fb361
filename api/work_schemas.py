"""Bodies about work on documents: how far uploads are, and what was erased."""

from pydantic import BaseModel, ConfigDict, Field


class UploadProgressView(BaseModel):
    """How far uploads are together, in files."""

    model_config = ConfigDict(from_attributes=True)

    queued: int
    running: int
    done: int
    failed: int
    cancelled: int
    files_per_second: float = Field(description="Over the last half minute.")
    seconds_left: float | None = Field(description="Estimated; null when nothing is left or it cannot be told.")


class ErasureView(BaseModel):
    """What was erased of a document and its attachments; originals that other documents share are kept."""

    model_config = ConfigDict(from_attributes=True)

    document_id: str
    documents: int
    versions: int
    passages: int
    vectors: int
    answers_changed: int = Field(description="Stored answers that lost what they took from it.")
    originals: int
    originals_shared: int = Field(description="Kept, because other documents have the same content.")
    page_images: int
    staged_files: int
    snapshots: int
    indexes_waiting: int = Field(description="Running processes that still hold index files with it.")
    database_cleaned: bool
    complete: bool = Field(description="Nothing of it is left in any file.")
