"""Guessing through the front door: how few tries get through, and who is not held back by it."""

from __future__ import annotations

import datetime as dt
import threading
import time

import pytest
import time_machine
from flask import Flask

from tests.access.steps import send_in
from tests.conftest import SOAK_ON_BOTH
from wibawa.access import guessing
from wibawa.database import db, writing
from wibawa.rules.refused import Refused
from wibawa.web.clock import now

OFFICE = "10.20.0.5"
ATTACKERS = [f"203.0.113.{number}" for number in range(1, 11)]


def _guess(username: str, address: str) -> bool:
    """Whether a wrong try is let through to the password."""
    try:
        guessing.admit(db.session(), username, address, now())
    except Refused:
        return False
    return True


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
def test_of_a_thousand_guesses_from_ten_addresses_a_day_fewer_than_forty_get_through(
    app: Flask, people: dict[str, int], clock: time_machine.Traveller
) -> None:
    """By hand: ten are free, the pauses 1, 2, 4, 8, 16, 32 minutes let six more through in the
    first 63 minutes, then one an hour for 23 hours: 10 + 6 + 22 or 23."""
    assert send_in(app, "staff", address=OFFICE).status_code == 302
    through = 0
    with app.app_context(), writing():
        for number in range(1000):
            through += _guess("staff", ATTACKERS[number % 10])
            clock.shift(dt.timedelta(seconds=86))
        db.session.commit()
        db.session.remove()
    assert 30 <= through <= 39
    assert send_in(app, "staff", address=OFFICE).status_code == 302
    assert send_in(app, "staff", address="198.51.100.7").status_code == 429  # not at home there


def test_a_thousand_guesses_at_once_get_ten_through(app: Flask, people: dict[str, int]) -> None:
    with app.app_context(), writing():
        through = sum(_guess("staff", ATTACKERS[number % 10]) for number in range(1000))
        db.session.rollback()
    assert through == 10


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
def test_one_password_for_many_accounts_from_one_address_is_slowed_and_its_office_is_not(
    app: Flask, people: dict[str, int]
) -> None:
    assert send_in(app, "staff", address=OFFICE).status_code == 302
    with app.app_context(), writing():
        through = sum(_guess(f"orang{number}", OFFICE) for number in range(300))
        db.session.commit()
        db.session.remove()
    assert through == 50
    assert send_in(app, "staff", address=OFFICE).status_code == 302
    assert send_in(app, "staff2", address=OFFICE).status_code == 429  # never signed in there yet


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
def test_known_and_unknown_names_get_the_same_answers(app: Flask, people: dict[str, int]) -> None:
    said = {}
    for name, address in (("staff", "203.0.113.1"), ("hantu", "203.0.113.2")):
        answers = [send_in(app, name, "salah-sekali", address) for _ in range(7)]
        said[name] = [
            (answer.status_code, answer.get_data(as_text=True).replace(name, ""))
            for answer in answers
        ]
    assert said["staff"] == said["hantu"]
    assert [status for status, _ in said["staff"]] == [200] * 5 + [429] * 2
    assert "Tunggu 1 menit" in said["staff"][6][1]


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
def test_whoever_mistypes_signs_in_after_the_pause_and_starts_anew(
    app: Flask, people: dict[str, int], clock: time_machine.Traveller
) -> None:
    for _ in range(5):
        send_in(app, "staff", "salah-sekali")
    assert send_in(app, "staff").status_code == 429
    clock.shift(60)
    assert send_in(app, "staff").status_code == 302
    for _ in range(5):
        assert send_in(app, "staff", "salah-sekali").status_code == 200


@pytest.mark.parametrize("engine_name", ["postgresql"], indirect=True)
def test_two_browsers_of_one_person_who_sign_in_at_once_do_not_wait_for_each_other_for_good(
    app: Flask, people: dict[str, int]
) -> None:
    with app.app_context(), writing():
        numbers = [guessing.admit(db.session(), "staff", OFFICE, now()) for _ in range(2)]
        db.session.commit()
        db.session.remove()
    failed = list[Exception]()

    def signed_in(number: int) -> None:
        with app.app_context(), writing():
            try:
                guessing.take_back(db.session(), number)
                time.sleep(0.3)
                guessing.forgive(db.session(), "staff", OFFICE)
                db.session.commit()
            except Exception as error:
                failed.append(error)
            db.session.remove()

    browsers = [threading.Thread(target=signed_in, args=(number,)) for number in numbers]
    for browser in browsers:
        browser.start()
    for browser in browsers:
        browser.join()
    assert failed == []
