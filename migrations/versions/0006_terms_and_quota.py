"""Dated settings become proposals that a second person decides; confirmations and quotas."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

CONTENT = {
    "loan_terms": (
        "valid_from", "rate", "months", "ceiling_micro", "ceiling_cooperative",
        "collateral_free_limit", "minimum_age", "minimum_business_years", "legal_basis",
        "proposed_by", "proposed_at",
    ),
    "collectibility_rules": (
        "bank_kind", "valid_from", "class_1", "class_2", "class_3", "class_4",
        "proposed_by", "proposed_at",
    ),
}
GONE = ("status", "proposed_by", "proposed_at", "decided_by", "decided_at", "decision_reason")
APPEND_ONLY = ("terms_confirmations", "bank_quotas")
STATUSES = "status IN ('proposed','approved','refused')"
TWO_PERSONS = "decided_by IS NULL OR decided_by <> proposed_by"
DECIDED = (
    "(proposed_by IS NOT NULL AND (status = 'proposed') = (decided_by IS NULL)) "
    "OR (proposed_by IS NULL AND decided_by IS NULL AND status = 'approved')"
)
RISING = "0 <= class_1 AND class_1 < class_2 AND class_2 < class_3 AND class_3 < class_4"
CEILINGS = "ceiling_micro >= 1 AND ceiling_cooperative >= 1 AND collateral_free_limit >= 0"
AGES = "minimum_age BETWEEN 0 AND 100 AND minimum_business_years BETWEEN 0 AND 100"


def upgrade() -> None:
    bind = op.get_bind()
    rules = _taken_out(bind, "collectibility_rules")
    _collectibility_rules()
    confirmed = bind.execute(sa.text("SELECT id, legal_basis FROM loan_terms WHERE confirmed"))
    confirmed = [row._asdict() for row in confirmed]
    if bind.dialect.name == "sqlite":
        _terms_made_anew(bind)
    else:
        _terms_widened()
    _confirmations_and_quotas()
    for row in confirmed:
        _put(bind, "terms_confirmations", _confirmation(bind, row))
    proposal = {"status": "approved", "decision_reason": ""}
    for number, row in enumerate(rules, 1):
        _put(bind, "collectibility_rules", {"id": number} | row | proposal)
    if bind.dialect.name == "sqlite":
        _sqlite()
    else:
        op.execute(
            "SELECT setval(pg_get_serial_sequence('collectibility_rules', 'id'), "
            "(SELECT max(id) FROM collectibility_rules))"
        )
        _postgresql()


def _taken_out(bind, name: str) -> list[dict]:
    """The rows of a table, in order, which is dropped; the new one of the same name takes them."""
    table = sa.Table(name, sa.MetaData(), autoload_with=bind)
    rows = bind.execute(sa.select(table).order_by(*table.primary_key.columns)).mappings()
    found = [dict(row) for row in rows]
    op.drop_table(name)
    return found


def _put(bind, name: str, row: dict) -> None:
    table = sa.Table(name, sa.MetaData(), autoload_with=bind)
    bind.execute(table.insert().values(row))


def _confirmation(bind, row: dict) -> dict:
    """Who confirmed was not kept before; the command line's own user stands for that."""
    first = bind.execute(sa.text("SELECT min(id) FROM users")).scalar()
    moment = sa.func.coalesce(
        sa.text("(SELECT max(at) FROM trail_entries)"),
        sa.text("(SELECT min(created_at) FROM users)"),
    )
    return {
        "terms_id": row["id"],
        "legal_basis": row["legal_basis"],
        "confirmed_by": first,
        "confirmed_at": moment,
    }


def _proposal() -> list:
    return [
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("proposed_by", sa.Integer(), nullable=True),
        sa.Column("proposed_at", sa.DateTime(), nullable=True),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("decided_at", sa.DateTime(), nullable=True),
        sa.Column("decision_reason", sa.String(length=300), nullable=False),
    ]


