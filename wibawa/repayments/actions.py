"""A bank's file: received and checked, submitted by the bank, posted by the dinas."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from wibawa.banks.models import Bank
from wibawa.database import allocate_ids, bulk_insert, stored_date, stored_moment
from wibawa.loans.journal import ENTRY_COLUMNS, SUSPENSE_COLUMNS, Author, lock_loans
from wibawa.repayments.facts import KIND, Options, Outcome, check_against_books, layout_of
from wibawa.repayments.layout import Layout
from wibawa.repayments.reader import read_repayments
from wibawa.repayments.rows import RepaymentFile
from wibawa.rules.dates import short_date
from wibawa.rules.money import number
from wibawa.rules.refused import Problem, Refused
from wibawa.uploads.cells import text_of
from wibawa.uploads.columns import Cell
from wibawa.uploads.garbage import collector_paused
from wibawa.uploads.models import Upload, UploadProblem
from wibawa.web.clock import in_wib

FIGURES = (
    "posted_rows", "posted_total", "suspense_rows", "suspense_total", "already_posted_rows",
    "already_posted_total", "skipped_rows", "skipped_total", "control_total",
)  # fmt: skip
FIRST_ROWS = 20
PROBLEM_COLUMNS = (
    "upload_id", "number", "row", "column", "code", "found", "message", "blocking", "cells",
)  # fmt: skip


@dataclass(frozen=True)
class Received:
    """The stored file; `earlier` when the same file (or a re-saved copy) had come before."""

    upload: Upload
    earlier: bool


def receive(
    session: Session,
    bank: Bank,
    content: bytes,
    filename: str,
    file: RepaymentFile,
    author: Author,
    replaces: int | None = None,
) -> Received:
    """Store a file that was read before and check it against the books.

    The same bytes, or the same rows in a re-saved copy, lead to the earlier upload instead; one
    that is not submitted yet is checked again, since the books may have changed. Reading is left
    to the caller, who does it outside the transaction: a large file takes seconds.
    """
    lock_bank(session, bank.id)
    digest = hashlib.sha256(content).hexdigest()
    same = (Upload.sha256 == digest) | (Upload.rows_hash == file.rows_hash)
    known = _earlier(session, bank.id, same)
    if known is not None:
        if known.status in ("faulty", "clean"):
            recheck(session, known, bank, author.booked_on, file)
        return Received(known, True)
    upload = Upload(
        bank_id=bank.id,
        kind=KIND,
        status="faulty",
        filename=filename[-200:],
        size=len(content),
        sha256=digest,
        rows_hash=file.rows_hash,
        content=content,
        uploaded_by=author.entered_by,
        uploaded_at=author.now,
    )
    session.add(upload)
    session.flush()
    outcome = check_against_books(session, bank.id, file, author.booked_on, Options())
    _keep_check(session, upload, outcome)
    if replaces is not None:
        _withdraw_replaced(session, bank.id, replaces)
    return Received(upload, False)


def lock_bank(session: Session, bank_id: int) -> None:
    """One file of a bank at a time: what a check found stays true until its posting is through."""
    session.execute(select(Bank.id).where(Bank.id == bank_id).with_for_update(key_share=True))


def _earlier(session: Session, bank_id: int, same: Any) -> Upload | None:
    return session.scalar(
        select(Upload)
        .where(Upload.bank_id == bank_id, Upload.kind == KIND, Upload.status != "withdrawn", same)
        .order_by(Upload.id.desc())
        .limit(1)
    )


def _withdraw_replaced(session: Session, bank_id: int, replaced: int) -> None:
    session.execute(
        update(Upload)
        .where(
            Upload.id == replaced,
            Upload.bank_id == bank_id,
            Upload.status.in_(("faulty", "clean")),
        )
        .values(status="withdrawn")
    )


def layout_then(session: Session, upload: Upload, bank: Bank) -> Layout:
    """The bank's layout that was in force when the file came: how to read it again."""
    return layout_of(session, bank, in_wib(upload.uploaded_at).date())


def recheck(
    session: Session,
    upload: Upload,
    bank: Bank,
    today: dt.date,
    file: RepaymentFile,
) -> Outcome:
    """Check the stored file against the books as they are now, and keep what was found."""
    options = Options(upload.skip_problems, upload.suspend_unknown)
    outcome = check_against_books(session, bank.id, file, today, options)
    _keep_check(session, upload, outcome)
    return outcome


def choose(
    session: Session,
    upload: Upload,
    bank: Bank,
    today: dt.date,
    file: RepaymentFile,
    options: Options,
    reason: str,
) -> None:
    """The officer's choice for a file with problems, checked at once with it."""
    lock_bank(session, bank.id)
    session.refresh(upload, with_for_update=True)
    _only(upload, ("faulty", "clean"))
    if options.skip_problems and not reason.strip():
        raise Refused(
            "reason_missing",
            "Alasan melewati baris bermasalah belum diisi. Tulis alasannya, misalnya "
            "“menunggu koreksi cabang”.",
        )
    upload.skip_problems = options.skip_problems
    upload.skip_reason = reason.strip()[:300] if options.skip_problems else ""
    upload.suspend_unknown = options.suspend_unknown
    recheck(session, upload, bank, today, file)


