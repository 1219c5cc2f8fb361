"""How fast files become searchable, beside LangChain, LlamaIndex and Haystack as they come: `footnote bench ingest`.

The same PDF and Markdown files and the same MiniLM weights on both sides, from the file to the first search; models are
loaded before the clock starts. The peers need the extra `peers` in an environment of its own, named by
`--peers-python`: their pins contradict the product's. Ours is the median of three runs, a peer's one run.
"""

import argparse
import io
import json
import resource
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pypdf import PdfReader, PdfWriter
from sqlalchemy import func, select

from evals import ingest_peers
from evals.benchmark_rows import BenchmarkRow, benchmark_options, print_benchmark
from evals.knowledge_base import EVERYONE, KnowledgeBase, load_own_embedder, temporary_knowledge_base
from ingest.documents import add_version
from ingest.embed import Embedder
from ingest.jobs import INTERACTIVE
from ingest.model_files import find_model_files
from ingest.settings import IngestSettings
from ingest.tables import Version
from ingest.worker import run_worker

ROUNDS = 3
BACKFILL_PASSAGES = 10_000
PDF_PAGES = 50
UPLOADS = 10
GOAL_DOCUMENTS, GOAL_UNCHANGED, GOAL_WHOLE_SECONDS = 6.0, 100.0, 240.0
GOAL_FIRST_HIT_SECONDS, GOAL_FIRST_HIT = 1.0, 20.0


@dataclass(frozen=True)
class Ingested:
    """What one run took, and what came of it."""

    seconds: float
    unchanged_seconds: float
    n_passages: int
    n_pages: int


def main(given: list[str] | None = None) -> None:
    """Print documents and pages a second, unchanged files, the wait of an upload during a backfill, and memory."""
    options = _options().parse_args(given)
    settings = IngestSettings()
    embedder = load_own_embedder(settings)
    embedder.embed_query("warm")
    paths = benchmark_files(options.data, quick=options.quick)
    ours = [ingest_once(embedder, paths) for _ in range(1 if options.quick else ROUNDS)]
    memory_mb = _memory_mb()
    peers = _run_peers(options.peers_python, settings.embedding_model, paths)
    rows = [*_throughput_rows(ours, peers, len(paths)), *_first_hit_rows(embedder, options.data, peers, options.quick)]
    if not options.quick:
        rows.append(_whole_row(embedder, options.data))
    print_benchmark("ingest", [*rows, *_memory_rows(memory_mb, peers)], as_json=options.json)
    if not peers:
        sys.stderr.write(
            "No peer was measured. Make an environment for them (python -m venv PEERS; PEERS/bin/pip install "
            "'footnote[peers]', or the packages that the extra names) and give --peers-python PEERS/bin/python.\n"
        )


def _options() -> argparse.ArgumentParser:
    parser = benchmark_options(__doc__)
    parser.add_argument("--peers-python", type=Path, help="interpreter of an environment with the extra `peers`")
    return parser


def benchmark_files(data: Path, *, quick: bool) -> list[Path]:
    """The Markdown files of the 18F handbook and the PDFs of Contoso; few of them in the quick version."""
    pages = sorted((data / "kb-18f-handbook" / "docs").rglob("*.md"))
    pdfs = sorted((data / "contoso-hr-pdf" / "pdfs").glob("*.pdf"))
    return [*pages[:40], *pdfs[-2:]] if quick else [*pages, *pdfs]


def ingest_once(embedder: Embedder, paths: Sequence[Path]) -> Ingested:
    """Make files searchable in an empty knowledge base, and then send the same files again."""
    with temporary_knowledge_base(embedder) as base:
        base.ingestion.sandbox.isolation()  # starts the processes that parse, as a worker has
        started = time.perf_counter()
        _add(base, paths)
        base.work()
        _search(base, ingest_peers.QUERY)
        seconds = time.perf_counter() - started
        started = time.perf_counter()
        _add(base, paths)
        base.work()
        unchanged = time.perf_counter() - started
        with base.database.read() as session:
            counts = select(func.sum(Version.n_passages), func.sum(Version.n_pages)).where(
                Version.status == "searchable"
            )
            n_passages, n_pages = session.execute(counts).one()
    return Ingested(seconds, unchanged, int(n_passages or 0), int(n_pages or 0))


