"""A skipped test is red in CI, and nightly tests wait until they are asked for."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture
def run_pytest(tmp_path: Path):
    """Runs pytest with our conftest over one file, and returns the exit code and the output."""

    def run(test: str, *options: str, no_skip: str = "0") -> tuple[int, str]:
        (tmp_path / "test_it.py").write_text(f"import pytest\n{test}\n")
        command = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-p", "no:cacheprovider", "-c", os.devnull]
        environment = os.environ | {"FOOTNOTE_TESTS_NO_SKIP": no_skip, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [*command, "--rootdir", str(tmp_path), *options, str(tmp_path)],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=environment,
            timeout=60,
            check=False,
        )
        return done.returncode, done.stdout

    return run


SKIPS = pytest.mark.parametrize(
    "test",
    [
        pytest.param("def test_a(): pytest.skip('no browser here')", id="while_running"),
        pytest.param("@pytest.mark.skip(reason='no browser here')\ndef test_a(): pass", id="by_mark"),
        pytest.param("pytest.skip('no browser here', allow_module_level=True)", id="a_whole_file"),
    ],
)


@SKIPS
def test_skip_fails_where_nothing_may_be_skipped(run_pytest, test: str):
    code, output = run_pytest(test, no_skip="1")

    assert code != 0
    assert "Skipped where nothing may be skipped: " in output
    assert "no browser here" in output


@SKIPS
def test_skip_stays_a_skip_elsewhere(run_pytest, test: str):
    _, output = run_pytest(test)

    assert "1 skipped" in output


def test_expected_failure_is_not_a_skip(run_pytest):
    code, output = run_pytest("@pytest.mark.xfail\ndef test_a(): assert False", no_skip="1")

    assert (code, "1 xfailed" in output) == (0, True)


def test_test_without_its_data_is_left_out(run_pytest):
    _, output = run_pytest(
        "@pytest.mark.shared_data('no-such-folder')\ndef test_a(): pass\ndef test_b(): pass", no_skip="1"
    )

    assert "1 passed, 1 deselected" in output


NIGHTLY = "@pytest.mark.nightly\ndef test_night(): pass\ndef test_day(): pass"


def test_nightly_tests_wait_until_asked_for(run_pytest):
    _, output = run_pytest(NIGHTLY, "-v")

    assert ("test_day PASSED" in output, "test_night PASSED" in output) == (True, False)


def test_nightly_tests_run_when_asked_for(run_pytest):
    _, output = run_pytest(NIGHTLY, "-v", "-m", "nightly")

    assert ("test_day PASSED" in output, "test_night PASSED" in output) == (False, True)
