"""The rows of a database in one spelling for both engines: out of either, and into either.

A row is a list of JSON values: numbers, texts, true and false, days as 2026-11-24, moments as
2026-11-24 03:00:00.000000 (UTC), bytes as base64. Tables are in the order of their primary key
and columns in that of their names: the same rows have the same hash whichever engine they are of.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import psycopg
from sqlalchemy import Connection, inspect, text, types
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from wibawa.database import Trouble, bulk_insert, trouble_of
from wibawa.keeping.archive import line_of
from wibawa.rules.refused import Refused

# Whose browser is signed in, and which worker is alive, is no matter of the books.
LEFT_OUT = ("failed_sign_ins", "user_sessions", "worker_beats")
NOT_OURS = ("alembic_version",)
AT_ONCE = 2_000
KINDS: tuple[tuple[type[types.TypeEngine[Any]], str], ...] = (
    (types.Boolean, "boolean"),
    (types.Integer, "integer"),
    (types.DateTime, "moment"),
    (types.Date, "date"),
    (types.LargeBinary, "bytes"),
    (types.String, "text"),
)


@dataclass(frozen=True)
class Shape:
    """A table as it is in the database: columns as (name, kind), and the key that orders it."""

    name: str
    columns: tuple[tuple[str, str], ...]
    key: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        return [f'"{name}"' for name, _ in self.columns]


def shapes(connection: Connection) -> list[Shape]:
    """Every table, in order of name."""
    inspector = inspect(connection)
    order = sorted(set(inspector.get_table_names()) - set(NOT_OURS))
    columns, keys = inspector.get_multi_columns(), inspector.get_multi_pk_constraint()
    schema = next(iter(columns))[0] if columns else None
    return [
        Shape(
            name,
            tuple(sorted((each["name"], _kind(name, each)) for each in columns[schema, name])),
            tuple(keys[schema, name]["constrained_columns"]),
        )
        for name in order
    ]


def _kind(table: str, column: Any) -> str:
    for type_, kind in KINDS:
        if isinstance(column["type"], type_):
            return kind
    raise TypeError(f"{table}.{column['name']} is {column['type']}: no spelling for it")


def rows_of(connection: Connection, shape: Shape) -> Iterator[list[Any]]:
    """The table's rows as they are spelled, in the order of its key."""
    kinds = dict(shape.columns)
    collate = ' COLLATE "C"' if connection.dialect.name == "postgresql" else ""
    order = ", ".join(f'"{name}"{collate * (kinds[name] == "text")}' for name in shape.key)
    asked = f'SELECT {", ".join(shape.names)} FROM "{shape.name}" ORDER BY {order}'  # noqa: S608
    spell = [SPELLING.get(kind) for _, kind in shape.columns]
    # Of this statement alone: set on the connection, the next CREATE TABLE would be a cursor too.
    options = {"stream_results": True, "yield_per": AT_ONCE}
    found = connection.exec_driver_sql(asked, execution_options=options)
    for row in found:
        yield [
            value if value is None or how is None else how(value)
            for value, how in zip(row, spell, strict=True)
        ]


def _moment(value: Any) -> str:
    moment = dt.datetime.fromisoformat(value) if isinstance(value, str) else value
    return str(moment.isoformat(sep=" ", timespec="microseconds"))


def _date(value: Any) -> str:
    return value if isinstance(value, str) else str(value.isoformat())


def _bytes(value: Any) -> str:
    return base64.b64encode(value).decode("ascii")


SPELLING: dict[str, Callable[[Any], Any]] = {
    "boolean": bool,
    "moment": _moment,
    "date": _date,
    "bytes": _bytes,
}


def hash_of(rows: Iterable[Iterable[Any]]) -> tuple[int, str]:
    """(rows, hash) as the manifest has them."""
    digest, count = hashlib.sha256(), 0
    for row in rows:
        digest.update(line_of(row))
        count += 1
    return count, digest.hexdigest()


def fill(connection: Connection, table: Shape, columns: Sequence[str], rows: Any) -> None:
    """Put spelled rows of `columns` into an empty table. Raises `Refused` `row_refused`."""
    kinds = dict(table.columns)
    packed = [n for n, name in enumerate(columns) if kinds[name] == "bytes"]
    names, session = [f'"{name}"' for name in columns], Session(connection)
    given = _unpacked(rows, packed)
    try:
        if connection.dialect.name == "postgresql":  # one statement: rows may refer to later ones
            bulk_insert(session, f'"{table.name}"', names, given)
            return
        while batch := list(islice(given, AT_ONCE)):
            bulk_insert(session, f'"{table.name}"', names, batch)
    except (DBAPIError, psycopg.Error) as error:
        raise _unfit(table.name, error) from error


def _unpacked(rows: Iterable[list[Any]], packed: Sequence[int]) -> Iterator[tuple[Any, ...]]:
    for row in rows:
        for place in packed:
            if row[place] is not None:
                row[place] = base64.b64decode(row[place])
        yield tuple(row)


def _unfit(table: str, error: Exception) -> Exception:
    """A row that the engine does not take is told in words; a full disk stays what it is."""
    if trouble_of(error) is not Trouble.NONE:
        return error
    said = str(getattr(error, "orig", None) or error).splitlines()[0]
    return Refused(
        "row_refused",
        f"Tabel {table} berisi baris yang tidak diterima basis data tujuan ({said}). "
        "Tidak ada yang tersimpan.",
    )


def empty_all(connection: Connection, tables: Sequence[Shape]) -> None:
    """Take out what the migrations put in; the guards must be down."""
    if connection.dialect.name == "postgresql":
        names = ", ".join(f'"{table.name}"' for table in tables)
        connection.execute(text(f"TRUNCATE {names}"))
        return
    for table in tables:
        connection.execute(text(f'DELETE FROM "{table.name}"'))  # noqa: S608 - our own table


def set_sequences(connection: Connection, tables: Sequence[Shape]) -> None:
    """Let PostgreSQL count on where the rows end; SQLite counts by itself."""
    if connection.dialect.name != "postgresql":
        return
    for table in tables:
        if table.key != ("id",):
            continue
        connection.execute(
            text(
                f"SELECT setval(pg_get_serial_sequence('\"{table.name}\"', 'id'), "  # noqa: S608
                f'GREATEST(MAX(id), 1), MAX(id) IS NOT NULL) FROM "{table.name}"'
            )
        )
