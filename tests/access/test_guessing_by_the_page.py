"""The promise of security.md about guessing, tried through the sign-in page behind a proxy: every
guess is sent, and the passwords that are compared are counted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select

from tests import factories
from tests.conftest import SOAK_ON_BOTH, dispose, make_app
from wibawa.access import passwords
from wibawa.access.models import TrailEntry
from wibawa.database import db

OFFICE, HOME = "10.20.0.5", "10.20.0.9"  # one address for an office, one for a house
ATTACKERS = [f"203.0.113.{number}" for number in range(1, 11)]
GUESSES, DAY = 1_000, dt.timedelta(hours=24)
PROMISED, WAIT = 40, dt.timedelta(minutes=5)


@pytest.fixture
def behind(
    database_url: str, people: dict[str, int], clock: time_machine.Traveller
) -> Iterator[Flask]:
    """The application as nginx asks it, where each guess is told by the address that nginx saw."""
    app = make_app(database_url, PROXIES=1)
    yield app
    dispose(app)


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every password that is compared with a hash."""
    seen: list[str] = []
    fits = passwords.fits

    def counted(stored: str, password: str) -> bool:
        seen.append(password)
        return fits(stored, password)

    monkeypatch.setattr(passwords, "fits", counted)
    return seen


def _sent(app: Flask, username: str, password: str, seen_from: str) -> int:
    """The status of an answer to a name and a password. What the browser itself says of where it
    is stands before what nginx saw."""
    return (
        app.test_client()
        .post(
            "/masuk",
            data={"username": username, "password": password},
            headers={"X-Forwarded-For": f"{OFFICE}, {seen_from}"},
        )
        .status_code
    )


def _enter(app: Flask, username: str, seen_from: str) -> int:
    return _sent(app, username, factories.PASSWORD, seen_from)


def _attack(app: Flask, username: str, clock: time_machine.Traveller, tries: int) -> list[int]:
    """Guesses from ten addresses in turn, so far apart that a thousand of them take a day."""
    answers = []
    for number in range(tries):
        answers.append(_sent(app, username, f"tebakan-{number}", ATTACKERS[number % 10]))
        clock.shift(DAY / GUESSES)
    return answers


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
def test_a_thousand_guesses_at_the_page_in_a_day_have_fewer_than_forty_passwords_compared(
    behind: Flask,
    compared: list[str],
    clock: time_machine.Traveller,
    request: pytest.FixtureRequest,
) -> None:
    for name, place in (("staff", HOME), ("staff", OFFICE), ("staff2", OFFICE)):
        assert _enter(behind, name, place) == 302
    compared.clear()
    said = _attack(behind, "staff", clock, GUESSES)
    assert set(said) == {200, 429}
    assert len(compared) == said.count(200), "a password was compared though 429 was said"
    assert 30 <= len(compared) < PROMISED
    # At its end a stranger waits; the owner and who shares the office's address come in at once.
    assert _enter(behind, "staff", ATTACKERS[0]) == 429
    assert _enter(behind, "staff", "198.51.100.7") == 429
    for name, place in (("staff", HOME), ("staff", OFFICE), ("staff2", OFFICE)):
        assert _enter(behind, name, place) == 302
    # An owner who mistypes at home amid all this waits five minutes at most.
    assert [_sent(behind, "staff", "salah-ketik", HOME) for _ in range(6)] == [200] * 5 + [429]
    for _ in range(5):
        clock.shift(WAIT)
        assert _sent(behind, "staff", "salah-ketik", HOME) == 200
    assert _enter(behind, "staff", HOME) == 429
    clock.shift(WAIT)
    assert _enter(behind, "staff", HOME) == 302
    # A name that nobody has is answered and compared alike; from now on the day begins anew.
    clock.shift(DAY)
    whole = request.config.getoption("--hypothesis-profile") == "soak"
    compared.clear()
    unknown = _attack(behind, "hantu", clock, GUESSES if whole else 120)
    assert unknown == said[: len(unknown)], "an account is told from a name that nobody has"
    assert len(compared) == unknown.count(200)


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
def test_guesses_are_counted_where_the_proxy_saw_them(behind: Flask, compared: list[str]) -> None:
    """Who writes another address into each guess is one address still, with its five free tries."""
    with behind.app_context():
        before = db.session.scalar(select(func.count()).select_from(TrailEntry)) or 0
        db.session.remove()
    for number in range(8):
        behind.test_client().post(
            "/masuk",
            data={"username": "staff", "password": f"tebakan-{number}"},
            headers={"X-Forwarded-For": f"198.51.100.{number}, {ATTACKERS[0]}"},
        )
    assert len(compared) == 5
    with behind.app_context():
        lines = select(TrailEntry.address).order_by(TrailEntry.id).offset(before)
        assert db.session.scalars(lines).all() == [ATTACKERS[0]] * 5
        db.session.remove()
