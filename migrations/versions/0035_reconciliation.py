"""Months reconciled with a bank: proposals, closed months with what they knew, notes, papers."""

import re

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

MONTH = "month BETWEEN 200001 AND 299912 AND month % 100 BETWEEN 1 AND 12"
FOLLOWS = "month = previous + CASE WHEN previous % 100 = 12 THEN 89 ELSE 1 END"
CAUSES = "'posted_later','other_split','missing_row','other_class','unknown'"
TABLES = (
    "closing_proposals",
    "proposal_returns",
    "closed_months",
    "reconciled_loans",
    "reconciliation_notes",
    "note_strikes",
    "reconciliation_papers",
)
NEW = "reconciliation"
KINDS = re.compile(r"CHECK \((kind IN \([^)]*\))\)")


def upgrade() -> None:
    _kinds(lambda kinds: [*kinds, NEW])
    _proposals()
    _closed_months()
    _notes()
    _papers()
    for table in TABLES:
        for verb, each in (("UPDATE", "ROW"), ("DELETE", "ROW"), ("TRUNCATE", "STATEMENT")):
            head = f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
            if op.get_bind().dialect.name != "sqlite":
                op.execute(f"{head}FOR EACH {each} EXECUTE FUNCTION refuse_change()")
            elif verb != "TRUNCATE":
                op.execute(f"{head}BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END")


def _number(name, nullable=False):
    return sa.Column(name, sa.Integer(), autoincrement=False, nullable=nullable)


def _text(name, length):
    return sa.Column(name, sa.String(length=length), nullable=False)


def _money(name, nullable=False):
    return sa.Column(name, sa.BigInteger(), nullable=nullable)


def _by(table, who="entered_by", at="entered_at"):
    return (_number(who), sa.Column(at, sa.DateTime(), nullable=False), _key(table, who, "users"))


def _key(table, column, target):
    name = op.f(f"fk_{table}_{column}")
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=name)


def _check(table, name, rule):
    return sa.CheckConstraint(rule, name=op.f(f"ck_{table}_{name}"))


