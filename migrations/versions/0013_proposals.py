"""Batches of recommended applications sent to a bank, append-only."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

APPEND_ONLY = ("proposals", "proposal_lines")


def upgrade() -> None:
    op.create_table(
        "proposals",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("bank_id", sa.Integer(), nullable=False),
        sa.Column("paper_id", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["bank_id"], ["banks.id"], name=op.f("fk_proposals_bank_id")),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_proposals_created_by")),
        sa.ForeignKeyConstraint(
            ["paper_id", "bank_id"],
            ["issued_papers.id", "issued_papers.bank_id"],
            name="fk_proposals_paper",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposals")),
        sa.UniqueConstraint("paper_id", name=op.f("uq_proposals_paper_id")),
        sa.UniqueConstraint("id", "bank_id", name=op.f("uq_proposals_id_bank_id")),
    )
    op.create_index("ix_proposals_bank_id", "proposals", ["bank_id"])
    op.create_table(
        "proposal_lines",
        sa.Column("proposal_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("application_id", sa.Integer(), nullable=False),
        sa.Column("bank_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("position >= 1", name=op.f("ck_proposal_lines_position_counts")),
        sa.ForeignKeyConstraint(
            ["application_id", "bank_id"],
            ["applications.id", "applications.bank_id"],
            name="fk_proposal_lines_application",
        ),
        sa.ForeignKeyConstraint(
            ["proposal_id", "bank_id"],
            ["proposals.id", "proposals.bank_id"],
            name="fk_proposal_lines_proposal",
        ),
        sa.PrimaryKeyConstraint("proposal_id", "position", name=op.f("pk_proposal_lines")),
        sa.UniqueConstraint("application_id", name=op.f("uq_proposal_lines_application_id")),
    )
    for table in APPEND_ONLY:
        for verb, each in (("UPDATE", "ROW"), ("DELETE", "ROW"), ("TRUNCATE", "STATEMENT")):
            head = f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
            if op.get_bind().dialect.name != "sqlite":
                op.execute(f"{head}FOR EACH {each} EXECUTE FUNCTION refuse_change()")
            elif verb != "TRUNCATE":
                op.execute(f"{head}BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END")


def downgrade() -> None:
    op.drop_table("proposal_lines")
    op.drop_table("proposals")
