"""Finding passages."""

from fastapi import APIRouter

from api.policies import PersonDep, RuntimeDep
from api.schemas import HitView, SearchBody, SearchResult

router = APIRouter(prefix="/v1", tags=["Search"])


@router.post("/search", summary="Find passages")
def search(body: SearchBody, caller: PersonDep, runtime: RuntimeDep) -> SearchResult:
    """The best passages of the documents that the caller may read, best first."""
    searcher = runtime.search().searcher
    with runtime.database.read() as session:
        hits = searcher.search(session, body.query, caller.principals, body.k, collection=body.collection)
    return SearchResult(query=body.query, hits=[HitView.model_validate(hit) for hit in hits])
