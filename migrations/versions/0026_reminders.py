"""Reminder letters in three grades: their days as dated settings, and which paper reminded whom."""

import datetime as dt

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

BEFORE = (
    "kind IN ('proposal','approval','office_refusal','bank_refusal','completion',"
    "'recommendation','schedule','card','receipt','payoff')"
)
AFTER = BEFORE[:-1] + ",'reminder')"
# Days that came with the program (chosen), until somebody enters the office's own.
DAYS = {"first_days": 7, "second_days": 30, "third_days": 60, "gap_days": 14, "pay_days": 7}
APPEND_ONLY = ("reminder_settings", "reminder_batches", "reminders")


def upgrade() -> None:
    _kinds(BEFORE, AFTER)
    settings = op.create_table(
        "reminder_settings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in DAYS),
        sa.Column("entered_by", sa.Integer(), nullable=True),
        sa.Column("entered_at", sa.DateTime(), nullable=True),
        sa.CheckConstraint(
            "(entered_by IS NULL) = (entered_at IS NULL)", name=op.f("ck_reminder_settings_entered")
        ),
        sa.CheckConstraint(
            "first_days >= 1 AND first_days < second_days AND second_days < third_days "
            "AND third_days <= 999",
            name=op.f("ck_reminder_settings_in_order"),
        ),
        sa.CheckConstraint(
            "gap_days BETWEEN 1 AND 365 AND pay_days BETWEEN 1 AND 90",
            name=op.f("ck_reminder_settings_days_sane"),
        ),
        sa.ForeignKeyConstraint(
            ["entered_by"], ["users.id"], name=op.f("fk_reminder_settings_entered_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminder_settings")),
    )
    op.create_index("ix_reminder_settings_valid_from", "reminder_settings", ["valid_from", "id"])
    op.bulk_insert(settings, [{"valid_from": dt.date(2000, 1, 1), **DAYS}])
    op.create_table(
        "reminder_batches",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["created_by"], ["users.id"], name=op.f("fk_reminder_batches_created_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminder_batches")),
    )
    _reminders()
    _append_only()


def _reminders() -> None:
    op.create_table(
        "reminders",
        sa.Column("paper_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("loan_id", sa.Integer(), nullable=False),
        sa.Column("bank_id", sa.Integer(), nullable=False),
        sa.Column("grade", sa.Integer(), nullable=False),
        sa.Column("dated", sa.Date(), nullable=False),
        sa.Column("arrears_since", sa.Date(), nullable=False),
        sa.CheckConstraint("grade BETWEEN 1 AND 3", name=op.f("ck_reminders_grade_known")),
        sa.CheckConstraint("arrears_since < dated", name=op.f("ck_reminders_late_before")),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["reminder_batches.id"], name=op.f("fk_reminders_batch_id")
        ),
        sa.ForeignKeyConstraint(
            ["paper_id", "bank_id"],
            ["issued_papers.id", "issued_papers.bank_id"],
            name="fk_reminders_paper",
        ),
        sa.ForeignKeyConstraint(
            ["loan_id", "bank_id"], ["loans.id", "loans.bank_id"], name="fk_reminders_loan"
        ),
        sa.PrimaryKeyConstraint("paper_id", name=op.f("pk_reminders")),
    )
    op.create_index("ix_reminders_loan", "reminders", ["loan_id", "dated"])
    op.create_index("ix_reminders_batch_id", "reminders", ["batch_id"])


def _append_only() -> None:
    for table in APPEND_ONLY:
        for verb, each in (("UPDATE", "ROW"), ("DELETE", "ROW"), ("TRUNCATE", "STATEMENT")):
            head = f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
            if op.get_bind().dialect.name != "sqlite":
                op.execute(f"{head}FOR EACH {each} EXECUTE FUNCTION refuse_change()")
            elif verb != "TRUNCATE":
                op.execute(f"{head}BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END")


def _kinds(before: str, after: str) -> None:
    """Another list of kinds in the CHECK of `issued_papers`; on SQLite in the table's own SQL, as
    its documentation of ALTER TABLE describes it."""
    bind = op.get_bind()
    if bind.dialect.name != "sqlite":
        op.execute("ALTER TABLE issued_papers DROP CONSTRAINT ck_issued_papers_kind_known")
        op.execute(
            f"ALTER TABLE issued_papers ADD CONSTRAINT ck_issued_papers_kind_known CHECK ({after})"
        )
        return
    found = "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = 'issued_papers'"
    wanted = str(bind.exec_driver_sql(found).scalar())
    if wanted.count(f"CHECK ({before})") != 1:
        raise RuntimeError(f"issued_papers does not say {before!r} once: {wanted}")
    wanted = wanted.replace(f"CHECK ({before})", f"CHECK ({after})")
    version = bind.exec_driver_sql("PRAGMA schema_version").scalar()
    bind.exec_driver_sql("PRAGMA writable_schema=ON")
    bind.exec_driver_sql(
        "UPDATE sqlite_schema SET sql = ? WHERE type = 'table' AND name = 'issued_papers'", (wanted,)
    )
    bind.exec_driver_sql(f"PRAGMA schema_version={version + 1}")
    bind.exec_driver_sql("PRAGMA writable_schema=RESET")
    if str(bind.exec_driver_sql(found).scalar()) != wanted:
        raise RuntimeError("SQLite did not take the new CHECK of issued_papers")
    for question, whole in (("integrity_check", [("ok",)]), ("foreign_key_check", [])):
        said = [tuple(row) for row in bind.exec_driver_sql(f"PRAGMA {question}")]
        if said != whole:
            raise RuntimeError(f"{question} after the change of issued_papers: {said[:5]}")


def downgrade() -> None:
    for table in ("reminders", "reminder_batches", "reminder_settings"):
        op.drop_table(table)
    _kinds(AFTER, BEFORE)
