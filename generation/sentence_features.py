"""Numbers that tell how well a sentence answers a question."""

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from generation.candidates import Sentence
from generation.cues import looks_like_answer, question_kind
from generation.words import content_stems, pairs, stems

LEXICAL_FEATURES = (
    "reciprocal_rank",
    "covered",
    "covered_below_best",
    "covered_with_neighbours",
    "covered_by_passage",
    "pairs_shared",
    "density",
    "answer_type",
    "new_words",
    "log_length",
    "first_in_passage",
)
VECTOR_FEATURES = ("similarity", "similarity_below_best", "passage_similarity", "passage_similarity_below_best")
FEATURES = LEXICAL_FEATURES + VECTOR_FEATURES
# Which sentences are worth embedding; of SQuAD's questions, none whose answer is among the first three is lost at 12.
_LIKELIHOOD = {
    "reciprocal_rank": 2.2,
    "covered": 2.0,
    "covered_with_neighbours": 1.0,
    "covered_by_passage": 2.0,
    "pairs_shared": 2.0,
    "answer_type": 1.0,
}


def lexical_features(question: str, sentences: Sequence[Sentence]) -> NDArray[np.float32]:
    """What the words of a question and of sentences say, one column a name of `LEXICAL_FEATURES`.

    Args:
        question: The question.
        sentences: All sentences of the found passages, those of one passage side by side and in order.

    Returns:
        An array (n, len(LEXICAL_FEATURES)).
    """
    shared = _shared_words(question, sentences)
    kind = question_kind(question)
    rows = np.zeros((len(sentences), len(LEXICAL_FEATURES)), dtype=np.float32)
    for i, sentence in enumerate(sentences):
        rows[i] = (
            1.0 / sentence.hit.rank,
            *shared[i],
            looks_like_answer(kind, question, sentence.text),
            _new_words(question, sentence.text),
            math.log(1 + len(sentence.text.split())),
            sentence.ordinal == 0,
        )
    return rows


def most_likely(lexical: NDArray[np.float32], sentences: Sequence[Sentence], n: int) -> list[int]:
    """The rows of the `n` sentences whose words promise most, in the given order; fragments are left out."""
    likelihood = np.zeros(len(sentences), dtype=np.float32)
    for name, weight in _LIKELIHOOD.items():
        likelihood += np.float32(weight) * lexical[:, LEXICAL_FEATURES.index(name)]
    ranked = sorted((i for i, s in enumerate(sentences) if not s.fragment), key=lambda i: -float(likelihood[i]))
    return sorted(ranked[:n])


def vector_features(
    question_vector: NDArray[np.float32], sentences: Sequence[Sentence], vectors: NDArray[np.float32]
) -> NDArray[np.float32]:
    """How near sentences and their passages are to the question, one column a name of `VECTOR_FEATURES`.

    Args:
        question_vector: The question's unit vector (d,).
        sentences: Sentences.
        vectors: Their unit vectors (n, d).

    Returns:
        An array (n, len(VECTOR_FEATURES)).
    """
    similarity = vectors @ question_vector
    known = [sentence.hit.vector_score for sentence in sentences if sentence.hit.vector_score is not None]
    unknown = min(known, default=0.0)
    passage = np.array([unknown if s.hit.vector_score is None else s.hit.vector_score for s in sentences])
    rows = np.column_stack([similarity, similarity.max() - similarity, passage, passage.max() - passage])
    return rows.astype(np.float32)


def _shared_words(question: str, sentences: Sequence[Sentence]) -> list[tuple[float, ...]]:
    """Shares of the question's weighed words that a sentence, its surroundings and its passage hold."""
    asked = list(dict.fromkeys(content_stems(question)))
    asked_pairs = pairs(stems(question))
    stemmed = [content_stems(sentence.text) for sentence in sentences]
    held = [frozenset(stem_list) for stem_list in stemmed]
    weights = _word_weights(asked, held)
    total = sum(weights.values()) or 1.0
    passages: dict[int, frozenset[str]] = {}
    for sentence, stem_set in zip(sentences, held, strict=True):
        known = passages.get(sentence.hit.rank) or frozenset(
            content_stems(f"{sentence.hit.title} {sentence.hit.heading}")
        )
        passages[sentence.hit.rank] = known | stem_set
    covered = [sum(weights[word] for word in asked if word in stem_set) / total for stem_set in held]
    best = max(covered, default=0.0)
    rows: list[tuple[float, ...]] = []
    for i, sentence in enumerate(sentences):
        around = held[i]
        for j in (i - 1, i + 1):
            if 0 <= j < len(sentences) and sentences[j].hit is sentence.hit:
                around |= held[j]
        with_around = sum(weights[word] for word in asked if word in around) / total
        by_passage = sum(weights[word] for word in asked if word in passages[sentence.hit.rank]) / total
        shared_pairs = len(asked_pairs & pairs(stems(sentence.text))) / max(1, len(asked_pairs))
        n_shared = sum(word in held[i] for word in asked)
        density = n_shared / math.sqrt(1 + len(stemmed[i]))
        rows.append((covered[i], best - covered[i], with_around, by_passage, shared_pairs, density))
    return rows


def _word_weights(asked: Sequence[str], held: Sequence[frozenset[str]]) -> dict[str, float]:
    """Words that few of the sentences hold weigh more; so do words that none holds."""
    counts = Counter(word for stem_set in held for word in stem_set)
    n = len(held)
    return {word: math.log(1 + (n + 1) / (counts[word] + 0.5)) for word in asked}


def _new_words(question: str, sentence: str) -> float:
    """Whether the sentence says anything beyond the question: its new words, up to eight, as a share of eight."""
    return min(8, len(set(content_stems(sentence)) - set(content_stems(question)))) / 8
