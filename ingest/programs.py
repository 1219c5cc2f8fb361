"""Programs of the system that read what no library here reads, and how each is run in the sandbox.

Tesseract recognises text in pictures, LibreOffice converts old Office files. Both are optional; what needs one that
is not installed says so.
"""

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_SEARCHED = "/usr/local/bin:/usr/bin:/bin:/opt/homebrew/bin"
_LIBRARIES = ("/usr/lib", "/usr/local/lib", "/lib", "/lib64", "/etc/ld.so.cache", "/dev/null", "/dev/urandom")
_LOADERS = ("/lib64/ld-*.so*", "/lib/ld-*.so*", "/lib/*-linux-gnu*/ld-*.so*")
_OFFICE_FOLDERS = (
    *("/usr/share", "/etc/libreoffice", "/etc/fonts", "/var/lib/libreoffice", "/var/spool/libreoffice"),
    *("/var/cache/fontconfig", "/etc/passwd", "/etc/nsswitch.conf", "/proc/filesystems"),
)
SOCKETS_IN = Path("/tmp")  # noqa: S108 - LibreOffice knows no other place
_TESSDATA = ("/usr/share/tesseract-ocr", "/usr/share/tessdata", "/usr/local/share/tessdata", "/opt/homebrew/share")


@dataclass(frozen=True)
class Program:
    """How a program is run on a foreign file: from standard input to standard output, within these limits."""

    arguments: tuple[str, ...]  # the first is its path
    environment: dict[str, str]
    readable: tuple[str, ...]
    executable: tuple[str, ...]
    folder: str | None = None  # where it works and may write
    sockets_in: str | None = None  # where it may make local sockets, to which nobody can connect
    memory_bytes: int = 1 << 30
    file_bytes: int = 200_000_000
    cpu_seconds: int = 60


@dataclass(frozen=True)
class Programs:
    """Where the programs are, None for one that is not installed; and the languages whose text is recognised.

    `languages` are those of the wanted ones that Tesseract has data for, `missing_languages` the others.
    """

    tesseract: Path | None = None
    soffice: Path | None = None
    languages: tuple[str, ...] = ()
    missing_languages: tuple[str, ...] = ()

    @property
    def recognition_missing(self) -> str | None:
        """What to do so that text in pictures can be recognised; None where it can."""
        if self.tesseract is None:
            return "install Tesseract (Debian: apt-get install tesseract-ocr) where Footnote runs"
        if not self.languages:
            wanted = " and ".join(f"tesseract-ocr-{language}" for language in self.missing_languages) or "a language"
            return f"install Tesseract's data (Debian: apt-get install {wanted}), or set FOOTNOTE_OCR_LANGUAGES"
        return None


def find_programs(ocr_languages: str) -> Programs:
    """The programs that are installed; `ocr_languages` are Tesseract's names with + between, such as eng+deu."""
    wanted = tuple(dict.fromkeys(language.strip() for language in ocr_languages.split("+") if language.strip()))
    found, soffice = shutil.which("tesseract", path=_SEARCHED), _find_soffice()
    if found is None:
        return Programs(soffice=soffice, missing_languages=wanted)
    known = _known_languages(found)
    return Programs(
        tesseract=Path(found).resolve(),
        soffice=soffice,
        languages=tuple(language for language in wanted if language in known),
        missing_languages=tuple(language for language in wanted if language not in known),
    )


def recognition(programs: Programs) -> Program:
    """Tesseract from a picture to a table of words (TSV); `programs` has it."""
    assert programs.tesseract is not None
    return Program(
        arguments=(str(programs.tesseract), "stdin", "stdout", "-l", "+".join(programs.languages), "--psm", "3", "tsv"),
        environment={"OMP_THREAD_LIMIT": "1", "LANG": "C.UTF-8", "PATH": "/usr/bin:/bin"},
        readable=(*_LIBRARIES, *_TESSDATA),
        executable=(str(programs.tesseract), *_loaders()),
    )


def conversion(programs: Programs, folder: Path, filename: str, suffix: str) -> Program:
    """LibreOffice from the file in `folder` to one of the same name and another suffix; `programs` has it."""
    assert programs.soffice is not None
    options = ("--headless", "--norestore", "--nologo", "--nodefault", "--nolockcheck", "--nofirststartwizard")
    return Program(
        arguments=(
            str(programs.soffice),
            *options,
            f"-env:UserInstallation=file://{folder}/profile",
            *("--convert-to", suffix, "--outdir", str(folder), str(folder / filename)),
        ),
        environment={
            "HOME": str(folder),
            "TMPDIR": str(folder),
            "LANG": "C.UTF-8",
            "PATH": "/usr/bin:/bin",
            "SAL_USE_VCLPLUGIN": "svp",
        },
        readable=(*_LIBRARIES, *_OFFICE_FOLDERS, str(programs.soffice.parent.parent)),
        executable=(str(programs.soffice), *_loaders()),
        folder=str(folder),
        sockets_in=str(SOCKETS_IN),
        memory_bytes=3 << 30,
    )


def _find_soffice() -> Path | None:
    """LibreOffice's own program, which the command of that name starts."""
    command = shutil.which("soffice", path=_SEARCHED)
    if command is None:
        return None
    program = Path(command).resolve().with_name("soffice.bin")
    return program if program.is_file() else None


def _loaders() -> Iterator[str]:
    """What the kernel starts to load a program's libraries."""
    for pattern in _LOADERS:
        yield from (str(path.resolve()) for path in Path("/").glob(pattern.lstrip("/")))


def _known_languages(tesseract: str) -> frozenset[str]:
    """The languages that Tesseract has data for."""
    try:
        listed = subprocess.run(  # noqa: S603 - a program of the system, no foreign input
            [tesseract, "--list-langs"], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return frozenset()
    return frozenset(line.strip() for line in listed.stdout.splitlines()[1:])
