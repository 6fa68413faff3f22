"""Locked years of the indicators: requests, decisions, what was kept, and what was unlocked."""

from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

YEAR = "year BETWEEN 2000 AND 2100"
RULES = "'cumulative','running','served','new','restructured'"
TABLES = ("lock_requests", "lock_decisions", "year_locks", "year_unlocks", "locked_members")
# Each table points at another one; a circle is closed once all of them are there. SQLite takes a
# key to a table that is yet to come.
TABLES_SQL = (
    f"""
CREATE TABLE lock_requests (
    id {{serial}},
    year INTEGER NOT NULL,
    kind VARCHAR(8) NOT NULL,
    lock_id INTEGER,
    shown VARCHAR(64) NOT NULL,
    reason VARCHAR(300) NOT NULL,
    requested_by INTEGER NOT NULL,
    requested_at {{moment}} NOT NULL,
    CONSTRAINT pk_lock_requests PRIMARY KEY (id),
    CONSTRAINT ck_lock_requests_year_sane CHECK ({YEAR}),
    CONSTRAINT ck_lock_requests_kind_known CHECK (kind IN ('lock','unlock')),
    CONSTRAINT ck_lock_requests_unlocks_something
        CHECK ((kind = 'unlock') = (lock_id IS NOT NULL)),
    CONSTRAINT ck_lock_requests_reason_given CHECK (kind = 'lock' OR reason <> ''),
    {{key_lock}}
    CONSTRAINT fk_lock_requests_requested_by FOREIGN KEY (requested_by) REFERENCES users (id),
    CONSTRAINT uq_lock_requests_id_requested_by UNIQUE (id, requested_by),
    CONSTRAINT uq_lock_requests_id_year_kind UNIQUE (id, year, kind)
)""",
    """
CREATE TABLE lock_decisions (
    request_id INTEGER NOT NULL,
    requested_by INTEGER NOT NULL,
    approved BOOLEAN NOT NULL,
    reason VARCHAR(300) NOT NULL,
    decided_by INTEGER NOT NULL,
    decided_at {moment} NOT NULL,
    CONSTRAINT pk_lock_decisions PRIMARY KEY (request_id),
    CONSTRAINT ck_lock_decisions_two_persons CHECK (decided_by <> requested_by),
    CONSTRAINT ck_lock_decisions_reason_given CHECK (approved OR reason <> ''),
    CONSTRAINT fk_lock_decisions_request FOREIGN KEY (request_id, requested_by)
        REFERENCES lock_requests (id, requested_by),
    CONSTRAINT fk_lock_decisions_decided_by FOREIGN KEY (decided_by) REFERENCES users (id)
)""",
    f"""
CREATE TABLE year_locks (
    id {{serial}},
    year INTEGER NOT NULL,
    version INTEGER NOT NULL,
    after INTEGER,
    request_id INTEGER NOT NULL,
    kind VARCHAR(8) NOT NULL,
    data {{bytes}} NOT NULL,
    data_hash VARCHAR(64) NOT NULL,
    locked_at {{moment}} NOT NULL,
    CONSTRAINT pk_year_locks PRIMARY KEY (id),
    CONSTRAINT ck_year_locks_year_sane CHECK ({YEAR}),
    CONSTRAINT ck_year_locks_follows CHECK (version >= 1 AND (version = 1) = (after IS NULL)),
    CONSTRAINT ck_year_locks_kind_lock CHECK (kind = 'lock'),
    CONSTRAINT ck_year_locks_hash_whole CHECK (length(data_hash) = 64),
    CONSTRAINT uq_year_locks_year_version UNIQUE (year, version),
    CONSTRAINT uq_year_locks_id_year UNIQUE (id, year),
    CONSTRAINT uq_year_locks_after UNIQUE (after),
    CONSTRAINT uq_year_locks_request_id UNIQUE (request_id),
    {{key_after}}
    CONSTRAINT fk_year_locks_request FOREIGN KEY (request_id, year, kind)
        REFERENCES lock_requests (id, year, kind),
    CONSTRAINT fk_year_locks_decision FOREIGN KEY (request_id)
        REFERENCES lock_decisions (request_id)
)""",
    """
CREATE TABLE year_unlocks (
    lock_id INTEGER NOT NULL,
    year INTEGER NOT NULL,
    request_id INTEGER NOT NULL,
    kind VARCHAR(8) NOT NULL,
    unlocked_at {moment} NOT NULL,
    CONSTRAINT pk_year_unlocks PRIMARY KEY (lock_id),
    CONSTRAINT ck_year_unlocks_kind_unlock CHECK (kind = 'unlock'),
    CONSTRAINT uq_year_unlocks_lock_id_year UNIQUE (lock_id, year),
    CONSTRAINT uq_year_unlocks_request_id UNIQUE (request_id),
    CONSTRAINT fk_year_unlocks_lock FOREIGN KEY (lock_id, year) REFERENCES year_locks (id, year),
    CONSTRAINT fk_year_unlocks_request FOREIGN KEY (request_id, year, kind)
        REFERENCES lock_requests (id, year, kind),
    CONSTRAINT fk_year_unlocks_decision FOREIGN KEY (request_id)
        REFERENCES lock_decisions (request_id)
)""",
    f"""
CREATE TABLE locked_members (
    lock_id INTEGER NOT NULL,
    rule VARCHAR(12) NOT NULL,
    loan_id INTEGER NOT NULL,
    borrower_id INTEGER NOT NULL,
    bank_id INTEGER NOT NULL,
    principal BIGINT NOT NULL,
    disbursed_on DATE NOT NULL,
    nth INTEGER NOT NULL,
    leads INTEGER NOT NULL,
    kind VARCHAR(12) NOT NULL,
    sex VARCHAR(1) NOT NULL,
    kelurahan_code VARCHAR(13) NOT NULL,
    sector VARCHAR(60) NOT NULL,
    members_male INTEGER,
    members_female INTEGER,
    CONSTRAINT pk_locked_members PRIMARY KEY (lock_id, rule, loan_id),
    CONSTRAINT ck_locked_members_rule_known CHECK (rule IN ({RULES})),
    CONSTRAINT fk_locked_members_lock_id FOREIGN KEY (lock_id) REFERENCES year_locks (id),
    CONSTRAINT fk_locked_members_loan FOREIGN KEY (loan_id, bank_id) REFERENCES loans (id, bank_id),
    CONSTRAINT fk_locked_members_borrower_id FOREIGN KEY (borrower_id) REFERENCES borrowers (id)
){{no_rowid}}""",
)
KEYS = {
    "key_lock": (
        "lock_requests",
        "CONSTRAINT fk_lock_requests_lock FOREIGN KEY (lock_id, year) "
        "REFERENCES year_locks (id, year)",
    ),
    "key_after": (
        "year_locks",
        "CONSTRAINT fk_year_locks_after FOREIGN KEY (after, year) "
        "REFERENCES year_unlocks (lock_id, year)",
    ),
}


