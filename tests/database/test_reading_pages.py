"""A page that is only read cannot write, even when its code tries."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from wibawa.access.guard import public
from wibawa.access.models import TrailEntry
from wibawa.access.trail import record, record_apart
from wibawa.database import db
from wibawa.web.clock import now


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client of the application with pages that write where they should not."""

    @public
    def careless() -> str:
        record(db.session(), now(), None, "careless")
        db.session.commit()
        return "ditulis"

    @public
    def apart() -> str:
        record_apart(now(), None, "denied", "loan", 1)
        db.session.scalar(select(func.count()).select_from(TrailEntry))
        return "dicatat"

    app.add_url_rule("/uji", "careless", careless, methods=["GET", "POST"])
    app.add_url_rule("/uji/catat", "apart", apart)
    return app.test_client()


def _trail(app: Flask) -> list[str]:
    with app.app_context():
        found = list(db.session.scalars(select(TrailEntry.action)))
        db.session.remove()
    return found


def test_a_page_opened_with_get_fails_when_it_writes(app: Flask, client: FlaskClient) -> None:
    with pytest.raises(DBAPIError, match=r"readonly|read-only"):
        client.get("/uji")
    assert _trail(app) == []


def test_the_same_page_writes_when_it_is_sent_with_post(app: Flask, client: FlaskClient) -> None:
    assert client.post("/uji").status_code == 200
    assert _trail(app) == ["careless"]


def test_a_page_that_failed_leaves_the_next_ones_able_to_write(
    app: Flask, client: FlaskClient
) -> None:
    for _ in range(3):
        with pytest.raises(DBAPIError):
            client.get("/uji")
        assert client.post("/uji").status_code == 200
    assert _trail(app) == ["careless"] * 3


def test_a_refused_try_is_recorded_though_the_page_is_only_read(
    app: Flask, client: FlaskClient
) -> None:
    assert client.get("/uji/catat").status_code == 200
    assert _trail(app) == ["denied"]
