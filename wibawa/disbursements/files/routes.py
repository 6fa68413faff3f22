"""Views of a bank's files of disbursements; their addresses are added to the folder's own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response
from wtforms.fields.choices import SelectChoice

from wibawa.access.guard import me, needs, takes_files
from wibawa.access.permissions import Permission
from wibawa.access.proof import Deed, proven
from wibawa.applications.moves import Author
from wibawa.banks.queries import all_banks
from wibawa.database import db
from wibawa.disbursements.files import actions
from wibawa.disbursements.files.forms import OfficeUploadForm
from wibawa.disbursements.files.kind import DISBURSEMENTS
from wibawa.disbursements.files.queries import paid_lines
from wibawa.disbursements.files.reader import COLUMNS, read_payments
from wibawa.disbursements.files.rows import PaymentFile
from wibawa.rules.money import number, rupiah
from wibawa.uploads import pages as files
from wibawa.uploads.forms import UploadForm
from wibawa.uploads.limits import Unreadable
from wibawa.uploads.models import Upload
from wibawa.uploads.pages import (
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

P = Permission
EXAMPLE = ("PM-000123", "Siti Aminah", "0123456789012", "PK/77/2026", "23-11-2026", "24-11-2026",
           4_000_000, "24-11-2028")  # fmt: skip


@needs(P.SEE_UPLOADS)
def upload_list() -> str:
    parts = list_parts(DISBURSEMENTS, all_banks(db.session(), me().bank_id))
    return render_template("disbursements/upload_list.html", **parts)


@takes_files
@needs(P.UPLOAD_DISBURSEMENTS)
def upload() -> str | Response:
    form = _form(request.args.get("ganti", ""), request.args.get("bank", ""))
    if form.validate_on_submit():
        try:
            return _receive(form)
        except Unreadable as refused:
            db.session.rollback()
            form.file.errors = [refused.problem.message]
    return render_template("disbursements/upload.html", form=form)


def _form(replaces: str, bank_id: str = "") -> Any:
    """The form for a file: the office also chooses the bank."""
    if me().bank_id is not None:
        return UploadForm(replaces=replaces)
    form: Any = OfficeUploadForm(replaces=replaces, bank_id=bank_id)
    choices = [SelectChoice(str(bank.id), bank.name) for bank in all_banks(db.session())]
    form.bank_id.choices = [SelectChoice("", "Pilih bank"), *choices]
    return form


def _receive(form: Any) -> Response:
    content, name = form.file.data.read(), form.file.data.filename or "berkas"
    bank_id = me().bank_id or int(form.bank_id.data)
    author = _author()
    layout = actions.layout_at(db.session(), bank_id, author.now)
    db.session.rollback()  # no lock while reading
    file = read_payments(content, name, layout)
    replaces = asked_number(form.replaces.data, 1, 999_999)
    received = actions.receive(db.session(), bank_id, content, name, file, author, replaces)
    number = received.upload.id
    if not received.earlier:
        record("file_uploaded", received.upload)
    db.session.commit()
    again = "1" if received.earlier else None
    return redirect(url_for("disbursements.check_upload", upload_id=number, sama=again))


@needs(P.SEE_UPLOADS)
def check_upload(upload_id: int) -> str:
    found = asked_upload(DISBURSEMENTS, upload_id)
    paid = paid_lines(db.session(), upload_id, asked_problems())
    mine = me().may(P.UPLOAD_DISBURSEMENTS)
    return render_template(
        "disbursements/check_upload.html",
        shown=actions.shown_payments(found),
        paid=paid if found.status == "posted" else None,
        upload_form=_form(str(found.id), str(found.bank_id)) if mine else None,
        sent_by_me=me().id in (found.uploaded_by, found.submitted_by),
        **check_parts(DISBURSEMENTS, found),
    )


@needs(P.UPLOAD_DISBURSEMENTS)
def submit_upload(upload_id: int) -> Response:
    found = asked_upload(DISBURSEMENTS, upload_id)
    file = _read(found)
    with refusal_said(upload_id):
        if actions.submit(db.session(), found, _author(), file):
            record("file_submitted", found)
        db.session.commit()
        flash(f"Berkas {found.filename} sudah diajukan ke kepala bidang.", "success")
    return _to_upload(upload_id)


def _about_to_confirm(upload_id: int) -> Deed:
    found = asked_upload(DISBURSEMENTS, upload_id)
    bank = next((each.name for each in all_banks(db.session()) if each.id == found.bank_id), "")
    return Deed(
        "Menyetujui semua pencairan dalam satu berkas",
        [
            ("Berkas", found.filename),
            ("Bank penyalur", bank),
            ("Pinjaman yang terbuka", number(found.posted_rows)),
            ("Jumlah", rupiah(found.posted_total)),
        ],
    )


@needs(P.APPROVE_DISBURSEMENT)
@proven(_about_to_confirm)
def confirm_upload(upload_id: int) -> Response:
    found = asked_upload(DISBURSEMENTS, upload_id)
    file, shown = _read(found), request.form.get("shown", "")
    with refusal_said(upload_id):
        confirmed = actions.confirm(db.session(), found, _author(), file, shown)
        db.session.commit()
        said = f"Pencairan dalam {found.filename} disetujui; pinjamannya terbuka."
        flash(confirmed.sentence or said, "warning" if confirmed.sentence else "success")
    return _to_upload(upload_id)


@needs(P.UPLOAD_DISBURSEMENTS)
def withdraw_upload(upload_id: int) -> Response:
    found = asked_upload(DISBURSEMENTS, upload_id)
    with refusal_said(upload_id):
        take_back(DISBURSEMENTS, found)
        db.session.commit()
    return _to_upload(upload_id)


@needs(P.SEE_UPLOADS)
def marked_file(upload_id: int) -> Response:
    found = asked_upload(DISBURSEMENTS, upload_id)
    file = _read(found)
    return files.marked_file(found, file.headings, file.table.rows, file.bad_rows)


@needs(P.SEE_UPLOADS)
def original_file(upload_id: int) -> Response:
    return files.original_file(asked_upload(DISBURSEMENTS, upload_id))


@needs(P.UPLOAD_DISBURSEMENTS)
def template_file() -> Response:
    return files.template_file(COLUMNS, [EXAMPLE], "templat-pencairan.xlsx")


def _author() -> Author:
    return Author(me().id, me().role, clock.now())


def _read(upload: Upload) -> PaymentFile:
    assert upload.bank_id is not None
    layout = actions.layout_at(db.session(), upload.bank_id, upload.uploaded_at)
    return files.read_again(upload, partial(read_payments, layout=layout))


def _to_upload(upload_id: int) -> Response:
    return redirect(url_for("disbursements.check_upload", upload_id=upload_id))


FILE = "/pencairan/berkas/<int:upload_id>"
URLS: tuple[tuple[str, Callable[..., Any], list[str]], ...] = (
    ("/pencairan/berkas", upload_list, ["GET"]),
    ("/pencairan/berkas/baru", upload, ["GET", "POST"]),
    ("/pencairan/templat.xlsx", template_file, ["GET"]),
    (FILE, check_upload, ["GET"]),
    (f"{FILE}/hasil.xlsx", marked_file, ["GET"]),
    (f"{FILE}/asli", original_file, ["GET"]),
    (f"{FILE}/ajukan", submit_upload, ["POST"]),
    (f"{FILE}/setujui", confirm_upload, ["POST"]),
    (f"{FILE}/tarik", withdraw_upload, ["POST"]),
)
