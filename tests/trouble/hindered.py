"""A database that somebody else is writing to, or whose disk is full, on both engines."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from psycopg.errors import DiskFull
from sqlalchemy import Engine, create_engine, event, text

from wibawa.database import db, engine_options, prepare_engine, reading


@contextmanager
def told_when_connecting(app: Flask, statement: str) -> Iterator[Engine]:
    """Every connection of `app` begins with the statement."""
    with app.app_context():
        engine = db.engine
        db.session.remove()
    engine.dispose()

    def tell(connection: Any, record: object) -> None:
        connection.cursor().execute(statement)
        connection.commit()

    event.listen(engine, "connect", tell)
    yield engine
    event.remove(engine, "connect", tell)
    engine.dispose()


@contextmanager
def busy(app: Flask) -> Iterator[None]:
    """Somebody holds all banks, and `app` waits for a moment only."""
    with app.app_context():
        url, name = db.engine.url, db.engine.dialect.name
    impatient = "PRAGMA busy_timeout=20" if name == "sqlite" else "SET lock_timeout = '20ms'"
    other = create_engine(url, **engine_options(url))
    prepare_engine(other)
    with told_when_connecting(app, impatient), other.begin() as connection:
        if name != "sqlite":
            connection.execute(text("SELECT id FROM banks FOR UPDATE"))
        yield
        connection.rollback()
    other.dispose()


@contextmanager
def full(app: Flask, pages: int = 0) -> Iterator[None]:
    """The database of `app` may grow by so many pages and no more; a server takes no file."""
    with app.app_context(), reading():
        engine = db.engine
        sqlite = engine.dialect.name == "sqlite"
        most = pages + int(db.session.scalar(text("PRAGMA page_count")) or 0) if sqlite else 0
        db.session.remove()
    if sqlite:
        with told_when_connecting(app, f"PRAGMA max_page_count={most}"):
            yield
        return

    def refuse(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if statement.startswith("INSERT INTO uploads"):
            raise DiskFull("could not extend file")

    event.listen(engine, "before_cursor_execute", refuse)
    yield
    event.remove(engine, "before_cursor_execute", refuse)
