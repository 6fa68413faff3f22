"""Which paper told an applicant of which move, append-only."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "notices",
        sa.Column("application_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sequence", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("paper_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["application_id", "sequence"],
            ["application_moves.application_id", "application_moves.sequence"],
            name="fk_notices_move",
        ),
        sa.ForeignKeyConstraint(
            ["paper_id"], ["issued_papers.id"], name=op.f("fk_notices_paper_id")
        ),
        sa.PrimaryKeyConstraint("application_id", "sequence", name=op.f("pk_notices")),
        sa.UniqueConstraint("paper_id", name=op.f("uq_notices_paper_id")),
    )
    for verb, each in (("UPDATE", "ROW"), ("DELETE", "ROW"), ("TRUNCATE", "STATEMENT")):
        head = f"CREATE TRIGGER notices_no_{verb.lower()} BEFORE {verb} ON notices "
        if op.get_bind().dialect.name != "sqlite":
            op.execute(f"{head}FOR EACH {each} EXECUTE FUNCTION refuse_change()")
        elif verb != "TRUNCATE":
            op.execute(f"{head}BEGIN SELECT RAISE(ABORT, 'notices is append-only'); END")


def downgrade() -> None:
    op.drop_table("notices")
