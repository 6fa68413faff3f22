"""What the pages of every kind of file have in common: the file asked for, what its check page
shows, and the downloads."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

from flask import flash, request, send_file
from werkzeug.wrappers import Response

from wibawa.access import trail
from wibawa.access.guard import me, not_found, note_own_try, own_bank_only
from wibawa.database import db
from wibawa.rules.refused import Refused
from wibawa.uploads import queries
from wibawa.uploads.actions import content_of, withdraw
from wibawa.uploads.columns import Cell, Column
from wibawa.uploads.exports import XLSX
from wibawa.uploads.kinds import Kind
from wibawa.uploads.models import Upload
from wibawa.uploads.steps import job_of, refuse_at_work
from wibawa.uploads.workbook import marked_workbook, template_workbook
from wibawa.web import clock
from wibawa.web.pages import Wanted, address, sort_address, wanted, without

File = TypeVar("File")


def asked_upload(kind: Kind, upload_id: int) -> Upload:
    """The file of this address; 404, recorded, for none, another kind's or another bank's."""
    found = queries.find_upload(db.session(), kind, upload_id)
    if found is None:
        not_found("upload", upload_id)
    own_bank_only(found.bank_id, "upload", upload_id)
    return found


class NamedBank(Protocol):
    id: Any
    name: Any


def list_parts(kind: Kind, banks: Sequence[NamedBank] = ()) -> dict[str, Any]:
    """What the list of a kind's files needs, filtered and sorted as the address says.

    `banks` are those to choose from; a bank's officer sees the own bank's files whatever is asked.
    """
    asked = wanted(request.args.to_dict(), queries.SORTS, "-tanggal")
    status = request.args.get("keadaan", "")
    status = status if status in kind.statuses else ""
    chosen = request.args.get("bank", type=int)
    names = {bank.id: bank.name for bank in banks}
    bank_id = me().bank_id or (chosen if chosen in names else None)
    chips = []
    if status:
        label = f"Keadaan: {kind.statuses[status][0]}"
        chips.append({"label": label, "remove_url": without("keadaan")})
    if bank_id and len(names) > 1:
        chips.append({"label": f"Bank: {names[bank_id]}", "remove_url": without("bank")})
    return {
        "page": queries.upload_page(db.session(), kind, bank_id, status, asked),
        "asked": asked,
        "banks": banks,
        "bank_id": bank_id,
        "status": status,
        "chips": chips,
        "words": kind.statuses,
        "page_url": address("hal"),
        "sort_url": sort_address(),
    }


def asked_problems() -> Wanted:
    """The page of problems that the address asks for."""
    return wanted(request.args.to_dict(), ("baris",), "baris")


def check_parts(kind: Kind, found: Upload) -> dict[str, Any]:
    """What every check page shows: the file, its people, its problems, the first rows as read."""
    code = request.args.get("jenis") or None
    session = db.session()
    counts = queries.code_counts(session, kind, found.id)
    folded = [each.code for each in counts if each.folded]
    problems, cells = queries.problem_page(session, found.id, code, asked_problems(), folded)
    return {
        "upload": found,
        "job": job_of(session, found),
        "people": queries.people_of(session, found),
        "status": kind.statuses[found.status],
        "same": bool(request.args.get("sama")),
        "counts": counts,
        "code": code,
        "problems": problems,
        "cells": cells,
        "headings": json.loads(found.headings),
        "first_rows": json.loads(found.first_rows),
        "summary": json.loads(found.summary),
        "page_url": address("hal"),
        "code_url": address("jenis"),
        "all_url": without("jenis"),
    }


def marked_file(
    found: Upload,
    headings: Sequence[str],
    rows: Sequence[tuple[int, Sequence[Cell]]],
    bad_rows: Set[int],
) -> Response:
    """The officer's own file back, each row with what was found about it."""
    problems = queries.all_problems(db.session(), found.id)
    content = marked_workbook(headings, rows, problems, bad_rows=bad_rows)
    return _downloaded(found, content, f"hasil-pemeriksaan-{found.id}.xlsx", XLSX)


def bad_rows_file(
    found: Upload,
    headings: Sequence[str],
    rows: Sequence[tuple[int, Sequence[Cell]]],
    bad_rows: Set[int],
) -> Response:
    """Only the rows that were wrong, to be mended and sent as a file of their own."""
    problems = queries.all_problems(db.session(), found.id)
    wrong = bad_rows | {problem.row for problem in problems if problem.blocking}
    left = [(row, cells) for row, cells in rows if row in wrong]
    told = [problem for problem in problems if problem.row in wrong and problem.row]
    content = marked_workbook(headings, left, told, "Baris bermasalah", bad_rows=wrong)
    return _downloaded(found, content, f"baris-bermasalah-{found.id}.xlsx", XLSX)


def original_file(found: Upload) -> Response:
    name = found.filename
    return _downloaded(found, content_of(found), name, "application/octet-stream")


def _downloaded(found: Upload, content: bytes, name: str, mimetype: str) -> Response:
    """A file of a bank or of the register leaves, and that is recorded."""
    action = "register_downloaded" if found.kind == "register" else "file_downloaded"
    trail.record_apart(clock.now(), me().id, action, "upload", found.id, name)
    return download(content, name, mimetype)


def template_file(
    columns: Sequence[Column], examples: Sequence[Sequence[Cell]], name: str
) -> Response:
    """The template that is made from the same columns as the reader's."""
    return download(template_workbook(columns, examples), name, XLSX)


def download(content: bytes, filename: str, mimetype: str) -> Response:
    return send_file(
        io.BytesIO(content), mimetype=mimetype, as_attachment=True, download_name=filename
    )


def read_again(found: Upload, read: Callable[[bytes, str], File]) -> File:
    """The stored file read again by `read(content, filename)`, without holding a lock meanwhile."""
    content, name = content_of(found), found.filename
    db.session.rollback()
    return read(content, name)


@contextmanager
def refusal_said(found_id: int) -> Iterator[None]:
    """Around a step of a file, its commit included: what is refused is undone and said on the next
    page; who tried to decide on her own file stands in the trail."""
    try:
        yield
    except Refused as refused:
        db.session.rollback()
        note_own_try(refused, "upload", found_id)
        flash(refused.sentence, "error")


def asked_choice(form: Any) -> bool:
    """Whether a form of choices was sent without faults; says so when it was not."""
    if form.validate_on_submit():
        return True
    said = " ".join(sentence for those in form.errors.values() for sentence in those)
    flash(f"Pilihan tidak tersimpan. {said}", "error")
    return False


def take_back(kind: Kind, found: Upload) -> None:
    """Withdraw a file that is not in the books, with its line in the trail, and say so."""
    refuse_at_work(db.session(), found)
    withdraw(db.session(), kind, found)
    record("file_withdrawn", found)
    flash(f"Berkas {found.filename} ditarik. Anda dapat mengunggah penggantinya.", "success")


def record(action: str, upload: Upload) -> None:
    """One line in the trail, in the deed's own transaction."""
    trail.record(db.session(), clock.now(), me().id, action, "upload", upload.id, upload.filename)
