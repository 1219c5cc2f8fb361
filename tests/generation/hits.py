"""Hits made by hand."""

from collections.abc import Callable

from retrieval.hit import Hit

StoreDocument = Callable[..., Hit]


def make_hit(
    text: str,
    document_id: str = "d",
    version_id: str = "v",
    *,
    sha256: str = "",
    title: str = "Handbook",
    rank: int = 1,
) -> Hit:
    """A hit that is a whole one-page version."""
    return Hit(
        passage_id=rank,
        document_id=document_id,
        version_id=version_id,
        version_sha256=sha256,
        title=title,
        filename=f"{title}.md",
        collection="default",
        page=1,
        start=0,
        end=len(text),
        heading="",
        text=text,
        score=1.0 / rank,
        rank=rank,
        vector_score=0.5,
        keyword_score=None,
    )
