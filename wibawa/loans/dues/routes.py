from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from flask import Response, render_template, request

from wibawa.access.guard import me, needs
from wibawa.access.permissions import Permission
from wibawa.access.trail import record_export
from wibawa.banks.queries import all_banks
from wibawa.database import db
from wibawa.loans.dues import lists
from wibawa.loans.dues.forms import STATE_LABELS, DuesAsked, read_dues
from wibawa.loans.dues.lists import DueLine
from wibawa.loans.shown import HIDDEN, sees_people
from wibawa.rules.dates import long_date
from wibawa.uploads.exports import list_file
from wibawa.web import clock
from wibawa.web.formats import moment
from wibawa.web.pages import Wanted, address, sort_address, wanted, without

HEADINGS = (
    "Nomor pinjaman", "Peminjam", "Nomor rekening", "Bank", "Angsuran ke-", "Jatuh tempo",
    "Pokok (Rp)", "Bunga (Rp)", "Jumlah (Rp)", "Sudah tertutup (Rp)", "Sisa pokok (Rp)",
    "Sisa bunga (Rp)",
)  # fmt: skip


def _asked() -> tuple[DuesAsked, Wanted]:
    """The filter and the order of the list, from the address."""
    banks = all_banks(db.session(), me().bank_id)
    asked = read_dues(request.args, clock.today(), banks, me().bank_id)
    return asked, wanted(request.args.to_dict(), lists.SORTS, "tempo")


def _shown(lines: Sequence[DueLine]) -> list[DueLine]:
    if sees_people():
        return list(lines)
    return [replace(line, borrower=HIDDEN, account_number=HIDDEN) for line in lines]


@needs(Permission.SEE_LOANS)
def due_list() -> str:
    asked, order = _asked()
    page, totals = lists.due_lines(db.session(), asked.wanted, order)
    return render_template(
        "loans/due_list.html",
        asked=asked,
        page=replace(page, rows=_shown(page.rows)),
        totals=totals,
        order=order,
        banks=[] if me().bank_id else all_banks(db.session()),
        states=STATE_LABELS,
        sees_people=sees_people(),
        chips=[{"label": says, "remove_url": without(*keys)} for keys, says in asked.chips],
        page_url=address("hal"),
        size_url=address("per_hal"),
        sort_url=sort_address(),
    )


@needs(Permission.SEE_LOANS)
def export_due(kind: str) -> Response:
    asked, order = _asked()
    lines = _shown(lists.all_due_lines(db.session(), asked.wanted, order))
    said = (says for keys, says in asked.chips if "tanggal" not in keys)
    notes = [
        f"Posisi {long_date(asked.wanted.on)}",
        "Saringan: " + (", ".join(said) or "angsuran yang belum tertutup"),
        f"Diekspor {moment(clock.now())} WIB oleh {me().name}",
    ]
    record_export(clock.now(), me().id, "due_list", None, kind, notes)
    rows = [
        (line.loan, line.borrower, line.account_number, line.bank, line.number, line.due_on,
         line.principal, line.interest, line.total, line.covered, line.open_principal,
         line.open_interest)
        for line in lines
    ]  # fmt: skip
    name = f"jatuh-tempo-{asked.wanted.on.isoformat()}"
    return list_file(kind, name, "Angsuran menurut jatuh tempo", HEADINGS, rows, notes)


URLS = (
    ("/pinjaman/jatuh-tempo", due_list),
    ("/pinjaman/jatuh-tempo/ekspor.<any(xlsx, csv):kind>", export_due),
)
