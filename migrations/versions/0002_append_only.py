"""The journal, the schedules, titipan and the trail are append-only; a loan's terms never change."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

APPEND_ONLY = ("ledger_entries", "suspense_entries", "schedule_rows", "trail_entries")
COPIED_TERMS = (
    "number",
    "bank_id",
    "borrower_id",
    "account_number",
    "disbursed_on",
    "principal",
    "rate",
    "months",
    "method",
    "multiple",
    "opened_on",
)
KEPT_OF_UPLOAD = ("bank_id", "kind", "sha256", "content", "uploaded_by", "uploaded_at")


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _sqlite()
    else:
        _postgresql()


def _sqlite() -> None:
    for table in APPEND_ONLY:
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
    op.execute(
        f"CREATE TRIGGER loans_terms_kept BEFORE UPDATE OF {', '.join(COPIED_TERMS)} ON loans "
        "BEGIN SELECT RAISE(ABORT, 'the terms of a loan never change'); END"
    )
    op.execute(
        "CREATE TRIGGER loans_no_delete BEFORE DELETE ON loans "
        "BEGIN SELECT RAISE(ABORT, 'a loan is never deleted'); END"
    )
    op.execute(
        f"CREATE TRIGGER uploads_file_kept BEFORE UPDATE OF {', '.join(KEPT_OF_UPLOAD)} ON uploads "
        "BEGIN SELECT RAISE(ABORT, 'a received file never changes'); END"
    )
    op.execute(
        "CREATE TRIGGER uploads_no_delete BEFORE DELETE ON uploads "
        "BEGIN SELECT RAISE(ABORT, 'a received file is never deleted'); END"
    )


def _postgresql() -> None:
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
    )
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    for table, name, columns in (
        ("loans", "loans_terms_kept", COPIED_TERMS),
        ("uploads", "uploads_file_kept", KEPT_OF_UPLOAD),
    ):
        op.execute(
            f"CREATE TRIGGER {name} BEFORE UPDATE OF {', '.join(columns)} ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for table in APPEND_ONLY:
            op.execute(f"DROP TRIGGER {table}_no_update")
            op.execute(f"DROP TRIGGER {table}_no_delete")
        for name in ("loans_terms_kept", "loans_no_delete", "uploads_file_kept", "uploads_no_delete"):
            op.execute(f"DROP TRIGGER {name}")
    else:
        op.execute("DROP FUNCTION refuse_change() CASCADE")
