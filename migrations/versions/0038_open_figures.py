"""Whether the public may see the programme's figures: a dated setting, off until somebody says so."""

import datetime as dt

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

TABLE = "open_figures_settings"


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    settings = op.create_table(
        TABLE,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("entered_by", sa.Integer(), nullable=True),
        sa.Column("entered_at", sa.DateTime(), nullable=True),
        sa.CheckConstraint(
            "(entered_by IS NULL) = (entered_at IS NULL)", name=op.f(f"ck_{TABLE}_entered")
        ),
        sa.CheckConstraint(
            "entered_by IS NOT NULL OR NOT is_open", name=op.f(f"ck_{TABLE}_opened_by_somebody")
        ),
        sa.CheckConstraint("reason <> ''", name=op.f(f"ck_{TABLE}_reason_given")),
        sa.ForeignKeyConstraint(["entered_by"], ["users.id"], name=op.f(f"fk_{TABLE}_entered_by")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{TABLE}")),
    )
    op.create_index(f"ix_{TABLE}_valid_from", TABLE, ["valid_from", "id"])
    first = {"valid_from": dt.date(2000, 1, 1), "is_open": False, "reason": "Keadaan awal"}
    op.bulk_insert(settings, [first])
    for verb, each in (("UPDATE", "ROW"), ("DELETE", "ROW"), ("TRUNCATE", "STATEMENT")):
        head = f"CREATE TRIGGER {TABLE}_no_{verb.lower()} BEFORE {verb} ON {TABLE} "
        if not sqlite:
            op.execute(f"{head}FOR EACH {each} EXECUTE FUNCTION refuse_change()")
        elif verb != "TRUNCATE":
            op.execute(f"{head}BEGIN SELECT RAISE(ABORT, '{TABLE} is append-only'); END")


def downgrade() -> None:
    op.drop_table(TABLE)
