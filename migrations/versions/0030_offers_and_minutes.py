"""Payoff offers and minutes of a decided change: kinds of papers, and the request they speak of."""

from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

BEFORE = (
    "kind IN ('proposal','approval','office_refusal','bank_refusal','completion',"
    "'recommendation','schedule','card','receipt','payoff','reminder')"
)
AFTER = BEFORE[:-1] + ",'offer','minutes')"


def upgrade() -> None:
    _kinds(BEFORE, AFTER)
    op.execute(
        "ALTER TABLE loan_papers ADD COLUMN request_id INTEGER "
        "CONSTRAINT fk_loan_papers_request_id REFERENCES loan_requests (id)"
    )


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
    op.execute("ALTER TABLE loan_papers DROP COLUMN request_id")
    _kinds(AFTER, BEFORE)
