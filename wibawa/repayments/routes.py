from __future__ import annotations

from collections.abc import Set
from functools import partial
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from wibawa.access import once, trail
from wibawa.access.guard import me, needs, takes_files
from wibawa.access.permissions import Permission
from wibawa.banks.models import Bank
from wibawa.banks.queries import all_banks
from wibawa.database import db
from wibawa.loans.chain.lines import UPLOAD
from wibawa.loans.chain.queries import link_of
from wibawa.loans.journal import Author
from wibawa.papers.queries import papers_of_upload
from wibawa.repayments import actions, jobs, queries
from wibawa.repayments import allocation as allocation_of
from wibawa.repayments.facts import Options, layout_of
from wibawa.repayments.forms import OptionsForm, UploadForm
from wibawa.repayments.kind import REASON_WORDS, REPAYMENTS
from wibawa.repayments.layout import COLUMNS
from wibawa.repayments.reader import read_repayments
from wibawa.repayments.rows import RepaymentFile
from wibawa.rules.refused import Refused
from wibawa.uploads import at_work
from wibawa.uploads import pages as files
from wibawa.uploads.actions import choice_recorded
from wibawa.uploads.at_work import comes_large, is_by_job
from wibawa.uploads.exports import list_file
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
from wibawa.uploads.steps import FileStep
from wibawa.web import clock
from wibawa.web.asked import asked_number
from wibawa.web.formats import moment
from wibawa.web.pages import Wanted, address, sort_address, wanted, without

pages = Blueprint("repayments", __name__)

LONGEST_SEARCH = 80
WAY_HEADINGS = (
    "Pinjaman", "Rekening", "Peminjam", "Baris", "Ke pinjaman", "Denda", "Menutup", "Ke titipan",
    "Sebab titipan", "Sisa pokok sebelum", "Sisa pokok sesudah",
)  # fmt: skip
EXAMPLE = ("0123456789012", "Siti Aminah", "05-10-2026", 220_833, 208_333, 12_500, 0, 4_791_667, 1,
           0, "BP261000001")  # fmt: skip


@needs(Permission.SEE_UPLOADS)
def upload_list() -> str:
    parts = list_parts(REPAYMENTS, all_banks(db.session(), me().bank_id))
    return render_template("repayments/upload_list.html", **parts)


@takes_files
@needs(Permission.UPLOAD_REPAYMENTS)
def upload() -> str | Response:
    form = UploadForm(replaces=request.args.get("ganti", ""))
    bank = _own_bank()
    if form.validate_on_submit():
        try:
            return _receive(bank, form)
        except Refused as refused:
            db.session.rollback()
            form.file.errors = [refused.sentence]
    return render_template("repayments/upload.html", form=form, bank=bank)


def _receive(bank: Bank, form: UploadForm) -> Response:
    if comes_large(form.file.data):
        return _receive_large(bank, form)
    content, name = form.file.data.read(), form.file.data.filename or "berkas"
    author = _me()
    layout = layout_of(db.session(), bank, author.booked_on, author.now)
    db.session.rollback()  # no lock while reading
    file = read_repayments(content, name, layout)
    replaces = asked_number(form.replaces.data, 1, 999_999)
    received = actions.receive(db.session(), bank, content, name, file, author, replaces)
    number = received.upload.id
    if not received.earlier:
        record("file_uploaded", received.upload)
    db.session.commit()
    again = "1" if received.earlier else None
    return redirect(url_for("repayments.check_upload", upload_id=number, sama=again))


def _receive_large(bank: Bank, form: UploadForm) -> Response:
    """Stored at once; a worker checks it, and its page says how far that is."""
    replaces = asked_number(form.replaces.data, 1, 999_999)
    received = at_work.receive_large(REPAYMENTS, bank.id, form.file.data, jobs.CHECK, replaces)
    found, number = received.upload, received.upload.id
    if received.earlier and found.status in OPEN and not at_work.is_under_way(found):
        options = Options(found.skip_problems, found.suspend_unknown)
        at_work.ask_step(jobs.CHOOSE, found, **jobs.choice(options, found.skip_reason))
    db.session.commit()
    again = "1" if received.earlier else None
    return redirect(url_for("repayments.check_upload", upload_id=number, sama=again))


