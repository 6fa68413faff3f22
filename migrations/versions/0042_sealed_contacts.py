"""Phones, addresses and what people wrote are sealed, each value bound to its row; the key has a
value by which it is known."""

import base64
import hashlib
import hmac
import os
from functools import partial

import sqlalchemy as sa
from alembic import op
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from flask import current_app

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

# (table, keys of a row, texts)
TEXTS = (
    ("borrowers", ("id",), ("address", "phone")),
    ("borrower_changes", ("id",), ("before", "after")),
    ("register_lines", ("upload_id", "row_number"), ("phone",)),
    ("register_changes", ("upload_id", "row_number", "field"), ("before", "after")),
    ("uploads", ("id",), ("first_rows",)),
    ("upload_problems", ("upload_id", "number"), ("found", "message", "cells")),
    ("site_visits", ("application_id", "number"), ("notes",)),
    ("arrears_contacts", ("id",), ("met", "note")),
)
# (table, key, columns of sealed bytes, the place that they were sealed for)
OF_CHANGES = "borrower_changes.nik"
BYTES = (
    ("borrowers", "id", ("nik",), "borrowers.nik"),
    ("borrower_changes", "id", ("before_sealed", "after_sealed"), ""),
    ("application_drafts", "id", ("body",), "application_drafts.body"),
    ("layout_examples", "id", ("content",), "layout_examples.content"),
    ("job_results", "job_id", ("content",), "job_results.content"),
)
WIDTHS = {
    ("borrowers", "address"): 200, ("borrowers", "phone"): 30, ("borrower_changes", "before"): 200,
    ("borrower_changes", "after"): 200, ("register_lines", "phone"): 30,
    ("register_changes", "before"): 200, ("register_changes", "after"): 200,
    ("site_visits", "notes"): 1000, ("arrears_contacts", "met"): 120,
    ("arrears_contacts", "note"): 1000,
}
NOTHING = ("", "[]")
CHECKED, CHECK_PLACE = "wibawa", "data_key_checks.sealed:1"
BATCH, BATCH_OF_BYTES = 5_000, 500


class Seal:
    """The program's way of sealing as it was when this migration was written."""

    def __init__(self) -> None:
        secret = str(current_app.config["DATA_KEY"]).encode()
        self._cipher = AESGCM(hmac.new(secret, b"wibawa/seal", hashlib.sha256).digest())
        self._index = hmac.new(secret, b"wibawa/index", hashlib.sha256).digest()

    def close(self, value: bytes, place: str) -> bytes:
        nonce = os.urandom(12)
        return nonce + self._cipher.encrypt(nonce, value, place.encode())

    def open(self, sealed: bytes, place: str) -> bytes:
        return self._cipher.decrypt(sealed[:12], sealed[12:], place.encode())

    def text(self, text: str, place: str) -> str:
        return text if text in NOTHING else base64.b64encode(self.close(text.encode(), place)).decode()

    def plain(self, stored: str, place: str) -> str:
        return stored if stored in NOTHING else self.open(base64.b64decode(stored), place).decode()

    def phone(self, number: str) -> bytes | None:
        plain = number.translate({ord(sign): None for sign in " .-()\t\n\r"})
        plain = "0" + plain[3:] if plain.startswith("+62") else plain
        return hmac.digest(self._index, f"phone:{plain}".encode(), "sha256") if plain else None


def upgrade() -> None:
    bind, seal = op.get_bind(), Seal()
    op.create_table(
        "data_key_checks",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_data_key_checks_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_key_checks")),
    )
    bind.execute(
        sa.text("INSERT INTO data_key_checks (id, sealed) VALUES (1, :sealed)"),
        {"sealed": seal.close(CHECKED.encode(), CHECK_PLACE)},
    )
    if bind.dialect.name == "postgresql":
        for table, column in WIDTHS:
            op.execute(f'ALTER TABLE {table} ALTER COLUMN "{column}" TYPE VARCHAR')
    op.drop_index("ix_borrowers_phone", table_name="borrowers")
    op.add_column("borrowers", sa.Column("phone_index", sa.LargeBinary(length=32)))
    _rewrite("borrowers", ("id",), ("phone",), lambda row, was: {"phone_index": seal.phone(was[0])})
    op.create_index("ix_borrowers_phone", "borrowers", ["phone_index"])
    for table, keys, columns in TEXTS:
        _rewrite(table, keys, columns, partial(_texts, seal.text, table, columns))
    for table, key, columns, place in BYTES:
        _rewrite(table, (key,), columns, partial(_bound, seal, place, columns), BATCH_OF_BYTES)
    _rewrite("uploads", ("id",), ("content", "sealed"), partial(_file, seal), 1)


