"""The columns of a repayment file, and each bank's own words for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from wibawa.uploads.columns import Column
from wibawa.uploads.layouts import (
    DateOrder,
    DecimalMark,
    Layout,
    Shape,
    Words,
    taught_layout,
    usual_layout,
)

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


SHAPE = Shape(COLUMNS, (("amount",), ("principal", "interest")))
DEFAULT_LAYOUT = usual_layout(SHAPE)


def layout_from(
    mapping: Mapping[str, Sequence[str]] | None = None,
    date_order: DateOrder = "dmy",
    decimal_mark: DecimalMark | None = None,
) -> Layout:
    """The columns with a bank's own headings (key → names) put before the usual ones.

    A heading that the bank gives to one column is taken away from all others. Raises `Refused`
    (column_unknown) for a key that is no column.

    >>> layout_from({"principal": ["JUMLAH"]}).columns[4].names[0]
    'JUMLAH'
    """
    return taught_layout(SHAPE, Words(mapping or {}, (), date_order, decimal_mark))