@needs(Permission.SEE_UPLOADS)
def check_upload(upload_id: int) -> str:
    found = asked_upload(REPAYMENTS, upload_id)
    waiting = at_work.page_at_work(REPAYMENTS, found, partial(_address, upload_id))
    if waiting is not None:
        return waiting
    return render_template(
        "repayments/check_upload.html",
        shown=actions.shown_figures(found),
        **check_parts(REPAYMENTS, found),
        **(_result(upload_id) if found.status == "posted" else _choices(found)),
    )


def _result(upload_id: int) -> dict[str, Any]:
    """What the page of a posted file shows besides: where each row went; the page of rows on which
    the row stands that the address names."""
    row = None if "hal" in request.args else asked_number(request.args.get("baris"), 1, 999_999)
    return {
        "booked": queries.booked_page(db.session(), upload_id, asked_problems(), row),
        "row": row,
        "suspended": queries.suspended_lines(db.session(), upload_id),
        "undoing": queries.undoing_of(db.session(), upload_id),
        "receipts": papers_of_upload(db.session(), upload_id),
        "receipt_key": once.new_key(),
        "reasons": REASON_WORDS,
        "link": link_of(db.session(), UPLOAD, upload_id),
    }


def _choices(found: Upload) -> dict[str, Any]:
    """What the page of a file on its way offers: another upload, or going on with this one."""
    return {
        "options": OptionsForm(obj=found, reason=found.skip_reason),
        "upload_form": UploadForm(replaces=str(found.id)),
    }


@needs(Permission.UPLOAD_REPAYMENTS)
def choose_upload(upload_id: int) -> Response:
    found, form = asked_upload(REPAYMENTS, upload_id), OptionsForm()
    if asked_choice(form):
        options = Options(form.skip_problems.data, form.suspend_unknown.data)
        if is_by_job(found):
            return _ask(found, jobs.CHOOSE, **jobs.choice(options, form.reason.data or ""))
        bank, file, reason = _bank(found), _read(found), form.reason.data or ""
        with refusal_said(upload_id):
            with choice_recorded(db.session(), found, me().id, clock.now()):
                actions.choose(db.session(), found, bank, clock.today(), file, options, reason)
            db.session.commit()
    return _back(upload_id)


@needs(Permission.UPLOAD_REPAYMENTS)
def submit_upload(upload_id: int) -> Response:
    found = asked_upload(REPAYMENTS, upload_id)
    if is_by_job(found):
        return _ask(found, jobs.SUBMIT)
    bank, file = _bank(found), _read(found)
    with refusal_said(upload_id):
        if actions.submit(db.session(), found, bank, _me(), file):
            record("file_submitted", found)
        db.session.commit()
        said = "sudah dibukukan" if found.status == "posted" else "sudah diajukan ke dinas"
        flash(f"Berkas {found.filename} {said}.", "success")
    return _back(upload_id)


@needs(Permission.UPLOAD_REPAYMENTS)
def withdraw_upload(upload_id: int) -> Response:
    found = asked_upload(REPAYMENTS, upload_id)
    with refusal_said(upload_id):
        take_back(REPAYMENTS, found)
        db.session.commit()
    return _back(upload_id)


@needs(Permission.POST_REPAYMENTS)
def post_upload(upload_id: int) -> Response:
    found = asked_upload(REPAYMENTS, upload_id)
    shown = request.form.get("shown", "")
    if is_by_job(found):
        return _ask(found, jobs.POST, shown=shown)
    bank, file = _bank(found), _read(found)
    with refusal_said(upload_id):
        posted = actions.post(db.session(), found, bank, _me(), file, shown)
        if posted.booked:
            record("file_posted", found)
        db.session.commit()
        said = f"Berkas {found.filename} sudah dibukukan."
        flash(posted.sentence or said, "warning" if posted.sentence else "success")
    return _back(upload_id)


