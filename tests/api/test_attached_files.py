"""What came in a mail is no way around the mail's readers, on any surface; it shows where it came from."""

import io
import zipfile
from dataclasses import dataclass
from email.message import EmailMessage

import httpx
import pytest

from tests.api.office import Office

FINANCE = ["group:finance"]
SECRET = "Project Marzipan"


@dataclass(frozen=True)
class Mailroom:
    """A mail that payroll may read, and its attachment."""

    office: Office
    mail: str
    attachment: str


@pytest.fixture
def mailroom(office: Office) -> Mailroom:
    mail_id = office.add(mail(), "salaries.eml", FINANCE)
    with office.client("boss") as boss:
        (attachment,) = boss.get("/v1/documents", params={"parent": mail_id}).json()["items"]
    return Mailroom(office, mail_id, attachment["id"])


def mail(text: str = f"{SECRET} pays nine thousand euros a month.") -> bytes:
    """A mail with one attachment."""
    message = EmailMessage()
    message["From"], message["Subject"] = "ada@example.org", "Salaries"
    message.set_content("See attachment.")
    message.add_attachment(text, filename="table.txt")
    return message.as_bytes()


def found(client: httpx.Client) -> list[str]:
    """The documents that a search for the attachment's words finds."""
    hits = client.post("/v1/search", json={"query": f"What does {SECRET} pay?"}).json()["hits"]
    return [hit["document_id"] for hit in hits]


def surfaces(mailroom: Mailroom, client: httpx.Client) -> list[int]:
    """The status codes of all the ways to an attachment by its id."""
    base = f"/v1/documents/{mailroom.attachment}"
    paths = ["", "/versions", "/original", "/pages/1", "/pages/1/boxes?start=0&end=9", "/pages/1.png"]
    return [client.get(base + path).status_code for path in paths]


def test_who_may_not_read_the_mail_meets_its_attachment_nowhere(mailroom: Mailroom) -> None:
    with mailroom.office.client("bob") as bob:
        listed = bob.get("/v1/documents").text + bob.get("/v1/documents", params={"parent": mailroom.mail}).text
        answer = bob.post("/v1/answers", json={"question": f"What does {SECRET} pay?"}).text
        assert surfaces(mailroom, bob) == [404] * 6
        assert mailroom.attachment not in found(bob)
    assert "table.txt" not in listed + answer
    assert "nine thousand" not in answer


def test_who_may_read_the_mail_reads_its_attachment(mailroom: Mailroom) -> None:
    with mailroom.office.client("ann") as ann:
        assert found(ann)[0] == mailroom.attachment
        assert surfaces(mailroom, ann)[:5] == [200] * 5


def test_readers_of_the_mail_are_those_of_the_attachment_from_the_next_request_on(mailroom: Mailroom) -> None:
    with mailroom.office.client("boss") as boss, mailroom.office.client("bob") as bob:
        with mailroom.office.client("ann") as ann:
            boss.patch(f"/v1/documents/{mailroom.mail}", json={"readers": ["user:bob@example.org"]}).raise_for_status()
            assert mailroom.attachment not in found(ann)
            assert surfaces(mailroom, ann) == [404] * 6
        assert found(bob)[0] == mailroom.attachment


def test_readers_of_an_attachment_alone_are_not_changed(mailroom: Mailroom) -> None:
    with mailroom.office.client("boss") as boss:
        refused = boss.patch(f"/v1/documents/{mailroom.attachment}", json={"readers": ["everyone"]})
    assert refused.status_code == 422
    assert refused.json()["detail"] == (
        "salaries.eml/table.txt came in salaries.eml; change the readers of that document instead."
    )


def test_attachment_and_mail_show_each_other(mailroom: Mailroom) -> None:
    with mailroom.office.client("ann") as ann:
        parent = ann.get(f"/v1/documents/{mailroom.mail}").json()
        child = ann.get(f"/v1/documents/{mailroom.attachment}").json()
    assert child["parent"] == {"id": mailroom.mail, "filename": "salaries.eml"}
    assert parent["attachments"] == {"total": 1, "searchable": 1, "failed": 0, "waiting": 0}
    assert (parent["parent"], child["attachments"]) == (None, None)


def test_removed_mail_takes_its_attachment_and_what_answers_took_from_it(mailroom: Mailroom) -> None:
    with mailroom.office.client("ann") as ann, mailroom.office.client("boss") as boss:
        answer = ann.post("/v1/answers", json={"question": f"What does {SECRET} pay a month?"}).json()
        boss.delete(f"/v1/documents/{mailroom.mail}").raise_for_status()
        kept = ann.get(f"/v1/answers/{answer['id']}").text
        assert surfaces(mailroom, boss) == [404] * 6
    assert "nine thousand" in answer["text"]
    assert "nine thousand" not in kept


def test_archive_tells_how_many_of_its_documents_failed(office: Office) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as packed:
        packed.writestr("good.txt", "Read me.")
        packed.writestr("bad.bin", b"\x00\x01\x02" * 99)
    archive = office.add(data.getvalue(), "both.zip", FINANCE)
    with office.client("ann") as ann:
        view = ann.get(f"/v1/documents/{archive}").json()
    assert (view["status"], view["attachments"]) == (
        "searchable", {"total": 2, "searchable": 1, "failed": 1, "waiting": 0},
    )  # fmt: skip
