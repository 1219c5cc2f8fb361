"""A running server with the handbook and two people, and how tests open its pages."""

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Browser, Page

HANDBOOK = Path(__file__).parents[2] / "api" / "handbook"
ADMIN, READER, PASSWORD = "ada@footnote.example", "rex@footnote.example", "correct horse battery"
PDF_QUESTION = "How often should an operator try to restore a backup on another machine?"
TEXT_QUESTION = "How long does a sign-in last?"
UNANSWERABLE = "Which comet did the expedition of 1911 photograph from Kamchatka?"


@dataclass(frozen=True)
class Site:
    """A running server: its address, and an HTTP client signed in as the admin."""

    url: str
    admin: httpx.Client

    def upload(self, filename: str, content: bytes, *readers: str) -> str:
        """Upload a file, wait until it is searchable, and return the document's id."""
        form = {"collection": "handbook", "reader": list(readers)}
        document = self.admin.post("/v1/documents", data=form, files={"file": (filename, content)}).json()
        deadline = time.monotonic() + 120
        while document["status"] != "searchable" and time.monotonic() < deadline:
            time.sleep(0.1)
            document = self.admin.get(f"/v1/documents/{document['id']}").json()
        assert document["status"] == "searchable", document
        return str(document["id"])


def run_command(data_dir: Path, *arguments: str, given: str = "") -> None:
    """Run a `footnote` command on a data folder."""
    environment = {**os.environ, "FOOTNOTE_DATA_DIR": str(data_dir)}
    command = [sys.executable, "-m", "api.cli", *arguments]
    subprocess.run(command, env=environment, input=given, text=True, check=True, capture_output=True)


def open_page(browser: Browser, site: Site, email: str, **options: Any) -> Page:
    """A page in a context of its own, signed in as `email`; whoever opens it closes the context."""
    context = browser.new_context(base_url=site.url, reduced_motion="reduce", **options)
    context.set_default_timeout(20_000)
    page = context.new_page()
    signed_in = context.request.post(
        "/v1/session", data={"email": email, "password": PASSWORD}, headers={"Origin": site.url}
    )
    assert signed_in.ok
    return page


def ask(page: Page, question: str) -> None:
    """Ask on the start page and wait for the whole answer."""
    page.goto("/")
    page.get_by_role("textbox", name="Your question").fill(question)
    page.keyboard.press("Enter")
    page.locator(".answer-actions").wait_for()