def _asked_ways() -> tuple[allocation_of.Asked, Wanted]:
    text = " ".join(request.args.get("q", "").split())[:LONGEST_SEARCH]
    asked = allocation_of.Asked(text, request.args.get("titipan") == "ya")
    return asked, wanted(request.args.to_dict(), allocation_of.SORTS, "baris")


def _ways_said(asked: allocation_of.Asked) -> list[tuple[str, str]]:
    """The filter in words, each with its key."""
    said = [("q", f"Memuat “{asked.text}”")] if asked.text else []
    return said + ([("titipan", "Hanya yang masuk titipan")] if asked.suspended else [])


@needs(Permission.SEE_UPLOADS)
def allocation(upload_id: int) -> str:
    found = asked_upload(REPAYMENTS, upload_id)
    asked, order = _asked_ways()
    page = allocation_of.way_page(db.session(), found, asked, order, clock.today())
    return render_template(
        "repayments/allocation.html",
        upload=found,
        status=REPAYMENTS.statuses[found.status],
        page=page,
        asked=asked,
        order=order,
        reasons=REASON_WORDS,
        chips=[{"label": label, "remove_url": without(key)} for key, label in _ways_said(asked)],
        kept={"upload_id": upload_id} | {key: request.args.get(key) for key in ("q", "titipan")},
        page_url=address("hal"),
        size_url=address("per_hal"),
        sort_url=sort_address(),
    )


@needs(Permission.SEE_UPLOADS)
def export_allocation(upload_id: int, kind: str) -> Response:
    found = asked_upload(REPAYMENTS, upload_id)
    asked, order = _asked_ways()
    lines = allocation_of.all_ways(db.session(), found, asked, order, clock.today())
    said = [label for _, label in _ways_said(asked)]
    notes = [
        f"Berkas {found.filename}",
        "Saringan: " + (", ".join(said) or "semua pinjaman"),
        f"Diekspor {moment(clock.now())} WIB oleh {me().name}",
    ]
    trail.record_export(clock.now(), me().id, "upload", upload_id, kind, notes)
    rows = [_way_cells(line) for line in lines]
    name = f"alokasi-berkas-{upload_id}"
    return list_file(kind, name, "Ke mana uangnya, per pinjaman", WAY_HEADINGS, rows, notes)


def _way_cells(line: allocation_of.WayLine) -> tuple[Any, ...]:
    way, told = line.way, line.covered
    rows = ", ".join(map(str, way.rows))
    waits = "; ".join(sorted({REASON_WORDS[p.reason] for p in way.pieces if p.reason}))
    covers = "; ".join(told.said) if told else ""
    left = (told.before, told.after) if told else (None, None)
    money = (way.amount, way.penalty, covers, way.suspended, waits)
    return (line.number, line.account, line.borrower, rows, *money, *left)


@needs(Permission.SEE_UPLOADS)
def step_state(upload_id: int) -> dict[str, Any]:
    """How far the worker is that has the file."""
    return at_work.state_of_step(asked_upload(REPAYMENTS, upload_id))


@needs(Permission.SEE_UPLOADS)
def cancel_step(upload_id: int) -> Response:
    found = asked_upload(REPAYMENTS, upload_id)
    with refusal_said(upload_id):
        said = at_work.cancel(found)
        db.session.commit()
        flash(said, "success")
    return _back(upload_id)


@needs(Permission.UPLOAD_REPAYMENTS)
def check_again(upload_id: int) -> Response:
    """A file that no worker could check is tried once more."""
    found = asked_upload(REPAYMENTS, upload_id)
    return _ask(found, jobs.CHECK, **at_work.asked_before(found))


