"""What a bank answers to an application: append-only decisions, reasons for refusing, the amount."""

import datetime as dt

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

WITHIN = (
    "state NOT IN ('approved','disbursed') OR "
    "(approved_amount IS NOT NULL AND approved_amount BETWEEN 1 AND amount)"
)
OF_APPROVED = "approved_amount IS NULL OR state IN ('approved','disbursed','withdrawn')"
FIRST_DAY = dt.date(2017, 1, 1)
REASONS = (
    ("slik", "Riwayat kredit pada SLIK buruk", False),
    ("capacity", "Kemampuan bayar tidak cukup", False),
    ("collateral", "Agunan tidak memenuhi", False),
    ("papers", "Dokumen tidak lengkap", False),
    ("area", "Usaha di luar wilayah kerja", False),
    ("unreachable", "Pemohon tidak dapat dihubungi", False),
    ("withdrew", "Pemohon mengundurkan diri", False),
    ("other_credit", "Masih mempunyai kredit lain", False),
    ("other", "Alasan lain", True),
)


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    checks = (
        ("approved_amount_within", WITHIN),
        ("approved_amount_of_approved", OF_APPROVED),
    )
    if sqlite:
        said = " ".join(f"CONSTRAINT ck_applications_{name} CHECK ({rule})" for name, rule in checks)
        op.execute(f"ALTER TABLE applications ADD COLUMN approved_amount BIGINT {said}")
    else:
        op.add_column("applications", sa.Column("approved_amount", sa.BigInteger(), nullable=True))
        for name, rule in checks:
            op.execute(
                f"ALTER TABLE applications ADD CONSTRAINT ck_applications_{name} CHECK ({rule})"
            )
    _reasons()
    _decisions()
    for verb, each in (("UPDATE", "ROW"), ("DELETE", "ROW"), ("TRUNCATE", "STATEMENT")):
        head = f"CREATE TRIGGER bank_decisions_no_{verb.lower()} BEFORE {verb} ON bank_decisions "
        if not sqlite:
            op.execute(f"{head}FOR EACH {each} EXECUTE FUNCTION refuse_change()")
        elif verb != "TRUNCATE":
            op.execute(f"{head}BEGIN SELECT RAISE(ABORT, 'bank_decisions is append-only'); END")


def _reasons() -> None:
    table = op.create_table(
        "decline_reasons",
        sa.Column("code", sa.String(length=30), nullable=False),
        sa.Column("words", sa.String(length=80), nullable=False),
        sa.Column("needs_text", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "valid_until IS NULL OR valid_until >= valid_from",
            name=op.f("ck_decline_reasons_days_in_order"),
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_decline_reasons")),
    )
    op.bulk_insert(
        table,
        [
            {"code": code, "words": words, "needs_text": needs, "position": position,
             "valid_from": FIRST_DAY, "valid_until": None}
            for position, (code, words, needs) in enumerate(REASONS, 1)
        ],
    )


def _decisions() -> None:
    table = "bank_decisions"
    op.create_table(
        table,
        sa.Column("application_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("bank_id", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(length=12), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("reason_code", sa.String(length=30), nullable=True),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("decided_at", sa.DateTime(), nullable=False),
        sa.Column("upload_id", sa.Integer(), nullable=True),
        sa.Column("row_number", sa.Integer(), nullable=True),
        sa.CheckConstraint("outcome IN ('approved','refused')", name=op.f(f"ck_{table}_outcome_known")),
        sa.CheckConstraint(
            "(outcome = 'approved') = (amount IS NOT NULL) AND (amount IS NULL OR amount >= 1)",
            name=op.f(f"ck_{table}_amount_of_approved"),
        ),
        sa.CheckConstraint(
            "(outcome = 'refused') = (reason_code IS NOT NULL)",
            name=op.f(f"ck_{table}_reason_of_refused"),
        ),
        sa.CheckConstraint(
            "(upload_id IS NULL) = (row_number IS NULL)", name=op.f(f"ck_{table}_row_of_file")
        ),
        sa.ForeignKeyConstraint(
            ["application_id", "bank_id"], ["applications.id", "applications.bank_id"],
            name=f"fk_{table}_application",
        ),
        sa.ForeignKeyConstraint(
            ["upload_id", "bank_id"], ["uploads.id", "uploads.bank_id"], name=f"fk_{table}_upload"
        ),
        sa.ForeignKeyConstraint(["bank_id"], ["banks.id"], name=op.f(f"fk_{table}_bank_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f(f"fk_{table}_user_id")),
        sa.ForeignKeyConstraint(
            ["reason_code"], ["decline_reasons.code"], name=op.f(f"fk_{table}_reason_code")
        ),
        sa.PrimaryKeyConstraint("application_id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("upload_id", "row_number", name=op.f(f"uq_{table}_upload_id_row_number")),
    )


def downgrade() -> None:
    op.drop_table("bank_decisions")
    op.drop_table("decline_reasons")
    if op.get_bind().dialect.name == "sqlite":
        op.execute("ALTER TABLE applications DROP COLUMN approved_amount")
        return
    for name in ("approved_amount_within", "approved_amount_of_approved"):
        op.execute(f"ALTER TABLE applications DROP CONSTRAINT ck_applications_{name}")
    op.drop_column("applications", "approved_amount")
