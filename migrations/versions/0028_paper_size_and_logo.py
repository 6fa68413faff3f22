"""The office's paper size, and the logo in the head of its papers, dated like the rest."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    op.create_table(
        "office_logos",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("entered_by", sa.Integer(), nullable=False),
        sa.Column("entered_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("length(digest) = 64", name=op.f("ck_office_logos_digest_whole")),
        sa.ForeignKeyConstraint(
            ["entered_by"], ["users.id"], name=op.f("fk_office_logos_entered_by")
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_office_logos")),
    )
    for verb, each in (("UPDATE", "ROW"), ("DELETE", "ROW"), ("TRUNCATE", "STATEMENT")):
        head = f"CREATE TRIGGER office_logos_no_{verb.lower()} BEFORE {verb} ON office_logos "
        if not sqlite:
            op.execute(f"{head}FOR EACH {each} EXECUTE FUNCTION refuse_change()")
        elif verb != "TRUNCATE":
            op.execute(f"{head}BEGIN SELECT RAISE(ABORT, 'office_logos is append-only'); END")
    op.execute(
        "ALTER TABLE office_profiles ADD COLUMN paper VARCHAR(2) DEFAULT 'A4' NOT NULL "
        "CONSTRAINT ck_office_profiles_paper_known CHECK (paper IN ('A4','F4'))"
    )
    op.execute(
        "ALTER TABLE office_profiles ADD COLUMN logo VARCHAR(64) "
        "CONSTRAINT fk_office_profiles_logo REFERENCES office_logos (digest)"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE office_profiles DROP COLUMN logo")
    op.execute("ALTER TABLE office_profiles DROP COLUMN paper")
    op.drop_table("office_logos")
