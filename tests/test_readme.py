"""The README is the map: every file, setting, command and target is on it, and nothing that is not there."""

import re
from pathlib import Path
from typing import Any

import pytest
import typer
from pydantic_settings import BaseSettings

from api.app import ROUTERS
from api.cli import app
from api.settings import ApiSettings
from generation.settings import GenerationSettings
from ingest.settings import IngestSettings
from retrieval.settings import RetrievalSettings

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PACKAGES = ("ingest", "retrieval", "generation", "evals", "api")
SETTINGS: tuple[type[BaseSettings], ...] = (IngestSettings, RetrievalSettings, GenerationSettings, ApiSettings)


def section(title: str) -> str:
    """The text below a heading of the second level."""
    return README.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def rows(text: str) -> list[list[str]]:
    """The cells of every table row, without heads and rules."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    return [row for row in cells if row[0].startswith("`")]


def files_of_code() -> set[str]:
    found = {path for package in PACKAGES for path in (ROOT / package).rglob("*.py")}
    return {path.relative_to(ROOT).as_posix() for path in found if path.read_text(encoding="utf-8").strip()}


def files_of_map() -> dict[str, str]:
    """File to phrase; a line is `name   phrase`, below the path of its folder."""
    found: dict[str, str] = {}
    folder = ""
    for line in section("Every file").splitlines():
        if match := re.match(r"\*\*`([\w/]+)/`\*\*", line):
            folder = match[1]
        elif match := re.match(r"([\w/]+\.py) {2,}(\S.*)", line):
            found[f"{folder}/{match[1]}"] = match[2]
    return found


def is_empty_package(path: str) -> bool:
    return path.endswith("/__init__.py")


def test_map_has_every_file_and_no_other():
    wanted = {path for path in files_of_code() if not is_empty_package(path)}

    assert set(files_of_map()) == wanted


def test_packages_hold_only_their_docstring():
    longer = [
        path for path in files_of_code() if is_empty_package(path) and len((ROOT / path).read_text().splitlines()) > 1
    ]

    assert longer == []


def commands() -> set[str]:
    """Every command as it is typed, such as `footnote documents list`."""
    return set(leaves("footnote", typer.main.get_command(app)))


def leaves(name: str, command: Any) -> list[str]:
    below = getattr(command, "commands", None)
    return [name] if below is None else [leaf for child in below for leaf in leaves(f"{name} {child}", below[child])]


def test_every_command_is_there_and_no_other():
    named = [re.match(r"`(footnote(?: [a-z-]+)*)", row[0]) for row in rows(section("Commands"))]

    assert {match[1] for match in named if match} == commands()


def settings() -> dict[str, tuple[str, str]]:
    """Name to default and sentence."""
    return {
        f"FOOTNOTE_{name.upper()}": (_shown(field.default), field.description or "")
        for cls in SETTINGS
        for name, field in cls.model_fields.items()
    }


def _shown(default: object) -> str:
    if default is None:
        return ""
    return str(default).lower() if isinstance(default, bool) else str(default)


def test_every_setting_is_there_with_its_default_and_sentence():
    named = {row[0].strip("`"): (row[1].strip("`").replace("empty", ""), row[2]) for row in rows(section("Settings"))}

    assert named == settings()


def test_example_environment_has_every_setting_with_its_sentence():
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    named = {
        line.removeprefix("# ").split("=", 1)[0]: (line.split("=", 1)[1], lines[i - 1].removeprefix("# "))
        for i, line in enumerate(lines)
        if re.match(r"# FOOTNOTE_\w+=", line)
    }

    assert named == settings()


def test_no_setting_name_is_used_twice():
    names = [name for cls in SETTINGS for name in cls.model_fields]

    assert sorted(names) == sorted(set(names))


def routes() -> set[tuple[str, str]]:
    """Method and path of every route of the API."""
    return {
        (method, route.path)
        for router in ROUTERS
        for route in router.routes
        for method in getattr(route, "methods", ())
        if getattr(route, "include_in_schema", False) and method != "HEAD"
    }


def routes_of_readme() -> set[tuple[str, str]]:
    named = re.findall(r"`([A-Z]+) (/\S+)`", section("REST API"))
    return {(method, re.sub(r"\{\w+\}", "{}", path)) for method, path in named}


def test_every_route_is_there_and_no_other():
    assert routes_of_readme() == {(method, re.sub(r"\{\w+\}", "{}", path)) for method, path in routes()}


def test_every_make_target_is_there():
    targets = re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)

    assert [target for target in targets if not re.search(rf"\bmake {target}\b", README)] == []


@pytest.mark.parametrize("path", sorted(set(re.findall(r"\]\((?!https?:|#)([^)#]+)[^)]*\)", README))))
def test_link_leads_to_a_file(path: str):
    assert (ROOT / path).exists()


def test_paths_to_edit_exist():
    named = re.findall(r"`((?:ingest|retrieval|generation|evals|api|tests)/[a-z0-9_/.-]+)`", README)

    assert [path for path in named if not list(ROOT.glob(path))] == []
