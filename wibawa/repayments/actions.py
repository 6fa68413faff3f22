"""A bank's file: received and checked, submitted by the bank, posted by the dinas."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from wibawa.banks.models import Bank
from wibawa.database import allocate_ids, bulk_insert, stored_date, stored_moment
from wibawa.loans.chain.actions import append
from wibawa.loans.chain.lines import UPLOAD
from wibawa.loans.journal import ENTRY_COLUMNS, SUSPENSE_COLUMNS, Author, lock_loans
from wibawa.loans.settlements import complete_settlements
from wibawa.loans.standings.actions import Moved, count_money, stand_anew
from wibawa.repayments.facts import Options, Outcome, check_against_books, layout_of
from wibawa.repayments.kind import REPAYMENTS
from wibawa.repayments.reader import read_repayments
from wibawa.repayments.rows import RepaymentFile
from wibawa.repayments.ways import kept_plan
from wibawa.rules.dates import short_date
from wibawa.rules.money import number
from wibawa.rules.refused import Refused, by_same_person
from wibawa.uploads import actions as files
from wibawa.uploads.actions import Found, Received, Sent, only, shown_cell
from wibawa.uploads.garbage import collector_paused
from wibawa.uploads.kinds import OPEN
from wibawa.uploads.layouts import Layout
from wibawa.uploads.models import Upload
from wibawa.web.clock import in_wib

FIGURES = (
    "posted_rows", "posted_total", "suspense_rows", "suspense_total", "already_posted_rows",
    "already_posted_total", "skipped_rows", "skipped_total", "control_total",
)  # fmt: skip


def receive(
    session: Session,
    bank: Bank,
    content: bytes,
    filename: str,
    file: RepaymentFile,
    author: Author,
    replaces: int | None = None,
) -> Received:
    """Store a bank's file that was read before and check it against the books."""

    def check(upload: Upload) -> Found:
        return _found(_outcome(session, upload, bank, author.booked_on, file))

    sent = Sent(content, filename, author.entered_by, author.now)
    return files.receive(session, REPAYMENTS, bank.id, sent, file.rows_hash, check, replaces)


def take_in(
    session: Session,
    upload: Upload,
    bank: Bank,
    today: dt.date,
    file: RepaymentFile,
    replaces: int | None = None,
) -> None:
    """Check a large file, stored unread, that was read meanwhile as `file`."""

    def check(which: Upload) -> Found:
        return _found(_outcome(session, which, bank, today, file))

    files.take_in(session, REPAYMENTS, upload, file.rows_hash, check, replaces)


def layout_then(session: Session, upload: Upload, bank: Bank) -> Layout:
    """The bank's layout that was in force when the file came: how to read it again."""
    came = upload.uploaded_at
    return layout_of(session, bank, in_wib(came).date(), came)


def recheck(
    session: Session,
    upload: Upload,
    bank: Bank,
    today: dt.date,
    file: RepaymentFile,
) -> Outcome:
    """Check the stored file against the books as they are now, and keep what was found."""
    outcome = _outcome(session, upload, bank, today, file)
    files.keep(session, upload, _found(outcome))
    return outcome


def _outcome(
    session: Session, upload: Upload, bank: Bank, today: dt.date, file: RepaymentFile
) -> Outcome:
    options = Options(upload.skip_problems, upload.suspend_unknown)
    return check_against_books(session, bank.id, file, today, options)


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
    files.lock_upload(session, REPAYMENTS, upload)
    only(REPAYMENTS, upload, *OPEN)
    files.choose_skipping(upload, options.skip_problems, reason)
    upload.suspend_unknown = options.suspend_unknown
    recheck(session, upload, bank, today, file)


def submit(
    session: Session, upload: Upload, bank: Bank, author: Author, file: RepaymentFile
) -> bool:
    """The bank hands the file to the dinas; posts at once where the bank's setting says so.

    False for a second press of the button, which changes nothing.
    """
    files.lock_upload(session, REPAYMENTS, upload)
    if upload.status in ("submitted", "posted"):
        return False
    only(REPAYMENTS, upload, "clean")
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


def shown_figures(upload: Upload) -> str:
    """What a person saw before posting; posting another result is refused."""
    return "/".join(str(getattr(upload, name)) for name in FIGURES)


CHANGED_MEANWHILE = (
    "Hasil pemeriksaan berubah sejak halaman ini dibuka karena buku berubah. "
    "Periksa angka yang baru, lalu bukukan."
)


def may_post(upload: Upload, by: int, shown: str) -> bool:
    """False when the file is booked already; `Refused` for what is refused without reading it."""
    if upload.status == "posted":
        return False
    _refuse_own(upload, by)
    if shown != shown_figures(upload):
        raise Refused("figures_changed", CHANGED_MEANWHILE)
    return True


