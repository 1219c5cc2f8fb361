"""Texts are embedded with a new model once, whatever is stopped; searches switch to it when none is missing."""

from collections.abc import Iterator

import pytest
from published_library import MODEL, PublishedLibrary
from sqlalchemy import select

from ingest.database import Base, Database
from ingest.embed import Embedder, embedding_text, text_hash
from ingest.embedding_models import active_model
from ingest.errors import InvalidInput
from ingest.reembed import (
    BATCH_TEXTS,
    begin,
    delete_dropped,
    drop_all_but_active,
    embed_missing,
    model_before,
    model_statuses,
    switch,
)
from ingest.tables import Embedding, EmbeddingModel, Passage


class Stopped(Exception):
    """The work was stopped from outside."""


@pytest.fixture
def library(database_url: str) -> Iterator[PublishedLibrary]:
    """Two documents that are searched with a model of the test."""
    database = Database(database_url)
    Base.metadata.create_all(database.engine)
    library = PublishedLibrary(database)
    with database.write() as session:
        session.add(EmbeddingModel(model_id=MODEL, name="words", precision="f32", state="active"))
    library.publish("leave.md", ["Vacation is fifteen days.", "Ask your manager."])
    library.publish("pay.md", ["Salaries are paid monthly.", "Ask your manager."])
    yield library
    database.close()


@pytest.fixture
def begun(library: PublishedLibrary, embedder: Embedder) -> PublishedLibrary:
    """The same, while a switch to the real model is prepared."""
    with library.database.write() as session:
        begin(session, embedder)
    return library


def embed(library: PublishedLibrary, embedder: Embedder) -> int:
    return embed_missing(library.database, embedder, lambda *_: None)


def switched(library: PublishedLibrary, model_id: str) -> bool:
    with library.database.write() as session:
        return switch(session, model_id)


def states(library: PublishedLibrary) -> dict[str, tuple[str, int]]:
    """State and number of vectors of each model."""
    with library.database.read() as session:
        return {status.model_id: (status.state, status.n_embedded) for status in model_statuses(session)}


def test_text_that_several_documents_have_is_embedded_once(begun: PublishedLibrary, embedder: Embedder) -> None:
    assert embed(begun, embedder) == 3
    assert embed(begun, embedder) == 0
    assert states(begun) == {MODEL: ("active", 3), embedder.model_id: ("preparing", 3)}


def test_stopped_work_goes_on_where_it_was(begun: PublishedLibrary, embedder: Embedder) -> None:
    begun.publish("many.md", [f"Room {i} is on floor {i // 9}." for i in range(BATCH_TEXTS)])

    def stop(done: int, _: int) -> None:
        if done:
            raise Stopped

    with pytest.raises(Stopped):
        embed_missing(begun.database, embedder, stop)
    assert states(begun)[embedder.model_id] == ("preparing", BATCH_TEXTS)
    assert embed(begun, embedder) == 3


def test_searches_do_not_switch_while_a_passage_has_no_vector(begun: PublishedLibrary, embedder: Embedder) -> None:
    embed(begun, embedder)
    begun.publish("late.md", ["The canteen closes at three."])
    assert not switched(begun, embedder.model_id)
    with begun.database.read() as session:
        assert active_model(session).model_id == MODEL  # type: ignore[union-attr]
    embed(begun, embedder)
    assert switched(begun, embedder.model_id)
    assert states(begun) == {embedder.model_id: ("active", 4), MODEL: ("kept", 4)}


def test_one_can_go_back_to_the_model_before(begun: PublishedLibrary, embedder: Embedder) -> None:
    embed(begun, embedder)
    assert switched(begun, embedder.model_id)
    with begun.database.read() as session:
        assert model_before(session).model_id == MODEL
    assert switched(begun, MODEL)
    assert states(begun) == {MODEL: ("active", 3), embedder.model_id: ("kept", 3)}


def test_the_model_before_the_model_before_is_dropped(begun: PublishedLibrary, embedder: Embedder) -> None:
    with begun.database.write() as session:
        session.add(EmbeddingModel(model_id="older", name="older", precision="f32", state="kept"))
    embed(begun, embedder)
    assert switched(begun, embedder.model_id)
    assert states(begun)["older"] == ("dropped", 0)


def test_dropped_vectors_are_deleted_and_there_is_no_way_back(begun: PublishedLibrary, embedder: Embedder) -> None:
    embed(begun, embedder)
    assert switched(begun, embedder.model_id)
    with begun.database.write() as session:
        assert drop_all_but_active(session) == [MODEL]
    assert delete_dropped(begun.database) == 3
    assert states(begun) == {embedder.model_id: ("active", 3)}
    with begun.database.read() as session, pytest.raises(InvalidInput, match="no model to go back to"):
        model_before(session)


def test_work_on_a_model_ends_when_it_is_dropped(begun: PublishedLibrary, embedder: Embedder) -> None:
    with begun.database.write() as session:
        drop_all_but_active(session)
    with pytest.raises(InvalidInput, match="was dropped meanwhile"):
        embed(begun, embedder)
    with pytest.raises(InvalidInput, match="was dropped meanwhile"):
        switched(begun, embedder.model_id)


def test_dropped_model_can_be_prepared_again(begun: PublishedLibrary, embedder: Embedder) -> None:
    with begun.database.write() as session:
        drop_all_but_active(session)
    with begun.database.write() as session:
        begin(session, embedder)
    assert embed(begun, embedder) == 3


def test_passages_are_embedded_with_title_and_headings(begun: PublishedLibrary, embedder: Embedder) -> None:
    text = embedding_text("trip.md", "Trains", "Second class is paid.")
    begun.publish("trip.md", ["Second class is paid."])
    with begun.database.write() as session:
        passage = session.scalars(select(Passage).where(Passage.text == "Second class is paid.")).one()
        passage.heading, passage.embedding_hash = "Trains", text_hash(text)
    embed(begun, embedder)
    with begun.database.read() as session:
        stored = session.get_one(Embedding, (embedder.model_id, text_hash(text)))
    expected = embedder.embed_passages([text])[0].astype("<f2").tobytes()
    assert stored.vector[:64] == expected[:64]
