"""Whatever the schema loses, the program does not start, and says what it lost.

Every trigger, CHECK, foreign key, unique and primary key and every index is dropped in turn;
`test_schema.py` does it for triggers and CHECKs in each run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from flask import Flask
from sqlalchemy import Connection, text

import config
from tests.conftest import dispose
from wibawa import schema
from wibawa.app import create_app
from wibawa.database import db, writing

KINDS = ("trigger", "CHECK", "FOREIGN KEY", "UNIQUE", "PRIMARY KEY", "index")


class Loss(NamedTuple):
    kind: str
    name: str
    drop: str
    given: tuple[str, ...] = ()


def losses(connection: Connection) -> list[Loss]:
    if connection.dialect.name == "postgresql":
        return list(_of_postgresql())
    return list(_of_sqlite(connection))


def _of_postgresql() -> Iterator[Loss]:
    lines = schema.expected("postgresql")
    named = set()
    for line in lines:
        found = re.match(r"constraint (\w+)\.(\w+): (CHECK|FOREIGN KEY|UNIQUE|PRIMARY KEY)", line)
        if found:
            table, name, kind = found.groups()
            named.add(name)
            # A key goes with the foreign keys that point at it.
            yield Loss(kind, name, f"ALTER TABLE {table} DROP CONSTRAINT {name} CASCADE")
        elif line.startswith("trigger "):
            table, name = line.split()[1].split(".")
            yield Loss("trigger", name, f"DROP TRIGGER {name} ON {table}")
    for line in lines:
        found = re.match(r"index CREATE (?:UNIQUE )?INDEX (\w+) ON", line)
        if found and found[1] not in named:  # the index of a key goes with the key
            yield Loss("index", found[1], f"DROP INDEX {found[1]} CASCADE")


def _of_sqlite(connection: Connection) -> Iterator[Loss]:
    """SQLite keeps constraints in the text of the table: each is cut out of it in turn."""
    for line in schema.expected("sqlite"):
        kind, name = line.split()[:2]
        if kind in ("trigger", "index"):
            yield Loss(kind, name.rstrip(":"), f"DROP {kind} {name.rstrip(':')}")
    asked = "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name <> 'alembic_version'"
    tables = connection.execute(text(asked))
    change = "UPDATE sqlite_master SET sql = ? WHERE type = 'table' AND name = ?"
    for table, sql in tables.all():
        for name, kind, rest in _cut(sql):
            yield Loss(kind, name, change, (rest, table))


def _cut(sql: str) -> Iterator[tuple[str, str, str]]:
    """(name, kind, the table's text without it) of each named constraint of a table."""
    kinds = "CHECK|FOREIGN KEY|UNIQUE|PRIMARY KEY|REFERENCES"
    for found in re.finditer(rf",?\s*CONSTRAINT (\w+)\s+({kinds})", sql):
        end = _end(sql, found.end())
        kind = "FOREIGN KEY" if found[2] == "REFERENCES" else found[2]
        yield found[1], kind, sql[: found.start()] + sql[end:]


def _end(sql: str, at: int) -> int:
    """Where the constraint ends that `at` lies in: before the next comma, constraint, or bracket
    that is not its own."""
    depth, quoted = 0, False
    while True:
        if sql[at] == "'":
            quoted = not quoted
        elif not quoted and depth == 0 and (sql[at] in ",)" or sql.startswith("CONSTRAINT", at)):
            return at
        elif not quoted:
            depth += {"(": 1, ")": -1}.get(sql[at], 0)
        at += 1


class Held:
    """An engine all of whose connections are the one in which something was dropped."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        yield self.connection


@contextmanager
def lost(connection: Connection, loss: Loss) -> Iterator[None]:
    """Without it inside the block, whole again after it."""
    in_text = bool(loss.given)
    transaction = connection.begin()
    if in_text:
        connection.exec_driver_sql("PRAGMA writable_schema=ON")
    connection.exec_driver_sql(loss.drop, loss.given)
    try:
        yield
    finally:
        transaction.rollback()
        if in_text:
            connection.exec_driver_sql("PRAGMA writable_schema=RESET")
            connection.rollback()


@pytest.mark.soak
def test_the_program_refuses_a_database_that_lacks_any_one_thing(connection: Connection) -> None:
    every = losses(connection)
    connection.rollback()
    counted = {kind: sum(loss.kind == kind for loss in every) for kind in KINDS}
    assert min(counted.values()) >= 40, counted
    for loss in every:
        with lost(connection, loss):
            with pytest.raises(schema.DamagedSchema, match="Pulihkan dari cadangan"):
                schema.state(Held(connection))  # type: ignore[arg-type]
            missing = [e for e in schema.differences(connection) if e.startswith("hilang: ")]
            assert any(loss.name in line for line in missing), loss
    assert schema.differences(connection) == []
    print(f"{connection.dialect.name}: {len(every)} dropped in turn: {counted}")


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
def test_both_engines_have_the_same_named_rules(connection: Connection) -> None:
    """What one engine refuses, the other does."""
    here = {loss.name for loss in losses(connection) if loss.kind in KINDS[1:4]}
    assert here == {loss.name for loss in _of_postgresql() if loss.kind in KINDS[1:4]}


@pytest.mark.parametrize("engine_name", ["postgresql"], indirect=True)
def test_a_foreign_key_that_is_switched_off_and_a_rule_are_noticed(connection: Connection) -> None:
    for deed, said in (
        (
            "ALTER TABLE loans DISABLE TRIGGER ALL",
            "asing: switched off loans.fk_loans_borrower_id",
        ),
        (
            "CREATE RULE quiet AS ON INSERT TO trail_entries DO INSTEAD NOTHING",
            "asing: rule trail_entries.quiet: CREATE RULE quiet",
        ),
    ):
        with lost(connection, Loss("", "", deed)):
            found = schema.differences(connection)
            assert any(line.startswith(said) for line in found), found


@pytest.mark.parametrize("spoiled", [b"This was a letter.", b"SQLite format 3\0" + 4080 * b"?"])
def test_a_file_that_is_no_database_any_more_is_refused_in_words(
    tmp_path: Path, spoiled: bytes
) -> None:
    path = tmp_path / "wibawa.sqlite3"
    path.write_bytes(spoiled)
    with pytest.raises(schema.DamagedSchema, match="Berkas basis data rusak dan tidak terbaca"):
        _start(f"sqlite:///{path}")
    assert path.read_bytes() == spoiled


def _start(url: str) -> None:
    keys = {"SECRET_KEY": "k" * 40, "DATA_KEY": "d" * 40}
    dispose(create_app(config.load("testing", DATABASE_URL=url, **keys)))


@pytest.mark.soak
@pytest.mark.parametrize("kind", KINDS)
def test_it_does_not_start_without_one_of_each_kind(app: Flask, kind: str) -> None:
    with app.app_context(), writing(), db.engine.connect() as connection:
        first = next(loss for loss in losses(connection) if loss.kind == kind)
        if first.given:
            connection.exec_driver_sql("PRAGMA writable_schema=ON")
        connection.exec_driver_sql(first.drop, first.given)
        connection.commit()
        db.session.remove()
    with pytest.raises(schema.DamagedSchema, match="Pulihkan dari cadangan"):
        _start(app.config["SQLALCHEMY_DATABASE_URI"])
