"""The last four figures of a NIK are sealed: beside sex, birth date and kelurahan, readable, they
gave the whole number back."""

import base64
import hashlib
import hmac
import os
from functools import partial

import sqlalchemy as sa
from alembic import op
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from flask import current_app

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None

# table → keys of a row
TABLES = {"borrowers": ("id",), "register_lines": ("upload_id", "row_number")}
BATCH = 5_000


class Seal:
    """The program's way of sealing as it was when this migration was written."""

    def __init__(self) -> None:
        secret = str(current_app.config["DATA_KEY"]).encode()
        self._cipher = AESGCM(hmac.new(secret, b"wibawa/seal", hashlib.sha256).digest())

    def text(self, text: str, place: str) -> str:
        if not text:  # of who was pseudonymised
            return text
        nonce = os.urandom(12)
        sealed = nonce + self._cipher.encrypt(nonce, text.encode(), place.encode())
        return base64.b64encode(sealed).decode()

    def plain(self, stored: str, place: str) -> str:
        if not stored:
            return stored
        sealed = base64.b64decode(stored)
        return self._cipher.decrypt(sealed[:12], sealed[12:], place.encode()).decode()


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table in TABLES:
            op.execute(f"ALTER TABLE {table} ALTER COLUMN nik_tail TYPE VARCHAR")
    seal = Seal()
    for table, keys in TABLES.items():
        _rewrite(table, keys, seal.text)


def downgrade() -> None:
    """Readable again."""
    seal = Seal()
    for table, keys in TABLES.items():
        _rewrite(table, keys, seal.plain)
    if op.get_bind().dialect.name == "postgresql":
        for table in TABLES:
            op.execute(f"ALTER TABLE {table} ALTER COLUMN nik_tail TYPE VARCHAR(4)")


def _rewrite(table, keys, change) -> None:
    """Give the column of each row what `change(its text, its place)` says."""
    bind = op.get_bind()
    on = _guards_off(table)
    named, marks = ", ".join(keys), ", ".join(f":k_{key}" for key in keys)
    read = f"SELECT {named}, nik_tail FROM {table} {{}}ORDER BY {named} LIMIT {BATCH}"  # noqa: S608
    where = " AND ".join(f"{key} = :k_{key}" for key in keys)
    write = sa.text(f"UPDATE {table} SET nik_tail = :tail WHERE {where}")  # noqa: S608
    found = bind.execute(sa.text(read.format(""))).all()
    while found:
        given = [
            {f"k_{key}": value for key, value in zip(keys, row)}
            | {"tail": change(row[-1], f"{table}.nik_tail:{'.'.join(map(str, row[:-1]))}")}
            for row in found
        ]
        bind.execute(write, given)
        last = {name: value for name, value in given[-1].items() if name != "tail"}
        after = read.format(f"WHERE ({named}) > ({marks}) ")
        found = bind.execute(sa.text(after), last).all()
    on()


def _guards_off(table: str):
    """Let what never changes be sealed; the returned function puts the triggers back."""
    bind = op.get_bind()
    if bind.dialect.name == "postgresql":
        op.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        return partial(op.execute, f"ALTER TABLE {table} ENABLE TRIGGER USER")
    found = bind.execute(
        sa.text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :table"),
        {"table": table},
    ).all()
    for name, _ in found:
        bind.exec_driver_sql(f"DROP TRIGGER {name}")
    return lambda: [bind.exec_driver_sql(sql) for _, sql in found]
