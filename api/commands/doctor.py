"""`footnote doctor`: what is installed, what is missing, and what to do about it."""

import importlib.metadata
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Literal

import typer
from sqlalchemy import text

from api.commands.console import JsonOption, command, out, print_json
from api.parts import Parts
from ingest.errors import FootnoteError

MIN_PYTHON = (3, 11)


@dataclass(frozen=True)
class Check:
    """One finding; `action` says what to do where the state is not ok."""

    name: str
    state: Literal["ok", "warning", "missing"]
    detail: str
    action: str = ""


def doctor(as_json: JsonOption = False) -> None:
    """Check everything that Footnote needs; ends with code 1 when something needed is missing."""
    with command() as parts:
        checks = list(examine(parts))
    for check in checks:
        if as_json:
            print_json(asdict(check))
            continue
        colour = {"ok": "green", "warning": "yellow", "missing": "red"}[check.state]
        out.print(f"[{colour}]{check.state:8}[/{colour}] [bold]{check.name:16}[/bold] {check.detail}")
        if check.action:
            out.print(f"{'':25} → {check.action}")
    if any(check.state == "missing" for check in checks):
        raise typer.Exit(1)


def examine(parts: Parts) -> Iterator[Check]:
    """Check each need in turn; one that fails does not hide the others."""
    yield _python()
    yield from _faiss()
    for name, check in _CHECKS.items():
        try:
            yield check(parts)
        except FootnoteError as error:
            yield Check(name, "missing", "cannot be used", str(error))


def _python() -> Check:
    version = platform.python_version()
    if sys.version_info < MIN_PYTHON:
        return Check("Python", "missing", version, "Install Python 3.11 or newer.")
    return Check("Python", "ok", version)


def _faiss() -> Iterator[Check]:
    installed = []
    for name in ("faiss-cpu", "faiss-gpu"):
        try:
            installed.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    if len(installed) == 1:
        yield Check("vector search", "ok", installed[0])
    elif installed:
        yield Check(
            "vector search", "missing", " and ".join(installed), "They overwrite each other: uninstall faiss-cpu."
        )
    else:
        yield Check("vector search", "missing", "no FAISS", "Install faiss-cpu.")


def _data_folder(parts: Parts) -> Check:
    free = shutil.disk_usage(parts.folder.root).free
    if free < parts.ingest_settings.min_free_bytes:
        return Check("data folder", "missing", f"{parts.folder.root}: {free / 1e6:.0f} MB free", "Free some space.")
    return Check("data folder", "ok", f"{parts.folder.root}, {free / 1e9:.1f} GB free")


def _database(parts: Parts) -> Check:
    with parts.database.read() as session:
        session.execute(text("SELECT 1"))
    engine = parts.database.engine
    return Check("database", "ok", f"{engine.dialect.name}, {engine.url.render_as_string(hide_password=True)}")


def _embedding_model(parts: Parts) -> Check:
    return Check("embedding model", "ok", f"{parts.embedder.model_id}, {parts.embedder.dimension} dimensions")


def _device(parts: Parts) -> Check:
    """What embeds and searches vectors; a GPU that nothing can use is worth a word."""
    searched_by = parts.replica.view().vectors.description
    if parts.replica.view().vectors.degraded is not None:
        return Check("device", "warning", searched_by, "See why the GPU failed; it is tried again every minute.")
    if parts.device is None and parts.ingest_settings.device == "auto" and shutil.which("nvidia-smi"):
        action = "To use the NVIDIA GPU, install a CUDA build of torch."
        return Check("device", "warning", f"the CPU; vector search: {searched_by}", action)
    name = parts.device.name if parts.device is not None else "the CPU"
    return Check("device", "ok", f"{name}; vector search: {searched_by}")


def _indexes(parts: Parts) -> Check:
    with parts.database.read() as session:
        report = parts.replica.verify(session)
    if report.matches:
        return Check("indexes", "ok", "they equal the database")
    return Check("indexes", "missing", "they differ from the database", "Run `footnote index rebuild`.")


def _answering(parts: Parts) -> Check:
    assert parts.answerer
    return Check("answers", "ok", parts.generation_settings.model)


def _recognition(parts: Parts) -> Check:
    programs = parts.sandbox.programs
    if programs.recognition_missing is not None:
        action = f"To read scans and images, {programs.recognition_missing}."
        return Check("text in pictures", "warning", "cannot be recognised", action)
    detail = f"{programs.tesseract}, {', '.join(programs.languages)}"
    if programs.missing_languages:
        packages = " ".join(f"tesseract-ocr-{language}" for language in programs.missing_languages)
        return Check("text in pictures", "warning", detail, f"For the other languages: apt-get install {packages}.")
    return Check("text in pictures", "ok", detail)


def _old_office(parts: Parts) -> Check:
    soffice = parts.sandbox.programs.soffice
    if soffice is None:
        action = "To read .doc, .xls and .ppt, install LibreOffice (Debian: apt-get install libreoffice-nogui)."
        return Check("old Office files", "warning", "cannot be read", action)
    return Check("old Office files", "ok", str(soffice))


_CHECKS: dict[str, Callable[[Parts], Check]] = {
    "data folder": _data_folder,
    "database": _database,
    "embedding model": _embedding_model,
    "device": _device,
    "indexes": _indexes,
    "answers": _answering,
    "text in pictures": _recognition,
    "old Office files": _old_office,
}
