"""Asking on the page, in a real browser, over the real server with real documents."""

import re

from playwright.sync_api import Browser, BrowserContext, Page, expect
from site_server import ADMIN, PASSWORD, PDF_QUESTION, TEXT_QUESTION, UNANSWERABLE, Site, ask

PAYLOAD = "<img src=x onerror=window.hacked=1><svg onload=window.hacked=1>"


def test_wrong_password_is_said_in_words_and_the_right_one_leads_on(browser: Browser, site: Site) -> None:
    context: BrowserContext = browser.new_context(base_url=site.url)
    page = context.new_page()
    page.goto("/documents?x=1")
    page.get_by_label("Email").fill(ADMIN)
    page.get_by_label("Password", exact=True).fill("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("That email and password do not match. Check both and try again.")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/documents?x=1")
    page.get_by_label("Your account").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in")
    context.close()


def test_every_sentence_has_a_footnote_and_a_verdict_in_words(page: Page) -> None:
    ask(page, PDF_QUESTION)
    claim = page.locator(".claim").first
    expect(claim).to_contain_text("quarter")
    expect(claim.locator(".footnote")).to_have_text("1")
    expect(claim.locator(".verdict")).to_have_text("supported")
    expect(page.locator(".footnote-item").first).to_contain_text("page 6")
    expect(page.get_by_role("status").first).to_contain_text("The answer is ready")


def test_footnote_opens_its_page_with_the_quoted_words_marked(page: Page) -> None:
    ask(page, PDF_QUESTION)
    page.locator(".footnote").first.click()
    image = page.locator(".sheet-of-paper img")
    expect(image).to_have_js_property("complete", True)
    assert image.evaluate("image => image.naturalWidth") > 500
    expect(page.locator(".panel-page")).to_contain_text("6 of")
    expect(page.locator(".panel-meta")).to_contain_text("printed page 4")
    expect(page.locator(".panel-meta")).to_contain_text("Version 1")
    mark = page.locator(".sheet-of-paper rect").first.bounding_box()
    frame = page.locator(".panel-view").bounding_box()
    assert mark is not None
    assert frame is not None
    assert frame["y"] < mark["y"] < frame["y"] + frame["height"]
    page.get_by_label("Previous page").click()
    expect(page.locator(".panel-page")).to_contain_text("5 of")
    expect(page.locator(".sheet-of-paper rect")).to_have_count(0)


def test_document_without_page_images_marks_exactly_the_quoted_words(page: Page) -> None:
    ask(page, TEXT_QUESTION)
    page.locator(".footnote").first.click()
    quote = page.locator(".panel-quote blockquote").inner_text()
    assert " ".join(page.locator(".page-text mark").inner_text().split()) == quote


def test_escape_closes_the_panel_and_gives_the_focus_back(page: Page) -> None:
    ask(page, PDF_QUESTION)
    page.keyboard.press("1")
    expect(page.locator(".panel-title")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#panel")).to_be_hidden()
    expect(page.locator(".footnote").first).to_be_focused()


def test_slash_goes_to_the_question_and_shift_enter_makes_a_line(page: Page) -> None:
    page.goto("/")
    page.locator("h1").click()
    page.keyboard.press("/")
    page.keyboard.type("first")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("second")
    expect(page.get_by_role("textbox", name="Your question")).to_have_value("first\nsecond")


def test_answer_has_an_address_and_back_leads_to_the_start(page: Page) -> None:
    ask(page, TEXT_QUESTION)
    text = page.locator(".answer-text").inner_text()
    page.reload()
    expect(page.locator(".answer-text")).to_have_text(text, use_inner_text=True)
    page.go_back()
    expect(page.get_by_role("heading", name="What would you like to know?")).to_be_visible()


def test_question_without_answer_is_said_to_have_none(page: Page) -> None:
    ask(page, UNANSWERABLE)
    expect(page.locator(".answer-note")).to_contain_text("The documents do not answer this")
    expect(page.locator(".footnote")).to_have_count(0)


def test_lost_connection_is_said_in_words_and_can_be_tried_again(page: Page) -> None:
    page.goto("/")
    page.context.set_offline(True)
    page.get_by_role("textbox", name="Your question").fill(TEXT_QUESTION)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Footnote cannot be reached")).to_be_visible()
    page.context.set_offline(False)
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".footnote").first).to_be_visible()


