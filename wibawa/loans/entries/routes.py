from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from flask import Response, render_template, request

from wibawa.access.guard import me, needs
from wibawa.access.permissions import Permission
from wibawa.access.trail import record_export
from wibawa.banks.queries import all_banks
from wibawa.database import db
from wibawa.loans.entries import lists
from wibawa.loans.entries.forms import (
    KIND_LABELS,
    SOURCE_LABELS,
    STATE_LABELS,
    EntriesAsked,
    read_entries,
)
from wibawa.loans.entries.lists import EntryLine
from wibawa.loans.shown import HIDDEN, file_url, sees_people
from wibawa.loans.statement import ENTRY_LABELS
from wibawa.uploads.exports import Value, list_file
from wibawa.web import clock
from wibawa.web.formats import moment
from wibawa.web.pages import Wanted, address, sort_address, wanted, without

HEADINGS = (
    "Nomor pinjaman", "Entri", "Peminjam", "Nomor rekening", "Bank", "Jenis", "Membatalkan entri",
    "Dibatalkan entri", "Tanggal", "Tanggal buku", "Jumlah (Rp)", "Pokok dan bunga (Rp)",
    "Denda (Rp)", "Pokok menurut bank (Rp)", "Bunga menurut bank (Rp)", "Berkas", "Baris",
    "Nomor bukti", "Dari titipan", "Dicatat oleh", "Waktu dicatat (WIB)", "Disetujui oleh",
)  # fmt: skip


def _asked() -> tuple[EntriesAsked, Wanted]:
    """The filter and the order of the list, from the address."""
    asked = read_entries(request.args, all_banks(db.session(), me().bank_id), me().bank_id)
    return asked, wanted(request.args.to_dict(), lists.SORTS, "-tanggal")


def _shown(lines: Sequence[EntryLine]) -> list[EntryLine]:
    """The lines as this person may see them: a file's name or a reference may name somebody."""
    if sees_people():
        return list(lines)
    return [
        replace(
            line,
            borrower=HIDDEN,
            account_number=HIDDEN,
            filename=f"berkas nomor {line.upload_id}" if line.upload_id else None,
            bank_reference=None,
        )
        for line in lines
    ]


@needs(Permission.SEE_LOANS)
def entry_list() -> str:
    asked, order = _asked()
    page, totals = lists.entry_lines(db.session(), asked.wanted, order)
    return render_template(
        "loans/entry_list.html",
        asked=asked,
        page=replace(page, rows=_shown(page.rows)),
        totals=totals,
        order=order,
        banks=[] if me().bank_id else all_banks(db.session()),
        kinds=KIND_LABELS,
        states=STATE_LABELS,
        sources=SOURCE_LABELS,
        labels=ENTRY_LABELS,
        sees_people=sees_people(),
        file_url=file_url,
        chips=[{"label": says, "remove_url": without(*keys)} for keys, says in asked.chips],
        page_url=address("hal"),
        size_url=address("per_hal"),
        sort_url=sort_address(),
    )


@needs(Permission.SEE_LOANS)
def export_entries(kind: str) -> Response:
    asked, order = _asked()
    lines = _shown(lists.all_entry_lines(db.session(), asked.wanted, order))
    notes = [
        "Saringan: " + (", ".join(says for _, says in asked.chips) or "semua entri"),
        f"Diekspor {moment(clock.now())} WIB oleh {me().name}",
    ]
    record_export(clock.now(), me().id, "entry_list", None, kind, notes)
    name = f"entri-{clock.today().isoformat()}"
    rows = [_export_row(line) for line in lines]
    return list_file(kind, name, "Entri buku pinjaman Kredit Wibawa", HEADINGS, rows, notes)


def _export_row(line: EntryLine) -> tuple[Value, ...]:
    return (
        line.loan, line.sequence, line.borrower, line.account_number, line.bank,
        ENTRY_LABELS[line.kind], line.reverses, line.reversed_by, line.effective_on,
        line.booked_on, line.signed, line.applied, line.penalty, line.bank_principal,
        line.bank_interest, line.filename, line.row_number, line.bank_reference,
        "ya" if line.from_suspense else "", line.entered_by, moment(line.booked_at),
        line.approved_by,
    )  # fmt: skip


URLS = (
    ("/entri", entry_list),
    ("/entri/ekspor.<any(xlsx, csv):kind>", export_entries),
)
