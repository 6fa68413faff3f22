"""The lists of a month as rows for page and file, as a person may see them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

from wibawa.reconciliation.document import Difference, LateEntry, Line, Reconciliation
from wibawa.reconciliation.letter import KINDS, statement_rows
from wibawa.reconciliation.queries import LateLine
from wibawa.rules.dates import short_date
from wibawa.rules.reconciliation import CAUSE_WORDS, Cause
from wibawa.uploads.exports import Value
from wibawa.web.pages import Page, Wanted

HIDDEN = "Disamarkan"
SORTS = ("nomor", "awal", "dibayar", "akhir")
CAUSE_SLUGS = {
    "waktu": Cause.POSTED_LATER,
    "pembagian": Cause.OTHER_SPLIT,
    "baris": Cause.MISSING_ROW,
    "kolektibilitas": Cause.OTHER_CLASS,
    "belum-diketahui": Cause.UNKNOWN,
}
LINE_HEADINGS = (
    "Nomor pinjaman", "Rekening", "Peminjam", "Baki debet awal (Rp)", "Pencairan (Rp)",
    "Data awal (Rp)", "Pokok dibayar (Rp)", "Koreksi (Rp)", "Baki debet akhir (Rp)",
    "Kolektibilitas", "Baki debet bank (Rp)", "Kolektibilitas bank", "Tanggal baris bank",
)  # fmt: skip
DIFFERENCE_HEADINGS = (
    "Nomor pinjaman", "Rekening", "Peminjam", "Sebab yang mungkin", "Baki debet bank (Rp)",
    "Baki debet dinas (Rp)", "Selisih (Rp)", "Kolektibilitas bank", "Kolektibilitas dinas",
    "Tanggal baris bank", "Sejak", "Disepakati", "Catatan",
)  # fmt: skip
LATE_HEADINGS = (
    "Nomor pinjaman", "Peminjam", "Entri", "Jenis", "Jumlah (Rp)", "Tanggal berlaku", "Dibukukan",
    "Berkas", "Baris", "Dihitung di",
)  # fmt: skip
STATEMENT_HEADINGS = ("Uraian", "Jumlah (Rp)")


def as_seen(month: Reconciliation, sees_people: bool) -> Reconciliation:
    """A month as this person may see it: without permission no name, account or free text."""
    if sees_people:
        return month
    return replace(
        month,
        lines=tuple(each._replace(borrower=HIDDEN, account=HIDDEN) for each in month.lines),
        differences=tuple(
            each._replace(borrower=HIDDEN, account=HIDDEN, notes=()) for each in month.differences
        ),
        late=tuple(hidden(each) for each in month.late),
    )


def hidden(entry: LateEntry) -> LateEntry:
    return entry._replace(borrower=HIDDEN, filename=HIDDEN if entry.filename else None)


def with_cause(month: Reconciliation, cause: Cause | None) -> list[Difference]:
    return [each for each in month.differences if cause is None or each.cause == cause]


def line_page(lines: Sequence[Line], asked: Wanted) -> Page[Line]:
    """One page of a month's loans. They are one kept document, so they are ordered here."""
    rows = in_order(lines, asked)
    shown = rows[asked.offset : asked.offset + asked.per_page]
    return Page(shown, asked.page, asked.per_page, len(rows))


def in_order(lines: Sequence[Line], asked: Wanted) -> list[Line]:
    by = {
        "nomor": lambda line: line.number,
        "awal": lambda line: line.movement.opening,
        "dibayar": lambda line: line.movement.repaid,
        "akhir": lambda line: line.movement.closing,
    }[asked.sort]
    return sorted(lines, key=by, reverse=asked.descending)


@dataclass(frozen=True)
class Sheet:
    """A list as it goes into a file."""

    title: str
    headings: tuple[str, ...]
    rows: list[tuple[Value, ...]]


def statement_sheet(month: Reconciliation) -> Sheet:
    titipan = month.suspense
    more = [
        ("Pinjaman di awal", month.loans_opening),
        ("Pinjaman baru", month.loans_new),
        ("Pinjaman selesai", month.loans_ended),
        ("Pinjaman di akhir", month.loans_closing),
        ("Uang diterima", month.received),
        ("Bunga diterima", month.interest),
        ("Denda diterima", month.penalty),
        ("Diterima setelah hapus buku", month.recovered),
        ("Titipan awal", titipan.opening),
        ("Titipan bulan lalu yang dibukukan kemudian", titipan.late),
        ("Titipan masuk", titipan.received),
        ("Titipan menjadi angsuran", -titipan.placed),
        ("Titipan kembali atau dibatalkan", -titipan.returned),
        ("Titipan akhir", titipan.closing),
    ]
    rows: list[tuple[Value, ...]] = [*statement_rows(month), *more]
    return Sheet("Pernyataan", STATEMENT_HEADINGS, rows)


def line_sheet(lines: Sequence[Line]) -> Sheet:
    return Sheet("Per pinjaman", LINE_HEADINGS, [_line(each) for each in lines])


def difference_sheet(found: Sequence[Difference]) -> Sheet:
    return Sheet("Selisih", DIFFERENCE_HEADINGS, [_difference(each) for each in found])


def late_sheet(found: Sequence[LateLine]) -> Sheet:
    return Sheet("Entri susulan", LATE_HEADINGS, [_late(each) for each in found])


def _day(text: str | None) -> dt.date | None:
    return None if text is None else dt.date.fromisoformat(text)


def _line(line: Line) -> tuple[Value, ...]:
    moved = line.movement
    return (
        line.number, line.account, line.borrower, moved.opening, moved.disbursed, moved.taken_over,
        moved.repaid, moved.corrections, moved.closing, line.our_class, line.stated,
        line.stated_class, _day(line.stated_on),
    )  # fmt: skip


def _difference(each: Difference) -> tuple[Value, ...]:
    notes = "; ".join(f"{note.text} ({note.by})" for note in each.notes)
    return (
        each.number, each.account, each.borrower, CAUSE_WORDS[Cause(each.cause)], each.stated,
        each.ours, each.amount, each.stated_class, each.our_class, _day(each.stated_on),
        each.since, "Ya" if each.settled else "Tidak", notes,
    )  # fmt: skip


def _late(line: LateLine) -> tuple[Value, ...]:
    each = line.entry
    booked = dt.datetime.fromisoformat(each.booked_at).date()
    return (
        each.number, each.borrower, each.sequence, KINDS[each.kind], each.amount,
        short_date(dt.date.fromisoformat(each.effective_on)), short_date(booked), each.filename,
        each.row_number, line.counts_in.words,
    )  # fmt: skip
