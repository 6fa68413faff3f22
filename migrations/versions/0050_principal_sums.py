"""By how much principal fell on a day, so that a report of a year adds up some hundred sums and no
longer a million standings; the index over those is not needed any more."""

import sqlalchemy as sa
from alembic import op

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None

RECKONED = """
INSERT INTO principal_sums (bank_id, fell_on, fell)
SELECT bank_id, from_on, SUM(fell)
FROM loan_standings
WHERE fell <> 0
GROUP BY bank_id, from_on
HAVING SUM(fell) <> 0
"""


def upgrade() -> None:
    op.create_table(
        "principal_sums",
        sa.Column("bank_id", sa.Integer(), nullable=False),
        sa.Column("fell_on", sa.Date(), nullable=False),
        sa.Column("fell", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["bank_id"], ["banks.id"], name="fk_principal_sums_bank_id"),
        sa.PrimaryKeyConstraint("bank_id", "fell_on", name="pk_principal_sums"),
        sqlite_with_rowid=False,
    )
    op.execute(RECKONED)
    op.drop_index("ix_loan_standings_fell", "loan_standings")


def downgrade() -> None:
    op.create_index("ix_loan_standings_fell", "loan_standings", ["from_on", "bank_id", "fell"])
    op.drop_table("principal_sums")
