"""A copy of a whole database, to come back to as often as a test likes."""

from __future__ import annotations

import shutil
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path

import psycopg
from sqlalchemy.engine import make_url

from wibawa.database import sqlite_module

LONGEST_SECONDS = 60


class Copy(ABC):
    """`let_go` closes all connections of this process. A database has one copy at a time."""

    def __init__(self, let_go: Callable[[], None]) -> None:
        self.let_go = let_go

    @abstractmethod
    def keep(self) -> None:
        """Make the copy of what the database holds now."""

    @abstractmethod
    def bring_back(self) -> None:
        """Let the database hold again what it did when the copy was made."""

    @abstractmethod
    def throw_away(self) -> None:
        """Keep the copy no longer."""

    def wait_until_alone(self) -> None:
        """A server finishes with a client that was killed only when it notices."""
        return


class SqliteCopy(Copy):
    def __init__(self, path: Path, let_go: Callable[[], None]) -> None:
        super().__init__(let_go)
        self.path, self.kept = path, path.with_suffix(".kept")

    def keep(self) -> None:
        self.let_go()
        connection = sqlite_module().connect(self.path)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        shutil.copyfile(self.path, self.kept)

    def bring_back(self) -> None:
        self.let_go()
        for end in ("-wal", "-shm", "-journal"):
            Path(f"{self.path}{end}").unlink(missing_ok=True)
        shutil.copyfile(self.kept, self.path)

    def throw_away(self) -> None:
        self.kept.unlink()


class PostgresCopy(Copy):
    def __init__(self, url: str, let_go: Callable[[], None]) -> None:
        super().__init__(let_go)
        named = make_url(url)
        assert named.database is not None
        self.name, self.kept = named.database, f"{named.database}_kept"
        server = named.set(drivername="postgresql", database="postgres")
        self.server = psycopg.connect(server.render_as_string(hide_password=False), autocommit=True)

    def keep(self) -> None:
        self.let_go()
        self.wait_until_alone()
        self.throw_away()
        self._copy(self.name, self.kept)

    def bring_back(self) -> None:
        self.let_go()
        self.server.execute(f"DROP DATABASE {self.name} WITH (FORCE)")
        self._copy(self.kept, self.name)

    def throw_away(self) -> None:
        self.server.execute(f"DROP DATABASE IF EXISTS {self.kept}")

    def _copy(self, source: str, target: str) -> None:
        self.server.execute(f"CREATE DATABASE {target} TEMPLATE {source} STRATEGY FILE_COPY")

    def wait_until_alone(self) -> None:
        others = """SELECT count(*) FROM pg_stat_activity
            WHERE datname = %s AND backend_type = 'client backend'"""
        end = time.perf_counter() + LONGEST_SECONDS
        while self.server.execute(others, (self.name,)).fetchone() != (0,):
            assert time.perf_counter() < end, "somebody else has this database open"
            time.sleep(0.001)


def copy_of(url: str, let_go: Callable[[], None]) -> Copy:
    named = make_url(url)
    if named.get_backend_name() == "sqlite":
        assert named.database is not None
        return SqliteCopy(Path(named.database), let_go)
    return PostgresCopy(url, let_go)
