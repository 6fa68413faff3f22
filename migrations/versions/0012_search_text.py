"""What a borrower is found by stands in one folded text; indexes for the search and the register."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

KEPT, MERGED = sa.text("merged_into_id IS NULL"), sa.text("merged_into_id IS NOT NULL")


def upgrade() -> None:
    op.add_column(
        "borrowers", sa.Column("search_text", sa.Text(), nullable=False, server_default="")
    )
    _fill(op.get_bind())
    op.create_index("ix_borrowers_search", "borrowers", ["search_text", "merged_into_id"])
    op.create_index("ix_borrowers_sector", "borrowers", ["sector"])
    op.create_index(
        "ix_borrowers_register", "borrowers", ["name_key", "kind"],
        sqlite_where=KEPT, postgresql_where=KEPT,
    )
    op.drop_index("ix_borrowers_merged_into", table_name="borrowers")
    op.create_index(
        "ix_borrowers_merged_into", "borrowers", ["merged_into_id"],
        sqlite_where=MERGED, postgresql_where=MERGED,
    )


def _fill(bind) -> None:
    found = bind.execute(
        sa.text("SELECT id, name, business_name, chair_name FROM borrowers")
    ).all()
    rows = [
        {"id": row[0], "text": "\n".join(part for part in row[1:] if part).casefold()}
        for row in found
    ]
    if rows:
        bind.execute(sa.text("UPDATE borrowers SET search_text = :text WHERE id = :id"), rows)


def downgrade() -> None:
    op.drop_index("ix_borrowers_merged_into", table_name="borrowers")
    op.create_index("ix_borrowers_merged_into", "borrowers", ["merged_into_id"])
    op.drop_index("ix_borrowers_register", table_name="borrowers")
    op.drop_index("ix_borrowers_sector", table_name="borrowers")
    op.drop_index("ix_borrowers_search", table_name="borrowers")
    op.execute("ALTER TABLE borrowers DROP COLUMN search_text")
