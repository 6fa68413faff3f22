"""How long personal data is kept, who is made a pseudonym by whom, and what got out. What never
changes may lose a person's traces once two persons decided that."""

import datetime as dt

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

KINDS = "kind IN ('without_loan','after_loan')"
KEPT = ("retention_settings", "incidents", "incident_steps")
CONTENT = ("borrower_id", "kind", "due_on", "reason", "entered_by", "entered_at")


def _gone(borrower: str) -> str:
    return (
        f"EXISTS (SELECT 1 FROM borrowers b WHERE b.id = {borrower} "
        "AND b.pseudonymised_at IS NOT NULL)"
    )


OF_DOCUMENT = (
    "(SELECT COALESCE(d.borrower_id, a.borrower_id, l.borrower_id) FROM documents d "
    "LEFT JOIN applications a ON a.id = d.application_id "
    "LEFT JOIN loan_requests r ON r.id = d.request_id LEFT JOIN loans l ON l.id = r.loan_id "
    "WHERE d.id = OLD.document_id)"
)
OF_VISIT = "(SELECT a.borrower_id FROM applications a WHERE a.id = OLD.application_id)"
OF_CONTACT = "(SELECT l.borrower_id FROM loans l WHERE l.id = OLD.loan_id)"
OF_LINE = (
    "(SELECT r.borrower_id FROM register_lines r WHERE r.upload_id = OLD.upload_id "
    "AND r.row_number = OLD.row_number)"
)
NOT_POSTED = "COALESCE((SELECT u.status FROM uploads u WHERE u.id = OLD.upload_id), '') <> 'posted'"
# (table, trigger, when, what allows it, what it was before: None for the usual refusal)
LOOSENED = (
    ("borrower_changes", "no_delete", "DELETE", _gone("OLD.borrower_id"), None),
    ("document_contents", "no_delete", "DELETE", _gone(OF_DOCUMENT), None),
    ("site_visits", "no_update", "UPDATE OF notes", f"NEW.notes = '' AND {_gone(OF_VISIT)}", None),
    ("arrears_contacts", "no_update", "UPDATE OF met, note",
     f"NEW.met = '' AND NEW.note = '' AND {_gone(OF_CONTACT)}", None),
    ("register_lines", "kept_update", "UPDATE", f"{NOT_POSTED} OR {_gone('OLD.borrower_id')}",
     "UPDATE"),
    ("register_changes", "kept_delete", "DELETE", f"{NOT_POSTED} OR {_gone(OF_LINE)}", "DELETE"),
)
FACTS = {
    "site_visits": ("application_id", "number", "visitor_id", "visited_on", "feasible", "bankable",
                    "recommended_amount", "score_business", "score_character", "score_capacity",
                    "score_market", "recorded_at"),
    "arrears_contacts": ("id", "loan_id", "bank_id", "kind", "contacted_on", "officer_id",
                         "outcome", "promise_amount", "promise_on", "entered_by", "entered_at"),
}  # fmt: skip
ALLOWED = (
    "OLD.pseudonymised_at IS NULL AND EXISTS (SELECT 1 FROM pseudonymisations p WHERE "
    "p.status = 'approved' AND p.borrower_id IN (NEW.id, NEW.merged_into_id))"
)


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    _settings()
    _requests()
    _incidents()
    op.add_column("borrowers", sa.Column("pseudonymised_at", sa.DateTime(), nullable=True))
    for table, name, when, allowed, before in LOOSENED:
        _drop(sqlite, table, name)
        said = f"{table} of an applied file are kept" if before else f"{table} is append-only"
        _guard(sqlite, table, name, when, allowed, said)
    for table, columns in FACTS.items():
        _refuse(sqlite, table, "facts_kept", f"UPDATE OF {', '.join(columns)}")
    _guard(sqlite, "borrowers", "pseudonymised", "UPDATE OF pseudonymised_at", ALLOWED,
           "only two persons make a borrower a pseudonym, once")  # fmt: skip
    for table in KEPT:
        _refuse(sqlite, table, "no_update", "UPDATE")
    for table in (*KEPT, "pseudonymisations"):
        _refuse(sqlite, table, "no_delete", "DELETE")
        if not sqlite:
            op.execute(f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
                       "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()")  # fmt: skip
    _refuse(sqlite, "pseudonymisations", "request_kept", f"UPDATE OF {', '.join(CONTENT)}")
    _guard(sqlite, "pseudonymisations", "decided_once", "UPDATE", "OLD.status = 'recorded'",
           "pseudonymisations is append-only")  # fmt: skip
    _guard(sqlite, "pseudonymisations", "begins_recorded", "INSERT", "NEW.status = 'recorded'",
           "a pseudonym begins as a request")  # fmt: skip


