from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response
from wtforms.fields.choices import SelectChoice

from wibawa.access import once
from wibawa.access.guard import me, needs, not_found
from wibawa.access.permissions import Permission
from wibawa.access.trail import record_apart
from wibawa.banks.queries import all_banks, places, terms_on
from wibawa.borrowers.forms import entered_borrower, offer_places
from wibawa.borrowers.queries import BorrowerFacts, borrower_facts, find_borrowers, sectors
from wibawa.database import db
from wibawa.disbursements import actions, queries
from wibawa.disbursements.checks import Draft
from wibawa.disbursements.forms import (
    FORMS,
    RefusalForm,
    RegisteredForm,
    SearchForm,
    bank_of,
    draft_from,
    put_at_fields,
)
from wibawa.disbursements.queries import DisbursementFacts, DisbursementFilter
from wibawa.rules.dates import DateError, parse_date
from wibawa.rules.facts import BorrowerKind
from wibawa.rules.money import AmountError, parse_typed
from wibawa.rules.refused import Refused
from wibawa.rules.schedule import schedule
from wibawa.web import clock
from wibawa.web.pages import address, sort_address, wanted, without

pages = Blueprint("disbursements", __name__)

FOUND_AT_ONCE = 10
STATUS_CHOICES = [
    ("", "Semua"),
    ("menunggu", "Menunggu persetujuan"),
    ("disetujui", "Disetujui"),
    ("ditolak", "Ditolak"),
]
Loose = list[tuple[str, str | None]]


@needs(Permission.SEE_DISBURSEMENTS)
def disbursement_list() -> str:
    banks = all_banks(db.session())
    asked_for = _filter({bank.code: bank.id for bank in banks})
    asked = wanted(request.args.to_dict(), queries.SORTS, "-dicatat")
    page, totals = queries.disbursement_lines(db.session(), asked_for, asked)
    chips = []
    if asked_for.status:
        label = dict(STATUS_CHOICES)[asked_for.status]
        chips.append({"label": f"Keadaan: {label}", "remove_url": without("keadaan")})
    if asked_for.bank_id is not None:
        name = next(bank.name for bank in banks if bank.id == asked_for.bank_id)
        chips.append({"label": name, "remove_url": without("bank")})
    return render_template(
        "disbursements/disbursement_list.html",
        page=page,
        totals=totals,
        asked=asked,
        chips=chips,
        statuses=STATUS_CHOICES,
        banks=[("", "Semua bank"), *((bank.code, bank.name) for bank in banks)],
        page_url=address("hal"),
        size_url=address("per_hal"),
        sort_url=sort_address(),
    )


def _filter(codes: dict[str, int]) -> DisbursementFilter:
    status = request.args.get("keadaan", "")
    return DisbursementFilter(
        status if status in queries.STATUSES else "", codes.get(request.args.get("bank", ""))
    )


@needs(Permission.RECORD_DISBURSEMENT)
def choose_borrower() -> str:
    form = SearchForm()
    found = []
    if form.validate_on_submit():
        found = find_borrowers(db.session(), form.text.data, FOUND_AT_ONCE + 1)
    ids = [line.id for line in found]
    running = dict(queries.running_loans(db.session(), ids, clock.today()))
    return render_template(
        "disbursements/choose_borrower.html",
        form=form,
        searched=form.is_submitted() and not form.errors,
        found=found[:FOUND_AT_ONCE],
        more=len(found) > FOUND_AT_ONCE,
        running=running,
    )


@needs(Permission.RECORD_DISBURSEMENT)
def new_disbursement() -> str | Response | tuple[str, int]:
    kind, borrower = _chosen()
    if kind is None and borrower is None:
        return redirect(url_for("disbursements.choose_borrower"))
    form = _entry_form(kind)
    if request.method == "GET" or "hitung" in request.form:
        return _entry_page(form, kind, borrower)
    draft = _draft(form, kind, borrower)
    if not form.validate():
        verdict = queries.examine(db.session(), draft, clock.today())
        return _entry_page(form, kind, borrower, put_at_fields(form, verdict.blocks))
    found = queries.same_borrower(db.session(), draft) is not None
    try:
        number, first = _once("record_disbursement", lambda: _record(form, kind, draft))
    except Refused as refused:
        db.session.rollback()
        return _entry_page(form, kind, borrower, _obstacles(form, refused)), 409
    _say_recorded(first, found)
    return redirect(url_for("disbursements.disbursement", disbursement_id=number))


