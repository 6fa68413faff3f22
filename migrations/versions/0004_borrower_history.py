"""Every change of a borrower's data is kept, append-only; pairs that are two different people too."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "borrower_changes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("borrower_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("field", sa.String(length=30), nullable=False),
        sa.Column("before", sa.String(length=200), nullable=False),
        sa.Column("after", sa.String(length=200), nullable=False),
        sa.Column("before_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("after_sealed", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            "(field = 'nik') = (before_sealed IS NOT NULL AND after_sealed IS NOT NULL)",
            name=op.f("ck_borrower_changes_nik_sealed"),
        ),
        sa.CheckConstraint(
            "field = 'nik' OR before <> after", name=op.f("ck_borrower_changes_changed")
        ),
        sa.ForeignKeyConstraint(
            ["borrower_id"], ["borrowers.id"], name=op.f("fk_borrower_changes_borrower_id")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_borrower_changes_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_borrower_changes")),
    )
    op.create_index("ix_borrower_changes_borrower", "borrower_changes", ["borrower_id", "id"])
    op.create_table(
        "borrower_distinct",
        sa.Column("first_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("second_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("first_id < second_id", name=op.f("ck_borrower_distinct_in_order")),
        sa.ForeignKeyConstraint(
            ["first_id"], ["borrowers.id"], name=op.f("fk_borrower_distinct_first_id")
        ),
        sa.ForeignKeyConstraint(
            ["second_id"], ["borrowers.id"], name=op.f("fk_borrower_distinct_second_id")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_borrower_distinct_user_id")
        ),
        sa.PrimaryKeyConstraint("first_id", "second_id", name=op.f("pk_borrower_distinct")),
    )
    op.create_index("ix_borrowers_nik", "borrowers", ["nik_index"])
    op.create_index("ix_borrowers_phone", "borrowers", ["phone"])
    op.create_index("ix_borrowers_birth_date", "borrowers", ["birth_date"])
    _keep_changes()


def _keep_changes() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER borrower_changes_no_{verb.lower()} BEFORE {verb} "
                "ON borrower_changes "
                "BEGIN SELECT RAISE(ABORT, 'borrower_changes is append-only'); END"
            )
        return
    for verb, each in (("UPDATE", "ROW"), ("DELETE", "ROW"), ("TRUNCATE", "STATEMENT")):
        op.execute(
            f"CREATE TRIGGER borrower_changes_no_{verb.lower()} BEFORE {verb} "
            f"ON borrower_changes FOR EACH {each} EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    op.drop_index("ix_borrowers_birth_date", table_name="borrowers")
    op.drop_index("ix_borrowers_phone", table_name="borrowers")
    op.drop_index("ix_borrowers_nik", table_name="borrowers")
    op.drop_table("borrower_distinct")
    op.drop_table("borrower_changes")
