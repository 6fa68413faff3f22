from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from wibawa.access import once, trail
from wibawa.access.guard import me, needs, not_found, takes_files
from wibawa.access.permissions import Permission
from wibawa.access.proof import Deed, proven
from wibawa.applications.moves import Author
from wibawa.applications.queries import Case, case, examine
from wibawa.banks.queries import all_banks
from wibawa.borrowers.forms import RevealForm
from wibawa.database import db
from wibawa.decisions import actions
from wibawa.decisions.answers import AnswerFile, Reason
from wibawa.decisions.checks import told_to_bank
from wibawa.decisions.forms import approval_form, decline_form
from wibawa.decisions.kind import DECISIONS
from wibawa.decisions.queries import reasons_on, sent_answers
from wibawa.decisions.reader import COLUMNS, read_answers
from wibawa.home.queries import elsewhere
from wibawa.rules.money import number, rupiah
from wibawa.rules.refused import Refused
from wibawa.rules.statuses import Action, State, not_now
from wibawa.scans.queries import papers_of_application
from wibawa.uploads import pages as files
from wibawa.uploads.actions import choice_recorded
from wibawa.uploads.forms import SkipForm, UploadForm
from wibawa.uploads.limits import Unreadable
from wibawa.uploads.models import Upload
from wibawa.uploads.pages import (
    asked_choice,
    asked_problems,
    asked_upload,
    check_parts,
    list_parts,
    record,
    refusal_said,
    take_back,
)
from wibawa.web import clock
from wibawa.web.asked import asked_number

pages = Blueprint("decisions", __name__)

P = Permission
EXAMPLES = (
    ("PM-000123", "Siti Aminah", "DISETUJUI", 5_000_000, "", "Akad hari Kamis"),
    ("PM-000124", "Budi Santoso", "DITOLAK", "", "Kemampuan bayar tidak cukup", ""),
)
Answer = str | Response | tuple[str, int]


@needs(P.ANSWER_APPLICATION)
def decision(application_id: int) -> Answer:
    found = _case(application_id)
    if found.facts.state is not State.SENT:
        flash(not_now(found.facts.state, Action.APPROVE), "info")
        return _to_application(application_id)
    return _page(found)


def _case(application_id: int) -> Case:
    found = case(db.session(), application_id)
    if found is None or not found.is_seen_by(me().bank_id):
        not_found("application", application_id)
    return found


def _to_application(application_id: int) -> Response:
    return redirect(url_for("applications.application", application_id=application_id))


def _reasons() -> list[Reason]:
    return reasons_on(db.session(), clock.today())


def _page(found: Case, approval: Any = None, decline: Any = None, said: str = "") -> str:
    facts = found.facts
    verdict = examine(db.session(), found.wish, clock.today(), elsewhere, apart_from=facts.id)
    return render_template(
        "decisions/decision.html",
        facts=facts,
        found=found,
        borrower=found.borrower,
        told=told_to_bank(verdict),
        papers=papers_of_application(db.session(), found.standing.holder, clock.today()),
        approval=approval or approval_form(facts.amount, sent=False),
        decline=decline or decline_form(_reasons(), sent=False),
        faulty=decline or approval,
        loose=[(said, None)] if said else [],
        keys=(once.new_key(), once.new_key()),
    )


def _about_to_approve(application_id: int) -> Deed:
    found = _case(application_id)
    facts, typed = found.facts, approval_form(found.facts.amount, sent=True).amount.data
    return Deed(
        "Menyetujui permohonan pinjaman",
        [
            ("Permohonan", facts.number),
            ("Peminjam", found.borrower.name),
            ("Bank penyalur", facts.bank),
            ("Jumlah diminta", rupiah(facts.amount)),
            ("Jumlah disetujui", "–" if typed is None else rupiah(typed)),
        ],
    )


@needs(P.ANSWER_APPLICATION)
@proven(_about_to_approve)
def approve(application_id: int) -> Answer:
    found = _case(application_id)
    form = approval_form(found.facts.amount, sent=True)
    if found.facts.state is State.SENT and not form.validate():
        return _page(found, approval=form)
    note = " ".join((form.note.data or "").split())
    return _answered(
        application_id,
        Action.APPROVE,
        lambda given: actions.approve(
            db.session(), application_id, amount=form.amount.data or 0, note=note, **given
        ),
        "Persetujuan bank tersimpan. Dinas melihatnya dan menunggu pencairan.",
        approval=form,
    )


