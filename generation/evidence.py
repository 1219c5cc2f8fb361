"""The sentences of the found passages, scored: what an answer can be made of, and whether it is one."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from generation.abstain import answerable_features, confidence
from generation.candidates import Sentence, read_sentences
from generation.sentence_features import FEATURES, sentence_features
from generation.weights import load_model
from ingest.embed import Embedder
from retrieval.hit import Hit

MAX_PASSAGES = 6
MAX_SENTENCES = 48


@dataclass(frozen=True)
class Evidence:
    """Scored sentences, best passage first and in text order inside each.

    `scores` (n,) are log-odds, comparable within one question; -inf marks fragments, which no answer may use.
    `confidence` in 0..1 is the probability that the passages answer the question.
    """

    question: str
    sentences: tuple[Sentence, ...]
    scores: NDArray[np.float32]
    confidence: float


def find_evidence(embedder: Embedder, question: str, hits: Sequence[Hit]) -> Evidence:
    """Score the sentences of the best passages for a question; all are embedded in one batch."""
    sentences = read_sentences(hits[:MAX_PASSAGES], max_sentences=MAX_SENTENCES)
    if not any(not sentence.fragment for sentence in sentences):
        return Evidence(question, tuple(sentences), np.full(len(sentences), -np.inf, np.float32), 0.0)
    vectors = embedder.embed_passages([sentence.text for sentence in sentences])
    features = sentence_features(question, embedder.embed_query(question), sentences, vectors)
    fragments = np.array([sentence.fragment for sentence in sentences])
    scores = np.where(fragments, -np.inf, load_model("sentence", FEATURES).score(features)).astype(np.float32)
    sure = confidence(answerable_features(question, sentences, features, scores))
    return Evidence(question, tuple(sentences), scores, sure)
