"""Arithmetic of the indicators (domain rules §7), in whole hundredths, and what they may count."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from wibawa.rules.money import share

PROGRAMME_SINCE: Final = dt.date(2017, 1, 1)


class Rule(StrEnum):
    """Which loans a figure of a year counts, up to a day in it."""

    CUMULATIVE = "cumulative"  # disbursed since the programme began
    RUNNING = "running"  # something of it was owed on some day of the year
    SERVED = "served"  # disbursed in the year
    NEW = "new"  # disbursed in the year, and the borrower's first one
    RESTRUCTURED = "restructured"  # eased in the year by a new version of its schedule


class Unit(StrEnum):
    PEOPLE = "people"  # each borrower once, whatever the number of loans
    ACCOUNTS = "accounts"  # each loan


class Kinds(StrEnum):
    ALL = "all"
    MICRO = "micro"
    COOPERATIVE = "cooperative"


RULE_WORDS: Final = {
    Rule.CUMULATIVE: "Kumulatif sejak 2017",
    Rule.RUNNING: "Berjalan pada tahun itu",
    Rule.SERVED: "Dilayani pada tahun itu",
    Rule.NEW: "Baru dilayani pada tahun itu",
    Rule.RESTRUCTURED: "Direstrukturisasi pada tahun itu",
}
RULE_MEANINGS: Final = {
    Rule.CUMULATIVE: "pernah menerima pencairan sejak 1 Januari 2017",
    Rule.RUNNING: "masih punya sisa tagihan pada salah satu hari di tahun itu",
    Rule.SERVED: "menerima pencairan pada tahun itu, baru maupun berulang",
    Rule.NEW: "menerima pencairan pertamanya pada tahun itu",
    Rule.RESTRUCTURED: "mendapat penundaan atau perpanjangan jadwal pada tahun itu",
}
UNIT_WORDS: Final = {Unit.PEOPLE: "Peminjam", Unit.ACCOUNTS: "Pinjaman"}
KINDS_WORDS: Final = {
    Kinds.ALL: "Semua peminjam",
    Kinds.MICRO: "Usaha mikro",
    Kinds.COOPERATIVE: "Koperasi",
}


@dataclass(frozen=True, slots=True)
class Span:
    """A year from its first day up to and including `last`; days are the office's, in WIB."""

    year: int
    last: dt.date

    @property
    def first(self) -> dt.date:
        return dt.date(self.year, 1, 1)

    @property
    def begun(self) -> bool:
        return self.last >= self.first


def span_of(year: int, day: dt.date) -> Span:
    """The year as far as `day` has come: the whole year once it is over, nothing before it begins.

    Source: domain rules §7. No errors.

    >>> span_of(2026, dt.date(2026, 11, 24)).last.isoformat()
    '2026-11-24'
    """
    return Span(year, min(dt.date(year, 12, 31), day))


def achievement_ratio(realised: int, target: int) -> int | None:
    """Rasio capaian: realised over target, rounded half up to two decimals of a percent.

    Both figures in hundredths of the indicator's own unit (11,30 % is 1130, 37 koperasi 3700);
    the answer in hundredths of a percent, None when the target is 0. Source: domain rules §7.
    Raises ValueError when a figure is negative.

    >>> achievement_ratio(1130, 600)
    18833
    """
    return percentage(realised, target)


def percentage(numerator: int, denominator: int) -> int | None:
    """How many percent the numerator is of the denominator, rounded half up to two decimals.

    Two counts of the same unit in, hundredths of a percent out; None when the denominator is 0.
    Source: domain rules §7. Raises ValueError when a count is negative.

    >>> percentage(2907, 36613)
    794
    """
    if numerator < 0 or denominator < 0:
        raise ValueError(f"an indicator has no negative counts: {numerator}, {denominator}")
    return share(numerator, denominator)


def implied_numerators(published: int, denominator: int) -> tuple[int, int] | None:
    """The least and the greatest numerator that give a published percentage, both included.

    `published` in hundredths of a percent, the rest are counts; None when no whole number rounds to
    it. The reverse of `percentage`. Source: domain rules §7. Raises ValueError when the denominator
    is not positive or the figure negative.

    >>> implied_numerators(794, 36613)
    (2906, 2908)
    """
    if published < 0 or denominator < 1:
        raise ValueError(f"nothing can be implied by {published} of {denominator}")
    least = max(0, -(-(2 * published - 1) * denominator // 20_000))
    greatest = -(-(2 * published + 1) * denominator // 20_000) - 1
    return (least, greatest) if least <= greatest else None


def distance(count: int, implied: tuple[int, int]) -> int:
    """How far a count lies outside the implied numerators: 0 inside, negative below them.

    Counts in and out. Source: domain rules §7. No errors.

    >>> distance(2416, (2906, 2908))
    -490
    """
    least, greatest = implied
    return count - least if count < least else max(0, count - greatest)