def test_copied_answer_is_markdown_with_footnotes(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    ask(page, PDF_QUESTION)
    page.get_by_role("button", name="Copy", exact=True).click()
    expect(page.locator(".toast")).to_have_text("Copied the answer with its footnotes")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert re.search(r"quarter.*\[\^1\]", copied)
    assert re.search(r"^\[\^1\]: .*, page 6: “", copied, re.MULTILINE)


def test_deleted_question_comes_back_with_undo(page: Page) -> None:
    ask(page, TEXT_QUESTION)
    page.goto("/")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="History").click()
    entries = page.locator(".history-list li")
    expect(entries.first).to_contain_text(TEXT_QUESTION)
    before = entries.count()
    entries.first.get_by_role("button").click()
    expect(entries).to_have_count(before - 1)
    page.get_by_role("button", name="Undo").click()
    expect(entries).to_have_count(before)
    expect(entries.first).to_contain_text(TEXT_QUESTION)


def test_nothing_moves_while_the_answer_streams(page: Page) -> None:
    page.goto("/")
    page.evaluate(
        "window.shift = 0; new PerformanceObserver((list) => { for (const entry of list.getEntries()) "
        "if (!entry.hadRecentInput) window.shift += entry.value; }).observe({type: 'layout-shift', buffered: true})"
    )
    page.get_by_role("textbox", name="Your question").fill(PDF_QUESTION)
    page.keyboard.press("Enter")
    page.locator(".answer-actions").wait_for()
    assert page.evaluate("window.shift") < 0.05


def test_markup_from_people_and_documents_stays_text(page: Page, site: Site) -> None:
    content = f"# {PAYLOAD} zebra\n\nThe zebra protocol {PAYLOAD} lasts seventeen days.\n".encode()
    site.upload(f"{PAYLOAD.replace('/', '')}.txt", content, "everyone")
    ask(page, f"How long does the zebra protocol last? {PAYLOAD}")
    page.locator(".footnote-item").first.click()
    page.locator(".page-text").wait_for()
    page.get_by_role("button", name="History").click()
    page.locator(".history-list li").first.wait_for()
    page.goto("/documents")
    expect(page.locator(".document").first).to_contain_text("<img src=x")
    page.locator(".row-menu-button").first.click()
    page.get_by_role("button", name="Rename…").click()
    assert page.evaluate("window.hacked") is None
    assert page.locator("img[src=x], [onerror], [onload]").count() == 0


def test_chosen_theme_is_kept(page: Page) -> None:
    page.goto("/")
    page.get_by_role("button", name="Switch to the dark theme").click()
    page.goto("/documents")
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"


def test_follow_up_question_is_understood_and_shows_what_was_asked_before(page: Page) -> None:
    ask(page, TEXT_QUESTION)
    page.get_by_role("textbox", name="Your question").fill("And who approves it?")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("And who approves it?")
    earlier = page.get_by_role("navigation", name="Earlier in this conversation")
    expect(earlier.get_by_role("link")).to_have_text([TEXT_QUESTION])
    expect(page.locator(".answer-note")).to_contain_text("Searched for “And who approves it? (")
    earlier.get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(TEXT_QUESTION)
    expect(earlier).to_be_hidden()


def test_new_question_leaves_the_conversation(page: Page) -> None:
    ask(page, TEXT_QUESTION)
    page.get_by_role("link", name="New question").click()
    ask(page, PDF_QUESTION)
    expect(page.get_by_role("navigation", name="Earlier in this conversation")).to_be_hidden()


def test_filters_narrow_a_question_and_say_that_they_are_set(page: Page) -> None:
    page.goto("/")
    page.get_by_text("Filters", exact=True).click()
    page.get_by_label("File type").select_option(label="Slides")
    expect(page.locator("#filters-summary")).to_have_text("Filters (1 set)")
    page.get_by_role("textbox", name="Your question").fill(TEXT_QUESTION)
    page.keyboard.press("Enter")
    page.locator(".answer-actions").wait_for()
    expect(page.locator(".footnote")).to_have_count(0)


def test_same_passage_elsewhere_is_named_under_the_footnote(site: Site, page: Page) -> None:
    text = "The lighthouse of Westpoint is painted every nine years by the keepers of the island, and never in winter."
    for filename in ("lighthouse.md", "lighthouse-copy.md"):
        site.upload(filename, f"# {filename}\n\n{text}\n".encode(), "everyone")
    ask(page, "How often is the lighthouse of Westpoint painted?")
    expect(page.locator(".footnote-item").first.locator(".footnote-same")).to_contain_text("The same in")
