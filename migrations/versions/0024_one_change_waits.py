"""One change of a loan's schedule waits at a time; a loan is written off once."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

WAITING = (
    "status = 'recorded' AND kind IN "
    "('holiday','tenor','multiple','due_day','settlement','reopen','write_off')"
)
WRITTEN_OFF = """EXISTS (
    SELECT 1 FROM ledger_entries o WHERE o.loan_id = NEW.loan_id AND o.kind = 'write_off'
    AND NOT EXISTS (
        SELECT 1 FROM ledger_entries r WHERE r.loan_id = o.loan_id AND r.reverses = o.sequence))"""
NAME = "ledger_entries_written_off_once"
SAID = "this loan is written off already"


def upgrade() -> None:
    op.create_index(
        "uq_loan_requests_waiting", "loan_requests", ["loan_id"], unique=True,
        sqlite_where=sa.text(WAITING), postgresql_where=sa.text(WAITING),
    )
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            f"CREATE TRIGGER {NAME} BEFORE INSERT ON ledger_entries "
            f"WHEN NEW.kind = 'write_off' AND {WRITTEN_OFF} "
            f"BEGIN SELECT RAISE(ABORT, '{SAID}'); END"
        )
        return
    op.execute(
        f"CREATE FUNCTION {NAME}() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN IF {WRITTEN_OFF} THEN RAISE EXCEPTION '{SAID}'; END IF; RETURN NEW; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {NAME} BEFORE INSERT ON ledger_entries FOR EACH ROW "
        f"WHEN (NEW.kind = 'write_off') EXECUTE FUNCTION {NAME}()"
    )


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute(f"DROP TRIGGER {NAME}")
    else:
        op.execute(f"DROP FUNCTION {NAME}() CASCADE")
    op.drop_index("uq_loan_requests_waiting", table_name="loan_requests")
