"""Documents and people on the page, in a real browser, over the real server."""

from playwright.sync_api import Locator, Page, expect
from site_server import ADMIN, PASSWORD, Site


def document_row(page: Page, title: str) -> Locator:
    return page.locator(".document").filter(has_text=title)


def test_dropped_file_is_uploaded_and_becomes_searchable_before_the_eyes(page: Page) -> None:
    page.goto("/documents")
    page.locator(".document").first.wait_for()
    dropped = page.evaluate_handle(
        "() => { const data = new DataTransfer(); "
        "data.items.add(new File(['# Parking\\n\\nThe garage opens at six.\\n'], 'parking.md')); return data; }"
    )
    page.dispatch_event("body", "drop", {"dataTransfer": dropped})
    page.get_by_label("Collection", exact=True).last.fill("office")
    page.get_by_role("button", name="Upload 1 file").click()
    expect(page.locator(".queue-row")).to_contain_text("Received")
    expect(document_row(page, "parking.md").locator(".document-status")).to_have_text("Searchable", timeout=30_000)
    expect(document_row(page, "parking.md")).to_contain_text("Everyone")


def upload_by_hand(page: Page, name: str, content: bytes) -> None:
    """Choose a file with the button and upload it into the handbook."""
    page.goto("/documents")
    page.set_input_files("#file-input", [{"name": name, "mimeType": "", "buffer": content}])
    page.get_by_label("Collection", exact=True).last.fill("handbook")
    page.get_by_role("button", name="Upload 1 file").click()


def test_empty_file_is_refused_in_words(page: Page) -> None:
    upload_by_hand(page, "empty.md", b"")
    expect(page.locator(".queue-words")).to_have_text("The file is empty.")


def test_same_content_again_is_said_to_be_unchanged(page: Page, site: Site) -> None:
    content = b"# Lift\n\nThe lift is tested in May.\n"
    site.upload("lift.md", content, "everyone")
    upload_by_hand(page, "lift.md", content)
    expect(page.locator(".queue-words")).to_contain_text("Unchanged")


def test_failed_file_says_why_and_can_be_tried_again(page: Page) -> None:
    page.goto("/documents")
    page.set_input_files("#file-input", [{"name": "torn.pdf", "mimeType": "", "buffer": b"%PDF-1.7\ntorn"}])
    page.get_by_role("button", name="Upload 1 file").click()
    status = document_row(page, "torn.pdf").locator(".document-status")
    expect(status).to_contain_text("Failed", timeout=30_000)
    expect(status.locator("p")).to_contain_text("torn.pdf")
    status.get_by_role("button", name="Try again").click()
    expect(status).not_to_contain_text("Failed")
    expect(status).to_contain_text("Failed", timeout=30_000)


def test_file_that_is_read_can_be_cancelled_and_read_after_all(page: Page) -> None:
    long = "".join(f"# Chapter {i}\n\n{'The long report goes on. ' * 60}{i}\n\n" for i in range(400)).encode()
    page.goto("/documents")
    page.set_input_files("#file-input", [{"name": "long-report.md", "mimeType": "", "buffer": long}])
    page.get_by_role("button", name="Upload 1 file").click()
    status = document_row(page, "long-report.md").locator(".document-status")
    status.get_by_role("button", name="Cancel").click(timeout=30_000)
    expect(status).to_contain_text("Cancelled")
    expect(status.locator("p")).to_contain_text("try again to read it after all")
    status.get_by_role("button", name="Try again").click()
    status.get_by_role("button", name="Cancel").click(timeout=30_000)
    expect(status).to_contain_text("Cancelled")


def test_changed_readers_are_in_force_for_the_next_look(page: Page, reader_page: Page, site: Site) -> None:
    site.upload("holidays.md", b"# Holidays\n\nThe office is closed on 24 December.\n", "everyone")
    reader_page.goto("/documents")
    expect(document_row(reader_page, "holidays.md")).to_be_visible()
    page.goto("/documents")
    page.get_by_label("Actions for Holidays").click()
    page.get_by_role("button", name="Who may read…").click()
    page.get_by_label("Remove Everyone").click()
    page.get_by_label("Who may read").last.fill(ADMIN)
    page.get_by_role("button", name="Save readers").click()
    expect(document_row(page, "holidays.md").locator(".document-readers")).to_contain_text(ADMIN)
    reader_page.reload()
    reader_page.locator(".document").first.wait_for()
    expect(document_row(reader_page, "holidays.md")).to_have_count(0)


def test_removed_document_leaves_the_list_after_confirmation(page: Page, site: Site) -> None:
    site.upload("canteen.md", b"# Canteen\n\nSoup is served at noon.\n", "everyone")
    page.goto("/documents")
    page.get_by_label("Actions for Canteen").click()
    page.get_by_role("button", name="Remove…").click()
    page.get_by_role("button", name="Remove", exact=True).click()
    expect(document_row(page, "canteen.md")).to_have_count(0)


def test_reader_is_offered_neither_upload_nor_people(reader_page: Page) -> None:
    reader_page.goto("/documents")
    expect(reader_page.locator(".document").first).to_be_visible()
    expect(reader_page.get_by_role("button", name="Add files")).to_be_hidden()
    expect(reader_page.get_by_role("link", name="People")).to_be_hidden()
    expect(reader_page.locator(".row-menu-button")).to_have_count(0)


def test_new_key_is_shown_once(page: Page) -> None:
    page.goto("/people")
    page.get_by_label("What the key is for").fill("nightly import")
    page.get_by_role("button", name="Make a key").click()
    key = page.locator(".fresh-key code").inner_text()
    page.reload()
    expect(page.locator("#own-keys .key-list")).to_contain_text("nightly import")
    expect(page.locator("body")).not_to_contain_text(key)


def test_new_user_and_group_appear_and_a_member_joins(page: Page) -> None:
    page.goto("/people")
    page.get_by_role("button", name="Add a user").click()
    page.get_by_label("Email").fill("new@footnote.example")
    page.get_by_label("First password").fill(PASSWORD)
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator("#user-list")).to_contain_text("new@footnote.example")
    page.get_by_role("button", name="Add a group").click()
    page.get_by_label("Name", exact=True).fill("finance")
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_role("button", name="Add a member to finance").click()
    page.get_by_label("Person or group to add to finance").select_option("user:new@footnote.example")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_label("Members of finance")).to_contain_text("new@footnote.example")
