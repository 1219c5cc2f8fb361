"""What a setting names is loaded, what is missing is said with what to do, and nothing else is imported."""

import subprocess
import sys
from pathlib import Path

import pytest

from generation.cascade import Cascade
from generation.events import Usage
from generation.extractive import Extractive
from generation.models import load_llm, read_access
from generation.prices import load_prices, with_cost
from generation.settings import GenerationSettings
from ingest.errors import InvalidInput


def test_extractive_needs_nothing() -> None:
    assert isinstance(load_llm("extractive"), Extractive)


@pytest.mark.parametrize("model", ["openai:gpt-5-mini", " openai : gpt-5-mini "])
def test_provider_and_name_make_the_models_id(model: str) -> None:
    assert load_llm(model, access=read_access("", "sk-1")).model_id == "openai:gpt-5-mini"


def test_several_make_a_cascade() -> None:
    llm = load_llm("extractive > openai:small > openai:large", access=read_access("http://127.0.0.1/v1", ""))
    assert isinstance(llm, Cascade)
    assert llm.model_id == "extractive > openai:small > openai:large"


@pytest.mark.parametrize(
    ("model", "url", "message"),
    [
        pytest.param("gpt-5", "", "extractive, openai:NAME", id="no_provider"),
        pytest.param("openai:", "", "extractive, openai:NAME", id="no_name"),
        pytest.param("mystery:x", "", "extractive, openai:NAME", id="unknown"),
        pytest.param("extractive >", "", "extractive, openai:NAME", id="half_a_cascade"),
        pytest.param("openai:gpt-5", "", "FOOTNOTE_MODEL_KEY", id="openai_key"),
        pytest.param("anthropic:claude", "", "FOOTNOTE_MODEL_KEY", id="anthropic_key"),
        pytest.param("gemini:gemini", "http://127.0.0.1", "FOOTNOTE_MODEL_KEY", id="gemini_key"),
        pytest.param("openai:qwen", "localhost:8000", "http://", id="url"),
        pytest.param("local:/nowhere", "", "There is no folder", id="folder"),
    ],
)
def test_what_is_missing_is_said(model: str, url: str, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        load_llm(model, access=read_access(url, ""))


def test_values_may_differ_by_provider() -> None:
    access = read_access("openai=http://localhost:8000/v1", "openai=a, anthropic=b,c")
    assert (access.url("openai"), access.url("anthropic")) == ("http://localhost:8000/v1", "")
    assert [access.key(name) for name in ("openai", "anthropic", "gemini")] == ["a", "b", "c"]
    assert "a" not in repr(access).removeprefix("Access(urls=").split(",")[1:]


def test_key_with_an_equals_sign_is_one_key() -> None:
    assert read_access("", "abc=").key("openai") == "abc="


def test_key_is_not_printed_with_the_settings() -> None:
    assert "sk-secret" not in repr(GenerationSettings(model_key="sk-secret"))


MISSING = """
import sys
sys.modules["anthropic"] = sys.modules["google"] = sys.modules["google.genai"] = None
from generation.models import PROVIDERS
from ingest.errors import InvalidInput
try:
    PROVIDERS[sys.argv[1]]("x", "k", "")
except InvalidInput as error:
    print(error)
"""


@pytest.mark.parametrize("provider", ["anthropic", "gemini"])
def test_missing_sdk_is_named_with_the_line_to_run(provider: str) -> None:
    done = subprocess.run([sys.executable, "-c", MISSING, provider], capture_output=True, text=True, check=True)
    assert f"pip install 'footnote[{provider}]'" in done.stdout


LAZY = """
import sys
import api.app, api.parts
from generation.models import load_llm
load_llm("extractive")
print([name for name in ("openai", "anthropic", "google.genai", "httpx2", "transformers") if name in sys.modules])
"""


def test_extractive_server_imports_no_sdk() -> None:
    done = subprocess.run([sys.executable, "-c", LAZY], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_price_of_the_longest_name_counts(tmp_path: Path) -> None:
    table = tmp_path / "prices.toml"
    table.write_text('["openai:a"]\ninput = 1\noutput = 2\n["openai:a-b"]\ninput = 10\noutput = 20\n')
    prices = load_prices(table)
    used = Usage(1_000_000, 500_000)
    assert with_cost(used, "openai:a-2026", prices).cost == 2.0
    assert with_cost(used, "openai:a-b", prices).cost == 20.0
    assert with_cost(used, "openai:ab", prices).cost == 0.0


@pytest.mark.parametrize(
    "content", ["[", '["openai:a"]\ninput = "x"\noutput = 1\n', "a = 1"], ids=["toml", "word", "form"]
)
def test_unreadable_price_table_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "prices.toml").write_text(content)
    with pytest.raises(InvalidInput, match="FOOTNOTE_MODEL_PRICES"):
        load_prices(tmp_path / "prices.toml")
