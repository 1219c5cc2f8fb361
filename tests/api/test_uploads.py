"""Uploading, following, changing and removing documents over HTTP."""

import httpx
import pytest

from tests.api.office import HIDDEN_NAME, HIDDEN_TEXT, MAX_UPLOAD_BYTES, OPEN_TEXT, Office, pdf_of

NOTE = b"# Parking\n\nThe garage opens at six in the morning.\n"


def upload(client: httpx.Client, content: bytes = NOTE, name: str = "parking.md", **fields: object) -> httpx.Response:
    return client.post("/v1/documents", files={"file": (name, content)}, data=fields)


def test_upload_is_accepted_and_found_once_the_worker_was_there(office: Office) -> None:
    with office.client("boss") as boss, office.client("bob") as bob:
        accepted = upload(boss)
        document_id = accepted.json()["id"]
        waiting = boss.get(f"/v1/documents/{document_id}").json()
        office.work()
        done = boss.get(f"/v1/documents/{document_id}").json()
        hits = bob.post("/v1/search", json={"query": "When does the garage open?"}).json()["hits"]

    assert (accepted.status_code, accepted.json()["unchanged"]) == (202, False)
    assert (waiting["status"], waiting["current_version_id"]) == ("queued", None)
    assert (done["status"], done["current_version_id"]) == ("searchable", done["version"]["id"])
    assert hits[0]["document_id"] == document_id


def test_upload_gives_a_document_to_everyone_unless_it_names_readers(office: Office) -> None:
    with office.client("boss") as boss:
        free = upload(boss, name="a.md").json()
        kept = upload(boss, name="b.md", reader=["group:finance", "user:Ann@Example.org"]).json()

    assert free["readers"] == ["everyone"]
    assert kept["readers"] == ["group:finance", "user:ann@example.org"]


@pytest.mark.parametrize(
    ("reader", "words"),
    [
        ("group:nobody-made", "There is no group 'nobody-made'"),
        ("user:nobody@example.org", "There is no user 'nobody@example.org'"),
        ("finance", "'finance' is not a reader"),
    ],
)
def test_unknown_reader_is_named_and_nothing_is_kept(office: Office, reader: str, words: str) -> None:
    with office.client("boss") as boss:
        response = upload(boss, reader=reader)
        total = boss.get("/v1/documents").json()["total"]

    assert (response.status_code, total) == (422, 2)
    assert response.json()["detail"].startswith(words)


def test_same_content_again_is_no_work(office: Office) -> None:
    with office.client("boss") as boss:
        again = upload(boss, OPEN_TEXT, "travel.md").json()

    assert (again["id"], again["unchanged"], again["version"]["number"]) == (office.open_id, True, 1)


def test_other_content_under_the_same_name_is_a_new_version(office: Office) -> None:
    with office.client("boss") as boss:
        added = upload(boss, OPEN_TEXT + b"\nMeals are 28 euros.\n", "travel.md").json()
        office.work()
        versions = boss.get(f"/v1/documents/{office.open_id}/versions").json()["items"]

    assert (added["id"], added["unchanged"]) == (office.open_id, False)
    assert [(version["number"], version["current"]) for version in versions] == [(2, True), (1, False)]


def test_old_version_stays_readable_by_its_id(office: Office) -> None:
    with office.client("boss") as boss, office.client("bob") as bob:
        first = boss.get(f"/v1/documents/{office.open_id}").json()["current_version_id"]
        boss.put(f"/v1/documents/{office.open_id}", files={"file": ("travel.md", b"# Travel\n\nAsk first.\n")})
        office.work()
        old = bob.get(f"/v1/documents/{office.open_id}/pages/1?version={first}").json()
        new = bob.get(f"/v1/documents/{office.open_id}/pages/1").json()

    assert ("140 euros" in old["text"], "140 euros" in new["text"]) == (True, False)


def test_new_version_keeps_the_readers(office: Office) -> None:
    with office.client("boss") as boss:
        files = {"file": ("plan-2.pdf", pdf_of("A new plan."))}
        replaced = boss.put(f"/v1/documents/{office.hidden_id}", files=files).json()

    assert (replaced["id"], replaced["readers"]) == (office.hidden_id, ["group:finance"])


