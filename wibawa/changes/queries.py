from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, aliased

from wibawa.access.models import User
from wibawa.banks.models import Bank
from wibawa.borrowers.models import Borrower
from wibawa.loans.models import Loan, LoanRequest, SuspenseEntry
from wibawa.uploads.models import Upload

# What each kind of request is called, and the version of a schedule that comes of it.
KIND_WORDS = {
    "holiday": "Jeda angsuran",
    "tenor": "Perpanjangan jangka waktu",
    "multiple": "Pembulatan angsuran",
    "due_day": "Pindah tanggal jatuh tempo",
    "settlement": "Pelunasan dipercepat",
    "reopen": "Buka kembali pinjaman",
    "write_off": "Hapus buku",
    "payment": "Catat pembayaran",
    "reversal": "Batalkan entri",
    "move": "Pindahkan ke pinjaman lain",
    "suspense_loan": "Titipan menjadi angsuran",
    "suspense_return": "Kembalikan titipan ke bank",
    "upload_reversal": "Batalkan berkas",
}
STATUS_WORDS = {
    "recorded": ("Menunggu keputusan", "waiting"),
    "approved": ("Disetujui", "success"),
    "refused": ("Ditolak", "danger"),
}
entered = aliased(User, name="entered")
decided = aliased(User, name="decided")


@dataclass(frozen=True)
class ChangeFacts:
    """One request with all that its page shows. `result` is what an approved or refused one keeps,
    empty while it waits."""

    id: int
    kind: str
    status: str
    bank_id: int
    bank: str
    loan_id: int | None
    loan: str | None
    borrower: str | None
    suspense_id: int | None
    account_text: str | None
    upload_id: int | None
    filename: str | None
    data: Mapping[str, Any]
    reason: str
    valid_until: dt.date | None
    entered_by_id: int
    entered_by: str
    entered_at: dt.datetime
    shown: str
    decided_by_id: int | None
    decided_by: str | None
    decided_at: dt.datetime | None
    decision_reason: str
    result: Mapping[str, Any]

    @property
    def status_word(self) -> tuple[str, str]:
        return STATUS_WORDS[self.status]

    @property
    def subject(self) -> str:
        """What it is about, as a page's head names it."""
        if self.borrower:
            return self.borrower
        return f"Titipan nomor {self.suspense_id}" if self.suspense_id else str(self.filename)

    @property
    def subject_id(self) -> int:
        """The id of what it is about: titipan before the loan that it goes to."""
        found = self.suspense_id or self.upload_id or self.loan_id
        assert found is not None, "a request is about something"
        return found


@dataclass(frozen=True)
class WaitingChange:
    """A request about a loan that nobody has decided yet."""

    id: int
    kind: str
    loan_id: int
    entered_by: str
    entered_at: dt.datetime


def change_facts(session: Session, change_id: int) -> ChangeFacts | None:
    row = session.execute(_facts().where(LoanRequest.id == change_id)).first()
    if row is None:
        return None
    values = dict(row._mapping)
    values["data"] = json.loads(values["data"])
    values["result"] = json.loads(values["result"] or "{}")
    return ChangeFacts(**values)


def hold_waiting(session: Session, change_id: int) -> bool:
    """Whether a request still waits; until the transaction ends nobody else can decide it."""
    query = select(LoanRequest.status).where(LoanRequest.id == change_id).with_for_update()
    return session.scalar(query) == "recorded"


def _facts() -> Select[*tuple[Any, ...]]:
    return (
        select(
            LoanRequest.id,
            LoanRequest.kind,
            LoanRequest.status,
            LoanRequest.bank_id,
            Bank.name.label("bank"),
            LoanRequest.loan_id,
            Loan.number.label("loan"),
            Borrower.name.label("borrower"),
            LoanRequest.suspense_id,
            SuspenseEntry.account_text,
            LoanRequest.upload_id,
            Upload.filename,
            LoanRequest.data,
            LoanRequest.reason,
            LoanRequest.valid_until,
            LoanRequest.entered_by.label("entered_by_id"),
            entered.name.label("entered_by"),
            LoanRequest.entered_at,
            LoanRequest.shown,
            LoanRequest.decided_by.label("decided_by_id"),
            decided.name.label("decided_by"),
            LoanRequest.decided_at,
            LoanRequest.decision_reason,
            LoanRequest.result,
        )
        .join(Bank, Bank.id == LoanRequest.bank_id)
        .join(entered, entered.id == LoanRequest.entered_by)
        .outerjoin(decided, decided.id == LoanRequest.decided_by)
        .outerjoin(Loan, Loan.id == LoanRequest.loan_id)
        .outerjoin(Borrower, Borrower.id == Loan.borrower_id)
        .outerjoin(SuspenseEntry, SuspenseEntry.id == LoanRequest.suspense_id)
        .outerjoin(Upload, Upload.id == LoanRequest.upload_id)
    )


@dataclass(frozen=True)
class RequestLine:
    """A request as the page of its loan lists it."""

    id: int
    kind: str
    status: str
    reason: str
    entered_by: str
    entered_at: dt.datetime
    decided_by: str | None
    decided_at: dt.datetime | None

    @property
    def label(self) -> str:
        return KIND_WORDS[self.kind]

    @property
    def status_word(self) -> tuple[str, str]:
        return STATUS_WORDS[self.status]


def requests_of_loans(session: Session, loan_ids: Collection[int]) -> list[RequestLine]:
    """Every request about these loans, the newest first."""
    found: Any = session.execute(
        select(
            LoanRequest.id,
            LoanRequest.kind,
            LoanRequest.status,
            LoanRequest.reason,
            entered.name,
            LoanRequest.entered_at,
            decided.name,
            LoanRequest.decided_at,
        )
        .join(entered, entered.id == LoanRequest.entered_by)
        .outerjoin(decided, decided.id == LoanRequest.decided_by)
        .where(LoanRequest.loan_id.in_(loan_ids))
        .order_by(LoanRequest.id.desc())
    )
    return [RequestLine(*row) for row in found]


def waiting_of_loan(session: Session, loan_id: int) -> list[WaitingChange]:
    """The requests about a loan that wait for a decision, oldest first."""
    rows: Any = session.execute(
        select(
            LoanRequest.id,
            LoanRequest.kind,
            LoanRequest.loan_id,
            entered.name,
            LoanRequest.entered_at,
        )
        .join(entered, entered.id == LoanRequest.entered_by)
        .where(LoanRequest.loan_id == loan_id, LoanRequest.status == "recorded")
        .order_by(LoanRequest.id)
    )
    return [WaitingChange(*row) for row in rows]


def waiting_alone(session: Session, loan_id: int, kinds: Collection[str]) -> WaitingChange | None:
    """The waiting request of a loan that keeps others of these kinds away."""
    return next((each for each in waiting_of_loan(session, loan_id) if each.kind in kinds), None)
