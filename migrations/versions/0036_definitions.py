"""Definitions of the indicators with their two persons, and inputs that are never overwritten.

The counts of SI-UMI move from `denominators` to `indicator_inputs`, each as its first version.
"""

import datetime as dt

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

DEFINITIONS, INPUTS = "indicator_definitions", "indicator_inputs"
CONTENT = (
    "code", "version", "rule", "counted", "kinds", "other_programmes", "denominator", "definition",
    "interpretation", "formula", "source", "cut_off", "responsible", "reason", "valid_from",
    "proposed_by", "proposed_at",
)  # fmt: skip
RULES = "'cumulative','running','served','new','restructured'"
DECIDED = (
    "(proposed_by IS NOT NULL AND (status = 'proposed') = (decided_by IS NULL)) "
    "OR (proposed_by IS NULL AND decided_by IS NULL AND status = 'approved')"
)
OFFICE = "Dinas Koperasi dan Usaha Mikro Kota Semarang"
BOOKS = "Pembukuan pencairan Kredit Wibawa (Bank Jateng dan Bank Pasar)"
FIRST = (
    {
        "code": "TPB 8.3.1.(c)", "rule": "cumulative", "kinds": "all", "denominator": "SI-UMI",
        "interpretation": "Makin besar, makin banyak usaha mikro terdata yang sudah dijangkau "
        "layanan keuangan.",
        "formula": "Peminjam Kredit Wibawa (setiap orang atau koperasi satu kali) yang pernah "
        "menerima pencairan sejak 2017 sampai akhir tahun, dibagi usaha mikro terdata di SI-UMI "
        "pada tahun itu, dikali 100.",
        "source": f"{BOOKS}; SI-UMI",
    },
    {
        "code": "KOP-PERMODALAN", "rule": "served", "kinds": "cooperative", "denominator": None,
        "interpretation": "Makin besar, makin banyak koperasi yang mendapat modal pada tahun itu.",
        "formula": "Jumlah koperasi (setiap koperasi satu kali) yang menerima pencairan Kredit "
        "Wibawa pada tahun itu.",
        "source": BOOKS,
    },
    {
        "code": "PEMULIHAN", "rule": "restructured", "kinds": "micro", "denominator": None,
        "interpretation": "Menunjukkan berapa usaha mikro dalam kesulitan yang keringanannya "
        "disetujui pada tahun itu.",
        "formula": "Jumlah usaha mikro (setiap usaha satu kali) yang jadwal pinjamannya ditunda "
        "atau diperpanjang pada tahun itu.",
        "source": "Pembukuan perubahan jadwal Kredit Wibawa",
    },
)  # fmt: skip


def _name(kind, table, what):
    return op.f(f"{kind}_{table}_{what}")


def _check(table, name, rule):
    return sa.CheckConstraint(rule, name=_name("ck", table, name))


def _key(table, column, target):
    return sa.ForeignKeyConstraint([column], [target], name=_name("fk", table, column))


def _text(name, length=None):
    kind = sa.Text() if length is None else sa.String(length=length)
    return sa.Column(name, kind, nullable=False)


def _number(name, nullable=True):
    return sa.Column(name, sa.Integer(), nullable=nullable)


def upgrade() -> None:
    bind = op.get_bind()
    counts = [
        tuple(row)
        for row in bind.execute(
            sa.text("SELECT name, year, count, cut_off, source FROM denominators ORDER BY name, year")
        )
    ]
    said = dict(
        tuple(row) for row in bind.execute(sa.text("SELECT code, definition FROM indicators"))
    )
    op.drop_table("denominators")
    _definitions()
    _inputs()
    definitions = sa.Table(DEFINITIONS, sa.MetaData(), autoload_with=bind)
    inputs = sa.Table(INPUTS, sa.MetaData(), autoload_with=bind)
    begins = dt.date(2017, 1, 1)
    for each in FIRST:
        if each["code"] in said:
            bind.execute(definitions.insert().values(
                version=1, counted="people", other_programmes=False, cut_off="31 Desember",
                definition=said[each["code"]], responsible=OFFICE, reason="Definisi awal",
                status="approved", valid_from=begins, decision_reason="", **each,
            ))  # fmt: skip
    for name, year, count, cut_off, source in counts:
        day = dt.date.fromisoformat(cut_off) if isinstance(cut_off, str) else cut_off
        bind.execute(inputs.insert().values(
            kind="denominator", name=name, year=year, version=1, count=count, cut_off=day,
            source=source, document="", reason="",
        ))  # fmt: skip
    _sqlite() if bind.dialect.name == "sqlite" else _postgresql()


