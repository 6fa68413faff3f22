"""Files of five kinds: register, decisions and disbursements beside repayments and portfolio.

New files are sealed, a kind may keep figures of its own, and two persons are asked where money or
loans come of a file.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

KINDS_BEFORE = "kind IN ('repayments','portfolio')"
KINDS = "kind IN ('repayments','portfolio','register','decisions','disbursements')"
PERSONS_BEFORE = "posted_by IS NULL OR posted_by <> submitted_by"
PERSONS = (
    "kind NOT IN ('repayments','disbursements') OR posted_by IS NULL "
    "OR (posted_by <> uploaded_by AND (submitted_by IS NULL OR posted_by <> submitted_by))"
)
BANK = "(kind = 'register') = (bank_id IS NULL)"
KEPT = ("bank_id", "kind", "sha256", "content", "uploaded_by", "uploaded_at")
# (as it stands in the table's own SQL, as it shall stand there)
CHANGES = (
    ("kind VARCHAR(12) NOT NULL", "kind VARCHAR(20) NOT NULL"),
    (f"CHECK ({KINDS_BEFORE})", f"CHECK ({KINDS})"),
    (
        f"CONSTRAINT ck_uploads_two_persons CHECK ({PERSONS_BEFORE})",
        f"CONSTRAINT ck_uploads_two_persons CHECK ({PERSONS}), "
        f"CONSTRAINT ck_uploads_bank_of_kind CHECK ({BANK})",
    ),
)


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    _drop_trigger(sqlite)
    op.execute("ALTER TABLE uploads ADD COLUMN sealed BOOLEAN DEFAULT FALSE NOT NULL")
    op.execute("ALTER TABLE uploads ADD COLUMN summary TEXT DEFAULT '{}' NOT NULL")
    if sqlite:
        _rewrite(CHANGES)
    else:
        _checks(20, {"kind_known": KINDS, "two_persons": PERSONS, "bank_of_kind": BANK})
    _make_trigger(sqlite, (*KEPT, "sealed"))


def _rewrite(changes) -> None:
    """Change CHECKs of `uploads` in place, as SQLite's documentation of ALTER TABLE describes it.

    Rows, indexes, triggers and foreign keys stay untouched. A row that breaks a new CHECK stops the
    migration, which is undone as a whole.
    """
    bind = op.get_bind()

    def now() -> str:
        found = "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = 'uploads'"
        return str(bind.exec_driver_sql(found).scalar())

    wanted = now()
    for before, after in changes:
        if wanted.count(before) != 1:
            raise RuntimeError(f"uploads does not say {before!r} once: {wanted}")
        wanted = wanted.replace(before, after)
    version = bind.exec_driver_sql("PRAGMA schema_version").scalar()
    bind.exec_driver_sql("PRAGMA writable_schema=ON")
    bind.exec_driver_sql(
        "UPDATE sqlite_schema SET sql = ? WHERE type = 'table' AND name = 'uploads'", (wanted,)
    )
    bind.exec_driver_sql(f"PRAGMA schema_version={version + 1}")
    bind.exec_driver_sql("PRAGMA writable_schema=RESET")
    if now() != wanted:
        raise RuntimeError("SQLite did not take the new CHECKs of uploads")
    for question, whole in (("integrity_check", [("ok",)]), ("foreign_key_check", [])):
        found = [tuple(row) for row in bind.exec_driver_sql(f"PRAGMA {question}")]
        if found != whole:
            raise RuntimeError(f"{question} after the change of uploads: {found[:5]}")


def _checks(width: int, rules: dict) -> None:
    op.execute(f"ALTER TABLE uploads ALTER COLUMN kind TYPE VARCHAR({width})")
    for name in ("kind_known", "two_persons", "bank_of_kind"):
        op.execute(f"ALTER TABLE uploads DROP CONSTRAINT IF EXISTS ck_uploads_{name}")
        if name in rules:
            op.execute(f"ALTER TABLE uploads ADD CONSTRAINT ck_uploads_{name} CHECK ({rules[name]})")
    for name in ("sealed", "summary"):
        op.execute(f"ALTER TABLE uploads ALTER COLUMN {name} DROP DEFAULT")


def _drop_trigger(sqlite: bool) -> None:
    op.execute("DROP TRIGGER uploads_file_kept" + ("" if sqlite else " ON uploads"))


def _make_trigger(sqlite: bool, columns: tuple) -> None:
    told = f"CREATE TRIGGER uploads_file_kept BEFORE UPDATE OF {', '.join(columns)} ON uploads "
    if sqlite:
        op.execute(f"{told}BEGIN SELECT RAISE(ABORT, 'a received file never changes'); END")
    else:
        op.execute(f"{told}FOR EACH ROW EXECUTE FUNCTION refuse_change()")


def downgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    sealed = op.get_bind().execute(sa.text("SELECT count(*) FROM uploads WHERE sealed")).scalar()
    if sealed:
        raise RuntimeError(f"{sealed} files are sealed; an older version could not read them")
    _drop_trigger(sqlite)
    if sqlite:
        _rewrite([(after, before) for before, after in CHANGES])
    else:
        _checks(12, {"kind_known": KINDS_BEFORE, "two_persons": PERSONS_BEFORE})
    op.drop_column("uploads", "summary")
    op.drop_column("uploads", "sealed")
    _make_trigger(sqlite, KEPT)
