from __future__ import annotations

from functools import partial
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from wibawa.access.guard import me, needs, takes_files
from wibawa.access.permissions import Permission
from wibawa.access.sealed import are_contacts_hidden
from wibawa.access.trail import record_export
from wibawa.database import db
from wibawa.loans.journal import Author
from wibawa.rules.dates import long_date
from wibawa.rules.refused import Refused
from wibawa.siumi import actions, jobs, queries
from wibawa.siumi.checks import change_said, field_label
from wibawa.siumi.facts import known_places
from wibawa.siumi.forms import LinesAsked, UploadForm, numbers, read_lines_asked
from wibawa.siumi.kind import REGISTER
from wibawa.siumi.queries import ShownLine
from wibawa.siumi.reader import COLUMNS, RegisterFile, read_register
from wibawa.uploads import at_work
from wibawa.uploads import pages as files
from wibawa.uploads.actions import Received, choice_recorded
from wibawa.uploads.at_work import is_by_job
from wibawa.uploads.exports import Value, list_file
from wibawa.uploads.forms import SkipForm
from wibawa.uploads.kinds import OPEN
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
from wibawa.uploads.steps import FileStep, sealed_reason
from wibawa.web import clock
from wibawa.web.asked import asked_number
from wibawa.web.pages import address, without

pages = Blueprint("siumi", __name__)

EXAMPLE = ("3374014804850012", "Siti Aminah", "P", "08-04-1985", "Roti Siti", "Kuliner",
           "01-06-2019", "Pekunden", "Semarang Tengah", "Jl. Pekunden No. 1", "081234567890",
           "")  # fmt: skip
MASK = "************"
PARTS = {"baru": "Usaha mikro baru", "berubah": "Data yang berubah"}
NEW_HEADINGS = ("Baris", "Nama", "NIK", "Nama usaha", "Bidang usaha", "Kelurahan", "Kecamatan",
                "Telepon", "Mungkin sama dengan")  # fmt: skip
CHANGE_HEADINGS = ("Baris", "Peminjam", "NIK", "Yang berubah", "Sebelum", "Sesudah")


@needs(Permission.SEE_BORROWERS)
def upload_list() -> str:
    return render_template("siumi/upload_list.html", **list_parts(REGISTER))


@takes_files
@needs(Permission.EDIT_BORROWER)
def upload() -> str | AnyResponse:
    form = UploadForm(replaces=request.args.get("ganti", ""))
    if form.validate_on_submit():
        try:
            return _receive(form)
        except Refused as refused:
            db.session.rollback()
            form.file.errors = [refused.sentence]
    return render_template("siumi/upload.html", form=form, columns=COLUMNS)


def _receive(form: UploadForm) -> AnyResponse:
    if at_work.comes_large(form.file.data):
        return _receive_large(form)
    content, name = form.file.data.read(), form.file.data.filename or "berkas"
    db.session.rollback()  # no lock while reading
    file = read_register(content, name)
    replaces = asked_number(form.replaces.data, 1, 999_999)
    received = actions.receive(db.session(), content, name, file, _me(), replaces)
    if not received.earlier:
        record("file_uploaded", received.upload)
    return _received(received)


def _receive_large(form: UploadForm) -> AnyResponse:
    """Stored at once; a worker checks it, and its page says how far that is."""
    replaces = asked_number(form.replaces.data, 1, 999_999)
    received = at_work.receive_large(REGISTER, None, form.file.data, jobs.CHECK, replaces)
    found = received.upload
    if received.earlier and found.status in OPEN and not at_work.is_under_way(found):
        reason = sealed_reason(found.skip_reason)
        at_work.ask_step(jobs.CHOOSE, found, skip=found.skip_problems, reason=reason)
    return _received(received)


def _received(received: Received) -> AnyResponse:
    number, again = received.upload.id, "1" if received.earlier else None
    db.session.commit()
    return redirect(url_for("siumi.check_upload", register_id=number, sama=again))


