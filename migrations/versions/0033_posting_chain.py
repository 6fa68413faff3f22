"""A chain of hashes over postings and approvals, one for each bank; what is in the books already
gets its links here, in the order in which it was booked."""

import datetime as dt
import hashlib

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

SAID = "a link follows the last one of its bank"
BEGINNING = "0" * 64
NOT_NEXT = f"""NOT ((NEW.number = 1 AND NEW.previous_hash = '{BEGINNING}') OR EXISTS (
    SELECT 1 FROM chain_links c WHERE c.bank_id = NEW.bank_id AND c.number = NEW.number - 1
    AND c.hash = NEW.previous_hash))"""
# Entries by hand are few: without these the link of each would read the whole journal.
BY_REQUEST = ("ledger_entries", "suspense_resolutions")

# The format of docs/chain.md as it was when the first links were made: (name, columns, texts, how
# many columns order the lines, kind of link → (FROM and WHERE, what says of which link a row is)).
MOMENTS = ("uploaded_at", "posted_at", "entered_at", "decided_at", "booked_at")
FILES = "r.status = 'posted' AND r.kind IN ('repayments','portfolio','disbursements')"
BY_HAND = "r.upload_id IS NULL AND r.request_id IS"
OPENED = "ledger_entries e JOIN loans r ON r.id = e.loan_id WHERE e.kind = 'disbursement'"
PARTS = (
    (
        "upload",
        "id kind sha256 uploaded_by uploaded_at submitted_by posted_by posted_at posted_rows "
        "posted_total suspense_rows suspense_total already_posted_rows already_posted_total "
        "skipped_rows skipped_total control_total",
        "", 1, {"upload": (f"uploads r WHERE {FILES}", "r.id")},
    ),
    (
        "request",
        "id kind loan_id suspense_id upload_id valid_until entered_by entered_at decided_by "
        "decided_at",
        "data reason decision_reason result", 1,
        {"request": ("loan_requests r WHERE r.status = 'approved'", "r.id")},
    ),
    (
        "loan", "id disbursed_on principal rate months method multiple opened_on",
        "account_number", 1,
        {
            "upload": (f"{OPENED} AND e.upload_id IS NOT NULL", "e.upload_id"),
            "disbursement": (
                f"{OPENED} AND e.upload_id IS NULL AND e.request_id IS NULL", "e.loan_id"
            ),
        },
    ),
    (
        "entry",
        "loan_id sequence kind amount penalty applied effective_on booked_on booked_at entered_by "
        "approved_by row_number reverses bank_principal bank_interest bank_outstanding "
        "bank_collectibility attempt",
        "bank_reference row_key note", 2,
        {
            "upload": ("ledger_entries r WHERE r.upload_id IS NOT NULL", "r.upload_id"),
            "request": (f"ledger_entries r WHERE {BY_HAND} NOT NULL", "r.request_id"),
            "disbursement": (f"ledger_entries r WHERE {BY_HAND} NULL", "r.loan_id"),
        },
    ),
    (
        "suspense",
        "id loan_id entry amount effective_on booked_on booked_at reason row_number entered_by "
        "approved_by attempt",
        "account_text name bank_reference row_key", 1,
        {
            "upload": ("suspense_entries r WHERE r.upload_id IS NOT NULL", "r.upload_id"),
            "request": (
                "suspense_entries r JOIN ledger_entries e ON e.loan_id = r.loan_id "
                "AND e.sequence = r.entry WHERE r.upload_id IS NULL", "e.request_id",
            ),
        },
    ),
    (
        "resolution", "suspense_id sequence kind amount effective_on booked_at loan_id entry",
        "", 2, {"request": ("suspense_resolutions r WHERE r.request_id > 0", "r.request_id")},
    ),
    (
        "match", "loan_id entry row_number", "row_key", 2,
        {"upload": ("payment_matches r WHERE r.upload_id IS NOT NULL", "r.upload_id")},
    ),
)  # fmt: skip
# What the books hold already, in the order of booking.
DEEDS = f"""
SELECT r.bank_id, r.posted_at AS at, 'upload' AS kind, r.id AS subject FROM uploads r WHERE {FILES}
UNION ALL
SELECT bank_id, decided_at, 'request', id FROM loan_requests WHERE status = 'approved'
UNION ALL
SELECT bank_id, booked_at, 'disbursement', loan_id FROM ledger_entries
WHERE kind = 'disbursement' AND upload_id IS NULL AND request_id IS NULL
ORDER BY 1, 2, 3, 4"""


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    table = "chain_links"
    op.create_table(
        table,
        sa.Column("bank_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("subject_id", sa.Integer(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("previous_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.CheckConstraint(
            "kind IN ('upload','request','disbursement')", name=op.f(f"ck_{table}_kind_known")
        ),
        sa.CheckConstraint("number >= 1 AND rows >= 0", name=op.f(f"ck_{table}_counted")),
        sa.CheckConstraint(
            "length(content_hash) = 64 AND length(previous_hash) = 64 AND length(hash) = 64",
            name=op.f(f"ck_{table}_hashes_whole"),
        ),
        sa.ForeignKeyConstraint(["bank_id"], ["banks.id"], name=op.f(f"fk_{table}_bank_id")),
        sa.PrimaryKeyConstraint("bank_id", "number", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("kind", "subject_id", name=op.f(f"uq_{table}_kind_subject_id")),
        sqlite_with_rowid=False,
    )
    for each in BY_REQUEST:
        only = sa.text("request_id IS NOT NULL")
        op.create_index(
            f"ix_{each}_request", each, ["request_id"], sqlite_where=only, postgresql_where=only
        )
    (_sqlite if sqlite else _postgresql)(table)
    _first_links(sqlite)


def _sqlite(table: str) -> None:
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )
    op.execute(
        f"CREATE TRIGGER {table}_follows BEFORE INSERT ON {table} WHEN {NOT_NEXT} "
        f"BEGIN SELECT RAISE(ABORT, '{SAID}'); END"
    )


def _postgresql(table: str) -> None:
    for verb, each in (("UPDATE", "ROW"), ("DELETE", "ROW"), ("TRUNCATE", "STATEMENT")):
        op.execute(
            f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
            f"FOR EACH {each} EXECUTE FUNCTION refuse_change()"
        )
    op.execute(
        f"CREATE FUNCTION {table}_follows() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN IF {NOT_NEXT} THEN RAISE EXCEPTION '{SAID}'; END IF; RETURN NEW; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_follows BEFORE INSERT ON {table} FOR EACH ROW "
        f"EXECUTE FUNCTION {table}_follows()"
    )


def _first_links(sqlite: bool) -> None:
    bind = op.get_bind()
    codes = dict(bind.exec_driver_sql("SELECT id, code FROM banks").all())
    heads: dict[int, tuple[int, str]] = {}
    for bank, at, kind, subject in bind.exec_driver_sql(DEEDS).all():
        number, previous = heads.get(bank, (0, BEGINNING))
        number += 1
        rows, total, content = _content(sqlite, kind, subject)
        moment = dt.datetime.fromisoformat(at) if isinstance(at, str) else at
        said = (codes[bank], number, kind, subject, rows, total,
                moment.isoformat(timespec="microseconds") + "Z", content, previous)  # fmt: skip
        own = hashlib.sha256("|".join(map(str, said)).encode()).hexdigest()
        bind.execute(
            sa.text(
                "INSERT INTO chain_links VALUES (:bank, :number, :kind, :subject, :rows, :total, "
                ":at, :content, :previous, :own)"
            ),
            {"bank": bank, "number": number, "kind": kind, "subject": subject, "rows": rows,
             "total": total, "at": at, "content": content, "previous": previous, "own": own},
        )  # fmt: skip
        heads[bank] = (number, own)


def _content(sqlite: bool, kind: str, subject: int) -> tuple[int, int, str]:
    hashed, rows, total = hashlib.sha256(), 0, 0
    for name, columns, texts, ordered, sources in PARTS:
        if kind not in sources:
            continue
        shown, hidden = columns.split(), texts.split()
        where, of = sources[kind]
        selected = ", ".join(_column(sqlite, each) for each in (*shown, *hidden))
        query = f"SELECT {selected} FROM {where} AND {of} = :subject ORDER BY " + ", ".join(
            str(place + 1) for place in range(ordered)
        )
        for row in op.get_bind().execute(sa.text(query), {"subject": subject}):
            fields = [name, *("" if v is None else str(v) for v in row[: len(shown)])]
            if hidden:
                kept = "|".join(_escaped(v) for v in row[len(shown) :])
                fields.append(hashlib.sha256(kept.encode()).hexdigest())
            hashed.update(("|".join(fields) + "\n").encode())
            if "amount" in shown:
                rows, total = rows + 1, total + row[shown.index("amount")]
    return rows, total, hashed.hexdigest()


def _column(sqlite: bool, name: str) -> str:
    if name not in MOMENTS:
        return f"r.{name}"
    if sqlite:
        return f"replace(r.{name}, ' ', 'T') || 'Z'"
    return f"to_char(r.{name}, 'YYYY-MM-DD\"T\"HH24\\:MI\\:SS.US\"Z\"')"


def _escaped(value: str | None) -> str:
    return (value or "").replace("\\", "\\\\").replace("|", "\\p")


def downgrade() -> None:
    for each in BY_REQUEST:
        op.drop_index(f"ix_{each}_request", table_name=each)
    op.drop_table("chain_links")
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION chain_links_follows()")
