"""JSON as «path: value» lines that keep records together; YAML as written, with its keys as headings."""

import json
from collections.abc import Iterator
from pathlib import Path

import yaml

from ingest.errors import FileRejected
from ingest.parsed import Heading, ParsedDocument, ParsedPage
from ingest.parsers.encoding import read_text
from ingest.parsers.page_writer import PageWriter

_MAX_JSON_CHARS = 30_000_000
_MAX_YAML_CHARS = 2_000_000  # longer ones are read without headings
_MAX_HEADING_LEVEL = 3
_MAX_HEADINGS = 2_000
_MAX_DEPTH = 200
_MAX_RECORD_CHARS = 2_000  # a record up to this length stays on one line


def parse_json(path: Path) -> ParsedDocument:
    """One page: a line for each value with its path, or for each flat record. Raises FileRejected.

    JSON Lines are read as a list; text that is no JSON stays as it is.
    """
    text = read_text(path)
    if len(text) > _MAX_JSON_CHARS:
        raise FileRejected("too_large", f"the JSON is longer than {_MAX_JSON_CHARS:,} characters; split the file.")
    try:
        values = _load(text)
    except ValueError:
        return ParsedDocument("application/json", None, (ParsedPage(1, text.rstrip() + "\n"),))
    except RecursionError as error:
        raise _nested_too_deeply() from error
    writer = PageWriter()
    for value in values:
        for line in _lines("", value, 0):
            writer.item(line)
    return writer.document("application/json", None)


def parse_yaml(path: Path) -> ParsedDocument:
    """One page with the text as written, comments too; keys that hold others are its headings."""
    text = read_text(path).rstrip() + "\n"
    headings: tuple[Heading, ...] = ()
    if len(text) <= _MAX_YAML_CHARS:
        try:
            headings = tuple(_yaml_headings(text))[:_MAX_HEADINGS]
        except yaml.YAMLError:
            headings = ()
    return ParsedDocument("application/yaml", None, (ParsedPage(1, text),), headings)


def _load(text: str) -> list[object]:
    """The values of JSON or of JSON Lines. Raises ValueError for anything else, RecursionError."""
    try:
        return [json.loads(text)]
    except ValueError:
        lines = [line for line in text.split("\n") if line.strip()]
        if len(lines) < 2:
            raise
        return [json.loads(line) for line in lines]


def _lines(path: str, value: object, depth: int) -> Iterator[str]:
    """The lines of a value in its order. Raises FileRejected: malformed, when it is nested too deeply."""
    if depth > _MAX_DEPTH:
        raise _nested_too_deeply()
    plain = _plain(value)
    if plain is not None:
        if plain:
            yield f"{path}: {plain}" if path else plain
    elif isinstance(value, dict):
        record = _record(value) if path.endswith("]") or not path else None
        if record and len(record) <= _MAX_RECORD_CHARS and (path or len(value) < 9):
            yield f"{path}: {record}" if path else record
        else:
            for key, inner in value.items():
                yield from _lines(f"{path}.{key}" if path else str(key), inner, depth + 1)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            is_record = not path and isinstance(inner, dict) and bool(_record(inner))
            yield from _lines("" if is_record else f"{path}[{index}]", inner, depth + 1)


def _record(value: dict[str, object]) -> str | None:
    """A dictionary of plain values on one line; None when it holds more."""
    parts: list[str] = []
    for key, inner in value.items():
        plain = _plain(inner)
        if plain is None:
            return None
        if plain:
            parts.append(f"{key}: {plain}")
    return "; ".join(parts)


def _plain(value: object) -> str | None:
    """A value that fits in a line as text, "" for null; None for dictionaries and lists of more than plain values."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    if isinstance(value, list) and len(value) <= 100 and all(isinstance(entry, str | int | float) for entry in value):
        return ", ".join(_plain(entry) or "" for entry in value)
    return None


def _nested_too_deeply() -> FileRejected:
    return FileRejected("malformed", f"the JSON is nested more than {_MAX_DEPTH} levels deep; simplify it.")


def _yaml_headings(text: str) -> Iterator[Heading]:
    """Keys whose value is a mapping or a list; nothing is constructed. Raises yaml.YAMLError."""
    open_keys: list[yaml.ScalarEvent | bool | None] = []  # per collection: False for a list, None before a key
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.CollectionEndEvent):
            open_keys.pop()
        elif isinstance(event, yaml.NodeEvent):
            is_collection = isinstance(event, yaml.CollectionStartEvent)
            key = open_keys[-1] if open_keys else False
            if key is None:
                open_keys[-1] = event if isinstance(event, yaml.ScalarEvent) else True
            elif key is not False:
                level = sum(entry is not False for entry in open_keys)
                if is_collection and level <= _MAX_HEADING_LEVEL:
                    yield from _heading(key, level)
                open_keys[-1] = None
            if is_collection:
                open_keys.append(None if isinstance(event, yaml.MappingStartEvent) else False)
            if len(open_keys) > _MAX_DEPTH:
                return


def _heading(key: yaml.ScalarEvent | bool, level: int) -> Iterator[Heading]:
    """The heading of a key; none for one that is no plain text."""
    if isinstance(key, yaml.ScalarEvent) and key.start_mark is not None and key.value.strip():
        yield Heading(key.start_mark.index, level, " ".join(key.value.split())[:200])
