from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, literal, select, union_all
from sqlalchemy.orm import Session, aliased

from wibawa.access.models import User
from wibawa.indicators.locks.document import read_again
from wibawa.indicators.members import FACTS, facts, locked_facts
from wibawa.indicators.models import (
    LockDecision,
    LockedMember,
    LockRequest,
    YearLock,
    YearUnlock,
)
from wibawa.loans.models import Loan
from wibawa.rules.dates import long_date
from wibawa.rules.indicators import Rule, Span
from wibawa.web.clock import in_wib

asker = aliased(User, name="asker")
decider = aliased(User, name="decider")


@dataclass(frozen=True)
class Lock:
    """A version of a locked year. `document` is what was kept; unlocked ones stay readable."""

    id: int
    year: int
    version: int
    data: bytes
    data_hash: str
    locked_at: dt.datetime
    requested_by: str
    locked_by: str
    note: str
    unlocked_at: dt.datetime | None

    @property
    def in_force(self) -> bool:
        return self.unlocked_at is None

    @property
    def document(self) -> dict[str, Any]:
        return read_again(self.data)

    @property
    def words(self) -> str:
        day = long_date(in_wib(self.locked_at).date())
        return f"Tahun {self.year} dikunci {day} (kunci versi {self.version})"

    @property
    def span(self) -> Span:
        return Span(self.year, dt.date(self.year, 12, 31))


@dataclass(frozen=True)
class Request:
    """A wish to lock or unlock a year, and what became of it."""

    id: int
    kind: str
    lock_id: int | None
    shown: str
    reason: str
    by_id: int
    by: str
    at: dt.datetime
    approved: bool | None
    answer: str | None
    decided_by: str | None
    decided_at: dt.datetime | None

    @property
    def waits(self) -> bool:
        return self.approved is None


def _locks() -> Any:
    return (
        select(
            YearLock.id,
            YearLock.year,
            YearLock.version,
            YearLock.data,
            YearLock.data_hash,
            YearLock.locked_at,
            asker.name,
            decider.name,
            LockRequest.reason,
            YearUnlock.unlocked_at,
        )
        .join(LockRequest, LockRequest.id == YearLock.request_id)
        .join(LockDecision, LockDecision.request_id == YearLock.request_id)
        .join(asker, asker.id == LockRequest.requested_by)
        .join(decider, decider.id == LockDecision.decided_by)
        .outerjoin(YearUnlock, YearUnlock.lock_id == YearLock.id)
        .order_by(YearLock.year, YearLock.version.desc())
    )


def locks_of(session: Session, year: int) -> list[Lock]:
    """Every lock that a year ever had, the newest first."""
    return [Lock(*row) for row in session.execute(_locks().where(YearLock.year == year))]


def locks_in_force(session: Session, years: Collection[int]) -> dict[int, Lock]:
    """The lock of each of the years that is locked: one query."""
    query = _locks().where(YearLock.year.in_(list(years)), YearUnlock.lock_id.is_(None))
    return {row.year: Lock(*row) for row in session.execute(query)}


def lock_in_force(session: Session, year: int) -> Lock | None:
    return locks_in_force(session, [year]).get(year)


def requests_of(session: Session, year: int) -> list[Request]:
    """Every request about a year, the newest first."""
    query: Any = (
        select(
            LockRequest.id,
            LockRequest.kind,
            LockRequest.lock_id,
            LockRequest.shown,
            LockRequest.reason,
            LockRequest.requested_by,
            asker.name,
            LockRequest.requested_at,
            LockDecision.approved,
            LockDecision.reason,
            decider.name,
            LockDecision.decided_at,
        )
        .join(asker, asker.id == LockRequest.requested_by)
        .outerjoin(LockDecision, LockDecision.request_id == LockRequest.id)
        .outerjoin(decider, decider.id == LockDecision.decided_by)
        .where(LockRequest.year == year)
        .order_by(LockRequest.id.desc())
    )
    return [Request(*row) for row in session.execute(query)]


def waiting_request(session: Session, year: int) -> Request | None:
    return next((each for each in requests_of(session, year) if each.waits), None)


def undecided() -> ColumnElement[bool]:
    """Whether a request still waits for the second person."""
    return ~select(literal(1)).where(LockDecision.request_id == LockRequest.id).exists()


def waiting_years(session: Session, not_of: int) -> list[tuple[int, str]]:
    """(year, lock or unlock) of what others asked for and nobody decided: one query."""
    query = select(LockRequest.year, LockRequest.kind).order_by(LockRequest.year)
    query = query.where(undecided(), LockRequest.requested_by != not_of)
    return [(year, kind) for year, kind in session.execute(query)]


def members_now(session: Session, span: Span) -> list[tuple[str, Sequence[Any]]]:
    """(rule, FACTS) of all loans that any rule counts now: one query, so of one moment."""
    queries = [
        select(literal(rule.value).label("rule"), *facts(rule, span).subquery(rule.value).c)
        for rule in Rule
    ]
    return [(row[0], tuple(row[1:])) for row in session.execute(union_all(*queries))]


def members_kept(session: Session, lock_id: int) -> list[tuple[str, Sequence[Any]]]:
    """The same as it was kept."""
    columns = [getattr(LockedMember, name) for name in FACTS]
    query = select(LockedMember.rule, *columns).where(LockedMember.lock_id == lock_id)
    return [(row[0], tuple(row[1:])) for row in session.execute(query)]


@dataclass(frozen=True)
class Moved:
    """A loan that a rule counted in a locked year and does not now, or the other way round."""

    rule: Rule
    came: bool
    loan_id: int
    number: str
    borrower_id: int


def moved(session: Session, lock: Lock, most: int = 1000) -> tuple[list[Moved], int]:
    """What would be another list today: loans that came, loans that went; and how many they are. A
    loan under another borrower than then counts as both."""
    parts = []
    for rule in Rule:
        now = facts(rule, lock.span).subquery(f"now_{rule.value}")
        then = locked_facts(rule, lock.id).subquery(f"then_{rule.value}")
        pairs = [select(each.c.loan_id, each.c.borrower_id) for each in (now, then)]
        for came, (one, other) in ((1, (pairs[0], pairs[1])), (0, (pairs[1], pairs[0]))):
            only = one.except_(other).subquery(f"only_{rule.value}_{came}")
            parts.append(
                select(
                    literal(rule.value).label("rule"),
                    literal(came).label("came"),
                    only.c.loan_id,
                    only.c.borrower_id,
                )
            )
    each = union_all(*parts).subquery("moved")
    count = func.count().over()
    query = (
        select(each.c.rule, each.c.came, each.c.loan_id, Loan.number, each.c.borrower_id, count)
        .join(Loan, Loan.id == each.c.loan_id)
        .order_by(each.c.loan_id, each.c.rule, each.c.came)
        .limit(most)
    )
    rows = session.execute(query).all()
    found = [Moved(Rule(row[0]), bool(row[1]), row[2], row[3], row[4]) for row in rows]
    return found, int(rows[0][5]) if rows else 0
