"""Issued papers are found by the token that they carry; papers that count no more, append-only."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    op.execute(f"ALTER TABLE issued_papers ADD COLUMN token_hash {'BLOB' if sqlite else 'BYTEA'}")
    op.create_index("uq_issued_papers_token_hash", "issued_papers", ["token_hash"], unique=True)
    op.create_table(
        "paper_withdrawals",
        sa.Column("paper_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("withdrawn_by", sa.Integer(), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["paper_id"], ["issued_papers.id"], name=op.f("fk_paper_withdrawals_paper_id")
        ),
        sa.ForeignKeyConstraint(
            ["withdrawn_by"], ["users.id"], name=op.f("fk_paper_withdrawals_withdrawn_by")
        ),
        sa.PrimaryKeyConstraint("paper_id", name=op.f("pk_paper_withdrawals")),
    )
    for verb, each in (("UPDATE", "ROW"), ("DELETE", "ROW"), ("TRUNCATE", "STATEMENT")):
        head = f"CREATE TRIGGER paper_withdrawals_no_{verb.lower()} BEFORE {verb} ON paper_withdrawals "
        if not sqlite:
            op.execute(f"{head}FOR EACH {each} EXECUTE FUNCTION refuse_change()")
        elif verb != "TRUNCATE":
            op.execute(f"{head}BEGIN SELECT RAISE(ABORT, 'paper_withdrawals is append-only'); END")


def downgrade() -> None:
    op.drop_table("paper_withdrawals")
    op.drop_index("uq_issued_papers_token_hash", "issued_papers")
    op.execute("ALTER TABLE issued_papers DROP COLUMN token_hash")