def submit(
    session: Session, upload: Upload, bank: Bank, author: Author, file: RepaymentFile
) -> bool:
    """The bank hands the file to the dinas; posts at once where the bank's setting says so.

    False for a second press of the button, which changes nothing.
    """
    lock_bank(session, bank.id)
    session.refresh(upload, with_for_update=True)
    if upload.status in ("submitted", "posted"):
        return False
    _only(upload, ("clean",))
    outcome = recheck(session, upload, bank, author.booked_on, file)
    if outcome.checked.blocked:
        raise Refused(
            "file_faulty",
            "Berkas ini masih bermasalah menurut buku saat ini. Perbaiki atau lewati baris "
            "bermasalah, lalu ajukan lagi.",
        )
    upload.status = "submitted"
    upload.submitted_by = author.entered_by
    upload.submitted_at = author.now
    spotless = not (upload.skipped_rows or upload.suspense_rows or upload.notice_count)
    if bank.posts_clean_files and spotless:
        _book(session, upload, outcome, Author(author.entered_by, None, author.now))
    return True


def withdraw(session: Session, upload: Upload) -> None:
    """Take back a file that is not posted."""
    session.refresh(upload, with_for_update=True)
    _only(upload, ("faulty", "clean", "submitted"))
    upload.status = "withdrawn"


def shown_figures(upload: Upload) -> str:
    """What a person saw before posting; posting another result is refused."""
    return "/".join(str(getattr(upload, name)) for name in FIGURES)


@dataclass(frozen=True)
class Posted:
    """`booked` now, by this call. `sentence` says why the file is not in the books, else ""."""

    booked: bool
    sentence: str = ""


def post(
    session: Session,
    upload: Upload,
    bank: Bank,
    author: Author,
    file: RepaymentFile,
    shown: str,
) -> Posted:
    """The dinas books a submitted file: all rows or none, once only.

    `author.entered_by` is the person of the dinas. The stored file, read again as `file`, is
    checked inside the transaction; when that gives other figures than the person saw, the new ones
    are kept and shown and nothing is booked.
    """
    lock_bank(session, bank.id)
    session.refresh(upload, with_for_update=True)
    if upload.status == "posted":
        return Posted(booked=False)  # a second press of the button
    _only(upload, ("submitted",))
    if author.entered_by in (upload.uploaded_by, upload.submitted_by):
        raise Refused(
            "two_persons",
            "Berkas ini Anda sendiri yang mengajukan. Minta petugas lain membukukannya.",
        )
    before = shown_figures(upload)
    outcome = recheck(session, upload, bank, author.booked_on, file)
    if outcome.checked.blocked:
        return Posted(
            False,
            "Berkas ini tidak dapat dibukukan lagi: buku berubah sejak diajukan. "
            "Petugas bank perlu memperbaikinya; berkas dikembalikan ke daftar bermasalah.",
        )
    upload.status = "submitted"
    if shown != shown_figures(upload) or before != shown_figures(upload):
        return Posted(
            False,
            "Hasil pemeriksaan berubah sejak halaman ini dibuka karena buku berubah. "
            "Periksa angka yang baru, lalu bukukan.",
        )
    _book(session, upload, outcome, Author(upload.uploaded_by, author.entered_by, author.now))
    return Posted(booked=True)


def import_at_once(
    session: Session,
    bank: Bank,
    content: bytes,
    filename: str,
    author: Author,
    options: Options,
) -> tuple[Outcome | None, Upload | None]:
    """The command line's way: check and post in one go. Nothing is kept when the check blocks.

    Returns (outcome, upload); outcome None means that `upload` is the same file of an earlier day.
    """
    lock_bank(session, bank.id)
    digest = hashlib.sha256(content).hexdigest()
    known = _earlier(session, bank.id, Upload.sha256 == digest)
    file = None
    if known is None or known.status != "posted":
        file = read_repayments(content, filename, layout_of(session, bank, author.booked_on))
        known = _earlier(session, bank.id, Upload.rows_hash == file.rows_hash)
    if known is not None and known.status == "posted":
        return None, known
    assert file is not None
    outcome = check_against_books(session, bank.id, file, author.booked_on, options)
    if outcome.checked.blocked:
        return outcome, None
    if known is not None:
        known.status = "withdrawn"
    upload = Upload(
        bank_id=bank.id,
        kind=KIND,
        status="clean",
        filename=filename[-200:],
        size=len(content),
        sha256=digest,
        rows_hash=file.rows_hash,
        content=content,
        uploaded_by=author.entered_by,
        uploaded_at=author.now,
        submitted_by=author.entered_by,
        submitted_at=author.now,
        skip_problems=options.skip_problems,
        skip_reason="Dipilih di baris perintah" if options.skip_problems else "",
        suspend_unknown=options.suspend_unknown,
    )
    session.add(upload)
    session.flush()
    _keep_check(session, upload, outcome)
    _book(session, upload, outcome, author)
    return outcome, upload


