"""The Berita Acara Rekonsiliasi as plain data: the statement both sides sign, and what differs."""

from __future__ import annotations

import datetime as dt
from typing import Protocol

from wibawa.letters.documents import Block, Facts, Grid, Heading, Letter, ListColumn, Signatory
from wibawa.reconciliation.document import Difference, Reconciliation
from wibawa.rules.dates import long_date, long_moment, short_date
from wibawa.rules.money import number, rupiah
from wibawa.rules.reconciliation import CAUSE_WORDS, Cause, Month
from wibawa.web.clock import in_wib

STATEMENT = (ListColumn("Uraian", 44), ListColumn("Jumlah (Rp)", 16, right=True))
DIFFERENCES = (
    ListColumn("Pinjaman, rekening", 15),
    ListColumn("Peminjam", 16),
    ListColumn("Bank (Rp)", 11, right=True),
    ListColumn("Dinas (Rp)", 11, right=True),
    ListColumn("Selisih (Rp)", 11, right=True),
    ListColumn("Kol bank / dinas", 10),
    ListColumn("Sebab yang mungkin, dan catatan", 26),
)
LATE = (
    ListColumn("Pinjaman, entri", 16),
    ListColumn("Peminjam", 18),
    ListColumn("Tanggal", 11),
    ListColumn("Jenis", 18),
    ListColumn("Jumlah (Rp)", 12, right=True),
    ListColumn("Asal", 25),
)
KINDS = {
    "disbursement": "Pencairan",
    "opening": "Saldo awal",
    "repayment": "Angsuran",
    "settlement": "Pelunasan dipercepat",
    "write_off": "Hapus buku",
    "recovery": "Penerimaan setelah hapus buku",
    "reversal": "Pembatalan",
}
TRUE = (
    "Demikian berita acara ini dibuat dengan sebenarnya dan ditandatangani kedua pihak untuk "
    "dipergunakan sebagaimana mestinya."
)


class SignedMonth(Protocol):
    """What the paper says of the closing itself."""

    @property
    def month(self) -> Month: ...
    @property
    def data_hash(self) -> str: ...
    @property
    def chain_number(self) -> int | None: ...
    @property
    def chain_hash(self) -> str | None: ...
    @property
    def decision_number(self) -> int | None: ...
    @property
    def decision_hash(self) -> str | None: ...
    @property
    def proposed_by(self) -> str: ...
    @property
    def closed_by(self) -> str: ...
    @property
    def closed_at(self) -> dt.datetime: ...


def grouped(digest: str) -> str:
    """A hash in groups of eight, so that two people can compare it.

    >>> grouped("0123456789abcdef")
    '01234567 89abcdef'
    """
    return " ".join(digest[start : start + 8] for start in range(0, len(digest), 8))


def statement_rows(month: Reconciliation) -> list[tuple[str, int]]:
    """The statement of principal, line by line: what is added is positive, what is taken off is
    negative. Lines of corrections that are 0 are left out, except their sum."""
    moved = month.movement
    rows = [("Baki debet awal", moved.opening), ("Pencairan", moved.disbursed)]
    if moved.taken_over:
        rows.append(("Masuk bersama data awal", moved.taken_over))
    rows.append(("Pokok yang dibayar", -moved.repaid))
    for label, value in correction_rows(month):
        rows.append((label, value))
    if not moved.corrections and not correction_rows(month):
        rows.append(("Koreksi", 0))
    rows.append(("Baki debet akhir", moved.closing))
    return rows


def correction_rows(month: Reconciliation) -> list[tuple[str, int]]:
    """The corrections that there are; what came late is named even where it cancels out."""
    moved = month.movement
    found = [
        ("Koreksi: entri bulan lalu yang dibukukan kemudian", moved.late),
        ("Koreksi: pembatalan pembayaran bulan lalu", moved.restored),
        ("Koreksi: perubahan jadwal", moved.rescheduled),
        ("Koreksi: hapus buku", moved.written_off),
    ]
    return [each for place, each in enumerate(found) if each[1] or (not place and month.late)]


def minutes_letter(heading: Heading, month: Reconciliation, closed: SignedMonth) -> Letter:
    """What the office and the bank sign of a closed month; drawn from its kept document alone."""
    words = month.of.words
    body: list[Block] = [
        f"Pada hari ini kedua pihak, Dinas Koperasi dan Usaha Mikro Kota Semarang dan "
        f"{month.bank}, telah mencocokkan buku pinjaman Kredit Wibawa bulan {words} (posisi "
        f"{long_date(month.of.last)}) dengan hasil sebagai berikut.",
        _statement(month),
        _money(month),
        *_differences(month),
        *_late(month),
        _closing(closed),
        TRUE,
    ]
    office = heading.signatory
    return Letter(
        heading=heading,
        subject=f"Rekonsiliasi {words}, {month.bank}",
        recipient=(),
        body=tuple(body),
        name="Berita Acara Rekonsiliasi",
        signatories=(Signatory(f"Untuk {month.bank}", rank="Nama dan jabatan"), office),
    )


