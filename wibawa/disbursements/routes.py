from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from wibawa.access import once
from wibawa.access.guard import me, needs, not_found, note_own_try
from wibawa.access.permissions import Permission
from wibawa.access.proof import Deed, proven
from wibawa.access.trail import record_export
from wibawa.applications.moves import Author
from wibawa.applications.queries import application_facts, open_by_borrower
from wibawa.banks.models import Bank
from wibawa.banks.queries import all_banks, direct_banks, terms_on
from wibawa.borrowers.forms import entered_borrower
from wibawa.borrowers.queries import borrower_facts, find_borrowers, sectors
from wibawa.database import db
from wibawa.disbursements import actions, lists, queries
from wibawa.disbursements.checks import Draft, approval_of
from wibawa.disbursements.entry import Entry, bank_id_of, entry_form, read_entry, typed_draft
from wibawa.disbursements.files.queries import source_file
from wibawa.disbursements.files.routes import URLS
from wibawa.disbursements.forms import RefusalForm, SearchForm, bank_of, put_at_fields
from wibawa.disbursements.lists import DisbursementFilter
from wibawa.disbursements.queries import DisbursementFacts
from wibawa.rules.dates import DateError, long_date, parse_date
from wibawa.rules.disbursing import not_approved
from wibawa.rules.facts import BorrowerKind
from wibawa.rules.money import AmountError, parse_typed, rupiah
from wibawa.rules.refused import Refused
from wibawa.rules.schedule import schedule
from wibawa.rules.statuses import State
from wibawa.uploads.exports import list_file
from wibawa.web import clock
from wibawa.web.clock import in_wib
from wibawa.web.formats import moment
from wibawa.web.pages import address, sort_address, wanted, without

pages = Blueprint("disbursements", __name__)

FOUND_AT_ONCE = 10
STATUS_CHOICES = [
    ("", "Semua"),
    ("menunggu", "Menunggu persetujuan"),
    ("disetujui", "Disetujui"),
    ("ditolak", "Ditolak"),
]
APPROVED_HEADINGS = (
    "Nomor permohonan", "Peminjam", "Usaha", "Bank", "Disetujui (Rp)", "Jangka waktu (bulan)",
    "Disetujui sejak", "Menunggu (hari)",
)  # fmt: skip
Loose = list[tuple[str, str | None]]


@needs(Permission.SEE_DISBURSEMENTS)
def disbursement_list() -> str:
    banks, bank_id = _bank_asked()
    asked_for = _filter(bank_id)
    asked = wanted(request.args.to_dict(), lists.SORTS, "-dicatat")
    page, totals = lists.disbursement_lines(db.session(), asked_for, asked)
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
        approved=lists.approved_count(db.session()),
        page_url=address("hal"),
        size_url=address("per_hal"),
        sort_url=sort_address(),
    )


def _filter(bank_id: int | None) -> DisbursementFilter:
    status = request.args.get("keadaan", "")
    return DisbursementFilter(status if status in lists.STATUSES else "", bank_id)


def _bank_asked() -> tuple[list[Bank], int | None]:
    banks = all_banks(db.session())
    codes = {bank.code: bank.id for bank in banks}
    return banks, codes.get(request.args.get("bank", ""))


@needs(Permission.SEE_DISBURSEMENTS)
def choose_application() -> str:
    """The approved applications that nobody has recorded as paid out."""
    session, (banks, bank_id) = db.session(), _bank_asked()
    asked = wanted(request.args.to_dict(), lists.APPROVED_SORTS, "sejak")
    page, totals = lists.approved_lines(session, bank_id, asked, clock.today())
    name = next((bank.name for bank in banks if bank.id == bank_id), None)
    return render_template(
        "disbursements/choose_application.html",
        page=page,
        totals=totals,
        asked=asked,
        chips=[{"label": name, "remove_url": without("bank")}] if name else [],
        banks=[("", "Semua bank"), *((bank.code, bank.name) for bank in banks)],
        direct=bool(direct_banks(session, clock.today())),
        urls=(address("hal"), address("per_hal"), sort_address()),
    )


@needs(Permission.SEE_DISBURSEMENTS)
def export_approved(kind: str) -> Response:
    banks, bank_id = _bank_asked()
    asked, today = wanted(request.args.to_dict(), lists.APPROVED_SORTS, "sejak"), clock.today()
    lines = lists.all_approved_lines(db.session(), bank_id, asked, today)
    name = next((bank.name for bank in banks if bank.id == bank_id), "semua bank")
    notes = [
        f"Disetujui bank, menunggu pencairan: {long_date(today)}",
        f"Saringan: {name}",
        f"Diekspor {moment(clock.now())} WIB oleh {me().name}",
    ]
    rows = [
        (each.number, each.borrower, each.business_name, each.bank, each.approved_amount,
         each.months, in_wib(each.since).date(), each.days)
        for each in lines
    ]  # fmt: skip
    record_export(clock.now(), me().id, "application_list", None, kind, notes)
    file = f"menunggu-pencairan-{today.isoformat()}"
    return list_file(kind, file, "Permohonan menunggu pencairan", APPROVED_HEADINGS, rows, notes)


@needs(Permission.RECORD_DISBURSEMENT)
def choose_borrower() -> str | Response:
    session, today = db.session(), clock.today()
    if not direct_banks(session, today):
        return _only_of_applications()
    form = SearchForm()
    found = []
    if form.validate_on_submit():
        found = find_borrowers(session, form.text.data, FOUND_AT_ONCE + 1)
    ids = [line.id for line in found]
    return render_template(
        "disbursements/choose_borrower.html",
        form=form,
        searched=form.is_submitted() and not form.errors,
        found=found[:FOUND_AT_ONCE],
        more=len(found) > FOUND_AT_ONCE,
        running=dict(queries.running_loans(session, ids, today)),
        open=open_by_borrower(session, ids),
    )


