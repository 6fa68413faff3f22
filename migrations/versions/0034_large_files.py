"""Large files: read by a job (`reading`), and the earlier file that a re-saved copy leads to."""

from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

STATUSES_BEFORE = "status IN ('faulty','clean','submitted','posted','withdrawn')"
STATUSES = "status IN ('reading','faulty','clean','submitted','posted','withdrawn')"
RULES = {
    "ck_uploads_read_by_job": "CHECK (status <> 'reading' OR job_id IS NOT NULL)",
    "ck_uploads_same_withdrawn": (
        "CHECK (same_as IS NULL OR (status = 'withdrawn' AND same_as <> id))"
    ),
    "fk_uploads_same": "FOREIGN KEY(same_as, bank_id) REFERENCES uploads (id, bank_id)",
}
# (as it stands in SQLite's own SQL of the table, as it shall stand there)
CHANGE = (
    f"CONSTRAINT ck_uploads_status_known CHECK ({STATUSES_BEFORE})",
    f"CONSTRAINT ck_uploads_status_known CHECK ({STATUSES}), "
    + ", ".join(f"CONSTRAINT {name} {rule}" for name, rule in RULES.items()),
)
JOB = "CONSTRAINT fk_uploads_job_id REFERENCES jobs (id)"


def upgrade() -> None:
    op.execute(f"ALTER TABLE uploads ADD COLUMN job_id INTEGER {JOB}")
    op.execute("ALTER TABLE uploads ADD COLUMN same_as INTEGER")
    if op.get_bind().dialect.name == "sqlite":
        _rewrite(*CHANGE)
        return
    _statuses(STATUSES)
    added = ", ".join(f"ADD CONSTRAINT {name} {rule}" for name, rule in RULES.items())
    op.execute(f"ALTER TABLE uploads {added}")


def _statuses(rule: str) -> None:
    op.execute("ALTER TABLE uploads DROP CONSTRAINT ck_uploads_status_known")
    op.execute(f"ALTER TABLE uploads ADD CONSTRAINT ck_uploads_status_known CHECK ({rule})")


def _rewrite(before: str, after: str) -> None:
    """Change constraints of `uploads` in place, as SQLite's page on ALTER TABLE describes it: rows,
    indexes, triggers and references stay untouched."""
    bind = op.get_bind()

    def now() -> str:
        found = "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = 'uploads'"
        return str(bind.exec_driver_sql(found).scalar())

    if now().count(before) != 1:
        raise RuntimeError(f"uploads does not say {before!r} once: {now()}")
    wanted = now().replace(before, after)
    version = bind.exec_driver_sql("PRAGMA schema_version").scalar()
    bind.exec_driver_sql("PRAGMA writable_schema=ON")
    bind.exec_driver_sql(
        "UPDATE sqlite_schema SET sql = ? WHERE type = 'table' AND name = 'uploads'", (wanted,)
    )
    bind.exec_driver_sql(f"PRAGMA schema_version={version + 1}")
    bind.exec_driver_sql("PRAGMA writable_schema=RESET")
    if now() != wanted:
        raise RuntimeError("SQLite did not take the new constraints of uploads")
    for question, whole in (("integrity_check", [("ok",)]), ("foreign_key_check", [])):
        found = [tuple(row) for row in bind.exec_driver_sql(f"PRAGMA {question}")]
        if found != whole:
            raise RuntimeError(f"{question} after the change of uploads: {found[:5]}")


def downgrade() -> None:
    """Files that no worker has read are taken back: an older version has no word for them."""
    op.execute("UPDATE uploads SET status = 'withdrawn' WHERE status = 'reading'")
    if op.get_bind().dialect.name == "sqlite":
        _rewrite(CHANGE[1], CHANGE[0])
        _rewrite(f", job_id INTEGER {JOB}", ", job_id INTEGER")
    else:
        dropped = ", ".join(f"DROP CONSTRAINT {name}" for name in RULES)
        op.execute(f"ALTER TABLE uploads {dropped}, DROP CONSTRAINT fk_uploads_job_id")
        _statuses(STATUSES_BEFORE)
    for column in ("same_as", "job_id"):
        op.execute(f"ALTER TABLE uploads DROP COLUMN {column}")
