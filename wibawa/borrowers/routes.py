from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from wibawa.access import once, trail
from wibawa.access.guard import me, needs, not_found
from wibawa.access.permissions import Permission
from wibawa.access.trail import record_export
from wibawa.banks.queries import direct_banks, places, terms_on, thresholds_on
from wibawa.borrowers import actions, history, queries, register
from wibawa.borrowers.actions import NewBorrower
from wibawa.borrowers.checks import (
    SEX_WORDS,
    examine,
    likeness,
    said,
    stored_text,
)
from wibawa.borrowers.forms import (
    EDIT_FORMS,
    KIND_LABELS,
    RUNNING_LABELS,
    RegisterAsked,
    RevealForm,
    entered_borrower,
    merged,
    offer_places,
    put_at_fields,
    read_register,
    touched_fields,
    whole_number,
)
from wibawa.borrowers.queries import BorrowerFacts, is_number_of_somebody
from wibawa.borrowers.register import RegisterLine
from wibawa.borrowers.story import events_of
from wibawa.changes.queries import requests_of_loans
from wibawa.database import db
from wibawa.disbursements.queries import running_loans
from wibawa.home.queries import (
    BorrowerLoan,
    applications_of_borrower,
    loans_of_borrower,
    payments_of_borrower,
    running_by_borrower,
    visits_of_borrower,
    waiting_of_borrower,
)
from wibawa.merging.queries import merges_of
from wibawa.rules.dates import long_date
from wibawa.rules.eligibility import Applicant
from wibawa.rules.facts import BorrowerKind, Standing
from wibawa.rules.refused import Problem, Refused
from wibawa.scans import queries as scans
from wibawa.siumi.queries import origins
from wibawa.uploads.exports import Value, list_file
from wibawa.web import clock
from wibawa.web.formats import moment
from wibawa.web.pages import Page, Wanted, address, sort_address, wanted, without

pages = Blueprint("borrowers", __name__)

HEADINGS = (
    "Nama", "Jenis", "NIK", "Nama usaha", "Nomor induk koperasi", "Ketua", "Jenis kelamin",
    "Bidang usaha", "Alamat", "Kelurahan", "Kecamatan", "Telepon", "Terdaftar",
    "Pinjaman berjalan", "Baki debet (Rp)", "Koperasi masih aktif", "Kesehatan koperasi",
    "Tanggal penilaian", "RAT terakhir",
)  # fmt: skip
KIND_WORDS = {"micro": "Usaha mikro", "cooperative": "Koperasi"}
MASK = "************"
SHOWN_PAYMENTS = 10
MOST_CANDIDATES = 20_000  # pairs compared at once; beyond it the page says so


def _list_asked() -> tuple[RegisterAsked, Wanted, list[tuple[str, str]]]:
    """The filter and the order of the register, from the address, and all kecamatan."""
    kecamatan = queries.kecamatan_choices(db.session())
    asked = read_register(request.args, dict(kecamatan))
    return asked, wanted(request.args.to_dict(), register.SORTS, "nama"), kecamatan


def _running() -> register.Running:
    today = clock.today()
    return partial(running_by_borrower, today, thresholds_on(db.session(), today))


@needs(Permission.SEE_BORROWERS)
def borrower_list() -> str | AnyResponse:
    if is_number_of_somebody(request.args.get("q", "")):
        said = "NIK dan nomor telepon tidak dicari lewat alamat halaman. Pakai kotak cari di atas."
        flash(said, "warning")
        return redirect(without("q"))
    asked, order, kecamatan = _list_asked()
    summed = request.args.get("jumlah") == "ya"
    page, totals = register.register_lines(
        db.session(), _running(), asked.wanted, order, summed=summed
    )
    return render_template(
        "borrowers/borrower_list.html",
        asked=asked,
        page=page,
        totals=totals,
        order=order,
        today=clock.today(),
        choices=_choices(kecamatan),
        chips=[{"label": says, "remove_url": without(key)} for key, says in asked.chips],
        page_url=address("hal"),
        size_url=address("per_hal"),
        sum_url=address("jumlah")("ya"),
        sort_url=sort_address(),
    )


def _choices(kecamatan: list[tuple[str, str]]) -> dict[str, list[tuple[str, str]]]:
    """What the filters offer."""
    sectors = queries.sectors(db.session(), most=200)
    return {
        "jenis": [("", "Semua jenis"), *KIND_LABELS.items()],
        "kecamatan": [("", "Semua kecamatan"), *kecamatan],
        "bidang": [("", "Semua bidang"), *((sector, sector) for sector in sectors)],
        "pinjaman": [("", "Semua"), *RUNNING_LABELS.items()],
    }


