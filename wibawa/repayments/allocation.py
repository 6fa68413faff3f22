"""The pages of a file's money, loan by loan: which loans, and what the books say about them."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Integer, Subquery, case, func, literal, or_, select, union_all
from sqlalchemy.orm import Session

from wibawa.borrowers.models import Borrower
from wibawa.database import among
from wibawa.loans.models import LedgerEntry, Loan, Schedule, ScheduleRow, SuspenseEntry
from wibawa.loans.settlements import Quote, open_settlements
from wibawa.loans.undone import RECEIVED
from wibawa.repayments.ways import Covered, Key, Piece, Plan, Way, covered, plan_from, ways_of
from wibawa.rules.facts import Installment
from wibawa.uploads.models import Upload, UploadPlan
from wibawa.web.clock import in_wib
from wibawa.web.pages import Page, Wanted

SORTS = ("baris", "jumlah", "titipan")
AT_A_TIME = 1_000  # loans whose schedules are read at once


@dataclass(frozen=True)
class Asked:
    """Which ways: `text` is a part of an account, a loan's number or a borrower's name."""

    text: str = ""
    suspended: bool = False


@dataclass(frozen=True)
class WayLine:
    """A way as the page shows it; an unknown account has no loan and covers nothing."""

    way: Way
    number: str
    account: str
    borrower: str
    covered: Covered | None


def plan_of(session: Session, upload_id: int) -> Plan | None:
    """The ways that the last check kept; None for a file that was checked before they were kept."""
    data = session.scalar(select(UploadPlan.data).where(UploadPlan.upload_id == upload_id))
    return None if data is None else plan_from(data)


def way_page(
    session: Session, upload: Upload, asked: Asked, wanted: Wanted, today: dt.date
) -> Page[WayLine]:
    """One page of a file's ways: as it would be booked now, or, once posted, from the journal."""
    if upload.status == "posted":
        ways, total = _booked(session, upload, asked, wanted)
    else:
        found = _planned(session, upload, asked, wanted)
        total, ways = len(found), found[wanted.offset : wanted.offset + wanted.per_page]
    lines = _lines(session, upload, ways, today)
    return Page(lines, wanted.page, wanted.per_page, total)


def all_ways(
    session: Session, upload: Upload, asked: Asked, wanted: Wanted, today: dt.date
) -> list[WayLine]:
    """Everything that fits, in the same order; five queries for every `AT_A_TIME` loans."""
    if upload.status == "posted":
        ways, _ = _booked(session, upload, asked, wanted, whole=True)
    else:
        ways = _planned(session, upload, asked, wanted)
    lines: list[WayLine] = []
    for start in range(0, len(ways), AT_A_TIME):
        lines += _lines(session, upload, ways[start : start + AT_A_TIME], today)
    return lines


def _planned(session: Session, upload: Upload, asked: Asked, wanted: Wanted) -> list[Way]:
    plan = plan_of(session, upload.id)
    ways = ways_of(plan.pieces) if plan else []
    if asked.suspended:
        ways = [way for way in ways if way.suspended]
    if asked.text:
        meant, part = _loans_like(session, upload.bank_id, asked.text), asked.text.casefold()
        ways = [w for w in ways if (w.key[0] in meant if w.key[0] else part in w.key[1].casefold())]
    orders: dict[str, Any] = {
        "baris": lambda way: (way.first_row, way.key),
        "jumlah": lambda way: (way.total, way.first_row),
        "titipan": lambda way: (way.suspended, way.first_row),
    }
    return sorted(ways, key=orders[wanted.sort], reverse=wanted.descending)


def _loans_like(session: Session, bank_id: int | None, text: str) -> set[int]:
    query = (
        select(Loan.id)
        .join(Borrower, Borrower.id == Loan.borrower_id)
        .where(Loan.bank_id == bank_id, _like(text))
    )
    return set(session.scalars(query))


def _like(text: str) -> Any:
    part = text.casefold()
    named = (func.lower(Loan.number), func.lower(Loan.account_number), Borrower.name_key)
    return or_(*(each.contains(part, autoescape=True) for each in named))


def _pieces(upload_id: int) -> Subquery:
    """What a posted file put into the journal and into titipan, piece by piece."""
    nobody = SuspenseEntry.loan_id.is_(None)
    return union_all(
        select(
            LedgerEntry.loan_id.label("loan_id"),
            literal("").label("account"),
            LedgerEntry.row_number.label("row"),
            LedgerEntry.effective_on.label("paid_on"),
            LedgerEntry.amount.label("amount"),
            LedgerEntry.penalty.label("penalty"),
            literal("").label("reason"),
        ).where(LedgerEntry.upload_id == upload_id, LedgerEntry.kind.in_(RECEIVED)),
        select(
            func.coalesce(SuspenseEntry.loan_id, 0),
            case((nobody, SuspenseEntry.account_text), else_=""),
            SuspenseEntry.row_number,
            SuspenseEntry.effective_on,
            SuspenseEntry.amount,
            literal(0, Integer),
            SuspenseEntry.reason,
        ).where(SuspenseEntry.upload_id == upload_id),
    ).subquery("pieces")


