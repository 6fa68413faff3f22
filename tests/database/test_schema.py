"""The migrated database is the one that the models, and the fingerprint files, say it is."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import psycopg
import pytest
import time_machine
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import Connection, text

from tests.conftest import dispose, make_app
from wibawa import schema
from wibawa.database import Base, db, writing
from wibawa.jobs import runner
from wibawa.migrating import migrate_if_empty

VERSIONS = sorted((schema.MIGRATIONS / "versions").glob("[0-9]*.py"))


@pytest.fixture
def empty_app(
    engine_name: str,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    clock: time_machine.Traveller,
) -> Iterator[Flask]:
    """The application on a database in which there is nothing at all."""
    if engine_name == "sqlite":
        app = make_app(f"sqlite:///{tmp_path / 'empty.sqlite3'}")
        yield app
        dispose(app)
        return
    server = request.getfixturevalue("postgres_url")
    name = f"e_{uuid.uuid4().hex[:16]}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
    head, _, tail = server.partition("?")
    url = head.rsplit("/", 1)[0] + f"/{name}" + (f"?{tail}" if tail else "")
    app = make_app(url.replace("postgresql://", "postgresql+psycopg://", 1))
    yield app
    dispose(app)
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_migrations_are_numbered_one_after_the_other() -> None:
    numbers = [path.name[:4] for path in VERSIONS]
    assert numbers == [f"{number:04d}" for number in range(1, len(VERSIONS) + 1)]
    before = None
    for path in VERSIONS:
        source = path.read_text()
        revision = re.search(r'^revision\b.*?["\'](\w+)["\']', source, re.MULTILINE)
        down = re.search(r"^down_revision\b.*?= *(.*)$", source, re.MULTILINE)
        assert revision
        assert down
        assert revision[1] == path.name[:4]
        assert down[1].strip("\"' ") == (before or "None")
        before = revision[1]


def test_migrations_never_use_alembics_batch_mode() -> None:
    assert [path.name for path in VERSIONS if "batch_alter_table" in path.read_text()] == []


def test_models_and_migrated_schema_are_equal(connection: Connection) -> None:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    assert compare_metadata(context, Base.metadata) == []


def test_the_schema_has_exactly_the_fingerprint_that_is_kept(connection: Connection) -> None:
    assert schema.differences(connection) == []
    assert schema.describe(connection) == schema.expected(connection.dialect.name)


def test_every_migration_can_be_taken_back_and_made_again(app: Flask) -> None:
    with app.app_context(), writing():
        downgrade(revision="base")
        with db.engine.connect() as connection:
            assert schema.describe(connection) == []
        upgrade()
        assert schema.state(db.engine) is None


def _objects(dialect: str, kind: str) -> list[tuple[str, str]]:
    """(table, name) of every trigger, or every CHECK, that the fingerprint lists."""
    found = []
    for line in schema.expected(dialect):
        if dialect == "sqlite" and line.startswith(f"{kind} "):
            on = re.search(r" ON (\w+) ", line)
            assert on
            found.append((on[1], line.split()[1].rstrip(":")))
        elif dialect == "postgresql" and re.match(
            r"trigger " if kind == "trigger" else r"constraint [\w.]+: CHECK", line
        ):
            table, name = line.split()[1].rstrip(":").split(".")
            found.append((table, name))
    return found


def _drop_and_look(connection: Connection, *drops: str) -> str:
    """What the check of the schema says after the drops, which are undone again."""
    with connection.begin() as transaction:
        for drop in drops:
            connection.execute(text(drop))
        said = "\n".join(schema.differences(connection))
        transaction.rollback()
    return said


def _in_soak(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--hypothesis-profile") == "soak")


def _of_tables(objects: list[tuple[str, str]], by_one: bool) -> list[tuple[str, list[str]]]:
    """Table and names: each by itself, or all of a table at once, for each look at PostgreSQL's
    catalogue takes a twentieth of a second."""
    if by_one:
        return [(table, [name]) for table, name in objects]
    tables = dict.fromkeys(table for table, _ in objects)
    return [(table, [name for other, name in objects if other == table]) for table in tables]


def _named(said: str, kind: str, names: list[str]) -> bool:
    """Whether exactly these are said to be missing, each in a line of its own."""
    lines = [line for line in said.splitlines() if line.startswith(f"hilang: {kind}")]
    found = [[name for name in names if re.search(rf"\b{name}\b", line)] for line in lines]
    return "\n".join(lines) == said and sorted(found) == sorted([name] for name in names)


def test_a_missing_trigger_is_noticed_and_named(
    connection: Connection, request: pytest.FixtureRequest
) -> None:
    sqlite = connection.dialect.name == "sqlite"
    triggers = _objects(connection.dialect.name, "trigger")
    assert len(triggers) >= 12
    for table, names in _of_tables(triggers, sqlite or _in_soak(request)):
        of_table = "" if sqlite else f" ON {table}"
        said = _drop_and_look(connection, *(f"DROP TRIGGER {name}{of_table}" for name in names))
        assert _named(said, "trigger", names), (names, said)


@pytest.mark.parametrize("engine_name", ["postgresql"], indirect=True)
def test_a_missing_check_is_noticed_and_named(
    connection: Connection, request: pytest.FixtureRequest
) -> None:
    checks = _objects("postgresql", "check")
    assert len(checks) >= 30
    for table, names in _of_tables(checks, _in_soak(request)):
        drops = (f"ALTER TABLE {table} DROP CONSTRAINT {name}" for name in names)
        said = _drop_and_look(connection, *drops)
        assert _named(said, "constraint", names), (names, said)


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
def test_a_missing_check_in_a_table_of_sqlite_is_noticed_and_named(connection: Connection) -> None:
    """SQLite keeps CHECKs in the text of the table: each is cut out of it in turn."""
    names = {name for _, name in _objects("postgresql", "check")}
    tables = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'table'"))
    cut = [(name, *each) for name, sql in tables.all() for each in _without_a_check(sql)]
    assert {check for _, check, _ in cut} == names, "every CHECK that PostgreSQL has"
    connection.rollback()
    for table, check, rest in cut:
        connection.exec_driver_sql("PRAGMA writable_schema=ON")
        change = "UPDATE sqlite_master SET sql = ? WHERE type = 'table' AND name = ?"
        connection.exec_driver_sql(change, (rest, table))
        said = schema.differences(connection)
        connection.rollback()
        connection.exec_driver_sql("PRAGMA writable_schema=RESET")
        connection.rollback()
        assert len(said) == 2, check
        assert said[0].startswith(f"hilang: table {table}:"), check
        assert said[1].startswith(f"asing: table {table}:"), check


def _without_a_check(sql: str) -> Iterator[tuple[str, str]]:
    """(name, the table's text without it) of each named CHECK of a table."""
    for found in re.finditer(r",?\s*CONSTRAINT (\w+)\s+CHECK\s*\(", sql):
        depth, at = 1, found.end()
        while depth:
            depth += {"(": 1, ")": -1}.get(sql[at], 0)
            at += 1
        yield found[1], sql[: found.start()] + sql[at:]


@pytest.mark.parametrize("engine_name", ["postgresql"], indirect=True)
def test_a_trigger_that_is_switched_off_is_noticed(connection: Connection) -> None:
    off = "ALTER TABLE ledger_entries DISABLE TRIGGER ledger_entries_no_update"
    said = _drop_and_look(connection, off)
    assert "ledger_entries_no_update D" in said


@pytest.mark.parametrize("engine_name", ["postgresql"], indirect=True)
def test_a_trigger_whose_function_was_emptied_is_noticed(connection: Connection) -> None:
    emptied = (
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RETURN NEW; END $$"
    )
    assert "hilang: trigger" in _drop_and_look(connection, emptied)


def test_a_missing_unique_index_and_a_foreign_table_are_noticed(connection: Connection) -> None:
    said = _drop_and_look(connection, "DROP INDEX uq_ledger_entries_reference")
    assert "uq_ledger_entries_reference" in said
    said = _drop_and_look(connection, "CREATE TABLE stray (id INTEGER)")
    assert "asing" in said
    assert "stray" in said


def test_the_program_refuses_a_damaged_database_and_says_what_is_missing(app: Flask) -> None:
    with app.app_context(), writing():
        of_table = "" if db.engine.dialect.name == "sqlite" else " ON ledger_entries"
        with db.engine.begin() as opened:
            opened.execute(text(f"DROP TRIGGER ledger_entries_no_update{of_table}"))
        with pytest.raises(schema.DamagedSchema, match="ledger_entries_no_update"):
            schema.state(db.engine)
        with pytest.raises(schema.DamagedSchema, match="ledger_entries_no_update"):
            migrate_if_empty(app)
    url = app.config["SQLALCHEMY_DATABASE_URI"]
    with pytest.raises(schema.DamagedSchema, match="ledger_entries_no_update"):
        _started(url)


def _started(url: str) -> None:
    import config
    from wibawa.app import create_app

    keys = {"SECRET_KEY": "k" * 40, "DATA_KEY": "d" * 40}
    app = create_app(config.load("testing", DATABASE_URL=url, **keys))
    dispose(app)


def test_an_empty_database_says_what_to_do(empty_app: Flask) -> None:
    with empty_app.app_context():
        said = schema.state(db.engine)
    assert said == "Basis data masih kosong. Jalankan: flask --app wsgi db upgrade"


def test_an_older_database_says_what_to_do(app: Flask) -> None:
    with app.app_context(), writing():
        downgrade(revision="0002")
        said = schema.state(db.engine)
    assert said is not None
    assert said.startswith("Basis data berversi 0002, aplikasi memerlukan")


def test_every_page_of_an_empty_database_answers_503_in_words(empty_app: Flask) -> None:
    """Also to a browser that was signed in before the database was lost."""
    client = empty_app.test_client()
    with client.session_transaction() as cookie:
        cookie["_user_id"] = "a token of before"
    for address in ("/", "/masuk", "/pinjaman", "/healthz"):
        answer = client.get(address)
        assert answer.status_code == 503
        assert "Basis data masih kosong" in answer.get_data(as_text=True)


def test_an_empty_database_works_as_soon_as_it_is_migrated(empty_app: Flask) -> None:
    client = empty_app.test_client()
    assert client.get("/masuk").status_code == 503
    migrate_if_empty(empty_app)
    assert client.get("/masuk").status_code == 200


def test_a_process_of_an_older_version_stops_when_the_database_is_upgraded_under_it(
    app: Flask,
) -> None:
    client = app.test_client()
    assert client.get("/masuk").status_code == 200
    with app.app_context(), writing(), db.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for answer in (client.post("/masuk", data={"username": "staff"}), client.get("/masuk")):
        assert answer.status_code == 503
        assert "sudah diperbarui ke versi 9999" in answer.get_data(as_text=True)
    runner.work(app, Event())  # it ends by itself
