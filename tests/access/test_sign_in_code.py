from __future__ import annotations

import datetime as dt

import time_machine
from flask import Flask
from sqlalchemy import func, select

from tests import factories
from tests.access.steps import code_of, send_in, set_up
from tests.factories import PASSWORD
from wibawa.access import users
from wibawa.access.models import User, UserSession
from wibawa.access.passwords import hash_of
from wibawa.database import db


def test_password_and_code_lead_to_the_page_that_was_asked_for(
    app: Flask, people: dict[str, int]
) -> None:
    secret, _ = set_up(app, people["staff"])
    client = app.test_client()
    body = {"username": "staff", "password": PASSWORD, "lanjut": "/pinjaman?q=a"}
    assert client.post("/masuk", data=body).headers["Location"] == "/masuk/kode"
    assert client.get("/").status_code == 302
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(UserSession)) == 0
    assert client.get("/masuk/kode").status_code == 200
    done = client.post("/masuk/kode", data={"code": code_of(secret)})
    assert done.headers["Location"] == "/pinjaman?q=a"
    assert client.get("/").status_code == 200


def test_a_code_that_was_looked_at_over_the_shoulder_is_used_up(
    app: Flask, people: dict[str, int]
) -> None:
    secret, _ = set_up(app, people["staff"])
    owner, thief = app.test_client(), app.test_client()
    for client in (owner, thief):
        send_in(app, "staff", client=client)
    code = code_of(secret)
    assert owner.post("/masuk/kode", data={"code": code}).status_code == 302
    answer = thief.post("/masuk/kode", data={"code": code})
    assert "sudah dipakai" in answer.get_data(as_text=True)
    assert thief.get("/").status_code == 302


def test_guessing_codes_with_a_known_password_is_slowed(app: Flask, people: dict[str, int]) -> None:
    secret, _ = set_up(app, people["staff"])
    thief, answers = app.test_client(), []
    send_in(app, "staff", address="203.0.113.9", client=thief)
    right = int(code_of(secret))
    for guess in range(1, 31):
        send_in(app, "staff", address="203.0.113.9")  # the right password forgives nothing
        code = f"{(right + guess) % 1_000_000:06}"
        answers.append(
            thief.post(
                "/masuk/kode", data={"code": code}, environ_base={"REMOTE_ADDR": "203.0.113.9"}
            ).status_code
        )
    assert answers == [200] * 5 + [429] * 25


def test_the_second_step_waits_five_minutes_and_not_beyond_a_change(
    app: Flask, people: dict[str, int], clock: time_machine.Traveller
) -> None:
    secret, _ = set_up(app, people["staff"])
    assert app.test_client().get("/masuk/kode").headers["Location"] == "/masuk"
    client = app.test_client()
    send_in(app, "staff", client=client)
    clock.shift(dt.timedelta(minutes=5))
    late = client.post("/masuk/kode", data={"code": code_of(secret)})
    assert late.headers["Location"] == "/masuk"
    for change in (
        lambda user: setattr(user, "password_hash", hash_of("lumpia basah tiga puluh")),
        lambda user: setattr(user, "can_sign_in", False),
    ):
        send_in(app, "staff", client=client)
        factories.saved(app, lambda s, change=change: change(s.get_one(User, people["staff"])))
        gone = client.post("/masuk/kode", data={"code": code_of(secret)})
        assert gone.headers["Location"] == "/masuk"
        factories.saved(
            app,
            lambda s: setattr(s.get_one(User, people["staff"]), "password_hash", hash_of(PASSWORD)),
        )
    with app.app_context():
        assert users.verify(db.session(), "staff", PASSWORD) is None
