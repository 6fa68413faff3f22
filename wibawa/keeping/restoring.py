"""Bring a backup back, or carry the books over to another database: all of it or nothing.

One transaction makes the schema of the backup's own version, lets the rows in, compares each
table's hash, and only then brings the schema up to this program's version.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alembic import command
from flask import current_app
from sqlalchemy import Connection, Engine, delete, func, inspect, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from wibawa import schema
from wibawa.access.models import TrailEntry
from wibawa.access.trail import record
from wibawa.access.users import command_line_user
from wibawa.database import engine_at, writing
from wibawa.keeping.archive import Manifest, Reader, Table, damaged, opened
from wibawa.keeping.backups import Tell, fingerprint, key_check, quiet, sealed
from wibawa.keeping.guards import lowered, triggers_lowered
from wibawa.keeping.rows import (
    LEFT_OUT,
    NOT_OURS,
    Shape,
    empty_all,
    fill,
    hash_of,
    rows_of,
    set_sequences,
    shapes,
)
from wibawa.rules.refused import Refused
from wibawa.web import clock

# A database that a command has migrated already and nobody has used yet is as good as empty.
USED = ("borrowers", "loans", "uploads", "applications", "ledger_entries")
# Whatever changes something leaves a line; these deeds change no books, so they need none to be
# there. A database whose trail holds no others is unused.
IDLE = (
    "list_exported", "backup_made", "standings_rebuilt", "schema_upgraded", "data_key_changed",
    "sign_in_failed",
)  # fmt: skip
CARRIED = "sebelum pemulihan, di basis data yang masih kosong"
NOT_EMPTY = (
    "Basis data tujuan tidak kosong: {found}. Cadangan hanya dipulihkan ke tempat yang kosong, "
    "supaya tidak ada yang tertimpa. Sebutkan basis data lain lewat WIBAWA_DATABASE_URL."
)
WRONG_KEY = (
    "Kunci data di mesin ini bukan kunci cadangan ini: NIK dan berkas di dalamnya tidak akan "
    "terbaca. Pasang WIBAWA_DATA_KEY dari tempat cadangan dibuat, lalu ulangi. Tidak ada yang "
    "dipulihkan."
)
NEWER = (
    "Cadangan ini dari skema versi {at}, aplikasi ini mengenal sampai {head}. Pasang aplikasi yang "
    "sama baru dengan cadangannya ({program}), lalu ulangi. Tidak ada yang dipulihkan."
)
_LINE = (
    TrailEntry.at, TrailEntry.user_id, TrailEntry.action, TrailEntry.object_kind,
    TrailEntry.object_id, TrailEntry.detail, TrailEntry.address,
)  # fmt: skip
CHANGED = "daftar isinya diubah sesudah cadangan dibuat"


@dataclass(frozen=True)
class Restored:
    """`carried`: how many lines of the trail that stood in the empty place went along."""

    manifest: Manifest
    revision: str
    carried: int = 0

    def as_json(self) -> dict[str, Any]:
        return {
            "tables": len(self.manifest.tables),
            "rows": self.manifest.rows,
            "made_at": self.manifest.made_at,
            "from_revision": self.manifest.revision,
            "revision": self.revision,
            "chain_heads": self.manifest.chain_heads,
            "carried_trail_lines": self.carried,
        }


def restore(engine: Engine, path: Path, tell: Tell = quiet) -> Restored:
    """Fill the empty database of `engine` from the backup at `path`.

    Raises `Refused`: `backup_damaged`, `wrong_key`, `schema_newer`, `not_empty`, `row_refused`,
    `schema_differs`; then the database is as it was.
    """
    with opened(path) as reader:
        _prove(reader)
        reader.check(tell)
        manifest = reader.manifest
        with writing(), engine.begin() as connection:
            idle = refuse_used(connection)
            build(connection, manifest, reader.rows, tell)
            _carry(connection, idle)
            leave_line(connection, "books_restored", f"Cadangan {manifest.made_at}, {path.name}")
    freshen(engine)
    return Restored(manifest, schema.head_revision(), len(idle))


def _prove(reader: Reader) -> None:
    """Ours, with our key, of a version that we know, and nobody changed it."""
    manifest = reader.manifest
    if manifest.key_check != key_check():
        raise Refused("wrong_key", WRONG_KEY)
    if reader.seal != sealed(reader.manifest_bytes):
        raise damaged(CHANGED)
    head = schema.head_revision()
    if manifest.revision > head:
        said = NEWER.format(at=manifest.revision, head=head, program=manifest.program)
        raise Refused("schema_newer", said)


def refuse_used(connection: Connection) -> list[dict[str, Any]]:
    """Raises `Refused` `not_empty` unless nothing is there, or what the migrations made alone and
    lines of the trail about no books; gives these lines back."""
    names = set(inspect(connection).get_table_names())
    if not names:
        return []
    at = schema.revision(connection)
    if at is None:
        raise Refused("not_empty", NOT_EMPTY.format(found=f"ada {len(names)} tabel di dalamnya"))
    if at != schema.head_revision():
        raise Refused("not_empty", NOT_EMPTY.format(found=f"ada skema versi {at} di dalamnya"))
    people = "SELECT count(*) FROM users WHERE can_sign_in"
    used = {"pengguna": connection.exec_driver_sql(people).scalar()}
    for table in USED:
        asked = f"SELECT count(*) FROM {table}"  # noqa: S608 - our own names
        used[f"baris {table}"] = connection.exec_driver_sql(asked).scalar()
    deeds = select(func.count()).select_from(TrailEntry).where(TrailEntry.action.not_in(IDLE))
    used["baris jejak kegiatan"] = connection.scalar(deeds)
    found = ", ".join(f"{count} {what}" for what, count in used.items() if count)
    if found:
        raise Refused("not_empty", NOT_EMPTY.format(found=f"ada {found}"))
    lines = select(*_LINE).order_by(TrailEntry.id)
    return [dict(row) for row in connection.execute(lines).mappings()]


def _carry(connection: Connection, lines: Sequence[dict[str, Any]]) -> None:
    """Put the lines of the place that was empty behind those that came in: none is lost, and each
    says that it is not about these books."""
    session = Session(connection)
    by = command_line_user(session)
    for line in lines:
        detail = f"{line['detail']} ({CARRIED})".strip()
        author = None if line["user_id"] is None else by
        session.add(TrailEntry(**{**line, "user_id": author, "detail": detail}))
    session.flush()


def build(
    connection: Connection,
    manifest: Manifest,
    rows: Callable[[Table], Iterator[list[Any]]],
    tell: Tell,
) -> None:
    """Schema, rows, proof, in the caller's transaction."""
    clear(connection)
    migrate(connection, manifest.revision)
    if manifest.engine == connection.dialect.name:
        _same_schema(connection, manifest)
    there = {shape.name: shape for shape in shapes(connection)}
    given = {table.name: table for table in manifest.tables}
    if set(given) != set(there) - set(LEFT_OUT):
        odd = ", ".join(sorted(set(given) ^ (set(there) - set(LEFT_OUT))))
        raise damaged(f"tabelnya bukan tabel versi {manifest.revision} ({odd})")
    with lowered(connection, list(there.values())):
        empty_all(connection, list(there.values()))
        _let_in(connection, [s for s in there.values() if s.name in given], given, rows, tell)
    set_sequences(connection, list(there.values()))
    _same_rows(connection, there, manifest.tables)
    migrate(connection, "head")
    wrong = schema.differences(connection)
    if wrong:
        raise Refused("schema_differs", _differs(wrong))


