"""What every answer tells the browser, and whom the program believes."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator

import pytest
from flask import Flask, request

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
