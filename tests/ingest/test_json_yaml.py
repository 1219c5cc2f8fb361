"""JSON as lines with paths, YAML as written with headings."""

from pathlib import Path

import pytest

from ingest.errors import FileRejected
from ingest.parse import parse_file
from ingest.parsed import ParsedDocument


def _parse(folder: Path, content: str, name: str) -> ParsedDocument:
    path = folder / "file"
    path.write_text(content)
    return parse_file(path, name)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(
            '{"name": "Ada", "age": 36, "ok": true, "none": null}', "name: Ada; age: 36; ok: true\n", id="flat"
        ),
        pytest.param('{"a": {"b": {"c": "deep"}}, "d": 1}', "a.b.c: deep\nd: 1\n", id="paths"),
        pytest.param('[{"n": "Ada", "r": "cook"}, {"n": "Bo"}]', "n: Ada; r: cook\nn: Bo\n", id="records"),
        pytest.param('{"staff": [{"n": "Ada"}, {"n": "Bo"}]}', "staff[0]: n: Ada\nstaff[1]: n: Bo\n", id="under_a_key"),
        pytest.param('{"tags": ["a", "b"], "x": [[1, 2], [3]]}', "tags: a, b\nx[0]: 1, 2\nx[1]: 3\n", id="lists"),
        pytest.param('{"n": "Ada"}\n{"n": "Bo"}\n', "n: Ada\nn: Bo\n", id="json_lines"),
        pytest.param('{"t": "two\\nlines"}', "t: two lines\n", id="line_breaks"),
        pytest.param("// no\n{x: 1}", "// no\n{x: 1}\n", id="no_json_stays_as_it_is"),
    ],
)
def test_json_is_lines_of_paths_and_records(tmp_path: Path, content: str, expected: str) -> None:
    assert _parse(tmp_path, content, "a.json").text == expected


@pytest.mark.parametrize("depth", [500, 100_000])
def test_json_nested_too_deeply_is_refused(tmp_path: Path, depth: int) -> None:
    with pytest.raises(FileRejected) as caught:
        _parse(tmp_path, "[" * depth + '{"a":{"b":1}}' + "]" * depth, "a.json")
    assert caught.value.error_class == "malformed"


def test_yaml_stays_as_written_with_its_keys_as_headings(tmp_path: Path) -> None:
    content = "# The plan\nservice:\n  replicas: 3  # enough\n  ports:\n    - 80\nowner: Ada\n---\nmore:\n  x: 1\n"
    parsed = _parse(tmp_path, content, "a.yaml")
    assert parsed.text == content
    assert [(heading.level, heading.text) for heading in parsed.headings] == [
        (1, "service"), (2, "ports"), (1, "more"),
    ]  # fmt: skip
    assert all(parsed.text[heading.start :].startswith(heading.text) for heading in parsed.headings)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("a: [&x {b: 1}, *x, !!python/object/apply:os.system [ls]]\n", id="aliases_and_tags"),
        pytest.param("a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\nd: [*c,*c]\n", id="bomb_of_aliases"),
        pytest.param("a:\n  - b\n c\n: : :\n", id="no_yaml"),
        pytest.param("- " * 50_000 + "x\n", id="deep"),
        pytest.param("{" * 50_000 + "\n", id="open_braces"),
    ],
)
def test_hostile_yaml_is_only_text(tmp_path: Path, content: str) -> None:
    assert _parse(tmp_path, content, "a.yml").text == content
