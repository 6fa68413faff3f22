from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import Session

from wibawa.access.models import User
from wibawa.banks.models import (
    Bank,
    BankLayout,
    BankQuota,
    CollectibilityRule,
    DirectPermit,
    Holiday,
    Kecamatan,
    Kelurahan,
    LoanTerms,
)
from wibawa.database import Base
from wibawa.rules.collectibility import Thresholds
from wibawa.rules.facts import BankKind
from wibawa.rules.money import share
from wibawa.uploads.layouts import Layout, Shape, Words, known_layout
from wibawa.web.clock import WIB

MOST_LAYOUTS = 12
"""The most ways of writing that a file is compared with: each costs a look at its headings."""


@dataclass(frozen=True)
class QuotaEntry:
    """One decision about a bank's quota, newest first in a history."""

    sequence: int
    amount: int
    source: str
    by: str
    at: dt.datetime


@dataclass(frozen=True)
class QuotaLine:
    """A bank's year: what it may lend, what it has lent, what waits for a second person, and what
    was sent to the bank (at the amount that it approved, once it did)."""

    bank_id: int
    code: str
    bank: str
    entry: QuotaEntry | None
    used: int
    used_count: int
    reserved: int
    reserved_count: int
    sent: int = 0
    sent_count: int = 0

    @property
    def allocated(self) -> int | None:
        return None if self.entry is None else self.entry.amount

    @property
    def free(self) -> int | None:
        return (
            None
            if self.entry is None
            else self.entry.amount - self.used - self.reserved - self.sent
        )

    @property
    def percent(self) -> int | None:
        """Hundredths of a percent of the quota that are lent."""
        return None if self.entry is None else share(self.used, self.entry.amount)


@dataclass(frozen=True)
class PermitEntry:
    """One decision whether a bank's loans may be recorded without an application."""

    id: int
    valid_from: dt.date
    allowed: bool
    reason: str
    by: str
    at: dt.datetime


@dataclass(frozen=True)
class LayoutVersion:
    """One way in which a bank writes a kind of file, and who taught it (nobody: the program)."""

    id: int
    kind: str
    valid_from: dt.date
    words: Words
    by: str | None
    at: dt.datetime | None


@dataclass(frozen=True)
class Place:
    code: str
    kelurahan: str
    kecamatan: str


def all_banks(session: Session, only: int | None = None) -> list[Bank]:
    """The banks in order of code; just one when `only` names it (a bank officer's own)."""
    query = select(Bank).order_by(Bank.code)
    if only is not None:
        query = query.where(Bank.id == only)
    return list(session.scalars(query))


def bank_by_code(session: Session, code: str) -> Bank | None:
    return session.scalar(select(Bank).where(Bank.code == code.strip().upper()))


def terms_on(session: Session, day: dt.date) -> LoanTerms:
    """The approved loan terms in force on `day`; the earliest ones for a day before them."""
    approved = select(LoanTerms).where(LoanTerms.status == "approved")
    found = session.scalar(
        approved.where(LoanTerms.valid_from <= day).order_by(LoanTerms.valid_from.desc()).limit(1)
    ) or session.scalar(approved.order_by(LoanTerms.valid_from).limit(1))
    assert found is not None, "the migrations make the first terms"
    return found


def rates_on(session: Session, days: Collection[dt.date]) -> dict[dt.date, int]:
    """The rate of `terms_on` for each day, in basis points a year: one query."""
    versions = session.execute(
        select(LoanTerms.valid_from, LoanTerms.rate)
        .where(LoanTerms.status == "approved")
        .order_by(LoanTerms.valid_from)
    ).all()
    begun = [version.valid_from for version in versions]
    return {day: versions[max(bisect_right(begun, day) - 1, 0)].rate for day in days}


def thresholds_on(session: Session, day: dt.date) -> dict[BankKind, Thresholds]:
    """The largest days past due of classes 1–4 for each kind of bank, as in force on `day`."""
    return {BankKind(rule.bank_kind): rule.limits for rule in rules_on(session, day).values()}


def rules_on(session: Session, day: dt.date) -> dict[str, CollectibilityRule]:
    """The approved rule in force on `day` for each kind of bank; the earliest before it began."""
    rules = session.scalars(
        select(CollectibilityRule)
        .where(CollectibilityRule.status == "approved")
        .order_by(CollectibilityRule.valid_from)
    )
    found: dict[str, CollectibilityRule] = {}
    for rule in rules:
        if rule.valid_from <= day or rule.bank_kind not in found:
            found[rule.bank_kind] = rule
    return found


def layout_on(
    session: Session,
    bank_id: int,
    kind: str,
    shape: Shape,
    day: dt.date,
    known_by: dt.datetime | None = None,
) -> Layout:
    """How a bank writes a kind of file on `day`, the newest way first, as far as it was known by a
    moment: a file is read again as it was read when it came."""
    asked = select(BankLayout).where(
        BankLayout.bank_id == bank_id, BankLayout.kind == kind, BankLayout.valid_from <= day
    )
    if known_by is not None:
        asked = asked.where(or_(BankLayout.entered_at.is_(None), BankLayout.entered_at <= known_by))
    newest = asked.order_by(BankLayout.valid_from.desc(), BankLayout.id.desc())
    return known_layout(shape, [row.words for row in session.scalars(newest.limit(MOST_LAYOUTS))])


