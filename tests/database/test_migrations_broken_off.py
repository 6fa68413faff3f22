"""A migration that breaks off anywhere leaves the old schema whole, with its rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import pytest
from flask import Flask
from flask_migrate import downgrade
from sqlalchemy import Connection, event

from tests.conftest import SOAK_ON_BOTH
from tests.database.test_schema import VERSIONS, empty_app  # noqa: F401 - a fixture
from wibawa import schema
from wibawa.database import db, writing
from wibawa.keeping.restoring import migrate

NUMBERS = [path.name[:4] for path in VERSIONS]
SAMPLE = ("0001", "0008", NUMBERS[-1])  # many tables; CHECKs written anew; the newest


class Broken(RuntimeError):
    """The power is cut."""


@contextmanager
def broken_after(connection: Connection, statements: int) -> Iterator[list[str]]:
    """The connection breaks off after so many statements; which came through."""
    done: list[str] = []

    def counted(*given: Any) -> None:
        done.append(given[2])
        if len(done) > statements:
            raise Broken(given[2])

    event.listen(connection, "after_cursor_execute", counted)
    try:
        yield done
    finally:
        event.remove(connection, "after_cursor_execute", counted)


def described() -> tuple[str | None, list[str]]:
    with db.engine.connect() as connection:
        return schema.revision(connection), schema.describe(connection)


def rows() -> list[tuple[str, int]]:
    """How many there are of what the migrations put in."""
    with db.engine.connect() as connection:
        names = sorted(
            {line.split()[1].rstrip(":").split(".")[0] for line in schema.describe(connection)
             if line.startswith(("table ", "column "))}
        )  # fmt: skip
        found = []
        for name in names:
            many = connection.exec_driver_sql(f'SELECT count(*) FROM "{name}"').scalar()
            found.append((name, int(many or 0)))
        return found


def break_off(number: str, each: int) -> int:
    """Break the migration off after every `each`-th statement, and after the last; how often."""
    before, had = described(), rows()
    for at in count(0, each):
        with writing(), db.engine.connect() as connection, connection.begin():
            try:
                with broken_after(connection, at):
                    migrate(connection, number)
            except Broken:
                connection.get_transaction().rollback()  # type: ignore[union-attr]
            else:
                return at // each
        assert described() == before, f"{number} after {at} statements"
        assert rows() == had, f"{number} after {at} statements"
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
    broken = 0
    with empty_app.app_context():
        for number in NUMBERS:
            times = break_off(number, 1)
            assert times > 0, number
            broken += times
        assert schema.state(db.engine) is None
    print(f"{broken} times")


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