def _refuse_own(upload: Upload, by: int) -> None:
    only(REPAYMENTS, upload, "submitted")
    if by in (upload.uploaded_by, upload.submitted_by):
        raise by_same_person(
            "Berkas ini Anda sendiri yang mengajukan. Minta petugas lain membukukannya.",
        )


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
    files.lock_upload(session, REPAYMENTS, upload)
    if upload.status == "posted":
        return Posted(booked=False)  # a second press of the button
    _refuse_own(upload, author.entered_by)
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
        return Posted(False, CHANGED_MEANWHILE)
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
    files.lock_files(session, bank.id)
    sent = Sent(content, filename, author.entered_by, author.now)
    known = files.earlier(session, REPAYMENTS, bank.id, Upload.sha256 == sent.digest)
    file = None
    if known is None or known.status != "posted":
        file = read_repayments(content, filename, layout_of(session, bank, author.booked_on))
        known = files.earlier(session, REPAYMENTS, bank.id, Upload.rows_hash == file.rows_hash)
    if known is not None and known.status == "posted":
        return None, known
    assert file is not None
    outcome = check_against_books(session, bank.id, file, author.booked_on, options)
    if outcome.checked.blocked:
        return outcome, None
    if known is not None:
        known.status = "withdrawn"
    upload = files.store(
        session,
        REPAYMENTS,
        bank.id,
        sent,
        rows_hash=file.rows_hash,
        status="clean",
        submitted_by=author.entered_by,
        submitted_at=author.now,
        skip_problems=options.skip_problems,
        skip_reason="Dipilih di baris perintah" if options.skip_problems else "",
        suspend_unknown=options.suspend_unknown,
    )
    files.keep(session, upload, _found(outcome))
    _book(session, upload, outcome, author)
    return outcome, upload


def _found(outcome: Outcome) -> Found:
    """What is kept of a check beside the file."""
    checked, file = outcome.checked, outcome.file
    figures: dict[str, object] = {name: getattr(checked, name) for name in (*FIGURES, "total")}
    figures["row_count"] = checked.rows
    figures["control_total_stated"] = file.control_total_stated
    return Found(
        checked.problems,
        checked.blocked,
        file.headings,
        [_understood(row) for row in file.rows[: files.FIRST_ROWS]],
        lambda row: [shown_cell(cell) for cell in file.cells(row)],
        figures,
        kept_plan(checked),
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
    assert bank_id is not None
    enterer, approver = author.entered_by, author.approved_by
    written_off, freed = outcome.written_off, outcome.freed
    rows, moved = [], Moved()
    with collector_paused():
        for row, loan_id, amount, penalty, paid_on, reference, key, *stated in checked.entries:
            next_sequence[loan_id] = sequence = next_sequence[loan_id] + 1
            kind = "repayment"
            if loan_id in written_off and written_off[loan_id] <= paid_on:
                kind = "recovery"
            moved.add(bank_id, paid_on, kind, amount, amount - penalty)
            rows.append(
                (loan_id, sequence, bank_id, kind, amount, penalty, amount - penalty,
                 days[paid_on], booked, moment, enterer, approver, reference, key, upload_id, row,
                 None, *stated, "", freed.get(key, 0) + 1)
            )  # fmt: skip
        rows.sort()
    bulk_insert(session, "ledger_entries", (*ENTRY_COLUMNS, "attempt"), rows)
    if checked.entries:
        loan_ids = {entry.loan_id for entry in checked.entries}
        stand_anew(session, loan_ids, min(entry.paid_on for entry in checked.entries))
    count_money(session, moved)
    ids = allocate_ids(session, "suspense_entries", len(checked.suspense))
    bulk_insert(
        session,
        "suspense_entries",
        (*SUSPENSE_COLUMNS, "attempt"),
        [
            (number_, bank_id, entry.loan_id, entry.account[:80], entry.name[:120], entry.amount,
             days[entry.paid_on], booked, moment, entry.reason, entry.reference, entry.row_key,
             upload_id, entry.row, enterer, approver, freed.get(entry.row_key, 0) + 1)
            for number_, entry in zip(ids, checked.suspense, strict=True)
        ],
    )  # fmt: skip
    bulk_insert(
        session,
        "payment_matches",
        ("loan_id", "entry", "bank_id", "row_key", "upload_id", "row_number"),
        [
            (match.loan_id, match.entry, bank_id, match.row_key, upload_id, match.row)
            for match in checked.matches
            if match.row not in checked.bad_rows
        ],
    )
    complete_settlements(session, next_sequence, author)
    append(session, bank_id, UPLOAD, upload_id, author.now)