def _kept(table: str) -> list:
    return [
        sa.CheckConstraint(STATUSES, name=op.f(f"ck_{table}_status_known")),
        sa.CheckConstraint(TWO_PERSONS, name=op.f(f"ck_{table}_two_persons")),
        sa.CheckConstraint(DECIDED, name=op.f(f"ck_{table}_decided")),
        sa.ForeignKeyConstraint(["proposed_by"], ["users.id"], name=op.f(f"fk_{table}_proposed_by")),
        sa.ForeignKeyConstraint(["decided_by"], ["users.id"], name=op.f(f"fk_{table}_decided_by")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    ]


def _one_a_day(table: str, *columns: str) -> None:
    kept = sa.text("status <> 'refused'")
    op.create_index(
        f"uq_{table}_start", table, list(columns), unique=True,
        sqlite_where=kept, postgresql_where=kept,
    )


def _terms_columns() -> list:
    return [
        sa.Column("rate", sa.Integer(), nullable=False),
        sa.Column("months", sa.Integer(), nullable=False),
        sa.Column("ceiling_micro", sa.BigInteger(), nullable=False),
        sa.Column("ceiling_cooperative", sa.BigInteger(), nullable=False),
        sa.Column("collateral_free_limit", sa.BigInteger(), nullable=False),
        sa.Column("minimum_age", sa.Integer(), nullable=False),
        sa.Column("minimum_business_years", sa.Integer(), nullable=False),
        sa.Column("legal_basis", sa.String(length=200), nullable=False),
        sa.CheckConstraint("months BETWEEN 1 AND 120", name=op.f("ck_loan_terms_months_sane")),
        sa.CheckConstraint("rate BETWEEN 0 AND 10000", name=op.f("ck_loan_terms_rate_sane")),
    ]


def _terms_made_anew(bind) -> None:
    """SQLite cannot drop a UNIQUE: the table is made again under its name, its ids kept.

    What refers to it stays: the references are checked when the whole migration is done.
    """
    bind.execute(sa.text("PRAGMA defer_foreign_keys=ON"))
    rows = _taken_out(bind, "loan_terms")
    op.create_table(
        "loan_terms",
        *_proposal(),
        *_terms_columns(),
        sa.CheckConstraint(CEILINGS, name=op.f("ck_loan_terms_ceilings_sane")),
        sa.CheckConstraint(AGES, name=op.f("ck_loan_terms_ages_sane")),
        *_kept("loan_terms"),
    )
    _one_a_day("loan_terms", "valid_from")
    for row in rows:
        del row["confirmed"]
        _put(bind, "loan_terms", row | {"status": "approved", "decision_reason": ""})


def _terms_widened() -> None:
    table = "loan_terms"
    op.execute(f"ALTER TABLE {table} DROP CONSTRAINT uq_{table}_valid_from")
    op.drop_column(table, "confirmed")
    for name, kind, first in (
        ("status", sa.String(length=12), "approved"),
        ("decision_reason", sa.String(length=300), ""),
    ):
        op.add_column(table, sa.Column(name, kind, nullable=False, server_default=first))
        op.execute(f"ALTER TABLE {table} ALTER COLUMN {name} DROP DEFAULT")
    for name in ("proposed", "decided"):
        op.add_column(table, sa.Column(f"{name}_by", sa.Integer(), nullable=True))
        op.add_column(table, sa.Column(f"{name}_at", sa.DateTime(), nullable=True))
        op.create_foreign_key(
            op.f(f"fk_{table}_{name}_by"), table, "users", [f"{name}_by"], ["id"]
        )
    for name, rule in (
        ("status_known", STATUSES), ("two_persons", TWO_PERSONS), ("decided", DECIDED),
        ("ceilings_sane", CEILINGS), ("ages_sane", AGES),
    ):
        op.execute(f"ALTER TABLE {table} ADD CONSTRAINT ck_{table}_{name} CHECK ({rule})")
    _one_a_day(table, "valid_from")


def _rule_columns() -> list:
    table = "collectibility_rules"
    return [
        sa.Column("bank_kind", sa.String(length=12), nullable=False),
        *(sa.Column(f"class_{n}", sa.Integer(), nullable=False) for n in (1, 2, 3, 4)),
        sa.CheckConstraint(
            "bank_kind IN ('commercial','rural')", name=op.f(f"ck_{table}_kind_known")
        ),
        sa.CheckConstraint(RISING, name=op.f(f"ck_{table}_rising")),
    ]


def _collectibility_rules() -> None:
    table = "collectibility_rules"
    op.create_table(table, *_proposal(), *_rule_columns(), *_kept(table))
    _one_a_day(table, "bank_kind", "valid_from")


def _confirmations_and_quotas() -> None:
    table = "terms_confirmations"
    op.create_table(
        table,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("terms_id", sa.Integer(), nullable=False),
        sa.Column("legal_basis", sa.String(length=200), nullable=False),
        sa.Column("confirmed_by", sa.Integer(), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["terms_id"], ["loan_terms.id"], name=op.f(f"fk_{table}_terms_id")),
        sa.ForeignKeyConstraint(["confirmed_by"], ["users.id"], name=op.f(f"fk_{table}_confirmed_by")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )
    op.create_index("ix_terms_confirmations_terms", table, ["terms_id"])
    table = "bank_quotas"
    op.create_table(
        table,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("bank_id", sa.Integer(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("entered_by", sa.Integer(), nullable=False),
        sa.Column("entered_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("amount >= 0", name=op.f(f"ck_{table}_amount_not_negative")),
        sa.CheckConstraint("year BETWEEN 2000 AND 2100", name=op.f(f"ck_{table}_year_sane")),
        sa.CheckConstraint("sequence >= 1", name=op.f(f"ck_{table}_sequence_counts")),
        sa.ForeignKeyConstraint(["bank_id"], ["banks.id"], name=op.f(f"fk_{table}_bank_id")),
        sa.ForeignKeyConstraint(["entered_by"], ["users.id"], name=op.f(f"fk_{table}_entered_by")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint(
            "bank_id", "year", "sequence", name=op.f(f"uq_{table}_bank_id_year_sequence")
        ),
    )


def _sqlite() -> None:
    for table, content in CONTENT.items():
        for name, when, said in (
            ("begins_proposed", "INSERT ON {} WHEN NEW.status <> 'proposed'", "begins as a proposal"),
            ("decision_kept", "UPDATE ON {} WHEN OLD.status <> 'proposed'", "is append-only"),
            ("proposal_kept", f"UPDATE OF {', '.join(content)} ON {{}}", "is append-only"),
            ("no_delete", "DELETE ON {}", "is append-only"),
        ):
            op.execute(
                f"CREATE TRIGGER {table}_{name} BEFORE {when.format(table)} "
                f"BEGIN SELECT RAISE(ABORT, '{table} {said}'); END"
            )
    for table in APPEND_ONLY:
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )


def _postgresql() -> None:
    op.execute(
        "CREATE FUNCTION refuse_undecided() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% begins as a proposal', TG_TABLE_NAME; END $$"
    )
    row = "FOR EACH ROW"
    for table, content in CONTENT.items():
        for name, when, then in (
            ("begins_proposed", f"INSERT ON {table} {row} WHEN (NEW.status <> 'proposed')",
             "refuse_undecided"),
            ("decision_kept", f"UPDATE ON {table} {row} WHEN (OLD.status <> 'proposed')",
             "refuse_change"),
            ("proposal_kept", f"UPDATE OF {', '.join(content)} ON {table} {row}", "refuse_change"),
            ("no_delete", f"DELETE ON {table} {row}", "refuse_change"),
            ("no_truncate", f"TRUNCATE ON {table} FOR EACH STATEMENT", "refuse_change"),
        ):
            op.execute(
                f"CREATE TRIGGER {table}_{name} BEFORE {when} EXECUTE FUNCTION {then}()"
            )
    for table in APPEND_ONLY:
        for verb, each in (("UPDATE", row), ("DELETE", row), ("TRUNCATE", "FOR EACH STATEMENT")):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} {each} "
                "EXECUTE FUNCTION refuse_change()"
            )


def downgrade() -> None:
    """Approved versions stay, confirmed ones with their legal basis; quotas and proposals go."""
    bind = op.get_bind()
    confirmed = {
        row.terms_id: row.legal_basis
        for row in bind.execute(
            sa.text("SELECT terms_id, legal_basis FROM terms_confirmations ORDER BY id")
        )
    }
    op.drop_table("bank_quotas")
    op.drop_table("terms_confirmations")
    rules = _approved(_taken_out(bind, "collectibility_rules"))
    op.create_table(
        "collectibility_rules",
        sa.Column("valid_from", sa.Date(), nullable=False),
        *_rule_columns(),
        sa.PrimaryKeyConstraint("bank_kind", "valid_from", name=op.f("pk_collectibility_rules")),
    )
    for row in rules:
        row.pop("id")
        _put(bind, "collectibility_rules", row)
    if bind.dialect.name == "sqlite":
        _terms_as_before(bind, confirmed)
    else:
        _terms_narrowed(bind, confirmed)


def _terms_as_before(bind, confirmed: dict) -> None:
    bind.execute(sa.text("PRAGMA defer_foreign_keys=ON"))
    rows = _approved(_taken_out(bind, "loan_terms"))
    op.create_table(
        "loan_terms",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        *_terms_columns(),
        sa.Column("confirmed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_loan_terms")),
        sa.UniqueConstraint("valid_from", name=op.f("uq_loan_terms_valid_from")),
    )
    for row in rows:
        basis = confirmed.get(row["id"], row["legal_basis"])
        added = {"confirmed": row["id"] in confirmed, "legal_basis": basis}
        _put(bind, "loan_terms", row | added)


def _terms_narrowed(bind, confirmed: dict) -> None:
    table = "loan_terms"
    for name in ("begins_proposed", "decision_kept", "proposal_kept", "no_delete", "no_truncate"):
        op.execute(f"DROP TRIGGER {table}_{name} ON {table}")
    op.execute("DROP FUNCTION refuse_undecided()")
    op.execute(f"DELETE FROM {table} WHERE status <> 'approved'")
    op.drop_index(f"uq_{table}_start", table_name=table)
    for name in ("two_persons", "decided", "status_known", "ceilings_sane", "ages_sane"):
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT ck_{table}_{name}")
    for name in GONE:
        op.drop_column(table, name)
    op.add_column(
        table, sa.Column("confirmed", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.execute(f"ALTER TABLE {table} ALTER COLUMN confirmed DROP DEFAULT")
    op.execute(f"ALTER TABLE {table} ADD CONSTRAINT uq_{table}_valid_from UNIQUE (valid_from)")
    for number, basis in confirmed.items():
        bind.execute(
            sa.text("UPDATE loan_terms SET confirmed = true, legal_basis = :basis WHERE id = :id"),
            {"basis": basis, "id": number},
        )


def _approved(rows: list[dict]) -> list[dict]:
    return [
        {name: value for name, value in row.items() if name not in GONE}
        for row in rows
        if row["status"] == "approved"
    ]
