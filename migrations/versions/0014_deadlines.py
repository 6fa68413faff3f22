"""How long each step of an application may take, and until when the step of each one is due."""

import datetime as dt

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

TABLE = "deadline_settings"
# Days that came with the program (chosen), until somebody enters the office's own.
DAYS = {
    "draft": 14, "submitted": 14, "visited": 7, "recommended": 7, "sent": 21, "approved": 14,
    "returned": 14,
}  # fmt: skip
SANE = (
    "draft BETWEEN 1 AND 365 AND submitted BETWEEN 1 AND 365 "
    "AND visited BETWEEN 1 AND 365 AND recommended BETWEEN 1 AND 365 "
    "AND sent BETWEEN 1 AND 365 AND approved BETWEEN 1 AND 365 "
    "AND returned BETWEEN 1 AND 365"
)
WHILE_OPEN = (
    "due_on IS NULL OR "
    "state NOT IN ('disbursed','refused_by_office','refused_by_bank','withdrawn')"
)


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    settings = op.create_table(
        TABLE,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        *(sa.Column(state, sa.Integer(), nullable=True) for state in DAYS),
        sa.Column("entered_by", sa.Integer(), nullable=True),
        sa.Column("entered_at", sa.DateTime(), nullable=True),
        sa.CheckConstraint(
            "(entered_by IS NULL) = (entered_at IS NULL)", name=op.f(f"ck_{TABLE}_entered")
        ),
        sa.CheckConstraint(SANE, name=op.f(f"ck_{TABLE}_days_sane")),
        sa.ForeignKeyConstraint(["entered_by"], ["users.id"], name=op.f(f"fk_{TABLE}_entered_by")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{TABLE}")),
    )
    op.create_index(f"ix_{TABLE}_valid_from", TABLE, ["valid_from", "id"])
    op.bulk_insert(settings, [{"valid_from": dt.date(2000, 1, 1), **DAYS}])
    check = f"CONSTRAINT ck_applications_due_while_open CHECK ({WHILE_OPEN})"
    if sqlite:
        op.execute(f"ALTER TABLE applications ADD COLUMN due_on DATE {check}")
    else:
        op.add_column("applications", sa.Column("due_on", sa.Date(), nullable=True))
        op.execute(f"ALTER TABLE applications ADD {check}")
    for state, days in DAYS.items():
        entered = (
            f"date(state_since, '+7 hours', '+{days} days')"
            if sqlite
            else f"(state_since + interval '7 hours')::date + {days}"
        )
        op.execute(f"UPDATE applications SET due_on = {entered} WHERE state = '{state}'")
    op.create_index("ix_applications_due_on", "applications", ["due_on"])
    for verb, each in (("UPDATE", "ROW"), ("DELETE", "ROW"), ("TRUNCATE", "STATEMENT")):
        head = f"CREATE TRIGGER {TABLE}_no_{verb.lower()} BEFORE {verb} ON {TABLE} "
        if not sqlite:
            op.execute(f"{head}FOR EACH {each} EXECUTE FUNCTION refuse_change()")
        elif verb != "TRUNCATE":
            op.execute(f"{head}BEGIN SELECT RAISE(ABORT, '{TABLE} is append-only'); END")


def downgrade() -> None:
    op.drop_index("ix_applications_due_on", "applications")
    op.drop_table(TABLE)
    op.execute("ALTER TABLE applications DROP COLUMN due_on")