@needs(P.ANSWER_APPLICATION)
def decline(application_id: int) -> Answer:
    found, reasons = _case(application_id), _reasons()
    form = decline_form(reasons, sent=True)
    if found.facts.state is State.SENT and not form.validate():
        return _page(found, decline=form)
    known = {each.code: each for each in reasons}
    reason = known.get(form.reason_code.data or "", Reason("", "", needs_text=False))
    explanation = " ".join((form.explanation.data or "").split())
    return _answered(
        application_id,
        Action.DECLINE,
        lambda given: actions.decline(
            db.session(), application_id, reason=reason, explanation=explanation, **given
        ),
        "Penolakan bank tersimpan. Dinas melihat alasannya.",
        decline=form,
    )


def _answered(
    application_id: int,
    action: Action,
    deed: Callable[[dict[str, Any]], None],
    said: str,
    **typed: Any,
) -> Answer:
    """Give the answer once for this form and go to the application, or say why not."""
    given = {
        "bank_id": me().bank_id,
        "shown": request.form.get("shown", ""),
        "author": _author(),
    }

    def numbered() -> int:
        deed(given)
        return application_id

    name = f"{action.value}_application {application_id}"
    try:
        _once(name, numbered)
    except Refused as refused:
        db.session.rollback()
        found = _case(application_id)
        if found.facts.state is State.SENT:
            return _page(found, said=refused.sentence, **typed), 409
        flash(refused.sentence, "error")
        return _to_application(application_id)
    flash(said, "success")
    return _to_application(application_id)


@needs(P.REVEAL_APPLICANT_NIK)
def reveal_nik(application_id: int) -> Answer:
    found, form = _case(application_id), RevealForm()
    shown = {"facts": found.facts, "borrower": found.borrower, "form": form}
    if not form.validate_on_submit():
        form.request_key.data = once.new_key()
        return render_template("decisions/reveal_nik.html", nik=None, **shown)
    reason, now, session = " ".join(form.reason.data.split()), clock.now(), db.session()

    def deed() -> int:
        said = f"{reason} (permohonan {found.facts.number})"
        trail.record(session, now, me().id, "nik_revealed", "borrower", found.borrower.id, said)
        return application_id

    name = f"reveal_applicant_nik {application_id}"
    _, first = _once(name, deed)
    if not first:
        flash("NIK itu sudah ditampilkan satu kali. Ulangi permintaannya bila masih perlu.", "info")
        return _to_application(application_id)
    shown |= {"nik": found.borrower.nik, "reason": reason, "now": now}
    return render_template("decisions/reveal_nik.html", **shown)


def _once(action: str, deed: Callable[[], int]) -> tuple[int, bool]:
    """Do `deed` once for this form; its number, and whether it was done now or before."""
    person, now = me().id, clock.now()
    done = once.do_once(db.session(), request.form, request.full_path, person, action, now, deed)
    db.session.commit()
    return done


@needs(P.SEE_UPLOADS)
def upload_list() -> str:
    parts = list_parts(DECISIONS, all_banks(db.session(), me().bank_id))
    return render_template("decisions/upload_list.html", **parts)


@takes_files
@needs(P.ANSWER_APPLICATION)
def upload() -> str | Response:
    form = UploadForm(replaces=request.args.get("ganti", ""))
    if form.validate_on_submit():
        try:
            return _receive(form)
        except Unreadable as refused:
            db.session.rollback()
            form.file.errors = [refused.problem.message]
    return render_template("decisions/upload.html", form=form, reasons=_reasons())


def _receive(form: UploadForm) -> Response:
    content, name = form.file.data.read(), form.file.data.filename or "berkas"
    bank_id, author = me().bank_id, _author()
    assert bank_id is not None, "only bank officers may upload"
    layout = actions.layout_at(db.session(), bank_id, author.now)
    db.session.rollback()  # no lock while reading
    file = read_answers(content, name, layout)
    replaces = asked_number(form.replaces.data, 1, 999_999)
    received = actions.receive(db.session(), bank_id, content, name, file, author, replaces)
    number = received.upload.id
    if not received.earlier:
        record("file_uploaded", received.upload)
    db.session.commit()
    again = "1" if received.earlier else None
    return redirect(url_for("decisions.check_upload", upload_id=number, sama=again))


