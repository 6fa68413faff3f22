"""Disbursements that came as rows of a bank's file, with the day of their agreement."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

COLUMNS = ("agreement_on DATE", "upload_id INTEGER", "row_number INTEGER")
ROW = (
    "(upload_id IS NULL) = (row_number IS NULL) "
    "AND (upload_id IS NULL OR application_id IS NOT NULL)"
)
KEY = "FOREIGN KEY(upload_id, bank_id) REFERENCES uploads (id, bank_id)"
# (as it stands in SQLite's own SQL of the table, as it shall stand there)
ANCHOR = (
    "CONSTRAINT ck_disbursements_source_given "
    "CHECK (application_id IS NOT NULL OR direct_reason <> '')"
)
CHANGE = (
    ANCHOR,
    f"{ANCHOR}, CONSTRAINT ck_disbursements_row_of_file CHECK ({ROW}), "
    f"CONSTRAINT fk_disbursements_upload {KEY}",
)
KEPT = "UPDATE OF upload_id, row_number, agreement_on ON disbursements"


def upgrade() -> None:
    for column in COLUMNS:
        op.execute(f"ALTER TABLE disbursements ADD COLUMN {column}")
    op.create_index(
        "uq_disbursements_row", "disbursements", ["upload_id", "row_number"], unique=True
    )
    head = f"CREATE TRIGGER disbursements_file_kept BEFORE {KEPT} "
    if op.get_bind().dialect.name == "sqlite":
        _rewrite(*CHANGE)
        op.execute(
            f"{head}BEGIN SELECT RAISE(ABORT, 'what a disbursement comes from never changes'); END"
        )
        return
    op.execute(
        f"ALTER TABLE disbursements ADD CONSTRAINT ck_disbursements_row_of_file CHECK ({ROW}), "
        f"ADD CONSTRAINT fk_disbursements_upload {KEY}"
    )
    op.execute(f"{head}FOR EACH ROW EXECUTE FUNCTION refuse_change()")


def _rewrite(before: str, after: str) -> None:
    """Change constraints of `disbursements` in place, as SQLite's page on ALTER TABLE describes it:
    rows, indexes, triggers and references stay untouched."""
    bind = op.get_bind()

    def now() -> str:
        found = "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = 'disbursements'"
        return str(bind.exec_driver_sql(found).scalar())

    if now().count(before) != 1:
        raise RuntimeError(f"disbursements does not say {before!r} once: {now()}")
    wanted = now().replace(before, after)
    version = bind.exec_driver_sql("PRAGMA schema_version").scalar()
    bind.exec_driver_sql("PRAGMA writable_schema=ON")
    bind.exec_driver_sql(
        "UPDATE sqlite_schema SET sql = ? WHERE type = 'table' AND name = 'disbursements'",
        (wanted,),
    )
    bind.exec_driver_sql(f"PRAGMA schema_version={version + 1}")
    bind.exec_driver_sql("PRAGMA writable_schema=RESET")
    if now() != wanted:
        raise RuntimeError("SQLite did not take the new constraints of disbursements")
    for question, whole in (("integrity_check", [("ok",)]), ("foreign_key_check", [])):
        found = [tuple(row) for row in bind.exec_driver_sql(f"PRAGMA {question}")]
        if found != whole:
            raise RuntimeError(f"{question} after the change of disbursements: {found[:5]}")


def downgrade() -> None:
    """Loans and disbursements stay; from which file and row they came is forgotten."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    op.execute("DROP TRIGGER disbursements_file_kept" + ("" if sqlite else " ON disbursements"))
    op.drop_index("uq_disbursements_row", table_name="disbursements")
    if sqlite:
        _rewrite(CHANGE[1], CHANGE[0])
    else:
        op.execute(
            "ALTER TABLE disbursements DROP CONSTRAINT fk_disbursements_upload, "
            "DROP CONSTRAINT ck_disbursements_row_of_file"
        )
    for column in COLUMNS[::-1]:
        op.execute(f"ALTER TABLE disbursements DROP COLUMN {column.split()[0]}")