def _let_in(
    connection: Connection,
    shapes_: Sequence[Shape],
    given: dict[str, Table],
    rows: Callable[[Table], Iterator[list[Any]]],
    tell: Tell,
) -> None:
    done, total = 0, sum(table.rows for table in given.values())
    for shape in shapes_:
        table = given[shape.name]
        if set(table.columns) != set(shape.columns):
            raise damaged(f"kolom tabel {shape.name} lain dari skemanya")
        fill(connection, shape, [name for name, _ in table.columns], rows(table))
        done += table.rows
        tell(done, total)


def _same_rows(connection: Connection, there: dict[str, Shape], tables: Sequence[Table]) -> None:
    """Each table as it is now has the hash that it had where it came from."""
    for table in tables:
        shape = there[table.name]
        as_given = Shape(shape.name, table.columns, shape.key)
        if hash_of(rows_of(connection, as_given)) != (table.rows, table.sha256):
            raise Refused(
                "rows_differ",
                f"Isi tabel {table.name} sesudah disimpan tidak sama dengan asalnya. "
                "Tidak ada yang tersimpan.",
            )


def _same_schema(connection: Connection, manifest: Manifest) -> None:
    if fingerprint(connection) != manifest.fingerprint:
        raise Refused(
            "schema_differs",
            f"Skema versi {manifest.revision} dari cadangan ini tidak sama dengan yang dibuat "
            "aplikasi ini: basis data asalnya rusak, atau aplikasinya lain. Tidak ada yang "
            "dipulihkan.",
        )