@needs(Permission.SEE_BORROWERS)
def export_list(kind: str) -> Response:
    asked, order, _ = _list_asked()
    lines = register.all_register_lines(db.session(), _running(), asked.wanted, order)
    today = clock.today()
    notes = [
        f"Pinjaman berjalan dan baki debet: posisi {long_date(today)}",
        "Saringan: " + (", ".join(says for _, says in asked.chips) or "semua peminjam"),
        f"Diekspor {moment(clock.now())} WIB oleh {me().name}",
    ]
    record_export(clock.now(), me().id, "borrower_list", None, kind, notes)
    rows = [_export_row(line) for line in lines]
    name = f"peminjam-{today.isoformat()}"
    return list_file(kind, name, "Daftar peminjam Kredit Wibawa", HEADINGS, rows, notes)


def _export_row(line: RegisterLine) -> tuple[Value, ...]:
    return (
        line.name,
        KIND_WORDS[line.kind],
        MASK + line.nik_tail,
        line.business_name,
        line.cooperative_number,
        line.chair_name,
        SEX_WORDS[line.sex],
        line.sector,
        line.address,
        line.kelurahan,
        line.kecamatan,
        line.phone,
        clock.in_wib(line.created_at).date(),
        int(line.loans),
        int(line.outstanding),
        said("active", stored_text(line.active), {}),
        said("health", line.health or "", {}),
        line.health_assessed_on,
        line.annual_meeting_on,
    )


@needs(Permission.SEE_BORROWERS)
def borrower(borrower_id: int) -> str:
    return _page(_facts(borrower_id), RevealForm(formdata=None))


def _facts(borrower_id: int) -> BorrowerFacts:
    """The borrower; the address of a record that was merged leads to the one that was kept."""
    facts = queries.borrower_facts(db.session(), borrower_id) or not_found("borrower", borrower_id)
    if facts.id != borrower_id:
        said = f"Catatan nomor {borrower_id} sudah digabung ke {facts.name}. Inilah halamannya."
        flash(said, "info")
        abort(redirect(url_for("borrowers.borrower", borrower_id=facts.id)))
    return facts


def _page(facts: BorrowerFacts, form: RevealForm) -> str:
    session, today = db.session(), clock.today()
    loans = loans_of_borrower(session, facts.id, today, thresholds_on(session, today))
    running = [each for each in loans if each.position and each.position.outstanding_principal]
    payments = payments_of_borrower(session, facts.id, SHOWN_PAYMENTS + 1)
    applications = applications_of_borrower(session, facts.id)
    requests = requests_of_loans(session, [each.id for each in loans])
    documents = scans.documents_of(
        session, facts.id, [each.id for each in applications], [each.id for each in requests]
    )
    form.request_key.data = once.new_key()
    return render_template(
        "borrowers/borrower.html",
        borrower=facts,
        today=today,
        loans=loans,
        running=running,
        owed=sum(each.position.outstanding_principal for each in running if each.position),
        arrears=sum(each.position.arrears for each in running if each.position),
        waiting=waiting_of_borrower(session, facts.id),
        applications=applications,
        direct=bool(direct_banks(session, today)),
        visits=visits_of_borrower(session, facts.id),
        payments=payments[:SHOWN_PAYMENTS],
        more_payments=len(payments) > SHOWN_PAYMENTS,
        merges=merges_of(session, facts.id),
        papers=scans.papers_of_borrower(session, facts.id, facts.kind, today),
        documents=documents,
        events=_events(facts, loans, documents),
        form=form,
    )


def _events(
    facts: BorrowerFacts, loans: list[BorrowerLoan], documents: list[scans.DocumentFacts]
) -> list[dict[str, Any]]:
    """What happened around the borrower and the records that were merged into it."""
    session = db.session()
    records = history.records_of(session, facts.id)
    ids = [each.id for each in records]
    shown, changes = history.nik_shown(session, ids), history.changes_of(session, ids)
    lent = [(loan.number, loan.bank, loan.disbursed_on) for loan in loans]
    came_from = {each.borrower_id: (each.upload_id, each.row) for each in origins(session, ids)}
    others = scans.events_of(documents)
    return events_of(facts.kind, records, shown, changes, lent, _places(), came_from, others)


