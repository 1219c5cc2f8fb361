"""Numbers that tell how well a sentence answers a question."""

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from generation.candidates import Sentence
from generation.cues import looks_like_answer, question_kind
from generation.words import content_stems, pairs, stems

FEATURES = (
    "similarity",
    "similarity_below_best",
    "passage_similarity",
    "passage_similarity_below_best",
    "neighbour_similarity",
    "reciprocal_rank",
    "covered",
    "covered_below_best",
    "covered_with_neighbours",
    "covered_by_passage",
    "pairs_shared",
    "density",
    "answer_type",
    "answer_type_times_similarity",
    "new_words",
    "log_length",
    "first_in_passage",
)


def sentence_features(
    question: str, question_vector: NDArray[np.float32], sentences: Sequence[Sentence], vectors: NDArray[np.float32]
) -> NDArray[np.float32]:
    """One row a sentence, one column a name of `FEATURES`.

    Args:
        question: The question.
        question_vector: Its unit vector (d,).
        sentences: Sentences, those of one passage side by side.
        vectors: Their unit vectors (n, d).

    Returns:
        An array (n, len(FEATURES)).
    """
    similarity = vectors @ question_vector
    passage_of = np.array([sentence.hit.rank for sentence in sentences])
    passage_similarity = _passage_similarity(question_vector, vectors, passage_of)
    neighbour = _best_neighbour(similarity, passage_of)
    lexical = _lexical_features(question, sentences)
    kind = question_kind(question)
    rows = np.zeros((len(sentences), len(FEATURES)), dtype=np.float32)
    for i, sentence in enumerate(sentences):
        answer_type = looks_like_answer(kind, question, sentence.text)
        rows[i] = (
            similarity[i],
            similarity.max() - similarity[i],
            passage_similarity[i],
            passage_similarity.max() - passage_similarity[i],
            neighbour[i],
            1.0 / sentence.hit.rank,
            *lexical[i],
            answer_type,
            answer_type * similarity[i],
            _new_words(question, sentence.text),
            math.log(1 + len(sentence.text.split())),
            sentence.ordinal == 0,
        )
    return rows


def _passage_similarity(
    question_vector: NDArray[np.float32], vectors: NDArray[np.float32], passage_of: NDArray[np.int64]
) -> NDArray[np.float32]:
    """The similarity of each sentence's passage, taken as the direction of its sentences' sum."""
    result = np.zeros(len(passage_of), dtype=np.float32)
    for passage in np.unique(passage_of):
        inside = passage_of == passage
        total = vectors[inside].sum(axis=0)
        result[inside] = total @ question_vector / max(float(np.linalg.norm(total)), 1e-9)
    return result


def _best_neighbour(similarity: NDArray[np.float32], passage_of: NDArray[np.int64]) -> NDArray[np.float32]:
    """The higher similarity of the sentences before and after, inside the passage; 0 where there is none."""
    result = np.zeros_like(similarity)
    same = passage_of[1:] == passage_of[:-1]
    result[1:] = np.where(same, similarity[:-1], 0)
    result[:-1] = np.maximum(result[:-1], np.where(same, similarity[1:], 0))
    return result


def _lexical_features(question: str, sentences: Sequence[Sentence]) -> list[tuple[float, ...]]:
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
