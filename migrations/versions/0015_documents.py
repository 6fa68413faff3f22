"""Documents of borrowers and applications: kinds with dates, versions, sealed bytes, append-only."""

import datetime as dt

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

APPEND_ONLY = ("documents", "document_contents", "document_withdrawals")
FIRST_DAY, FOREVER = dt.date(2017, 1, 1), dt.date(9999, 12, 31)
OF_BORROWER = "replaces_id IS NULL AND borrower_id IS NOT NULL"
OF_APPLICATION = "replaces_id IS NULL AND application_id IS NOT NULL AND visit_number IS NULL"

# code, name, hint, belongs to, needed, shows a NIK, photo. A chosen list: the office may date others.
COLLATERAL = (
    "collateral", "Bukti agunan", "Sertifikat, BPKB, atau bukti lain yang disebut di permohonan.",
    "application", "above_limit", True, False,
)
MICRO = (
    ("ktp", "KTP pemohon", "Kartu asli; seluruh sisi depan terbaca.", "borrower", "always", True, False),
    ("family_card", "Kartu Keluarga", "Seluruh lembar.", "borrower", "always", True, False),
    ("business_proof", "Izin usaha (NIB atau SKU)", "NIB dari OSS, atau surat keterangan usaha dari kelurahan.",
     "borrower", "always", True, False),
    ("business_photo", "Foto usaha", "Tempat usaha tampak depan, dengan kegiatannya.",
     "application", "always", False, True),
    ("npwp", "NPWP", "Bila ada.", "borrower", "never", True, False),
    COLLATERAL,
)
COOPERATIVE = (
    ("deed", "Akta pendirian", "Akta pendirian dan perubahan terakhir.", "borrower", "always", True, False),
    ("legal_entity", "Pengesahan badan hukum", "Surat keputusan pengesahan.", "borrower", "always", False, False),
    ("business_proof", "NIB koperasi", "Dari OSS.", "borrower", "always", False, False),
    ("officers_ktp", "KTP pengurus", "Ketua, sekretaris, dan bendahara dalam satu PDF.",
     "borrower", "always", True, False),
    ("annual_meeting", "Laporan RAT terakhir", "Berita acara rapat anggota tahunan.",
     "application", "always", False, False),
    ("finances", "Laporan keuangan", "Neraca dan hasil usaha tahun buku terakhir.",
     "application", "always", False, False),
    ("health", "Penilaian kesehatan", "Sertifikat atau hasil penilaian yang masih berlaku.",
     "application", "always", False, False),
    ("officers", "Daftar pengurus", "Susunan pengurus dan pengawas yang menjabat.",
     "application", "never", True, False),
    ("npwp", "NPWP koperasi", "Bila ada.", "borrower", "never", False, False),
    COLLATERAL,
)
VISIT = ("visit_photo", "Foto kunjungan", "Diambil saat kunjungan lapangan.", "visit", "never", False, True)


def upgrade() -> None:
    _kinds()
    _documents()
    _parts()
    for table in APPEND_ONLY:
        for verb, each in (("UPDATE", "ROW"), ("DELETE", "ROW"), ("TRUNCATE", "STATEMENT")):
            head = f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
            if op.get_bind().dialect.name != "sqlite":
                op.execute(f"{head}FOR EACH {each} EXECUTE FUNCTION refuse_change()")
            elif verb != "TRUNCATE":
                op.execute(f"{head}BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END")