def _texts(change, table, columns, row, was) -> dict[str, object]:
    named = zip(columns, was, strict=True)
    return {name: change(text, f"{table}.{name}:{row}") for name, text in named}


def _bound(seal: Seal, place, columns, row, was) -> dict[str, object]:
    """Sealed for the column until now, from now on for the row too."""
    named = zip(columns, was, strict=True)
    return {
        name: value and seal.close(seal.open(value, place or OF_CHANGES), _place(place, name, row))
        for name, value in named
    }


def _place(place: str, name: str, row: str) -> str:
    return f"{place or 'borrower_changes.' + name}:{row}"


def _file(seal: Seal, row, was) -> dict[str, object]:
    """A received file; those of the time before sealing were stored as they came."""
    content, sealed = was
    if content is None:
        return {"sealed": sealed}
    plain = seal.open(content, "uploads.content") if sealed else content
    return {"content": seal.close(plain, f"uploads.content:{row}"), "sealed": True}


def _rewrite(table, keys, columns, change, batch=BATCH) -> None:
    """Give each row what `change(keys with dots between, its columns)` says."""
    bind = op.get_bind()
    on = _guards_off(table)
    named = ", ".join(f'"{name}"' for name in (*keys, *columns))
    order = ", ".join(keys)
    read = sa.text(f"SELECT {named} FROM {table} ORDER BY {order} LIMIT :many OFFSET :after")  # noqa: S608
    where = " AND ".join(f"{key} = :k_{key}" for key in keys)
    after = 0
    while found := bind.execute(read, {"many": batch, "after": after}).all():
        given = []
        for row in found:
            mine = [bytes(v) if isinstance(v, memoryview) else v for v in row]
            new = change(".".join(map(str, mine[: len(keys)])), mine[len(keys) :])
            given.append(new | {f"k_{key}": value for key, value in zip(keys, mine)})
        told = ", ".join(f'"{name}" = :{name}' for name in given[0] if not name.startswith("k_"))
        bind.execute(sa.text(f"UPDATE {table} SET {told} WHERE {where}"), given)  # noqa: S608
        after += len(found)
    on()


def _guards_off(table: str):
    """Let what never changes be sealed; the returned function puts the triggers back."""
    bind = op.get_bind()
    if bind.dialect.name == "postgresql":
        op.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        return lambda: op.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    found = bind.execute(
        sa.text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :table"),
        {"table": table},
    ).all()
    for name, _ in found:
        bind.exec_driver_sql(f"DROP TRIGGER {name}")
    return lambda: [bind.exec_driver_sql(sql) for _, sql in found]


def downgrade() -> None:
    """Readable again, and bound to their columns only; files stay sealed."""
    bind, seal = op.get_bind(), Seal()
    for table, keys, columns in TEXTS:
        _rewrite(table, keys, columns, partial(_texts, seal.plain, table, columns))
    for table, key, columns, place in BYTES:
        _rewrite(table, (key,), columns, partial(_loose, seal, place, columns), BATCH_OF_BYTES)
    _rewrite("uploads", ("id",), ("content", "sealed"), partial(_loose_file, seal), 1)
    op.drop_index("ix_borrowers_phone", table_name="borrowers")
    op.execute("ALTER TABLE borrowers DROP COLUMN phone_index")
    op.create_index("ix_borrowers_phone", "borrowers", ["phone"])
    if bind.dialect.name == "postgresql":
        for (table, column), width in WIDTHS.items():
            op.execute(f'ALTER TABLE {table} ALTER COLUMN "{column}" TYPE VARCHAR({width})')
    op.drop_table("data_key_checks")


def _loose(seal: Seal, place, columns, row, was) -> dict[str, object]:
    named = zip(columns, was, strict=True)
    return {
        name: value and seal.close(seal.open(value, _place(place, name, row)), place or OF_CHANGES)
        for name, value in named
    }


def _loose_file(seal: Seal, row, was) -> dict[str, object]:
    content, sealed = was
    if content is None or not sealed:
        return {"sealed": sealed}
    plain = seal.open(content, f"uploads.content:{row}")
    return {"content": seal.close(plain, "uploads.content")}
