"""Every state of the page: nothing for axe to find, light or dark, wide or on a phone."""

from collections.abc import Callable

import pytest
from axe_core_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page
from site_server import ADMIN, HANDBOOK, PDF_QUESTION, TEXT_QUESTION, UNANSWERABLE, Site, ask, open_page

PHONE = {"width": 360, "height": 740}


def violations(page: Page) -> list[str]:
    found = Axe().run(page)["violations"]
    return [f"{rule['id']}: {[node['html'][:200] for node in rule['nodes']]}" for rule in found]


def _open_answer(page: Page) -> None:
    ask(page, PDF_QUESTION)


def _open_paper_panel(page: Page) -> None:
    ask(page, PDF_QUESTION)
    page.locator(".footnote").first.click()
    page.locator(".sheet-of-paper").wait_for()


def _open_text_panel(page: Page) -> None:
    ask(page, TEXT_QUESTION)
    page.locator(".footnote").first.click()
    page.locator(".page-text").wait_for()


def _open_abstention(page: Page) -> None:
    ask(page, UNANSWERABLE)


def _open_history(page: Page) -> None:
    ask(page, TEXT_QUESTION)
    page.get_by_role("button", name="History").click()
    page.locator(".history-list li").first.wait_for()


def _open_filters(page: Page) -> None:
    page.goto("/")
    page.get_by_text("Filters", exact=True).click()
    page.get_by_label("File type").wait_for()


def _open_help(page: Page) -> None:
    page.goto("/")
    page.locator("h1").click()
    page.keyboard.press("?")


def _open_documents(page: Page) -> None:
    page.goto("/documents")
    page.locator(".document").first.wait_for()


def _open_readers(page: Page) -> None:
    _open_documents(page)
    page.locator(".row-menu-button").first.click()
    page.get_by_role("button", name="Who may read…").click()


def _open_upload(page: Page) -> None:
    _open_documents(page)
    page.set_input_files("#file-input", HANDBOOK / "faq.html")
    page.get_by_role("button", name="Upload 1 file").wait_for()


def _open_people(page: Page) -> None:
    page.goto("/people")
    page.locator("#user-list .avatar").first.wait_for()


def _open_sign_in(page: Page) -> None:
    page.context.clear_cookies()
    page.goto("/sign-in")


STATES = [
    pytest.param(opened, id=opened.__name__.removeprefix("_open_"))
    for opened in (
        _open_answer,
        _open_paper_panel,
        _open_text_panel,
        _open_abstention,
        _open_history,
        _open_filters,
        _open_help,
        _open_documents,
        _open_readers,
        _open_upload,
        _open_people,
        _open_sign_in,
    )
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("opened", STATES)
def test_axe_finds_nothing_and_phones_need_no_sideways_scroll(
    browser: Browser, site: Site, opened: Callable[[Page], None], scheme: str
) -> None:
    page = open_page(browser, site, ADMIN, color_scheme=scheme, viewport={"width": 1280, "height": 860})
    opened(page)
    assert violations(page) == []
    page.set_viewport_size(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert violations(page) == []
    page.context.close()
