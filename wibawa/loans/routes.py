from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from wibawa.access.guard import me, needs, not_found, own_bank_only
from wibawa.access.permissions import Permission
from wibawa.access.trail import record_export
from wibawa.banks.queries import all_banks, thresholds_on
from wibawa.borrowers.queries import kecamatan_choices
from wibawa.changes.queries import KIND_WORDS, requests_of_loans, waiting_of_loan
from wibawa.database import db
from wibawa.disbursements.queries import source_of_loan
from wibawa.loans import lists, queries
from wibawa.loans.dues.routes import URLS as DUE_URLS
from wibawa.loans.entries.routes import URLS as ENTRY_URLS
from wibawa.loans.forms import (
    LATE_STEPS,
    REASONS,
    STATE_LABELS,
    SUSPENSE_STATES,
    ListAsked,
    SuspenseAsked,
    read_list,
    read_suspense,
)
from wibawa.loans.lists import LoanLine, SuspenseLine
from wibawa.loans.moves.routes import URLS as MOVE_URLS
from wibawa.loans.queries import EntryLine, LoanFacts
from wibawa.loans.settlements import Quote, open_settlements
from wibawa.loans.shown import HIDDEN, file_url, sees_people
from wibawa.loans.statement import ENTRY_LABELS, statement
from wibawa.loans.suspense import ALARM_AFTER, candidates, outcomes, suspense_facts
from wibawa.loans.suspense import WORDS as SUSPENSE_WORDS
from wibawa.rules.collectibility import CLASS_NAMES
from wibawa.rules.dates import long_date
from wibawa.rules.facts import BankKind
from wibawa.scans.queries import DocumentFacts, documents_of_requests
from wibawa.uploads.exports import Value, list_file
from wibawa.web import clock
from wibawa.web.asked import asked_day
from wibawa.web.formats import moment
from wibawa.web.pages import Wanted, address, sort_address, wanted, without

pages = Blueprint("loans", __name__)

VERSION_WORDS = KIND_WORDS | {"first": "Pencairan"}
SUSPENSE_HEADINGS = (
    "Nomor", "Tanggal bayar", "Umur (hari)", "Bank", "Rekening di berkas", "Nama di berkas",
    "Sebab", "Pinjaman", "Berkas", "Baris", "Nomor bukti", "Jumlah (Rp)", "Terbuka (Rp)",
)  # fmt: skip
HEADINGS = (
    "Nomor pinjaman", "Peminjam", "Nomor rekening", "Bank", "Tanggal pencairan", "Plafon (Rp)",
    "Baki debet (Rp)", "Tunggakan (Rp)", "Hari tunggakan", "Kolektibilitas", "Nama kolektibilitas",
)  # fmt: skip


def _shown(lines: Sequence[LoanLine]) -> list[LoanLine]:
    """The lines as this person may see them: without permission no name and no account."""
    if sees_people():
        return list(lines)
    return [replace(line, borrower=HIDDEN, account_number=HIDDEN) for line in lines]


def _facts_shown(facts: LoanFacts) -> LoanFacts:
    if sees_people():
        return facts
    return replace(
        facts,
        borrower=HIDDEN,
        business_name=HIDDEN,
        address=HIDDEN,
        account_number=HIDDEN,
        agreement_number=HIDDEN,
        kelurahan="",
        nik_tail="",
    )


def _entries_shown(entries: Sequence[EntryLine]) -> list[EntryLine]:
    """The journal as this person may see it: a file's name or a reference may name somebody."""
    if sees_people():
        return list(entries)
    return [
        replace(
            entry,
            filename=f"berkas nomor {entry.upload_id}" if entry.upload_id else None,
            bank_reference=None,
        )
        for entry in entries
    ]


def _list_asked() -> tuple[ListAsked, Wanted]:
    """The filter and the order of the list, from the address."""
    banks = all_banks(db.session(), me().bank_id)
    places = dict(kecamatan_choices(db.session())) if "kecamatan" in request.args else {}
    asked = read_list(request.args, clock.today(), banks, me().bank_id, sees_people(), places)
    sorts = tuple(sort for sort in lists.SORTS if sort != "nama" or sees_people())
    return asked, wanted(request.args.to_dict(), sorts, "nomor")