def test_new_version_of_an_unknown_document_is_not_found(office: Office) -> None:
    with office.client("boss") as boss:
        response = boss.put(f"/v1/documents/{'0' * 32}", files={"file": ("a.md", NOTE)})
        total = boss.get("/v1/documents").json()["total"]

    assert (response.status_code, total) == (404, 2)


@pytest.mark.parametrize(
    ("size", "status"),
    [
        pytest.param(MAX_UPLOAD_BYTES, 202, id="at_the_limit"),
        pytest.param(MAX_UPLOAD_BYTES + 1, 413, id="one_byte_over"),
        pytest.param(MAX_UPLOAD_BYTES + 3_000_000, 413, id="far_over"),
    ],
)
def test_upload_limit_holds_to_the_byte(office: Office, size: int, status: int) -> None:
    with office.client("boss") as boss:
        response = upload(boss, b"a" * size, "big.txt")

    assert response.status_code == status


def test_upload_without_a_declared_length_is_counted(office: Office) -> None:
    boundary = b'--x\r\nContent-Disposition: form-data; name="file"; filename="big.txt"\r\n\r\n'
    with office.client("boss") as boss:
        response = boss.post(
            "/v1/documents",
            content=iter([boundary, *[b"a" * 100_000] * 30]),
            headers={"Content-Type": "multipart/form-data; boundary=x"},
        )

    assert (response.status_code, response.headers["content-type"]) == (413, "application/problem+json")


def test_stranger_s_upload_is_refused(office: Office) -> None:
    with office.client() as stranger:
        assert upload(stranger, b"a" * 100_000).status_code == 401


@pytest.mark.parametrize(
    ("files", "words"),
    [
        pytest.param({"other": ("a.md", NOTE)}, "The request has no file", id="no_file"),
        pytest.param({"file": ("..", NOTE)}, "The file name '..' has no usable characters", id="no_name"),
        pytest.param({"file": ("a.md", b"")}, "a.md: the file has no content", id="empty"),
    ],
)
def test_unusable_upload_is_refused_with_a_sentence(office: Office, files: dict[str, object], words: str) -> None:
    with office.client("boss") as boss:
        response = boss.post("/v1/documents", files=files)

    assert response.status_code == 422
    assert response.json()["detail"].startswith(words)


def test_file_that_cannot_be_read_says_why_and_can_be_tried_again(office: Office) -> None:
    with office.client("boss") as boss:
        document_id = upload(boss, b"%PDF-1.7 broken", "broken.pdf").json()["id"]
        office.work()
        failed = boss.get(f"/v1/documents/{document_id}").json()
        retried = boss.post(f"/v1/documents/{document_id}/retry")

    assert (failed["status"], failed["error_class"]) == ("failed", "malformed")
    assert failed["message"].startswith("broken.pdf")
    assert (retried.status_code, retried.json()["status"]) == (202, "queued")


def test_document_that_has_not_failed_is_not_tried_again(office: Office) -> None:
    with office.client("boss") as boss:
        assert boss.post(f"/v1/documents/{office.open_id}/retry").status_code == 422


def test_title_and_collection_can_be_changed(office: Office) -> None:
    with office.client("boss") as boss, office.client("bob") as bob:
        body = {"title": "Travelling", "collection": "rules"}
        boss.patch(f"/v1/documents/{office.open_id}", json=body).raise_for_status()
        (hit,) = bob.post("/v1/search", json={"query": "hotel", "k": 1, "collection": "rules"}).json()["hits"]

    assert (hit["title"], hit["collection"]) == ("Travelling", "rules")


def test_removed_document_leaves_no_file(office: Office) -> None:
    with office.client("boss") as boss, office.client("ann") as ann:
        ann.get(f"/v1/documents/{office.hidden_id}/pages/1.png").raise_for_status()
        images_before = list(office.parts.folder.page_images.rglob("*.png"))
        status = boss.delete(f"/v1/documents/{office.hidden_id}").status_code
        total = boss.get("/v1/documents").json()["total"]

    assert (len(images_before), status, total) == (1, 204, 1)
    assert list(office.parts.folder.page_images.rglob("*.png")) == []
    assert len(list(office.parts.originals.hashes())) == 1