def _proposals() -> None:
    table = "closing_proposals"
    op.create_table(
        table,
        sa.Column("id", sa.Integer(), nullable=False),
        _number("bank_id"),
        _number("month"),
        _text("shown", 64),
        _text("note", 300),
        *_by(table, "proposed_by", "proposed_at"),
        _check(table, "month_sane", MONTH),
        _key(table, "bank_id", "banks"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("id", "bank_id", "month", name=op.f(f"uq_{table}_id_bank_id_month")),
    )
    op.create_index(f"ix_{table}_month", table, ["bank_id", "month"])
    table = "proposal_returns"
    op.create_table(
        table,
        _number("proposal_id"),
        _text("reason", 300),
        *_by(table),
        _key(table, "proposal_id", "closing_proposals"),
        sa.PrimaryKeyConstraint("proposal_id", name=op.f(f"pk_{table}")),
    )


def _closed_months() -> None:
    table = "closed_months"
    op.create_table(
        table,
        sa.Column("id", sa.Integer(), nullable=False),
        _number("bank_id"),
        _number("month"),
        _number("previous", nullable=True),
        _number("proposal_id"),
        _text("shown", 64),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        _text("data_hash", 64),
        _number("chain_number", nullable=True),
        sa.Column("chain_hash", sa.String(length=64), nullable=True),
        _money("opening"),
        _money("closing"),
        _money("suspense"),
        _number("differences"),
        *_by(table, "proposed_by", "closed_at"),
        _number("closed_by"),
        _key(table, "closed_by", "users"),
        _check(table, "month_sane", MONTH),
        _check(table, "month_follows", FOLLOWS),
        _check(table, "two_persons", "proposed_by <> closed_by"),
        _check(table, "hash_whole", "length(data_hash) = 64"),
        _check(
            table,
            "chain_whole",
            "(chain_number IS NULL) = (chain_hash IS NULL) AND length(chain_hash) = 64",
        ),
        _key(table, "bank_id", "banks"),
        sa.ForeignKeyConstraint(
            ["bank_id", "previous"],
            ["closed_months.bank_id", "closed_months.month"],
            name="fk_closed_months_previous",
        ),
        sa.ForeignKeyConstraint(
            ["proposal_id", "bank_id", "month"],
            ["closing_proposals.id", "closing_proposals.bank_id", "closing_proposals.month"],
            name="fk_closed_months_proposal",
        ),
        sa.ForeignKeyConstraint(
            ["bank_id", "chain_number"],
            ["chain_links.bank_id", "chain_links.number"],
            name="fk_closed_months_chain",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("bank_id", "month", name=op.f(f"uq_{table}_bank_id_month")),
        sa.UniqueConstraint("bank_id", "previous", name=op.f(f"uq_{table}_bank_id_previous")),
        sa.UniqueConstraint("id", "bank_id", name=op.f(f"uq_{table}_id_bank_id")),
    )
    first = sa.text("previous IS NULL")
    op.create_index(
        "uq_closed_months_first", table, ["bank_id"], unique=True,
        sqlite_where=first, postgresql_where=first,
    )
    table = "reconciled_loans"
    op.create_table(
        table,
        _number("closed_id"),
        _number("loan_id"),
        _number("bank_id"),
        _number("last_sequence"),
        _money("outstanding"),
        _check(table, "counted", "last_sequence >= 1 AND outstanding >= 0"),
        _of_month(table),
        _of_loan(table),
        sa.PrimaryKeyConstraint("closed_id", "loan_id", name=op.f(f"pk_{table}")),
        sqlite_with_rowid=False,
    )


def _of_month(table):
    return sa.ForeignKeyConstraint(
        ["closed_id", "bank_id"],
        ["closed_months.id", "closed_months.bank_id"],
        name=f"fk_{table}_month",
    )


def _of_loan(table):
    return sa.ForeignKeyConstraint(
        ["loan_id", "bank_id"], ["loans.id", "loans.bank_id"], name=f"fk_{table}_loan"
    )


def _notes() -> None:
    table = "reconciliation_notes"
    op.create_table(
        table,
        sa.Column("id", sa.Integer(), nullable=False),
        _number("bank_id"),
        _number("month"),
        _number("loan_id"),
        _text("cause", 16),
        _money("difference", nullable=True),
        sa.Column("settles", sa.Boolean(), nullable=False),
        _text("text", 500),
        *_by(table),
        _check(table, "month_sane", MONTH),
        _check(table, "cause_known", f"cause IN ({CAUSES})"),
        _of_loan(table),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )
    op.create_index(f"ix_{table}_loan", table, ["bank_id", "loan_id"])
    table = "note_strikes"
    op.create_table(
        table,
        _number("note_id"),
        _text("reason", 300),
        *_by(table),
        _key(table, "note_id", "reconciliation_notes"),
        sa.PrimaryKeyConstraint("note_id", name=op.f(f"pk_{table}")),
    )


def _papers() -> None:
    table = "reconciliation_papers"
    op.create_table(
        table,
        _number("paper_id"),
        _number("bank_id"),
        _number("closed_id"),
        sa.ForeignKeyConstraint(
            ["paper_id", "bank_id"],
            ["issued_papers.id", "issued_papers.bank_id"],
            name=f"fk_{table}_paper",
        ),
        _of_month(table),
        sa.PrimaryKeyConstraint("paper_id", name=op.f(f"pk_{table}")),
    )
    op.create_index(f"ix_{table}_closed_id", table, ["closed_id"])


def _kinds(change) -> None:
    """Another list of kinds in the CHECK of `issued_papers`, whatever stands in it; on SQLite in
    the table's own SQL, as its documentation of ALTER TABLE describes it."""
    bind = op.get_bind()
    if bind.dialect.name != "sqlite":
        found = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = "
        name = "ck_issued_papers_kind_known"
        here = " AND connamespace = current_schema()::regnamespace"
        said = str(bind.exec_driver_sql(f"{found}'{name}'{here}").scalar())
        listed = ",".join(f"'{kind}'" for kind in change(re.findall(r"'(\w+)'", said)))
        op.execute(f"ALTER TABLE issued_papers DROP CONSTRAINT {name}")
        op.execute(f"ALTER TABLE issued_papers ADD CONSTRAINT {name} CHECK (kind IN ({listed}))")
        return
    found = "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = 'issued_papers'"
    before = str(bind.exec_driver_sql(found).scalar())
    (said,) = KINDS.findall(before)
    listed = ",".join(f"'{kind}'" for kind in change(re.findall(r"'(\w+)'", said)))
    wanted = before.replace(said, f"kind IN ({listed})")
    version = bind.exec_driver_sql("PRAGMA schema_version").scalar()
    bind.exec_driver_sql("PRAGMA writable_schema=ON")
    bind.exec_driver_sql(
        "UPDATE sqlite_schema SET sql = ? WHERE type = 'table' AND name = 'issued_papers'", (wanted,)
    )
    bind.exec_driver_sql(f"PRAGMA schema_version={version + 1}")
    bind.exec_driver_sql("PRAGMA writable_schema=RESET")
    if str(bind.exec_driver_sql(found).scalar()) != wanted:
        raise RuntimeError("SQLite did not take the new CHECK of issued_papers")
    for question, whole in (("integrity_check", [("ok",)]), ("foreign_key_check", [])):
        said = [tuple(row) for row in bind.exec_driver_sql(f"PRAGMA {question}")]
        if said != whole:
            raise RuntimeError(f"{question} after the change of issued_papers: {said[:5]}")


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
    _kinds(lambda kinds: [kind for kind in kinds if kind != NEW])
