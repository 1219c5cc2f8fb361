"""A million passages on this machine, through the product's own path: `footnote bench scale`.

Documents with readers, passages and vectors are published in a database as ingestion publishes them; a replica opens on
it, and a person who may read some of it searches. Real vectors and many like them; the texts are sentences of SciFact.
Passages have no token vectors here, so that nothing is reranked.
"""

import hashlib
import resource
import sys
import tempfile
import time
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from evals.benchmark_rows import BenchmarkRow, benchmark_options, print_benchmark
from evals.knowledge_base import EVERYONE, load_own_embedder
from evals.real_vectors import RealVectors, read_claims, read_stretches, real_vectors
from ingest.database import Base, Database, record_change
from ingest.documents import set_readers
from ingest.embed import Embedder
from ingest.replica import Replica
from ingest.settings import IngestSettings
from ingest.tables import AclEntry, Document, Embedding, Passage, Version
from retrieval.search import Searcher

PASSAGES_PER_DOCUMENT = 20
DOCUMENTS_PER_COMMIT = 500
READERS = ("everyone", "group:a", "group:b", "group:c")
PERSON = EVERYONE | {"user:ann@example.org", "group:a"}
K = 10


def main(given: list[str] | None = None) -> None:
    """Publish, open, search, change, and print what each took."""
    parser = benchmark_options(__doc__)
    parser.add_argument("--rows", type=int, help="how many passages (1,000,000; quick: 60,000)")
    parser.add_argument("--real", type=int, help="how many of them have vectors of real text (6,000; quick: 600)")
    parser.add_argument("--changes", type=int, help="how many documents change (10,000; quick: 500)")
    parser.add_argument("--queries", type=int, help="how many searches are timed (300; quick: 50)")
    parser.add_argument("--folder", type=Path, help="keep the database here; a run that was stopped goes on with it")
    options = parser.parse_args(given)
    n_rows = options.rows or (60_000 if options.quick else 1_000_000)
    embedder = load_own_embedder(IngestSettings())
    vectors = real_vectors(embedder, options.data, n_rows, options.real or (600 if options.quick else 6_000))
    texts = read_stretches(options.data, 20_000)
    with tempfile.TemporaryDirectory(prefix="footnote-") as folder:
        rows = list(measure(options.folder or Path(folder), embedder, vectors, texts, options))
    print_benchmark("scale", rows, as_json=options.json)


