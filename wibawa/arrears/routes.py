from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from wibawa.access import once
from wibawa.access.guard import me, needs, not_found, own_bank_only
from wibawa.access.permissions import Permission
from wibawa.access.trail import record_export
from wibawa.arrears import actions, lists, queries
from wibawa.arrears.checks import contact_problems
from wibawa.arrears.forms import (
    NO_OFFICER,
    PROMISES,
    ContactForm,
    ListAsked,
    OfficerForm,
    StrikeForm,
    offer_people,
    put_at_fields,
    read_list,
)
from wibawa.arrears.lists import LateLine
from wibawa.arrears.queries import KIND_WORDS, OUTCOME_WORDS
from wibawa.arrears.reminders.queries import reminders_of_loan
from wibawa.arrears.reminders.routes import URLS as REMINDER_URLS
from wibawa.banks.queries import all_banks, thresholds_on
from wibawa.borrowers.queries import borrower_facts, kecamatan_choices
from wibawa.database import db
from wibawa.loans.queries import LoanFacts, ledger, loan_facts, schedule_on
from wibawa.loans.statement import Statement, statement
from wibawa.rules.collectibility import CLASS_NAMES
from wibawa.rules.dates import long_date
from wibawa.rules.facts import BankKind
from wibawa.rules.refused import Refused
from wibawa.uploads.exports import Value, list_file
from wibawa.web import clock
from wibawa.web.asked import asked_number
from wibawa.web.formats import moment
from wibawa.web.pages import Wanted, address, sort_address, wanted, without

pages = Blueprint("arrears", __name__)

P = Permission
Answer = str | AnyResponse | tuple[str, int]
HIDDEN = "Disamarkan"
HEADINGS = (
    "Nomor pinjaman", "Peminjam", "Bank", "Kecamatan", "Tunggakan (Rp)", "Baki debet (Rp)",
    "Hari tunggakan", "Kolektibilitas", "Petugas", "Kontak terakhir", "Cara", "Hasil",
    "Janji (Rp)", "Janji paling lambat", "Diterima sejak janji (Rp)", "Keadaan janji",
)  # fmt: skip


# — the list —


def _sees_people() -> bool:
    return me().may(P.SEE_PERSONAL_DATA)


def _shown(lines: Sequence[LateLine]) -> list[LateLine]:
    """The lines as this person may see them: without permission no name."""
    if _sees_people():
        return list(lines)
    return [replace(line, borrower=HIDDEN) for line in lines]


def _list_asked() -> tuple[ListAsked, Wanted]:
    """The filter and the order of the list, from the address."""
    session, own = db.session(), me().bank_id
    places, people = dict(kecamatan_choices(session)), dict(queries.working_people(session))
    asked = read_list(request.args, all_banks(session, own), own, places, people)
    sorts = tuple(sort for sort in lists.SORTS if sort != "nama" or _sees_people())
    return asked, wanted(request.args.to_dict(), sorts, "janji")


@needs(P.SEE_LOANS)
def arrears_list() -> str:
    asked, order = _list_asked()
    session, today = db.session(), clock.today()
    classes = thresholds_on(session, today)
    page, totals = lists.late_lines(session, today, classes, asked.wanted, order)
    return render_template(
        "arrears/arrears_list.html",
        asked=asked,
        page=replace(page, rows=_shown(page.rows)),
        totals=totals,
        order=order,
        today=today,
        banks=[] if me().bank_id else all_banks(session),
        places=kecamatan_choices(session),
        people=[(NO_OFFICER, "Tanpa petugas"), *queries.working_people(session)],
        promises=PROMISES,
        classes=CLASS_NAMES,
        kinds=KIND_WORDS,
        outcomes=OUTCOME_WORDS,
        chips=[{"label": says, "remove_url": without(key)} for key, says in asked.chips],
        urls=(address("hal"), address("per_hal"), sort_address()),
        sees_people=_sees_people(),
    )


@needs(P.SEE_LOANS)
def export_list(kind: str) -> Response:
    asked, order = _list_asked()
    session, today = db.session(), clock.today()
    classes = thresholds_on(session, today)
    lines = _shown(lists.all_late_lines(session, today, classes, asked.wanted, order))
    notes = [
        f"Posisi {long_date(today)}",
        "Saringan: " + (", ".join(says for _, says in asked.chips) or "semua yang menunggak"),
        f"Diekspor {moment(clock.now())} WIB oleh {me().name}",
    ]
    record_export(clock.now(), me().id, "arrears_list", None, kind, notes)
    rows = [_export_row(line) for line in lines]
    name = f"tunggakan-{today.isoformat()}"
    return list_file(kind, name, "Tunggakan Kredit Wibawa", HEADINGS, rows, notes)


def _export_row(line: LateLine) -> tuple[Value, ...]:
    promise = line.promise
    return (
        line.number,
        line.borrower,
        line.bank,
        line.kecamatan,
        line.arrears,
        line.outstanding,
        line.days_past_due,
        line.collectibility,
        line.officer,
        line.contacted_on,
        KIND_WORDS[line.contact_kind] if line.contact_kind else None,
        OUTCOME_WORDS[line.outcome] if line.outcome else None,
        promise.amount if promise else None,
        promise.until if promise else None,
        promise.received if promise else None,
        promise.word(clock.today())[0] if promise else None,
    )


# — one loan —