def test_list_comes_in_pages_without_gaps_or_repeats(office: Office) -> None:
    with office.client("boss") as boss:
        ids = [upload(boss, NOTE, f"note-{i}.md").json()["id"] for i in range(3)]
        first = boss.get("/v1/documents?limit=2").json()
        second = boss.get("/v1/documents", params={"limit": 2, "cursor": first["next_cursor"]}).json()
        third = boss.get("/v1/documents", params={"limit": 2, "cursor": second["next_cursor"]}).json()

    listed = [item["id"] for page in (first, second, third) for item in page["items"]]
    assert listed == [*reversed(ids), office.hidden_id, office.open_id]
    assert (first["total"], third["next_cursor"]) == (5, None)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("q=TRAVEL", ["travel.md"]),
        ("q=%25", []),
        ("collection=board", [HIDDEN_NAME]),
        ("status=failed", []),
        ("status=searchable&q=merger", [HIDDEN_NAME]),
    ],
)
def test_list_is_filtered(office: Office, query: str, names: list[str]) -> None:
    with office.client("boss") as boss:
        page = boss.get(f"/v1/documents?{query}").json()

    assert ([item["filename"] for item in page["items"]], page["total"]) == (names, len(names))


def test_original_comes_back_byte_for_byte_as_an_attachment(office: Office) -> None:
    name = 'Gehälter "2026"; x=y.md'
    with office.client("boss") as boss:
        document_id = office.add(NOTE, name, ["everyone"])
        response = boss.get(f"/v1/documents/{document_id}/original")

    assert response.content == NOTE
    assert response.headers["content-disposition"] == (
        "attachment; filename*=utf-8''Geh%C3%A4lter%20%222026%22%3B%20x%3Dy.md"
    )
    assert response.headers["content-security-policy"] == "default-src 'none'; sandbox"


def test_page_text_is_that_of_the_version(office: Office) -> None:
    with office.client("ann") as ann:
        (hit, *_) = ann.post("/v1/search", json={"query": "purchase price"}).json()["hits"]
        path = f"/v1/documents/{office.hidden_id}/pages/{hit['page']}"
        page = ann.get(path, params={"start": hit["start"], "end": hit["end"], "version": hit["version_id"]}).json()

    first = hit["start"] - page["text_start"]
    assert page["text"][first : first + len(hit["text"])] == hit["text"]
    assert (page["n_pages"], page["has_image"]) == (1, True)


def test_long_page_comes_as_a_window_around_the_span(office: Office) -> None:
    text = "".join(f"Line {i:06d}.\n" for i in range(3500))
    with office.client("bob") as bob:
        document_id = office.add(text.encode(), "long.txt", ["everyone"])
        whole = bob.get(f"/v1/documents/{document_id}/pages/1").json()
        start = whole["n_chars"] - 21_000
        page = bob.get(f"/v1/documents/{document_id}/pages/1", params={"start": start, "end": start + 10}).json()

    assert (whole["text_start"], len(whole["text"])) == (0, 20_000)
    assert (page["text_start"], len(page["text"])) == (start - 20_000, 40_010)


def test_quote_has_boxes_on_the_page(office: Office) -> None:
    with office.client("ann") as ann:
        page = ann.get(f"/v1/documents/{office.hidden_id}/pages/1").json()
        start = page["text"].index("forty million")
        found = ann.get(
            f"/v1/documents/{office.hidden_id}/pages/1/boxes", params={"start": start, "end": start + 13}
        ).json()

    (box,) = found["boxes"]
    assert 0 < box["left"] < box["right"] < 1
    assert 0 < box["top"] < box["bottom"] < 0.2


def test_page_image_is_a_png_that_is_kept_once(office: Office) -> None:
    with office.client("ann") as ann:
        images = [ann.get(f"/v1/documents/{office.hidden_id}/pages/1.png?scale={scale}") for scale in (1.2, 1.5)]

    assert images[0].content == images[1].content
    assert images[0].content.startswith(b"\x89PNG")
    assert images[0].headers["cache-control"] == "private, no-store"


@pytest.mark.parametrize("path", ["pages/2", "pages/2.png", "pages/2/boxes?start=0&end=1", "pages/1?version=unknown"])
def test_page_that_is_not_there_is_not_found(office: Office, path: str) -> None:
    with office.client("ann") as ann:
        assert ann.get(f"/v1/documents/{office.hidden_id}/{path}").status_code == 404


def test_hidden_text_is_what_the_tests_think(office: Office) -> None:
    with office.client("ann") as ann:
        text = ann.get(f"/v1/documents/{office.hidden_id}/pages/1").json()["text"]

    assert " ".join(text.split()) == HIDDEN_TEXT
