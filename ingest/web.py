"""Fetching web pages from hosts that an operator allowed, without ever connecting to an address that is not."""

import contextlib
import http.client
import ipaddress
import re
import socket
import ssl
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO
from urllib.parse import urljoin, urlsplit, urlunsplit

from ingest.errors import FileRejected, FootnoteError, InvalidInput

MAX_REDIRECTS = 5
CONNECT_SECONDS = 10.0
READ_BYTES = 1 << 16
REDIRECTS = frozenset({301, 302, 303, 307, 308})
PORTS = {"http": 80, "https": 443}
USER_AGENT = "Footnote"
_HOST = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Sequence[str]]


class AddressRefused(InvalidInput):
    """An address on the web must not be fetched."""


class FetchFailed(FootnoteError):
    """A web page could not be fetched; trying again later may help."""


@dataclass(frozen=True)
class WebPolicy:
    """Which hosts may be fetched: `allowed` names or `*.name`; only those of `private` may be in private networks."""

    allowed: frozenset[str] = frozenset()
    private: frozenset[str] = frozenset()
    max_bytes: int = 100_000_000
    timeout_seconds: float = 60.0


@dataclass(frozen=True)
class Fetched:
    """What an address answered: the content, the address it came from in the end, and a stamp to ask again with.

    `content` is None when nothing has changed since the stamp that was given.
    """

    url: str
    stamp: str | None
    content: IO[bytes] | None
    filename: str


@dataclass(frozen=True)
class WebAddress:
    """An address that may be fetched, taken apart."""

    scheme: str
    host: str
    port: int
    target: str

    def __str__(self) -> str:
        """The address as it is written."""
        shown = f"[{self.host}]" if ":" in self.host else self.host
        place = shown if self.port == PORTS[self.scheme] else f"{shown}:{self.port}"
        return f"{self.scheme}://{place}{self.target}"


def resolve(host: str, port: int) -> list[str]:
    """The IP addresses of a host, as the system knows them. Raises FetchFailed when there are none."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise FetchFailed(f"The host {host} is not known; check the address.") from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def parse_address(url: str) -> WebAddress:
    """Take an address apart, strictly.

    Raises:
        AddressRefused: it is not http or https, has a user name or password, or a host that is no plain name or IP.
    """
    if len(url) > 4000 or any(ord(character) <= 32 or ord(character) == 127 for character in url) or "\\" in url:
        raise AddressRefused("The address has white space, control characters or a backslash; write it plainly.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise AddressRefused(f"The address cannot be understood ({error}); check it.") from error
    if parts.scheme not in PORTS:
        raise AddressRefused("Only addresses with http:// or https:// are fetched.")
    if "@" in parts.netloc:
        raise AddressRefused("An address with a user name or password is not fetched; leave them out.")
    host = (parts.hostname or "").rstrip(".")
    if "%" in host or (_as_ip(host) is None and (not _HOST.fullmatch(host) or _looks_like_number(host))):
        raise AddressRefused("The host of the address is neither a plain name nor a plain IP address.")
    target = urlunsplit(("", "", parts.path or "/", parts.query, ""))
    return WebAddress(parts.scheme, host, port or PORTS[parts.scheme], target)


def check_host(address: WebAddress, policy: WebPolicy) -> None:
    """Refuse hosts that no operator allowed. Raises AddressRefused."""
    if not _matches(address.host, policy.allowed | policy.private):
        raise AddressRefused(f"{address.host} is not an allowed host; an operator can add it to FOOTNOTE_URL_ALLOW.")


def usable_ip(address: WebAddress, policy: WebPolicy, resolver: Resolve) -> str:
    """The IP to connect to; every IP of the host must be a public one, unless private ones are allowed for it.

    Raises:
        AddressRefused: one of them is private, loopback, link-local, reserved or a metadata service.
        FetchFailed: the host is not known.
    """
    ips = [address.host] if _as_ip(address.host) is not None else list(resolver(address.host, address.port))
    if not ips:
        raise FetchFailed(f"The host {address.host} has no address.")
    for text in ips:
        ip = _as_ip(text.partition("%")[0])
        if ip is None or not _may_connect(ip, private=_matches(address.host, policy.private)):
            raise AddressRefused(
                f"{address.host} leads into a private network; an operator can allow that with "
                "FOOTNOTE_URL_ALLOW_PRIVATE."
            )
    return ips[0]


@contextmanager
def fetch(url: str, policy: WebPolicy, *, stamp: str | None = None, resolver: Resolve = resolve) -> Iterator[Fetched]:
    """Fetch an address, following redirects that are allowed themselves; the content is a file until the block ends.

    Each hop is resolved once, and the connection goes to the very IP that was checked. `stamp` is that of the last
    fetch: if the server says that nothing changed since, there is no content.

    Raises:
        AddressRefused: the address, or one it leads to, must not be fetched.
        FetchFailed: the server does not answer as it should.
        FileRejected: too_large.
    """
    deadline = time.monotonic() + policy.timeout_seconds
    for _ in range(MAX_REDIRECTS + 1):
        address = parse_address(url)
        check_host(address, policy)
        connection = _Connection(address, usable_ip(address, policy, resolver), deadline)
        try:
            response = connection.get(_conditions(stamp))
            if response.status in REDIRECTS:
                url = urljoin(str(address), response.headers.get("location", ""))
                continue
            if response.status == 304 and stamp:
                yield Fetched(str(address), stamp, None, "")
                return
            if response.status != 200:
                raise FetchFailed(f"{address} answered {response.status}; check the address.")
            with tempfile.TemporaryFile() as content:
                connection.copy(response, content, policy.max_bytes)
                yield Fetched(str(address), _stamp_of(response), content, _filename(address, response))
            return
        finally:
            connection.close()
    raise FetchFailed(f"{url} is behind more than {MAX_REDIRECTS} redirects.")


def _matches(host: str, names: frozenset[str]) -> bool:
    """Whether a host is one of the names, or below one of `*.name`."""
    lowered = {name.lower().rstrip(".") for name in names}
    above = {f"*.{'.'.join(host.split('.')[i:])}" for i in range(1, host.count(".") + 1)}
    return host in lowered or bool(above & lowered)


def _as_ip(host: str) -> Address | None:
    """A host that is written as an IP address in the usual form."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _looks_like_number(host: str) -> bool:
    """Whether a resolver could take the host for an IP in decimal, octal or hexadecimal."""
    last = host.rsplit(".", 1)[-1]
    return last.isdigit() or bool(re.fullmatch(r"0x[0-9a-f]*", last))


