"""Banks, the product's settings, kecamatan and kelurahan, and the Renstra's targets and figures."""

import csv
import datetime as dt
import json
from decimal import Decimal
from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

DATA = Path(__file__).resolve().parent.parent / "data"
FIRST_DAY = dt.date(2017, 1, 1)
TPB = "Persentase akses UMKM (Usaha Mikro, Kecil, dan Menengah) ke layanan keuangan. (8.3.1.(c)"
AKSES = (
    "Persentase Pelaku usaha mikro yang mendapat fasilitasi pengembangan usaha "
    "dan akses pembiayaan"
)
KOPERASI = "Jumlah Koperasi yang Difasilitasi Permodalannya"
PEMULIHAN = "Jumlah Usaha Mikro yang Terfasilitasi"
INDICATORS = (
    (
        "TPB 8.3.1.(c)",
        TPB,
        "Persentase akses UMKM ke layanan keuangan",
        "percent",
        "%",
        "Pembilang: peminjam Kredit Wibawa (orang atau koperasi) yang pernah menerima pencairan "
        "sampai akhir tahun. Penyebut: usaha mikro terdata di SI-UMI pada tahun itu. Renstra tidak "
        "menyebut pembilang dan penyebut; angka 2020–2024 adalah angka terbitan.",
    ),
    (
        "AKSES-PEMBIAYAAN",
        AKSES,
        "Persentase pelaku usaha mikro yang mendapat fasilitasi pengembangan usaha dan akses "
        "pembiayaan",
        "percent",
        "%",
        "Pembilang: usaha mikro yang mendapat fasilitasi pengembangan usaha dan akses pembiayaan. "
        "Sumber pembilang di luar Kredit Wibawa belum dimasukkan.",
    ),
    (
        "KOP-PERMODALAN",
        KOPERASI,
        "Jumlah koperasi yang difasilitasi permodalannya",
        "count",
        "koperasi",
        "Koperasi yang menerima pencairan Kredit Wibawa pada tahun itu.",
    ),
    (
        "PEMULIHAN",
        PEMULIHAN,
        "Jumlah usaha mikro yang terfasilitasi (pemulihan, termasuk restrukturisasi kredit)",
        "count",
        "unit usaha",
        "Usaha mikro yang pinjamannya direstrukturisasi atau mendapat pemulihan lain pada tahun itu.",
    ),
)


def _hundredths(value):
    return None if value is None else int(Decimal(str(value)) * 100)


def upgrade() -> None:
    bind = op.get_bind()
    meta = sa.MetaData()
    names = (
        "users", "banks", "bank_layouts", "collectibility_rules", "loan_terms", "kecamatan",
        "kelurahan", "indicators", "indicator_years", "denominators",
    )
    meta.reflect(bind, only=names)
    table = {name: meta.tables[name] for name in names}

    def insert(name, rows):
        op.bulk_insert(table[name], rows)

    _people_and_banks(insert)
    _places(insert)
    _figures(insert)
    if bind.dialect.name == "postgresql":
        for name in ("users", "banks", "bank_layouts", "loan_terms"):
            op.execute(
                f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), (SELECT max(id) FROM {name}))"
            )


def _people_and_banks(insert) -> None:
    insert("banks", [
        {"id": 1, "code": "JATENG", "name": "Bank Jateng", "kind": "commercial",
         "method": "annuity", "multiple": 1, "holiday_rule": "following",
         "posts_clean_files": False},
        {"id": 2, "code": "PASAR", "name": "Bank Pasar", "kind": "rural",
         "method": "flat", "multiple": 1, "holiday_rule": "following",
         "posts_clean_files": False},
    ])
    insert("users", [
        {"id": 1, "username": "baris-perintah", "name": "Baris perintah", "role": "administrator",
         "bank_id": None, "password_hash": "!", "can_sign_in": False,
         "created_at": dt.datetime(2017, 1, 1)},
    ])
    insert("bank_layouts", [
        {"id": 1, "bank_id": 1, "kind": "repayments", "valid_from": FIRST_DAY, "columns": json.dumps({
            "account": ["NO REKENING"], "name": ["NAMA DEBITUR"], "paid_on": ["TGL BAYAR"],
            "principal": ["POKOK"], "interest": ["BUNGA"], "penalty": ["DENDA"],
            "amount": ["JUMLAH"], "outstanding": ["BAKI DEBET"], "collectibility": ["KOL"],
            "reference": ["NO REFERENSI"]})},
        {"id": 2, "bank_id": 2, "kind": "repayments", "valid_from": FIRST_DAY, "columns": json.dumps({
            "account": ["Nomor Rekening"], "name": ["Nama"], "paid_on": ["Tanggal Bayar"],
            "amount": ["Jumlah Bayar"], "penalty": ["Denda"], "outstanding": ["Sisa Pokok"],
            "collectibility": ["Kolektibilitas"], "reference": ["No Bukti"]})},
    ])
    insert("collectibility_rules", [
        {"bank_kind": "commercial", "valid_from": FIRST_DAY,
         "class_1": 0, "class_2": 90, "class_3": 120, "class_4": 180},
        {"bank_kind": "rural", "valid_from": FIRST_DAY,
         "class_1": 30, "class_2": 90, "class_3": 180, "class_4": 360},
    ])
    insert("loan_terms", [
        {"id": 1, "valid_from": FIRST_DAY, "rate": 300, "months": 24,
         "ceiling_micro": 50_000_000, "ceiling_cooperative": 50_000_000,
         "collateral_free_limit": 5_000_000, "minimum_age": 17, "minimum_business_years": 2,
         "confirmed": False, "legal_basis": ""},
    ])


def _places(insert) -> None:
    with (DATA / "semarang_wilayah.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    insert("kecamatan", [
        {"code": code, "name": name}
        for code, name in sorted({(r["kode_kecamatan"], r["kecamatan"]) for r in rows})
    ])
    insert("kelurahan", [
        {"code": r["kode_kelurahan"], "kecamatan_code": r["kode_kecamatan"], "name": r["kelurahan"]}
        for r in rows
    ])


def _figures(insert) -> None:
    records = json.loads((DATA / "renstra_indicators.json").read_text())["records"]
    insert("indicators", [
        {"code": code, "name": name, "unit": unit, "unit_label": label, "definition": definition,
         "position": position}
        for position, (code, _, name, unit, label, definition) in enumerate(INDICATORS, 1)
    ])
    code_of = {printed: code for code, printed, *_ in INDICATORS}
    insert("indicator_years", [
        {"code": code_of[r["indicator"]], "year": r["year"], "target": _hundredths(r["target"]),
         "published": _hundredths(r["realised"]),
         "source": f"Renstra 2025–2029, {r['seed_table']}"}
        for r in records
        if r["indicator"] in code_of
    ])
    counted = {
        "Pelaku usaha mikro tercatat di SI-UMI": "SI-UMI",
        "Jumlah koperasi aktif": "KOPERASI-AKTIF",
    }
    insert("denominators", [
        {"name": counted[r["indicator"]], "year": r["year"], "count": int(r["realised"]),
         "cut_off": None, "source": f"Renstra 2025–2029, {r['seed_table']}"}
        for r in records
        if r["indicator"] in counted and r["realised"] is not None
    ])


def downgrade() -> None:
    for name in (
        "denominators", "indicator_years", "indicators", "kelurahan", "kecamatan", "loan_terms",
        "collectibility_rules", "bank_layouts", "users", "banks",
    ):
        op.execute(f"DELETE FROM {name}")
