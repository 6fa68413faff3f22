"""Where each loan stands from which day to which, written down with the journal, so that a report
reads one row for each loan and no longer adds up all entries and searches all installments."""

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None

COLUMNS = (
    "loan_id, until_on, from_on, bank_id, schedule_id, applied, outstanding, fell, number, due_on"
)
RECKONED = """
WITH marks AS (
    SELECT loan_id, effective_on AS from_on, applied FROM ledger_entries WHERE applied <> 0
    UNION ALL SELECT loan_id, starts_on, 0 FROM schedules
), days AS (
    SELECT loan_id, from_on, SUM(applied) AS applied FROM marks GROUP BY loan_id, from_on
), spans AS (
    SELECT loan_id, from_on, LEAD(from_on, 1, {forever}) OVER in_order AS until_on,
           CAST(SUM(applied) OVER in_order AS BIGINT) AS applied
    FROM days WINDOW in_order AS (PARTITION BY loan_id ORDER BY from_on)
), stood AS (
    SELECT p.loan_id, p.until_on, p.from_on, l.bank_id, s.id AS schedule_id, p.applied,
           CASE WHEN r.number IS NULL THEN 0
                WHEN p.applied - r.total_before - r.interest > 0
                THEN r.balance + r.principal - (p.applied - r.total_before - r.interest)
                ELSE r.balance + r.principal END AS outstanding,
           r.number, r.due_on, l.principal, l.opened_on
    FROM spans p
    JOIN loans l ON l.id = p.loan_id
    JOIN schedules s
        ON s.loan_id = p.loan_id AND s.starts_on <= p.from_on AND s.ends_on > p.from_on
    LEFT JOIN schedule_rows r
        ON r.schedule_id = s.id AND r.total_before <= p.applied AND r.total_through > p.applied
)
SELECT loan_id, until_on, from_on, bank_id, schedule_id, applied, outstanding,
       CASE WHEN opened_on = from_on THEN 0
            ELSE LAG(outstanding, 1, principal) OVER (PARTITION BY loan_id ORDER BY from_on)
                 - outstanding END,
       number, due_on
FROM stood
"""


# What a period's reports add up, in the order of the days, without the wide rows.
OF_DAYS = ("effective_on", "bank_id", "kind", "amount", "applied", "loan_id", "reverses")


def upgrade() -> None:
    op.create_index("ix_ledger_entries_days", "ledger_entries", list(OF_DAYS))
    op.create_table(
        "loan_standings",
        sa.Column("loan_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("bank_id", sa.Integer(), nullable=False),
        sa.Column("schedule_id", sa.Integer(), nullable=False),
        sa.Column("applied", sa.BigInteger(), nullable=False),
        sa.Column("outstanding", sa.BigInteger(), nullable=False),
        sa.Column("fell", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.CheckConstraint("from_on < until_on", name="ck_loan_standings_in_order"),
        sa.CheckConstraint("outstanding >= 0", name="ck_loan_standings_not_negative"),
        sa.CheckConstraint(
            "(number IS NULL) = (due_on IS NULL)", name="ck_loan_standings_lacks_or_not"
        ),
        sa.ForeignKeyConstraint(
            ["loan_id", "bank_id"], ["loans.id", "loans.bank_id"], name="fk_loan_standings_loan"
        ),
        sa.ForeignKeyConstraint(
            ["schedule_id"], ["schedules.id"], name="fk_loan_standings_schedule_id"
        ),
        sa.PrimaryKeyConstraint("loan_id", "until_on", name="pk_loan_standings"),
        sqlite_with_rowid=False,
    )
    forever = "'9999-12-31'"
    if op.get_bind().dialect.name == "postgresql":
        forever = f"DATE {forever}"
    op.create_index("ix_loan_standings_fell", "loan_standings", ["from_on", "bank_id", "fell"])
    op.execute(f"INSERT INTO loan_standings ({COLUMNS}) {RECKONED.format(forever=forever)}")


def downgrade() -> None:
    op.drop_table("loan_standings")
    op.drop_index("ix_ledger_entries_days", "ledger_entries")
