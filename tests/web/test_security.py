"""What every answer tells the browser, and whom the program believes."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator

import pytest
from flask import Flask, request
from flask.sessions import SecureCookieSessionInterface
from flask_wtf.csrf import generate_csrf

import config
from tests import factories
from tests.conftest import dispose, make_app
from wibawa.app import create_app

SignIn = Callable[[str], factories.Client]
LIVE = {"WIBAWA_SECRET_KEY": secrets.token_hex(32), "WIBAWA_DATA_KEY": secrets.token_hex(32),
        "WIBAWA_PUBLIC_URL": "https://wibawa.example"}  # fmt: skip


@pytest.fixture
def production(monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """The application as it is on a server; its database is empty."""
    for name, value in LIVE.items():
        monkeypatch.setenv(name, value)
    app = create_app(config.load("production", DATABASE_URL="sqlite://"))
    yield app
    dispose(app)


def test_no_answer_lets_a_page_load_or_run_what_is_not_ours(app: Flask) -> None:
    client = app.test_client()
    for address in ("/masuk", "/tidak-ada"):
        headers = client.get(address).headers
        policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"
        assert policy["base-uri"] == policy["frame-ancestors"] == "'none'"
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_no_other_site_is_let_read_an_answer(app: Flask) -> None:
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    for method in ("GET", "OPTIONS", "POST"):
        headers = app.test_client().open("/masuk", method=method, headers=asked).headers
        assert [name for name, _ in headers if name.lower().startswith("access-control")] == []


def test_nothing_of_the_folder_of_the_program_is_served_but_its_static_files(app: Flask) -> None:
    client = app.test_client()
    with client.get("/static/js/app.mjs") as script:
        assert script.status_code == 200
    for address in (
        "/.git/HEAD", "/.git/", "/static", "/static/", "/static/js", "/static/js/", "/config.py",
        "/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/wibawa/app.py",
        "/requirements.lock", "/instance/wibawa.sqlite3", "/templates/",
    ):  # fmt: skip
        assert client.get(address).status_code == 404, address


def test_a_method_that_sends_back_what_was_sent_is_unknown(app: Flask) -> None:
    for method in ("TRACE", "TRACK"):
        assert app.test_client().open("/masuk", method=method).status_code == 405


def test_a_password_is_hidden_may_be_filled_in_and_counts_as_it_was_typed(
    app: Flask, people: dict[str, int]
) -> None:
    client = app.test_client()
    page = client.get("/masuk").get_data(as_text=True)
    field = re.search(r'<input[^>]*name="password"[^>]*>', page)
    assert field is not None
    assert 'type="password"' in field[0]
    assert 'autocomplete="current-password"' in field[0]
    right = factories.PASSWORD
    for wrong in (f"{right} ", f" {right}", right.upper(), right + "x" * 60):
        sent = client.post("/masuk", data={"username": "staff", "password": wrong})
        assert sent.status_code == 200, wrong
    assert client.post("/masuk", data={"username": "staff", "password": right}).status_code == 302


def test_each_cookie_under_tls_is_for_this_host_and_no_script(
    app: Flask, people: dict[str, int]
) -> None:
    app.config |= {"SESSION_COOKIE_NAME": "__Host-wibawa", "SESSION_COOKIE_SECURE": True}
    client = app.test_client()
    who = {"username": "staff", "password": factories.PASSWORD}
    entered = client.post("/masuk", data=who, base_url="https://localhost")
    first = client.get("/", base_url="https://localhost")
    assert first.status_code == 200
    cookies = [*entered.headers.getlist("Set-Cookie"), *first.headers.getlist("Set-Cookie")]
    assert {each.split("=")[0] for each in cookies} == {"__Host-wibawa", "__Host-wibawa-terlihat"}
    for each in cookies:
        said = set(each.split("; ")[1:])
        assert said >= {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"}, each
        assert not any(part.startswith("Domain") for part in said), each


def test_what_is_signed_is_signed_with_sha_256_and_nothing_weaker_opens(
    app: Flask, sign_in: SignIn
) -> None:
    staff = sign_in("staff")
    assert staff.get("/").status_code == 200
    with staff.session_transaction() as kept:
        inside = dict(kept)
    with app.test_request_context():
        tokens = [generate_csrf()]
    names = (app.config["SESSION_COOKIE_NAME"], f"{app.config['SESSION_COOKIE_NAME']}-terlihat")
    cookies = [staff.get_cookie(name) for name in names]
    signed = [cookie.value for cookie in cookies if cookie is not None] + tokens
    assert [len(each.rpartition(".")[2]) for each in signed] == [43, 43, 43]  # 256 bits in base64
    weak = SecureCookieSessionInterface().get_signing_serializer(app)
    assert weak is not None
    other = app.test_client()
    other.set_cookie(names[0], str(weak.dumps(inside)))
    assert other.get("/").status_code == 302


def test_no_page_is_kept_by_the_browser_and_leaving_forgets_the_rest(sign_in: SignIn) -> None:
    staff = sign_in("staff")
    assert staff.get("/pinjaman").headers["Cache-Control"] == "no-store"
    left = staff.post("/keluar")
    assert left.status_code == 302
    assert left.headers["Clear-Site-Data"] == '"cache", "storage"'


def test_in_production_the_cookie_is_for_tls_and_this_host_only(production: Flask) -> None:
    answer = production.test_client().get("/masuk", base_url=LIVE["WIBAWA_PUBLIC_URL"])
    year = 365 * 24 * 60 * 60
    said = answer.headers["Strict-Transport-Security"]
    assert said == f"max-age={year}; includeSubDomains"
    config = production.config
    assert config["SESSION_COOKIE_NAME"].startswith("__Host-")
    assert (config["SESSION_COOKIE_SECURE"], config["SESSION_COOKIE_HTTPONLY"]) == (True, True)
    assert config["SESSION_COOKIE_SAMESITE"] == "Lax"
    assert config.get("SESSION_COOKIE_DOMAIN") is None
    assert config["DEBUG"] is False


def test_in_production_another_host_is_not_answered(production: Flask) -> None:
    client = production.test_client()
    assert client.get("/healthz", base_url="https://other.example").status_code == 400
    for host in ("wibawa.example", "127.0.0.1:8000", "localhost"):
        assert client.get("/healthz", base_url=f"https://{host}").status_code != 400


@pytest.mark.parametrize(
    "said", [None, "", "wibawa.example", "https:", "ftp://wibawa.example", "//[wibawa.example"]
)
def test_production_does_not_start_without_the_address_that_it_answers(
    monkeypatch: pytest.MonkeyPatch, said: str | None
) -> None:
    for name, value in (LIVE | {"WIBAWA_PUBLIC_URL": said}).items():
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    with pytest.raises(config.ConfigurationError, match="Production needs the address"):
        config.load("production", DATABASE_URL="sqlite://")
    assert config.load("development", DATABASE_URL="sqlite://")["PUBLIC_URL"] == (said or "")


@pytest.mark.parametrize(
    ("proxies", "sent", "seen"),
    [
        (0, "10.1.1.1", "127.0.0.1"),
        (1, "10.1.1.1", "10.1.1.1"),
        (1, "6.6.6.6, 10.1.1.1", "10.1.1.1"),
        (2, "6.6.6.6, 10.1.1.1, 172.16.0.2", "10.1.1.1"),
    ],
)
def test_who_asks_is_believed_from_as_many_proxies_as_stand_in_front(
    proxies: int, sent: str, seen: str
) -> None:
    app = make_app("sqlite://", PROXIES=proxies)
    asked: list[str | None] = []
    app.before_request_funcs.setdefault(None, []).insert(
        0, lambda: asked.append(request.remote_addr)
    )
    app.test_client().get("/masuk", headers={"X-Forwarded-For": sent})
    assert asked == [seen]
    dispose(app)


def test_a_number_of_proxies_that_is_none_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WIBAWA_PROXIES", "satu")
    with pytest.raises(config.ConfigurationError, match="WIBAWA_PROXIES is 'satu'"):
        config.load("testing", DATABASE_URL="sqlite://")
