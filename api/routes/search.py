"""Finding passages."""

from fastapi import APIRouter

from api.asking_schemas import HitView, SearchBody, SearchResult
from api.policies import PersonDep, RuntimeDep
from api.search_filters import search_filters
from retrieval.options import SearchOptions

router = APIRouter(prefix="/v1", tags=["Search"])


@router.post("/search", summary="Find passages")
def search(body: SearchBody, caller: PersonDep, runtime: RuntimeDep) -> SearchResult:
    """The best passages of the documents that the caller may read, best first."""
    filters = search_filters(body.filters, body.collection)
    options = SearchOptions(
        mode=body.mode,
        fusion=body.fusion,
        rerank=body.rerank,
        group=body.group,
        collapse=body.collapse,
        merge_neighbours=body.merge_neighbours,
        explain=body.explain,
    )
    searcher = runtime.search().searcher
    with runtime.database.read() as session:
        hits = searcher.search(session, body.query, caller.principals, body.k, filters=filters, options=options)
    degraded = searcher.degraded(body.query, caller.principals, options=options)
    return SearchResult(query=body.query, hits=[HitView.model_validate(hit) for hit in hits], degraded=list(degraded))