def _differs(wrong: Sequence[str]) -> str:
    told = "; ".join(line[:160] for line in wrong[:5])
    return f"Skema sesudah pemulihan tidak utuh: {told}. Tidak ada yang tersimpan."


def leave_line(connection: Connection, action: str, detail: str) -> None:
    """One line in the trail there, in the caller's transaction; the schema is this program's."""
    session = Session(connection)
    by = command_line_user(session)
    record(session, clock.now(), by, action, detail=detail)
    session.flush()


def clear(connection: Connection) -> None:
    """Take the unused schema away again, if there is one, with what its trail holds."""
    if schema.revision(connection) is None:
        return
    with triggers_lowered(connection, ("trail_entries",)):
        connection.execute(delete(TrailEntry))
    command.downgrade(_config(connection), "base")


def migrate(connection: Connection, revision: str) -> None:
    """Bring the schema to `revision` inside the caller's transaction."""
    command.upgrade(_config(connection), revision)


def _config(connection: Connection) -> Any:
    config = current_app.extensions["migrate"].migrate.get_config()
    config.attributes["connection"] = connection
    return config


def freshen(engine: Engine) -> None:
    """Let the engine know how much there is, so that the first queries are quick already."""
    if engine.dialect.name != "postgresql":
        return
    with writing(), engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")


# — from one database to another —


def move(source: Engine, url: str, tell: Tell = quiet) -> Restored:
    """Carry everything over to the empty database that `url` names; nobody writes meanwhile.

    Raises `Refused` as `restore` does, and `schema_old`, `same_place`, `no_target`.
    """
    target = engine_at(url)
    if target.url == source.url:
        raise Refused("same_place", "Tujuan pemindahan sama dengan asalnya.")
    try:
        with writing(), source.begin() as origin:
            _hold(origin)
            manifest, there = _survey(origin)
            with _begun(target) as connection:
                idle = refuse_used(connection)
                build(connection, manifest, lambda t: rows_of(origin, there[t.name]), tell)
                _carry(connection, idle)
                leave_line(
                    connection, "books_moved", f"{manifest.rows} baris dari {origin.dialect.name}"
                )
        freshen(target)
    finally:
        target.dispose()
    return Restored(manifest, schema.head_revision(), len(idle))


@contextmanager
def _begun(engine: Engine) -> Iterator[Connection]:
    try:
        connection = engine.connect()
        transaction = connection.begin()
    except OperationalError as error:
        said = str(error.orig).splitlines()[0]
        raise Refused("no_target", f"Basis data tujuan tidak dapat dibuka: {said}.") from error
    with connection, transaction:
        yield connection


def _hold(connection: Connection) -> None:
    """Nobody else writes until it is over. SQLite's writing transaction is held by one alone."""
    if connection.dialect.name == "postgresql":
        names = [f'"{n}"' for n in inspect(connection).get_table_names() if n not in NOT_OURS]
        connection.exec_driver_sql(f"LOCK TABLE {', '.join(names)} IN SHARE ROW EXCLUSIVE MODE")


def _survey(connection: Connection) -> tuple[Manifest, dict[str, Shape]]:
    """What is to come over: the manifest that a backup of it would have."""
    at, head = schema.revision(connection), schema.head_revision()
    if at != head:
        raise Refused(
            "schema_old",
            f"Basis data asal berversi {at}, aplikasi memerlukan {head}. Perbarui dahulu: "
            "wibawa upgrade",
        )
    there = {s.name: s for s in shapes(connection) if s.name not in LEFT_OUT}
    tables = tuple(
        Table(name, shape.columns, *hash_of(rows_of(connection, shape)))
        for name, shape in there.items()
    )
    manifest = Manifest(
        made_at="",
        program="",
        engine=connection.dialect.name,
        revision=head,
        fingerprint=fingerprint(connection),
        key_check=key_check(),
        chain_heads={},
        left_out=LEFT_OUT,
        tables=tables,
    )
    return manifest, there
