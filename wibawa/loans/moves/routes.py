from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from flask import Response, render_template, request

from wibawa.access.guard import me, needs
from wibawa.access.permissions import Permission
from wibawa.access.trail import record_export
from wibawa.banks.queries import all_banks, thresholds_on
from wibawa.database import db
from wibawa.loans.moves import lists
from wibawa.loans.moves.forms import AFTER, BEFORE, MovesAsked, read_moves
from wibawa.loans.moves.lists import WORDS, MoveFilter, MoveLine
from wibawa.loans.positions import Classes
from wibawa.loans.shown import HIDDEN, sees_people
from wibawa.rules.dates import long_date
from wibawa.uploads.exports import Value, list_file
from wibawa.web import clock
from wibawa.web.formats import moment
from wibawa.web.pages import Wanted, address, sort_address, wanted, without

HEADINGS = (
    "Nomor pinjaman", "Peminjam", "Nomor rekening", "Bank", "Plafon (Rp)", "Semula", "Menjadi",
    "Baki debet semula (Rp)", "Baki debet (Rp)", "Tunggakan (Rp)", "Pokok dibayar (Rp)",
    "Bunga dibayar (Rp)",
)  # fmt: skip


def _asked() -> tuple[MovesAsked, Wanted]:
    """The filter and the order of the list, from the address."""
    banks = all_banks(db.session(), me().bank_id)
    asked = read_moves(request.args, clock.today(), banks, me().bank_id)
    return asked, wanted(request.args.to_dict(), lists.SORTS, "nomor")


def _classes(asked: MoveFilter) -> tuple[Classes, Classes]:
    session = db.session()
    return thresholds_on(session, asked.first), thresholds_on(session, asked.last)


def _shown(lines: Sequence[MoveLine]) -> list[MoveLine]:
    if sees_people():
        return list(lines)
    return [replace(line, borrower=HIDDEN, account_number=HIDDEN) for line in lines]


@needs(Permission.SEE_LOANS)
def moved_list() -> str:
    asked, order = _asked()
    page, totals = lists.move_lines(db.session(), asked.wanted, _classes(asked.wanted), order)
    return render_template(
        "loans/moved_list.html",
        asked=asked,
        page=replace(page, rows=_shown(page.rows)),
        totals=totals,
        order=order,
        banks=[] if me().bank_id else all_banks(db.session()),
        before=BEFORE,
        after=AFTER,
        words=WORDS,
        sees_people=sees_people(),
        chips=[{"label": says, "remove_url": without(*keys)} for keys, says in asked.chips],
        page_url=address("hal"),
        size_url=address("per_hal"),
        sort_url=sort_address(),
    )


@needs(Permission.SEE_LOANS)
def export_moved(kind: str) -> Response:
    asked, order = _asked()
    found = lists.all_move_lines(db.session(), asked.wanted, _classes(asked.wanted), order)
    said = (says for keys, says in asked.chips if "dari" not in keys)
    notes = [
        f"Posisi {long_date(asked.wanted.first)} dan {long_date(asked.wanted.last)}",
        "Saringan: " + (", ".join(said) or "semua perpindahan"),
        f"Diekspor {moment(clock.now())} WIB oleh {me().name}",
    ]
    record_export(clock.now(), me().id, "moved_list", None, kind, notes)
    rows = [_export_row(line) for line in _shown(found)]
    name = f"perpindahan-{asked.wanted.last.isoformat()}"
    return list_file(kind, name, "Perpindahan kolektibilitas per pinjaman", HEADINGS, rows, notes)


def _export_row(line: MoveLine) -> tuple[Value, ...]:
    return (
        line.number, line.borrower, line.account_number, line.bank, line.principal,
        BEFORE[line.was], AFTER[line.became], line.before, line.after, line.arrears,
        line.principal_paid, line.interest_paid,
    )  # fmt: skip


URLS = (
    ("/pinjaman/perpindahan", moved_list),
    ("/pinjaman/perpindahan/ekspor.<any(xlsx, csv):kind>", export_moved),
)