@needs(Permission.SEE_BORROWERS)
def check_upload(register_id: int) -> str:
    found = asked_upload(REGISTER, register_id)
    waiting = at_work.page_at_work(REGISTER, found, partial(_address, register_id))
    if waiting is not None:
        return waiting
    parts = check_parts(REGISTER, found)
    if are_contacts_hidden():
        for row in parts["first_rows"]:
            row["birth_date"] = (row.get("birth_date") or "")[-4:]  # the year
    asked = read_lines_asked(request.args, _first_tab(found, parts["summary"]))
    return render_template(
        "siumi/check_upload.html",
        asked=asked,
        shown=actions.shown_plan(found),
        options=SkipForm(obj=found, reason=found.skip_reason),
        upload_form=UploadForm(replaces=str(found.id)),
        tab_url=address("tampil"),
        chips=[{"label": says, "remove_url": without(key)} for key, says in asked.chips],
        **_lines(found, asked),
        **parts,
    )


def _first_tab(found: Upload, summary: dict[str, Any]) -> str:
    """What the officer has to look at first."""
    if found.status == "faulty":
        return "masalah"
    return "berubah" if summary.get("changed") else "baru" if summary.get("new") else "masalah"


def _lines(found: Upload, asked: LinesAsked) -> dict[str, Any]:
    session = db.session()
    if not asked.wanted.outcome:
        return {"lines": None, "fields": []}
    names = known_places(session).names
    return {
        "lines": queries.line_page(session, found.id, asked.wanted, asked_problems()),
        "fields": queries.changed_fields(session, found.id),
        "label_of": field_label,
        "said": lambda field, text: change_said(field, text, names),
    }


@needs(Permission.SEE_BORROWERS)
def export_lines(register_id: int, part: str, kind: str) -> Response:
    found = asked_upload(REGISTER, register_id)
    asked = read_lines_asked({**request.args, "tampil": part}, part)
    session, filename = db.session(), found.filename
    lines = queries.all_lines(session, register_id, asked.wanted)
    notes = [
        f"Berkas {filename}, {long_date(clock.in_wib(found.uploaded_at).date())}",
        "Saringan: " + (", ".join(says for _, says in asked.chips) or "semua baris"),
    ]
    rows = _new_rows(lines) if part == "baru" else _changes(lines, known_places(session).names)
    headings = NEW_HEADINGS if part == "baru" else CHANGE_HEADINGS
    record_export(clock.now(), me().id, "upload", register_id, kind, notes)
    return list_file(kind, f"siumi-{register_id}-{part}", PARTS[part], headings, rows, notes)


def _new_rows(lines: list[ShownLine]) -> list[tuple[Value, ...]]:
    return [
        (line.row, line.name, MASK + line.nik_tail, line.business_name, line.sector,
         line.kelurahan, line.kecamatan, line.phone,
         line.like or (f"baris {line.like_row}" if line.like_row else ""))
        for line in lines
    ]  # fmt: skip


def _changes(lines: list[ShownLine], names: dict[str, str]) -> list[tuple[Value, ...]]:
    return [
        (line.row, line.name, MASK + line.nik_tail, field_label(field),
         change_said(field, before, names), change_said(field, after, names))
        for line in lines
        for field, before, after in line.changes
    ]  # fmt: skip


@needs(Permission.EDIT_BORROWER)
def choose_upload(register_id: int) -> AnyResponse:
    found, form = asked_upload(REGISTER, register_id), SkipForm()
    if asked_choice(form):
        skip, reason = form.skip_problems.data, form.reason.data or ""
        if is_by_job(found):
            return _ask(found, jobs.CHOOSE, skip=skip, reason=sealed_reason(reason))
        file = _read(found)
        with refusal_said(register_id):
            with choice_recorded(db.session(), found, me().id, clock.now()):
                actions.choose(db.session(), found, file, _me(), skip, reason)
            db.session.commit()
    return _back(register_id)


@needs(Permission.EDIT_BORROWER)
def confirm_names(register_id: int) -> AnyResponse:
    found = asked_upload(REGISTER, register_id)
    shown, ticked = numbers(request.form, "baris"), numbers(request.form, "ganti")
    if is_by_job(found):
        return _ask(found, jobs.NAMES, shown=sorted(shown), ticked=sorted(ticked))
    file = _read(found)
    with refusal_said(register_id):
        actions.confirm_names(db.session(), found, file, _me(), shown, ticked)
        record("register_names_confirmed", found)
        db.session.commit()
        flash(f"Ganti nama pada {len(shown & ticked)} baris dibenarkan.", "success")
    return _back(register_id)


