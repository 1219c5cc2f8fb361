"""Erasing a document together with what stored answers took from it."""

from dataclasses import asdict, dataclass

from generation.record import forget_document, forget_removed_documents
from ingest.database import Database
from ingest.erasure import erase_files, erase_rows, whole_family
from ingest.storage import DataFolder, Originals

WAIT_SECONDS = 60.0


@dataclass(frozen=True)
class Erasure:
    """What was erased; `complete` means that nothing is left to wait for."""

    document_id: str
    documents: int
    versions: int
    passages: int
    vectors: int
    answers_changed: int
    originals: int
    originals_shared: int
    page_images: int
    staged_files: int
    snapshots: int
    indexes_waiting: int
    database_cleaned: bool

    @property
    def complete(self) -> bool:
        """Whether no file of Footnote's holds anything of the document any more."""
        return self.indexes_waiting == 0 and self.database_cleaned


def erase_document(
    database: Database,
    folder: DataFolder,
    originals: Originals,
    document_id: str,
    *,
    wait_seconds: float = WAIT_SECONDS,
) -> Erasure:
    """Erase a document and its attachments, wherever Footnote keeps something of them. Commits.

    Search stops finding it with the commit; running servers are given `wait_seconds` to rebuild their index files.

    Raises:
        NotFound: there is no such document.
    """
    with database.write() as session:
        answers = sum(forget_document(session, member) for member in whole_family(session, document_id))
        rows = erase_rows(session, document_id)
        answers += forget_removed_documents(session)
    files = erase_files(database, folder, originals, rows.hashes, wait_seconds=wait_seconds)
    counts = {name: value for name, value in asdict(rows).items() if name != "hashes"}
    return Erasure(document_id=document_id, answers_changed=answers, **counts, **asdict(files))
