"""Documents of requests: one more owner of scans, fixed by the decision; which kinds need one."""

import datetime as dt

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

FIRST_DAY, FOREVER = dt.date(2017, 1, 1), dt.date(9999, 12, 31)
# (name of the CHECK, as it stands, as it shall stand)
OF_KINDS = (
    (
        "borrower_kind_known",
        "borrower_kind IN ('micro','cooperative')",
        "borrower_kind IN ('micro','cooperative','any') "
        "AND (borrower_kind = 'any') = (belongs_to = 'request')",
    ),
    (
        "owner_known",
        "belongs_to IN ('borrower','application','visit')",
        "belongs_to IN ('borrower','application','visit','request')",
    ),
)
OF_DOCUMENTS = (
    (
        "one_owner",
        "(borrower_id IS NULL) <> (application_id IS NULL)",
        "CASE WHEN borrower_id IS NULL THEN 0 ELSE 1 END "
        "+ CASE WHEN application_id IS NULL THEN 0 ELSE 1 END "
        "+ CASE WHEN request_id IS NULL THEN 0 ELSE 1 END = 1",
    ),
    (
        "replaces_older",
        "replaces_id < id",
        "replaces_id IS NULL OR (replaces_id < id AND request_id IS NULL)",
    ),
)
# code, name, hint, shows a NIK, photo. A chosen list: the office may date others.
KINDS = (
    ("borrower_letter", "Surat peminjam", "Permohonan atau pernyataan bertanda tangan.", True, False),
    ("bank_letter", "Surat bank", "Surat, surel, atau berita acara dari bank.", True, False),
    ("money_proof", "Bukti transaksi", "Slip setoran, bukti transfer, atau bukti pengembalian.",
     False, False),
    ("request_photo", "Foto", "Keadaan usaha atau tempatnya.", False, True),
    ("request_other", "Dokumen lain", "Yang mendukung permintaan ini.", True, False),
)
SETTINGS = "document_rules"
WAITS = "SELECT 1 FROM loan_requests r WHERE r.id = {} AND r.status = 'recorded'"
OF_DOCUMENT = "(SELECT d.request_id FROM documents d WHERE d.id = NEW.document_id)"
# What is added or withdrawn counts in a decision, so both only happen before it.
FIXED = (
    ("documents", "NEW.request_id"),
    ("document_withdrawals", OF_DOCUMENT),
)
SAID = "the documents of a request are fixed by its decision"


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    op.execute(
        "ALTER TABLE documents ADD COLUMN request_id INTEGER "
        "CONSTRAINT fk_documents_request_id REFERENCES loan_requests (id)"
    )
    op.create_index("ix_documents_request_id", "documents", ["request_id"])
    for table, changes in (("document_kinds", OF_KINDS), ("documents", OF_DOCUMENTS)):
        for name, before, after in changes:
            _check(table, name, before, after)
    _kinds()
    _rules()
    for table, request in FIXED:
        _fixed(sqlite, table, request)


def _kinds() -> None:
    columns = (
        "borrower_kind", "code", "position", "name", "hint", "belongs_to", "needed", "shows_nik",
        "is_photo", "valid_from", "valid_until",
    )  # fmt: skip
    table = sa.table("document_kinds", *(sa.column(name) for name in columns))
    op.bulk_insert(
        table,
        [
            {"borrower_kind": "any", "code": code, "position": position, "name": name, "hint": hint,
             "belongs_to": "request", "needed": "never", "shows_nik": shows, "is_photo": photo,
             "valid_from": FIRST_DAY, "valid_until": FOREVER}
            for position, (code, name, hint, shows, photo) in enumerate(KINDS, 1)
        ],
    )  # fmt: skip


