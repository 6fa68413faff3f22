from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, aliased

from wibawa.access.models import User
from wibawa.banks.models import Bank
from wibawa.borrowers.models import Borrower
from wibawa.loans.models import LedgerEntry, Loan, SuspenseEntry
from wibawa.rules.refused import Problem
from wibawa.uploads.models import Upload, UploadProblem
from wibawa.web.pages import Page, Wanted

KIND = "repayments"
STATUS_WORDS = {
    "faulty": ("Perlu diperbaiki", "danger"),
    "clean": ("Siap diajukan", "info"),
    "submitted": ("Menunggu dibukukan", "waiting"),
    "posted": ("Dibukukan", "success"),
    "withdrawn": ("Ditarik", "neutral"),
}
CODE_WORDS = {
    "account_missing": "Rekening kosong",
    "account_unknown": "Rekening tidak dikenal",
    "account_unreadable": "Rekening tidak terbaca",
    "amount_has_sen": "Jumlah memakai sen",
    "amount_missing": "Jumlah kosong",
    "amount_not_positive": "Jumlah tidak positif",
    "amount_unreadable": "Jumlah tidak terbaca",
    "collectibility_unreadable": "Kolektibilitas diabaikan",
    "control_total_differs": "Total tidak cocok",
    "control_total_unreadable": "Total tidak terbaca",
    "date_before_disbursement": "Sebelum pencairan",
    "date_in_future": "Tanggal di masa depan",
    "date_missing": "Tanggal kosong",
    "date_unreadable": "Tanggal tidak terbaca",
    "days_past_due_unreadable": "Hari tunggakan diabaikan",
    "exceeds_outstanding": "Melebihi sisa tagihan",
    "formula_without_value": "Rumus tanpa hasil",
    "loan_closed": "Pinjaman sudah lunas",
    "name_differs": "Nama berbeda",
    "parts_differ": "Rincian tidak cocok",
    "date_before_cut_off": "Sudah dalam data awal",
    "reference_already_posted": "Sudah dibukukan",
    "reference_other_amount": "Nomor bukti, jumlah lain",
    "row_may_be_posted": "Mungkin sudah dibukukan",
    "reference_duplicate": "Nomor bukti ganda",
    "reference_unreadable": "Nomor bukti tidak terbaca",
    "row_already_posted": "Sudah dibukukan",
    "row_without_payment": "Baris tanpa pembayaran",
    "rows_below_total": "Baris di bawah jumlah",
    "rows_hidden": "Baris tersembunyi",
    "sheet_hidden": "Lembar tersembunyi",
    "sheet_not_read": "Lembar tidak dibaca",
}
SORTS = ("tanggal", "bank", "berkas", "jumlah")


@dataclass(frozen=True)
class UploadLine:
    id: int
    bank: str
    filename: str
    status: str
    row_count: int
    total: int
    problem_count: int
    posted_total: int
    suspense_total: int
    uploaded_at: dt.datetime
    uploaded_by: str
    posted_at: dt.datetime | None


@dataclass(frozen=True)
class UploadPeople:
    """Who did what with a file; None where it did not happen (or a setting did it)."""

    bank: str
    uploaded_by: str
    submitted_by: str | None
    posted_by: str | None


@dataclass(frozen=True)
class BookedLine:
    """A row of a posted file and where its money went."""

    row: int
    loan_id: int
    loan_number: str
    borrower: str
    effective_on: dt.date
    amount: int
    penalty: int
    reference: str | None
    sequence: int


@dataclass(frozen=True)
class SuspendedLine:
    row: int
    account_text: str
    name: str
    effective_on: dt.date
    amount: int
    reason: str


@dataclass(frozen=True)
class CodeCount:
    code: str
    label: str
    count: int
    blocking: bool


def upload_page(
    session: Session, bank_id: int | None, status: str | None, asked: Wanted
) -> Page[UploadLine]:
    """One page of repayment files, of one bank when `bank_id` is given."""
    query: Any = (
        select(
            Upload.id,
            Bank.name,
            Upload.filename,
            Upload.status,
            Upload.row_count,
            Upload.total,
            Upload.problem_count,
            Upload.posted_total,
            Upload.suspense_total,
            Upload.uploaded_at,
            User.name,
            Upload.posted_at,
        )
        .join(Bank, Bank.id == Upload.bank_id)
        .join(User, User.id == Upload.uploaded_by)
    )
    by: Any = {
        "tanggal": Upload.uploaded_at,
        "bank": Bank.name,
        "berkas": Upload.filename,
        "jumlah": Upload.total,
    }[asked.sort]
    order = by.desc() if asked.descending else by.asc()
    found = session.execute(
        _of(query, bank_id, status)
        .order_by(order, Upload.id.desc())
        .limit(asked.per_page)
        .offset(asked.offset)
    )
    lines = [UploadLine(*row) for row in found]
    total = session.scalar(_of(select(func.count(Upload.id)), bank_id, status)) or 0
    return Page(lines, asked.page, asked.per_page, total)


