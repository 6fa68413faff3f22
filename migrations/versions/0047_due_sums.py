"""What the installments that fall due on a day ask for together, so that a report of what falls due
adds up some ten thousand sums and no longer more than a million installments."""

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None

RECKONED = """
INSERT INTO due_sums (bank_id, due_on, starts_on, installments, principal, interest)
SELECT l.bank_id, r.due_on, s.starts_on, COUNT(*), SUM(r.principal), SUM(r.interest)
FROM schedules s
JOIN loans l ON l.id = s.loan_id
JOIN schedule_rows r ON r.schedule_id = s.id
WHERE r.principal + r.interest > 0
GROUP BY l.bank_id, r.due_on, s.starts_on
"""


def upgrade() -> None:
    op.create_table(
        "due_sums",
        sa.Column("bank_id", sa.Integer(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("installments", sa.Integer(), nullable=False),
        sa.Column("principal", sa.BigInteger(), nullable=False),
        sa.Column("interest", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("installments >= 1", name="ck_due_sums_not_empty"),
        sa.CheckConstraint("principal >= 0 AND interest >= 0", name="ck_due_sums_not_negative"),
        sa.ForeignKeyConstraint(["bank_id"], ["banks.id"], name="fk_due_sums_bank_id"),
        sa.PrimaryKeyConstraint("bank_id", "due_on", "starts_on", name="pk_due_sums"),
        sqlite_with_rowid=False,
    )
    op.execute(RECKONED)


def downgrade() -> None:
    op.drop_table("due_sums")
