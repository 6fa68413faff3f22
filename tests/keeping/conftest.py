from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from flask import Flask

from tests import factories
from tests.conftest import dispose, make_app
from wibawa.database import db, engine_at, reading
from wibawa.keeping.rows import LEFT_OUT, hash_of, rows_of, shapes


@pytest.fixture
def books(app: Flask, people: dict[str, int]) -> Flask:
    """An office with loans and files at both banks."""
    factories.two_banks(app, people)
    return app


@pytest.fixture
def empty(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[[str], str]]:
    """`empty("postgresql")`: the URL of a database of that engine in which there is nothing."""
    made: list[str] = []

    def make(engine: str) -> str:
        name = f"k_{uuid.uuid4().hex[:16]}"
        if engine == "sqlite":
            return f"sqlite:///{tmp_path / name}.sqlite3"
        server = request.getfixturevalue("postgres_url")
        with psycopg.connect(server, autocommit=True) as admin:
            admin.execute(f"CREATE DATABASE {name}")
        made.append(name)
        head, _, tail = server.partition("?")
        url = head.rsplit("/", 1)[0] + f"/{name}" + (f"?{tail}" if tail else "")
        return str(url.replace("postgresql://", "postgresql+psycopg://", 1))

    yield make
    for name in made:
        with psycopg.connect(request.getfixturevalue("postgres_url"), autocommit=True) as admin:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def app_at(url: str) -> Iterator[Flask]:
    """An application of its own on another database."""
    app = make_app(url)
    yield app
    dispose(app)


def content(url: str) -> dict[str, tuple[int, str]]:
    """Table → rows and their hash, in the one spelling of both engines."""
    engine = engine_at(url)
    with reading(), engine.connect() as connection:
        found = {
            shape.name: hash_of(rows_of(connection, shape))
            for shape in shapes(connection)
            if shape.name not in LEFT_OUT
        }
    engine.dispose()
    return found


def without_trail(found: dict[str, tuple[int, str]]) -> dict[str, tuple[int, str]]:
    """What is the same wherever it lies: a command leaves its own line in the trail there."""
    return {name: told for name, told in found.items() if name != "trail_entries"}


def url_of(app: Flask) -> str:
    with app.app_context():
        db.session.remove()
    return str(app.config["SQLALCHEMY_DATABASE_URI"])