@needs(Permission.SEE_LOANS)
def loan_list() -> str | AnyResponse:
    asked, order = _list_asked()
    classes = thresholds_on(db.session(), asked.on)
    page, totals = lists.loan_lines(db.session(), asked.on, classes, asked.wanted, order)
    if page.total == 1 and _names(page.rows[0], asked.wanted.text):
        day = asked.on.isoformat() if "tanggal" in asked.fields else None
        return redirect(url_for("loans.loan", loan_id=page.rows[0].id, tanggal=day))
    return render_template(
        "loans/loan_list.html",
        asked=asked,
        page=replace(page, rows=_shown(page.rows)),
        totals=totals,
        order=order,
        banks=[] if me().bank_id else all_banks(db.session()),
        states=STATE_LABELS,
        classes=CLASS_NAMES,
        late_steps=sorted({*LATE_STEPS, *filter(None, [asked.wanted.over_days])}),
        chips=[{"label": says, "remove_url": without(key)} for key, says in asked.chips],
        page_url=address("hal"),
        size_url=address("per_hal"),
        sort_url=sort_address(),
        sees_people=sees_people(),
    )


def _names(line: LoanLine, text: str) -> bool:
    """An exact loan or account number leads straight to the loan."""
    return text.casefold() in (line.number.casefold(), line.account_number.casefold())


@needs(Permission.SEE_LOANS)
def export_list(kind: str) -> Response:
    asked, order = _list_asked()
    classes = thresholds_on(db.session(), asked.on)
    lines = _shown(lists.all_loan_lines(db.session(), asked.on, classes, asked.wanted, order))
    notes = [
        f"Posisi {long_date(asked.on)}",
        "Saringan: " + (", ".join(says for _, says in asked.chips) or "pinjaman berjalan"),
        f"Diekspor {moment(clock.now())} WIB oleh {me().name}",
    ]
    record_export(clock.now(), me().id, "loan_list", None, kind, notes)
    name = f"pinjaman-{asked.on.isoformat()}"
    rows = [_export_row(line) for line in lines]
    return list_file(kind, name, "Daftar pinjaman Kredit Wibawa", HEADINGS, rows, notes)


def _export_row(line: LoanLine) -> tuple[Value, ...]:
    return (
        line.number,
        line.borrower,
        line.account_number,
        line.bank,
        line.disbursed_on,
        line.principal,
        line.outstanding,
        line.arrears,
        line.days_past_due,
        line.collectibility,
        CLASS_NAMES[line.collectibility],
    )


@needs(Permission.SEE_LOANS)
def loan(loan_id: int) -> str:
    facts = queries.loan_facts(db.session(), loan_id) or not_found("loan", loan_id)
    own_bank_only(facts.bank_id, "loan", loan_id)
    on, problem = asked_day(request.args.get("tanggal"), clock.today())
    entries = _entries_shown(queries.ledger(db.session(), loan_id))
    schedule = queries.schedule_on(db.session(), loan_id, on)
    limits = thresholds_on(db.session(), on)[BankKind(facts.bank_kind)]
    return render_template(
        "loans/loan.html",
        loan=_facts_shown(facts),
        sees_people=sees_people(),
        on=on,
        today=clock.today(),
        problem=problem,
        said=schedule and statement(facts.principal, schedule, entries, on, limits),
        entries=entries,
        source=source_of_loan(db.session(), loan_id),
        entry_labels=ENTRY_LABELS,
        file_url=file_url,
        may_print=me().may(Permission.PRINT_SCHEDULE),
        **_requests(loan_id),
        versions=queries.version_lines(db.session(), loan_id),
        version_words=VERSION_WORDS,
        quote=_quote(loan_id, on),
    )


def _requests(loan_id: int) -> dict[str, Any]:
    """The requests about a loan, those that wait, and the documents of each that were not
    withdrawn, for whom sees documents."""
    session, papers = db.session(), dict[int, list[DocumentFacts]]()
    found = requests_of_loans(session, [loan_id])
    if found and me().may(Permission.SEE_DOCUMENTS):
        for each in documents_of_requests(session, [line.id for line in found]):
            if each.counts and each.request_id:
                papers.setdefault(each.request_id, []).append(each)
    return {"requests": found, "papers": papers, "waiting": waiting_of_loan(session, loan_id)}


