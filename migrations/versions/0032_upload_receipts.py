"""The receipt of a posted file: a kind of paper and its file; and where a checked file's money is
to go, so that it can be shown loan by loan before it is posted."""

import re

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

NEW = "upload_receipt"
KINDS = re.compile(r"CHECK \((kind IN \([^)]*\))\)")


def upgrade() -> None:
    _kinds(lambda kinds: [*kinds, NEW])
    op.create_table(
        "upload_papers",
        sa.Column("paper_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("upload_id", sa.Integer(), nullable=False),
        sa.Column("bank_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["paper_id", "bank_id"],
            ["issued_papers.id", "issued_papers.bank_id"],
            name="fk_upload_papers_paper",
        ),
        sa.ForeignKeyConstraint(
            ["upload_id", "bank_id"],
            ["uploads.id", "uploads.bank_id"],
            name="fk_upload_papers_upload",
        ),
        sa.PrimaryKeyConstraint("paper_id", name=op.f("pk_upload_papers")),
    )
    op.create_index("ix_upload_papers_upload_id", "upload_papers", ["upload_id"])
    for verb, each in (("UPDATE", "ROW"), ("DELETE", "ROW"), ("TRUNCATE", "STATEMENT")):
        head = f"CREATE TRIGGER upload_papers_no_{verb.lower()} BEFORE {verb} ON upload_papers "
        if op.get_bind().dialect.name != "sqlite":
            op.execute(f"{head}FOR EACH {each} EXECUTE FUNCTION refuse_change()")
        elif verb != "TRUNCATE":
            op.execute(f"{head}BEGIN SELECT RAISE(ABORT, 'upload_papers is append-only'); END")
    op.create_table(
        "upload_plans",
        sa.Column("upload_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["upload_id"], ["uploads.id"], name=op.f("fk_upload_plans_upload_id")
        ),
        sa.PrimaryKeyConstraint("upload_id", name=op.f("pk_upload_plans")),
    )


def _kinds(change) -> None:
    """Another list of kinds in the CHECK of `issued_papers`, whatever stands in it; on SQLite in
    the table's own SQL, as its documentation of ALTER TABLE describes it."""
    bind = op.get_bind()
    if bind.dialect.name != "sqlite":
        found = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = "
        name = "ck_issued_papers_kind_known"
        here = " AND connamespace = current_schema()::regnamespace"
        said = str(bind.exec_driver_sql(f"{found}'{name}'{here}").scalar())
        listed = ",".join(f"'{kind}'" for kind in change(re.findall(r"'(\w+)'", said)))
        op.execute(f"ALTER TABLE issued_papers DROP CONSTRAINT {name}")
        op.execute(f"ALTER TABLE issued_papers ADD CONSTRAINT {name} CHECK (kind IN ({listed}))")
        return
    found = "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = 'issued_papers'"
    before = str(bind.exec_driver_sql(found).scalar())
    (said,) = KINDS.findall(before)
    listed = ",".join(f"'{kind}'" for kind in change(re.findall(r"'(\w+)'", said)))
    wanted = before.replace(said, f"kind IN ({listed})")
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
    op.drop_table("upload_plans")
    op.drop_table("upload_papers")
    _kinds(lambda kinds: [kind for kind in kinds if kind != NEW])