def _may_connect(ip: Address, *, private: bool) -> bool:
    """Whether an IP is public, or private where that is allowed; one inside another form is judged as itself.

    Link-local addresses, among them the metadata services of clouds, are never allowed.
    """
    for inner in _embedded(ip):
        ip = inner
    if ip.is_link_local or ip.is_multicast or ip.is_unspecified or ip in _METADATA:
        return False
    if private and (ip.is_private or ip.is_loopback):
        return True
    return ip.is_global and not ip.is_reserved


def _embedded(ip: Address) -> Iterator[Address]:
    """The IPv4 address inside an IPv6 one: mapped, 6to4, Teredo, NAT64 or the old compatible form."""
    if isinstance(ip, ipaddress.IPv4Address):
        return
    if ip.ipv4_mapped is not None:
        yield ip.ipv4_mapped
    elif ip.sixtofour is not None:
        yield ip.sixtofour
    elif ip.teredo is not None:
        yield ip.teredo[1]
    elif ip in _NAT64 or (int(ip) >> 32 == 0 and not ip.is_loopback):
        yield ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)


_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_METADATA = frozenset(map(ipaddress.ip_address, ("169.254.169.254", "100.100.100.200", "fd00:ec2::254")))


class _Connection:
    """One connection to one IP, for one request, shut down at the deadline (monotonic seconds)."""

    def __init__(self, address: WebAddress, ip: str, deadline: float) -> None:
        self._address, self._ip, self._deadline = address, ip, deadline
        self._http = http.client.HTTPConnection(address.host, address.port)
        self._watchdog: threading.Timer | None = None
        self._response: http.client.HTTPResponse | None = None

    def get(self, headers: dict[str, str]) -> http.client.HTTPResponse:
        """Connect and ask. Raises FetchFailed."""
        seconds = self._deadline - time.monotonic()
        if seconds <= 0:
            raise FetchFailed(f"{self._address} takes too long; try again later.")
        try:
            plain = socket.create_connection((self._ip, self._address.port), min(CONNECT_SECONDS, seconds))
            self._watchdog = threading.Timer(seconds, _shut, [plain])
            self._watchdog.daemon = True
            self._watchdog.start()
            self._http.sock = plain
            if self._address.scheme == "https":
                context = ssl.create_default_context()
                self._http.sock = context.wrap_socket(plain, server_hostname=self._address.host)
            self._http.sock.settimeout(seconds)
            self._http.request("GET", self._address.target, headers={**headers, "User-Agent": USER_AGENT})
            self._response = self._http.getresponse()
            return self._response
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise FetchFailed(f"{self._address} does not answer ({type(error).__name__}); try again later.") from error

    def copy(self, response: http.client.HTTPResponse, file: IO[bytes], max_bytes: int) -> None:
        """Copy the body to a file. Raises FileRejected when it is too large, FetchFailed when it is not whole."""
        if response.headers.get("content-encoding", "identity").lower() != "identity":
            raise FetchFailed(f"{self._address} answers compressed, which was not asked for.")
        size = 0
        try:
            while block := response.read1(READ_BYTES):
                size += len(block)
                if size > max_bytes:
                    raise FileRejected("too_large", f"{self._address} is larger than {max_bytes / 1e6:.0f} MB.")
                file.write(block)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise FetchFailed(f"{self._address} stopped in the middle; try again later.") from error
        if response.length or time.monotonic() >= self._deadline:
            raise FetchFailed(f"{self._address} stopped in the middle, or takes too long; try again later.")
        file.seek(0)

    def close(self) -> None:
        """Close the connection, whatever state it is in."""
        if self._watchdog is not None:
            self._watchdog.cancel()
        if self._response is not None:
            self._response.close()
        self._http.close()


def _shut(connection: socket.socket) -> None:
    """End a connection whose time is over, whoever waits on it."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def _conditions(stamp: str | None) -> dict[str, str]:
    """The headers that ask only for what has changed since `stamp`."""
    if not stamp:
        return {}
    kind, _, value = stamp.partition(" ")
    return {"If-None-Match" if kind == "etag" else "If-Modified-Since": value}


def _stamp_of(response: http.client.HTTPResponse) -> str | None:
    """What to ask with next time: the entity tag, else the date of the last change, else nothing."""
    for kind, header in (("etag", "etag"), ("modified", "last-modified")):
        value = response.headers.get(header, "").strip()
        if value and len(value) < 500 and value.isprintable() and value.isascii():
            return f"{kind} {value}"
    return None


def _filename(address: WebAddress, response: http.client.HTTPResponse) -> str:
    """A name for people: host and path, with the ending that the media type has where the path has none."""
    path = address.target.partition("?")[0].strip("/")
    name = f"{address.host}/{path}" if path else address.host
    is_page = response.headers.get_content_type() == "text/html"
    return f"{name}.html" if not path or (is_page and "." not in name[-6:]) else name
