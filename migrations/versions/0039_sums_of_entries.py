"""What is poured over each loan up to a day is read from an index, not from the wide entries: every
position of a day, and so every report, adds it up."""

from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

NAME = "ix_ledger_entries_sums"


def upgrade() -> None:
    op.create_index(NAME, "ledger_entries", ["loan_id", "effective_on", "applied"])


def downgrade() -> None:
    op.drop_index(NAME, "ledger_entries")
