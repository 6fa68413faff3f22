"""Papers of a loan: schedule, card, receipt, payoff statement; and recommendations."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

BEFORE = "kind IN ('proposal','approval','office_refusal','bank_refusal','completion')"
AFTER = BEFORE[:-1] + ",'recommendation','schedule','card','receipt','payoff')"


def upgrade() -> None:
    _kinds(BEFORE, AFTER)
    op.create_table(
        "loan_papers",
        sa.Column("paper_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("loan_id", sa.Integer(), nullable=False),
        sa.Column("bank_id", sa.Integer(), nullable=False),
        sa.Column("schedule_id", sa.Integer(), nullable=True),
        sa.Column("sequence", sa.Integer(), nullable=True),
        sa.Column("spoken_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["paper_id", "bank_id"],
            ["issued_papers.id", "issued_papers.bank_id"],
            name="fk_loan_papers_paper",
        ),
        sa.ForeignKeyConstraint(
            ["loan_id", "bank_id"], ["loans.id", "loans.bank_id"], name="fk_loan_papers_loan"
        ),
        sa.ForeignKeyConstraint(
            ["loan_id", "sequence"],
            ["ledger_entries.loan_id", "ledger_entries.sequence"],
            name="fk_loan_papers_entry",
        ),
        sa.ForeignKeyConstraint(
            ["schedule_id"], ["schedules.id"], name=op.f("fk_loan_papers_schedule_id")
        ),
        sa.PrimaryKeyConstraint("paper_id", name=op.f("pk_loan_papers")),
    )
    op.create_index("ix_loan_papers_loan_id", "loan_papers", ["loan_id"])
    for verb, each in (("UPDATE", "ROW"), ("DELETE", "ROW"), ("TRUNCATE", "STATEMENT")):
        head = f"CREATE TRIGGER loan_papers_no_{verb.lower()} BEFORE {verb} ON loan_papers "
        if op.get_bind().dialect.name != "sqlite":
            op.execute(f"{head}FOR EACH {each} EXECUTE FUNCTION refuse_change()")
        elif verb != "TRUNCATE":
            op.execute(f"{head}BEGIN SELECT RAISE(ABORT, 'loan_papers is append-only'); END")


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
    op.drop_table("loan_papers")
    _kinds(AFTER, BEFORE)
