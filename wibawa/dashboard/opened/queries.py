from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from wibawa.access.models import User
from wibawa.dashboard.books import Books
from wibawa.dashboard.opened.document import OpenFigures, Total, Year, part_of, split
from wibawa.dashboard.opened.models import OpenFiguresSetting
from wibawa.indicators.counted.queries import Source, splits
from wibawa.indicators.locks.queries import locks_in_force
from wibawa.indicators.models import IndicatorYear
from wibawa.indicators.queries import IndicatorFigure, indicators, kept_figures
from wibawa.rules.indicators import Kinds, Rule, Unit, achievement_ratio, span_of
from wibawa.rules.suppression import LEAST

YEARS: Final = range(2020, 2031)


@dataclass(frozen=True)
class Setting:
    """Whether the page is there, from a day on."""

    id: int
    valid_from: dt.date
    is_open: bool
    reason: str
    by: str | None
    at: dt.datetime | None


def _settings() -> Any:
    row = OpenFiguresSetting
    return select(
        row.id, row.valid_from, row.is_open, row.reason, User.name, row.entered_at
    ).outerjoin(User, User.id == row.entered_by)


def setting_on(session: Session, day: dt.date) -> Setting:
    """What is in force on a day. The first setting came with the program, so there is one."""
    row = OpenFiguresSetting
    query = _settings().where(row.valid_from <= day).order_by(row.valid_from.desc(), row.id.desc())
    return Setting(*session.execute(query.limit(1)).one())


def history(session: Session) -> list[Setting]:
    """Every setting, the newest entry first."""
    query = _settings().order_by(OpenFiguresSetting.id.desc())
    return [Setting(*row) for row in session.execute(query)]


def open_figures(session: Session, today: dt.date) -> OpenFigures:
    """What anybody may see today, as it stood at the end of the month before: who looked twice
    around one disbursement or payment would else know its amount, place and sex, however large the
    cells are. No more queries than ten, whatever the books hold."""
    books, day = Books(session), today.replace(day=1) - dt.timedelta(days=1)

    def make() -> Any:
        source = Source(Rule.CUMULATIVE, span_of(day.year, day), Unit.PEOPLE, Kinds.ALL)
        return splits(session, source)

    found = books.kept("splits", day, make)
    places, borrowers = split([(p.key, p.label, p.count) for p in found["kecamatan"]])
    sexes, of_sexes = split([(p.key, p.label, p.count) for p in found["jenis-kelamin"]])
    known = None if of_sexes is None else borrowers
    return OpenFigures(day, _totals(books, day, known), places, sexes, tuple(_years(session)))


def _totals(books: Books, day: dt.date, borrowers: int | None) -> tuple[Total, ...]:
    """Money only beside counts that may be seen."""
    sums = books.standing(day)
    loans = part_of(sums.loans_disbursed, sums.loans_disbursed) if borrowers is not None else None
    running = part_of(sums.loans_outstanding, loans)
    return (
        Total("borrowers", "Peminjam sejak 2017", "peminjam", borrowers),
        Total("loans", "Pinjaman dicairkan", "pinjaman", loans),
        Total("principal", "Plafon dicairkan", "Rp",
              None if loans is None else sums.principal_disbursed),
        Total("running", "Pinjaman berjalan", "pinjaman", running),
        Total("outstanding", "Baki debet", "Rp",
              None if running is None else sums.outstanding_principal),
    )  # fmt: skip


def _years(session: Session) -> list[Year]:
    """Targets, and what is published or locked; what is still reckoned is not for the public."""
    said = {
        (each.code, each.year): each
        for each in session.scalars(select(IndicatorYear).where(IndicatorYear.year.in_(YEARS)))
    }
    kept = {
        (figure.code, year): figure
        for year, lock in locks_in_force(session, YEARS).items()
        for figure in kept_figures(lock.document, lock.version)
    }
    found = []
    for one in indicators(session):
        for year in YEARS:
            of_year, locked = said.get((one.code, year)), kept.get((one.code, year))
            if of_year is None and locked is None:
                continue
            target = locked.target if locked else of_year.target if of_year else None
            published = of_year.published if of_year else None
            realised, state = _realised(locked, published)
            ratio = achievement_ratio(realised, target) if realised is not None and target else None
            if target is None and state == "target_only":
                continue
            source = of_year.source if of_year else ""
            behind = (locked.numerator, locked.denominator) if locked else (None, None)
            if state != "locked":
                behind = (None, None)
            found.append(
                Year(one.code, one.name, one.unit, year, target, realised, ratio, *behind,
                     state, source)
            )  # fmt: skip
    return found


def _realised(locked: IndicatorFigure | None, published: int | None) -> tuple[int | None, str]:
    if locked is not None and locked.realised is not None:
        if locked.numerator is not None and locked.numerator < LEAST:
            return None, "hidden"
        return locked.realised, "published" if locked.status == "published" else "locked"
    return (published, "published") if published is not None else (None, "target_only")
