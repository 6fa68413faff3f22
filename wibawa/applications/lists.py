"""The filtered list of applications, and what waits for one person: for page and menu."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, false, func, or_, select
from sqlalchemy.orm import Session

from wibawa.access.permissions import Role
from wibawa.access.sessions import SignedIn
from wibawa.applications.models import Application, ApplicationMove
from wibawa.applications.queries import TONES
from wibawa.banks.models import Bank
from wibawa.borrowers.models import Borrower
from wibawa.rules.statuses import AT_BANK, OPEN, STATE_WORDS, Action, State
from wibawa.web.clock import WIB, in_wib
from wibawa.web.pages import Page, Wanted

SORTS = ("sejak", "nama", "bank", "jumlah", "nomor", "batas")
SLUGS = {
    "draf": State.DRAFT,
    "diajukan": State.SUBMITTED,
    "diverifikasi": State.VISITED,
    "direkomendasikan": State.RECOMMENDED,
    "dikirim": State.SENT,
    "disetujui": State.APPROVED,
    "dicairkan": State.DISBURSED,
    "dikembalikan": State.RETURNED,
    "ditolak": State.REFUSED_BY_OFFICE,
    "ditolak-bank": State.REFUSED_BY_BANK,
    "dibatalkan": State.WITHDRAWN,
}
AGES = (7, 14, 30)
NEXT_STEPS = {
    State.DRAFT: "Lengkapi, lalu ajukan",
    State.RETURNED: "Lengkapi, lalu ajukan lagi",
    State.SUBMITTED: "Kunjungi usahanya",
    State.VISITED: "Rekomendasikan, kembalikan, atau tolak",
    State.SENT: "Setujui atau tolak",
}
SHOWN_WAITING = 8


@dataclass(frozen=True)
class ApplicationFilter:
    """`state` is a word of the address, "menunggu" what waits for this person; `days` open that
    long in the same state; `late` past its deadline. `seen_by` is the bank whose officer asks, None
    outside the banks."""

    state: str = ""
    bank_id: int | None = None
    days: int | None = None
    seen_by: int | None = None
    late: bool = False


@dataclass(frozen=True)
class ApplicationLine:
    id: int
    number: str
    borrower: str
    business_name: str
    bank: str
    amount: int
    months: int
    approved_amount: int | None
    state: State
    since: dt.datetime
    due_on: dt.date | None
    days: int
    days_late: int  # 0 or less while there is time

    @property
    def is_late(self) -> bool:
        return self.days_late > 0

    @property
    def state_word(self) -> tuple[str, str]:
        return STATE_WORDS[self.state], TONES[self.state]

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def next_step(self) -> str:
        return NEXT_STEPS.get(self.state, "")


@dataclass(frozen=True)
class ApplicationTotals:
    count: int
    amount: int


def seen_by(bank_id: int) -> ColumnElement[bool]:
    """The applications that a bank's officers may see: sent to that bank, whatever came then."""
    sent = exists().where(
        ApplicationMove.application_id == Application.id, ApplicationMove.action == Action.SEND
    )
    ended = and_(Application.state == State.WITHDRAWN, sent)
    return and_(Application.bank_id == bank_id, or_(Application.state.in_(AT_BANK), ended))


def waits_for(person: SignedIn) -> ColumnElement[bool]:
    """The applications whose next step this person may take."""
    user_id, role = person.id, person.role
    if role is Role.OFFICE_STAFF:
        return or_(
            Application.state.in_((State.RETURNED, State.SUBMITTED)),
            and_(Application.state == State.DRAFT, Application.created_by == user_id),
        )
    if role is Role.APPROVER:
        return and_(
            Application.state == State.VISITED,
            Application.created_by != user_id,
            Application.submitted_by != user_id,
            Application.visited_by != user_id,
        )
    if role is Role.BANK_OFFICER:
        return and_(Application.state == State.SENT, Application.bank_id == person.bank_id)
    return false()


