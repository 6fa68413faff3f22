"""One-time passwords, second factors, failed tries, what is known of a session, and the settings."""

from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

TABLES_SQL = (
    """
CREATE TABLE access_settings (
    id {serial},
    profile VARCHAR(8) NOT NULL,
    minimum_length INTEGER NOT NULL,
    one_time_days INTEGER NOT NULL,
    idle_minutes INTEGER NOT NULL,
    absolute_hours INTEGER NOT NULL,
    proof_minutes INTEGER NOT NULL,
    second_factor_roles VARCHAR(120) NOT NULL,
    reason VARCHAR(300) NOT NULL,
    entered_by INTEGER,
    entered_at {moment},
    CONSTRAINT pk_access_settings PRIMARY KEY (id),
    CONSTRAINT ck_access_settings_profile_known CHECK (profile IN ('owasp','bssn')),
    CONSTRAINT ck_access_settings_length_sane CHECK (minimum_length BETWEEN 8 AND 64),
    CONSTRAINT ck_access_settings_one_time_sane CHECK (one_time_days BETWEEN 1 AND 30),
    CONSTRAINT ck_access_settings_idle_sane CHECK (idle_minutes BETWEEN 10 AND 720),
    CONSTRAINT ck_access_settings_absolute_sane CHECK (absolute_hours BETWEEN 1 AND 24),
    CONSTRAINT ck_access_settings_proof_sane CHECK (proof_minutes BETWEEN 1 AND 480),
    CONSTRAINT ck_access_settings_reason_given CHECK (reason <> ''),
    CONSTRAINT ck_access_settings_entered
        CHECK ((entered_by IS NULL) = (entered_at IS NULL)),
    CONSTRAINT fk_access_settings_entered_by FOREIGN KEY (entered_by) REFERENCES users (id)
)""",
    """
CREATE TABLE failed_sign_ins (
    id {serial},
    at {moment} NOT NULL,
    account {bytes} NOT NULL,
    address VARCHAR(64) NOT NULL,
    CONSTRAINT pk_failed_sign_ins PRIMARY KEY (id)
)""",
    """
CREATE TABLE second_factors (
    user_id INTEGER NOT NULL,
    secret {bytes} NOT NULL,
    last_step BIGINT NOT NULL,
    since {moment} NOT NULL,
    CONSTRAINT pk_second_factors PRIMARY KEY (user_id),
    CONSTRAINT fk_second_factors_user_id FOREIGN KEY (user_id) REFERENCES users (id)
)""",
    """
CREATE TABLE recovery_codes (
    id {serial},
    user_id INTEGER NOT NULL,
    code_hash {bytes} NOT NULL,
    used_at {moment},
    CONSTRAINT pk_recovery_codes PRIMARY KEY (id),
    CONSTRAINT uq_recovery_codes_user_id_code_hash UNIQUE (user_id, code_hash),
    CONSTRAINT fk_recovery_codes_user_id FOREIGN KEY (user_id) REFERENCES users (id)
)""",
    """
CREATE TABLE old_passwords (
    id {serial},
    user_id INTEGER NOT NULL,
    password_hash VARCHAR(200) NOT NULL,
    replaced_at {moment} NOT NULL,
    CONSTRAINT pk_old_passwords PRIMARY KEY (id),
    CONSTRAINT fk_old_passwords_user_id FOREIGN KEY (user_id) REFERENCES users (id)
)""",
)
INDEXES = (
    ("failed_sign_ins", "account, at"),
    ("failed_sign_ins", "address, at"),
    ("old_passwords", "user_id"),
)
COLUMNS = (
    ("users", "one_time_until", "{moment}"),
    ("users", "password_set_at", "{moment}"),
    ("user_sessions", "browser", "VARCHAR(60) DEFAULT '' NOT NULL"),
    ("user_sessions", "seen_at", "{moment}"),
    ("user_sessions", "proved_at", "{moment}"),
)
FIRST = (
    "INSERT INTO access_settings (profile, minimum_length, one_time_days, idle_minutes, "
    "absolute_hours, proof_minutes, second_factor_roles, reason) "
    "VALUES ('owasp', 12, 7, 240, 12, 30, '', 'Keadaan awal')"
)


def upgrade() -> None:
    lite = op.get_bind().dialect.name == "sqlite"
    words = {
        "serial": "INTEGER NOT NULL" if lite else "SERIAL NOT NULL",
        "moment": "DATETIME" if lite else "TIMESTAMP WITHOUT TIME ZONE",
        "bytes": "BLOB" if lite else "BYTEA",
    }
    for statement in TABLES_SQL:
        op.execute(statement.strip().format(**words))
    for table, columns in INDEXES:
        name = f"ix_{table}_{columns.replace(', ', '_')}"
        op.execute(f"CREATE INDEX {name} ON {table} ({columns})")
    for table, column, kind in COLUMNS:
        op.execute(f"ALTER TABLE {table} ADD COLUMN {column} {kind.format(**words)}")
    op.execute(FIRST)
    table = "access_settings"
    for verb, each in (("UPDATE", "ROW"), ("DELETE", "ROW"), ("TRUNCATE", "STATEMENT")):
        head = f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
        if not lite:
            op.execute(f"{head}FOR EACH {each} EXECUTE FUNCTION refuse_change()")
        elif verb != "TRUNCATE":
            op.execute(f"{head}BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END")


def downgrade() -> None:
    for table, column, _ in reversed(COLUMNS):
        op.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
    for name in ("old_passwords", "recovery_codes", "second_factors", "failed_sign_ins"):
        op.drop_table(name)
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER access_settings_no_delete")
    op.drop_table("access_settings")
