"""The list of applications as a file: exactly what the list shows under the same filters."""

from __future__ import annotations

from flask import Response, request

from wibawa.access.guard import me, needs
from wibawa.access.permissions import Permission
from wibawa.access.trail import record_export
from wibawa.applications import lists
from wibawa.applications.forms import chips_of, read_filter
from wibawa.applications.lists import ApplicationLine
from wibawa.banks.queries import all_banks
from wibawa.database import db
from wibawa.uploads.exports import Value, list_file
from wibawa.web import clock
from wibawa.web.clock import in_wib
from wibawa.web.formats import moment
from wibawa.web.pages import wanted

HEADINGS = (
    "Nomor", "Peminjam", "Nama usaha", "Bank", "Jumlah diminta (Rp)", "Jangka waktu (bulan)",
    "Jumlah disetujui (Rp)", "Keadaan", "Sejak", "Hari dalam keadaan ini", "Batas waktu",
    "Hari terlambat",
)  # fmt: skip


@needs(Permission.SEE_APPLICATIONS)
def export_list(kind: str) -> Response:
    session, person, today = db.session(), me(), clock.today()
    banks = all_banks(session, person.bank_id)
    asked_for = read_filter(request.args, {b.code: b.id for b in banks}, person.bank_id)
    asked = wanted(request.args.to_dict(), lists.SORTS, "-sejak")
    lines = lists.all_lines(session, asked_for, asked, lists.waits_for(person), today)
    chips = chips_of(asked_for, {bank.id: bank.name for bank in banks})
    notes = [
        "Saringan: " + (", ".join(chip["label"] for chip in chips) or "semua permohonan"),
        f"Diekspor {moment(clock.now())} WIB oleh {person.name}",
    ]
    record_export(clock.now(), person.id, "application_list", None, kind, notes)
    rows = [_row(line) for line in lines]
    name = f"permohonan-{today.isoformat()}"
    return list_file(kind, name, "Daftar permohonan Kredit Wibawa", HEADINGS, rows, notes)


def _row(line: ApplicationLine) -> tuple[Value, ...]:
    return (
        line.number,
        line.borrower,
        line.business_name,
        line.bank,
        line.amount,
        line.months,
        line.approved_amount,
        line.state_word[0],
        in_wib(line.since).date(),
        line.days if line.is_open else None,
        line.due_on,
        line.days_late if line.is_late else None,
    )


URLS = (("/permohonan/ekspor.<any(xlsx, csv):kind>", export_list, ["GET"]),)
