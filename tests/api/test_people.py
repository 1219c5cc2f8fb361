"""Users and groups over HTTP."""

import pytest

from tests.api.office import PASSWORD, Office, email


def test_added_user_can_sign_in_and_reads_what_their_groups_read(office: Office) -> None:
    new = {"email": "Dan@Example.org", "password": PASSWORD, "name": "Dan", "groups": ["payroll"]}
    with office.client("boss") as boss:
        added = boss.post("/v1/users", json=new)
    with office.browser("dan") as dan:
        status = dan.get(f"/v1/documents/{office.hidden_id}").status_code

    assert (added.status_code, added.json()["email"], added.json()["groups"]) == (201, "dan@example.org", ["payroll"])
    assert status == 200


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        pytest.param({"password": "123456789"}, 422, "The password is too short", id="short_password"),
        pytest.param({"email": "no address"}, 422, "'no address' is not an e-mail address", id="no_address"),
        pytest.param({"email": "ANN@example.org"}, 409, "ann@example.org is already a user", id="taken"),
        pytest.param({"groups": ["nobody-made"]}, 422, "There is no group 'nobody-made'", id="unknown_group"),
        pytest.param({"is_admin": True}, 422, "is_admin: Extra inputs are not permitted", id="unknown_field"),
    ],
)
def test_unusable_user_is_refused(office: Office, changes: dict[str, object], status: int, words: str) -> None:
    new = {"email": "dan@example.org", "password": PASSWORD, **changes}
    with office.client("boss") as boss:
        response = boss.post("/v1/users", json=new)

    assert response.status_code == status
    assert response.json()["detail"].startswith(words)


@pytest.mark.parametrize("change", [{"roles": []}, {"suspended": True}], ids=["role", "suspension"])
def test_last_admin_stays(office: Office, change: dict[str, object]) -> None:
    with office.client("boss") as boss:
        boss_id = next(user["id"] for user in boss.get("/v1/users").json()["items"] if user["email"] == email("boss"))
        response = boss.patch(f"/v1/users/{boss_id}", json=change)

    assert response.status_code == 409
    assert response.json()["detail"].startswith("boss@example.org is the last admin")


def test_admin_may_go_when_another_is_there(office: Office) -> None:
    with office.client("boss") as boss:
        ids = {user["email"]: user["id"] for user in boss.get("/v1/users").json()["items"]}
        boss.patch(f"/v1/users/{ids[email('ann')]}", json={"roles": ["admin"]}).raise_for_status()
        left = boss.patch(f"/v1/users/{ids[email('boss')]}", json={"roles": []}).status_code
        after = boss.get("/v1/users").status_code

    assert (left, after) == (200, 403)


def test_groups_list_their_members(office: Office) -> None:
    with office.client("boss") as boss:
        boss.post("/v1/groups/finance/members", json={"member": "user:bob@example.org"}).raise_for_status()
        groups = boss.get("/v1/groups").json()["items"]

    assert {group["name"]: group["members"] for group in groups} == {
        "finance": ["group:payroll", "user:bob@example.org"],
        "payroll": ["user:ann@example.org"],
    }


@pytest.mark.parametrize(
    ("member", "words"),
    [
        ("user:nobody@example.org", "There is no user"),
        ("group:nobody-made", "There is no group"),
        ("group:finance", "The group 'finance' cannot be a member of itself"),
        ("everyone", "everyone cannot be a member"),
        ("bob", "'bob' is not a reader"),
    ],
)
def test_unusable_member_is_refused(office: Office, member: str, words: str) -> None:
    with office.client("boss") as boss:
        response = boss.post("/v1/groups/finance/members", json={"member": member})

    assert response.status_code == 422
    assert response.json()["detail"].startswith(words)


def test_groups_in_a_circle_do_no_harm(office: Office) -> None:
    with office.client("boss") as boss, office.browser("ann") as ann:
        boss.post("/v1/groups/payroll/members", json={"member": "group:finance"}).raise_for_status()
        principals = ann.get("/v1/session").json()["principals"]

    assert principals == ["everyone", "group:finance", "group:payroll", "user:ann@example.org"]


@pytest.mark.parametrize("name", ["", "a/b", "a:b", "a\nb", "x" * 101])
def test_unusable_group_name_is_refused(office: Office, name: str) -> None:
    with office.client("boss") as boss:
        assert boss.post("/v1/groups", json={"name": name}).status_code == 422


def test_group_of_a_taken_name_is_refused(office: Office) -> None:
    with office.client("boss") as boss:
        assert boss.post("/v1/groups", json={"name": "finance"}).status_code == 409
