"""What the entries of a day come to together, so that a report of a year adds up some hundred sums
and no longer a million entries."""

import sqlalchemy as sa
from alembic import op

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None

RECKONED = """
INSERT INTO money_sums (bank_id, effective_on, kind, entries, amount, applied)
SELECT bank_id, effective_on, kind, COUNT(*), SUM(amount), SUM(applied)
FROM ledger_entries
GROUP BY bank_id, effective_on, kind
"""


def upgrade() -> None:
    op.create_table(
        "money_sums",
        sa.Column("bank_id", sa.Integer(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("applied", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("entries >= 1", name="ck_money_sums_not_empty"),
        sa.ForeignKeyConstraint(["bank_id"], ["banks.id"], name="fk_money_sums_bank_id"),
        sa.PrimaryKeyConstraint("bank_id", "effective_on", "kind", name="pk_money_sums"),
        sqlite_with_rowid=False,
    )
    op.execute(RECKONED)


def downgrade() -> None:
    op.drop_table("money_sums")
