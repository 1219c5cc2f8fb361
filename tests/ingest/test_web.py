"""Fetching from the web: only allowed hosts, only the address that was checked, within limits of time and size."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from ingest.errors import FileRejected
from ingest.web import AddressRefused, FetchFailed, WebPolicy, fetch, parse_address, usable_ip

HOST = "wiki.internal"
POLICY = WebPolicy(private=frozenset({HOST}), max_bytes=10_000, timeout_seconds=5)


@dataclass
class Listener:
    """A server on this machine that answers with given bytes and counts who connected."""

    port: int
    requests: list[bytes] = field(default_factory=list)
    n_connections: int = 0


@contextmanager
def listening(answer: Callable[[bytes], bytes], host: str = "127.0.0.1", pause: float = 0.0) -> Iterator[Listener]:
    server = socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener = Listener(server.getsockname()[1])
    server.settimeout(0.05)
    ended = threading.Event()

    def serve() -> None:
        while not ended.is_set():
            try:
                connection, _ = server.accept()
            except TimeoutError:
                continue
            with connection:
                listener.n_connections += 1
                request = connection.recv(10_000)
                listener.requests.append(request)
                ended.wait(pause)
                connection.sendall(answer(request))

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener
    finally:
        ended.set()
        thread.join()
        server.close()


def ok(body: bytes, *headers: str) -> bytes:
    lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


def to_loopback(host: str, port: int) -> list[str]:
    return ["127.0.0.1"]


def answering(*ips: str) -> Callable[[str, int], list[str]]:
    def resolve(host: str, port: int) -> list[str]:
        return list(ips)

    return resolve


def get(url: str, policy: WebPolicy = POLICY, **options: object) -> bytes:
    with fetch(url, policy, **{"resolver": to_loopback, **options}) as fetched:  # type: ignore[arg-type]
        assert fetched.content is not None
        return fetched.content.read()


def test_page_of_an_allowed_host_is_fetched_with_its_name_and_stamp() -> None:
    page = ok(b"<h1>Hi</h1>", 'ETag: "7"', "Content-Type: text/html")
    with (
        listening(lambda _: page) as server,
        fetch(f"http://{HOST}:{server.port}/a/page?x=1", POLICY, resolver=to_loopback) as fetched,
    ):
        assert fetched.content is not None
        content = fetched.content.read()
    assert (content, fetched.stamp, fetched.filename) == (b"<h1>Hi</h1>", 'etag "7"', f"{HOST}/a/page.html")
    assert server.requests[0].startswith(b"GET /a/page?x=1 HTTP/1.1\r\nHost: " + HOST.encode())


def test_page_that_has_not_changed_has_no_content() -> None:
    with (
        listening(lambda _: b"HTTP/1.1 304 Not Modified\r\n\r\n") as server,
        fetch(f"http://{HOST}:{server.port}/", POLICY, stamp='etag "7"', resolver=to_loopback) as fetched,
    ):
        assert (fetched.content, fetched.stamp) == (None, 'etag "7"')
    assert b'If-None-Match: "7"' in server.requests[0]


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://docs.example.org/",
        "gopher://docs.example.org/",
        "http://user:secret@docs.example.org/",
        "http://docs.example.org@127.0.0.1/",
        "http://docs.example.org\\@127.0.0.1/",
        "http://docs.example.org/a b",
        "http://docs.example.org/\r\nX: y",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0x7f.1/",
        "http://0177.0.0.1/",
        "http://127.1/",
        "http://docs.example.org:port/",
        "http:///nothing",
        "http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/",
        "http://[::1%25lo]/",
        "http://[fe80::1/",
        "docs.example.org",
    ],
)
def test_odd_address_is_refused_before_anything_is_resolved(url: str) -> None:
    with pytest.raises(AddressRefused):
        parse_address(url)


@pytest.mark.parametrize(
    "ip",
    [
        "127.0.0.1",
        "127.8.8.8",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "100.100.100.200",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fc00::1",
        "fd00:ec2::254",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "2001:0:4136:e378:8000:63bf:80ff:fffe",
    ],
)
def test_allowed_host_that_leads_into_a_private_network_is_refused(ip: str) -> None:
    address = parse_address("http://docs.example.org/")
    policy = WebPolicy(allowed=frozenset({"docs.example.org"}))
    with pytest.raises(AddressRefused, match="private network"):
        usable_ip(address, policy, answering("93.184.216.34", ip))


@pytest.mark.parametrize("ip", ["169.254.169.254", "fe80::1", "::ffff:169.254.169.254", "0.0.0.0", "fd00:ec2::254"])
def test_metadata_services_are_refused_even_where_private_networks_are_allowed(ip: str) -> None:
    with pytest.raises(AddressRefused):
        usable_ip(parse_address(f"http://{HOST}/"), POLICY, answering(ip))


@pytest.mark.parametrize("ip", ["10.1.2.3", "192.168.1.1", "127.0.0.1", "::1", "fc00::1"])
def test_private_networks_are_reached_where_an_operator_allowed_it(ip: str) -> None:
    assert usable_ip(parse_address(f"http://{HOST}/"), POLICY, answering(ip)) == ip


@pytest.mark.parametrize(
    ("allowed", "host", "is_allowed"),
    [
        ("docs.example.org", "docs.example.org", True),
        ("docs.example.org", "DOCS.example.org.", True),
        ("docs.example.org", "evil.org", False),
        ("docs.example.org", "docs.example.org.evil.org", False),
        ("docs.example.org", "xdocs.example.org", False),
        ("*.example.org", "a.b.example.org", True),
        ("*.example.org", "example.org", False),
        ("*.example.org", "evilexample.org", False),
    ],
)
def test_host_is_allowed_by_its_whole_name(allowed: str, host: str, is_allowed: bool) -> None:
    resolved: list[str] = []

    def note(host: str, port: int) -> list[str]:
        resolved.append(host)
        return ["127.0.0.1"]

    with pytest.raises(AddressRefused):
        get(f"http://{host}/", WebPolicy(allowed=frozenset({allowed})), resolver=note)
    assert bool(resolved) == is_allowed


def test_host_that_answers_otherwise_the_second_time_is_asked_once() -> None:
    """DNS rebinding: the connection goes to the IP that was checked."""
    answers = iter([["127.0.0.1"], ["127.0.0.2"]])

    def rebinding(host: str, port: int) -> list[str]:
        return next(answers)

    with listening(lambda _: ok(b"right")) as server:
        content = get(f"http://{HOST}:{server.port}/", resolver=rebinding)
    assert (content, next(answers)) == (b"right", ["127.0.0.2"])


@pytest.mark.parametrize(
    "place",
    [
        "http://127.0.0.1:{port}/",
        "http://localhost:{port}/",
        "http://[::ffff:127.0.0.1]:{port}/",
        "//2130706433:{port}/",
    ],
)
def test_redirect_to_a_forbidden_place_never_connects(place: str) -> None:
    with listening(lambda _: ok(b"secret")) as forbidden:
        location = place.format(port=forbidden.port)
        moved = f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()
        with listening(lambda _: moved) as server, pytest.raises(AddressRefused):
            get(f"http://{HOST}:{server.port}/")
    assert (server.n_connections, forbidden.n_connections) == (1, 0)


def test_redirect_to_a_host_that_has_become_private_never_connects() -> None:
    with listening(lambda _: ok(b"secret")) as forbidden:
        location = f"http://docs.example.org:{forbidden.port}/"
        moved = f"HTTP/1.1 301 Moved\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()
        policy = WebPolicy(allowed=frozenset({"docs.example.org"}), private=frozenset({HOST}), timeout_seconds=5)
        with listening(lambda _: moved) as server, pytest.raises(AddressRefused, match="private network"):
            get(f"http://{HOST}:{server.port}/", policy)
    assert forbidden.n_connections == 0


def test_redirect_to_a_host_that_is_not_allowed_is_not_even_resolved() -> None:
    moved = b"HTTP/1.1 302 Found\r\nLocation: http://evil.org/\r\nContent-Length: 0\r\n\r\n"
    resolved: list[str] = []

    def note(host: str, port: int) -> list[str]:
        resolved.append(host)
        return ["127.0.0.1"]

    with listening(lambda _: moved) as server, pytest.raises(AddressRefused, match="not an allowed host"):
        get(f"http://{HOST}:{server.port}/", resolver=note)
    assert resolved == [HOST]


def test_redirects_end() -> None:
    moved = b"HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n"
    with listening(lambda _: moved) as server, pytest.raises(FetchFailed, match="more than 5 redirects"):
        get(f"http://{HOST}:{server.port}/")
    assert server.n_connections == 6


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(ok(b"x" * 10_001), id="declared"),
        pytest.param(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b"x" * 10_001, id="undeclared"),
    ],
)
def test_page_that_is_too_large_is_refused(answer: bytes) -> None:
    with listening(lambda _: answer) as server, pytest.raises(FileRejected) as rejected:
        get(f"http://{HOST}:{server.port}/")
    assert rejected.value.error_class == "too_large"


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", id="cut_off"),
        pytest.param(b"HTTP/1.1 500 Broken\r\nContent-Length: 0\r\n\r\n", id="error"),
        pytest.param(ok(b"x", "Content-Encoding: gzip"), id="compressed"),
        pytest.param(b"nonsense", id="no_http"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_answer_that_is_not_whole_is_no_document(answer: bytes) -> None:
    with listening(lambda _: answer) as server, pytest.raises(FetchFailed):
        get(f"http://{HOST}:{server.port}/")


def test_slow_server_is_left_at_the_deadline() -> None:
    policy = WebPolicy(private=frozenset({HOST}), timeout_seconds=0.3)
    began = time.monotonic()
    with listening(lambda _: ok(b"late"), pause=3) as server, pytest.raises(FetchFailed):
        get(f"http://{HOST}:{server.port}/", policy)
    assert time.monotonic() - began < 3
