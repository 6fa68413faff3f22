"""A page that is only read cannot write, even when its code tries."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from wibawa.access.guard import public
from wibawa.access.models import TrailEntry
from wibawa.access.trail import record, record_apart
from wibawa.database import db, reading, writing
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


def test_who_only_reads_sees_one_moment_whatever_others_book_meanwhile(app: Flask) -> None:
    count = select(func.count()).select_from(TrailEntry)

    def somebody_else_books() -> None:
        with app.app_context(), writing():
            record(db.session(), now(), None, "careless")
            db.session.commit()
            db.session.remove()

    with app.app_context(), reading(), ThreadPoolExecutor(1) as other:
        before = db.session.scalar(count)
        other.submit(somebody_else_books).result()
        assert db.session.scalar(count) == before
        db.session.rollback()
        assert db.session.scalar(count) == (before or 0) + 1
        db.session.remove()