@needs(Permission.EDIT_BORROWER)
def apply_upload(register_id: int) -> AnyResponse:
    found = asked_upload(REGISTER, register_id)
    shown = request.form.get("shown", "")
    if is_by_job(found):
        return _ask(found, jobs.APPLY, shown=shown)
    file = _read(found)
    with refusal_said(register_id):
        applied = actions.apply(db.session(), found, file, _me(), shown)
        if applied.done:
            record("register_applied", found)
        db.session.commit()
        said = f"Berkas {found.filename} sudah diterapkan."
        flash(applied.sentence or said, "warning" if applied.sentence else "success")
    return _back(register_id)


@needs(Permission.EDIT_BORROWER)
def withdraw_upload(register_id: int) -> AnyResponse:
    found = asked_upload(REGISTER, register_id)
    with refusal_said(register_id):
        take_back(REGISTER, found)
        db.session.commit()
    return _back(register_id)


@needs(Permission.SEE_BORROWERS)
def step_state(register_id: int) -> dict[str, Any]:
    """How far the worker is that has the file."""
    return at_work.state_of_step(asked_upload(REGISTER, register_id))


@needs(Permission.SEE_BORROWERS)
def cancel_step(register_id: int) -> AnyResponse:
    found = asked_upload(REGISTER, register_id)
    with refusal_said(register_id):
        said = at_work.cancel(found)
        db.session.commit()
        flash(said, "success")
    return _back(register_id)


@needs(Permission.EDIT_BORROWER)
def check_again(register_id: int) -> AnyResponse:
    """A file that no worker could check is tried once more."""
    found = asked_upload(REGISTER, register_id)
    return _ask(found, jobs.CHECK, **at_work.asked_before(found))


@needs(Permission.EDIT_BORROWER)
def marked_file(register_id: int) -> AnyResponse:
    found = asked_upload(REGISTER, register_id)
    at_work.only_read(found)
    file = _read(found)
    return files.marked_file(found, file.headings, file.table.rows, file.bad_rows)


@needs(Permission.EDIT_BORROWER)
def original_file(register_id: int) -> AnyResponse:
    return files.original_file(asked_upload(REGISTER, register_id))


@needs(Permission.EDIT_BORROWER)
def template_file() -> AnyResponse:
    return files.template_file(COLUMNS, [EXAMPLE], "templat-siumi.xlsx")


def _me() -> Author:
    return Author(me().id, None, clock.now())


def _read(upload: Upload) -> RegisterFile:
    return files.read_again(upload, read_register)


def _ask(found: Upload, step: FileStep, **params: Any) -> AnyResponse:
    """Ask a worker for a step of a large file; its page says how far it is."""
    register_id = found.id
    with refusal_said(register_id):
        at_work.ask_step(step, found, **params)
        db.session.commit()
    return _back(register_id)


def _address(register_id: int, name: str) -> str:
    endpoint = f"siumi.{name}"
    if name == "upload_list":
        return url_for(endpoint)
    return url_for(endpoint, register_id=register_id)


def _back(register_id: int) -> AnyResponse:
    return redirect(_address(register_id, "check_upload"))


pages.add_url_rule("/peminjam/impor", view_func=upload_list)
pages.add_url_rule("/peminjam/impor/baru", view_func=upload, methods=["GET", "POST"])
pages.add_url_rule("/peminjam/impor/templat.xlsx", view_func=template_file)
pages.add_url_rule("/peminjam/impor/<int:register_id>", view_func=check_upload)
pages.add_url_rule("/peminjam/impor/<int:register_id>/keadaan", view_func=step_state)
pages.add_url_rule("/peminjam/impor/<int:register_id>/hasil.xlsx", view_func=marked_file)
pages.add_url_rule("/peminjam/impor/<int:register_id>/asli", view_func=original_file)
pages.add_url_rule(
    "/peminjam/impor/<int:register_id>/<any(baru, berubah):part>.<any(xlsx, csv):kind>",
    view_func=export_lines,
)
for _name, _view in (
    ("pilihan", choose_upload),
    ("nama", confirm_names),
    ("tarik", withdraw_upload),
    ("terapkan", apply_upload),
    ("batalkan", cancel_step),
    ("periksa-lagi", check_again),
):
    pages.add_url_rule(
        f"/peminjam/impor/<int:register_id>/{_name}", view_func=_view, methods=["POST"]
    )
