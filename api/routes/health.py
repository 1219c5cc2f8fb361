"""Whether the server lives, and whether everything in it answers."""

from importlib.metadata import version

from fastapi import APIRouter, Depends, Response

from api.policies import RuntimeDep, public
from api.schemas import Health, Readiness
from ingest.database import head_seq

router = APIRouter(tags=["Health"], dependencies=[Depends(public)])


@router.get("/healthz", summary="Does the process answer?")
def healthz(runtime: RuntimeDep) -> Health:
    """Answers as soon as the server listens, and names what works less well than it should."""
    return Health(status="ok", version=version("footnote"), degraded=runtime.degraded())


@router.get("/readyz", summary="Does everything answer?", responses={503: {"model": Readiness}})
def readyz(runtime: RuntimeDep, response: Response) -> Readiness:
    """200 when the database, the model and the indexes answer, else 503 with what does not."""
    with runtime.database.read() as session:
        head_seq(session)
    loading, failure = runtime.loading(), runtime.failure()
    if not loading:
        return Readiness(status="ready", loading=[])
    response.status_code = 503
    return Readiness(status="failing" if failure else "loading", loading=loading, message=failure)
