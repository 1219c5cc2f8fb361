"""Reranking with a cross-encoder: a second model, which reads query and passage together; for those who have one."""

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from ingest.embed import embedding_text
from ingest.errors import ModelMissing
from ingest.tables import Document, Passage
from retrieval.permissions import readable_by

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

CROSS_ENCODER_WEIGHT = 0.7
BATCH_PAIRS = 32
MAX_TOKENS = 512


class CrossEncoderReranker:
    """Scores pairs of query and passage with a sentence-transformers model, on the GPU where there is one.

    The model is loaded with the first query. Safe in any thread; one at a time uses the model.
    """

    stage = "cross_encoder"
    weight = CROSS_ENCODER_WEIGHT
    n_best = 50

    def __init__(self, name: str) -> None:
        """`name` is a folder or a name on the model hub."""
        self._name = name
        self._lock = threading.Lock()
        self._model: CrossEncoder | None = None

    def score(
        self,
        session: Session,
        query: str,
        passage_ids: Sequence[int],
        principals: frozenset[str],
        n_passages: int,  # noqa: ARG002 (only others need it)
    ) -> dict[int, float]:
        """See `Reranker.score`; every readable passage gets a score.

        Raises:
            ModelMissing: the model cannot be loaded; the text says what to do.
        """
        rows = session.execute(
            select(Passage.id, Document.title, Passage.heading, Passage.text)
            .join(Document, Document.current_version_id == Passage.version_id)
            .where(Passage.id.in_(passage_ids), readable_by(principals))
        ).all()
        scores = self.score_texts(query, [embedding_text(title, heading, text) for _, title, heading, text in rows])
        return {row[0]: score for row, score in zip(rows, scores, strict=True)}

    def score_texts(self, query: str, texts: Sequence[str]) -> list[float]:
        """How well each text answers the query, higher is better; scores of one model can be compared.

        Raises:
            ModelMissing: the model cannot be loaded; the text says what to do.
        """
        if not texts:
            return []
        with self._lock:
            model = self._loaded()
            scores = model.predict([(query, text) for text in texts], batch_size=BATCH_PAIRS, show_progress_bar=False)
        return [float(score) for score in scores]

    def _loaded(self) -> "CrossEncoder":
        if self._model is None:
            from sentence_transformers import CrossEncoder  # loads torch, which search does without otherwise

            try:
                model = CrossEncoder(self._name, max_length=MAX_TOKENS)
            except (OSError, ValueError) as error:
                raise ModelMissing(
                    f"The reranker {self._name!r} cannot be loaded: set FOOTNOTE_RERANKER to the folder of a "
                    "sentence-transformers cross-encoder or to its name on the model hub, or leave it empty."
                ) from error
            if model.num_labels != 1:
                raise ModelMissing(
                    f"The reranker {self._name!r} has {model.num_labels} outputs; set FOOTNOTE_RERANKER to a "
                    "cross-encoder with one score, such as cross-encoder/ms-marco-MiniLM-L6-v2."
                )
            self._model = model
        return self._model
