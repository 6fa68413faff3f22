"""A bank's headings are taught by an administrator: who and when, date order and decimal mark, and
the example while it lasts. History is append-only; of two that begin on a day the later counts."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

OLD = "id, bank_id, kind, valid_from, columns"
CHECKS = {
    "date_order_known": "date_order IN ('dmy','ymd')",
    "decimal_mark_known": "decimal_mark IN (',','.')",
    "entered": "(entered_by IS NULL) = (entered_at IS NULL)",
}


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _sqlite()
    else:
        _postgresql()
    op.create_index("ix_bank_layouts_bank", "bank_layouts", ["bank_id", "kind", "valid_from"])
    op.create_table(
        "layout_examples",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("bank_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("filename", sa.String(200), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("uploaded_by", sa.Integer(), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["bank_id"], ["banks.id"], name=op.f("fk_layout_examples_bank_id")),
        sa.ForeignKeyConstraint(
            ["uploaded_by"], ["users.id"], name=op.f("fk_layout_examples_uploaded_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_layout_examples")),
    )
    op.create_index("ix_layout_examples_uploaded_at", "layout_examples", ["uploaded_at"])


def _sqlite() -> None:
    """Nothing refers to the table, so it is made anew without its UNIQUE."""
    checks = ", ".join(
        f"CONSTRAINT ck_bank_layouts_{name} CHECK ({rule})" for name, rule in CHECKS.items()
    )
    op.execute("ALTER TABLE bank_layouts RENAME TO bank_layouts_before")
    op.execute(
        "CREATE TABLE bank_layouts (id INTEGER NOT NULL, bank_id INTEGER NOT NULL, "
        "kind VARCHAR(20) NOT NULL, valid_from DATE NOT NULL, columns TEXT NOT NULL, "
        "ignored TEXT NOT NULL, date_order VARCHAR(3) NOT NULL, decimal_mark VARCHAR(1), "
        "entered_by INTEGER, entered_at DATETIME, "
        f"CONSTRAINT pk_bank_layouts PRIMARY KEY (id), {checks}, "
        "CONSTRAINT fk_bank_layouts_bank_id FOREIGN KEY(bank_id) REFERENCES banks (id), "
        "CONSTRAINT fk_bank_layouts_entered_by FOREIGN KEY(entered_by) REFERENCES users (id))"
    )
    op.execute(
        f"INSERT INTO bank_layouts ({OLD}, ignored, date_order) "
        f"SELECT {OLD}, '[]', 'dmy' FROM bank_layouts_before"
    )
    op.execute("DROP TABLE bank_layouts_before")
    for verb in ("update", "delete"):
        op.execute(
            f"CREATE TRIGGER bank_layouts_no_{verb} BEFORE {verb.upper()} ON bank_layouts "
            "BEGIN SELECT RAISE(ABORT, 'bank_layouts is append-only'); END"
        )


def _postgresql() -> None:
    table = "ALTER TABLE bank_layouts"
    op.execute(f"{table} DROP CONSTRAINT uq_bank_layouts_bank_id_kind_valid_from")
    op.execute(f"{table} ADD COLUMN ignored TEXT NOT NULL DEFAULT '[]'")
    op.execute(f"{table} ADD COLUMN date_order VARCHAR(3) NOT NULL DEFAULT 'dmy'")
    for column in ("ignored", "date_order"):
        op.execute(f"{table} ALTER COLUMN {column} DROP DEFAULT")
    op.execute(f"{table} ADD COLUMN decimal_mark VARCHAR(1)")
    op.execute(
        f"{table} ADD COLUMN entered_by INTEGER "
        "CONSTRAINT fk_bank_layouts_entered_by REFERENCES users (id)"
    )
    op.execute(f"{table} ADD COLUMN entered_at TIMESTAMP")
    for name, rule in CHECKS.items():
        op.execute(f"{table} ADD CONSTRAINT ck_bank_layouts_{name} CHECK ({rule})")
    for name, when in (
        ("no_update", "UPDATE ON bank_layouts FOR EACH ROW"),
        ("no_delete", "DELETE ON bank_layouts FOR EACH ROW"),
        ("no_truncate", "TRUNCATE ON bank_layouts FOR EACH STATEMENT"),
    ):
        op.execute(
            f"CREATE TRIGGER bank_layouts_{name} BEFORE {when} EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    """Of each day only what counted is kept."""
    op.drop_table("layout_examples")
    op.drop_index("ix_bank_layouts_bank", table_name="bank_layouts")
    newest = "SELECT max(id) FROM bank_layouts GROUP BY bank_id, kind, valid_from"
    unique = "CONSTRAINT uq_bank_layouts_bank_id_kind_valid_from UNIQUE (bank_id, kind, valid_from)"
    if op.get_bind().dialect.name != "sqlite":
        for name in ("update", "delete", "truncate"):
            op.execute(f"DROP TRIGGER bank_layouts_no_{name} ON bank_layouts")
        op.execute(f"DELETE FROM bank_layouts WHERE id NOT IN ({newest})")
        for column in ("ignored", "date_order", "decimal_mark", "entered_by", "entered_at"):
            op.execute(f"ALTER TABLE bank_layouts DROP COLUMN {column}")
        op.execute(f"ALTER TABLE bank_layouts ADD {unique}")
        return
    op.execute("DROP TRIGGER bank_layouts_no_update")
    op.execute("DROP TRIGGER bank_layouts_no_delete")
    op.execute("ALTER TABLE bank_layouts RENAME TO bank_layouts_after")
    op.execute(
        "CREATE TABLE bank_layouts (id INTEGER NOT NULL, bank_id INTEGER NOT NULL, "
        "kind VARCHAR(20) NOT NULL, valid_from DATE NOT NULL, columns TEXT NOT NULL, "
        "CONSTRAINT pk_bank_layouts PRIMARY KEY (id), "
        "CONSTRAINT fk_bank_layouts_bank_id FOREIGN KEY(bank_id) REFERENCES banks (id), "
        f"{unique})"
    )
    op.execute(
        f"INSERT INTO bank_layouts ({OLD}) SELECT {OLD} FROM bank_layouts_after "
        f"WHERE id IN ({newest.replace('bank_layouts', 'bank_layouts_after')})"
    )
    op.execute("DROP TABLE bank_layouts_after")