def _facts(loan_id: int) -> LoanFacts:
    facts = loan_facts(db.session(), loan_id) or not_found("loan", loan_id)
    own_bank_only(facts.bank_id, "loan", loan_id)
    return facts


def _statement(facts: LoanFacts) -> Statement | None:
    """Where the loan stands today; None before its first day."""
    session, today = db.session(), clock.today()
    schedule = schedule_on(session, facts.id, today)
    if schedule is None:
        return None
    limits = thresholds_on(session, today)[BankKind(facts.bank_kind)]
    return statement(facts.principal, schedule, ledger(session, facts.id), today, limits)


@needs(P.SEE_ARREARS)
def late_loan(loan_id: int) -> str:
    return _page(_facts(loan_id))


def _contact_form() -> ContactForm:
    form = ContactForm(data={"contacted_on": clock.today(), "officer_id": str(me().id)})
    offer_people(form.officer_id, queries.working_people(db.session()), "Pilih")
    return form


def _page(facts: LoanFacts, form: ContactForm | None = None, said: str = "") -> str:
    """The story of one late loan, with the form for the next note."""
    session, today = db.session(), clock.today()
    borrower = borrower_facts(session, facts.borrower_id)
    history = queries.officers_of(session, facts.id)
    officer = history[0] if history else None
    officer_form = OfficerForm(formdata=None, data={"shown": officer.id if officer else 0})
    offer_people(officer_form.officer, queries.working_people(session), "Belum ada")
    officer_form.officer.data = str(officer.officer_id) if officer and officer.officer_id else ""
    return render_template(
        "arrears/late_loan.html",
        loan=facts,
        phone=borrower.phone if borrower else "",
        said=_statement(facts),
        today=today,
        contacts=queries.contacts_of(session, facts.id),
        officers=history,
        reminders=reminders_of_loan(session, facts.id),
        form=form or _contact_form(),
        officer_form=officer_form,
        kinds=KIND_WORDS,
        outcomes=OUTCOME_WORDS,
        loose=[(said, None)] if said else [],
        key=once.new_key,
    )


def _done(facts: LoanFacts, action: str, deed: Callable[[], int], said: str) -> Answer:
    """Do `deed` once for this form, then show the loan again."""
    session, loan_id = db.session(), facts.id
    try:
        _, first = once.do_once(
            session, request.form, request.full_path, me().id, action, clock.now(), deed
        )
        session.commit()
    except Refused as refused:
        session.rollback()
        return _page(_facts(loan_id), said=refused.sentence), 409
    flash(said if first else "Sudah tersimpan sebelumnya.", "success")
    return redirect(url_for("arrears.late_loan", loan_id=loan_id))


@needs(P.FOLLOW_ARREARS)
def record_contact(loan_id: int) -> Answer:
    facts, form = _facts(loan_id), _contact_form()
    said, problems = _statement(facts), []
    if form.validate() and said is not None:
        where = said.position
        owed = where.outstanding_principal + where.outstanding_interest
        problems = contact_problems(form.contact, clock.today(), facts.disbursed_on, owed)
        put_at_fields(form, problems)
    if form.errors or problems or said is None:
        return _page(facts, form)
    new = form.contact

    def deed() -> int:
        return actions.record_contact(
            db.session(), loan_id, facts.bank_id, new, me().id, clock.now()
        )

    return _done(facts, f"record_contact {loan_id}", deed, "Catatan disimpan.")


@needs(P.FOLLOW_ARREARS)
def strike_contact(loan_id: int, contact_id: int) -> Answer:
    facts, form = _facts(loan_id), StrikeForm()
    if not form.validate():
        return _page(facts, said=" ".join(form.reason.errors or form.request_key.errors)), 409

    def deed() -> int:
        reason = " ".join(form.reason.data.split())
        return actions.strike_contact(
            db.session(), loan_id, contact_id, reason, me().id, clock.now()
        )

    said = "Catatan dicoret. Isinya tetap terbaca, tetapi tidak lagi diperhitungkan."
    return _done(facts, f"strike_contact {contact_id}", deed, said)


@needs(P.FOLLOW_ARREARS)
def assign_officer(loan_id: int) -> Answer:
    facts, form = _facts(loan_id), OfficerForm()
    offer_people(form.officer, queries.working_people(db.session()), "Belum ada")
    if not form.validate():
        return _page(facts, said="Pilih petugas dari daftar."), 409
    officer = int(form.officer.data) if form.officer.data else None
    seen = asked_number(form.shown.data, 0, 999_999) or 0

    def deed() -> int:
        actions.assign_officer(
            db.session(), loan_id, facts.bank_id, officer, seen, me().id, clock.now()
        )
        return loan_id

    return _done(facts, f"assign_officer {loan_id}", deed, "Petugas disimpan.")


ONE = "/tunggakan/<int:loan_id>"
pages.add_url_rule("/tunggakan", view_func=arrears_list)
pages.add_url_rule("/tunggakan/ekspor.<any(xlsx, csv):kind>", view_func=export_list)
pages.add_url_rule(ONE, view_func=late_loan)
pages.add_url_rule(f"{ONE}/catatan", view_func=record_contact, methods=["POST"])
pages.add_url_rule(
    f"{ONE}/catatan/<int:contact_id>/coret", view_func=strike_contact, methods=["POST"]
)
pages.add_url_rule(f"{ONE}/petugas", view_func=assign_officer, methods=["POST"])
for _address, _view, _methods in REMINDER_URLS:
    pages.add_url_rule(_address, view_func=_view, methods=_methods)