def _booked(
    session: Session, upload: Upload, asked: Asked, wanted: Wanted, *, whole: bool = False
) -> tuple[list[Way], int]:
    """One page of the ways of a posted file, and how many there are: three queries."""
    part = _pieces(upload.id)
    waits = func.sum(case((part.c.reason != "", part.c.amount), else_=0))
    query: Any = select(part.c.loan_id, part.c.account).group_by(part.c.loan_id, part.c.account)
    if asked.text:
        stranger = func.lower(part.c.account).contains(asked.text.casefold(), autoescape=True)
        query = (
            query.outerjoin(Loan, Loan.id == part.c.loan_id)
            .outerjoin(Borrower, Borrower.id == Loan.borrower_id)
            .where(or_(_like(asked.text), stranger))
        )
    if asked.suspended:
        query = query.having(waits > 0)
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    first: Any = func.min(part.c.row)
    by = {"baris": first, "jumlah": func.sum(part.c.amount), "titipan": waits}[wanted.sort]
    order = (by.desc(), first.desc()) if wanted.descending else (by.asc(), first.asc())
    query = query.order_by(*order)
    if not whole:
        query = query.limit(wanted.per_page).offset(wanted.offset)
    keys: list[Key] = [(loan_id, account) for loan_id, account in session.execute(query)]
    loans = {loan_id for loan_id, _ in keys if loan_id}
    strangers = {account for loan_id, account in keys if not loan_id}
    meant = or_(
        among(session, part.c.loan_id, loans),
        (part.c.loan_id == 0) & among(session, part.c.account, strangers),
    )
    found: Any = session.execute(select(part).where(meant).order_by(part.c.row))
    pieces = [Piece((row[0], row[1]), *row[2:]) for row in found]
    ways = {way.key: way for way in ways_of(pieces)}
    return [ways[key] for key in keys], total


def _lines(session: Session, upload: Upload, ways: Sequence[Way], today: dt.date) -> list[WayLine]:
    """What the books say about the loans of these ways: at most four queries."""
    loans = {way.key[0] for way in ways if way.key[0]}
    posted_on = in_wib(upload.posted_at).date() if upload.posted_at else None
    facts: Any = session.execute(
        select(Loan.id, Loan.number, Loan.account_number, Borrower.name, Loan.principal)
        .join(Borrower, Borrower.id == Loan.borrower_id)
        .where(among(session, Loan.id, loans))
    )
    known = {row[0]: row for row in facts}
    applied = _applied_before(session, loans, upload.id if posted_on else None)
    plans = _schedules(session, loans, posted_on or today)
    quotes = {} if posted_on else open_settlements(session, upload.bank_id)
    lines = []
    for way in ways:
        if not way.key[0]:
            lines.append(WayLine(way, "", way.key[1], "", None))
            continue
        loan_id, number, account, name, principal = known[way.key[0]]
        before = applied.get(loan_id, 0)
        rows = _settled(quotes.get(loan_id), before, way) or plans.get(loan_id, ())
        told = covered(principal, rows, before, way)
        lines.append(WayLine(way, number, account, name, told))
    return lines


def _settled(quote: Quote | None, before: int, way: Way) -> Sequence[Installment]:
    """The schedule that an early settlement will bring, when its sum comes in time."""
    if quote is None:
        return ()
    money = (p for p in way.pieces if not p.reason and p.paid_on <= quote.valid_until)
    in_time = sum(piece.amount - piece.penalty for piece in money)
    return quote.plan.rows if before + in_time >= quote.total else ()


def _applied_before(
    session: Session, loans: Collection[int], upload_id: int | None
) -> dict[int, int]:
    """The money poured over each loan before the file's own: all of it while it is not posted."""
    own = (
        select(LedgerEntry.loan_id, func.min(LedgerEntry.sequence).label("first"))
        .where(LedgerEntry.upload_id == upload_id)
        .where(among(session, LedgerEntry.loan_id, loans))
        .group_by(LedgerEntry.loan_id)
        .subquery("own")
    )
    query: Any = select(LedgerEntry.loan_id, func.sum(LedgerEntry.applied))
    if upload_id is not None:
        query = query.outerjoin(own, own.c.loan_id == LedgerEntry.loan_id).where(
            or_(own.c.first.is_(None), LedgerEntry.sequence < own.c.first)
        )
    query = query.where(among(session, LedgerEntry.loan_id, loans)).group_by(LedgerEntry.loan_id)
    return {loan_id: int(money) for loan_id, money in session.execute(query)}


def _schedules(
    session: Session, loans: Collection[int], on: dt.date
) -> dict[int, list[Installment]]:
    found: Any = session.execute(
        select(
            Schedule.loan_id,
            ScheduleRow.number,
            ScheduleRow.due_on,
            ScheduleRow.principal,
            ScheduleRow.interest,
            ScheduleRow.balance,
        )
        .join(ScheduleRow, ScheduleRow.schedule_id == Schedule.id)
        .where(
            among(session, Schedule.loan_id, loans), Schedule.starts_on <= on, on < Schedule.ends_on
        )
        .order_by(Schedule.loan_id, ScheduleRow.number)
    )
    plans: defaultdict[int, list[Installment]] = defaultdict(list)
    for loan_id, *row in found:
        plans[loan_id].append(Installment(*row))
    return plans