def waiting_lines(
    session: Session, person: SignedIn, today: dt.date
) -> tuple[list[ApplicationLine], int]:
    """What waits for this person, the earliest deadline first, as many as a page shows; and how
    many."""
    condition = waits_for(person)
    count = session.scalar(select(func.count()).select_from(Application).where(condition))
    query = (
        _lines()
        .where(condition)
        .order_by(
            Application.due_on.is_(None),
            Application.due_on,
            Application.state_since,
            Application.id,
        )
    )
    found = session.execute(query.limit(SHOWN_WAITING))
    return [_line(row, today) for row in found], int(count or 0)


def application_lines(
    session: Session,
    asked_for: ApplicationFilter,
    asked: Wanted,
    waiting: ColumnElement[bool],
    today: dt.date,
) -> tuple[Page[ApplicationLine], ApplicationTotals]:
    """One page and the totals of the whole filtered list: two queries."""
    conditions = _conditions(asked_for, waiting, today)
    query = _ordered(asked).where(*conditions)
    found = session.execute(query.limit(asked.per_page).offset(asked.offset))
    lines = [_line(row, today) for row in found]
    count, amount = session.execute(
        select(func.count(), func.coalesce(func.sum(Application.amount), 0)).where(*conditions)
    ).one()
    totals = ApplicationTotals(int(count), int(amount))
    return Page(lines, asked.page, asked.per_page, totals.count), totals


def all_lines(
    session: Session,
    asked_for: ApplicationFilter,
    asked: Wanted,
    waiting: ColumnElement[bool],
    today: dt.date,
) -> list[ApplicationLine]:
    """The whole filtered list, in the order of its pages."""
    query = _ordered(asked).where(*_conditions(asked_for, waiting, today))
    return [_line(row, today) for row in session.execute(query)]


def _ordered(asked: Wanted) -> Select[*tuple[Any, ...]]:
    by: Any = {
        "sejak": Application.state_since,
        "nama": Borrower.name_key,
        "bank": Bank.name,
        "jumlah": Application.amount,
        "nomor": Application.id,
        "batas": Application.due_on,
    }[asked.sort]
    order = by.desc() if asked.descending else by.asc()
    last = Application.id.desc() if asked.descending else Application.id.asc()
    empty_last = (by.is_(None),) if asked.sort == "batas" else ()
    return _lines().order_by(*empty_last, order, last)


def _conditions(
    asked_for: ApplicationFilter, waiting: ColumnElement[bool], today: dt.date
) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if asked_for.state == "menunggu":
        conditions.append(waiting)
    elif asked_for.state in SLUGS:
        conditions.append(Application.state == SLUGS[asked_for.state])
    if asked_for.bank_id is not None:
        conditions.append(Application.bank_id == asked_for.bank_id)
    if asked_for.seen_by is not None:
        conditions.append(seen_by(asked_for.seen_by))
    if asked_for.days is not None:
        day = today - dt.timedelta(days=asked_for.days - 1)
        midnight = dt.datetime.combine(day, dt.time(), WIB)
        conditions += [Application.state.in_(OPEN), Application.state_since < midnight]
    if asked_for.late:
        conditions.append(Application.due_on < today)
    return conditions


def _lines() -> Select[*tuple[Any, ...]]:
    return (
        select(
            Application.id,
            Application.number,
            Borrower.name.label("borrower"),
            Borrower.business_name,
            Bank.name.label("bank"),
            Application.amount,
            Application.months,
            Application.approved_amount,
            Application.state,
            Application.state_since.label("since"),
            Application.due_on,
        )
        .join(Borrower, Borrower.id == Application.borrower_id)
        .join(Bank, Bank.id == Application.bank_id)
    )


def _line(row: Any, today: dt.date) -> ApplicationLine:
    words: dict[str, Any] = dict(row._mapping)
    days = (today - in_wib(words["since"]).date()).days
    late = (today - words["due_on"]).days if words["due_on"] else 0
    return ApplicationLine(
        **words | {"state": State(words["state"]), "days": days, "days_late": late}
    )
