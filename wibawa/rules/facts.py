"""Facts that cross folders, as frozen plain data.

Money is a whole number of rupiah, rates are basis points a year, days are `datetime.date`.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Method(StrEnum):
    """How interest is reckoned (domain.md §3)."""

    ANNUITY = "annuity"
    FLAT = "flat"
    DECLINING = "declining"


class BankKind(StrEnum):
    COMMERCIAL = "commercial"
    RURAL = "rural"


class HolidayRule(StrEnum):
    """Which working day is printed as "bayar paling lambat" when a due date is no working day."""

    NONE = "none"
    FOLLOWING = "following"
    PRECEDING = "preceding"


class BorrowerKind(StrEnum):
    MICRO = "micro"
    COOPERATIVE = "cooperative"


class Health(StrEnum):
    """A cooperative's grade in its latest assessment of health, the best one first."""

    HEALTHY = "healthy"
    FAIRLY_HEALTHY = "fairly_healthy"
    WATCHED = "watched"
    SPECIALLY_WATCHED = "specially_watched"


@dataclass(frozen=True, slots=True)
class Standing:
    """How a cooperative stands; None for what is not known. `annual_meeting_on`: the last RAT."""

    active: bool | None = None
    health: Health | None = None
    assessed_on: dt.date | None = None
    annual_meeting_on: dt.date | None = None


class EntryKind(StrEnum):
    """What a ledger entry records (domain.md §4)."""

    DISBURSEMENT = "disbursement"
    OPENING = "opening"
    REPAYMENT = "repayment"
    SETTLEMENT = "settlement"
    WRITE_OFF = "write_off"
    RECOVERY = "recovery"
    REVERSAL = "reversal"


class Installment(NamedTuple):
    """One row of a schedule. `balance` is the principal that remains after it is paid."""

    number: int
    due_on: dt.date
    principal: int
    interest: int
    balance: int

    @property
    def total(self) -> int:
        return self.principal + self.interest


@dataclass(frozen=True, slots=True)
class Terms:
    """What is copied to a loan at disbursement. `rate`: basis points a year, `multiple`: rupiah."""

    principal: int
    rate: int
    months: int
    method: Method
    disbursed_on: dt.date
    multiple: int = 1


@dataclass(frozen=True, slots=True)
class Position:
    """A loan at the end of one day (domain.md §4). Amounts in rupiah.

    `applied` is the money poured over the schedule (penalties left out), `excess` what no
    installment could take. `arrears` is what was due BEFORE the day and is not covered,
    `arrears_principal` its principal part. `days_past_due` counts from the due date of the
    oldest uncovered installment.
    """

    on: dt.date
    applied: int
    excess: int
    principal_paid: int
    interest_paid: int
    outstanding_principal: int
    outstanding_interest: int
    arrears: int
    arrears_principal: int
    days_past_due: int
    oldest_uncovered_due_on: dt.date | None
    collectibility: int