def _chosen() -> tuple[BorrowerKind | None, BorrowerFacts | None]:
    """What the address names: a registered borrower (`peminjam`) or the kind of a new one."""
    text = request.args.get("peminjam", "")
    if text:
        number = bank_of(text) or 0
        return None, borrower_facts(db.session(), number) or not_found("borrower", number)
    kinds = {"mikro": BorrowerKind.MICRO, "koperasi": BorrowerKind.COOPERATIVE}
    return kinds.get(request.args.get("jenis", "")), None


def _entry_form(kind: BorrowerKind | None) -> Any:
    form: Any = FORMS[kind]() if kind else RegisteredForm()
    banks = all_banks(db.session())
    choices = [SelectChoice(str(bank.id), bank.name) for bank in banks]
    form.bank_id.choices = [SelectChoice("", "Pilih bank"), *choices]
    if kind:
        found = places(db.session())
        offer_places(form, [(each.code, each.kelurahan, each.kecamatan) for each in found])
    if request.method == "GET":
        form.disbursed_on.data = clock.today()
    form.request_key.data = form.request_key.data or once.new_key()
    return form


def _draft(form: Any, kind: BorrowerKind | None, borrower: BorrowerFacts | None) -> Draft:
    codes = frozenset(each.code for each in places(db.session()))
    return draft_from(form, kind, borrower, codes)


def _record(form: Any, kind: BorrowerKind | None, draft: Draft) -> int:
    new = entered_borrower(form, kind) if kind else None
    return actions.record(db.session(), draft, new, me().id, clock.now())


def _obstacles(form: Any, refused: Refused) -> Loose:
    """The words of a refusal for the summary; those of a field go to the field."""
    if isinstance(refused, actions.NotEligible):
        return put_at_fields(form, refused.verdict.blocks)
    if refused.code != "form_used":
        return [(refused.sentence, None)]
    form.request_key.data = once.new_key()
    return [
        (
            "Formulir ini sudah pernah dikirim dengan isi yang lain, dan pencairan itu sudah "
            "tercatat. Buka daftar pencairan untuk memeriksanya; bila isian di bawah ini memang "
            "pencairan lain, simpan sekali lagi.",
            url_for("disbursements.disbursement_list"),
        )
    ]


def _say_recorded(first: bool, found: bool) -> None:
    if not first:
        flash("Formulir ini sudah dikirim sebelumnya. Inilah pencairan yang tercatat.", "info")
        return
    flash("Pencairan dicatat dan menunggu persetujuan kepala bidang.", "success")
    if found:
        flash(
            "Peminjam dengan nomor itu sudah terdaftar. Pencairan dicatat untuknya; data peminjam "
            "yang sudah ada tidak diubah.",
            "info",
        )


def _entry_page(
    form: Any, kind: BorrowerKind | None, borrower: BorrowerFacts | None, loose: Loose | None = None
) -> str:
    day = form.disbursed_on.data or clock.today()
    bank_id, amount = bank_of(form.bank_id.data), form.principal.data
    return render_template(
        "disbursements/new_disbursement.html",
        form=form,
        kind=kind,
        borrower=borrower,
        loose=loose or [],
        terms=terms_on(db.session(), day),
        quote=queries.quote(db.session(), bank_id, amount, day),
        sectors=sectors(db.session()) if kind else [],
    )


@needs(Permission.RECORD_DISBURSEMENT)
def preview() -> str:
    """A fragment for the form. Its address carries bank, day and amount, never a person."""
    try:
        amount = parse_typed(request.args.get("principal", ""))
        day = parse_date(request.args.get("disbursed_on", ""))
    except (AmountError, DateError):
        return render_template("disbursements/preview.html", quote=None)
    bank_id = bank_of(request.args.get("bank_id"))
    quote = queries.quote(db.session(), bank_id, amount, day)
    return render_template("disbursements/preview.html", quote=quote)


@needs(Permission.SEE_DISBURSEMENTS)
def disbursement(disbursement_id: int) -> str:
    return _page(disbursement_id, RefusalForm(formdata=None))