def upgrade() -> None:
    lite = op.get_bind().dialect.name == "sqlite"
    words = {
        "serial": "INTEGER NOT NULL" if lite else "SERIAL NOT NULL",
        "moment": "DATETIME" if lite else "TIMESTAMP WITHOUT TIME ZONE",
        "bytes": "BLOB" if lite else "BYTEA",
        "no_rowid": " WITHOUT ROWID" if lite else "",
        **{name: f"{key}," if lite else "" for name, (_, key) in KEYS.items()},
    }
    for statement in TABLES_SQL:
        op.execute(statement.strip().format(**words))
    if not lite:
        for table, key in KEYS.values():
            op.execute(f"ALTER TABLE {table} ADD {key}")
    op.execute("CREATE INDEX ix_lock_requests_year ON lock_requests (year)")
    for table in TABLES:
        for verb, each in (("UPDATE", "ROW"), ("DELETE", "ROW"), ("TRUNCATE", "STATEMENT")):
            head = f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
            if not lite:
                op.execute(f"{head}FOR EACH {each} EXECUTE FUNCTION refuse_change()")
            elif verb != "TRUNCATE":
                op.execute(f"{head}BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END")


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        # Dropping a table deletes its rows first, each of which another table names.
        op.execute("PRAGMA defer_foreign_keys=ON")
        for table in TABLES:
            op.execute(f"DROP TRIGGER {table}_no_delete")
        for table in reversed(TABLES):
            op.execute(f"DELETE FROM {table}")  # noqa: S608 - names are ours
    else:
        for name, (table, _) in KEYS.items():
            op.execute(
                f"ALTER TABLE {table} DROP CONSTRAINT "
                + ("fk_lock_requests_lock" if name == "key_lock" else "fk_year_locks_after")
            )
    for table in reversed(TABLES):
        op.drop_table(table)
