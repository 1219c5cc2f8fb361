"""The caller's own keys for programs."""

from fastapi import APIRouter
from sqlalchemy import select

from api.deps import is_id
from api.identity import create_key, revoke_key
from api.people_schemas import CreatedKey, KeyList, KeyView, NewKey
from api.policies import PersonDep, RuntimeDep, SignedInDep
from api.tables import ApiKey, User
from ingest.errors import NotFound

router = APIRouter(prefix="/v1/keys", tags=["Keys"])


@router.get("", summary="List my keys")
def list_keys(caller: PersonDep, runtime: RuntimeDep) -> KeyList:
    """The caller's keys, newest first, without their secrets."""
    with runtime.database.read() as session:
        keys = session.scalars(
            select(ApiKey).where(ApiKey.user_id == caller.user_id).order_by(ApiKey.created_at.desc(), ApiKey.id)
        )
        return KeyList(items=[KeyView.model_validate(key) for key in keys])


@router.post("", status_code=201, summary="Make a key")
def make_key(body: NewKey, caller: SignedInDep, runtime: RuntimeDep) -> CreatedKey:
    """Make a key; it is shown this once. Needs a password sign-in, so that a leaked key cannot make others."""
    with runtime.database.write() as session:
        user = session.get_one(User, caller.user_id)
        secret, prefix = create_key(session, user, body.name, expires_in_days=body.expires_in_days)
        row = session.scalars(select(ApiKey).where(ApiKey.prefix == prefix)).one()
        return CreatedKey(key=secret, **KeyView.model_validate(row).model_dump())


@router.delete("/{key_id}", status_code=204, summary="Revoke a key")
def end_key(key_id: str, caller: PersonDep, runtime: RuntimeDep) -> None:
    """Revoke one of the caller's keys; refused from the next request on."""
    with runtime.database.write() as session:
        key = session.get(ApiKey, key_id) if is_id(key_id) else None
        if key is None or key.user_id != caller.user_id:
            raise NotFound("There is no such key.")
        revoke_key(session, key)