def _rules() -> None:
    """Which kinds of requests are approved only with a document: none, until somebody says so."""
    rules = op.create_table(
        SETTINGS,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("kinds", sa.String(length=300), nullable=False),
        sa.Column("entered_by", sa.Integer(), nullable=True),
        sa.Column("entered_at", sa.DateTime(), nullable=True),
        sa.CheckConstraint(
            "(entered_by IS NULL) = (entered_at IS NULL)", name=op.f(f"ck_{SETTINGS}_entered")
        ),
        sa.ForeignKeyConstraint(
            ["entered_by"], ["users.id"], name=op.f(f"fk_{SETTINGS}_entered_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{SETTINGS}")),
    )
    op.create_index(f"ix_{SETTINGS}_valid_from", SETTINGS, ["valid_from", "id"])
    op.bulk_insert(rules, [{"valid_from": FIRST_DAY, "kinds": ""}])
    for verb, each in (("UPDATE", "ROW"), ("DELETE", "ROW"), ("TRUNCATE", "STATEMENT")):
        head = f"CREATE TRIGGER {SETTINGS}_no_{verb.lower()} BEFORE {verb} ON {SETTINGS} "
        if op.get_bind().dialect.name != "sqlite":
            op.execute(f"{head}FOR EACH {each} EXECUTE FUNCTION refuse_change()")
        elif verb != "TRUNCATE":
            op.execute(f"{head}BEGIN SELECT RAISE(ABORT, '{SETTINGS} is append-only'); END")


def _fixed(sqlite: bool, table: str, request: str) -> None:
    name, waits = f"{table}_before_decision", WAITS.format(request)
    if sqlite:
        op.execute(
            f"CREATE TRIGGER {name} BEFORE INSERT ON {table} WHEN {request} IS NOT NULL "
            f"AND NOT EXISTS ({waits}) BEGIN SELECT RAISE(ABORT, '{SAID}'); END"
        )
        return
    # A decision that is under way is waited for.
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF {request} IS NOT NULL THEN PERFORM 1 FROM ({waits} FOR SHARE) w; "
        f"IF NOT FOUND THEN RAISE EXCEPTION '{SAID}'; END IF; END IF; RETURN NEW; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {name} BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()"
    )


def _check(table: str, name: str, before: str, after: str) -> None:
    """Another CHECK of the same name; on SQLite in the table's own SQL, as its documentation of
    ALTER TABLE describes it: rows, indexes, triggers and references stay untouched."""
    bind = op.get_bind()
    constraint = f"ck_{table}_{name}"
    if bind.dialect.name != "sqlite":
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {constraint}")
        op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {constraint} CHECK ({after})")
        return
    found = f"SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = '{table}'"
    wanted = str(bind.exec_driver_sql(found).scalar())
    if wanted.count(f"{constraint} CHECK ({before})") != 1:
        raise RuntimeError(f"{table} does not say {before!r} once: {wanted}")
    wanted = wanted.replace(f"{constraint} CHECK ({before})", f"{constraint} CHECK ({after})")
    version = bind.exec_driver_sql("PRAGMA schema_version").scalar()
    bind.exec_driver_sql("PRAGMA writable_schema=ON")
    bind.exec_driver_sql(
        "UPDATE sqlite_schema SET sql = ? WHERE type = 'table' AND name = ?", (wanted, table)
    )
    bind.exec_driver_sql(f"PRAGMA schema_version={version + 1}")
    bind.exec_driver_sql("PRAGMA writable_schema=RESET")
    if str(bind.exec_driver_sql(found).scalar()) != wanted:
        raise RuntimeError(f"SQLite did not take the new CHECK of {table}")
    for question, whole in (("integrity_check", [("ok",)]), ("foreign_key_check", [])):
        said = [tuple(row) for row in bind.exec_driver_sql(f"PRAGMA {question}")]
        if said != whole:
            raise RuntimeError(f"{question} after the change of {table}: {said[:5]}")


def downgrade() -> None:
    """Only while no request has a document: it would have no owner any more."""
    bind = op.get_bind()
    kept = bind.execute(
        sa.text("SELECT count(*) FROM documents WHERE request_id IS NOT NULL")
    ).scalar()
    if kept:
        raise RuntimeError(f"{kept} documents belong to requests")
    for table, _ in FIXED:
        name = f"{table}_before_decision"
        if bind.dialect.name == "sqlite":
            op.execute(f"DROP TRIGGER {name}")
        else:
            op.execute(f"DROP FUNCTION {name}() CASCADE")
    op.drop_table(SETTINGS)
    op.execute("DELETE FROM document_kinds WHERE borrower_kind = 'any'")
    for table, changes in (("documents", OF_DOCUMENTS), ("document_kinds", OF_KINDS)):
        for name, before, after in changes:
            _check(table, name, after, before)
    op.drop_index("ix_documents_request_id", table_name="documents")
    op.execute("ALTER TABLE documents DROP COLUMN request_id")
