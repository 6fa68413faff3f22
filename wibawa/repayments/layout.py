"""The columns of a repayment file, and each bank's own words for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from wibawa.rules.refused import Refused
from wibawa.uploads.columns import Column, squeeze

COLUMNS: tuple[Column, ...] = (
    Column(
        "account",
        "Nomor Rekening",
        (
            "NO REKENING", "NO REK", "NOREK", "REKENING", "NO REKENING PINJAMAN",
            "NO REKENING KREDIT", "NO REK KREDIT", "NO REK PINJAMAN", "NOMOR REKENING KREDIT",
            "NOMOR REKENING PINJAMAN", "NO LOAN", "NO PINJAMAN", "NO KREDIT", "ACCOUNT NO",
            "ACCOUNT NUMBER",
        ),
        needed=True,
    ),
    Column(
        "name",
        "Nama",
        (
            "NAMA DEBITUR", "NAMA PEMINJAM", "NAMA NASABAH", "NAMA LENGKAP", "DEBITUR", "NASABAH",
            "PEMINJAM",
        ),
    ),
    Column(
        "paid_on",
        "Tanggal Bayar",
        (
            "TGL BAYAR", "TGL PEMBAYARAN", "TANGGAL PEMBAYARAN", "TGL ANGSURAN",
            "TANGGAL ANGSURAN", "TGL SETOR", "TANGGAL SETOR", "TGL TRANSAKSI",
            "TANGGAL TRANSAKSI", "TGL VALUTA", "TANGGAL VALUTA", "TGL", "TANGGAL",
        ),
        needed=True,
    ),
    Column(
        "amount",
        "Jumlah Bayar",
        (
            "JUMLAH PEMBAYARAN", "JML BAYAR", "JUMLAH ANGSURAN", "TOTAL BAYAR", "TOTAL ANGSURAN",
            "TOTAL PEMBAYARAN", "JUMLAH SETORAN", "NILAI BAYAR", "NOMINAL", "SETORAN", "ANGSURAN",
            "PEMBAYARAN", "JUMLAH", "JML", "TOTAL",
        ),
    ),
    Column(
        "principal",
        "Pokok",
        ("ANGSURAN POKOK", "POKOK DIBAYAR", "BAYAR POKOK", "PEMBAYARAN POKOK", "ANGS POKOK"),
    ),
    Column(
        "interest",
        "Bunga",
        ("ANGSURAN BUNGA", "BUNGA DIBAYAR", "BAYAR BUNGA", "PEMBAYARAN BUNGA", "ANGS BUNGA"),
    ),
    Column("penalty", "Denda", ("DENDA DIBAYAR", "BAYAR DENDA", "PINALTI", "PENALTI", "PENALTY")),
    Column(
        "outstanding",
        "Sisa Pokok",
        (
            "BAKI DEBET", "BAKIDEBET", "BAKI DEBIT", "SISA PINJAMAN", "SISA KREDIT",
            "SALDO POKOK", "SALDO PINJAMAN", "OUTSTANDING", "OS POKOK",
        ),
    ),
    Column("collectibility", "Kolektibilitas", ("KOL", "KOLEK", "KOLEKTIBILITI", "KUALITAS")),
    Column(
        "days_past_due",
        "Hari Tunggakan",
        ("HARI TUNGGAK", "HARI MENUNGGAK", "JML HARI TUNGGAKAN", "JUMLAH HARI TUNGGAKAN", "DPD"),
    ),
    Column(
        "reference",
        "No Bukti",
        (
            "NO REFERENSI", "NOMOR REFERENSI", "REFERENSI", "NO REF", "REF", "NOMOR BUKTI",
            "NO BUKTI TRANSAKSI", "NO TRANSAKSI", "NOMOR TRANSAKSI", "NO JURNAL", "NO SLIP",
            "NO KUITANSI",
        ),
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Layout:
    """How one bank writes its file. `decimal_mark` None means: told by the number itself.

    `date_order` "ymd" also takes `20261005` and `2026/10/05`; a month is never read first.
    """

    columns: tuple[Column, ...] = COLUMNS
    date_order: Literal["dmy", "ymd"] = "dmy"
    decimal_mark: Literal[",", "."] | None = None


DEFAULT_LAYOUT = Layout()


def layout_from(
    mapping: Mapping[str, Sequence[str]] | None = None,
    date_order: Literal["dmy", "ymd"] = "dmy",
    decimal_mark: Literal[",", "."] | None = None,
) -> Layout:
    """The columns with a bank's own headings (key → names) put before the usual ones.

    A heading that the bank gives to one column is taken away from all others. Raises `Refused`
    (column_unknown) for a key that is no column.

    >>> layout_from({"principal": ["JUMLAH"]}).columns[4].names[0]
    'JUMLAH'
    """
    given = {key: tuple(names) for key, names in (mapping or {}).items()}
    unknown = sorted(given.keys() - {column.key for column in COLUMNS})
    if unknown:
        raise Refused("column_unknown", f"Kolom “{unknown[0]}” tidak ada pada berkas angsuran.")
    owner = {squeeze(name): key for key, names in given.items() for name in names}
    columns = []
    for column in COLUMNS:
        usual = (column.heading, *column.names)
        kept = tuple(name for name in usual if owner.get(squeeze(name), column.key) == column.key)
        columns.append(replace(column, names=given.get(column.key, ()) + kept))
    return Layout(tuple(columns), date_order, decimal_mark)
