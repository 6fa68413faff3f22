"""What the address of a report asks for: a day or a period, a bank, how it is split."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from wibawa.banks.models import Bank
from wibawa.rules.dates import long_date, short_date
from wibawa.web.asked import asked_day


@dataclass(frozen=True)
class Scope:
    """Of when and of which bank a report is; `today` says which days have not come yet.

    `first` is `last` in a report of a day. `bank_id` also confines a bank officer to the own bank.
    `part` is the one that a page of a long report shows; files hold all of them.
    """

    first: dt.date
    last: dt.date
    today: dt.date
    bank_id: int | None = None
    bank_code: str | None = None
    bank_name: str = "Semua bank"
    split: str = ""
    part: str = ""

    @property
    def is_to_come(self) -> bool:
        return self.last > self.today

    def words(self, of_period: bool) -> str:
        """ "1 Januari 2026 – 24 November 2026, Bank Pasar"."""
        when = long_date(self.last)
        if of_period:
            when = f"{long_date(self.first)} – {when}"
        return f"{when if of_period else f'Posisi {when}'}, {self.bank_name}"


@dataclass(frozen=True)
class Asked:
    """A scope, the fields of the form that led to it, and what was wrong with the address."""

    scope: Scope
    fields: dict[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


def read_day(
    arguments: Mapping[str, str], today: dt.date, banks: Sequence[Bank], own_bank: int | None
) -> Asked:
    """A report of a day: `tanggal`, and for people of the office `bank`."""
    day, problem = asked_day(arguments.get("tanggal"), today)
    scope = _of_bank(Scope(day, day, today), arguments, banks, own_bank)
    problems = (problem,) if problem else ()
    return Asked(scope, {"tanggal": short_date(day), "bank": _code(scope, own_bank)}, problems)


def read_period(
    arguments: Mapping[str, str],
    today: dt.date,
    since: dt.date,
    banks: Sequence[Bank],
    own_bank: int | None,
) -> Asked:
    """A report of a period: `dari` and `sampai`, from `since` to today unless asked otherwise. A
    period that ends before it begins is turned around."""
    last, problems = today, []
    if arguments.get("sampai"):
        last, wrong = asked_day(arguments.get("sampai"), today)
        problems += [wrong] if wrong else []
    first = min(since, last)
    if arguments.get("dari"):
        first, wrong = asked_day(arguments.get("dari"), first)
        if wrong:
            problems.append(f"Awal periode tidak terbaca; dipakai {long_date(first)}.")
    if first > last:
        first, last = last, first
        problems.append("Awal periode sesudah akhirnya; keduanya ditukar.")
    scope = _of_bank(Scope(first, last, today), arguments, banks, own_bank)
    fields = {
        "dari": short_date(first),
        "sampai": short_date(last),
        "bank": _code(scope, own_bank),
    }
    return Asked(scope, fields, tuple(problems))


def _of_bank(
    scope: Scope, arguments: Mapping[str, str], banks: Sequence[Bank], own_bank: int | None
) -> Scope:
    """The scope with the bank that is asked for; with `own_bank` always that one."""
    asked = arguments.get("bank", "").upper()
    for bank in banks:
        if bank.id == own_bank or (own_bank is None and bank.code == asked):
            return replace(scope, bank_id=bank.id, bank_code=bank.code, bank_name=bank.name)
    return replace(scope, bank_id=own_bank)


def _code(scope: Scope, own_bank: int | None) -> str:
    return scope.bank_code or "" if own_bank is None else ""
