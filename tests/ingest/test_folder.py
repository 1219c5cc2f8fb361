"""What of a folder is read: ignore patterns, and rules about readers that narrower folders refine, and fail closed."""

import os
from pathlib import Path

import pytest

from ingest.errors import InvalidInput
from ingest.folder import FolderListing, list_folder


def write(root: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return root


def names(listing: FolderListing) -> list[str]:
    return [file.relative for file in listing.files]


def readers(listing: FolderListing) -> dict[str, frozenset[str] | None]:
    return {file.relative: file.rule.readers for file in listing.files}


@pytest.mark.parametrize(
    "name",
    [
        ".hidden.md",
        ".git/config",
        "node_modules/left-pad/readme.md",
        "~$budget.docx",
        "draft.md~",
        "half.pdf.part",
        "Thumbs.db",
        "web/node_modules/x.md",
    ],
)
def test_what_is_no_document_is_left_out(tmp_path: Path, name: str) -> None:
    assert names(list_folder(write(tmp_path, {"a.md": "a", name: "x"}))) == ["a.md"]


@pytest.mark.parametrize(
    ("patterns", "kept"),
    [
        pytest.param("drafts/", ["a.md", "b.txt", "sub/c.txt"], id="folder"),
        pytest.param("*.txt", ["a.md", "drafts/d.md"], id="name_at_any_depth"),
        pytest.param("/b.txt", ["a.md", "drafts/d.md", "sub/c.txt"], id="name_at_the_top"),
        pytest.param("*.txt\n!sub/c.txt", ["a.md", "drafts/d.md", "sub/c.txt"], id="taken_back"),
        pytest.param("# nothing\n", ["a.md", "b.txt", "drafts/d.md", "sub/c.txt"], id="comment"),
        pytest.param("!.wiki/", [".wiki/e.md", "a.md", "b.txt", "drafts/d.md", "sub/c.txt"], id="hidden_folder_read"),
    ],
)
def test_ignore_file_has_the_syntax_of_gitignore(tmp_path: Path, patterns: str, kept: list[str]) -> None:
    files = dict.fromkeys(["a.md", "b.txt", "drafts/d.md", "sub/c.txt", ".wiki/e.md"], "x")
    assert names(list_folder(write(tmp_path, {**files, ".footnoteignore": patterns}))) == kept


def test_ignore_file_of_a_narrower_folder_has_the_last_word(tmp_path: Path) -> None:
    files = {
        ".footnoteignore": "*.txt",
        "a.txt": "x",
        "sub/.footnoteignore": "!b.txt",
        "sub/b.txt": "x",
        "sub/c.txt": "x",
    }
    assert names(list_folder(write(tmp_path, files))) == ["sub/b.txt"]


def test_rule_of_a_folder_holds_below_it_and_a_narrower_one_wins(tmp_path: Path) -> None:
    files = {
        "a.md": "a",
        "hr/.footnote.toml": 'readers = ["group:hr"]\ncollection = "hr"\n[metadata]\nteam = "hr"\nsite = "Bern"',
        "hr/b.md": "b",
        "hr/pay/.footnote.toml": 'readers = ["User:Ann@Example.org"]\n[metadata]\nteam = "pay"',
        "hr/pay/deep/c.md": "c",
    }
    listing = list_folder(write(tmp_path, files))
    assert readers(listing) == {
        "a.md": None,
        "hr/b.md": {"group:hr"},
        "hr/pay/deep/c.md": {"user:ann@example.org"},
    }
    rule = listing.files[-1].rule
    assert (rule.collection, rule.metadata) == ("hr", {"team": "pay", "site": "Bern"})


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param('readers = ["group:hr"', "is no TOML", id="not_toml"),
        pytest.param('reader = ["group:hr"]', "says reader; it may say readers", id="misspelt_key"),
        pytest.param('readers = "group:hr"', "readers must be a list", id="no_list"),
        pytest.param('readers = ["hr"]', "'hr' is not a reader", id="no_principal"),
        pytest.param("collection = 7", "collection must be a text", id="no_text"),
        pytest.param("metadata = {team = 7}", "metadata must be a table of texts", id="no_table"),
    ],
)
def test_rule_that_cannot_be_understood_closes_its_folder(tmp_path: Path, content: str, words: str) -> None:
    listing = list_folder(
        write(tmp_path, {"a.md": "a", "hr/.footnote.toml": content, "hr/b.md": "b", "hr/x/c.md": "c"})
    )
    (problem,) = listing.problems
    assert names(listing) == ["a.md"]
    assert words in problem
    assert listing.is_closed(str(tmp_path / "hr" / "x" / "c.md"))
    assert not listing.is_closed(str(tmp_path / "a.md"))


def test_rule_file_that_is_a_folder_closes_its_folder(tmp_path: Path) -> None:
    (tmp_path / "hr" / ".footnote.toml").mkdir(parents=True)
    listing = list_folder(write(tmp_path, {"hr/b.md": "b"}))
    assert (names(listing), len(listing.problems)) == ([], 1)


def test_rule_file_that_is_a_broken_link_closes_its_folder(tmp_path: Path) -> None:
    write(tmp_path, {"hr/b.md": "b"})
    (tmp_path / "hr" / ".footnote.toml").symlink_to(tmp_path / "gone")
    assert names(list_folder(tmp_path)) == []


def test_links_that_leave_the_folder_are_left_out(tmp_path: Path) -> None:
    write(tmp_path, {"inside/a.md": "a", "secret.md": "s", "other/b.md": "b"})
    (tmp_path / "inside" / "out.md").symlink_to(tmp_path / "secret.md")
    (tmp_path / "inside" / "folder").symlink_to(tmp_path / "other")
    (tmp_path / "inside" / "same.md").symlink_to(tmp_path / "inside" / "a.md")
    assert names(list_folder(tmp_path / "inside")) == ["a.md", "same.md"]


def test_stamp_changes_with_the_content_even_when_size_and_time_are_put_back(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text("one")
    (before,) = list_folder(tmp_path).files
    times = path.stat()
    path.write_text("two")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    (after,) = list_folder(tmp_path).files
    assert before.stamp != after.stamp


def test_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="is mounted"):
        list_folder(tmp_path / "gone")