def _quote(loan_id: int, on: dt.date) -> Quote | None:
    """An approved early payoff whose amount may still be paid on `on`."""
    found = open_settlements(db.session(), loan_id=loan_id).get(loan_id)
    return found if found and found.valid_until >= on else None


def _suspense_asked() -> tuple[SuspenseAsked, Wanted]:
    """The filter and the order of titipan, from the address."""
    banks = all_banks(db.session(), me().bank_id)
    asked = read_suspense(request.args, clock.today(), banks, me().bank_id, _old_before())
    return asked, wanted(request.args.to_dict(), lists.SUSPENSE_SORTS, "tanggal")


def _old_before() -> dt.date:
    """Titipan that came before this day is older than it should be."""
    return clock.today() - dt.timedelta(days=ALARM_AFTER)


@needs(Permission.SEE_SUSPENSE)
def suspense_list() -> str:
    asked, order = _suspense_asked()
    page, totals = lists.suspense_lines(db.session(), asked.wanted, _old_before(), order)
    return render_template(
        "loans/suspense_list.html",
        page=page,
        totals=totals,
        order=order,
        today=clock.today(),
        alarm_after=ALARM_AFTER,
        old_before=_old_before(),
        banks=[] if me().bank_id else all_banks(db.session()),
        states=SUSPENSE_STATES,
        asked=asked,
        chips=[{"label": says, "remove_url": without(*keys)} for keys, says in asked.chips],
        reasons=REASONS,
        file_url=file_url,
        page_url=address("hal"),
        size_url=address("per_hal"),
        sort_url=sort_address(),
    )


@needs(Permission.SEE_SUSPENSE)
def export_suspense(kind: str) -> Response:
    asked, order = _suspense_asked()
    lines = lists.all_suspense_lines(db.session(), asked.wanted, order)
    notes = [
        "Saringan: " + (", ".join(says for _, says in asked.chips) or "titipan terbuka"),
        f"Diekspor {moment(clock.now())} WIB oleh {me().name}",
    ]
    record_export(clock.now(), me().id, "suspense_list", None, kind, notes)
    rows = [_suspense_row(line) for line in lines]
    name = f"titipan-{clock.today().isoformat()}"
    return list_file(kind, name, "Titipan", SUSPENSE_HEADINGS, rows, notes)


def _suspense_row(line: SuspenseLine) -> tuple[Value, ...]:
    return (
        line.id,
        line.effective_on,
        (clock.today() - line.effective_on).days,
        line.bank,
        line.account_text,
        line.name,
        REASONS[line.reason],
        line.loan_number or "",
        line.filename or f"entri {line.entry} pinjaman",
        line.row_number,
        line.bank_reference or "",
        line.amount,
        line.open,
    )


@needs(Permission.SEE_SUSPENSE)
def suspense(suspense_id: int) -> str:
    facts = suspense_facts(db.session(), suspense_id) or not_found("suspense", suspense_id)
    own_bank_only(facts.bank_id, "suspense", suspense_id)
    asks = me().may(Permission.REQUEST_CHANGE) and facts.open > 0
    return render_template(
        "loans/suspense.html",
        facts=facts,
        days=(clock.today() - facts.effective_on).days,
        alarm_after=ALARM_AFTER,
        reasons=REASONS,
        outcomes=outcomes(db.session(), suspense_id),
        outcome_words=SUSPENSE_WORDS,
        candidates=candidates(db.session(), facts) if asks else [],
        asks=asks,
        file_url=file_url,
    )


pages.add_url_rule("/pinjaman", view_func=loan_list)
pages.add_url_rule("/pinjaman/ekspor.<any(xlsx, csv):kind>", view_func=export_list)
pages.add_url_rule("/pinjaman/<int:loan_id>", view_func=loan)
pages.add_url_rule("/titipan", view_func=suspense_list)
pages.add_url_rule("/titipan/ekspor.<any(xlsx, csv):kind>", view_func=export_suspense)
pages.add_url_rule("/titipan/<int:suspense_id>", view_func=suspense)
for _address, _view in (*ENTRY_URLS, *MOVE_URLS, *DUE_URLS):
    pages.add_url_rule(_address, view_func=_view)
