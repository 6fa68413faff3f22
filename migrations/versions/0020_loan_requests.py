"""Requests that change a running loan, versions with their kind, reversed money posted again,
titipan resolved in rows of its own."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

KINDS = (
    "'holiday','tenor','multiple','due_day','settlement','reopen','write_off','payment','reversal',"
    "'move','suspense_loan','suspense_return','upload_reversal'"
)
# Of a request everything is kept but the decision, of a schedule everything but its end.
CONTENT = (
    "kind", "loan_id", "bank_id", "suspense_id", "upload_id", "data", "reason", "valid_until",
    "entered_by", "entered_at",
)
OF_SCHEDULE = (
    "loan_id", "version", "kind", "due_day", "multiple", "starts_on", "total", "reason", "made_by",
    "approved_by", "made_at", "request_id",
)
VERSION_KINDS = "kind IN ('first','holiday','tenor','multiple','due_day','settlement','reopen')"

# A reversal undoes a whole entry that is no reversal itself, and is not effective before it.
WRONG_REVERSAL = """NOT EXISTS (
    SELECT 1 FROM ledger_entries o WHERE o.loan_id = NEW.loan_id AND o.sequence = NEW.reverses
    AND o.kind <> 'reversal' AND o.effective_on <= NEW.effective_on AND o.amount = NEW.amount
    AND o.applied = -NEW.applied)"""
# Money may be posted again under its key only when all that was posted the last time is undone.
STILL_POSTED = """EXISTS (
    SELECT 1 FROM ledger_entries o WHERE o.bank_id = NEW.bank_id AND o.row_key = NEW.row_key
    AND o.attempt = NEW.attempt - 1 AND NOT EXISTS (
        SELECT 1 FROM ledger_entries r WHERE r.loan_id = o.loan_id AND r.reverses = o.sequence))
OR EXISTS (
    SELECT 1 FROM suspense_entries o WHERE o.bank_id = NEW.bank_id AND o.row_key = NEW.row_key
    AND o.attempt = NEW.attempt - 1 AND o.amount <> (
        SELECT COALESCE(SUM(d.amount), 0) FROM suspense_resolutions d
        WHERE d.suspense_id = o.id AND d.kind IN ('returned','reversed')))
