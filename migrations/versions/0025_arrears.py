"""Notes of visits, calls and promises about late loans, and who follows a loan; append-only."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

APPEND_ONLY = ("arrears_contacts", "contact_strikes", "arrears_officers")
CHECKS = {
    "kind_known": "kind IN ('visit','call','message','office')",
    "outcome_known": (
        "outcome IN ('promise','paid','unable','absent','moved','refused','other')"
    ),
    "promise": "(outcome = 'promise') = (promise_amount IS NOT NULL)",
    "promise_whole": "(promise_amount IS NULL) = (promise_on IS NULL)",
    "promise_positive": "promise_amount > 0",
    "promise_after": "promise_on >= contacted_on",
}


def upgrade() -> None:
    op.create_table(
        "arrears_contacts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("loan_id", sa.Integer(), nullable=False),
        sa.Column("bank_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("contacted_on", sa.Date(), nullable=False),
        sa.Column("officer_id", sa.Integer(), nullable=False),
        sa.Column("met", sa.String(length=120), nullable=False),
        sa.Column("outcome", sa.String(length=8), nullable=False),
        sa.Column("promise_amount", sa.BigInteger(), nullable=True),
        sa.Column("promise_on", sa.Date(), nullable=True),
        sa.Column("note", sa.String(length=1000), nullable=False),
        *_entered("arrears_contacts"),
        *(
            sa.CheckConstraint(rule, name=op.f(f"ck_arrears_contacts_{name}"))
            for name, rule in CHECKS.items()
        ),
        _of_loan("arrears_contacts"),
        sa.ForeignKeyConstraint(
            ["officer_id"], ["users.id"], name=op.f("fk_arrears_contacts_officer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_arrears_contacts")),
    )
    op.create_index(
        "ix_arrears_contacts_loan", "arrears_contacts", ["loan_id", "contacted_on", "id"]
    )
    op.create_table(
        "contact_strikes",
        sa.Column("contact_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        *_entered("contact_strikes"),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["arrears_contacts.id"], name=op.f("fk_contact_strikes_contact_id")
        ),
        sa.PrimaryKeyConstraint("contact_id", name=op.f("pk_contact_strikes")),
    )
    op.create_table(
        "arrears_officers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("loan_id", sa.Integer(), nullable=False),
        sa.Column("bank_id", sa.Integer(), nullable=False),
        sa.Column("officer_id", sa.Integer(), nullable=True),
        *_entered("arrears_officers"),
        _of_loan("arrears_officers"),
        sa.ForeignKeyConstraint(
            ["officer_id"], ["users.id"], name=op.f("fk_arrears_officers_officer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_arrears_officers")),
    )
    op.create_index("ix_arrears_officers_loan", "arrears_officers", ["loan_id", "id"])
    _append_only()


def _entered(table):
    return (
        sa.Column("entered_by", sa.Integer(), nullable=False),
        sa.Column("entered_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["entered_by"], ["users.id"], name=op.f(f"fk_{table}_entered_by")),
    )


def _of_loan(table):
    return sa.ForeignKeyConstraint(
        ["loan_id", "bank_id"], ["loans.id", "loans.bank_id"], name=f"fk_{table}_loan"
    )


def _append_only() -> None:
    for table in APPEND_ONLY:
        for verb, each in (("UPDATE", "ROW"), ("DELETE", "ROW"), ("TRUNCATE", "STATEMENT")):
            head = f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
            if op.get_bind().dialect.name != "sqlite":
                op.execute(f"{head}FOR EACH {each} EXECUTE FUNCTION refuse_change()")
            elif verb != "TRUNCATE":
                op.execute(f"{head}BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END")


def downgrade() -> None:
    for table in ("arrears_officers", "contact_strikes", "arrears_contacts"):
        op.drop_table(table)