def _kinds() -> None:
    table = "document_kinds"
    rules = {
        "borrower_kind_known": "borrower_kind IN ('micro','cooperative')",
        "owner_known": "belongs_to IN ('borrower','application','visit')",
        "need_known": "needed IN ('always','above_limit','never')",
        "days_in_order": "valid_from <= valid_until",
    }
    kinds = op.create_table(
        table,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("borrower_kind", sa.String(length=12), nullable=False),
        sa.Column("code", sa.String(length=30), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("hint", sa.String(length=200), nullable=False),
        sa.Column("belongs_to", sa.String(length=12), nullable=False),
        sa.Column("needed", sa.String(length=12), nullable=False),
        sa.Column("shows_nik", sa.Boolean(), nullable=False),
        sa.Column("is_photo", sa.Boolean(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        *(sa.CheckConstraint(rule, name=op.f(f"ck_{table}_{name}")) for name, rule in rules.items()),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint(
            "borrower_kind", "code", "valid_from", name=op.f(f"uq_{table}_borrower_kind_code_valid_from")
        ),
    )
    names = ("code", "name", "hint", "belongs_to", "needed", "shows_nik", "is_photo")
    rows = [
        dict(zip(names, values, strict=True))
        | {"borrower_kind": borrower_kind, "position": position}
        | {"valid_from": FIRST_DAY, "valid_until": FOREVER}
        for borrower_kind, those in (("micro", MICRO), ("cooperative", COOPERATIVE))
        for position, values in enumerate((*those, VISIT), 1)
    ]
    op.bulk_insert(kinds, rows)


def _documents() -> None:
    table = "documents"
    rules = {
        "one_owner": "(borrower_id IS NULL) <> (application_id IS NULL)",
        "visit_of_application": "visit_number IS NULL OR application_id IS NOT NULL",
        "media_type_known": "media_type IN ('application/pdf','image/jpeg')",
        "size_positive": "size >= 1",
        "replaces_older": "replaces_id < id",
    }
    refers = {
        "borrower_id": "borrowers.id", "application_id": "applications.id",
        "kind_id": "document_kinds.id", "recorded_by": "users.id",
    }
    op.create_table(
        table,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("borrower_id", sa.Integer(), nullable=True),
        sa.Column("application_id", sa.Integer(), nullable=True),
        sa.Column("visit_number", sa.Integer(), nullable=True),
        sa.Column("kind_id", sa.Integer(), nullable=False),
        sa.Column("media_type", sa.String(length=20), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("replaces_id", sa.Integer(), nullable=True),
        sa.Column("recorded_by", sa.Integer(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(), nullable=False),
        *(sa.CheckConstraint(rule, name=op.f(f"ck_{table}_{name}")) for name, rule in rules.items()),
        *(
            sa.ForeignKeyConstraint([name], [to], name=op.f(f"fk_{table}_{name}"))
            for name, to in refers.items()
        ),
        sa.ForeignKeyConstraint(
            ["application_id", "visit_number"],
            ["site_visits.application_id", "site_visits.number"],
            name="fk_documents_visit",
        ),
        # Of the two keys, the one whose owner is NULL says nothing: a version stays with its owner.
        sa.ForeignKeyConstraint(
            ["replaces_id", "borrower_id"],
            ["documents.id", "documents.borrower_id"],
            name="fk_documents_replaces_of_borrower",
        ),
        sa.ForeignKeyConstraint(
            ["replaces_id", "application_id"],
            ["documents.id", "documents.application_id"],
            name="fk_documents_replaces_of_application",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("id", "borrower_id", name=op.f(f"uq_{table}_id_borrower_id")),
        sa.UniqueConstraint("id", "application_id", name=op.f(f"uq_{table}_id_application_id")),
        sa.UniqueConstraint("replaces_id", name=op.f(f"uq_{table}_replaces_id")),
    )
    op.create_index("ix_documents_borrower", table, ["borrower_id", "kind_id"])
    op.create_index("ix_documents_application", table, ["application_id", "kind_id"])
    for name, column, where in (
        ("uq_documents_first_of_borrower", "borrower_id", OF_BORROWER),
        ("uq_documents_first_of_application", "application_id", OF_APPLICATION),
    ):
        only = sa.text(where)
        op.create_index(
            name, table, [column, "kind_id"], unique=True, sqlite_where=only, postgresql_where=only
        )


def _parts() -> None:
    op.create_table(
        "document_contents",
        sa.Column("document_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("thumbnail", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], name=op.f("fk_document_contents_document_id")
        ),
        sa.PrimaryKeyConstraint("document_id", name=op.f("pk_document_contents")),
    )
    table = "document_withdrawals"
    op.create_table(
        table,
        sa.Column("document_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("withdrawn_by", sa.Integer(), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.CheckConstraint("reason <> ''", name=op.f(f"ck_{table}_reason_given")),
        sa.ForeignKeyConstraint(["document_id"], ["documents.id"], name=op.f(f"fk_{table}_document_id")),
        sa.ForeignKeyConstraint(["withdrawn_by"], ["users.id"], name=op.f(f"fk_{table}_withdrawn_by")),
        sa.PrimaryKeyConstraint("document_id", name=op.f(f"pk_{table}")),
    )


def downgrade() -> None:
    op.drop_table("document_withdrawals")
    op.drop_table("document_contents")
    op.drop_table("documents")
    op.drop_table("document_kinds")
