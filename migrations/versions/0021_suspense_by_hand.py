"""Titipan may come from a payment recorded by hand: what its loan did not owe any more."""

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

SOURCE = (
    "(upload_id IS NULL) = (row_number IS NULL) AND (upload_id IS NULL) = (entry IS NOT NULL) "
    "AND (entry IS NULL OR (loan_id IS NOT NULL AND approved_by IS NOT NULL "
    "AND approved_by <> entered_by))"
)
RULE = f"CONSTRAINT ck_suspense_entries_has_source CHECK ({SOURCE})"
# Entries are never taken away, so one that is there at the beginning is there for ever.
NO_ENTRY = """NOT EXISTS (
    SELECT 1 FROM ledger_entries e WHERE e.loan_id = NEW.loan_id AND e.sequence = NEW.entry
    AND e.bank_id = NEW.bank_id AND e.upload_id IS NULL AND e.request_id IS NOT NULL)"""
SAID = "titipan by hand is what an entry by hand left over"
TRIGGER = "suspense_entries_of_entry"
COLUMNS = ("upload_id", "row_number")
LAST = "UNIQUE (upload_id, row_number)"


def upgrade() -> None:
    op.execute("ALTER TABLE suspense_entries ADD COLUMN entry INTEGER")
    if op.get_bind().dialect.name == "sqlite":
        for column in COLUMNS:
            _rewrite(f"{column} INTEGER NOT NULL", f"{column} INTEGER")
        _rewrite(LAST, f"{LAST}, {RULE}")
        op.execute(
            f"CREATE TRIGGER {TRIGGER} BEFORE INSERT ON suspense_entries "
            f"WHEN NEW.entry IS NOT NULL AND ({NO_ENTRY}) BEGIN SELECT RAISE(ABORT, '{SAID}'); END"
        )
        return
    for column in COLUMNS:
        op.execute(f"ALTER TABLE suspense_entries ALTER COLUMN {column} DROP NOT NULL")
    op.execute(f"ALTER TABLE suspense_entries ADD {RULE}")
    op.execute(
        f"CREATE FUNCTION {TRIGGER}() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN IF {NO_ENTRY} THEN RAISE EXCEPTION '{SAID}'; END IF; RETURN NEW; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {TRIGGER} BEFORE INSERT ON suspense_entries FOR EACH ROW "
        f"WHEN (NEW.entry IS NOT NULL) EXECUTE FUNCTION {TRIGGER}()"
    )


def _rewrite(before: str, after: str) -> None:
    """Change a column of `suspense_entries` in place, as SQLite's page on ALTER TABLE describes it:
    rows, indexes, triggers and references stay untouched."""
    bind = op.get_bind()

    def now() -> str:
        found = "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = 'suspense_entries'"
        return str(bind.exec_driver_sql(found).scalar())

    if now().count(before) != 1:
        raise RuntimeError(f"suspense_entries does not say {before!r} once: {now()}")
    wanted = now().replace(before, after)
    version = bind.exec_driver_sql("PRAGMA schema_version").scalar()
    bind.exec_driver_sql("PRAGMA writable_schema=ON")
    bind.exec_driver_sql(
        "UPDATE sqlite_schema SET sql = ? WHERE type = 'table' AND name = 'suspense_entries'",
        (wanted,),
    )
    bind.exec_driver_sql(f"PRAGMA schema_version={version + 1}")
    bind.exec_driver_sql("PRAGMA writable_schema=RESET")
    if now() != wanted:
        raise RuntimeError("SQLite did not take the change of suspense_entries")
    for question, whole in (("integrity_check", [("ok",)]), ("foreign_key_check", [])):
        found = [tuple(row) for row in bind.exec_driver_sql(f"PRAGMA {question}")]
        if found != whole:
            raise RuntimeError(f"{question} after the change of suspense_entries: {found[:5]}")


def downgrade() -> None:
    """Only while no titipan was made by hand: it would have no place any more."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute(f"DROP TRIGGER {TRIGGER}")
        _rewrite(f"{LAST}, {RULE}", LAST)
        for column in COLUMNS:
            _rewrite(f"{column} INTEGER", f"{column} INTEGER NOT NULL")
    else:
        op.execute(f"DROP FUNCTION {TRIGGER}() CASCADE")
        op.execute("ALTER TABLE suspense_entries DROP CONSTRAINT ck_suspense_entries_has_source")
        for column in COLUMNS:
            op.execute(f"ALTER TABLE suspense_entries ALTER COLUMN {column} SET NOT NULL")
    op.execute("ALTER TABLE suspense_entries DROP COLUMN entry")