@needs(Permission.REVEAL_NIK)
def reveal_nik(borrower_id: int) -> str | AnyResponse | tuple[str, int]:
    facts, form = _facts(borrower_id), RevealForm()
    key, reason = form.request_key.data or "", " ".join((form.reason.data or "").split())
    if not form.validate():
        return _page(facts, form), 400
    if not 16 <= len(key) <= 64:
        raise Refused("form_incomplete", "Formulir tidak lengkap. Muat ulang halaman, lalu ulangi.")
    session, now = db.session(), clock.now()
    body = once.body_hash([("borrower", str(borrower_id)), ("reason", reason)])
    if once.claim(session, key, me().id, "reveal_nik", body, now) is not None:
        flash("NIK itu sudah ditampilkan satu kali. Ulangi permintaannya bila masih perlu.", "info")
        return redirect(url_for("borrowers.borrower", borrower_id=borrower_id))
    once.settle(session, key, "shown")
    trail.record(session, now, me().id, "nik_revealed", "borrower", borrower_id, reason)
    session.commit()
    return render_template("borrowers/reveal_nik.html", borrower=facts, reason=reason, now=now)


@needs(Permission.EDIT_BORROWER)
def edit_borrower(borrower_id: int) -> str | AnyResponse | tuple[str, int]:
    facts, session = _facts(borrower_id), db.session()
    known = queries.editable_facts(session, borrower_id) or {}
    form = _edit_form(facts.kind, known)
    if request.method == "GET":
        form.shown.data = str(history.last_change(session, borrower_id))
        return _edit_page(facts, form)
    if _sent_before(form, borrower_id):
        flash("Formulir ini sudah dikirim sebelumnya. Inilah datanya yang tersimpan.", "info")
        return redirect(url_for("borrowers.borrower", borrower_id=borrower_id))
    newer = history.changes_of(session, [borrower_id], after=whole_number(form.shown.data))
    if newer:
        conflicts = merged(form, facts.kind, known, newer, _places())
        form.request_key.data = once.new_key()
        return _edit_page(facts, form, conflicts=conflicts), 409
    new, warnings = _entered(form, facts, known)
    if form.errors:
        return _edit_page(facts, form)
    try:
        return _save(form, facts, new, warnings)
    except Refused as refused:
        return _edit_page(facts, form, loose=[(refused.sentence, None)]), 409


def _edit_form(kind: BorrowerKind, known: dict[str, Any]) -> Any:
    form: Any = EDIT_FORMS[kind](data=known)
    found = places(db.session())
    offer_places(form, [(each.code, each.kelurahan, each.kecamatan) for each in found])
    form.request_key.data = form.request_key.data or once.new_key()
    return form


def _edit_page(
    facts: BorrowerFacts,
    form: Any,
    *,
    loose: list[tuple[str, str | None]] | None = None,
    conflicts: list[dict[str, str]] | None = None,
) -> str:
    db.session.rollback()  # what was claimed for this try is free again
    return render_template(
        "borrowers/edit_borrower.html",
        borrower=facts,
        form=form,
        loose=loose or [],
        conflicts=conflicts or [],
        sectors=queries.sectors(db.session()),
    )


def _sent_before(form: Any, borrower_id: int) -> bool:
    """Claim the form's key; True when this very form was saved already."""
    key = form.request_key.data or ""
    if not 16 <= len(key) <= 64:
        raise Refused("form_incomplete", "Formulir tidak lengkap. Muat ulang halaman, lalu ulangi.")
    action = f"edit_borrower {borrower_id}"
    body = once.sent_hash(request.form, request.full_path)
    return once.claim(db.session(), key, me().id, action, body, clock.now()) is not None


def _places() -> dict[str, str]:
    found = places(db.session())
    return {each.code: f"{each.kelurahan}, Kecamatan {each.kecamatan}" for each in found}