def layout_history(
    session: Session, bank_id: int, *, for_update: bool = False
) -> list[LayoutVersion]:
    """Every way of writing that was taught for a bank, of all kinds of files, what counts last on
    top. `for_update` holds the bank, so that nobody else teaches until the transaction ends."""
    if for_update:
        session.execute(select(Bank.id).where(Bank.id == bank_id).with_for_update(key_share=True))
    found = session.execute(
        select(BankLayout, User.name)
        .outerjoin(User, User.id == BankLayout.entered_by)
        .where(BankLayout.bank_id == bank_id)
        .order_by(BankLayout.valid_from.desc(), BankLayout.id.desc())
    )
    return [
        LayoutVersion(row.id, row.kind, row.valid_from, row.words, name, row.entered_at)
        for row, name in found
    ]


def holidays(session: Session) -> frozenset[dt.date]:
    return frozenset(session.scalars(select(Holiday.day)))


def kelurahan_codes(session: Session) -> frozenset[str]:
    return frozenset(session.scalars(select(Kelurahan.code)))


def places(session: Session) -> list[Place]:
    """Every kelurahan with its kecamatan, in order of name."""
    rows = session.execute(
        select(Kelurahan.code, Kelurahan.name, Kecamatan.name)
        .join(Kecamatan, Kecamatan.code == Kelurahan.kecamatan_code)
        .order_by(Kecamatan.name, Kelurahan.name)
    )
    return [Place(row[0], row[1], row[2]) for row in rows]


def quota_lines(session: Session, year: int) -> list[QuotaLine]:
    """Every bank's quota of a year with what is lent and what waits: five queries."""
    entries = dict(_quota_entries(session, year))
    used = _lent(session, "loans", year)
    waiting = Base.metadata.tables["disbursements"].c.status == "recorded"
    reserved = _lent(session, "disbursements", year, waiting)
    sent = _sent(session, year)
    return [
        QuotaLine(
            bank.id,
            bank.code,
            bank.name,
            entries.get(bank.id),
            *used.get(bank.id, (0, 0)),
            *reserved.get(bank.id, (0, 0)),
            *sent.get(bank.id, (0, 0)),
        )
        for bank in all_banks(session)
    ]


def quota_history(session: Session, bank_id: int, year: int) -> list[QuotaEntry]:
    """Every decision about one bank's quota of a year, newest first."""
    return [entry for of_bank, entry in _quota_entries(session, year) if of_bank == bank_id][::-1]


def _quota_entries(session: Session, year: int) -> list[tuple[int, QuotaEntry]]:
    found = session.execute(
        select(
            BankQuota.bank_id,
            BankQuota.sequence,
            BankQuota.amount,
            BankQuota.source,
            User.name,
            BankQuota.entered_at,
        )
        .join(User, User.id == BankQuota.entered_by)
        .where(BankQuota.year == year)
        .order_by(BankQuota.bank_id, BankQuota.sequence)
    )
    return [(row[0], QuotaEntry(*row[1:])) for row in found]


def _lent(session: Session, table: str, year: int, *conditions: Any) -> dict[int, tuple[int, int]]:
    """Principal and number of the year's loans, or disbursements, of each bank.

    The tables lie above this folder, so they are asked for by name.
    """
    lent = Base.metadata.tables[table].c
    found = session.execute(
        select(lent.bank_id, func.sum(lent.principal), func.count())
        .where(lent.disbursed_on.between(dt.date(year, 1, 1), dt.date(year, 12, 31)), *conditions)
        .group_by(lent.bank_id)
    )
    return {bank_id: (int(total), int(count)) for bank_id, total, count in found}


def _sent(session: Session, year: int) -> dict[int, tuple[int, int]]:
    """What each bank was sent or has approved in the year and nobody has recorded as paid out."""
    asked = Base.metadata.tables["applications"].c
    waiting = Base.metadata.tables["disbursements"].c
    recorded = exists().where(waiting.status == "recorded", waiting.application_id == asked.id)
    first, last = (dt.datetime(each, 1, 1, tzinfo=WIB) for each in (year, year + 1))
    found = session.execute(
        select(
            asked.bank_id,
            func.sum(func.coalesce(asked.approved_amount, asked.amount)),
            func.count(),
        )
        .where(
            asked.state.in_(("sent", "approved")),
            asked.state_since >= first,
            asked.state_since < last,
            ~recorded,
        )
        .group_by(asked.bank_id)
    )
    return {bank_id: (int(total), int(count)) for bank_id, total, count in found}


def direct_banks(session: Session, day: dt.date) -> set[int]:
    """The banks whose loans may be recorded without an application on `day`."""
    found: dict[int, bool] = {}
    rows = session.execute(
        select(DirectPermit.bank_id, DirectPermit.allowed)
        .where(DirectPermit.valid_from <= day)
        .order_by(DirectPermit.valid_from, DirectPermit.id)
    )
    for bank_id, allowed in rows:
        found[bank_id] = allowed
    return {bank_id for bank_id, allowed in found.items() if allowed}


def permit_history(
    session: Session, bank_id: int, *, for_update: bool = False
) -> list[PermitEntry]:
    """Every decision about one bank, what counts last on top. `for_update` holds the bank, so that
    nobody else decides until the transaction ends."""
    if for_update:
        session.execute(select(Bank.id).where(Bank.id == bank_id).with_for_update(key_share=True))
    found = session.execute(
        select(
            DirectPermit.id,
            DirectPermit.valid_from,
            DirectPermit.allowed,
            DirectPermit.reason,
            User.name,
            DirectPermit.entered_at,
        )
        .join(User, User.id == DirectPermit.entered_by)
        .where(DirectPermit.bank_id == bank_id)
        .order_by(DirectPermit.valid_from.desc(), DirectPermit.id.desc())
    )
    return [PermitEntry(*row) for row in found]


def holiday_list(session: Session, year: int) -> list[Holiday]:
    return list(
        session.scalars(
            select(Holiday)
            .where(Holiday.day.between(dt.date(year, 1, 1), dt.date(year, 12, 31)))
            .order_by(Holiday.day)
        )
    )
