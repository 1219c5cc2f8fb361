"""Every error is a problem with a clear sentence, and every response carries the security headers."""

import socket

import httpx
import pytest

from api.headers import DEFAULTS
from tests.api.office import Office

UNKNOWN = "0" * 32


@pytest.mark.parametrize(
    ("method", "path", "content", "status", "words"),
    [
        pytest.param("GET", "/nowhere", None, 404, "There is no such thing here", id="unknown_address"),
        pytest.param("GET", f"/v1/documents/{UNKNOWN}", None, 404, "There is no such thing here", id="unknown_id"),
        pytest.param("GET", "/v1/documents/%00", None, 404, "There is no such thing here", id="nul_in_the_path"),
        pytest.param("GET", "/v1/documents?q=%00", None, 404, "There is no such thing here", id="nul_in_the_query"),
        pytest.param("GET", "/assets/nothing.js", None, 404, "There is no such thing here", id="unknown_asset"),
        pytest.param("GET", "/assets/../app.py", None, 404, "There is no such thing here", id="path_traversal"),
        pytest.param("PUT", "/v1/search", None, 405, "This address does not answer PUT", id="wrong_method"),
        pytest.param("POST", "/v1/search", b"{", 400, "The body is not valid JSON", id="bad_json"),
        pytest.param("POST", "/v1/search", b"[]", 422, "body: ", id="no_object"),
        pytest.param("POST", "/v1/search", b'{"query": " "}', 422, "query: it is empty", id="blank_query"),
        pytest.param("POST", "/v1/search", b'{"query": "a", "k": 0}', 422, "k: ", id="no_hits_wanted"),
        pytest.param("POST", "/v1/search", b'{"query": "a\\u0000"}', 422, "query: it has a NUL", id="nul"),
        pytest.param("POST", "/v1/search", b'{"query": "a", "limit": 3}', 422, "limit: Extra", id="unknown_member"),
        pytest.param("POST", "/v1/answers", b'{"question": ""}', 422, "question: it is empty", id="empty_question"),
        pytest.param("GET", "/v1/documents?cursor=abc", None, 422, "The cursor is not one", id="bad_cursor"),
        pytest.param("GET", "/v1/documents?limit=0", None, 422, "limit: ", id="bad_limit"),
        pytest.param("POST", "/v1/search", b" " * 1_000_001, 413, "The request is larger than 1 MB", id="large"),
    ],
)
def test_error_is_a_problem_with_a_sentence(
    reading_office: Office, method: str, path: str, content: bytes | None, status: int, words: str
) -> None:
    with reading_office.client("boss") as boss:
        response = boss.request(method, path, content=content, headers={"Content-Type": "application/json"})

    problem = response.json()
    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")
    assert {"type", "title", "status", "detail"} <= problem.keys()
    assert (problem["status"], problem["type"].startswith("/problems/")) == (status, True)
    assert problem["detail"].startswith(words)


@pytest.mark.parametrize(
    "path",
    ["/healthz", "/nowhere", "/v1/search", "/assets/nothing.js", "/", "/v1/documents", "/openapi.json", "/v1/keys"],
)
def test_every_response_carries_the_security_headers(reading_office: Office, path: str) -> None:
    with reading_office.client("boss") as boss:
        headers = boss.get(path).headers

    assert {name: headers[name] for name in DEFAULTS if name != "Cache-Control"} == {
        name: value for name, value in DEFAULTS.items() if name != "Cache-Control"
    }


def test_docs_that_load_foreign_scripts_are_not_served(reading_office: Office) -> None:
    assert [httpx.get(reading_office.url + path).status_code for path in ("/docs", "/redoc")] == [404, 404]


def test_openapi_says_what_each_operation_does(reading_office: Office) -> None:
    paths = httpx.get(f"{reading_office.url}/openapi.json").json()["paths"]
    operations = [operation for path in paths.values() for operation in path.values()]

    assert all(operation["summary"] and operation["description"] for operation in operations)


def test_error_that_nobody_foresaw_says_nothing_of_the_inside(office: Office) -> None:
    with office.database.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE acl_entry")
    with office.client("bob") as bob:
        response = bob.get("/v1/documents")

    assert response.status_code in (500, 503)
    assert response.headers["content-type"] == "application/problem+json"
    assert "acl_entry" not in response.text
    assert response.headers["x-content-type-options"] == "nosniff"


def test_client_that_goes_away_in_mid_upload_leaves_the_server_well(office: Office) -> None:
    address = httpx.URL(office.url)
    with office.client("boss") as boss:
        key = boss.headers["authorization"]
        with socket.create_connection((address.host, address.port)) as connection:
            connection.sendall(
                f"POST /v1/documents HTTP/1.1\r\nHost: x\r\nAuthorization: {key}\r\nContent-Length: 100000\r\n"
                "Content-Type: multipart/form-data; boundary=x\r\n\r\n--x\r\n".encode()
            )
        total = boss.get("/v1/documents").json()["total"]

    assert total == 2