def _definitions() -> None:
    table = DEFINITIONS
    op.create_table(
        table,
        _number("id", False),
        _text("code", 20),
        _number("version", False),
        _text("rule", 12),
        _text("counted", 10),
        _text("kinds", 12),
        sa.Column("other_programmes", sa.Boolean(), nullable=False),
        sa.Column("denominator", sa.String(length=60), nullable=True),
        _text("definition"),
        _text("interpretation"),
        _text("formula"),
        _text("source", 300),
        _text("cut_off", 100),
        _text("responsible", 200),
        _text("reason", 300),
        _text("status", 12),
        sa.Column("valid_from", sa.Date(), nullable=False),
        _number("proposed_by"),
        sa.Column("proposed_at", sa.DateTime(), nullable=True),
        _number("decided_by"),
        sa.Column("decided_at", sa.DateTime(), nullable=True),
        _text("decision_reason", 300),
        _check(table, "status_known", "status IN ('proposed','approved','refused')"),
        _check(table, "two_persons", "decided_by IS NULL OR decided_by <> proposed_by"),
        _check(table, "decided", DECIDED),
        _check(table, "rule_known", f"rule IN ({RULES})"),
        _check(table, "counted_known", "counted IN ('people','accounts')"),
        _check(table, "kinds_known", "kinds IN ('all','micro','cooperative')"),
        _key(table, "code", "indicators.code"),
        _key(table, "proposed_by", "users.id"),
        _key(table, "decided_by", "users.id"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("code", "version", name=_name("uq", table, "code_version")),
    )
    waits = sa.text("status = 'proposed'")
    op.create_index(
        f"uq_{table}_waiting", table, ["code"], unique=True,
        sqlite_where=waits, postgresql_where=waits,
    )  # fmt: skip


def _inputs() -> None:
    table = INPUTS
    op.create_table(
        table,
        _number("id", False),
        _text("kind", 12),
        _text("name", 60),
        _number("year", False),
        _number("version", False),
        _number("count"),
        _number("male"),
        _number("female"),
        sa.Column("principal", sa.BigInteger(), nullable=True),
        sa.Column("cut_off", sa.Date(), nullable=True),
        _text("source", 200),
        _text("document", 200),
        _text("reason", 300),
        _number("entered_by"),
        sa.Column("entered_at", sa.DateTime(), nullable=True),
        _check(table, "kind_known", "kind IN ('denominator','programme','opening')"),
        _check(table, "year_sane", "year BETWEEN 2000 AND 2100"),
        _check(table, "corrected", "version >= 1 AND (version = 1 OR reason <> '')"),
        _check(table, "not_negative", "count >= 0 AND male >= 0 AND female >= 0"),
        _check(table, "sexes_within", "COALESCE(male, 0) + COALESCE(female, 0) <= count"),
        _check(table, "withdrawn", "count IS NOT NULL OR (male IS NULL AND female IS NULL)"),
        _check(
            table, "principal_sane",
            "principal >= 0 AND (kind = 'opening' OR principal IS NULL)",
        ),
        _check(table, "source_given", "source <> ''"),
        _check(table, "entered", "(entered_by IS NULL) = (entered_at IS NULL)"),
        _key(table, "entered_by", "users.id"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint(
            "kind", "name", "year", "version", name=_name("uq", table, "kind_name_year_version")
        ),
    )  # fmt: skip


def _sqlite() -> None:
    table = DEFINITIONS
    for name, when, said in (
        ("begins_proposed", f"INSERT ON {table} WHEN NEW.status <> 'proposed'",
         "begins as a proposal"),
        ("decision_kept", f"UPDATE ON {table} WHEN OLD.status <> 'proposed'", "is append-only"),
        ("proposal_kept", f"UPDATE OF {', '.join(CONTENT)} ON {table}", "is append-only"),
        ("no_delete", f"DELETE ON {table}", "is append-only"),
    ):
        op.execute(
            f"CREATE TRIGGER {table}_{name} BEFORE {when} "
            f"BEGIN SELECT RAISE(ABORT, '{table} {said}'); END"
        )
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {INPUTS}_no_{verb.lower()} BEFORE {verb} ON {INPUTS} "
            f"BEGIN SELECT RAISE(ABORT, '{INPUTS} is append-only'); END"
        )


def _postgresql() -> None:
    table, row = DEFINITIONS, "FOR EACH ROW"
    for name, when, then in (
        ("begins_proposed", f"INSERT ON {table} {row} WHEN (NEW.status <> 'proposed')",
         "refuse_undecided"),
        ("decision_kept", f"UPDATE ON {table} {row} WHEN (OLD.status <> 'proposed')",
         "refuse_change"),
        ("proposal_kept", f"UPDATE OF {', '.join(CONTENT)} ON {table} {row}", "refuse_change"),
        ("no_delete", f"DELETE ON {table} {row}", "refuse_change"),
        ("no_truncate", f"TRUNCATE ON {table} FOR EACH STATEMENT", "refuse_change"),
    ):
        op.execute(f"CREATE TRIGGER {table}_{name} BEFORE {when} EXECUTE FUNCTION {then}()")
    for verb, each in (("UPDATE", row), ("DELETE", row), ("TRUNCATE", "FOR EACH STATEMENT")):
        op.execute(
            f"CREATE TRIGGER {INPUTS}_no_{verb.lower()} BEFORE {verb} ON {INPUTS} {each} "
            "EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    """The latest count of each year stays, without its history; definitions are said in the code."""
    bind = op.get_bind()
    latest = bind.execute(sa.text(
        f"SELECT name, year, count, cut_off, source FROM {INPUTS} i WHERE kind = 'denominator' "  # noqa: S608
        f"AND count IS NOT NULL AND version = (SELECT max(version) FROM {INPUTS} "
        "WHERE kind = i.kind AND name = i.name AND year = i.year)"
    )).all()  # fmt: skip
    op.drop_table(INPUTS)
    op.drop_table(DEFINITIONS)
    op.create_table(
        "denominators",
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("cut_off", sa.Date(), nullable=True),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("name", "year", name=op.f("pk_denominators")),
    )
    for row in latest:
        bind.execute(
            sa.text("INSERT INTO denominators VALUES (:name, :year, :count, :cut_off, :source)"),
            {**row._mapping, "name": row.name[:20]},
        )
