"""Personal data: the register of processing, a person's history, retention, incidents."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from wibawa.access import once, trail
from wibawa.access.guard import me, needs, not_found, note_own_try
from wibawa.access.permissions import Permission
from wibawa.access.proof import Deed, proven
from wibawa.access.trail import record_export
from wibawa.borrowers.queries import BorrowerFacts, borrower_facts, is_number_of_somebody
from wibawa.database import db
from wibawa.loans.shown import HIDDEN, sees_people
from wibawa.printing.download import statement_file
from wibawa.privacy import actions, queries
from wibawa.privacy.activities import ACTIVITIES, HEADINGS
from wibawa.privacy.forms import (
    AskForm,
    DecideForm,
    IncidentForm,
    RetentionForm,
    StepForm,
    SubjectForm,
    time_now,
)
from wibawa.privacy.subject import file_name, paper_of, sheets_of
from wibawa.rules.refused import Refused
from wibawa.uploads.exports import list_file, report_file
from wibawa.web import clock
from wibawa.web.asked import asked_number
from wibawa.web.formats import moment
from wibawa.web.pages import Wanted, address, sort_address, wanted, without

pages = Blueprint("privacy", __name__)
P = Permission
TABS = (
    ("Kegiatan pemrosesan", "privacy.processing", "processing"),
    ("Masa simpan", "privacy.retention_list", "retention"),
    ("Insiden", "privacy.incident_list", "incidents"),
)

REQUESTS = [("", "Semua"), ("menunggu", "Menunggu keputusan"), ("belum", "Belum diminta")]
DUE_HEADINGS = ("Peminjam", "Kegiatan terakhir", "Lewat sejak", "Diminta oleh", "Alasan")


@needs(P.SEE_PRIVACY)
def processing() -> str:
    return render_template("privacy/processing.html", tabs=TABS, activities=ACTIVITIES)


@needs(P.SEE_PRIVACY)
def export_processing(kind: str) -> Response:
    name = f"kegiatan-pemrosesan-{clock.today().isoformat()}"
    notes = [f"Diekspor {moment(clock.now())} WIB oleh {me().name}"]
    record_export(clock.now(), me().id, "processing", None, kind, notes)
    title = "Catatan kegiatan pemrosesan data pribadi"
    return list_file(kind, name, title, HEADINGS, list(ACTIVITIES), notes)


# — all that is held about a person —


def _person(borrower_id: int) -> BorrowerFacts:
    return borrower_facts(db.session(), borrower_id) or not_found("borrower", borrower_id)


@needs(P.EXPORT_SUBJECT)
def subject(borrower_id: int) -> str | Response | tuple[str, int]:
    facts, form = _person(borrower_id), SubjectForm()
    if not form.validate_on_submit():
        page = render_template("privacy/subject.html", borrower=facts, form=form)
        return (page, 422) if request.method == "POST" else page
    session, now, reason = db.session(), clock.now(), " ".join(form.reason.data.split())
    trail.record(session, now, me().id, "subject_exported", "borrower", facts.id, reason)
    session.commit()
    notes = [f"Dibuat {moment(now)} WIB oleh {me().name}. Alasan: {reason}"]
    sheets = sheets_of(session, facts)
    title = f"Data pribadi yang disimpan tentang {facts.name}"
    name = file_name(facts.id, clock.today())
    if form.kind.data == "pdf":
        return statement_file(session, name, paper_of(sheets, title, notes, clock.today()))
    return report_file("xlsx", name, title, sheets, [], notes)


# — how long data is kept —


@needs(P.SEE_PRIVACY)
def retention_list() -> str:
    session, today = db.session(), clock.today()
    kind, such, order = _due_asked()
    said = _due_said(such)
    page = queries.due_page(session, kind, today, order, such=such)
    return render_template(
        "privacy/retention_list.html",
        tabs=TABS,
        kind=kind,
        kinds=queries.KINDS,
        counted_from=queries.COUNTED_FROM[kind],
        setting=queries.setting_on(session, kind, today),
        history=queries.settings(session),
        page=replace(page, rows=_shown(page.rows)),
        sees_people=sees_people(),
        order=order,
        asked=request.args.get("permintaan", ""),
        requests=REQUESTS,
        chips=[{"label": label, "remove_url": without(key)} for key, label in said.items()],
        kept={key: request.args.get(key) for key in ("jenis", "q", "permintaan")},
        **_list_urls(),
        ask_form=AskForm(formdata=None),
        decide_form=DecideForm(formdata=None),
        key=once.new_key(),
    )


def _list_urls() -> dict[str, Any]:
    return {
        "clear_url": without("q", "permintaan"),
        "sort_url": sort_address(),
        "page_url": address("hal"),
        "size_url": address("per_hal"),
        "kind_url": address("jenis"),
    }


def _due_asked() -> tuple[str, queries.DueFilter, Wanted]:
    """The kind, the filter and the order of the address; anything odd is left out."""
    arguments = request.args.to_dict()
    kind, text = arguments.get("jenis", ""), " ".join(arguments.get("q", "").split())[:80]
    such = queries.DueFilter(
        "" if is_number_of_somebody(text) or not sees_people() else text,
        {"menunggu": True, "belum": False}.get(arguments.get("permintaan", "")),
    )
    sorts = queries.DUE_SORTS if sees_people() else queries.DUE_SORTS[:1]
    order = wanted(arguments, sorts, "terakhir")
    return kind if kind in queries.KINDS else "without_loan", such, order


def _shown(lines: list[queries.Due]) -> list[queries.Due]:
    """The lines as this person may see them: without permission no name and nothing written."""
    if sees_people():
        return lines
    return [replace(line, name=HIDDEN, reason=line.reason and HIDDEN) for line in lines]


def _due_said(such: queries.DueFilter) -> dict[str, str]:
    """The filters in words, by the name they have in the address."""
    said = {"q": f"Cari “{such.text}”"} if such.text else {}
    if such.asked is not None:
        said["permintaan"] = "Menunggu keputusan" if such.asked else "Belum diminta"
    return said


@needs(P.SEE_PRIVACY)
def export_retention(kind: str) -> Response:
    due, such, order = _due_asked()
    today = clock.today()
    notes = [
        f"Jenis data: {queries.KINDS[due]}",
        "Saringan: " + (", ".join(_due_said(such).values()) or "semua"),
        f"Diekspor {moment(clock.now())} WIB oleh {me().name}",
    ]
    record_export(clock.now(), me().id, "retention_list", None, kind, notes)
    rows = [
        (each.name, each.last_on, each.due_on, each.asked_name or "", each.reason or "")
        for each in _shown(queries.all_due(db.session(), due, today, order, such))
    ]
    name = f"masa-simpan-{today.isoformat()}"
    return list_file(kind, name, "Data yang masa simpannya lewat", DUE_HEADINGS, rows, notes)


@needs(P.APPROVE_PSEUDONYM)
def set_retention() -> str | AnyResponse | tuple[str, int]:
    session = db.session()
    form = RetentionForm(data={"valid_from": clock.today()})
    if not form.validate_on_submit():
        return _retention_page(form)
    start: Any = form.valid_from.data
    seen = asked_number(form.shown.data, 0, 999_999) or 0
    try:
        changed = actions.set_years(
            session, form.kind.data, start, form.years.data, " ".join(form.reason.data.split()),
            seen, me().id, clock.now(),
        )  # fmt: skip
    except Refused as refused:
        session.rollback()
        return _retention_page(form, refused.sentence), 409
    session.commit()
    flash("Masa simpan disimpan." if changed else "Tidak ada yang berubah.", "success")
    return redirect(url_for("privacy.retention_list", jenis=form.kind.data))


def _retention_page(form: RetentionForm, said: str = "") -> str:
    history = queries.settings(db.session())
    form.shown.data, form.shown.raw_data = str(history[0].id), None
    loose = [(said, None)] if said else []
    return render_template(
        "privacy/set_retention.html", form=form, loose=loose, history=history, kinds=queries.KINDS
    )


@needs(P.REQUEST_PSEUDONYM)
def ask_pseudonym(borrower_id: int) -> AnyResponse:
    form, session = AskForm(), db.session()
    if borrower_facts(session, borrower_id, follow=False) is None:
        not_found("borrower", borrower_id)
    back = redirect(url_for("privacy.retention_list", jenis=request.args.get("jenis")))
    if not form.validate():
        flash(f"{form.reason.errors[0] if form.reason.errors else ''} Belum diminta.", "warning")
        return back
    reason = " ".join(form.reason.data.split())

    def deed() -> int:
        return actions.ask(session, borrower_id, reason, clock.today(), me().id, clock.now())

    try:
        once.do_once(session, request.form, request.path, me().id, "ask_pseudonym", clock.now(),
                     deed)  # fmt: skip
    except Refused as refused:
        session.rollback()
        flash(refused.sentence, "warning")
        return back
    session.commit()
    flash("Penyamaran diminta. Orang lain memutuskannya.", "success")
    return back


def _about_to_decide(pseudonym_id: int, decision: str) -> Deed:
    found = queries.asked_about(db.session(), pseudonym_id)
    facts = [] if found is None else [("Peminjam", found[0]), ("Alasan permintaan", found[1])]
    if decision == "setuju":
        return Deed("Menyamarkan data peminjam; tidak dapat dibatalkan", facts)
    return Deed("Menolak penyamaran data peminjam", facts)


@needs(P.APPROVE_PSEUDONYM)
@proven(_about_to_decide)
def decide_pseudonym(pseudonym_id: int, decision: str) -> AnyResponse:
    form, session = DecideForm(), db.session()
    reason = " ".join((form.reason.data or "").split())[:300]
    back = redirect(url_for("privacy.retention_list", jenis=request.args.get("jenis")))
    if not form.validate():
        flash(f"{' '.join(form.reason.errors)} Belum diputuskan.", "warning")
        return back
    try:
        actions.decide(
            session, pseudonym_id, decision == "setuju", reason, clock.today(), me().id, clock.now()
        )
    except Refused as refused:
        session.rollback()
        note_own_try(refused, "pseudonym", pseudonym_id)
        flash(refused.sentence, "warning")
        return back
    session.commit()
    said = "Identitas peminjam sudah disamarkan; angkanya tetap."
    flash(said if decision == "setuju" else "Permintaan penyamaran ditolak.", "success")
    return back


# — incidents —


@needs(P.SEE_PRIVACY)
def incident_list() -> str:
    found = queries.incidents(db.session(), clock.now())
    return render_template("privacy/incident_list.html", tabs=TABS, incidents=found)


@needs(P.KEEP_INCIDENTS)
def new_incident() -> str | AnyResponse | tuple[str, int]:
    form = IncidentForm(data={"noticed_on": clock.today(), "noticed_time": time_now()})
    form.request_key.data = form.request_key.data or once.new_key()
    if not form.validate_on_submit():
        return _incident_form(form)
    session = db.session()

    def deed() -> int:
        return actions.record_incident(session, form.facts(), me().id, clock.now())

    try:
        number, fresh = once.do_once(
            session, request.form, request.path, me().id, "new_incident", clock.now(), deed
        )
    except Refused as refused:
        session.rollback()
        return _incident_form(form, refused.sentence), 409
    session.commit()
    flash("Insiden dicatat. Batas 3 × 24 jam berjalan sejak diketahui." if fresh else
          "Insiden ini sudah dicatat.", "success")  # fmt: skip
    return redirect(url_for("privacy.incident", incident_id=number))


def _incident_form(form: IncidentForm, said: str = "") -> str:
    loose = [(said, None)] if said else []
    return render_template("privacy/new_incident.html", form=form, loose=loose)


@needs(P.SEE_PRIVACY)
def incident(incident_id: int) -> str:
    form = StepForm(formdata=None, data={"done_on": clock.today(), "done_time": time_now()})
    return _incident_page(incident_id, form)


@needs(P.KEEP_INCIDENTS)
def add_step(incident_id: int) -> AnyResponse | tuple[str, int]:
    form, session = StepForm(), db.session()
    if not form.validate():
        return _incident_page(incident_id, form), 422
    _incident_page(incident_id, form)  # 404 for none

    def deed() -> int:
        actions.add_step(
            session, incident_id, form.kind.data, form.done_at, form.text.data, me().id,
            clock.now(),
        )  # fmt: skip
        return incident_id

    try:
        once.do_once(session, request.form, request.path, me().id, "incident_step", clock.now(),
                     deed)  # fmt: skip
    except Refused as refused:
        session.rollback()
        return _incident_page(incident_id, form, refused.sentence), 409
    session.commit()
    flash("Langkah dicatat.", "success")
    return redirect(url_for("privacy.incident", incident_id=incident_id))


def _incident_page(incident_id: int, form: StepForm, said: str = "") -> str:
    now: dt.datetime = clock.now()
    found = queries.incidents(db.session(), now, incident_id)
    if not found:
        not_found("incident", incident_id)
    form.request_key.data, form.request_key.raw_data = once.new_key(), None
    return render_template(
        "privacy/incident.html",
        incident=found[0],
        words=queries.STEP_WORDS,
        form=form,
        loose=[(said, None)] if said else [],
    )


HERE = "/pelindungan-data"
for _address, _view, _methods in (
    (HERE, processing, ["GET"]),
    (f"{HERE}/kegiatan.<any(xlsx, csv):kind>", export_processing, ["GET"]),
    (f"{HERE}/masa-simpan", retention_list, ["GET"]),
    (f"{HERE}/masa-simpan/ekspor.<any(xlsx, csv):kind>", export_retention, ["GET"]),
    (f"{HERE}/masa-simpan/ketentuan", set_retention, ["GET", "POST"]),
    (f"{HERE}/masa-simpan/minta/<int:borrower_id>", ask_pseudonym, ["POST"]),
    (f"{HERE}/masa-simpan/<int:pseudonym_id>/<any(setuju, tolak):decision>", decide_pseudonym,
     ["POST"]),
    (f"{HERE}/insiden", incident_list, ["GET"]),
    (f"{HERE}/insiden/baru", new_incident, ["GET", "POST"]),
    (f"{HERE}/insiden/<int:incident_id>", incident, ["GET"]),
    (f"{HERE}/insiden/<int:incident_id>/langkah", add_step, ["POST"]),
    ("/peminjam/<int:borrower_id>/data-pribadi", subject, ["GET", "POST"]),
):  # fmt: skip
    pages.add_url_rule(_address, view_func=_view, methods=_methods)
