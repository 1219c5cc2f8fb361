"""Signing in and out, and what a cookie may do."""

import httpx
import pytest
from sqlalchemy import select

from api.identity import sha256_of
from api.routes.pages import safe_target
from api.tables import ApiKey, SignIn, User
from tests.api.office import PASSWORD, Office, email

COOKIE = "footnote_session"


def test_signing_in_says_who_one_is(reading_office: Office) -> None:
    with reading_office.browser("ann") as ann:
        assert ann.get("/v1/session").json() == {
            "user": {"email": "ann@example.org", "name": "Ann", "roles": ["employee"]},
            "principals": ["everyone", "group:finance", "group:payroll", "user:ann@example.org"],
        }


def test_cookie_is_kept_from_scripts_and_other_sites(reading_office: Office) -> None:
    with reading_office.client() as client:
        response = client.post("/v1/session", json={"email": email("ann"), "password": PASSWORD})

    cookie = response.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "path=/" in cookie


@pytest.mark.parametrize(
    ("who", "password"),
    [
        pytest.param(email("ann"), "not the password", id="wrong_password"),
        pytest.param("nobody@example.org", PASSWORD, id="unknown_person"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_wrong_sign_ins_are_refused_with_the_same_words(office: Office, who: str, password: str) -> None:
    with office.client() as client:
        response = client.post("/v1/session", json={"email": who, "password": password})

    assert response.status_code == 401
    assert response.json()["detail"].startswith("The e-mail address or the password is wrong")
    assert "set-cookie" not in response.headers


def test_guessing_is_slowed_down(office: Office) -> None:
    with office.client() as client:
        guesses = [client.post("/v1/session", json={"email": email("ann"), "password": f"guess {i}"}) for i in range(7)]

    assert [guess.status_code for guess in guesses[:5]] == [401] * 5
    assert guesses[-1].status_code == 429
    assert int(guesses[-1].headers["retry-after"]) >= 1


def test_guessing_one_password_does_not_keep_others_out(office: Office) -> None:
    with office.client() as client:
        for i in range(7):
            client.post("/v1/session", json={"email": email("ann"), "password": f"guess {i}"})
        status = client.post("/v1/session", json={"email": email("bob"), "password": PASSWORD}).status_code

    assert status == 200


def test_signing_in_again_ends_the_earlier_session(reading_office: Office) -> None:
    with reading_office.browser("ann") as ann:
        earlier = ann.cookies[COOKIE]
        ann.post("/v1/session", json={"email": email("ann"), "password": PASSWORD}).raise_for_status()
        later = ann.cookies[COOKIE]
    with reading_office.client() as client:
        statuses = [
            client.get("/v1/session", headers={"Cookie": f"{COOKIE}={token}"}).status_code for token in (earlier, later)
        ]

    assert statuses == [401, 200]


def test_signing_out_makes_the_cookie_worthless(reading_office: Office) -> None:
    with reading_office.browser("ann") as ann:
        token = ann.cookies[COOKIE]
        out = ann.delete("/v1/session").status_code
    with reading_office.client() as client:
        after = client.get("/v1/session", headers={"Cookie": f"{COOKIE}={token}"}).status_code

    assert (out, after) == (204, 401)


def test_database_holds_no_secret_that_opens_anything(reading_office: Office) -> None:
    with reading_office.browser("ann") as ann, reading_office.client("ann") as program:
        token, key = ann.cookies[COOKIE], program.headers["authorization"].removeprefix("Bearer ")
    with reading_office.database.read() as session:
        hashes = {*session.scalars(select(SignIn.sha256)), *session.scalars(select(ApiKey.sha256))}
        passwords = set(session.scalars(select(User.password_hash)))

    assert {sha256_of(token), sha256_of(key)} <= hashes
    assert all(password.startswith("$argon2id$") for password in passwords)


FOREIGN = [
    pytest.param({"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}, id="cross_site"),
    pytest.param({"Origin": "https://evil.example"}, id="foreign_origin_only"),
    pytest.param({"Origin": "null"}, id="null_origin"),
    pytest.param({"Sec-Fetch-Site": "same-site"}, id="sibling_site"),
    pytest.param({}, id="no_word_of_where_from"),
]


@pytest.mark.parametrize("headers", FOREIGN)
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        pytest.param("POST", "/v1/search", {"query": "hotel"}, id="search"),
        pytest.param("POST", "/v1/keys", {}, id="make_key"),
        pytest.param("DELETE", "/v1/session", None, id="sign_out"),
    ],
)
def test_cookie_does_nothing_for_another_site(
    reading_office: Office, headers: dict[str, str], method: str, path: str, body: dict[str, str] | None
) -> None:
    with reading_office.browser("ann") as ann:
        cookie = {"Cookie": f"{COOKIE}={ann.cookies[COOKIE]}"}
    response = httpx.request(method, reading_office.url + path, json=body, headers={**cookie, **headers})

    assert response.status_code == 403


@pytest.mark.parametrize("headers", FOREIGN[:4])
def test_another_site_cannot_sign_its_visitor_in(reading_office: Office, headers: dict[str, str]) -> None:
    body = {"email": email("ann"), "password": PASSWORD}
    response = httpx.post(f"{reading_office.url}/v1/session", json=body, headers=headers)

    assert (response.status_code, "set-cookie" in response.headers) == (403, False)


def test_cookie_works_from_our_own_page(reading_office: Office) -> None:
    with reading_office.browser("ann") as ann:
        assert ann.post("/v1/search", json={"query": "hotel"}).status_code == 200


@pytest.mark.parametrize(
    "authorization",
    [
        pytest.param("Bearer", id="empty"),
        pytest.param("Bearer fn_00000000_secret", id="unknown_prefix"),
        pytest.param("Bearer not-a-key", id="no_key"),
        pytest.param("Basic YW5uOmFubg==", id="other_scheme"),
    ],
)
def test_request_with_a_bad_key_is_refused_even_with_a_good_cookie(reading_office: Office, authorization: str) -> None:
    with reading_office.browser("ann") as ann:
        assert ann.get("/v1/documents", headers={"Authorization": authorization}).status_code == 401


def test_key_with_a_wrong_secret_is_refused(reading_office: Office) -> None:
    with reading_office.client("ann") as ann:
        good = ann.headers["authorization"]
        status = ann.get(
            "/v1/documents", headers={"Authorization": good[:-1] + ("a" if good[-1] != "a" else "b")}
        ).status_code

    assert status == 401


def test_key_in_the_address_opens_nothing(reading_office: Office) -> None:
    with reading_office.client("ann") as ann, reading_office.client() as stranger:
        key = ann.headers["authorization"].removeprefix("Bearer ")
        assert stranger.get("/v1/documents", params={"key": key, "token": key}).status_code == 401


def test_made_key_is_shown_once_and_works(reading_office: Office) -> None:
    with reading_office.browser("ann") as ann:
        made = ann.post("/v1/keys", json={"name": "nightly", "expires_in_days": 30}).json()
        listed = ann.get("/v1/keys").text
    response = httpx.get(f"{reading_office.url}/v1/documents", headers={"Authorization": f"Bearer {made['key']}"})

    assert response.status_code == 200
    assert made["key"].startswith(f"fn_{made['prefix']}_")
    assert made["prefix"] in listed
    assert made["key"] not in listed


def test_key_cannot_make_keys(reading_office: Office) -> None:
    with reading_office.client("boss") as boss:
        assert boss.post("/v1/keys", json={}).status_code == 403


@pytest.mark.parametrize("path", ["/", "/documents", "/people"])
def test_page_sends_strangers_to_sign_in_and_back(reading_office: Office, path: str) -> None:
    with reading_office.client() as stranger:
        response = stranger.get(path)

    assert (response.status_code, response.headers["location"]) == (303, f"/sign-in?next={path}")


@pytest.mark.parametrize(("path", "name"), [("/", "ann"), ("/documents", "ann"), ("/people", "boss")])
def test_page_is_served_to_people_who_signed_in(reading_office: Office, path: str, name: str) -> None:
    with reading_office.browser(name) as person:
        response = person.get(path)

    assert (response.status_code, response.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert email(name) in response.text


def test_sign_in_page_is_for_strangers(reading_office: Office) -> None:
    with reading_office.client() as stranger, reading_office.browser("ann") as ann:
        responses = [client.get("/sign-in?next=/documents") for client in (stranger, ann)]

    assert [response.status_code for response in responses] == [200, 303]
    assert responses[1].headers["location"] == "/documents"


def test_people_page_is_for_admins(reading_office: Office) -> None:
    with reading_office.browser("ann") as ann:
        response = ann.get("/people")

    assert (response.status_code, response.headers["location"]) == (303, "/")


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/documents?status=failed", "/documents?status=failed"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("\\\\evil.example", "/"),
        ("/\t/evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("documents", "/"),
        ("//[", "/"),
        ("", "/"),
    ],
)
def test_sign_in_goes_on_to_our_own_pages_only(target: str, expected: str) -> None:
    assert safe_target(target) == expected