@needs(P.SEE_UPLOADS)
def check_upload(upload_id: int) -> str:
    found = asked_upload(DECISIONS, upload_id)
    sent = found.status == "posted"
    return render_template(
        "decisions/check_upload.html",
        shown=actions.shown_answers(found),
        sent=sent_answers(db.session(), upload_id, asked_problems()) if sent else None,
        options=SkipForm(obj=found, reason=found.skip_reason),
        upload_form=UploadForm(replaces=str(found.id)),
        **check_parts(DECISIONS, found),
    )


@needs(P.ANSWER_APPLICATION)
def choose_upload(upload_id: int) -> Response:
    found, form = asked_upload(DECISIONS, upload_id), SkipForm()
    if asked_choice(form):
        file, skip, reason = _read(found), form.skip_problems.data, form.reason.data or ""
        with refusal_said(upload_id):
            with choice_recorded(db.session(), found, me().id, clock.now()):
                actions.choose(db.session(), found, _author(), file, skip, reason)
            db.session.commit()
    return _to_upload(upload_id)


def _about_to_apply(upload_id: int) -> Deed:
    found = asked_upload(DECISIONS, upload_id)
    banks = all_banks(db.session(), found.bank_id)
    return Deed(
        "Mengirim semua keputusan dalam satu berkas",
        [
            ("Berkas", found.filename),
            ("Bank penyalur", ", ".join(bank.name for bank in banks)),
            ("Permohonan yang diputuskan", number(found.posted_rows)),
            ("Jumlah disetujui", rupiah(found.posted_total)),
        ],
    )


@needs(P.ANSWER_APPLICATION)
@proven(_about_to_apply)
def apply_upload(upload_id: int) -> Response:
    found = asked_upload(DECISIONS, upload_id)
    file, shown = _read(found), request.form.get("shown", "")
    with refusal_said(upload_id):
        applied = actions.apply(db.session(), found, _author(), file, shown)
        db.session.commit()
        said = f"Keputusan dalam {found.filename} sudah dikirim; dinas melihatnya."
        flash(applied.sentence or said, "warning" if applied.sentence else "success")
    return _to_upload(upload_id)


@needs(P.ANSWER_APPLICATION)
def withdraw_upload(upload_id: int) -> Response:
    found = asked_upload(DECISIONS, upload_id)
    with refusal_said(upload_id):
        take_back(DECISIONS, found)
        db.session.commit()
    return _to_upload(upload_id)


@needs(P.SEE_UPLOADS)
def marked_file(upload_id: int) -> Response:
    found = asked_upload(DECISIONS, upload_id)
    file = _read(found)
    return files.marked_file(found, file.headings, file.table.rows, file.bad_rows)


@needs(P.SEE_UPLOADS)
def original_file(upload_id: int) -> Response:
    return files.original_file(asked_upload(DECISIONS, upload_id))


@needs(P.ANSWER_APPLICATION)
def template_file() -> Response:
    return files.template_file(COLUMNS, EXAMPLES, "templat-keputusan.xlsx")


def _author() -> Author:
    return Author(me().id, me().role, clock.now())


def _read(upload: Upload) -> AnswerFile:
    assert upload.bank_id is not None
    layout = actions.layout_at(db.session(), upload.bank_id, upload.uploaded_at)
    return files.read_again(upload, partial(read_answers, layout=layout))


def _to_upload(upload_id: int) -> Response:
    return redirect(url_for("decisions.check_upload", upload_id=upload_id))


ONE, FILE = "/permohonan/<int:application_id>", "/keputusan/berkas/<int:upload_id>"
for _address, _view, _methods in (
    (f"{ONE}/keputusan", decision, ["GET"]),
    (f"{ONE}/keputusan/setujui", approve, ["POST"]),
    (f"{ONE}/keputusan/tolak", decline, ["POST"]),
    (f"{ONE}/nik", reveal_nik, ["GET", "POST"]),
    ("/keputusan/berkas", upload_list, ["GET"]),
    ("/keputusan/berkas/baru", upload, ["GET", "POST"]),
    ("/keputusan/templat.xlsx", template_file, ["GET"]),
    (FILE, check_upload, ["GET"]),
    (f"{FILE}/hasil.xlsx", marked_file, ["GET"]),
    (f"{FILE}/asli", original_file, ["GET"]),
    (f"{FILE}/pilihan", choose_upload, ["POST"]),
    (f"{FILE}/kirim", apply_upload, ["POST"]),
    (f"{FILE}/tarik", withdraw_upload, ["POST"]),
):
    pages.add_url_rule(_address, view_func=_view, methods=_methods)
