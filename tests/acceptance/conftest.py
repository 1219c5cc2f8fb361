"""A server and a browser, started once for all tests of the page."""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from site_server import ADMIN, HANDBOOK, PASSWORD, READER, Site, open_page, run_command

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = (
    "--no-sandbox --headless --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
SERVING = re.compile(rb"http://127\.0\.0\.1:(\d+)")
FILES = ("quick-start-guide.pdf", "people-groups-and-keys.md", "who-may-read.md", "faq.html")


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server with the handbook, an admin and a reader."""
    data_dir = tmp_path_factory.mktemp("page") / "data"
    run_command(data_dir, "user", "create", ADMIN, "--admin", "--password-stdin", given=PASSWORD)
    run_command(data_dir, "user", "create", READER, "--password-stdin", given=PASSWORD)
    files = [str(HANDBOOK / name) for name in FILES]
    run_command(data_dir, "ingest", *files, "--collection", "handbook", "--reader", "everyone")
    process = subprocess.Popen(
        [sys.executable, "-m", "api.cli", "serve", "--port", "0"],
        env={**os.environ, "FOOTNOTE_DATA_DIR": str(data_dir), "COLUMNS": "200"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    found = next(match for line in process.stderr if (match := SERVING.search(line)))
    drain = threading.Thread(target=process.stderr.read, daemon=True)
    drain.start()
    url = f"http://127.0.0.1:{int(found[1])}"
    try:
        with httpx.Client(base_url=url, headers={"Origin": url}, timeout=60) as admin:
            admin.post("/v1/session", json={"email": ADMIN, "password": PASSWORD}).raise_for_status()
            yield Site(url, admin)
    finally:
        process.terminate()
        process.wait(60)
        drain.join()
        process.stderr.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    if not CHROMIUM.exists():
        pytest.skip("needs Chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    """The admin's page; it must have thrown nothing and asked no other server when the test ends."""
    page = open_page(browser, site, ADMIN, viewport={"width": 1280, "height": 860})
    errors: list[str] = []
    addresses: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if "Content Security" in message.text else None)
    page.on("request", lambda request: addresses.append(request.url))
    yield page
    page.context.close()
    assert not errors
    assert not [address for address in addresses if not address.startswith((site.url, "data:"))]


@pytest.fixture
def reader_page(browser: Browser, site: Site) -> Iterator[Page]:
    """The page of somebody who is no admin."""
    page = open_page(browser, site, READER)
    yield page
    page.context.close()