def _page(disbursement_id: int, form: RefusalForm, loose: Loose | None = None) -> str:
    facts = queries.disbursement_facts(db.session(), disbursement_id)
    if facts is None:
        not_found("disbursement", disbursement_id)
    borrower = borrower_facts(db.session(), facts.borrower_id)
    assert borrower is not None
    waiting = facts.status == "recorded"
    draft = queries.draft_of(facts, borrower)
    return render_template(
        "disbursements/disbursement.html",
        facts=facts,
        borrower=borrower,
        rows=schedule(facts.terms),
        verdict=queries.examine(db.session(), draft, clock.today(), facts.id) if waiting else None,
        events=_events(facts),
        may_decide=waiting and me().may(Permission.APPROVE_DISBURSEMENT),
        recorded_by_me=facts.entered_by_id == me().id,
        shown=queries.fingerprint(facts, borrower),
        approve_key=once.new_key(),
        refuse_key=once.new_key(),
        form=form,
        loose=loose or [],
    )


def _events(facts: DisbursementFacts) -> list[dict[str, Any]]:
    events = [
        {"title": "Dicatat", "who": facts.entered_by, "when": facts.entered_at, "tone": "info"}
    ]
    if facts.decided_at is not None:
        approved = facts.status == "approved"
        events.append(
            {
                "title": "Disetujui" if approved else "Ditolak",
                "who": facts.decided_by,
                "when": facts.decided_at,
                "tone": "success" if approved else "danger",
                "detail": f"Pinjaman {facts.loan_number} dibuka."
                if approved
                else f"Alasan: {facts.decision_reason}",
            }
        )
    return events


@needs(Permission.APPROVE_DISBURSEMENT)
def approve(disbursement_id: int) -> Response | tuple[str, int]:
    shown = request.form.get("shown", "")

    def deed() -> int:
        return actions.approve(db.session(), disbursement_id, shown, me().id, clock.now())

    try:
        loan_id, _ = _once(f"approve_disbursement {disbursement_id}", deed)
    except Refused as refused:
        return _refused(disbursement_id, refused)
    said: Any = {
        "text": "Pencairan disetujui. Pinjaman dan jadwal angsurannya sudah dibuka.",
        "link_url": url_for("printing.schedule", loan_id=loan_id),
        "link_label": "Cetak jadwal angsuran",
    }
    flash(said, "success")
    return redirect(url_for("loans.loan", loan_id=loan_id))


@needs(Permission.APPROVE_DISBURSEMENT)
def refuse(disbursement_id: int) -> str | Response | tuple[str, int]:
    form = RefusalForm()
    if not form.validate():
        return _page(disbursement_id, form)
    reason, shown = " ".join(form.reason.data.split()), form.shown.data

    def deed() -> int:
        session = db.session()
        return actions.refuse(session, disbursement_id, shown, reason, me().id, clock.now())

    try:
        _once(f"refuse_disbursement {disbursement_id}", deed)
    except Refused as refused:
        return _refused(disbursement_id, refused)
    flash("Pencairan ditolak. Alasannya tersimpan dan terlihat oleh pencatatnya.", "success")
    return redirect(url_for("disbursements.disbursement", disbursement_id=disbursement_id))


def _refused(disbursement_id: int, refused: Refused) -> tuple[str, int]:
    """The page as it is now, with the words of the refusal on top."""
    db.session.rollback()
    if refused.code == "not_there":
        not_found("disbursement", disbursement_id)
    if refused.code == "same_person":
        record_apart(clock.now(), me().id, "denied", "disbursement", disbursement_id)
    if isinstance(refused, actions.NotEligible):
        loose: Loose = [(problem.message, None) for problem in refused.verdict.blocks]
    else:
        loose = [(refused.sentence, None)]
    return _page(disbursement_id, RefusalForm(), loose), 409


def _once(action: str, deed: Callable[[], int]) -> tuple[int, bool]:
    """Do `deed` once for this form; its number, and whether it was done now or before."""
    person, now = me().id, clock.now()
    done = once.do_once(db.session(), request.form, request.full_path, person, action, now, deed)
    db.session.commit()
    return done


pages.add_url_rule("/pencairan", view_func=disbursement_list)
pages.add_url_rule("/pencairan/baru/peminjam", view_func=choose_borrower, methods=["GET", "POST"])
pages.add_url_rule("/pencairan/baru", view_func=new_disbursement, methods=["GET", "POST"])
pages.add_url_rule("/pencairan/pratinjau", view_func=preview)
pages.add_url_rule("/pencairan/<int:disbursement_id>", view_func=disbursement)
pages.add_url_rule("/pencairan/<int:disbursement_id>/setujui", view_func=approve, methods=["POST"])
pages.add_url_rule("/pencairan/<int:disbursement_id>/tolak", view_func=refuse, methods=["POST"])
