"""The optional cross-encoder: a real, tiny one takes the place of token vectors, within what may be read."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from sqlalchemy import select
from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

from evals.knowledge_base import KnowledgeBase, temporary_knowledge_base
from ingest.embed import Embedder
from ingest.errors import ModelMissing
from ingest.model_files import BUNDLED_MODEL, find_model_files
from ingest.tables import Passage
from retrieval.cross_encoder import BATCH_PAIRS, CrossEncoderReranker
from retrieval.options import SearchOptions
from retrieval.search import Searcher

EVERYONE = frozenset({"everyone"})


def save_tiny_encoder(folder: Path, n_labels: int) -> str:
    tokenizer = AutoTokenizer.from_pretrained(str(find_model_files(BUNDLED_MODEL).folder))
    tokenizer.save_pretrained(folder)
    torch.manual_seed(5)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_labels=n_labels,
    )
    BertForSequenceClassification(config).save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="module")
def tiny_encoder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return save_tiny_encoder(tmp_path_factory.mktemp("cross-encoder"), n_labels=1)


@pytest.fixture(scope="module")
def base(embedder: Embedder) -> Iterator[KnowledgeBase]:
    with temporary_knowledge_base(embedder) as base:
        base.add(b"# Hotels\n\nA hotel night is paid up to 140 euros.\n", "hotels.md")
        base.add(b"# Trains\n\nTrains are booked in second class.\n", "trains.md")
        base.add(b"# Board\n\nThe board pays hotel nights of any price.\n", "board.md", readers=["group:b"])
        base.work()
        yield base


def test_readable_passages_are_scored_and_no_others(base: KnowledgeBase, tiny_encoder: str) -> None:
    with base.database.read() as session:
        ids = list(session.scalars(select(Passage.id)))
        scores = CrossEncoderReranker(tiny_encoder).score(session, "hotel", ids, EVERYONE, 3)
    assert len(ids) == 3
    assert len(scores) == 2


def test_search_ranks_by_it_and_says_so(base: KnowledgeBase, embedder: Embedder, tiny_encoder: str) -> None:
    searcher = Searcher(base.replica, embedder, CrossEncoderReranker(tiny_encoder))
    with base.database.read() as session:
        hits = searcher.search(session, "hotel night", EVERYONE, 5, options=SearchOptions(explain=True))
    assert [stage.stage for stage in hits[0].explanation][-2:] == ["cross_encoder", "final"]
    assert "board.md" not in {hit.filename for hit in hits}


def test_batches_do_not_change_scores(tiny_encoder: str) -> None:
    reranker = CrossEncoderReranker(tiny_encoder)
    texts = [f"Rule {number} is {'very ' * (number % 7)}short." for number in range(BATCH_PAIRS + 3)]
    together = reranker.score_texts("which rule?", texts)
    assert together == pytest.approx([reranker.score_texts("which rule?", [text])[0] for text in texts], abs=1e-5)


def test_missing_model_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="set FOOTNOTE_RERANKER to the folder"):
        CrossEncoderReranker(str(tmp_path / "nothing")).score_texts("a", ["b"])


def test_model_with_several_scores_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="has 3 outputs"):
        CrossEncoderReranker(save_tiny_encoder(tmp_path, n_labels=3)).score_texts("a", ["b"])


def test_torch_is_not_loaded_before_the_first_query() -> None:
    code = (
        "import sys; from retrieval.search import Searcher; from retrieval.cross_encoder import CrossEncoderReranker;"
        "CrossEncoderReranker('x'); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
