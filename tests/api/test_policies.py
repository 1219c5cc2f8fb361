"""Every route says who may call it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

from api.app import ROUTERS
from api.policies import POLICIES

app = FastAPI()
for router in ROUTERS:
    app.include_router(router)
ROUTES = [context for context in iter_route_contexts(app.routes) if isinstance(context.original_route, APIRoute)]


def calls_of(dependant: Dependant) -> Iterator[object]:
    for dependency in dependant.dependencies:
        yield dependency.call
        yield from calls_of(dependency)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{sorted(route.methods)[0]} {route.path}")
def test_route_declares_a_policy(route) -> None:
    assert POLICIES.intersection(calls_of(route.dependant))


def test_every_file_of_routes_is_served() -> None:
    files = {path.stem for path in (Path(__file__).parents[2] / "api" / "routes").glob("*.py")} - {"__init__"}
    served = {context.endpoint.__module__.rsplit(".", 1)[-1] for context in ROUTES}
    assert files == served


def test_route_without_a_policy_is_noticed() -> None:
    bare = FastAPI()

    @bare.get("/v1/leak")
    def leak() -> str:
        return "everything"

    (context,) = [
        context for context in iter_route_contexts(bare.routes) if isinstance(context.original_route, APIRoute)
    ]
    assert not POLICIES.intersection(calls_of(context.dependant))


PUBLIC = {("GET", "/healthz"), ("GET", "/readyz"), ("POST", "/v1/session")}


@pytest.mark.parametrize(
    "route",
    [
        route
        for route in ROUTES
        if route.path.startswith("/v1") and (sorted(route.methods)[0], route.path) not in PUBLIC
    ],
    ids=lambda route: f"{sorted(route.methods)[0]} {route.path}",
)
def test_route_of_the_api_is_not_public(route) -> None:
    assert any(
        call.__name__ in ("person", "signed_in", "admin") for call in calls_of(route.dependant) if call in POLICIES
    )