def _of(query: Select[Any], bank_id: int | None, status: str | None) -> Select[Any]:
    query = query.where(Upload.kind == KIND)
    if bank_id is not None:
        query = query.where(Upload.bank_id == bank_id)
    if status:
        query = query.where(Upload.status == status)
    return query


def find_upload(session: Session, upload_id: int) -> Upload | None:
    """A repayment file without its bytes (they load when asked for)."""
    return session.scalar(select(Upload).where(Upload.id == upload_id, Upload.kind == KIND))


def people_of(session: Session, upload: Upload) -> UploadPeople:
    submitter, poster = aliased(User), aliased(User)
    row = session.execute(
        select(Bank.name, User.name, submitter.name, poster.name)
        .select_from(Upload)
        .join(Bank, Bank.id == Upload.bank_id)
        .join(User, User.id == Upload.uploaded_by)
        .outerjoin(submitter, submitter.id == Upload.submitted_by)
        .outerjoin(poster, poster.id == Upload.posted_by)
        .where(Upload.id == upload.id)
    ).one()
    return UploadPeople(*row)


def code_counts(session: Session, upload_id: int) -> list[CodeCount]:
    """How many problems and notices of each kind a file has, problems first, most first."""
    found = session.execute(
        select(UploadProblem.code, UploadProblem.blocking, func.count().label("many"))
        .where(UploadProblem.upload_id == upload_id)
        .group_by(UploadProblem.code, UploadProblem.blocking)
        .order_by(UploadProblem.blocking.desc(), func.count().desc(), UploadProblem.code)
    )
    return [
        CodeCount(code, CODE_WORDS.get(code, code.replace("_", " ")), many, blocking)
        for code, blocking, many in found
    ]


def problem_page(
    session: Session, upload_id: int, code: str | None, asked: Wanted
) -> tuple[Page[Problem], dict[int, list[str]]]:
    """One page of problems, and the officer's own cells of the rows they stand in."""
    query = select(UploadProblem).where(UploadProblem.upload_id == upload_id)
    count = select(func.count()).select_from(UploadProblem)
    count = count.where(UploadProblem.upload_id == upload_id)
    if code:
        query = query.where(UploadProblem.code == code)
        count = count.where(UploadProblem.code == code)
    found = session.scalars(
        query.order_by(UploadProblem.blocking.desc(), UploadProblem.row, UploadProblem.number)
        .limit(asked.per_page)
        .offset(asked.offset)
    )
    problems, cells = [], {}
    for each in found:
        problems.append(
            Problem(each.row, each.column, each.code, each.found, each.message, each.blocking)
        )
        cells[each.row] = json.loads(each.cells)
    return Page(problems, asked.page, asked.per_page, session.scalar(count) or 0), cells


def booked_page(session: Session, upload_id: int, asked: Wanted) -> Page[BookedLine]:
    """One page of the rows of a posted file that went to loans, in the file's order."""
    query: Any = (
        select(
            LedgerEntry.row_number,
            LedgerEntry.loan_id,
            Loan.number,
            Borrower.name,
            LedgerEntry.effective_on,
            LedgerEntry.amount,
            LedgerEntry.penalty,
            LedgerEntry.bank_reference,
            LedgerEntry.sequence,
        )
        .join(Loan, Loan.id == LedgerEntry.loan_id)
        .join(Borrower, Borrower.id == Loan.borrower_id)
        .where(LedgerEntry.upload_id == upload_id, LedgerEntry.kind == "repayment")
        .order_by(LedgerEntry.row_number)
        .limit(asked.per_page)
        .offset(asked.offset)
    )
    lines = [BookedLine(*row) for row in session.execute(query)]
    total = session.scalar(
        select(func.count())
        .select_from(LedgerEntry)
        .where(LedgerEntry.upload_id == upload_id, LedgerEntry.kind == "repayment")
    )
    return Page(lines, asked.page, asked.per_page, total or 0)


def suspended_lines(session: Session, upload_id: int, most: int = 500) -> list[SuspendedLine]:
    """The rows of a posted file that went to titipan, in the file's order."""
    found = session.execute(
        select(
            SuspenseEntry.row_number,
            SuspenseEntry.account_text,
            SuspenseEntry.name,
            SuspenseEntry.effective_on,
            SuspenseEntry.amount,
            SuspenseEntry.reason,
        )
        .where(SuspenseEntry.upload_id == upload_id)
        .order_by(SuspenseEntry.row_number)
        .limit(most)
    )
    return [SuspendedLine(*row) for row in found]


def all_problems(session: Session, upload_id: int) -> list[Problem]:
    """Every problem and notice of a file, in row order."""
    found = session.scalars(
        select(UploadProblem)
        .where(UploadProblem.upload_id == upload_id)
        .order_by(UploadProblem.number)
    )
    return [Problem(p.row, p.column, p.code, p.found, p.message, p.blocking) for p in found]