def _settings() -> None:
    table = "retention_settings"
    made = op.create_table(
        table,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("years", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("entered_by", sa.Integer(), nullable=True),
        sa.Column("entered_at", sa.DateTime(), nullable=True),
        sa.CheckConstraint(KINDS, name=op.f(f"ck_{table}_kind_known")),
        sa.CheckConstraint("years BETWEEN 1 AND 50", name=op.f(f"ck_{table}_years_sane")),
        sa.CheckConstraint(
            "(entered_by IS NULL) = (entered_at IS NULL)", name=op.f(f"ck_{table}_entered")
        ),
        sa.CheckConstraint("reason <> ''", name=op.f(f"ck_{table}_reason_given")),
        sa.ForeignKeyConstraint(["entered_by"], ["users.id"], name=op.f(f"fk_{table}_entered_by")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )
    op.create_index(f"ix_{table}_valid_from", table, ["kind", "valid_from", "id"])
    first = {"valid_from": dt.date(2000, 1, 1), "reason": "Usulan awal, belum dikonfirmasi"}
    op.bulk_insert(made, [first | {"kind": "without_loan", "years": 5},
                          first | {"kind": "after_loan", "years": 10}])  # fmt: skip


def _requests() -> None:
    table = "pseudonymisations"
    op.create_table(
        table,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("borrower_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("entered_by", sa.Integer(), nullable=False),
        sa.Column("entered_at", sa.DateTime(), nullable=False),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("decided_at", sa.DateTime(), nullable=True),
        sa.Column("decision_reason", sa.String(length=300), nullable=False),
        sa.CheckConstraint(KINDS, name=op.f(f"ck_{table}_kind_known")),
        sa.CheckConstraint(
            "status IN ('recorded','approved','refused')", name=op.f(f"ck_{table}_status_known")
        ),
        sa.CheckConstraint(
            "decided_by IS NULL OR decided_by <> entered_by", name=op.f(f"ck_{table}_two_persons")
        ),
        sa.CheckConstraint(
            "(status = 'recorded') = (decided_by IS NULL)", name=op.f(f"ck_{table}_decided")
        ),
        sa.CheckConstraint("reason <> ''", name=op.f(f"ck_{table}_reason_given")),
        sa.CheckConstraint(
            "status <> 'refused' OR decision_reason <> ''",
            name=op.f(f"ck_{table}_refused_for_a_reason"),
        ),
        *(
            sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}"))
            for column, other in (
                ("borrower_id", "borrowers"), ("entered_by", "users"), ("decided_by", "users")
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )
    op.create_index(f"ix_{table}_status", table, ["status"])
    once = sa.text("status <> 'refused'")
    op.create_index(f"uq_{table}_once", table, ["borrower_id"], unique=True,
                    sqlite_where=once, postgresql_where=once)  # fmt: skip


def _incidents() -> None:
    table = "incidents"
    op.create_table(
        table,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("happened_at", sa.DateTime(), nullable=True),
        sa.Column("noticed_at", sa.DateTime(), nullable=False),
        sa.Column("kinds", sa.String(length=200), nullable=False),
        sa.Column("affected", sa.Integer(), nullable=True),
        sa.Column("what", sa.String(length=1000), nullable=False),
        sa.Column("entered_by", sa.Integer(), nullable=False),
        sa.Column("entered_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint(
            "happened_at IS NULL OR happened_at <= noticed_at",
            name=op.f(f"ck_{table}_noticed_after"),
        ),
        sa.CheckConstraint(
            "affected IS NULL OR affected >= 0", name=op.f(f"ck_{table}_affected_counted")
        ),
        sa.CheckConstraint(
            "title <> '' AND kinds <> '' AND what <> ''", name=op.f(f"ck_{table}_told")
        ),
        sa.ForeignKeyConstraint(["entered_by"], ["users.id"], name=op.f(f"fk_{table}_entered_by")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )
    table = "incident_steps"
    op.create_table(
        table,
        sa.Column("incident_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sequence", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("done_at", sa.DateTime(), nullable=False),
        sa.Column("text", sa.String(length=1000), nullable=False),
        sa.Column("entered_by", sa.Integer(), nullable=False),
        sa.Column("entered_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('note','authority','persons','closed')", name=op.f(f"ck_{table}_kind_known")
        ),
        sa.CheckConstraint("text <> ''", name=op.f(f"ck_{table}_told")),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incidents.id"], name=op.f(f"fk_{table}_incident_id")
        ),
        sa.ForeignKeyConstraint(["entered_by"], ["users.id"], name=op.f(f"fk_{table}_entered_by")),
        sa.PrimaryKeyConstraint("incident_id", "sequence", name=op.f(f"pk_{table}")),
    )


def _drop(sqlite: bool, table: str, name: str) -> None:
    op.execute(f"DROP TRIGGER {table}_{name}" + ("" if sqlite else f" ON {table}"))


def _refuse(sqlite: bool, table: str, name: str, when: str) -> None:
    head = f"CREATE TRIGGER {table}_{name} BEFORE {when} ON {table} "
    if sqlite:
        op.execute(f"{head}BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END")
    else:
        op.execute(f"{head}FOR EACH ROW EXECUTE FUNCTION refuse_change()")


def _guard(sqlite: bool, table: str, name: str, when: str, allowed: str, said: str) -> None:
    head = f"CREATE TRIGGER {table}_{name} BEFORE {when} ON {table} "
    if sqlite:
        op.execute(f"{head}WHEN NOT ({allowed}) BEGIN SELECT RAISE(ABORT, '{said}'); END")
        return
    back = "OLD" if when == "DELETE" else "NEW"
    op.execute(
        f"CREATE FUNCTION guard_{table}_{name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF NOT ({allowed}) THEN RAISE EXCEPTION '{said}'; END IF; RETURN {back}; END $$"
    )
    op.execute(f"{head}FOR EACH ROW EXECUTE FUNCTION guard_{table}_{name}()")


def downgrade() -> None:
    bind = op.get_bind()
    sqlite = bind.dialect.name == "sqlite"
    if bind.execute(sa.text("SELECT count(*) FROM pseudonymisations")).scalar():
        raise SystemExit("A borrower was made a pseudonym; that cannot be taken back.")
    for table, name, _, _, before in LOOSENED:
        _drop(sqlite, table, name)
        if not sqlite:
            op.execute(f"DROP FUNCTION guard_{table}_{name}()")
        if before is None:
            _refuse(sqlite, table, name, "DELETE" if name == "no_delete" else "UPDATE")
            continue
        head = f"CREATE TRIGGER {table}_{name} BEFORE {before} ON {table} "
        if sqlite:
            op.execute(
                f"{head}WHEN (SELECT status FROM uploads WHERE id = OLD.upload_id) = 'posted' "
                f"BEGIN SELECT RAISE(ABORT, '{table} of an applied file are kept'); END"
            )
        else:
            op.execute(f"{head}FOR EACH ROW EXECUTE FUNCTION refuse_if_posted()")
    for table in FACTS:
        _drop(sqlite, table, "facts_kept")
    _drop(sqlite, "borrowers", "pseudonymised")
    op.execute("ALTER TABLE borrowers DROP COLUMN pseudonymised_at")
    for table in ("incident_steps", "incidents", "pseudonymisations", "retention_settings"):
        op.drop_table(table)
    if not sqlite:
        for name in ("borrowers_pseudonymised", "pseudonymisations_decided_once",
                     "pseudonymisations_begins_recorded"):  # fmt: skip
            op.execute(f"DROP FUNCTION guard_{name}()")
