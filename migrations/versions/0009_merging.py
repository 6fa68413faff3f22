"""Two records of one borrower become one: requests decided by a second person, and what they moved.

Whose a loan, an application or a disbursement is may change only as a decided request says.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

CONTENT = (
    "kind", "kept_id", "gone_id", "undoes_id", "chosen", "same_person", "reason", "entered_by",
    "entered_at",
)
LOAN_TERMS = (
    "number", "bank_id", "account_number", "disbursed_on", "principal", "rate", "months", "method",
    "multiple", "opened_on",
)
MOVED = {"loans": "loan", "applications": "application", "disbursements": "disbursement"}
MAY_MOVE = (
    "EXISTS (SELECT 1 FROM borrower_moves m JOIN borrower_merges g ON g.id = m.merge_id "
    "WHERE g.status = 'approved' AND m.from_id = OLD.borrower_id AND m.to_id = NEW.borrower_id "
    "AND m.id = (SELECT MAX(n.id) FROM borrower_moves n WHERE n.object_kind = {kind} "
    "AND n.object_id = OLD.id))"
)


def upgrade() -> None:
    op.execute(
        "ALTER TABLE borrowers ADD COLUMN merged_into_id INTEGER "
        "CONSTRAINT ck_borrowers_merged_into_another CHECK (merged_into_id <> id) "
        "CONSTRAINT fk_borrowers_merged_into_id REFERENCES borrowers (id)"
    )
    op.create_index("ix_borrowers_merged_into", "borrowers", ["merged_into_id"])
    _merges()
    _moves()
    if op.get_bind().dialect.name == "sqlite":
        _sqlite()
    else:
        _postgresql()


def _merges() -> None:
    table = "borrower_merges"
    rules = {
        "kind_known": "kind IN ('merge','split')",
        "split_undoes": "(kind = 'split') = (undoes_id IS NOT NULL)",
        "two_records": "kept_id <> gone_id",
        "status_known": "status IN ('recorded','approved','refused')",
        "two_persons": "decided_by IS NULL OR decided_by <> entered_by",
        "decided": "(status = 'recorded') = (decided_by IS NULL)",
        "reason_given": "reason <> ''",
        "refused_for_a_reason": "status <> 'refused' OR decision_reason <> ''",
    }
    refers = {
        "kept_id": "borrowers.id", "gone_id": "borrowers.id", "undoes_id": "borrower_merges.id",
        "entered_by": "users.id", "decided_by": "users.id",
    }
    op.create_table(
        table,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("kept_id", sa.Integer(), nullable=False),
        sa.Column("gone_id", sa.Integer(), nullable=False),
        sa.Column("undoes_id", sa.Integer(), nullable=True),
        sa.Column("chosen", sa.String(length=400), nullable=False),
        sa.Column("same_person", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("entered_by", sa.Integer(), nullable=False),
        sa.Column("entered_at", sa.DateTime(), nullable=False),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("decided_at", sa.DateTime(), nullable=True),
        sa.Column("decision_reason", sa.String(length=300), nullable=False),
        *(sa.CheckConstraint(rule, name=op.f(f"ck_{table}_{name}")) for name, rule in rules.items()),
        *(
            sa.ForeignKeyConstraint([name], [to], name=op.f(f"fk_{table}_{name}"))
            for name, to in refers.items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )
    op.create_index("ix_borrower_merges_status", table, ["status"])
    op.create_index("ix_borrower_merges_kept", table, ["kept_id"])
    op.create_index("ix_borrower_merges_gone", table, ["gone_id"])
    for name, column, where in (
        ("uq_borrower_merges_undoes", "undoes_id", "status <> 'refused'"),
        ("uq_borrower_merges_waiting", "gone_id", "status = 'recorded'"),
    ):
        only = sa.text(where)
        op.create_index(
            name, table, [column], unique=True, sqlite_where=only, postgresql_where=only
        )


def _moves() -> None:
    table = "borrower_moves"
    refers = {"merge_id": "borrower_merges.id", "from_id": "borrowers.id", "to_id": "borrowers.id"}
    op.create_table(
        table,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("merge_id", sa.Integer(), nullable=False),
        sa.Column("object_kind", sa.String(length=12), nullable=False),
        sa.Column("object_id", sa.Integer(), nullable=False),
        sa.Column("from_id", sa.Integer(), nullable=False),
        sa.Column("to_id", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "object_kind IN ('loan','application','disbursement')",
            name=op.f(f"ck_{table}_object_kind_known"),
        ),
        sa.CheckConstraint("from_id <> to_id", name=op.f(f"ck_{table}_moved")),
        *(
            sa.ForeignKeyConstraint([name], [to], name=op.f(f"fk_{table}_{name}"))
            for name, to in refers.items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint(
            "merge_id", "object_kind", "object_id",
            name=op.f(f"uq_{table}_merge_id_object_kind_object_id"),
        ),
    )
    op.create_index("ix_borrower_moves_object", table, ["object_kind", "object_id"])


def _sqlite() -> None:
    for name, when, said in (
        ("begins_recorded", "INSERT ON borrower_merges WHEN NEW.status <> 'recorded'",
         "a merge begins as a request"),
        ("decision_kept", "UPDATE ON borrower_merges WHEN OLD.status <> 'recorded'",
         "borrower_merges is append-only"),
        ("request_kept", f"UPDATE OF {', '.join(CONTENT)} ON borrower_merges",
         "borrower_merges is append-only"),
        ("no_delete", "DELETE ON borrower_merges", "borrower_merges is append-only"),
    ):
        op.execute(
            f"CREATE TRIGGER borrower_merges_{name} BEFORE {when} "
            f"BEGIN SELECT RAISE(ABORT, '{said}'); END"
        )
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER borrower_moves_no_{verb.lower()} BEFORE {verb} ON borrower_moves "
            "BEGIN SELECT RAISE(ABORT, 'borrower_moves is append-only'); END"
        )
    op.execute("DROP TRIGGER loans_terms_kept")
    op.execute("DROP TRIGGER applications_kept")
    _sqlite_kept(LOAN_TERMS, ("number", "created_by", "created_at"))
    for table, kind in MOVED.items():
        may = MAY_MOVE.format(kind=f"'{kind}'")
        op.execute(
            f"CREATE TRIGGER {table}_borrower_kept BEFORE UPDATE OF borrower_id ON {table} "
            f"WHEN NOT {may} BEGIN SELECT RAISE(ABORT, 'only a decided merge moves it'); END"
        )


def _sqlite_kept(terms: tuple, application: tuple) -> None:
    op.execute(
        f"CREATE TRIGGER loans_terms_kept BEFORE UPDATE OF {', '.join(terms)} ON loans "
        "BEGIN SELECT RAISE(ABORT, 'the terms of a loan never change'); END"
    )
    op.execute(
        f"CREATE TRIGGER applications_kept BEFORE UPDATE OF {', '.join(application)} "
        "ON applications "
        "BEGIN SELECT RAISE(ABORT, 'whose application it is never changes'); END"
    )


def _postgresql() -> None:
    op.execute(
        "CREATE FUNCTION refuse_unasked() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% begins as a request', TG_TABLE_NAME; END $$"
    )
    may = MAY_MOVE.format(kind="TG_ARGV[0]")
    op.execute(
        "CREATE FUNCTION refuse_stray_move() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN IF {may} THEN RETURN NEW; END IF; "
        "RAISE EXCEPTION 'only a decided merge moves %', TG_TABLE_NAME; END $$"
    )
    row, whole = "FOR EACH ROW", "FOR EACH STATEMENT"
    for name, when, then in (
        ("begins_recorded", f"INSERT ON borrower_merges {row} WHEN (NEW.status <> 'recorded')",
         "refuse_unasked"),
        ("decision_kept", f"UPDATE ON borrower_merges {row} WHEN (OLD.status <> 'recorded')",
         "refuse_change"),
        ("request_kept", f"UPDATE OF {', '.join(CONTENT)} ON borrower_merges {row}",
         "refuse_change"),
        ("no_delete", f"DELETE ON borrower_merges {row}", "refuse_change"),
        ("no_truncate", f"TRUNCATE ON borrower_merges {whole}", "refuse_change"),
    ):
        op.execute(
            f"CREATE TRIGGER borrower_merges_{name} BEFORE {when} EXECUTE FUNCTION {then}()"
        )
    for verb, each in (("UPDATE", row), ("DELETE", row), ("TRUNCATE", whole)):
        op.execute(
            f"CREATE TRIGGER borrower_moves_no_{verb.lower()} BEFORE {verb} ON borrower_moves "
            f"{each} EXECUTE FUNCTION refuse_change()"
        )
    op.execute("DROP TRIGGER loans_terms_kept ON loans")
    op.execute("DROP TRIGGER applications_kept ON applications")
    _postgresql_kept(LOAN_TERMS, ("number", "created_by", "created_at"))
    for table, kind in MOVED.items():
        op.execute(
            f"CREATE TRIGGER {table}_borrower_kept BEFORE UPDATE OF borrower_id ON {table} "
            f"{row} EXECUTE FUNCTION refuse_stray_move('{kind}')"
        )


def _postgresql_kept(terms: tuple, application: tuple) -> None:
    for table, name, columns in (
        ("loans", "loans_terms_kept", terms), ("applications", "applications_kept", application),
    ):
        op.execute(
            f"CREATE TRIGGER {name} BEFORE UPDATE OF {', '.join(columns)} ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    """What was moved stays where it is; that it was moved is forgotten."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    for table in MOVED:
        op.execute(f"DROP TRIGGER {table}_borrower_kept" + ("" if sqlite else f" ON {table}"))
    op.execute("DROP TRIGGER loans_terms_kept" + ("" if sqlite else " ON loans"))
    op.execute("DROP TRIGGER applications_kept" + ("" if sqlite else " ON applications"))
    terms = (LOAN_TERMS[0], LOAN_TERMS[1], "borrower_id", *LOAN_TERMS[2:])
    kept = _sqlite_kept if sqlite else _postgresql_kept
    kept(terms, ("number", "borrower_id", "created_by", "created_at"))
    op.drop_table("borrower_moves")
    op.drop_table("borrower_merges")
    if not sqlite:
        op.execute("DROP FUNCTION refuse_stray_move()")
        op.execute("DROP FUNCTION refuse_unasked()")
    op.drop_index("ix_borrowers_merged_into", table_name="borrowers")
    op.execute("ALTER TABLE borrowers DROP COLUMN merged_into_id")
