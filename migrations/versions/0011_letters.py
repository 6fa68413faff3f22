"""What stands on the office's papers, as dated entries; issued papers, numbered without a gap."""

import datetime as dt
import json

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

APPEND_ONLY = ("office_profiles", "issued_papers")
KINDS = "kind IN ('proposal','approval','office_refusal','bank_refusal','completion')"
NEXT = (
    "(SELECT COALESCE(MAX(sequence), 0) + 1 FROM issued_papers "
    "WHERE kind = NEW.kind AND year = NEW.year)"
)
GAP = "papers are numbered without a gap"
FORMATS = {
    "proposal": "{nomor}/USULAN/KW/{bulan}/{tahun}",
    "approval": "{nomor}/SETUJU/KW/{bulan}/{tahun}",
    "office_refusal": "{nomor}/TOLAK/KW/{bulan}/{tahun}",
    "bank_refusal": "{nomor}/TOLAK-BANK/KW/{bulan}/{tahun}",
    "completion": "{nomor}/LENGKAPI/KW/{bulan}/{tahun}",
}


def upgrade() -> None:
    _office_profiles()
    _issued_papers()
    if op.get_bind().dialect.name == "sqlite":
        _sqlite()
    else:
        _postgresql()


def _office_profiles() -> None:
    profiles = op.create_table(
        "office_profiles",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("government", sa.String(length=80), nullable=False),
        sa.Column("office", sa.String(length=80), nullable=False),
        sa.Column("address", sa.String(length=240), nullable=False),
        sa.Column("phone", sa.String(length=40), nullable=False),
        sa.Column("website", sa.String(length=80), nullable=False),
        sa.Column("email", sa.String(length=80), nullable=False),
        sa.Column("place", sa.String(length=60), nullable=False),
        sa.Column("signatory_role", sa.String(length=160), nullable=False),
        sa.Column("signatory_name", sa.String(length=120), nullable=False),
        sa.Column("signatory_rank", sa.String(length=80), nullable=False),
        sa.Column("signatory_nip", sa.String(length=30), nullable=False),
        sa.Column("formats", sa.Text(), nullable=False),
        sa.Column("entered_by", sa.Integer(), nullable=True),
        sa.Column("entered_at", sa.DateTime(), nullable=True),
        sa.CheckConstraint(
            "(entered_by IS NULL) = (entered_at IS NULL)", name=op.f("ck_office_profiles_entered")
        ),
        sa.ForeignKeyConstraint(
            ["entered_by"], ["users.id"], name=op.f("fk_office_profiles_entered_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_office_profiles")),
    )
    op.create_index("ix_office_profiles_valid_from", "office_profiles", ["valid_from", "id"])
    op.bulk_insert(
        profiles,
        [
            {
                "valid_from": dt.date(2000, 1, 1),
                "government": "PEMERINTAH KOTA SEMARANG",
                "office": "DINAS KOPERASI DAN USAHA MIKRO",
                "address": "Kota Semarang, Provinsi Jawa Tengah",
                "phone": "",
                "website": "",
                "email": "",
                "place": "Semarang",
                "signatory_role": "Kepala Dinas Koperasi dan Usaha Mikro Kota Semarang",
                "signatory_name": "",
                "signatory_rank": "",
                "signatory_nip": "",
                "formats": json.dumps(FORMATS),
            }
        ],
    )


def _issued_papers() -> None:
    op.create_table(
        "issued_papers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=80), nullable=False),
        sa.Column("dated", sa.Date(), nullable=False),
        sa.Column("bank_id", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(length=120), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("data_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("issued_by", sa.Integer(), nullable=False),
        sa.Column("issued_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint(KINDS, name=op.f("ck_issued_papers_kind_known")),
        sa.CheckConstraint("sequence >= 1", name=op.f("ck_issued_papers_sequence_counts")),
        sa.ForeignKeyConstraint(["bank_id"], ["banks.id"], name=op.f("fk_issued_papers_bank_id")),
        sa.ForeignKeyConstraint(
            ["issued_by"], ["users.id"], name=op.f("fk_issued_papers_issued_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_issued_papers")),
        sa.UniqueConstraint("number", name=op.f("uq_issued_papers_number")),
        sa.UniqueConstraint("id", "bank_id", name=op.f("uq_issued_papers_id_bank_id")),
        sa.UniqueConstraint(
            "kind", "year", "sequence", name=op.f("uq_issued_papers_kind_year_sequence")
        ),
    )
    op.create_index("ix_issued_papers_bank_id", "issued_papers", ["bank_id"])
    op.create_index("ix_issued_papers_issued_at", "issued_papers", ["issued_at"])


def _sqlite() -> None:
    for table in APPEND_ONLY:
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
    op.execute(
        f"CREATE TRIGGER issued_papers_next BEFORE INSERT ON issued_papers "
        f"WHEN NEW.sequence <> {NEXT} BEGIN SELECT RAISE(ABORT, '{GAP}'); END"
    )


def _postgresql() -> None:
    for table in APPEND_ONLY:
        for verb, each in (("UPDATE", "ROW"), ("DELETE", "ROW"), ("TRUNCATE", "STATEMENT")):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"FOR EACH {each} EXECUTE FUNCTION refuse_change()"
            )
    op.execute(
        "CREATE FUNCTION refuse_gap() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN IF NEW.sequence <> {NEXT} THEN RAISE EXCEPTION '{GAP}'; END IF; "
        "RETURN NEW; END $$"
    )
    op.execute(
        "CREATE TRIGGER issued_papers_next BEFORE INSERT ON issued_papers "
        "FOR EACH ROW EXECUTE FUNCTION refuse_gap()"
    )


def downgrade() -> None:
    op.drop_table("issued_papers")
    op.drop_table("office_profiles")
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION refuse_gap()")