def measure(
    folder: Path, embedder: Embedder, vectors: RealVectors, texts: Sequence[str], options: Namespace
) -> Iterator[BenchmarkRow]:
    """The life of a large collection, step by step."""
    n_rows = len(vectors.rows)
    folder.mkdir(parents=True, exist_ok=True)
    database = Database(f"sqlite:///{folder / 'footnote.db'}")
    Base.metadata.create_all(database.engine)
    seconds = _taken(lambda: publish(database, embedder.model_id, vectors, texts))
    yield BenchmarkRow(f"publishing {n_rows} passages in SQL, s", seconds)
    replica = Replica(folder / "indexes", embedder.model_id, embedder.dimension)
    yield BenchmarkRow("building both indexes from SQL, s", _taken(lambda: _open(database, replica)))
    yield BenchmarkRow("writing the snapshot, s", _taken(replica.snapshot))
    replica.close()
    replica = Replica(folder / "indexes", embedder.model_id, embedder.dimension)
    yield BenchmarkRow("opening the snapshot, s", _taken(lambda: _open(database, replica)))
    yield BenchmarkRow(f"peak memory, GB ({replica.stats().vector_index})", _peak_gigabytes())
    claims = read_claims(options.data)[: options.queries or (50 if options.quick else 300)]
    searcher = Searcher(replica, embedder)
    yield from _latencies("", database, searcher, claims)
    n_changes = min(options.changes or (500 if options.quick else 10_000), n_rows // PASSAGES_PER_DOCUMENT)
    change(database, n_changes)
    yield BenchmarkRow(
        f"catching up with {n_changes} changed documents, s", _taken(lambda: _catch_up(database, replica))
    )
    change(database, 1)
    yield BenchmarkRow("catching up with one changed document, ms", 1000 * _taken(lambda: _catch_up(database, replica)))
    yield from _latencies(" after the changes", database, searcher, claims)
    replica.close()
    database.close()


def publish(database: Database, model_id: str, vectors: RealVectors, texts: Sequence[str]) -> None:
    """Documents of `PASSAGES_PER_DOCUMENT` passages with readers by turns, in the tables that ingestion writes.

    What is there already is left as it is, so that a run that was stopped goes on.
    """
    n_documents = -(-len(vectors.rows) // PASSAGES_PER_DOCUMENT)
    with database.read() as session:
        n_there = session.scalar(select(func.count()).select_from(Document)) or 0
    for first in range(n_there, n_documents, DOCUMENTS_PER_COMMIT):
        with database.write() as session:
            _publish(session, model_id, range(first, min(n_documents, first + DOCUMENTS_PER_COMMIT)), vectors, texts)


def change(database: Database, n_documents: int) -> None:
    """Change documents, spread over all: a third loses its last passage, a third its readers, a third is removed."""
    with database.read() as session:
        ids = list(session.scalars(select(Document.id).where(Document.current_version_id.is_not(None))))
    for first in range(0, n_documents, DOCUMENTS_PER_COMMIT):
        with database.write() as session:
            for place in range(first, min(n_documents, first + DOCUMENTS_PER_COMMIT)):
                document_id = ids[place * len(ids) // n_documents]
                CHANGES[place % len(CHANGES)](session, document_id)


def _lose_passage(session: Session, document_id: str) -> None:
    version = select(Document.current_version_id).where(Document.id == document_id).scalar_subquery()
    session.execute(delete(Passage).where(Passage.version_id == version, Passage.ordinal == PASSAGES_PER_DOCUMENT - 1))
    record_change(session, "publish", document_id)


def _change_readers(session: Session, document_id: str) -> None:
    set_readers(session, document_id, [READERS[1]])


def _remove(session: Session, document_id: str) -> None:
    session.execute(delete(Document).where(Document.id == document_id))
    record_change(session, "withdraw", document_id)


CHANGES: tuple[Callable[[Session, str], None], ...] = (_lose_passage, _change_readers, _remove)


def _publish(session: Session, model_id: str, numbers: range, vectors: RealVectors, texts: Sequence[str]) -> None:
    """Publish the documents with these numbers, each with its change."""
    ids = {number: (f"{number:032x}", f"{number + (1 << 64):032x}") for number in numbers}
    passages, embeddings = [], []
    for number, (_, version_id) in ids.items():
        begin = number * PASSAGES_PER_DOCUMENT
        for i, row in enumerate(vectors.rows[begin : begin + PASSAGES_PER_DOCUMENT]):
            text = f"{texts[(number + i * 997) % len(texts)]} ({number}.{i})"
            key = hashlib.sha256(text.encode()).hexdigest()
            place = {"version_id": version_id, "ordinal": i, "page": 1, "start": 0, "end": len(text)}
            passages.append({**place, "heading": "", "text": text, "embedding_hash": key})
            embeddings.append({"model_id": model_id, "text_hash": key, "vector": row.tobytes()})
    documents = []
    for number, (own, version) in ids.items():
        facts = {"collection": "default", "source": own, "filename": own, "title": f"Document {number}", "details": {}}
        documents.append({**facts, "id": own, "current_version_id": version})
    session.execute(insert(Document), documents)
    entries = [{"document_id": own, "principal": READERS[n % len(READERS)]} for n, (own, _) in ids.items()]
    session.execute(insert(AclEntry), entries)
    same = {"number": 1, "sha256": "", "size_bytes": 1, "filename": "", "status": "searchable", "language": "en"}
    session.execute(insert(Version), [{**same, "id": version, "document_id": own} for own, version in ids.values()])
    session.execute(insert(Passage), passages)
    session.execute(insert(Embedding), sorted(embeddings, key=lambda embedding: embedding["text_hash"]))
    for own, _ in ids.values():
        record_change(session, "publish", own)


def _latencies(when: str, database: Database, searcher: Searcher, claims: Sequence[str]) -> Iterator[BenchmarkRow]:
    """The time of whole searches: catching up, rights, both searches, fusion, and loading the text."""
    taken = []
    for claim in claims:
        started = time.perf_counter()
        with database.read() as session:
            searcher.search(session, claim, PERSON, K)
        taken.append(1000 * (time.perf_counter() - started))
    for share in (50, 95):
        yield BenchmarkRow(f"search p{share}{when}, ms", float(np.percentile(taken, share)))


def _open(database: Database, replica: Replica) -> None:
    with database.read() as session:
        replica.open(session)


def _catch_up(database: Database, replica: Replica) -> None:
    with database.read() as session:
        replica.catch_up(session)


def _taken(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    seconds = time.perf_counter() - started
    sys.stderr.write(f"{seconds:.1f} s\n")
    return seconds


def _peak_gigabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


if __name__ == "__main__":
    main()
