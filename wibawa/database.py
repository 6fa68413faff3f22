"""Engine settings for both databases, the naming convention and the bulk paths.

SQLite runs in manual transaction mode: a writing transaction begins IMMEDIATE, so that two writers
queue instead of both reading the same balance; a reading one is `query_only`. PostgreSQL locks rows
with `SELECT … FOR UPDATE` instead. Which kind a transaction is says `writing()` / `reading()`.
"""

from __future__ import annotations

import datetime as dt
import errno
import importlib
import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from enum import Enum
from typing import Any, cast

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Connection,
    DateTime,
    Dialect,
    Engine,
    Integer,
    MetaData,
    String,
    any_,
    create_engine,
    event,
    false,
    func,
    literal,
    select,
    text,
)
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.pool import ConnectionPoolEntry, NullPool
from sqlalchemy.types import TypeDecorator

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
FOREVER = dt.date(9999, 12, 31)
WAL_IS_SAFE_SINCE = (3, 51, 3)


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMES)


class Rupiah(TypeDecorator[int]):
    """A whole number of rupiah. Anything but an `int` is a programming error and is refused."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> int | None:
        if value is not None and type(value) is not int:
            raise TypeError(f"rupiah must be int, not {type(value).__name__}")
        return value

    def process_result_value(self, value: Any, dialect: Dialect) -> int | None:
        return None if value is None else int(value)


class Moment(TypeDecorator[dt.datetime]):
    """An aware moment, stored as naive UTC on both engines and handed out as aware UTC."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise TypeError("a moment needs a time zone")
        return value.astimezone(dt.UTC).replace(tzinfo=None)

    def process_result_value(
        self, value: dt.datetime | None, dialect: Dialect
    ) -> dt.datetime | None:
        return None if value is None else value.replace(tzinfo=dt.UTC)


db = SQLAlchemy(metadata=Base.metadata, disable_autonaming=True)

_writing: ContextVar[bool] = ContextVar("wibawa_writing", default=True)


def set_writing(value: bool) -> None:
    """Say whether the transactions that begin from here on may write."""
    _writing.set(value)


def may_write() -> bool:
    return _writing.get()


@contextmanager
def writing() -> Iterator[None]:
    token = _writing.set(True)
    try:
        yield
    finally:
        _writing.reset(token)


@contextmanager
def reading() -> Iterator[None]:
    """Transactions that begin in the block cannot write. End one that is open before it."""
    token = _writing.set(False)
    try:
        yield
    finally:
        _writing.reset(token)


def sqlite_module() -> Any:
    """The newest SQLite at hand: pysqlite3 (bundled), else the standard library's."""
    try:
        return importlib.import_module("pysqlite3.dbapi2")
    except ImportError:
        return importlib.import_module("sqlite3")


# Sums of all loans fit into memory, and compiling a query takes longer than the query.
POSTGRESQL_OPTIONS = "-c work_mem=32MB -c jit=off"


def engine_options(url: str | URL) -> dict[str, Any]:
    """Options for `create_engine` that fit the database `url` names."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return {
            "module": sqlite_module(),
            "hide_parameters": True,  # an error's text ends up in a log
            "connect_args": {"check_same_thread": False, "timeout": 15},
        }
    return {
        "pool_pre_ping": True,
        "pool_size": 5,
        "max_overflow": 10,
        "hide_parameters": True,
        "connect_args": {"options": POSTGRESQL_OPTIONS},
    }


def full_url(url: str) -> str:
    """`url` with the driver that this program uses."""
    for short in ("postgres://", "postgresql://"):
        if url.startswith(short):
            return "postgresql+psycopg://" + url.removeprefix(short)
    return url


def engine_at(url: str | URL) -> Engine:
    """An engine of its own that keeps no connection open; dispose of it."""
    options: dict[str, Any] = {"poolclass": NullPool}
    if make_url(url).get_backend_name() == "sqlite":
        options |= engine_options(url)
    engine = create_engine(url, **options)
    prepare_engine(engine)
    return engine


def prepare_engine(engine: Engine) -> None:
    """Hang the connection and transaction rules of this module on `engine`."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _on_sqlite_connect)
        event.listen(engine, "begin", _on_sqlite_begin)
    else:
        event.listen(engine, "begin", _on_postgresql_begin)


