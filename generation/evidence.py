"""The sentences of the found passages, scored: what an answer can be made of, and whether it is one."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from generation.abstain import answerable_features, confidence
from generation.candidates import Sentence, read_sentences
from generation.sentence_features import FEATURES, lexical_features, most_likely, vector_features
from generation.weights import load_model
from ingest.embed import Embedder
from retrieval.hit import Hit

MAX_PASSAGES = 6
MAX_SENTENCES = 60
MAX_EMBEDDED = 20


@dataclass(frozen=True)
class Evidence:
    """Scored sentences, best passage first and in text order inside each.

    `scores` (n,) are log-odds, comparable within one question; -inf marks fragments and
    sentences that promise nothing, which are at most part of a list.
    `confidence` in 0..1 is the probability that the passages answer the question.
    """

    question: str
    sentences: tuple[Sentence, ...]
    scores: NDArray[np.float32]
    confidence: float


def find_evidence(embedder: Embedder, question: str, hits: Sequence[Hit]) -> Evidence:
    """Score the sentences of the best passages for a question; those that promise most are embedded in one batch."""
    sentences = tuple(read_sentences(hits[:MAX_PASSAGES], max_sentences=MAX_SENTENCES))
    scores = np.full(len(sentences), -np.inf, np.float32)
    lexical = lexical_features(question, sentences)
    rows = most_likely(lexical, sentences, MAX_EMBEDDED)
    if not rows:
        return Evidence(question, sentences, scores, 0.0)
    likely = [sentences[i] for i in rows]
    vectors = embedder.embed_passages([sentence.text for sentence in likely])
    features = np.hstack([lexical[rows], vector_features(embedder.embed_query(question), likely, vectors)])
    scores[rows] = load_model("sentence", FEATURES).score(features)
    sure = confidence(answerable_features(question, hits[:MAX_PASSAGES], likely, features, scores[rows]))
    return Evidence(question, sentences, scores, sure)