def _only_of_applications() -> Response:
    flash("Pencairan dicatat dari permohonan yang disetujui bank. Pilih permohonannya.", "info")
    return redirect(url_for("disbursements.choose_application"))


@needs(Permission.RECORD_DISBURSEMENT)
def new_disbursement() -> str | Response | tuple[str, int]:
    session, sent = db.session(), request.method == "POST"
    entry = read_entry(session, request.args)
    if entry is None:
        return redirect(url_for("disbursements.choose_application"))
    instead = None if sent else _somewhere_else(entry)
    if instead is not None:
        return instead
    form = entry_form(session, entry, clock.today(), sent=sent)
    if not sent or "hitung" in request.form:
        return _entry_page(form, entry)
    draft = typed_draft(session, form, entry)
    if not form.validate():
        verdict = queries.examine(session, draft, clock.today())
        return _entry_page(form, entry, put_at_fields(form, verdict.blocks))
    found = queries.same_borrower(session, draft) is not None
    try:
        number, first = _once("record_disbursement", lambda: _record(form, entry.kind, draft))
    except Refused as refused:
        db.session.rollback()
        return _entry_page(form, entry, _obstacles(form, refused)), 409
    _say_recorded(first, found)
    return redirect(url_for("disbursements.disbursement", disbursement_id=number))


def _somewhere_else(entry: Entry) -> Response | None:
    """Where the person goes instead when there is nothing to record here."""
    session = db.session()
    if entry.application is not None:
        waiting = [each for each in queries.paid_out(session, entry.application.id)
                   if each.status == "recorded"]  # fmt: skip
        if waiting:
            flash("Pencairan permohonan ini sudah dicatat dan menunggu persetujuan.", "info")
            return redirect(url_for("disbursements.disbursement", disbursement_id=waiting[0].id))
        if entry.application.state is State.APPROVED:
            return None
        flash(not_approved(approval_of(entry.application)).message, "warning")
        number = entry.application.id
        return redirect(url_for("applications.application", application_id=number))
    if entry.borrower is not None:
        open_one = open_by_borrower(session, [entry.borrower.id]).get(entry.borrower.id)
        if open_one is not None:
            return redirect(url_for("disbursements.new_disbursement", permohonan=open_one[0]))
    return None if direct_banks(session, clock.today()) else _only_of_applications()


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


def _entry_page(form: Any, entry: Entry, loose: Loose | None = None) -> str:
    session, day = db.session(), form.disbursed_on.data or clock.today()
    bank_id, amount = bank_id_of(form, entry), form.principal.data
    return render_template(
        "disbursements/new_disbursement.html",
        form=form,
        kind=entry.kind,
        borrower=entry.borrower,
        application=entry.application,
        loose=loose or [],
        terms=terms_on(session, day),
        quote=queries.quote(session, bank_id, amount, day, entry.months),
        sectors=sectors(session) if entry.kind else [],
    )


@needs(Permission.RECORD_DISBURSEMENT)
def preview() -> str:
    """A fragment for the form. Its address carries numbers, day and amount, never a person."""
    try:
        amount = parse_typed(request.args.get("principal", ""))
        day = parse_date(request.args.get("disbursed_on", ""))
    except (AmountError, DateError):
        return render_template("disbursements/preview.html", quote=None)
    bank_id, months = bank_of(request.args.get("bank_id")), None
    number = bank_of(request.args.get("permohonan"))
    application = application_facts(db.session(), number) if number else None
    if application is not None:
        bank_id, months = application.bank_id, application.months
    quote = queries.quote(db.session(), bank_id, amount, day, months)
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
        source=source_file(db.session(), facts.id),
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


def _about_to_approve(disbursement_id: int) -> Deed:
    facts = queries.disbursement_facts(db.session(), disbursement_id) or not_found(
        "disbursement", disbursement_id
    )
    borrower = borrower_facts(db.session(), facts.borrower_id)
    return Deed(
        "Menyetujui pencairan",
        [
            ("Peminjam", borrower.name if borrower else ""),
            ("Plafon", rupiah(facts.principal)),
            ("Bank penyalur", facts.bank),
            ("Nomor rekening", facts.account_number),
            ("Tanggal pencairan", long_date(facts.disbursed_on)),
        ],
    )


@needs(Permission.APPROVE_DISBURSEMENT)
@proven(_about_to_approve)
def approve(disbursement_id: int) -> Response | tuple[str, int]:
    shown = request.form.get("shown", "")

    def deed() -> int:
        author = Author(me().id, me().role, clock.now())
        return actions.approve(db.session(), disbursement_id, shown, author)

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
    note_own_try(refused, "disbursement", disbursement_id)
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
pages.add_url_rule("/pencairan/permohonan", view_func=choose_application)
pages.add_url_rule("/pencairan/permohonan/ekspor.<any(xlsx, csv):kind>", view_func=export_approved)
pages.add_url_rule("/pencairan/baru/peminjam", view_func=choose_borrower, methods=["GET", "POST"])
pages.add_url_rule("/pencairan/baru", view_func=new_disbursement, methods=["GET", "POST"])
pages.add_url_rule("/pencairan/pratinjau", view_func=preview)
for _address, _view, _methods in URLS:
    pages.add_url_rule(_address, view_func=_view, methods=_methods)
pages.add_url_rule("/pencairan/<int:disbursement_id>", view_func=disbursement)
pages.add_url_rule("/pencairan/<int:disbursement_id>/setujui", view_func=approve, methods=["POST"])
pages.add_url_rule("/pencairan/<int:disbursement_id>/tolak", view_func=refuse, methods=["POST"])
