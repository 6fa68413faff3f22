"""Backups that were made, and workers that are alive."""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "backups",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("job_id", sa.Integer(), nullable=False),
        sa.Column("machine", sa.String(80), nullable=False),
        sa.Column("file", sa.String(300), nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("table_rows", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("revision", sa.String(8), nullable=False),
        sa.Column("removed_at", sa.DateTime(), nullable=True),
        sa.CheckConstraint("size > 0", name=op.f("ck_backups_size_positive")),
        sa.CheckConstraint("table_rows >= 0", name=op.f("ck_backups_rows_counted")),
        sa.CheckConstraint(
            "removed_at IS NULL OR removed_at >= made_at", name=op.f("ck_backups_removed_later")
        ),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_backups_job_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_backups")),
        sa.UniqueConstraint("job_id", name=op.f("uq_backups_job_id")),
    )
    op.create_index("ix_backups_made_at", "backups", ["made_at"])
    op.create_table(
        "worker_beats",
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("program", sa.String(40), nullable=False),
        sa.Column("seen_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_worker_beats")),
    )


def downgrade() -> None:
    op.drop_table("worker_beats")
    op.drop_table("backups")