def _only(upload: Upload, statuses: tuple[str, ...]) -> None:
    if upload.status not in statuses:
        said = {
            "faulty": "masih bermasalah",
            "clean": "belum diajukan",
            "submitted": "sudah diajukan",
            "posted": "sudah dibukukan",
            "withdrawn": "sudah ditarik",
        }[upload.status]
        raise Refused("upload_state", f"Berkas ini {said}; tindakan ini tidak berlaku lagi.")


def _keep_check(session: Session, upload: Upload, outcome: Outcome) -> None:
    """Write what the check found beside the file, in place of what an earlier one found."""
    checked, file = outcome.checked, outcome.file
    for name in (*FIGURES, "total"):
        setattr(upload, name, getattr(checked, name))
    upload.row_count = checked.rows
    upload.control_total_stated = file.control_total_stated
    upload.status = "faulty" if checked.blocked else "clean"
    upload.problem_count = sum(problem.blocking for problem in checked.problems)
    upload.notice_count = len(checked.problems) - upload.problem_count
    upload.headings = json.dumps(file.headings, ensure_ascii=False)
    upload.first_rows = json.dumps(
        [_understood(row) for row in file.rows[:FIRST_ROWS]], ensure_ascii=False
    )
    session.execute(delete(UploadProblem).where(UploadProblem.upload_id == upload.id))
    session.flush()
    row_cells = cache(partial(_cells_json, file))  # a row often has several problems
    upload_id = upload.id
    bulk_insert(
        session,
        "upload_problems",
        tuple(f'"{name}"' for name in PROBLEM_COLUMNS),
        [
            (upload_id, index, *_told(problem), row_cells(problem.row))
            for index, problem in enumerate(checked.problems, 1)
        ],
    )


def _understood(row: Any) -> dict[str, Any]:
    return {
        "row": row.row,
        "account": row.account,
        "name": row.name,
        "paid_on": short_date(row.paid_on) if row.paid_on else "",
        "amount": "" if row.amount is None else number(row.amount),
        "penalty": number(row.penalty),
        "reference": row.reference or "",
    }


def _told(problem: Problem) -> tuple[object, ...]:
    return (
        problem.row,
        problem.column[:120],
        problem.code,
        _storable(problem.found),
        _storable(problem.message),
        problem.blocking,
    )


def _cells_json(file: RepaymentFile, row: int) -> str:
    """The officer's own row as it is shown beside a problem."""
    cells = [shown_cell(cell) for cell in file.cells(row)] if row else []
    return _storable(json.dumps(cells, ensure_ascii=False))


def _storable(text: str) -> str:
    """PostgreSQL takes neither NUL nor lone surrogates."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


def shown_cell(cell: Cell) -> str:
    """A cell of the officer's file as she knows it: dates as dd/mm/yyyy, whole numbers plain."""
    if cell is None:
        return ""
    if isinstance(cell, dt.date):
        return short_date(cell)
    return text_of(cell)[:200]


def _book(session: Session, upload: Upload, outcome: Outcome, author: Author) -> None:
    """Append the entries and titipan of a checked file and mark it posted: one transaction."""
    checked = outcome.checked
    lock_loans(session, [entry.loan_id for entry in checked.entries])
    upload.status = "posted"
    upload.posted_by = author.approved_by
    upload.posted_at = author.now
    session.flush()
    moment = stored_moment(session, author.now)
    booked = stored_date(session, author.booked_on)
    paid = {entry.paid_on for entry in checked.entries} | {t.paid_on for t in checked.suspense}
    days = {day: stored_date(session, day) for day in paid}
    next_sequence = dict(outcome.last_sequences)
    bank_id, upload_id = upload.bank_id, upload.id
    enterer, approver = author.entered_by, author.approved_by
    rows = []
    with collector_paused():
        for row, loan_id, amount, penalty, paid_on, reference, key, *stated in checked.entries:
            next_sequence[loan_id] = sequence = next_sequence[loan_id] + 1
            rows.append(
                (loan_id, sequence, bank_id, "repayment", amount, penalty, amount - penalty,
                 days[paid_on], booked, moment, enterer, approver, reference, key, upload_id, row,
                 None, *stated, "")
            )  # fmt: skip
        rows.sort()
    bulk_insert(session, "ledger_entries", ENTRY_COLUMNS, rows)
    ids = allocate_ids(session, "suspense_entries", len(checked.suspense))
    bulk_insert(
        session,
        "suspense_entries",
        SUSPENSE_COLUMNS,
        [
            (number_, bank_id, entry.loan_id, entry.account[:80], entry.name[:120], entry.amount,
             days[entry.paid_on], booked, moment, entry.reason, entry.reference, entry.row_key,
             upload_id, entry.row, enterer, approver)
            for number_, entry in zip(ids, checked.suspense, strict=True)
        ],
    )  # fmt: skip