def _add(base: KnowledgeBase, paths: Sequence[Path]) -> None:
    for path in paths:
        base.add(path.read_bytes(), f"{path.parent.name}/{path.name}")


def _search(base: KnowledgeBase, query: str) -> bool:
    """Whether a search finds anything, after the indexes have caught up."""
    with base.database.read() as session:
        return bool(base.searcher.search(session, query, EVERYONE, k=5))


def _run_peers(interpreter: Path | None, model: str, paths: Sequence[Path]) -> dict[str, dict[str, float]]:
    """Each peer's figures, by its name; none without an interpreter."""
    if interpreter is None:
        return {}
    folder = str(find_model_files(model).folder.resolve())
    figures: dict[str, dict[str, float]] = {}
    for name in ingest_peers.PEERS:
        done = subprocess.run(  # noqa: S603 (the interpreter that was named, and our own script)
            [str(interpreter), ingest_peers.__file__, name, folder],
            input="\n".join(str(path.resolve()) for path in paths),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            sys.stderr.write(f"{name} could not be measured:\n{done.stderr[-2000:]}\n")
            continue
        figures[name] = json.loads(done.stdout.splitlines()[-1])
    return figures


def _throughput_rows(ours: Sequence[Ingested], peers: dict[str, dict[str, float]], n: int) -> Iterator[BenchmarkRow]:
    seconds = statistics.median(run.seconds for run in ours)
    unchanged = statistics.median(run.unchanged_seconds for run in ours)
    yield BenchmarkRow(f"documents/s, {n} files, {ours[0].n_passages} passages", n / seconds)
    for name, figures in peers.items():
        ratio = figures["seconds"] / seconds
        what = f"documents/s, {figures['passages']:.0f} passages of theirs"
        yield BenchmarkRow(
            what, n / seconds, n / figures["seconds"], name, ratio, GOAL_DOCUMENTS, ratio >= GOAL_DOCUMENTS
        )
    yield BenchmarkRow("pages/s", ours[0].n_pages / seconds)
    yield BenchmarkRow("passages/s", ours[0].n_passages / seconds)
    yield BenchmarkRow("documents/s of unchanged files", n / unchanged)
    for name, figures in peers.items():
        ratio = figures["seconds"] / unchanged
        yield BenchmarkRow(
            "documents/s of unchanged files", n / unchanged, n / figures["seconds"], name, ratio, GOAL_UNCHANGED,
            ratio >= GOAL_UNCHANGED,
        )  # fmt: skip


def _first_hit_rows(
    embedder: Embedder, data: Path, peers: dict[str, dict[str, float]], quick: bool
) -> Iterator[BenchmarkRow]:
    """The wait for the first hit of an uploaded PDF while a backfill is worked on; a peer's from its own rate."""
    n_backfill = BACKFILL_PASSAGES // 10 if quick else BACKFILL_PASSAGES
    waits = sorted(_waits_during_backfill(embedder, data, n_backfill, n_uploads=3 if quick else UPLOADS))
    p95 = waits[min(len(waits) - 1, int(0.95 * len(waits)))]
    what = f"seconds from upload to first hit, {PDF_PAGES}-page PDF during {n_backfill} passages"
    met = p95 <= GOAL_FIRST_HIT_SECONDS
    yield BenchmarkRow(f"{what}, p50", statistics.median(waits))
    yield BenchmarkRow(f"{what}, p95", p95, goal=GOAL_FIRST_HIT_SECONDS, met=met)
    for name, figures in peers.items():
        queued = n_backfill * figures["seconds"] / figures["passages"] / 2
        yield BenchmarkRow(
            f"{what}, p95; theirs behind half of it at its rate", p95, queued, name, queued / p95, GOAL_FIRST_HIT,
            queued / p95 >= GOAL_FIRST_HIT,
        )  # fmt: skip


def _waits_during_backfill(embedder: Embedder, data: Path, n_passages: int, *, n_uploads: int) -> list[float]:
    """Seconds from an interactive upload until a word of its own is found, again and again during a backfill."""
    template = next(path for path in sorted((data / "kg-rag-sec-10-q" / "pdfs").glob("*.pdf")))
    stop, waits = threading.Event(), []
    with temporary_knowledge_base(embedder) as base:
        _fill_queue(base, data, n_passages)
        worker = threading.Thread(target=run_worker, args=(base.ingestion, stop), name="worker")
        worker.start()
        try:
            for number in range(n_uploads):
                time.sleep(1)
                word = f"quokka{number:05d}x"
                waits.append(_wait_for(base, word, pdf_with(template, word)))
        finally:
            stop.set()
            worker.join()
    return waits


def _fill_queue(base: KnowledgeBase, data: Path, n_passages: int) -> None:
    """Queue abstracts of SciFact, twenty to a document, until they make at least `n_passages` passages."""
    with (data / "scifact" / "corpus.jsonl").open(encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] for line in lines]
    for number in range(n_passages // 40):
        abstracts = [texts[i % len(texts)] + f" Copy {i}." for i in range(number * 20, number * 20 + 20)]
        base.add("\n\n".join(abstracts).encode(), f"backfill-{number}.md")


def pdf_with(template: Path, word: str) -> bytes:
    """A PDF of `PDF_PAGES` pages of the template, and before them one with a word of its own."""
    writer = PdfWriter()
    writer.append(PdfReader(io.BytesIO(_one_page(f"The code word is {word}."))))
    pages = PdfReader(template).pages
    for number in range(PDF_PAGES - 1):
        writer.add_page(pages[number % len(pages)])
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _one_page(text: str) -> bytes:
    content = f"BT /F 12 Tf 72 700 Td ({text}) Tj ET".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F 5 0 R >> >>"
        b" >>",
        f"<< /Length {len(content)} >>\nstream\n".encode() + content + b"\nendstream",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    body, places = b"%PDF-1.7\n", []
    for number, part in enumerate(objects, start=1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"trailer << /Root 1 0 R /Size 6 >>\nstartxref\n%d\n%%%%EOF\n" % len(body)
    return body + b"xref\n0 6\n0000000000 65535 f \n" + table + end


def _wait_for(base: KnowledgeBase, word: str, content: bytes) -> float:
    started = time.perf_counter()
    originals = base.ingestion.originals
    staged = originals.stage(io.BytesIO(content), f"{word}.pdf")
    with base.database.write() as session:
        add_version(session, originals, staged, filename=f"{word}.pdf", readers=EVERYONE, priority=INTERACTIVE)
    while True:
        with base.database.read() as session:
            if any(word in hit.text for hit in base.searcher.search(session, word, EVERYONE, k=5)):
                return time.perf_counter() - started
        time.sleep(0.02)


def _whole_row(embedder: Embedder, data: Path) -> BenchmarkRow:
    """All of 18F, Contoso and the twelve 10-Qs together."""
    paths = [*benchmark_files(data, quick=False), *sorted((data / "kg-rag-sec-10-q" / "pdfs").glob("*.pdf"))]
    run = ingest_once(embedder, paths)
    what = f"seconds, {len(paths)} files with 12 10-Qs, {run.n_pages} pages, {run.n_passages} passages"
    return BenchmarkRow(what, run.seconds, goal=GOAL_WHOLE_SECONDS, met=run.seconds <= GOAL_WHOLE_SECONDS)


def _memory_mb() -> tuple[float, float]:
    """Peak resident memory of this process, which does the worker's part, and of the largest process that parsed."""
    whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    worker, parser = (resource.getrusage(who).ru_maxrss / 1024 for who in whose)
    return worker, parser


def _memory_rows(memory_mb: tuple[float, float], peers: dict[str, dict[str, float]]) -> Iterator[BenchmarkRow]:
    worker, parser = memory_mb
    yield BenchmarkRow("peak memory of the worker, MB", worker)
    yield BenchmarkRow("peak memory of the largest parser, MB", parser)
    for name, figures in peers.items():
        total = worker + parser
        yield BenchmarkRow("peak memory of both, MB", total, figures["rss_mb"], name, figures["rss_mb"] / total)


if __name__ == "__main__":
    main()