def _entered(
    form: Any, facts: BorrowerFacts, known: dict[str, Any]
) -> tuple[NewBorrower, tuple[Problem, ...]]:
    """The borrower as it should be, with the errors put at their fields, and the warnings."""
    form.validate()
    touched = touched_fields(form, known)
    new = entered_borrower(form, facts.kind)
    new = replace(new, **{name: value for name, value in known.items() if name not in touched})
    if new.nik:
        touched.add("nik")
    terms, today = terms_on(db.session(), clock.today()), clock.today()
    applicant = Applicant(
        facts.kind,
        new.nik or facts.nik,
        new.sex or "",
        new.birth_date,
        new.business_started_on,
        True,
        Standing(new.active, new.health, new.health_assessed_on, new.annual_meeting_on),
    )
    verdict = examine(applicant, terms.minimum_age, terms.minimum_business_years, today, touched)
    put_at_fields(form, verdict.blocks)
    number = new.cooperative_number if facts.kind is BorrowerKind.COOPERATIVE else new.nik
    same = queries.registered(db.session(), facts.kind, new.nik, new.cooperative_number)
    if number and same is not None and same.id != facts.id:
        at = "cooperative_number" if facts.kind is BorrowerKind.COOPERATIVE else "nik"
        message = f"Nomor ini sudah terdaftar atas nama {same.name}; periksa nomornya."
        put_at_fields(form, [Problem(0, at, "number_taken", "", message)])
    return new, verdict.warnings


def _save(
    form: Any, facts: BorrowerFacts, new: NewBorrower, warnings: tuple[Problem, ...]
) -> AnyResponse:
    session, shown = db.session(), whole_number(form.shown.data)
    changed = actions.edit_borrower(session, facts.id, shown, new, me().id, clock.now())
    once.settle(session, form.request_key.data, "saved")
    session.commit()
    if changed:
        flash(f"Data peminjam disimpan. Yang berubah: {', '.join(changed).lower()}.", "success")
    else:
        flash("Tidak ada yang berubah.", "info")
    for warning in warnings if changed else ():
        flash(warning.message, "warning")
    return redirect(url_for("borrowers.borrower", borrower_id=facts.id))


@needs(Permission.SEE_BORROWERS)
def duplicate_list() -> str:
    session, asked = db.session(), wanted(request.args.to_dict(), ("alasan",), "alasan")
    shared = queries.candidates(session, MOST_CANDIDATES)
    found = [like for pair in shared if (like := likeness(pair)) is not None]
    found.sort(key=lambda like: (like.allowed, -len(like.reasons), like.first_id, like.second_id))
    rows = found[asked.offset : asked.offset + asked.per_page]
    ids = {number for like in rows for number in (like.first_id, like.second_id)}
    return render_template(
        "borrowers/duplicate_list.html",
        page=Page(rows, asked.page, asked.per_page, len(found)),
        to_check=sum(not like.allowed for like in found),
        more=len(shared) == MOST_CANDIDATES,
        lines=queries.lines_by_id(session, ids),
        running=dict(running_loans(session, list(ids), clock.today())),
        page_url=address("hal"),
        size_url=address("per_hal"),
    )


@needs(Permission.EDIT_BORROWER)
def mark_distinct() -> AnyResponse:
    pair = {whole_number(request.form.get(name)) for name in ("satu", "dua")}
    if actions.mark_distinct(db.session(), pair, me().id, clock.now()):
        db.session.commit()
        first, second = sorted(pair)
        undo = url_for("borrowers.unmark_distinct", satu=first, dua=second)
        said: Any = {"text": "Ditandai bukan orang yang sama.", "undo_url": undo}
        flash(said, "success")
    else:
        flash("Pasangan ini sudah ditandai bukan orang yang sama.", "info")
    return redirect(url_for("borrowers.duplicate_list"))


@needs(Permission.EDIT_BORROWER)
def unmark_distinct() -> AnyResponse:
    pair = {whole_number(request.args.get(name)) for name in ("satu", "dua")}
    if actions.unmark_distinct(db.session(), pair, me().id, clock.now()):
        db.session.commit()
        flash("Tandanya dicabut; pasangan itu tampil lagi.", "success")
    return redirect(url_for("borrowers.duplicate_list"))


pages.add_url_rule("/peminjam", view_func=borrower_list)
pages.add_url_rule("/peminjam/ekspor.<any(xlsx, csv):kind>", view_func=export_list)
pages.add_url_rule("/peminjam/ganda", view_func=duplicate_list)
pages.add_url_rule("/peminjam/ganda/beda", view_func=mark_distinct, methods=["POST"])
pages.add_url_rule("/peminjam/ganda/urungkan", view_func=unmark_distinct, methods=["POST"])
pages.add_url_rule("/peminjam/<int:borrower_id>", view_func=borrower)
pages.add_url_rule("/peminjam/<int:borrower_id>/nik", view_func=reveal_nik, methods=["POST"])
pages.add_url_rule(
    "/peminjam/<int:borrower_id>/ubah", view_func=edit_borrower, methods=["GET", "POST"]
)