def _on_sqlite_connect(connection: Any, record: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    cursor = connection.cursor()
    version = tuple(
        int(part) for part in cursor.execute("SELECT sqlite_version()").fetchone()[0].split(".")
    )
    cursor.execute("PRAGMA busy_timeout=15000")
    if version >= WAL_IS_SAFE_SINCE:
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
    else:
        cursor.execute("PRAGMA journal_mode=DELETE")
        cursor.execute("PRAGMA synchronous=EXTRA")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA recursive_triggers=ON")
    cursor.execute("PRAGMA trusted_schema=OFF")
    cursor.execute("PRAGMA cache_size=-65536")
    cursor.execute("PRAGMA temp_store=MEMORY")
    cursor.execute("PRAGMA secure_delete=ON")  # what is deleted or sealed leaves no readable rest
    cursor.close()


def _on_sqlite_begin(connection: Connection) -> None:
    write = _writing.get()
    connection.exec_driver_sql(f"PRAGMA query_only={'OFF' if write else 'ON'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _on_postgresql_begin(connection: Connection) -> None:
    """Who only reads sees one moment, as on SQLite: what is booked between two queries of a page or
    a check would make their figures differ."""
    if not _writing.get():
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")


class Trouble(Enum):
    """What went wrong with the database itself, not with what was asked of it."""

    NONE = "none"
    BUSY = "busy"  # somebody else was writing for too long, or each waited for the other
    FULL = "full"  # no room on the disk


SQLITE_TROUBLES = {5: Trouble.BUSY, 6: Trouble.BUSY, 13: Trouble.FULL}  # BUSY, LOCKED, FULL
POSTGRESQL_TROUBLES = {
    "40001": Trouble.BUSY,  # could not serialize
    "40P01": Trouble.BUSY,  # deadlock
    "53300": Trouble.BUSY,  # too many connections
    "55P03": Trouble.BUSY,  # a lock was not to be had
    "53100": Trouble.FULL,
}


def trouble_of(error: BaseException) -> Trouble:
    """Whether an error, or what it came from, says that the database is busy or its disk full."""
    if isinstance(error, PoolTimeout):
        return Trouble.BUSY
    cause: BaseException | None = getattr(error, "orig", None) or error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT):
            return Trouble.FULL
        code = getattr(cause, "sqlite_errorcode", None)
        if code is not None and code & 0xFF in SQLITE_TROUBLES:
            return SQLITE_TROUBLES[code & 0xFF]  # the rest says more exactly where
        known = POSTGRESQL_TROUBLES.get(getattr(cause, "sqlstate", None) or "")
        if known is not None:
            return known
        cause = cause.__cause__
    return Trouble.NONE


# Its server goes down, comes up, or ended this connection; what the driver finds by itself when it
# reaches no server has no state at all.
GONE = {"57P01", "57P02", "57P03", "08000", "08001", "08003", "08004", "08006"}


def is_away(error: BaseException) -> bool:
    """Whether an error says that PostgreSQL cannot be reached, or is just starting or ending."""
    told = error.orig if isinstance(error, OperationalError) else error  # COPY is the driver's own
    if all(kind.__name__ != "OperationalError" for kind in type(told).__mro__):
        return False
    state = getattr(told, "sqlstate", "")
    return state is None or state in GONE


def is_sqlite(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"


def among(session: Session, column: Any, values: Collection[Any]) -> ColumnElement[bool]:
    """`column` is one of `values`, however many: they travel as ONE parameter."""
    given = sorted(values)
    if not given:
        return false()
    if is_sqlite(session):
        each = func.json_each(json.dumps(given)).table_valued("value")
        return cast(ColumnElement[bool], column.in_(select(each.c.value)))
    kind = Integer if given and isinstance(given[0], int) else String
    return cast(ColumnElement[bool], column == any_(literal(given, ARRAY(kind))))


def allocate_ids(session: Session, table: str, count: int) -> list[int]:
    """`count` unused ids of `table`, so that bulk inserts need no RETURNING.

    On SQLite the writing transaction holds the whole database, so the next free numbers are safe;
    on PostgreSQL they come from the table's own sequence.
    """
    if is_sqlite(session):
        first = session.scalar(text(f"SELECT COALESCE(MAX(id), 0) + 1 FROM {table}"))  # noqa: S608 - table names are ours
        assert isinstance(first, int)
        return list(range(first, first + count))
    found = session.scalars(
        text(
            "SELECT nextval(pg_get_serial_sequence(:table, 'id')) FROM generate_series(1, :count)"
        ),
        {"table": table, "count": count},
    )
    return [int(value) for value in found]


def bulk_insert(
    session: Session, table: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]
) -> None:
    """Insert tuples as fast as the driver can, in the session's own transaction.

    SQLite takes `executemany` of the driver (dates go in as ISO text), PostgreSQL a COPY.
    Table and column names are the program's own; the values are never put into SQL text.
    """
    names = ", ".join(columns)
    connection = session.connection()
    if is_sqlite(session):
        marks = ", ".join("?" * len(columns))
        statement = f"INSERT INTO {table} ({names}) VALUES ({marks})"  # noqa: S608
        batch = rows if isinstance(rows, list) else list(rows)
        if batch:
            connection.exec_driver_sql(statement, batch)
        return
    driver = connection.connection.driver_connection
    assert driver is not None
    with (
        driver.cursor() as cursor,
        cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row(row)


def bulk_update(
    session: Session, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Put new values into rows that exist: (id, value, …), where None leaves a column as it is.

    SQLite takes `executemany`; PostgreSQL a COPY into a table of this transaction and one UPDATE.
    """
    if not rows:
        return
    connection = session.connection()
    if is_sqlite(session):
        kept = ", ".join(f"{name} = COALESCE(?, {name})" for name in columns)
        statement = f"UPDATE {table} SET {kept} WHERE id = ?"  # noqa: S608 - names are ours
        connection.exec_driver_sql(statement, [(*row[1:], row[0]) for row in rows])
        return
    names = ", ".join(columns)
    connection.exec_driver_sql(
        f"CREATE TEMPORARY TABLE given ON COMMIT DROP AS SELECT id, {names} FROM {table} LIMIT 0"  # noqa: S608
    )
    bulk_insert(session, "given", ("id", *columns), rows)
    kept = ", ".join(f"{name} = COALESCE(given.{name}, {table}.{name})" for name in columns)
    connection.exec_driver_sql(
        f"UPDATE {table} SET {kept} FROM given WHERE given.id = {table}.id"  # noqa: S608
    )
    connection.exec_driver_sql("DROP TABLE given")


def stored_moment(session: Session, moment: dt.datetime) -> Any:
    """`moment` as `bulk_insert` wants it for a `Moment` column (naive UTC; text on SQLite)."""
    naive = moment.astimezone(dt.UTC).replace(tzinfo=None)
    return naive.isoformat(sep=" ", timespec="microseconds") if is_sqlite(session) else naive


def stored_date(session: Session, day: dt.date | None) -> Any:
    """`day` as `bulk_insert` wants it for a Date column."""
    if day is None:
        return None
    return day.isoformat() if is_sqlite(session) else day
