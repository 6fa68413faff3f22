"""A disbursement belongs to an approved application, or says why not; where that is allowed.

The composite key makes borrower and bank agree with the application's. It is compared when a
transaction ends, because a merge of borrowers moves both one after the other.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

BEFORE = "Dicatat sebelum permohonan dihubungkan"
SOURCE = "application_id IS NOT NULL OR direct_reason <> ''"
KEY = (
    "FOREIGN KEY(application_id, bank_id, borrower_id) "
    "REFERENCES applications (id, bank_id, borrower_id) DEFERRABLE INITIALLY DEFERRED"
)
ONCE = sa.text("application_id IS NOT NULL AND status <> 'refused'")
# (as it stands in SQLite's own SQL of the table, as it shall stand there)
ANCHOR = (
    "CONSTRAINT ck_disbursements_two_persons CHECK (decided_by IS NULL OR decided_by <> entered_by)"
)
CHANGE = (
    ANCHOR,
    f"{ANCHOR}, CONSTRAINT ck_disbursements_source_given CHECK ({SOURCE}), "
    f"CONSTRAINT fk_disbursements_application {KEY}",
)
FITS = (
    "EXISTS (SELECT 1 FROM applications a WHERE a.id = NEW.application_id "
    "AND a.bank_id = NEW.bank_id AND a.borrower_id = NEW.borrower_id AND a.state = 'approved' "
    "AND a.months = NEW.months AND NEW.principal <= a.approved_amount)"
)
WAITS = (
    "EXISTS (SELECT 1 FROM disbursements d WHERE d.application_id = NEW.id "
    "AND d.status = 'recorded')"
)
SOURCES = ("application_id", "direct_reason")


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    op.create_index(
        "uq_applications_parties", "applications", ["id", "bank_id", "borrower_id"], unique=True
    )
    op.execute("ALTER TABLE disbursements ADD COLUMN application_id INTEGER")
    op.execute(
        "ALTER TABLE disbursements ADD COLUMN direct_reason VARCHAR(300) DEFAULT '' NOT NULL"
    )
    op.execute(f"UPDATE disbursements SET direct_reason = '{BEFORE}'")
    op.create_index(
        "uq_disbursements_application", "disbursements", ["application_id"], unique=True,
        sqlite_where=ONCE, postgresql_where=ONCE,
    )
    if sqlite:
        _rewrite(*CHANGE)
    else:
        op.execute("ALTER TABLE disbursements ALTER COLUMN direct_reason DROP DEFAULT")
        op.execute(
            "ALTER TABLE disbursements "
            f"ADD CONSTRAINT ck_disbursements_source_given CHECK ({SOURCE}), "
            f"ADD CONSTRAINT fk_disbursements_application {KEY}"
        )
    _permits()
    _sqlite() if sqlite else _postgresql()


def _rewrite(before: str, after: str) -> None:
    """Change constraints of `disbursements` in place, as SQLite's page on ALTER TABLE describes it:
    rows, indexes, triggers and references stay untouched."""
    bind = op.get_bind()

    def now() -> str:
        found = "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = 'disbursements'"
        return str(bind.exec_driver_sql(found).scalar())

    if now().count(before) != 1:
        raise RuntimeError(f"disbursements does not say {before!r} once: {now()}")
    wanted = now().replace(before, after)
    version = bind.exec_driver_sql("PRAGMA schema_version").scalar()
    bind.exec_driver_sql("PRAGMA writable_schema=ON")
    bind.exec_driver_sql(
        "UPDATE sqlite_schema SET sql = ? WHERE type = 'table' AND name = 'disbursements'",
        (wanted,),
    )
    bind.exec_driver_sql(f"PRAGMA schema_version={version + 1}")
    bind.exec_driver_sql("PRAGMA writable_schema=RESET")
    if now() != wanted:
        raise RuntimeError("SQLite did not take the new constraints of disbursements")
    for question, whole in (("integrity_check", [("ok",)]), ("foreign_key_check", [])):
        found = [tuple(row) for row in bind.exec_driver_sql(f"PRAGMA {question}")]
        if found != whole:
            raise RuntimeError(f"{question} after the change of disbursements: {found[:5]}")


def _permits() -> None:
    table = "direct_permits"
    op.create_table(
        table,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("bank_id", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("allowed", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("entered_by", sa.Integer(), nullable=False),
        sa.Column("entered_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("reason <> ''", name=op.f(f"ck_{table}_reason_given")),
        sa.ForeignKeyConstraint(["bank_id"], ["banks.id"], name=op.f(f"fk_{table}_bank_id")),
        sa.ForeignKeyConstraint(["entered_by"], ["users.id"], name=op.f(f"fk_{table}_entered_by")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )
    op.create_index("ix_direct_permits_bank", table, ["bank_id", "valid_from"])


def _sqlite() -> None:
    for name, when, said in (
        ("disbursements_of_approved",
         f"INSERT ON disbursements WHEN NEW.application_id IS NOT NULL AND NOT {FITS}",
         "only an approved application is paid out"),
        ("disbursements_source_kept", f"UPDATE OF {', '.join(SOURCES)} ON disbursements",
         "what a disbursement comes from never changes"),
        ("applications_paid_or_refused_first",
         f"UPDATE OF state ON applications WHEN NEW.state = 'withdrawn' AND {WAITS}",
         "a disbursement of this application waits"),
        ("direct_permits_no_update", "UPDATE ON direct_permits", "direct_permits is append-only"),
        ("direct_permits_no_delete", "DELETE ON direct_permits", "direct_permits is append-only"),
    ):
        op.execute(f"CREATE TRIGGER {name} BEFORE {when} BEGIN SELECT RAISE(ABORT, '{said}'); END")


def _postgresql() -> None:
    for name, stands, said in (
        ("refuse_unapproved", f"NEW.application_id IS NULL OR {FITS}",
         "only an approved application is paid out"),
        ("refuse_while_paid_out", f"NEW.state <> 'withdrawn' OR NOT {WAITS}",
         "a disbursement of this application waits"),
    ):
        op.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN IF {stands} THEN RETURN NEW; END IF; RAISE EXCEPTION '{said}'; END $$"
        )
    row = "FOR EACH ROW"
    for name, when, then in (
        ("disbursements_of_approved", f"INSERT ON disbursements {row}", "refuse_unapproved"),
        ("disbursements_source_kept", f"UPDATE OF {', '.join(SOURCES)} ON disbursements {row}",
         "refuse_change"),
        ("applications_paid_or_refused_first", f"UPDATE OF state ON applications {row}",
         "refuse_while_paid_out"),
        ("direct_permits_no_update", f"UPDATE ON direct_permits {row}", "refuse_change"),
        ("direct_permits_no_delete", f"DELETE ON direct_permits {row}", "refuse_change"),
        ("direct_permits_no_truncate", "TRUNCATE ON direct_permits FOR EACH STATEMENT",
         "refuse_change"),
    ):
        op.execute(f"CREATE TRIGGER {name} BEFORE {when} EXECUTE FUNCTION {then}()")


def downgrade() -> None:
    """Loans stay; which application they came from is forgotten."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    for name, table in (
        ("disbursements_of_approved", "disbursements"),
        ("disbursements_source_kept", "disbursements"),
        ("applications_paid_or_refused_first", "applications"),
    ):
        op.execute(f"DROP TRIGGER {name}" + ("" if sqlite else f" ON {table}"))
    op.drop_table("direct_permits")
    op.drop_index("uq_disbursements_application", table_name="disbursements")
    if sqlite:
        _rewrite(CHANGE[1], CHANGE[0])
    else:
        op.execute("DROP FUNCTION refuse_unapproved()")
        op.execute("DROP FUNCTION refuse_while_paid_out()")
        op.execute(
            "ALTER TABLE disbursements DROP CONSTRAINT fk_disbursements_application, "
            "DROP CONSTRAINT ck_disbursements_source_given"
        )
    op.drop_index("uq_applications_parties", table_name="applications")
    op.execute("ALTER TABLE disbursements DROP COLUMN direct_reason")
    op.execute("ALTER TABLE disbursements DROP COLUMN application_id")
