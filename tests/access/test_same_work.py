"""Signing in tells nobody whether a name exists: not by what it says, and not by how long it
takes. Work is counted, not time: what the password hash costs is the same on each way."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from tests import factories
from tests.access.steps import send_in
from tests.conftest import SOAK_ON_BOTH
from wibawa.access import passwords
from wibawa.access.models import User
from wibawa.database import db

WAYS = ("hantu", "staff", "approver", "auditor", "leader")  # the last four exist
WRONG = "kata sandi yang salah"


class Work:
    """Counts what one request costs: hashes made and compared, and statements by their words."""

    def __init__(self) -> None:
        self.hashed = self.compared = 0
        self.statements: list[str] = []

    def start(self) -> None:
        self.__init__()  # type: ignore[misc]

    @property
    def done(self) -> tuple[int, int, list[str]]:
        return self.hashed, self.compared, list(self.statements)


class Counting:
    def __init__(self, work: Work, real: Any) -> None:
        self.work, self.real = work, real

    def hash(self, password: str) -> str:
        self.work.hashed += 1
        return str(self.real.hash(password))

    def verify(self, stored: str, password: str) -> bool:
        self.work.compared += 1
        return bool(self.real.verify(stored, password))


@pytest.fixture
def work(app: Flask, people: dict[str, int], monkeypatch: pytest.MonkeyPatch) -> Iterator[Work]:
    counted = Work()
    monkeypatch.setattr(passwords, "_hasher", Counting(counted, passwords._hasher))
    with app.app_context():
        engine = db.engine
    listener = (engine, "before_cursor_execute", lambda *a: counted.statements.append(a[2]))
    event.listen(*listener)
    yield counted
    event.remove(*listener)


def _people_of_every_kind(app: Flask) -> None:
    """One disabled, one with a one-time password that lasts, one whose has run out."""

    def deed(session: Any) -> None:
        for username, changes in {
            "approver": {"can_sign_in": False},
            "auditor": {"one_time_until": dt.datetime(2026, 12, 1, tzinfo=dt.UTC)},
            "leader": {"one_time_until": dt.datetime(2026, 11, 1, tzinfo=dt.UTC)},
        }.items():
            one = session.query(User).filter_by(username=username).one()
            for name, value in changes.items():
                setattr(one, name, value)

    factories.saved(app, deed)


def _answer(answer: Any, username: str) -> tuple[int, list[tuple[str, str]], str]:
    """What a browser is sent, but for the name that was typed, tokens, and the cookie."""
    page = re.sub(r'value="[^"]{40,}"', "", answer.get_data(as_text=True))
    head = [(name, value) for name, value in answer.headers if name != "Set-Cookie"]
    return answer.status_code, head, page.replace(username, "NAMA")


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
def test_every_wrong_try_costs_one_comparison_and_gets_the_same_bytes(
    app: Flask, work: Work
) -> None:
    _people_of_every_kind(app)
    send_in(app, "hantu", WRONG, "203.0.113.200")  # the hash of nobody is made once per process
    for number in range(1, 8):  # five are free, two are told to wait
        told, cost = set(), []
        for place, username in enumerate(WAYS):
            work.start()
            answer = send_in(app, username, WRONG, f"203.0.113.{place + 1}")
            status, head, page = _answer(answer, username)
            told.add((status, tuple(h for h in head if h[0] != "Content-Length"), page))
            cost.append(work.done)
        assert len(told) == 1
        hashed, compared, statements = cost[0]
        assert (hashed, compared) == ((0, 1) if number <= 5 else (0, 0))
        assert all(each == cost[0] for each in cost)
        assert statements


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
def test_a_disabled_person_with_the_right_password_is_nobody(app: Flask, work: Work) -> None:
    _people_of_every_kind(app)
    send_in(app, "hantu", WRONG, "203.0.113.200")
    work.start()
    disabled = _answer(send_in(app, "approver", factories.PASSWORD, "203.0.113.1"), "approver")
    first = work.done
    work.start()
    unknown = _answer(send_in(app, "hantu", factories.PASSWORD, "203.0.113.2"), "hantu")
    assert disabled[0] == unknown[0] == 200
    assert disabled[2] == unknown[2]
    assert first == work.done
    assert first[:2] == (0, 1)


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
def test_the_first_try_after_a_start_costs_the_same_for_a_name_that_exists(
    app: Flask, work: Work
) -> None:
    cost = []
    for place, username in enumerate(("staff", "hantu")):
        passwords.hash_of_nobody.cache_clear()
        work.start()
        send_in(app, username, WRONG, f"203.0.113.{place + 1}")
        cost.append(work.done[:2])
    assert cost == [(1, 1), (1, 1)]
