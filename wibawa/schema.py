"""The schema's fingerprint: a damaged database is noticed at start, in words.

`migrations/schema.sqlite.txt` and `migrations/schema.postgresql.txt` list every table, column,
CHECK, UNIQUE, foreign key, index and trigger of the newest schema, one a line.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import DatabaseError

UNREADABLE = (11, 26)  # SQLITE_CORRUPT, SQLITE_NOTADB
MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"

_SQLITE = """
SELECT type || ' ' || name || ': ' || sql FROM sqlite_master
WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' AND name <> 'alembic_version'
"""
_POSTGRESQL = (
    """
SELECT 'column ' || c.relname || '.' || a.attname || ': ' || format_type(a.atttypid, a.atttypmod)
       || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND a.attnum > 0
  AND NOT a.attisdropped AND c.relname <> 'alembic_version'
""",
    """
SELECT 'constraint ' || conrelid::regclass || '.' || conname || ': ' || pg_get_constraintdef(oid)
FROM pg_constraint
WHERE connamespace = current_schema()::regnamespace AND contype IN ('c', 'u', 'f', 'p')
  AND convalidated AND conrelid <> 0 AND conrelid::regclass::text <> 'alembic_version'
""",
    """
SELECT 'index ' || indexdef FROM pg_indexes
WHERE schemaname = current_schema() AND tablename <> 'alembic_version'
""",
    """
SELECT 'trigger ' || tgrelid::regclass || '.' || tgname || ' ' || tgenabled::text || ': '
       || p.proname || ' ' || md5(p.prosrc)
FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_class c ON c.oid = t.tgrelid
WHERE NOT tgisinternal AND c.relnamespace = current_schema()::regnamespace
""",
    # A foreign key that is not looked at any more, and what turns a statement into another one.
    """
SELECT DISTINCT 'switched off ' || k.conrelid::regclass || '.' || k.conname
FROM pg_trigger t JOIN pg_constraint k ON k.oid = t.tgconstraint
WHERE t.tgisinternal AND t.tgenabled <> 'O'
  AND k.connamespace = current_schema()::regnamespace
""",
    """
SELECT 'rule ' || tablename || '.' || rulename || ': ' || definition
FROM pg_rules WHERE schemaname = current_schema()
""",
)


class DamagedSchema(RuntimeError):
    """The database does not have the tables, rules or triggers that this version needs."""


def describe(connection: Connection) -> list[str]:
    """Every object of the schema, one a line, sorted, white space folded."""
    if connection.dialect.name == "sqlite":
        lines = [str(row[0]) for row in connection.execute(text(_SQLITE))]
    else:
        schema = str(connection.scalar(text("SELECT current_schema()")))
        lines = [
            str(row[0]).replace(f"{schema}.", "")
            for query in _POSTGRESQL
            for row in connection.execute(text(query))
        ]
    return sorted(re.sub(r"\s+", " ", line).strip() for line in lines)


def expected(dialect: str) -> list[str]:
    return (MIGRATIONS / f"schema.{dialect}.txt").read_text().splitlines()


@cache
def head_revision() -> str:
    """The newest migration's number: migrations follow each other as 0001, 0002, … Read once, so
    that a process goes on knowing which version it is of when newer files are put in its place."""
    return max(path.name[:4] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def revision(connection: Connection) -> str | None:
    """The migration the database stands at; None for one without our tables."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return None if found is None else str(found)


def differences(connection: Connection) -> list[str]:
    """What is missing from, or foreign to, the schema; empty when it is whole."""
    wanted = set(expected(connection.dialect.name))
    found = set(describe(connection))
    return [f"hilang: {line}" for line in sorted(wanted - found)] + [
        f"asing: {line}" for line in sorted(found - wanted)
    ]


def other_version(connection: Connection) -> str | None:
    """A sentence when the database stands at another version than this program; None when not.

    Cheap, so it is asked again and again: a database is upgraded while old processes run."""
    at = revision_there(connection)
    return None if at == head_revision() else sentence_of(at)


def revision_there(connection: Connection) -> str | None:
    """Like `revision`, for a database that has our tables; it asks once."""
    found = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return None if found is None else str(found)


def sentence_of(at: str | None) -> str:
    """What to do about a database that is empty or of another version."""
    head = head_revision()
    if at is None:
        return "Basis data masih kosong. Jalankan: flask --app wsgi db upgrade"
    if at > head:
        return (
            f"Basis data sudah diperbarui ke versi {at}, aplikasi yang sedang berjalan ini masih "
            f"{head}. Pasang aplikasi yang baru dan mulai ulang semua prosesnya; sampai itu "
            "aplikasi ini tidak membaca dan tidak menulis apa pun."
        )
    return (
        f"Basis data berversi {at}, aplikasi memerlukan {head}. "
        "Jalankan: wibawa upgrade (mencadangkan dahulu)"
    )


def state(engine: Engine) -> str | None:
    """None when the database may be used, else one sentence that says what to do.

    Raises `DamagedSchema` when the version is right and the schema is not, and when SQLite cannot
    make sense of the file.
    """
    try:
        with engine.connect() as connection:
            at = revision(connection)
            if at is None or at != head_revision():
                return sentence_of(at)
            wrong = differences(connection)
    except DatabaseError as error:
        if getattr(error.orig, "sqlite_errorcode", 0) & 0xFF not in UNREADABLE:
            raise
        raise DamagedSchema(
            f"Berkas basis data rusak dan tidak terbaca (SQLite: {error.orig}). "
            "Pulihkan dari cadangan."
        ) from error
    if wrong:
        raise DamagedSchema(
            "Skema basis data rusak dan tidak boleh dipakai: "
            + "; ".join(line[:160] for line in wrong[:5])
            + ". Pulihkan dari cadangan."
        )
    return None
