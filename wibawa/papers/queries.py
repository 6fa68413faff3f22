from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session, aliased

from wibawa.access.models import User
from wibawa.access.permissions import ROLE_LABELS, Role
from wibawa.banks.queries import thresholds_on
from wibawa.database import FOREVER, among
from wibawa.letters.documents import PaperKind
from wibawa.letters.models import IssuedPaper, PaperWithdrawal
from wibawa.letters.queries import opened
from wibawa.loans.models import LedgerEntry, Loan, LoanRequest, Schedule
from wibawa.loans.queries import (
    EntryLine,
    LoanFacts,
    ScheduleFacts,
    ledger,
    loan_facts,
    schedule_on,
)
from wibawa.loans.settlements import open_settlements
from wibawa.loans.undone import RECEIVED
from wibawa.papers.models import LoanPaper, UploadPaper
from wibawa.printing.batch import as_issued
from wibawa.printing.documents import ScheduleDocument
from wibawa.printing.queries import schedule_documents
from wibawa.rules.dates import long_date
from wibawa.rules.facts import BankKind, Position
from wibawa.rules.position import position
from wibawa.rules.pouring import Receipt, Share, pour
from wibawa.uploads.models import Upload

FILE_UNDONE = "Berkas ini dibatalkan: semua yang dibukukannya sudah dikeluarkan dari buku."
MONEY_IN = ("opening", *RECEIVED)
AT_A_TIME = 200  # loans: what is held in memory at once, and how often progress is told


@dataclass(frozen=True)
class LoanView:
    """A loan at the end of a day: its schedule, the money that came in and was not reversed, where
    each rupiah of it went, and the position."""

    on: dt.date
    facts: LoanFacts
    schedule: ScheduleFacts
    schedule_id: int
    payments: tuple[EntryLine, ...]
    shares: tuple[Share, ...]
    position: Position

    @property
    def is_paid_off(self) -> bool:
        where = self.position
        return where.outstanding_principal == 0 and where.outstanding_interest == 0

    @property
    def last_paid_on(self) -> dt.date:
        """The day of the last money that closed something; of a loan that nobody paid, its own."""
        days = [share.on for share in self.shares if share.number is not None]
        return days[-1] if days else self.facts.disbursed_on


def loan_view(session: Session, loan_id: int, on: dt.date) -> LoanView | None:
    """None for a loan that is not there, or that has no schedule on that day."""
    facts, schedule = loan_facts(session, loan_id), schedule_on(session, loan_id, on)
    if facts is None or schedule is None:
        return None
    undone = set(
        session.scalars(
            select(LedgerEntry.reverses).where(
                LedgerEntry.loan_id == loan_id,
                LedgerEntry.kind == "reversal",
                LedgerEntry.effective_on <= on,
            )
        )
    )
    payments = tuple(
        entry
        for entry in ledger(session, loan_id)
        if entry.kind in MONEY_IN
        and entry.amount
        and entry.effective_on <= on
        and entry.sequence not in undone
    )
    receipts = [Receipt(e.sequence, e.effective_on, e.amount, e.penalty) for e in payments]
    limits = thresholds_on(session, on)[BankKind(facts.bank_kind)]
    applied = sum(entry.amount - entry.penalty for entry in payments)
    return LoanView(
        on,
        facts,
        schedule,
        _schedule_id(session, loan_id, schedule.version),
        payments,
        pour(facts.principal, schedule.rows, receipts),
        position(facts.principal, schedule.rows, applied, on, limits),
    )


def _schedule_id(session: Session, loan_id: int, version: int) -> int:
    found = select(Schedule.id).where(Schedule.loan_id == loan_id, Schedule.version == version)
    return int(session.execute(found).scalar_one())


@dataclass(frozen=True)
class PaperOfLoan:
    """A paper that was issued for a loan; `void` says why it counts no more, "" while it does."""

    id: int
    kind: PaperKind
    number: str
    dated: dt.date
    by: str
    at: dt.datetime
    schedule_id: int | None
    sequence: int | None
    request_id: int | None
    spoken_on: dt.date
    withdrawn: bool
    void: str


def papers_of_loan(session: Session, loan_id: int, today: dt.date) -> list[PaperOfLoan]:
    """The papers of a loan, the newest first: one query, a second when there is an offer."""
    query = _papers(today).where(LoanPaper.loan_id == loan_id).order_by(LoanPaper.paper_id.desc())
    rows = session.execute(query).all()
    offers = any(row.kind == PaperKind.OFFER.value for row in rows)
    quote = open_quote(session, loan_id) if offers else None
    return [_paper(row, today, quote) for row in rows]


def open_quote(session: Session, loan_id: int) -> int | None:
    """The request whose approved settlement a loan may still be paid off with; whether its last day
    has passed is another question."""
    quote = open_settlements(session, loan_id=loan_id).get(loan_id)
    return quote.request_id if quote else None