OR NOT EXISTS (
    SELECT 1 FROM ledger_entries o WHERE o.bank_id = NEW.bank_id AND o.row_key = NEW.row_key
    AND o.attempt = NEW.attempt - 1
    UNION ALL
    SELECT 1 FROM suspense_entries o WHERE o.bank_id = NEW.bank_id AND o.row_key = NEW.row_key
    AND o.attempt = NEW.attempt - 1)"""
# What is taken out of titipan never exceeds what is in it, nor is more put back than was taken.
TAKEN = """COALESCE((
    SELECT SUM(d.amount) FROM suspense_resolutions d WHERE d.suspense_id = NEW.suspense_id), 0)"""
TOO_MUCH = f"""{TAKEN} + NEW.amount < 0 OR {TAKEN} + NEW.amount > (
    SELECT s.amount FROM suspense_entries s WHERE s.id = NEW.suspense_id)"""
GUARDS = (
    ("ledger_entries", "reversal_right", "NEW.kind = 'reversal'", WRONG_REVERSAL,
     "a reversal undoes one whole entry, not before its day"),
    ("ledger_entries", "posted_once", "NEW.attempt > 1", STILL_POSTED,
     "this money is posted already"),
    ("suspense_entries", "posted_once", "NEW.attempt > 1", STILL_POSTED,
     "this money is posted already"),
    ("suspense_resolutions", "within", "NEW.amount <> 0", TOO_MUCH,
     "no more leaves titipan than is in it"),
)
KEYS = (
    ("ledger_entries", "reference", "bank_reference"),
    ("ledger_entries", "row_key", "row_key"),
    ("suspense_entries", "reference", "bank_reference"),
    ("suspense_entries", "row_key", "row_key"),
)

# A decision is taken once; a version of a schedule ends once.
ONCE = (
    ("loan_requests", "decided", "UPDATE", "OLD.status <> 'recorded'"),
    ("schedules", "ended", "UPDATE OF ends_on", "OLD.ends_on <> '9999-12-31'"),
)
ADDED = ("suspense_resolutions", "payment_matches")

PARTIAL = (
    ("write_off", ["loan_id", "sequence", "effective_on"]),
    ("reversal", ["bank_id", "loan_id", "reverses"]),
)


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    _requests()
    _resolutions()
    _matches()
    _columns(sqlite)
    for table, name, column in KEYS:
        op.drop_index(f"uq_{table}_{name}", table_name=table)
        op.create_index(
            f"uq_{table}_{name}", table, ["bank_id", column, "attempt"], unique=True
        )
    for kind, columns in PARTIAL:
        only = sa.text(f"kind = '{kind}'")
        op.create_index(
            f"ix_ledger_entries_{kind}", "ledger_entries", columns,
            sqlite_where=only, postgresql_where=only,
        )
    (_sqlite if sqlite else _postgresql)()


def _requests() -> None:
    table = "loan_requests"
    op.create_table(
        table,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("bank_id", sa.Integer(), nullable=False),
        sa.Column("loan_id", sa.Integer(), nullable=True),
        sa.Column("suspense_id", sa.Integer(), nullable=True),
        sa.Column("upload_id", sa.Integer(), nullable=True),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("entered_by", sa.Integer(), nullable=False),
        sa.Column("entered_at", sa.DateTime(), nullable=False),
        sa.Column("shown", sa.String(length=64), nullable=False),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("decided_at", sa.DateTime(), nullable=True),
        sa.Column("decision_reason", sa.String(length=300), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.CheckConstraint(f"kind IN ({KINDS})", name=op.f(f"ck_{table}_kind_known")),
        sa.CheckConstraint(
            "status IN ('recorded','approved','refused')", name=op.f(f"ck_{table}_status_known")
        ),
        sa.CheckConstraint(
            "decided_by IS NULL OR decided_by <> entered_by", name=op.f(f"ck_{table}_two_persons")
        ),
        sa.CheckConstraint(
            "(status = 'recorded') = (decided_by IS NULL)", name=op.f(f"ck_{table}_decided")
        ),
        sa.CheckConstraint(
            "(kind = 'upload_reversal') = (upload_id IS NOT NULL) "
            "AND (kind IN ('suspense_loan','suspense_return')) = (suspense_id IS NOT NULL) "
            "AND (kind NOT IN ('upload_reversal','suspense_return')) = (loan_id IS NOT NULL)",
            name=op.f(f"ck_{table}_subject"),
        ),
        sa.CheckConstraint(
            "(kind = 'settlement') = (valid_until IS NOT NULL)",
            name=op.f(f"ck_{table}_valid_until"),
        ),
        sa.CheckConstraint("length(reason) >= 5", name=op.f(f"ck_{table}_reason_given")),
        sa.ForeignKeyConstraint(["bank_id"], ["banks.id"], name=op.f(f"fk_{table}_bank_id")),
        sa.ForeignKeyConstraint(
            ["loan_id", "bank_id"], ["loans.id", "loans.bank_id"], name=f"fk_{table}_loan"
        ),
        sa.ForeignKeyConstraint(
            ["suspense_id"], ["suspense_entries.id"], name=op.f(f"fk_{table}_suspense_id")
        ),
        sa.ForeignKeyConstraint(
            ["upload_id", "bank_id"], ["uploads.id", "uploads.bank_id"], name=f"fk_{table}_upload"
        ),
        sa.ForeignKeyConstraint(["entered_by"], ["users.id"], name=op.f(f"fk_{table}_entered_by")),
        sa.ForeignKeyConstraint(["decided_by"], ["users.id"], name=op.f(f"fk_{table}_decided_by")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )
    op.create_index("ix_loan_requests_status", table, ["status", "kind"])
    op.create_index("ix_loan_requests_loan", table, ["loan_id"])


def _resolutions() -> None:
    table = "suspense_resolutions"
    op.create_table(
        table,
        sa.Column("suspense_id", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("booked_at", sa.DateTime(), nullable=False),
        sa.Column("loan_id", sa.Integer(), nullable=True),
        sa.Column("entry", sa.Integer(), nullable=True),
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('loan','returned','reversed','undone')", name=op.f(f"ck_{table}_kind_known")
        ),
        sa.CheckConstraint(
            "(kind = 'undone' AND amount < 0) OR (kind <> 'undone' AND amount > 0)",
            name=op.f(f"ck_{table}_sign"),
        ),
        sa.CheckConstraint(
            "(kind IN ('loan','undone')) = (entry IS NOT NULL) "
            "AND (entry IS NULL) = (loan_id IS NULL)",
            name=op.f(f"ck_{table}_entry_of_loan"),
        ),
        sa.ForeignKeyConstraint(
            ["suspense_id"], ["suspense_entries.id"], name=op.f(f"fk_{table}_suspense_id")
        ),
        sa.ForeignKeyConstraint(
            ["loan_id", "entry"], ["ledger_entries.loan_id", "ledger_entries.sequence"],
            name=f"fk_{table}_entry",
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["loan_requests.id"], name=op.f(f"fk_{table}_request_id")
        ),
        sa.PrimaryKeyConstraint("suspense_id", "sequence", name=op.f(f"pk_{table}")),
    )
    op.create_index("ix_suspense_resolutions_entry", table, ["loan_id", "entry"])


def _matches() -> None:
    """Which row of a bank's file turned out to be money that was recorded by hand before."""
    table = "payment_matches"
    op.create_table(
        table,
        sa.Column("loan_id", sa.Integer(), nullable=False),
        sa.Column("entry", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("bank_id", sa.Integer(), nullable=False),
        sa.Column("row_key", sa.String(length=120), nullable=False),
        sa.Column("upload_id", sa.Integer(), nullable=False),
        sa.Column("row_number", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["loan_id", "entry"], ["ledger_entries.loan_id", "ledger_entries.sequence"],
            name=f"fk_{table}_entry",
        ),
        sa.ForeignKeyConstraint(
            ["loan_id", "bank_id"], ["loans.id", "loans.bank_id"], name=f"fk_{table}_loan"
        ),
        sa.ForeignKeyConstraint(
            ["upload_id", "bank_id"], ["uploads.id", "uploads.bank_id"], name=f"fk_{table}_upload"
        ),
        sa.PrimaryKeyConstraint("loan_id", "entry", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint(
            "upload_id", "row_number", name=op.f(f"uq_{table}_upload_id_row_number")
        ),
    )
    op.create_index("ix_payment_matches_row_key", table, ["bank_id", "row_key"])


def _columns(sqlite: bool) -> None:
    """Added one by one: SQLite takes a column's CHECK and reference along with it."""
    for table, column, kind, more, check in (
        ("schedules", "kind", "VARCHAR(12)", "NOT NULL DEFAULT 'first'", VERSION_KINDS),
        ("schedules", "due_day", "INTEGER", "NOT NULL DEFAULT 1", "due_day BETWEEN 1 AND 31"),
        ("schedules", "multiple", "INTEGER", "NOT NULL DEFAULT 1", "multiple IN (1,100,500,1000)"),
        ("schedules", "request_id", "INTEGER", "", ""),
        ("ledger_entries", "attempt", "INTEGER", "NOT NULL DEFAULT 1",
         "attempt = 1 OR (attempt > 1 AND row_key IS NOT NULL)"),
        ("ledger_entries", "request_id", "INTEGER", "", ""),
        ("suspense_entries", "attempt", "INTEGER", "NOT NULL DEFAULT 1",
         "attempt = 1 OR (attempt > 1 AND row_key IS NOT NULL)"),
        ("uploads", "reversed_at", "TIMESTAMP" if not sqlite else "DATETIME", "", ""),
    ):
        rule = f"CONSTRAINT ck_{table}_{column}_sane CHECK ({check})" if check else ""
        if column == "request_id":
            rule = f"CONSTRAINT fk_{table}_request_id REFERENCES loan_requests (id)"
        op.execute(f"ALTER TABLE {table} ADD COLUMN {column} {kind} {more} {rule}")
    day = "CAST(strftime('%d', l.disbursed_on) AS INTEGER)" if sqlite else (
        "CAST(extract(day FROM l.disbursed_on) AS INTEGER)"
    )
    op.execute(
        f"UPDATE schedules SET due_day = (SELECT {day} FROM loans l WHERE l.id = schedules.loan_id), "
        "multiple = (SELECT l.multiple FROM loans l WHERE l.id = schedules.loan_id)"
    )


def _sqlite() -> None:
    for table in ADDED:
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
    for table, name, verb, when in ONCE:
        op.execute(
            f"CREATE TRIGGER {table}_{name} BEFORE {verb} ON {table} WHEN {when} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )
    for table, columns in (("loan_requests", CONTENT), ("schedules", OF_SCHEDULE)):
        op.execute(
            f"CREATE TRIGGER {table}_kept BEFORE UPDATE OF {', '.join(columns)} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )
    for table, name, when, wrong, said in GUARDS:
        op.execute(
            f"CREATE TRIGGER {table}_{name} BEFORE INSERT ON {table} WHEN {when} AND ({wrong}) "
            f"BEGIN SELECT RAISE(ABORT, '{said}'); END"
        )


def _postgresql() -> None:
    row = "FOR EACH ROW"
    for table in ADDED:
        for verb, each in (("UPDATE", row), ("DELETE", row), ("TRUNCATE", "FOR EACH STATEMENT")):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} {each} "
                "EXECUTE FUNCTION refuse_change()"
            )
    for table, name, verb, when in ONCE:
        op.execute(
            f"CREATE TRIGGER {table}_{name} BEFORE {verb} ON {table} {row} WHEN ({when}) "
            "EXECUTE FUNCTION refuse_change()"
        )
    for table, columns in (("loan_requests", CONTENT), ("schedules", OF_SCHEDULE)):
        for name, when in (
            ("kept", f"UPDATE OF {', '.join(columns)} ON {table} {row}"),
            ("no_delete", f"DELETE ON {table} {row}"),
            ("no_truncate", f"TRUNCATE ON {table} FOR EACH STATEMENT"),
        ):
            op.execute(
                f"CREATE TRIGGER {table}_{name} BEFORE {when} EXECUTE FUNCTION refuse_change()"
            )
    for table, name, when, wrong, said in GUARDS:
        op.execute(
            f"CREATE FUNCTION {table}_{name}() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN IF {wrong} THEN RAISE EXCEPTION '{said}'; END IF; RETURN NEW; END $$"
        )
        op.execute(
            f"CREATE TRIGGER {table}_{name} BEFORE INSERT ON {table} {row} WHEN ({when}) "
            f"EXECUTE FUNCTION {table}_{name}()"
        )


def downgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    if sqlite:
        for table, name, *_ in GUARDS:
            op.execute(f"DROP TRIGGER {table}_{name}")
        op.execute("DROP TRIGGER schedules_kept")
        op.execute("DROP TRIGGER schedules_ended")
        op.execute("DROP TRIGGER schedules_no_delete")
    else:
        for table, name, *_ in GUARDS:
            op.execute(f"DROP FUNCTION {table}_{name}() CASCADE")
        for name in ("kept", "ended", "no_delete", "no_truncate"):
            op.execute(f"DROP TRIGGER schedules_{name} ON schedules")
    for kind, _ in PARTIAL:
        op.drop_index(f"ix_ledger_entries_{kind}", table_name="ledger_entries")
    for table, name, column in KEYS:
        op.drop_index(f"uq_{table}_{name}", table_name=table)
    op.drop_table("payment_matches")
    op.drop_table("suspense_resolutions")
    for table, column in (
        ("schedules", "kind"), ("schedules", "due_day"), ("schedules", "multiple"),
        ("schedules", "request_id"), ("ledger_entries", "attempt"),
        ("ledger_entries", "request_id"), ("suspense_entries", "attempt"),
        ("uploads", "reversed_at"),
    ):
        op.drop_column(table, column)
    for table, name, column in KEYS:
        op.create_index(f"uq_{table}_{name}", table, ["bank_id", column], unique=True)
    op.drop_table("loan_requests")
