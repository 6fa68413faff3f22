"""Every report that there is: what it is called, what it asks for, what makes it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from wibawa.banks.models import Bank
from wibawa.reports import (
    banks,
    changed,
    classes,
    coming,
    money,
    people,
    portfolio,
    results,
    yearly,
)
from wibawa.reports.books import lent_by, lent_or_came_by
from wibawa.reports.document import Report, without_data
from wibawa.reports.forms import Asked, Scope, read_day, read_period
from wibawa.rules.reconciliation import Month

Make = Callable[[Session, Scope], Report]
Since = Callable[[dt.date], dt.date]
Begun = Callable[[Session, Scope], bool]


@dataclass(frozen=True)
class Definition:
    """One report. `figures` reads it from the books. `since` says with which day a period begins
    unless somebody asks for another; without it the report is of a day. `splits` are the ways in
    which it can be split, the first one by default. A report of the whole programme (`of_all`) is
    not of one bank. What has `parts` is shown one part at a time. `begun` says whether the books
    held anything of it by its last day."""

    code: str
    title: str
    about: str
    figures: Make
    since: Since | None = None
    splits: tuple[tuple[str, str], ...] = ()
    of_all: bool = False
    parts: tuple[tuple[str, str], ...] = ()
    begun: Begun = lent_by

    def make(self, session: Session, scope: Scope) -> Report:
        """The report; where the books held nothing by its last day, it says so and has no 0."""
        report = self.figures(session, scope)
        return report if self.begun(session, scope) else without_data(report)

    def page(self, asked: Asked, part: str | None) -> Asked:
        """What a page shows of that: of a report with parts the one asked for, or the first."""
        words = [code for code, _ in self.parts]
        if not words:
            return asked
        part = part if part in words else words[0]
        return replace(asked, scope=replace(asked.scope, part=part))

    def read(
        self,
        arguments: Mapping[str, str],
        today: dt.date,
        known: Sequence[Bank],
        own_bank: int | None,
    ) -> Asked:
        """What an address asks for."""
        known = () if self.of_all and own_bank is None else known
        if self.since is None:
            asked = read_day(arguments, today, known, own_bank)
        else:
            asked = read_period(arguments, today, self.since(today), known, own_bank)
        if not self.splits:
            return asked
        words = [code for code, _ in self.splits]
        split = arguments.get("menurut", "")
        split = split if split in words else words[0]
        scope = replace(asked.scope, split=split)
        return replace(asked, scope=scope, fields=asked.fields | {"menurut": split})


def _this_year(today: dt.date) -> dt.date:
    return dt.date(today.year, 1, 1)


def _last_month(today: dt.date) -> dt.date:
    return Month.of(today).plus(-1).first


def _end_of_last_month(today: dt.date) -> dt.date:
    return Month.of(today).plus(-1).last


GROUPS: tuple[tuple[str, tuple[Definition, ...]], ...] = (
    (
        "Portofolio",
        (
            Definition(
                "portofolio", portfolio.TITLE, portfolio.ABOUT, portfolio.portfolio_report
            ),
            Definition(
                "kualitas", classes.QUALITY_TITLE, classes.QUALITY_ABOUT, classes.quality_report,
                splits=classes.SPLITS,
            ),
            Definition(
                "kolektibilitas", classes.MOVES_TITLE, classes.MOVES_ABOUT, classes.moves_report,
                _end_of_last_month,
            ),
            Definition(
                "restrukturisasi", changed.EASED_TITLE, changed.EASED_ABOUT, changed.eased_report,
                _this_year,
            ),
            Definition(
                "hapus-buku", changed.GONE_TITLE, changed.GONE_ABOUT, changed.gone_report,
                _this_year,
            ),
        ),
    ),
    (
        "Uang",
        (
            Definition(
                "pencairan", money.LENT_TITLE, money.LENT_ABOUT, money.lent_report, _this_year
            ),
            Definition("kuota", banks.QUOTA_TITLE, banks.QUOTA_ABOUT, banks.quota_report),
            Definition(
                "angsuran", money.CAME_TITLE, money.CAME_ABOUT, money.came_report, _last_month,
                begun=lent_or_came_by,
            ),
            Definition("jatuh-tempo", coming.TITLE, coming.ABOUT, coming.coming_report),
            Definition(
                "titipan", banks.SUSPENSE_TITLE, banks.SUSPENSE_ABOUT, banks.suspense_report,
                begun=lent_or_came_by,
            ),
        ),
    ),
    (
        "Peminjam dan kinerja",
        (
            Definition("peminjam", people.TITLE, people.ABOUT, people.reached_report, _this_year),
            Definition(
                "permodalan-koperasi", results.CAPITAL_TITLE, results.CAPITAL_ABOUT,
                results.capital_report, of_all=True,
            ),
            Definition(
                "akses-pembiayaan", results.ACCESS_TITLE, results.ACCESS_ABOUT,
                results.access_report, of_all=True,
            ),
            Definition(
                "tpb", results.TPB_TITLE, results.TPB_ABOUT, results.tpb_report, of_all=True
            ),
            Definition(
                "tahunan", yearly.TITLE, yearly.ABOUT, yearly.yearly_report, _this_year,
                parts=yearly.PART_NAMES,
            ),
        ),
    ),
)  # fmt: skip
REPORTS: dict[str, Definition] = {
    each.code: each for _, definitions in GROUPS for each in definitions
}
