"""What is known of a cooperative: whether it is active, its health and when, its last yearly meeting."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# Each CHECK hangs on the last of its columns, so that it can be taken back with that column.
COLUMNS = (
    ("active", "BOOLEAN", "active_cooperative", "active IS NULL OR kind = 'cooperative'"),
    (
        "health",
        "VARCHAR(20)",
        "health_known",
        "health IS NULL OR (kind = 'cooperative' AND "
        "health IN ('healthy','fairly_healthy','watched','specially_watched'))",
    ),
    (
        "health_assessed_on",
        "DATE",
        "health_dated",
        "(health IS NULL) = (health_assessed_on IS NULL)",
    ),
    ("annual_meeting_on", "DATE", "meeting_held", "annual_meeting_on IS NULL OR kind = 'cooperative'"),
)


def upgrade() -> None:
    for name, kind, check, rule in COLUMNS:
        op.execute(
            f"ALTER TABLE borrowers ADD COLUMN {name} {kind} "
            f"CONSTRAINT ck_borrowers_{check} CHECK ({rule})"
        )


def downgrade() -> None:
    for name, _, _, _ in reversed(COLUMNS):
        op.execute(f"ALTER TABLE borrowers DROP COLUMN {name}")
