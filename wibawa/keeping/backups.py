"""Make a backup: one snapshot of all rows, while everybody goes on working.

SQLite: one reading transaction, which in WAL mode stops nobody; where a reader would stop the
writers, a copy that SQLite makes at once is read instead. PostgreSQL: one REPEATABLE READ
transaction.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, text

from wibawa import VERSION, schema
from wibawa.access.personal_data import index_of
from wibawa.database import engine_at, reading, sqlite_module
from wibawa.keeping.archive import (
    Manifest,
    Writer,
    beside,
    file_hash,
    named,
    opened,
    taken,
    written,
)
from wibawa.keeping.rows import LEFT_OUT, Shape, rows_of, shapes
from wibawa.rules.refused import Refused
from wibawa.web import clock

Tell = Callable[[int, int], None]
KEY_CHECK = "wibawa/backup/key-check"


@dataclass(frozen=True)
class Made:
    """A backup that was read again after it was written."""

    path: Path
    manifest: Manifest
    bytes: int
    sha256: str

    def as_json(self) -> dict[str, Any]:
        return {
            "file": str(self.path),
            "bytes": self.bytes,
            "sha256": self.sha256,
            "checked": True,
            "made_at": self.manifest.made_at,
            "revision": self.manifest.revision,
            "tables": len(self.manifest.tables),
            "rows": self.manifest.rows,
            "chain_heads": self.manifest.chain_heads,
        }


def quiet(done: int, total: int) -> None:
    """Whoever does not want to know how far it is."""


def backup(engine: Engine, path: Path, tell: Tell = quiet) -> Made:
    """Write a backup of the whole database to `path`, which must not exist; read and check it.

    Raises `Refused` `backup_exists`, `backup_no_folder`, `backup_folder_closed`,
    `nothing_to_back_up`. Whatever happens, `path` is a whole backup afterwards or does not exist.
    """
    if not path.parent.is_dir():
        raise Refused("backup_no_folder", f"Map {path.parent} tidak ada. Buat dahulu mapnya.")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise Refused(
            "backup_folder_closed",
            f"Map {path.parent} tidak dapat ditulisi. Bila cadangan disimpan di cakram lain, "
            "periksa apakah cakram itu terpasang.",
        )
    if path.exists():
        raise taken(path)
    with beside(path) as part:
        with snapshot(engine, part.with_suffix(".copy")) as connection, written(part) as writer:
            manifest = _write(connection, writer, tell)
        with opened(part) as reader:
            reader.check(tell)
            if reader.manifest != manifest:
                raise AssertionError("the manifest reads as it was written")
        size, sha256 = part.stat().st_size, file_hash(part)
        named(part, path)
    return Made(path, manifest, size, sha256)


@contextmanager
def snapshot(engine: Engine, copy: Path) -> Iterator[Connection]:
    """A reading transaction that sees one moment of the database. `copy`: where SQLite may put a
    copy of itself, when it cannot read and be written at once."""
    with reading():
        if engine.dialect.name != "sqlite":
            with engine.connect().execution_options(
                isolation_level="REPEATABLE READ"
            ) as connection:
                yield connection
                connection.rollback()
            return
        with engine.connect() as connection:
            mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar()
            if mode == "wal":
                connection.exec_driver_sql("SELECT count(*) FROM sqlite_master")  # it begins here
                yield connection
                connection.rollback()
                return
    try:
        with _copied(engine, copy) as connection:
            yield connection
    finally:
        copy.unlink(missing_ok=True)


@contextmanager
def _copied(engine: Engine, copy: Path) -> Iterator[Connection]:
    """SQLite's own copy of the whole file, made in one step."""
    module, source = sqlite_module(), str(engine.url.database)
    copy.touch(0o600, exist_ok=False)
    with closing(module.connect(source)) as whole, closing(module.connect(copy)) as target:
        whole.backup(target)
    other = engine_at(f"sqlite:///{copy}")
    with reading(), other.connect() as connection:
        yield connection
        connection.rollback()
    other.dispose()


def _write(connection: Connection, writer: Writer, tell: Tell) -> Manifest:
    revision = schema.revision(connection)
    if revision is None:
        raise Refused("nothing_to_back_up", "Basis data ini kosong; tidak ada yang dicadangkan.")
    taken_along = [shape for shape in shapes(connection) if shape.name not in LEFT_OUT]
    made_at, heads = clock.now(), chain_heads(connection)
    total = sum(
        int(connection.exec_driver_sql(f'SELECT count(*) FROM "{each.name}"').scalar() or 0)  # noqa: S608
        for each in taken_along
    )
    done = 0
    for shape in taken_along:
        writer.add(shape.name, shape.columns, _told(connection, shape, done, total, tell))
        done += writer.tables[-1].rows
    manifest = manifest_of(connection, revision, made_at, heads, writer)
    writer.close(manifest, sealed(manifest.as_bytes()))
    return manifest


def _told(
    connection: Connection, shape: Shape, done: int, total: int, tell: Tell
) -> Iterator[list[Any]]:
    for number, row in enumerate(rows_of(connection, shape)):
        if number % 1000 == 0:
            tell(done + number, total)
        yield row


def manifest_of(
    connection: Connection,
    revision: str,
    made_at: dt.datetime,
    heads: dict[str, dict[str, Any]],
    writer: Writer,
) -> Manifest:
    return Manifest(
        made_at=made_at.isoformat(timespec="seconds"),
        program=VERSION,
        engine=connection.dialect.name,
        revision=revision,
        fingerprint=fingerprint(connection),
        key_check=key_check(),
        chain_heads=heads,
        left_out=LEFT_OUT,
        tables=tuple(writer.tables),
    )


def fingerprint(connection: Connection) -> str:
    """One hash of every table, rule and trigger of the schema."""
    return hashlib.sha256("\n".join(schema.describe(connection)).encode()).hexdigest()


def key_check() -> str:
    """Tells another data key apart, and nothing else of it."""
    return index_of(KEY_CHECK).hex()


def sealed(manifest: bytes) -> str:
    """A keyed hash of the manifest, so that nobody without the data key changes a backup."""
    return index_of(f"wibawa/backup/{hashlib.sha256(manifest).hexdigest()}").hex()


def chain_heads(connection: Connection) -> dict[str, dict[str, Any]]:
    """Bank, or DINAS → the last link of its chain; an older schema has none."""
    there = {shape.name for shape in shapes(connection)}
    queries = {
        "chain_links": "SELECT b.code, c.number, c.hash FROM chain_links c JOIN banks b "
        "ON b.id = c.bank_id WHERE c.number = "
        "(SELECT MAX(o.number) FROM chain_links o WHERE o.bank_id = c.bank_id)",
        "office_links": "SELECT 'DINAS' AS code, c.number, c.hash FROM office_links c "
        "WHERE c.number = (SELECT MAX(o.number) FROM office_links o)",
    }
    return {
        row.code: {"number": row.number, "hash": row.hash}
        for table, query in queries.items()
        if table in there
        for row in connection.execute(text(query))
    }
