"""Triggers ask how a row comes about; rows that came about elsewhere are let in past them.

Within one transaction: what is taken down is put up again before anybody else sees the tables, and
the fingerprint of the schema proves it. References are proved once, when all rows are there:
tables refer to each other in circles.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from wibawa.keeping.rows import Shape
from wibawa.rules.refused import Refused

_TRIGGERS = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY name"
_TRIGGERS_OF = "SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY name"
_REFERENCES = """
SELECT c.conrelid::regclass::text, quote_ident(c.conname), pg_get_constraintdef(c.oid)
FROM pg_constraint c
WHERE c.contype = 'f' AND c.connamespace = current_schema()::regnamespace ORDER BY c.oid
"""


@contextmanager
def lowered(connection: Connection, tables: Sequence[Shape]) -> Iterator[None]:
    """Without triggers and references. When the block raises, roll the transaction back.

    Raises `Refused` `row_refused` for a row that refers to one that is not there."""
    if connection.dialect.name == "postgresql":
        references = connection.execute(text(_REFERENCES)).all()
        names = [table.name for table in tables]
        _switch(connection, names, "DISABLE")
        for table, name, _ in references:
            connection.exec_driver_sql(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        yield
        for table, name, rule in references:
            _refer(connection, table, f"ALTER TABLE {table} ADD CONSTRAINT {name} {rule}")
        _switch(connection, names, "ENABLE")
        return
    connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
    triggers = connection.execute(text(_TRIGGERS)).all()
    for name, _ in triggers:
        connection.exec_driver_sql(f'DROP TRIGGER "{name}"')
    yield
    lost = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if lost is not None:
        raise _lost(lost[0])
    for _, sql in triggers:
        connection.exec_driver_sql(sql)


@contextmanager
def triggers_lowered(connection: Connection, tables: Collection[str]) -> Iterator[None]:
    """Without the triggers of these tables. When the block raises, roll the transaction back."""
    if connection.dialect.name == "postgresql":
        _switch(connection, tables, "DISABLE")
        yield
        _switch(connection, tables, "ENABLE")
        return
    found = connection.execute(text(_TRIGGERS_OF)).all()
    mine = [(name, sql) for name, table, sql in found if table in tables]
    for name, _ in mine:
        connection.exec_driver_sql(f'DROP TRIGGER "{name}"')
    yield
    for _, sql in mine:
        connection.exec_driver_sql(sql)


def _refer(connection: Connection, table: str, statement: str) -> None:
    try:
        connection.exec_driver_sql(statement)
    except IntegrityError as error:
        raise _lost(table) from error


def _lost(table: str) -> Refused:
    return Refused(
        "row_refused",
        f"Tabel {table} merujuk ke baris yang tidak ada. Tidak ada yang tersimpan.",
    )


def _switch(connection: Connection, tables: Collection[str], verb: str) -> None:
    for table in sorted(tables):
        connection.exec_driver_sql(f'ALTER TABLE "{table}" {verb} TRIGGER USER')