@needs(Permission.SEE_UPLOADS)
def marked_file(upload_id: int) -> Response:
    found = asked_upload(REPAYMENTS, upload_id)
    at_work.only_read(found)
    bad, file = _bad_rows(upload_id), _read(found)
    return files.marked_file(found, file.headings, file.table.rows, file.bad_rows | bad)


@needs(Permission.SEE_UPLOADS)
def bad_rows_file(upload_id: int) -> Response:
    found = asked_upload(REPAYMENTS, upload_id)
    at_work.only_read(found)
    bad, file = _bad_rows(upload_id), _read(found)
    return files.bad_rows_file(found, file.headings, file.table.rows, file.bad_rows | bad)


def _bad_rows(upload_id: int) -> Set[int]:
    """All rows that the check left out, those without a sentence of their own included."""
    plan = allocation_of.plan_of(db.session(), upload_id)
    return plan.bad_rows if plan else frozenset()


@needs(Permission.SEE_UPLOADS)
def original_file(upload_id: int) -> Response:
    return files.original_file(asked_upload(REPAYMENTS, upload_id))


@needs(Permission.UPLOAD_REPAYMENTS)
def template_file() -> Response:
    return files.template_file(COLUMNS, [EXAMPLE], "templat-angsuran.xlsx")


def _me() -> Author:
    return Author(me().id, None, clock.now())


def _own_bank() -> Bank:
    bank = db.session.get(Bank, me().bank_id)
    assert bank is not None, "only bank officers may upload"
    return bank


def _bank(upload: Upload) -> Bank:
    bank = db.session.get(Bank, upload.bank_id)
    assert bank is not None
    return bank


def _read(upload: Upload) -> RepaymentFile:
    layout = actions.layout_then(db.session(), upload, _bank(upload))
    return files.read_again(upload, partial(read_repayments, layout=layout))


def _ask(found: Upload, step: FileStep, **params: Any) -> Response:
    """Ask a worker for a step of a large file; its page says how far it is."""
    upload_id = found.id
    with refusal_said(upload_id):
        at_work.ask_step(step, found, **params)
        db.session.commit()
    return _back(upload_id)


def _address(upload_id: int, name: str) -> str:
    endpoint = f"repayments.{name}"
    return url_for(endpoint) if name == "upload_list" else url_for(endpoint, upload_id=upload_id)


def _back(upload_id: int) -> Response:
    return redirect(_address(upload_id, "check_upload"))


pages.add_url_rule("/angsuran/berkas", view_func=upload_list)
pages.add_url_rule("/angsuran/berkas/baru", view_func=upload, methods=["GET", "POST"])
pages.add_url_rule("/angsuran/templat.xlsx", view_func=template_file)
pages.add_url_rule("/angsuran/berkas/<int:upload_id>", view_func=check_upload)
pages.add_url_rule("/angsuran/berkas/<int:upload_id>/hasil.xlsx", view_func=marked_file)
pages.add_url_rule("/angsuran/berkas/<int:upload_id>/bermasalah.xlsx", view_func=bad_rows_file)
ALLOCATION = "/angsuran/berkas/<int:upload_id>/alokasi"
pages.add_url_rule(ALLOCATION, view_func=allocation)
pages.add_url_rule(f"{ALLOCATION}.<any(xlsx, csv):kind>", view_func=export_allocation)
pages.add_url_rule("/angsuran/berkas/<int:upload_id>/asli", view_func=original_file)
pages.add_url_rule("/angsuran/berkas/<int:upload_id>/keadaan", view_func=step_state)
for _name, _view in (
    ("pilihan", choose_upload),
    ("ajukan", submit_upload),
    ("tarik", withdraw_upload),
    ("bukukan", post_upload),
    ("batalkan", cancel_step),
    ("periksa-lagi", check_again),
):
    pages.add_url_rule(
        f"/angsuran/berkas/<int:upload_id>/{_name}", view_func=_view, methods=["POST"]
    )
