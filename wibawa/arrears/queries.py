"""Notes, promises and officers of late loans; the SQL of a promise for larger queries."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    ScalarSelect,
    Subquery,
    cast,
    exists,
    func,
    or_,
    select,
)
from sqlalchemy.orm import Session, aliased

from wibawa.access.models import User
from wibawa.access.permissions import Role
from wibawa.arrears.models import ArrearsContact, ArrearsOfficer, ContactStrike
from wibawa.loans.models import LedgerEntry, Schedule, ScheduleRow
from wibawa.loans.undone import RECEIVED, is_given_up, is_reversed
from wibawa.rules.arrears import PromiseState, promise_state

KIND_WORDS = {
    "visit": "Kunjungan",
    "call": "Telepon",
    "message": "Pesan",
    "office": "Datang ke kantor",
}
OUTCOME_WORDS = {
    "promise": "Berjanji membayar",
    "paid": "Mengatakan sudah membayar",
    "unable": "Belum mampu membayar",
    "absent": "Tidak bertemu atau tidak terhubung",
    "moved": "Pindah atau tidak ditemukan",
    "refused": "Menolak membayar",
    "other": "Lainnya",
}
PROMISE_WORDS = {
    PromiseState.KEPT: ("Ditepati", "success"),
    PromiseState.RUNNING: ("Ditunggu", "waiting"),
    PromiseState.UNKEPT: ("Janji lewat", "danger"),
}
WORKING = (Role.OFFICE_STAFF, Role.APPROVER)  # whose work it is to follow a late loan


@dataclass(frozen=True)
class Promise:
    """An amount until a day, and the money that came in from the promise to that day. Rupiah."""

    amount: int
    until: dt.date
    received: int

    def state(self, today: dt.date) -> PromiseState:
        return promise_state(self.amount, self.until, self.received, today)

    def word(self, today: dt.date) -> tuple[str, str]:
        """Its state as a word and a tone."""
        return PROMISE_WORDS[self.state(today)]


@dataclass(frozen=True)
class ContactLine:
    """A note with everything about it; `struck_by` says that it does not count."""

    id: int
    kind: str
    contacted_on: dt.date
    officer: str
    met: str
    outcome: str
    note: str
    entered_by: str
    entered_at: dt.datetime
    struck_reason: str | None
    struck_by: str | None
    struck_at: dt.datetime | None
    promise: Promise | None


@dataclass(frozen=True)
class OfficerLine:
    """Who follows a loan from a moment on; `officer` None: nobody any more."""

    id: int
    officer_id: int | None
    officer: str | None
    by: str
    at: dt.datetime


def is_struck(contact: Any = ArrearsContact) -> ColumnElement[bool]:
    """Whether a note was struck."""
    return exists().where(ContactStrike.contact_id == contact.id)


def received(promise: Any) -> Any:
    """SQL: un-reversed money, penalties included, from the day of a promise to its date. Rupiah.

    `promise` has loan_id, contacted_on and promise_on.
    """
    return (
        select(cast(func.coalesce(func.sum(LedgerEntry.amount), 0), BigInteger))
        .where(
            LedgerEntry.loan_id == promise.loan_id,
            LedgerEntry.kind.in_(RECEIVED),
            LedgerEntry.effective_on.between(promise.contacted_on, promise.promise_on),
            ~is_reversed(LedgerEntry),
        )
        .correlate_except(LedgerEntry)
        .scalar_subquery()
    )


def latest_of_each_loan(*, promises: bool) -> Subquery:
    """The last note of each loan that stands, or the last with a promise: one row for a loan."""
    place = func.row_number().over(
        partition_by=ArrearsContact.loan_id,
        order_by=(ArrearsContact.contacted_on.desc(), ArrearsContact.id.desc()),
    )
    query = select(
        ArrearsContact.loan_id,
        ArrearsContact.kind,
        ArrearsContact.contacted_on,
        ArrearsContact.outcome,
        ArrearsContact.promise_amount,
        ArrearsContact.promise_on,
        place.label("place"),
    ).where(~is_struck())
    if promises:
        query = query.where(ArrearsContact.outcome == "promise")
    ranked = query.subquery("ranked_promises" if promises else "ranked_contacts")
    last = select(ranked).where(ranked.c.place == 1)
    if promises:
        last = last.add_columns(received(ranked.c).label("received"))
    return last.subquery("promises" if promises else "contacts")


def officers_in_charge() -> Subquery:
    """loan_id, officer_id of the last row of each loan."""
    last = select(func.max(ArrearsOfficer.id)).group_by(ArrearsOfficer.loan_id)
    return (
        select(ArrearsOfficer.loan_id, ArrearsOfficer.officer_id)
        .where(ArrearsOfficer.id.in_(last))
        .subquery("in_charge")
    )


def is_unkept(promise: Any, today: dt.date) -> ColumnElement[bool]:
    """SQL of `PromiseState.UNKEPT` over the rows of `latest_of_each_loan(promises=True)`."""
    found: ColumnElement[bool] = (promise.promise_on < today) & (
        promise.received < promise.promise_amount
    )
    return found


def unkept_count(today: dt.date) -> ScalarSelect[Any]:
    """How many late loans have a promise that passed unkept, as a part of a larger SELECT.

    Only loans with such a promise are looked at, whatever the size of the portfolio.
    """
    promise = latest_of_each_loan(promises=True)
    paid = (
        select(func.coalesce(func.sum(LedgerEntry.applied), 0))
        .where(LedgerEntry.loan_id == promise.c.loan_id, LedgerEntry.effective_on <= today)
        .correlate(promise)
        .scalar_subquery()
    )
    late = (
        exists()
        .where(
            Schedule.loan_id == promise.c.loan_id,
            Schedule.starts_on <= today,
            today < Schedule.ends_on,
            ScheduleRow.schedule_id == Schedule.id,
            ScheduleRow.due_on < today,
            ScheduleRow.next_due_on >= today,
            ScheduleRow.total_through > paid,
        )
        .correlate(promise)
    )
    query = (
        select(func.count())
        .select_from(promise)
        .where(is_unkept(promise.c, today), late, ~is_given_up(promise.c.loan_id, today))
    )
    return query.scalar_subquery()


officer = aliased(User, name="officer")
author = aliased(User, name="author")
striker = aliased(User, name="striker")


def contacts_of(session: Session, loan_id: int) -> list[ContactLine]:
    """Every note about a loan, the newest first, the struck ones too: one query."""
    found: Any = session.execute(
        select(
            ArrearsContact,
            officer.name,
            author.name,
            ContactStrike.reason,
            striker.name,
            ContactStrike.entered_at,
            received(ArrearsContact),
        )
        .join(officer, officer.id == ArrearsContact.officer_id)
        .join(author, author.id == ArrearsContact.entered_by)
        .outerjoin(ContactStrike, ContactStrike.contact_id == ArrearsContact.id)
        .outerjoin(striker, striker.id == ContactStrike.entered_by)
        .where(ArrearsContact.loan_id == loan_id)
        .order_by(ArrearsContact.contacted_on.desc(), ArrearsContact.id.desc())
    )
    return [
        ContactLine(
            id=row.id,
            kind=row.kind,
            contacted_on=row.contacted_on,
            officer=name,
            met=row.met,
            outcome=row.outcome,
            note=row.note,
            entered_by=by,
            entered_at=row.entered_at,
            struck_reason=reason,
            struck_by=struck_by,
            struck_at=struck_at,
            promise=row.promise_on and Promise(row.promise_amount, row.promise_on, int(money)),
        )
        for row, name, by, reason, struck_by, struck_at, money in found
    ]


def standing_contact(session: Session, loan_id: int, contact_id: int) -> ArrearsContact | None:
    """A note of this loan that was not struck."""
    return session.scalar(
        select(ArrearsContact).where(
            ArrearsContact.id == contact_id, ArrearsContact.loan_id == loan_id, ~is_struck()
        )
    )


def officers_of(session: Session, loan_id: int) -> list[OfficerLine]:
    """Who followed a loan, the newest first."""
    found: Any = session.execute(
        select(
            ArrearsOfficer.id,
            ArrearsOfficer.officer_id,
            officer.name,
            author.name,
            ArrearsOfficer.entered_at,
        )
        .outerjoin(officer, officer.id == ArrearsOfficer.officer_id)
        .join(author, author.id == ArrearsOfficer.entered_by)
        .where(ArrearsOfficer.loan_id == loan_id)
        .order_by(ArrearsOfficer.id.desc())
    )
    return [OfficerLine(*row) for row in found]


def working_people(session: Session) -> list[tuple[int, str]]:
    """(id, name) of those who may follow a loan; of others only who still has one."""
    in_charge = select(officers_in_charge().c.officer_id)
    found: Any = session.execute(
        select(User.id, User.name)
        .where(
            or_(
                User.can_sign_in & User.role.in_([role.value for role in WORKING]),
                User.id.in_(in_charge),
            )
        )
        .order_by(User.name)
    )
    return [(int(number), str(name)) for number, name in found]
