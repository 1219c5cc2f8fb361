"""A large knowledge base from a small one: its passages with other words among theirs, its vectors with jitter."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from evals.knowledge_base import KnowledgeBase
from ingest.database import record_change
from ingest.tables import AclEntry, Document, Embedding, Passage, Version, new_id

PASSAGES_PER_DOCUMENT = 20
DOCUMENTS_AT_ONCE = 100
CHANGED_SHARE = 0.3  # of a passage's words and token vectors
JITTER = 0.03  # standard deviation on each of the values of a unit vector
GROUPS = ("everyone", "group:a", "group:b", "group:c")


@dataclass(frozen=True)
class Original:
    """A real passage: its words, its vector (d,) float16, its token ids (t,) and their codes (t, code_bytes)."""

    words: NDArray[np.str_]
    vector: NDArray[np.float16]
    token_ids: NDArray[np.uint32]
    token_codes: NDArray[np.uint8]


def enlarge(base: KnowledgeBase, model_id: str, n_passages: int) -> None:
    """Add passages made from those that are there until there are `n_passages`, and rebuild the indexes.

    Every document gets one of `GROUPS` as its reader, in turn. The same base always grows the same way.
    """
    rng = np.random.default_rng(7)
    with base.database.read() as session:
        originals = _read_originals(session, model_id)
    n_documents = -(-(n_passages - len(originals)) // PASSAGES_PER_DOCUMENT)
    words = np.concatenate([original.words for original in originals])
    for first in range(0, n_documents, DOCUMENTS_AT_ONCE):
        with base.database.write() as session:
            for number in range(first, min(n_documents, first + DOCUMENTS_AT_ONCE)):
                chosen = rng.integers(0, len(originals), PASSAGES_PER_DOCUMENT)
                drafts = [_varied(originals[i], words, originals[rng.integers(0, len(originals))], rng) for i in chosen]
                _write_document(session, model_id, number, drafts)
    with base.database.write() as session:
        record_change(session, "publish", new_id())
    with base.database.read() as session:
        base.replica.rebuild(session)


def _read_originals(session: Session, model_id: str) -> list[Original]:
    rows = session.execute(
        select(Passage.text, Embedding.vector, Embedding.token_ids, Embedding.token_codes)
        .join(Embedding, Embedding.text_hash == Passage.embedding_hash)
        .where(Embedding.model_id == model_id)
        .order_by(Passage.id)
    )
    return [
        Original(
            words=np.array(text.split(" ")),
            vector=np.frombuffer(vector, dtype="<f2"),
            token_ids=np.frombuffer(token_ids, dtype="<u4"),
            token_codes=np.frombuffer(codes, dtype=np.uint8).reshape(len(token_ids) // 4, -1),
        )
        for text, vector, token_ids, codes in rows
    ]


def _varied(original: Original, vocabulary: NDArray[np.str_], other: Original, rng: np.random.Generator) -> Original:
    """The passage with some words from anywhere, some token vectors of another passage, and a jittered vector."""
    changed = rng.random(len(original.words)) < CHANGED_SHARE
    drawn = vocabulary[rng.integers(0, len(vocabulary), len(original.words))]
    tokens = np.flatnonzero(rng.random(len(original.token_ids)) < CHANGED_SHARE)
    ids, codes = original.token_ids.copy(), original.token_codes.copy()
    sources = rng.integers(0, len(other.token_ids), len(tokens))
    ids[tokens], codes[tokens] = other.token_ids[sources], other.token_codes[sources]
    vector = original.vector.astype(np.float32) + rng.normal(0, JITTER, len(original.vector)).astype(np.float32)
    vector /= np.linalg.norm(vector)
    return Original(np.where(changed, drawn, original.words), vector.astype(np.float16), ids, codes)


def _write_document(session: Session, model_id: str, number: int, drafts: list[Original]) -> None:
    name = f"large-{number}.md"
    document = Document(collection="large", source=name, filename=name, title=f"Large {number}")
    session.add(document)
    session.flush()
    version = Version(
        document_id=document.id, number=1, sha256=f"{number:064x}", size_bytes=1, filename=name,
        media_type="text/markdown", status="searchable", n_pages=1, n_passages=len(drafts),
    )  # fmt: skip
    session.add_all([version, AclEntry(document_id=document.id, principal=GROUPS[number % len(GROUPS)])])
    session.flush()
    document.current_version_id = version.id
    passages, embeddings, start = [], [], 0
    for ordinal, draft in enumerate(drafts):
        text = " ".join(draft.words)
        text_hash = f"{number:056x}{ordinal:08x}"
        passages.append({
            "version_id": version.id, "ordinal": ordinal, "page": 1, "start": start, "end": start + len(text),
            "heading": "", "text": text, "embedding_hash": text_hash,
        })  # fmt: skip
        embeddings.append({
            "model_id": model_id, "text_hash": text_hash, "vector": draft.vector.astype("<f2").tobytes(),
            "token_ids": draft.token_ids.astype("<u4").tobytes(), "token_codes": draft.token_codes.tobytes(),
        })  # fmt: skip
        start += len(text) + 2
    session.execute(insert(Passage), passages)
    session.execute(insert(Embedding), embeddings)