def _statement(month: Reconciliation) -> Grid:
    *rows, last = statement_rows(month)
    return Grid(
        STATEMENT,
        tuple((label, number(value)) for label, value in rows),
        (last[0], number(last[1])),
    )


def _money(month: Reconciliation) -> Facts:
    titipan = month.suspense
    late = f"; koreksi {rupiah(titipan.late)}" if titipan.late else ""
    files = f"{number(len(month.files))} berkas, {number(month.file_rows)} baris"
    loans = f"{number(month.loans_opening)} di awal, {number(month.loans_new)} baru, "
    loans += f"{number(month.loans_ended)} selesai, {number(month.loans_closing)} di akhir"
    items = [
        ("Pinjaman", loans),
        ("Uang diterima", f"{rupiah(month.received)}; bunga {rupiah(month.interest)}, denda "
                          f"{rupiah(month.penalty)}"),
        ("Titipan", f"awal {rupiah(titipan.opening)}{late}; masuk {rupiah(titipan.received)}; "
                    f"menjadi angsuran {rupiah(titipan.placed)}; kembali "
                    f"{rupiah(titipan.returned)}; akhir {rupiah(titipan.closing)}"),
        ("Berkas bank", f"{files}, {rupiah(month.file_total)}"),
    ]  # fmt: skip
    if month.recovered:
        items.insert(2, ("Setelah hapus buku", rupiah(month.recovered)))
    return Facts(tuple(items))


def _differences(month: Reconciliation) -> list[Block]:
    if not month.differences:
        return ["Tidak ada selisih antara baris berkas bank dan buku dinas."]
    settled = len(month.differences) - month.open_differences
    said = f"Ada selisih pada {number(len(month.differences))} pinjaman"
    if settled:
        said += f"; {number(settled)} disepakati dibiarkan"
    if month.open_differences:
        said += f"; {number(month.open_differences)} dibawa ke bulan berikutnya"
    rows = tuple(_difference(each) for each in month.differences)
    return [f"{said}:", Grid(DIFFERENCES, rows)]


def _difference(each: Difference) -> tuple[str, ...]:
    stated = "–" if each.stated is None else number(each.stated)
    amount = "–" if each.amount is None else number(each.amount)
    cause = f"{CAUSE_WORDS[Cause(each.cause)]}."
    notes = " ".join(note.text.rstrip(".") + "." for note in each.notes)
    kept = " Disepakati dibiarkan." if each.settled else ""
    return (
        f"{each.number}, {each.account}",
        each.borrower,
        stated,
        number(each.ours),
        amount,
        f"{each.stated_class or '–'} / {each.our_class}",
        f"{cause}{kept} {notes}".strip(),
    )


def _late(month: Reconciliation) -> list[Block]:
    if not month.late:
        return []
    rows = []
    for each in month.late:
        origin = each.filename or "dicatat dua petugas"
        row = f", baris {each.row_number}" if each.row_number else ""
        rows.append(
            (f"{each.number}, {each.sequence}", each.borrower,
             short_date(dt.date.fromisoformat(each.effective_on)), KINDS[each.kind],
             number(each.amount), f"{origin}{row}")
        )  # fmt: skip
    return ["Entri bulan lalu yang dibukukan di bulan ini:", Grid(LATE, tuple(rows))]


def _closing(closed: SignedMonth) -> Facts:
    moment = long_moment(in_wib(closed.closed_at))
    items = [
        ("Diusulkan oleh", closed.proposed_by),
        ("Ditutup oleh", f"{closed.closed_by}, {moment} WIB"),
    ]
    if closed.chain_number is not None and closed.chain_hash is not None:
        items.append(("Rantai pembukuan", f"mata rantai nomor {number(closed.chain_number)}"))
        items.append(("Sidik rantai", grouped(closed.chain_hash)))
    if closed.decision_number is not None and closed.decision_hash is not None:
        said = f"mata rantai nomor {number(closed.decision_number)}"
        items.append(("Rantai keputusan dinas", said))
        items.append(("Sidik rantai keputusan", grouped(closed.decision_hash)))
    items.append(("Sidik dokumen bulan", grouped(closed.data_hash)))
    return Facts(tuple(items))
