"""What a file of SI-UMI would change, row by row, and which file and row a change came from."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

KEPT = ("register_lines", "register_changes")


def upgrade() -> None:
    op.execute(
        "ALTER TABLE borrower_changes ADD COLUMN upload_id INTEGER "
        "CONSTRAINT fk_borrower_changes_upload_id REFERENCES uploads (id)"
    )
    op.execute(
        "ALTER TABLE borrower_changes ADD COLUMN row_number INTEGER "
        "CONSTRAINT ck_borrower_changes_from_row "
        "CHECK ((upload_id IS NULL) = (row_number IS NULL))"
    )
    op.create_table(
        "register_lines",
        sa.Column("upload_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("row_number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("outcome", sa.String(length=8), nullable=False),
        sa.Column("borrower_id", sa.Integer(), nullable=True),
        sa.Column("confirmed", sa.Boolean(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("name_key", sa.String(length=120), nullable=False),
        sa.Column("nik_tail", sa.String(length=4), nullable=False),
        sa.Column("business_name", sa.String(length=120), nullable=False),
        sa.Column("sector", sa.String(length=60), nullable=False),
        sa.Column("kelurahan_code", sa.String(length=13), nullable=False),
        sa.Column("phone", sa.String(length=30), nullable=False),
        sa.Column("like_id", sa.Integer(), nullable=True),
        sa.Column("like_row", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('new','changed','held')", name=op.f("ck_register_lines_outcome_known")
        ),
        sa.CheckConstraint(
            "outcome = 'new' OR borrower_id IS NOT NULL",
            name=op.f("ck_register_lines_borrower_known"),
        ),
        sa.CheckConstraint(
            "NOT confirmed OR outcome = 'changed'", name=op.f("ck_register_lines_confirmed_change")
        ),
        sa.ForeignKeyConstraint(
            ["borrower_id"], ["borrowers.id"], name=op.f("fk_register_lines_borrower_id")
        ),
        sa.ForeignKeyConstraint(
            ["kelurahan_code"], ["kelurahan.code"], name=op.f("fk_register_lines_kelurahan_code")
        ),
        sa.ForeignKeyConstraint(
            ["like_id"], ["borrowers.id"], name=op.f("fk_register_lines_like_id")
        ),
        sa.ForeignKeyConstraint(
            ["upload_id"], ["uploads.id"], name=op.f("fk_register_lines_upload_id")
        ),
        sa.PrimaryKeyConstraint("upload_id", "row_number", name=op.f("pk_register_lines")),
    )
    op.create_index(
        "ix_register_lines_outcome", "register_lines", ["upload_id", "outcome", "row_number"]
    )
    op.create_index(
        "ix_register_lines_borrower",
        "register_lines",
        ["borrower_id"],
        sqlite_where=sa.text("borrower_id IS NOT NULL"),
        postgresql_where=sa.text("borrower_id IS NOT NULL"),
    )
    op.create_table(
        "register_changes",
        sa.Column("upload_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("row_number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("field", sa.String(length=30), nullable=False),
        sa.Column("before", sa.String(length=200), nullable=False),
        sa.Column("after", sa.String(length=200), nullable=False),
        sa.CheckConstraint("before <> after", name=op.f("ck_register_changes_changed")),
        sa.ForeignKeyConstraint(
            ["upload_id", "row_number"],
            ["register_lines.upload_id", "register_lines.row_number"],
            name="fk_register_changes_line",
        ),
        sa.PrimaryKeyConstraint(
            "upload_id", "row_number", "field", name=op.f("pk_register_changes")
        ),
    )
    _keep_what_was_applied()


def _keep_what_was_applied() -> None:
    """Whoever looks later must find what the officer saw: a posted file's lines never change."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    if not sqlite:
        op.execute(
            "CREATE FUNCTION refuse_if_posted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "IF EXISTS (SELECT 1 FROM uploads WHERE status = 'posted' AND id = "
            "CASE WHEN TG_OP = 'INSERT' THEN NEW.upload_id ELSE OLD.upload_id END) THEN "
            "RAISE EXCEPTION '% of an applied file are kept', TG_TABLE_NAME; END IF; "
            "IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW; END $$"
        )
    for table in KEPT:
        for verb, side in (("INSERT", "NEW"), ("UPDATE", "OLD"), ("DELETE", "OLD")):
            head = f"CREATE TRIGGER {table}_kept_{verb.lower()} BEFORE {verb} ON {table} "
            if sqlite:
                op.execute(
                    f"{head}WHEN (SELECT status FROM uploads WHERE id = {side}.upload_id) = "
                    f"'posted' BEGIN SELECT RAISE(ABORT, '{table} of an applied file are kept'); END"
                )
            else:
                op.execute(f"{head}FOR EACH ROW EXECUTE FUNCTION refuse_if_posted()")
        if not sqlite:
            op.execute(
                f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
            )


def downgrade() -> None:
    op.drop_table("register_changes")
    op.drop_table("register_lines")
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION refuse_if_posted()")
    op.execute("ALTER TABLE borrower_changes DROP COLUMN row_number")
    op.execute("ALTER TABLE borrower_changes DROP COLUMN upload_id")
