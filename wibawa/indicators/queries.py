from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wibawa.borrowers.models import Borrower
from wibawa.indicators.models import Denominator, Indicator, IndicatorYear
from wibawa.loans.models import Loan, Schedule
from wibawa.rules.changes import RESTRUCTURING
from wibawa.rules.indicators import achievement_ratio, percentage

TPB = "TPB 8.3.1.(c)"
STATUS_WORDS = {
    "published": "angka terbitan",
    "computed": "dihitung dari buku",
    "denominator_missing": "penyebut belum dimasukkan",
    "numerator_missing": "pembilang belum lengkap",
    "no_data": "belum ada data",
}


@dataclass(frozen=True)
class IndicatorFigure:
    """One indicator in one year. `target`, `realised`, `ratio` in hundredths; counts are plain."""

    code: str
    name: str
    unit: str
    unit_label: str
    definition: str
    year: int
    target: int | None
    realised: int | None
    ratio: int | None
    numerator: int | None
    denominator: int | None
    status: str
    source: str

    @property
    def status_words(self) -> str:
        return STATUS_WORDS[self.status]


@dataclass(frozen=True)
class _Known:
    """What the book and the entered counts say of one year."""

    any_loan: bool
    borrowers_so_far: int
    cooperatives_in_year: int
    restructured_in_year: int
    si_umi: int | None


def figures_of_year(session: Session, year: int, today: dt.date) -> list[IndicatorFigure]:
    """Every indicator in `year`. Loans count up to the year's end, or `today` while it runs."""
    known = _known(session, year, today)
    rows = session.execute(
        select(Indicator, IndicatorYear)
        .outerjoin(
            IndicatorYear, (IndicatorYear.code == Indicator.code) & (IndicatorYear.year == year)
        )
        .order_by(Indicator.position)
    )
    return [_figure(indicator, of_year, year, known) for indicator, of_year in rows]


def figures_of_indicator(
    session: Session, code: str, years: range, today: dt.date
) -> list[IndicatorFigure]:
    """One indicator over many years."""
    return [
        figure
        for year in years
        for figure in figures_of_year(session, year, today)
        if figure.code == code
    ]


def _figure(
    indicator: Indicator, of_year: IndicatorYear | None, year: int, known: _Known
) -> IndicatorFigure:
    target = of_year.target if of_year else None
    published = of_year.published if of_year else None
    source = of_year.source if of_year else ""
    numerator, denominator, realised, status = (
        _computed(indicator, known)
        if published is None
        else (None, known.si_umi if indicator.code == TPB else None, published, "published")
    )
    ratio = achievement_ratio(realised, target) if realised is not None and target else None
    return IndicatorFigure(
        indicator.code,
        indicator.name,
        indicator.unit,
        indicator.unit_label,
        indicator.definition,
        year,
        target,
        realised,
        ratio,
        numerator,
        denominator,
        status,
        source,
    )


def _computed(
    indicator: Indicator, known: _Known
) -> tuple[int | None, int | None, int | None, str]:
    """(numerator, denominator, realised, status) from the book; nothing is guessed."""
    if not known.any_loan:
        return None, None, None, "no_data"
    if indicator.code == TPB:
        if known.si_umi is None:
            return known.borrowers_so_far, None, None, "denominator_missing"
        realised = percentage(known.borrowers_so_far, known.si_umi)
        return known.borrowers_so_far, known.si_umi, realised, "computed"
    if indicator.code == "KOP-PERMODALAN":
        count = known.cooperatives_in_year
        return count, None, count * 100, "computed"
    if indicator.code == "PEMULIHAN":
        count = known.restructured_in_year
        return count, None, count * 100, "computed"
    return None, None, None, "numerator_missing"


def _known(session: Session, year: int, today: dt.date) -> _Known:
    first, last = dt.date(year, 1, 1), min(dt.date(year, 12, 31), today)
    in_year = Loan.disbursed_on.between(first, last)
    row: Any = session.execute(
        select(
            select(func.count()).select_from(Loan).where(in_year).scalar_subquery(),
            select(func.count(func.distinct(Loan.borrower_id)))
            .where(Loan.disbursed_on <= last)
            .scalar_subquery(),
            select(func.count(func.distinct(Loan.borrower_id)))
            .select_from(Loan)
            .join(Borrower, Borrower.id == Loan.borrower_id)
            .where(in_year, Borrower.kind == "cooperative")
            .scalar_subquery(),
            select(func.count(func.distinct(Loan.borrower_id)))
            .select_from(Loan)
            .join(Borrower, Borrower.id == Loan.borrower_id)
            .join(Schedule, Schedule.loan_id == Loan.id)
            .where(
                Schedule.kind.in_(RESTRUCTURING),
                Schedule.starts_on.between(first, last),
                Borrower.kind == "micro",
            )
            .scalar_subquery(),
            select(Denominator.count)
            .where(Denominator.name == "SI-UMI", Denominator.year == year)
            .scalar_subquery(),
        )
    ).one()
    return _Known(row[0] > 0, row[1], row[2], row[3], row[4])