def why_void(session: Session, paper_id: int, today: dt.date) -> str:
    """What happened to the loan since, so that its paper counts no more; "" while it counts, and
    for papers of no loan and no file. Two queries at most, and for none too."""
    row = session.execute(_papers(today).where(LoanPaper.paper_id == paper_id)).first()
    if row is None:
        undone = select(Upload.reversed_at).join(UploadPaper, UploadPaper.upload_id == Upload.id)
        undone_at = session.scalar(undone.where(UploadPaper.paper_id == paper_id))
        return FILE_UNDONE if undone_at else ""
    offer = row.kind == PaperKind.OFFER.value
    return _void(row, today, open_quote(session, row.loan_id) if offer else None)


@dataclass(frozen=True)
class PaperOfUpload:
    """A receipt that was issued for a posted file; it counts while neither it was withdrawn nor its
    file undone."""

    id: int
    number: str
    dated: dt.date
    by: str
    at: dt.datetime
    withdrawn: bool
    undone: bool

    @property
    def void(self) -> str:
        return "Surat ini ditarik." if self.withdrawn else FILE_UNDONE if self.undone else ""


def papers_of_upload(session: Session, upload_id: int) -> list[PaperOfUpload]:
    """The receipts of a file, the newest first."""
    found: Any = session.execute(
        select(
            IssuedPaper.id,
            IssuedPaper.number,
            IssuedPaper.dated,
            User.name,
            IssuedPaper.issued_at,
            PaperWithdrawal.paper_id.is_not(None),
            Upload.reversed_at.is_not(None),
        )
        .join(UploadPaper, UploadPaper.paper_id == IssuedPaper.id)
        .join(Upload, Upload.id == UploadPaper.upload_id)
        .join(User, User.id == IssuedPaper.issued_by)
        .outerjoin(PaperWithdrawal, PaperWithdrawal.paper_id == IssuedPaper.id)
        .where(UploadPaper.upload_id == upload_id)
        .order_by(IssuedPaper.id.desc())
    )
    return [PaperOfUpload(*row) for row in found]


def roles_of(session: Session, user_ids: Collection[int | None]) -> dict[int, str]:
    """User id → what the role is called."""
    query = select(User.id, User.role).where(User.id.in_([each for each in user_ids if each]))
    return {row.id: ROLE_LABELS[Role(row.role)] for row in session.execute(query)}


def issued_schedule(session: Session, loan_id: int, on: dt.date) -> int | None:
    """The issued paper of the version that is in force on a day."""
    return session.scalar(
        select(LoanPaper.paper_id)
        .join(Schedule, Schedule.id == LoanPaper.schedule_id)
        .outerjoin(PaperWithdrawal, PaperWithdrawal.paper_id == LoanPaper.paper_id)
        .where(
            LoanPaper.loan_id == loan_id,
            Schedule.starts_on <= on,
            on < Schedule.ends_on,
            PaperWithdrawal.paper_id.is_(None),
        )
        .order_by(LoanPaper.paper_id.desc())
        .limit(1)
    )


def issued_schedules(
    session: Session, loan_ids: Collection[int], on: dt.date
) -> dict[str, dict[str, Any]]:
    """Loan number → the document of the issued schedule in force on a day, of those that have one:
    one query. Raises `DamagedPaper` as `letters.queries.paper_data` does."""
    rows = session.execute(
        select(Loan.number, IssuedPaper.number, IssuedPaper.data, IssuedPaper.data_hash)
        .join(LoanPaper, LoanPaper.paper_id == IssuedPaper.id)
        .join(Loan, Loan.id == LoanPaper.loan_id)
        .join(Schedule, Schedule.id == LoanPaper.schedule_id)
        .outerjoin(PaperWithdrawal, PaperWithdrawal.paper_id == LoanPaper.paper_id)
        .where(
            among(session, LoanPaper.loan_id, loan_ids),
            Schedule.starts_on <= on,
            on < Schedule.ends_on,
            PaperWithdrawal.paper_id.is_(None),
        )
        .order_by(IssuedPaper.id)
    )
    return {row[0]: opened(*row[1:])["schedule"] for row in rows}


def printed_schedules(
    session: Session,
    loan_ids: Collection[int],
    *,
    on: dt.date,
    printed_on: dt.datetime,
    printed_by: str,
    paper: str = "",
    tell: Callable[[int, int], None] = lambda done, total: None,
) -> Iterator[ScheduleDocument]:
    """The schedules in force on `on`, in order of loan id, each as it was issued or as a draft;
    drafts on the sheet `paper`, "" for the office's own.

    Five queries for every `AT_A_TIME` loans, and then `tell(done, total)`, which may end the
    transaction. The same arguments give the same documents as long as the loans do not change.
    """
    ids: Sequence[int] = sorted(loan_ids)
    for start in range(0, len(ids), AT_A_TIME):
        some = ids[start : start + AT_A_TIME]
        issued = issued_schedules(session, some, on)
        yield from as_issued(
            schedule_documents(
                session, some, on=on, printed_on=printed_on, printed_by=printed_by, paper=paper
            ),
            issued,
        )
        tell(start + len(some), len(ids))


