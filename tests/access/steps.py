"""Steps that several stories of signing in take."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import pyotp
from flask import Flask
from sqlalchemy import update

from tests import factories
from wibawa.access import second_factor, settings
from wibawa.access.models import User, UserSession
from wibawa.database import db
from wibawa.web.clock import now

Enter = Callable[[str], factories.Client]


def send_in(
    app: Flask,
    username: str,
    password: str = factories.PASSWORD,
    address: str = "127.0.0.1",
    client: factories.Client | None = None,
) -> Any:
    """The answer to name and password from an address."""
    return (client or app.test_client()).post(
        "/masuk",
        data={"username": username, "password": password},
        environ_base={"REMOTE_ADDR": address},
    )


def set_up(app: Flask, user_id: int) -> tuple[str, list[str]]:
    """Give a user a second factor; the secret and the recovery codes."""
    secret = pyotp.random_base32()
    codes = factories.saved(
        app, lambda session: second_factor.set_up(session, user_id, secret, 0, now())
    )
    return secret, codes


def code_of(secret: str, steps: int = 0) -> str:
    return pyotp.TOTP(secret).at(now(), counter_offset=steps)


def long_since_proved(app: Flask) -> None:
    """Whoever is signed in gave the last proof years ago."""
    then = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    factories.saved(app, lambda s: s.execute(update(UserSession).values(proved_at=then)))


def change(app: Flask, by: int, **values: Any) -> None:
    """Other settings of signing in."""

    def deed(session: Any) -> None:
        seen = settings.current(session).id
        assert settings.change(session, values, "Uji", seen, by, now())

    kept = factories.saved(app, lambda session: _all(session) | values)
    values = kept
    factories.saved(app, deed)


def _all(session: Any) -> dict[str, Any]:
    entry = settings.current(session)
    return {name: getattr(entry, name) for name in settings.LABELS}


def user_of(app: Flask, username: str) -> User:
    with app.app_context():
        found = db.session.query(User).filter_by(username=username).one()
        db.session.expunge(found)
        db.session.remove()
    return found


def issued_in(page: str) -> str:
    """The one-time password that a page shows."""
    found = re.search(r'<dt>Kata sandi</dt><dd><span class="code">([a-z0-9-]+)<', page)
    assert found
    return found[1]
