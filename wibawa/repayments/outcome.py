"""What a check of a repayment file knows and finds, as plain data. Money in rupiah."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from wibawa.rules.refused import Problem

# Account, day and amount: what tells payments without a reference apart.
Same = tuple[str, dt.date, int]


class AccountFact(NamedTuple):
    """What is known of one account of the uploading bank.

    `owed` is what the schedule still asks for in rupiah, interest included; `closed` tells that the
    loan takes no more repayments; `chair` is a cooperative's chair, whose name banks often write.
    `opened_on` is the cut-off day of a loan from the opening portfolio, whose opening entry holds
    all money paid up to that day. `settles`: what an approved early settlement still asks for, and
    the last day on which it may be paid.
    """

    loan_id: int
    account: str
    name: str
    disbursed_on: dt.date
    owed: int
    closed: bool = False
    chair: str = ""
    opened_on: dt.date | None = None
    settles: tuple[int, dt.date] | None = None


@dataclass(frozen=True)
class Posted:
    """What the uploading bank's files have posted before, to loans or to titipan. Rupiah.

    `references`: `reference_key` → all the money posted under it. `payments`: how often a payment
    of (account of a loan, day, amount) is posted, with a reference or without; `suspended`: the
    same for accounts without a loan, leading zeros left out. `unreferenced` is the part of
    `payments` that had no reference. `freed`: key of money that was undone as a whole → how
    often it had been posted; `taken`: keys of posted rows without a reference. `by_hand`: loan and
    number of the entries made by hand without a reference that no row was matched with yet; they
    are among `payments` and `unreferenced` too.
    """

    references: Mapping[str, int] = field(default_factory=dict)
    payments: Mapping[Same, int] = field(default_factory=dict)
    suspended: Mapping[Same, int] = field(default_factory=dict)
    unreferenced: Mapping[Same, int] = field(default_factory=dict)
    freed: Mapping[str, int] = field(default_factory=dict)
    taken: Collection[str] = frozenset()
    by_hand: Mapping[Same, Collection[tuple[int, int]]] = field(default_factory=dict)


class Match(NamedTuple):
    """A row that is the money of an entry made by hand before: it is not booked again."""

    row: int
    loan_id: int
    entry: int
    row_key: str


class Entry(NamedTuple):
    """Money that goes to a loan. `amount` includes `penalty`; the bank's own figures stand beside.

    `row_key` is what makes the row once only: its reference as `reference_key` writes it, or, of a
    row without one, account, day, amount and occurrence.
    """

    row: int
    loan_id: int
    amount: int
    penalty: int
    paid_on: dt.date
    reference: str | None
    row_key: str
    principal: int | None
    interest: int | None
    outstanding: int | None
    collectibility: int | None


class SuspenseEntry(NamedTuple):
    """Money that goes to suspense (titipan); `loan_id` None when the account is unknown.

    `reason` is account_unknown, loan_closed or exceeds_outstanding.
    """

    row: int
    account: str
    name: str
    amount: int
    paid_on: dt.date
    reference: str | None
    row_key: str
    loan_id: int | None
    reason: str


@dataclass
class Checked:
    """What a file would do. While `blocked` nothing may be posted, whatever `entries` hold.

    Counts and totals have the names of the command line (files.md §3). A row split between its loan
    and suspense counts as posted, its excess is in `suspense_total`. `skipped_*` are the rows left
    out by `skip_problems`; `problem_rows` counts `bad_rows`, the rows with blocking problems.
    """

    problems: list[Problem] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    suspense: list[SuspenseEntry] = field(default_factory=list)
    matches: list[Match] = field(default_factory=list)
    blocked: bool = False
    rows: int = 0
    total: int = 0
    posted_rows: int = 0
    posted_total: int = 0
    suspense_rows: int = 0
    suspense_total: int = 0
    already_posted_rows: int = 0
    already_posted_total: int = 0
    skipped_rows: int = 0
    skipped_total: int = 0
    control_total: int = 0
    problem_rows: int = 0
    bad_rows: set[int] = field(default_factory=set)


def row_key(account: str, paid_on: dt.date, amount: int, occurrence: int) -> str:
    """What makes a row without a reference once only within its bank (files.md §2).

    `account` is the account as it is known, `occurrence` counts equal rows in the file from 1.

    >>> row_key("0012", dt.date(2026, 10, 5), 5000, 1)
    '0012|2026-10-05|5000|1'
    """
    return f"{account}|{paid_on.isoformat()}|{amount}|{occurrence}"