newer = aliased(LoanPaper, name="newer")
same = aliased(IssuedPaper, name="same")
gone = aliased(PaperWithdrawal, name="gone")


undo = aliased(LedgerEntry, name="undo")
now = aliased(Schedule, name="now")
made = aliased(Schedule, name="made")


def _papers(today: dt.date) -> Any:
    """Every paper of a loan with all that its standing hangs on."""
    owed = (
        select(now.total)
        .where(now.loan_id == LoanPaper.loan_id, now.starts_on <= today, today < now.ends_on)
        .scalar_subquery()
    )
    paid = (
        select(func.coalesce(func.sum(LedgerEntry.applied), 0))
        .where(LedgerEntry.loan_id == LoanPaper.loan_id, LedgerEntry.effective_on <= today)
        .scalar_subquery()
    )
    return (
        select(
            IssuedPaper.id,
            IssuedPaper.kind,
            IssuedPaper.number,
            IssuedPaper.dated,
            User.name.label("by"),
            IssuedPaper.issued_at,
            LoanPaper.schedule_id,
            LoanPaper.loan_id,
            LoanPaper.sequence,
            LoanPaper.request_id,
            LoanPaper.spoken_on,
            PaperWithdrawal.paper_id.is_not(None).label("withdrawn"),
            Schedule.ends_on,
            exists()
            .where(undo.loan_id == LoanPaper.loan_id, undo.reverses == LoanPaper.sequence)
            .label("reversed"),
            select(newer.paper_id)
            .join(same, same.id == newer.paper_id)
            .outerjoin(gone, gone.paper_id == newer.paper_id)
            .where(
                newer.loan_id == LoanPaper.loan_id,
                newer.paper_id > LoanPaper.paper_id,
                same.kind == IssuedPaper.kind,
                gone.paper_id.is_(None),
            )
            .exists()
            .label("newer_one"),
            LoanRequest.valid_until,
            exists()
            .where(made.request_id == LoanPaper.request_id, made.ends_on == FOREVER)
            .label("settled"),
            (paid < owed).label("is_open"),
        )
        .join(LoanPaper, LoanPaper.paper_id == IssuedPaper.id)
        .join(User, User.id == IssuedPaper.issued_by)
        .outerjoin(Schedule, Schedule.id == LoanPaper.schedule_id)
        .outerjoin(LoanRequest, LoanRequest.id == LoanPaper.request_id)
        .outerjoin(PaperWithdrawal, PaperWithdrawal.paper_id == LoanPaper.paper_id)
    )


def _void(row: Any, today: dt.date, quote: int | None) -> str:
    kind = PaperKind(row.kind)
    if kind is PaperKind.SCHEDULE and row.ends_on <= today:
        return "Jadwal pinjaman ini sudah diganti dengan jadwal yang lebih baru."
    if kind is PaperKind.CARD and row.newer_one:
        return "Sudah terbit kartu yang lebih baru untuk pinjaman ini."
    if kind is PaperKind.RECEIPT and row.reversed:
        return "Pencatatan pembayaran ini sudah dibatalkan."
    if kind is PaperKind.PAYOFF and row.is_open:
        return "Pinjaman ini dibuka kembali dan belum lunas."
    return _void_offer(row, today, quote) if kind is PaperKind.OFFER else ""


def _void_offer(row: Any, today: dt.date, quote: int | None) -> str:
    """An offer ends when it is paid, overtaken or over; `quote`: the request that still counts."""
    if row.settled:
        return "Pinjaman ini sudah dilunasi menurut penawaran ini."
    if row.request_id != quote:
        return "Penawaran ini sudah gugur karena pinjamannya berubah; mintalah jumlah yang baru."
    if row.valid_until < today:
        return f"Penawaran ini berlaku sampai {long_date(row.valid_until)}; mintalah yang baru."
    return "Sudah terbit penawaran yang lebih baru untuk pinjaman ini." if row.newer_one else ""


def _paper(row: Any, today: dt.date, quote: int | None) -> PaperOfLoan:
    void = "Surat ini ditarik." if row.withdrawn else _void(row, today, quote)
    return PaperOfLoan(
        row.id,
        PaperKind(row.kind),
        row.number,
        row.dated,
        row.by,
        row.issued_at,
        row.schedule_id,
        row.sequence,
        row.request_id,
        row.spoken_on,
        row.withdrawn,
        void,
    )
