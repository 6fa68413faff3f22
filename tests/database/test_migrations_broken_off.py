"""A migration that breaks off anywhere leaves the old schema whole, with its rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from itertools import count
from typing import Any

import pytest
from flask import Flask
from flask_migrate import downgrade
from sqlalchemy import Connection, event

from tests import factories
from tests.conftest import SOAK_ON_BOTH
from tests.database.test_schema import VERSIONS, empty_app  # noqa: F401 - a fixture
from wibawa import schema
from wibawa.database import db, writing
from wibawa.keeping.restoring import migrate

NUMBERS = [path.name[:4] for path in VERSIONS]
SEALED = "0008"  # is not taken back once a file is sealed: an older version could not read it
SAMPLE = ("0001", "0008", NUMBERS[-1])  # many tables; CHECKs written anew; the newest


class Broken(RuntimeError):
    """The power is cut."""


@contextmanager
def broken_after(connection: Connection, statements: int) -> Iterator[list[str]]:
    """The connection breaks off when so many statements have run; which these were."""
    done: list[str] = []

    def counted(*given: Any) -> None:
        done.append(given[2])
        if len(done) == statements:
            raise Broken(given[2])

    event.listen(connection, "after_cursor_execute", counted)
    try:
        yield done
    finally:
        event.remove(connection, "after_cursor_execute", counted)


def whole() -> tuple[str | None, list[str], dict[str, str]]:
    """The version, every object of the schema, and table → hash of its rows."""
    with db.engine.connect() as connection:
        lines = schema.describe(connection)
        tables = {
            line.split()[1].rstrip(":").split(".")[0]
            for line in lines
            if line.startswith(("table ", "column "))
        }
        return schema.revision(connection), lines, {t: _hash(connection, t) for t in sorted(tables)}


def _hash(connection: Connection, table: str) -> str:
    rows = connection.exec_driver_sql(f'SELECT * FROM "{table}"').all()
    return sha256("\n".join(sorted(repr(tuple(row)) for row in rows)).encode()).hexdigest()


def break_off(number: str, each: int) -> int:
    """Break the migration off after every `each`-th statement, and let it run to its end at last;
    how often it broke off."""
    before = whole()
    for at in count(1, each):
        with writing(), db.engine.connect() as connection:
            transaction = connection.begin()
            try:
                with broken_after(connection, at):
                    migrate(connection, number)
            except Broken:
                transaction.rollback()
            else:
                transaction.commit()
                return (at - 1) // each
        db.engine.dispose()  # what the database keeps, not what a connection remembers
        assert whole() == before, f"{number} after {at} statements"
    raise AssertionError("no migration is endless")


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
def test_a_migration_that_breaks_off_leaves_the_old_schema_whole(
    empty_app: Flask,  # noqa: F811
) -> None:
    with empty_app.app_context():
        for number in SAMPLE:
            if number != "0001":
                with writing(), db.engine.begin() as connection:
                    migrate(connection, f"{int(number) - 1:04d}")
            assert break_off(number, 23 if number == "0001" else 3) > 0, number
        assert schema.state(db.engine) is None


@pytest.mark.soak
def test_every_migration_that_breaks_off_after_any_statement_leaves_the_old_schema_whole(
    empty_app: Flask,  # noqa: F811
) -> None:
    with empty_app.app_context():
        broken = {number: break_off(number, 1) for number in NUMBERS}
        assert schema.state(db.engine) is None
    assert min(broken.values()) > 0
    print(f"{len(broken)} migrations broke off {sum(broken.values())} times: {broken}")


@pytest.mark.soak
def test_a_migration_that_breaks_off_leaves_the_books_of_an_office_whole(
    app: Flask, people: dict[str, int]
) -> None:
    """From the newest down to the first that takes books with sealed files: each is taken back,
    broken off after every statement, made to its end, and taken back again."""
    factories.two_banks(app, people)
    broken = {}
    with app.app_context():
        for number in reversed(NUMBERS[NUMBERS.index(SEALED) + 1 :]):
            with writing():
                downgrade(revision=f"{int(number) - 1:04d}")
            broken[number] = break_off(number, 1)
        with writing(), db.engine.begin() as connection:
            migrate(connection, "head")
        assert schema.state(db.engine) is None
    assert min(broken.values()) > 0
    print(f"{len(broken)} migrations broke off {sum(broken.values())} times: {broken}")


def test_an_old_database_is_backed_up_before_it_is_brought_up(
    app: Flask, people: dict[str, int], tmp_path: Any
) -> None:
    """By the command and by flask alike; the backup of the old version comes back as the new."""
    from flask_migrate import upgrade

    from wibawa.keeping.archive import opened
    from wibawa.keeping.upgrading import bring_up

    old = NUMBERS[-2]
    folder = tmp_path / "cadangan"
    with app.app_context(), writing():
        downgrade(revision=old)
        done = bring_up(db.engine, folder)
        assert (done.before, done.after) == (old, NUMBERS[-1])
        assert done.backup is not None
        with opened(done.backup) as reader:
            reader.check()
            assert reader.manifest.revision == old
        assert bring_up(db.engine, folder).backup is None
        downgrade(revision=old)
        app.config.update(BACKUP_BEFORE_MIGRATING=True, BACKUP_FOLDER=str(folder / "lain"))
        upgrade()
        assert len(list((folder / "lain").glob(f"sebelum-pembaruan-dari-{old}-*.zip"))) == 1
        app.config["BACKUP_BEFORE_MIGRATING"] = False
        assert schema.state(db.engine) is None
