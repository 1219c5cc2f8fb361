"""The collections and how many documents each has."""

from fastapi import APIRouter
from sqlalchemy import func, select

from api.document_views import visible_to
from api.policies import PersonDep, RuntimeDep
from api.schemas import CollectionCount, CollectionList
from ingest.tables import Document

router = APIRouter(prefix="/v1", tags=["Documents"])


@router.get("/collections", summary="List collections")
def list_collections(caller: PersonDep, runtime: RuntimeDep) -> CollectionList:
    """Only collections in which the caller may see a document, counting only those."""
    statement = (
        select(Document.collection, func.count())
        .where(visible_to(caller))
        .group_by(Document.collection)
        .order_by(Document.collection)
    )
    with runtime.database.read() as session:
        rows = session.execute(statement).all()
    return CollectionList(items=[CollectionCount(name=name, documents=count) for name, count in rows])
