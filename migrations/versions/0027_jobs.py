"""Long work: one row for each job, and the bytes of its result until they expire."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

OPEN = sa.text("state IN ('queued', 'running')")
CHECKS = {
    "state_known": "state IN ('queued','running','done','failed','cancelled')",
    "progress_sane": "0 <= done AND done <= total",
    "tries_counted": "tries BETWEEN 0 AND 3",
    "held_while_running": (
        "(state = 'running') = (worker IS NOT NULL) AND (worker IS NULL) = (lease_until IS NULL)"
    ),
    "running_is_a_try": "state <> 'running' OR tries >= 1",
    "finished": "(state IN ('done','failed','cancelled')) = (finished_at IS NOT NULL)",
    "error_said": "(state = 'failed') = (error <> '')",
    "result_whole": (
        "(result_name IS NULL) = (expires_at IS NULL) "
        "AND (result_name IS NULL) = (result_type IS NULL) "
        "AND (result_name IS NULL) = (result_size IS NULL) "
        "AND (state = 'done' OR result_name IS NULL)"
    ),
}


def upgrade() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("params", sa.Text(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("asked_by", sa.Integer(), nullable=False),
        sa.Column("bank_id", sa.Integer(), nullable=True),
        sa.Column("asked_at", sa.DateTime(), nullable=False),
        sa.Column("started_at", sa.DateTime(), nullable=True),
        sa.Column("finished_at", sa.DateTime(), nullable=True),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("worker", sa.String(80), nullable=True),
        sa.Column("lease_until", sa.DateTime(), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("ticket", sa.String(8), nullable=False),
        sa.Column("result_name", sa.String(120), nullable=True),
        sa.Column("result_type", sa.String(100), nullable=True),
        sa.Column("result_size", sa.Integer(), nullable=True),
        sa.Column("expires_at", sa.DateTime(), nullable=True),
        *(sa.CheckConstraint(rule, name=op.f(f"ck_jobs_{name}")) for name, rule in CHECKS.items()),
        sa.ForeignKeyConstraint(["asked_by"], ["users.id"], name=op.f("fk_jobs_asked_by")),
        sa.ForeignKeyConstraint(["bank_id"], ["banks.id"], name=op.f("fk_jobs_bank_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
    )
    op.create_index("ix_jobs_open", "jobs", ["id"], sqlite_where=OPEN, postgresql_where=OPEN)
    op.create_index("ix_jobs_asked_by", "jobs", ["asked_by", "id"])
    op.create_index("ix_jobs_expires_at", "jobs", ["expires_at"])
    op.create_table(
        "job_results",
        sa.Column("job_id", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_job_results_job_id")),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_job_results")),
    )


def downgrade() -> None:
    op.drop_table("job_results")
    op.drop_table("jobs")
