from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session, aliased

from wibawa.access.models import User
from wibawa.indicators.models import IndicatorInput
from wibawa.web.pages import Page, Wanted

KINDS = ("denominator", "programme", "opening")
SLUGS = {"penyebut": "denominator", "program-lain": "programme", "riwayat": "opening"}
KIND_WORDS = {
    "denominator": "Penyebut",
    "programme": "Program lain",
    "opening": "Riwayat program",
}
SORTS = ("tahun", "nama", "jumlah")
OWN_PROGRAMME = "Kredit Wibawa"


@dataclass(frozen=True)
class InputLine:
    """One version of an input; `latest` is the one that counts."""

    id: int
    kind: str
    name: str
    year: int
    version: int
    count: int | None
    male: int | None
    female: int | None
    principal: int | None
    cut_off: dt.date | None
    source: str
    document: str
    reason: str
    by: str | None
    at: dt.datetime | None
    latest: bool

    @property
    def kind_words(self) -> str:
        return KIND_WORDS[self.kind]

    @property
    def unknown(self) -> int | None:
        """How many of a count are of neither sex, as far as it is split at all."""
        if self.count is None or (self.male is None and self.female is None):
            return None
        return self.count - (self.male or 0) - (self.female or 0)


@dataclass(frozen=True)
class Inputs:
    """The latest versions of all inputs: kind, name, year → line. Withdrawn ones are left out."""

    by: Mapping[tuple[str, str, int], InputLine]

    def count(self, kind: str, name: str, year: int) -> int | None:
        found = self.by.get((kind, name, year))
        return None if found is None else found.count

    def programmes(self, year: int) -> int | None:
        """What all other programmes reached in a year; None when nothing is entered of it."""
        found = self.of_programmes(year)
        return sum(each.count or 0 for each in found) if found else None

    def of_programmes(self, year: int) -> list[InputLine]:
        return [each for (kind, _, of), each in self.by.items()
                if kind == "programme" and of == year]  # fmt: skip

    def of_kind(self, kind: str) -> list[InputLine]:
        return [each for each in self.by.values() if each.kind == kind]

    def names(self, kind: str) -> list[str]:
        return sorted({each.name for each in self.of_kind(kind)})


def _latest() -> Any:
    return (
        select(
            IndicatorInput.kind,
            IndicatorInput.name,
            IndicatorInput.year,
            func.max(IndicatorInput.version).label("version"),
        )
        .group_by(IndicatorInput.kind, IndicatorInput.name, IndicatorInput.year)
        .subquery("latest")
    )


def _lines() -> Any:
    latest = _latest()
    return (
        select(
            IndicatorInput.id,
            IndicatorInput.kind,
            IndicatorInput.name,
            IndicatorInput.year,
            IndicatorInput.version,
            IndicatorInput.count,
            IndicatorInput.male,
            IndicatorInput.female,
            IndicatorInput.principal,
            IndicatorInput.cut_off,
            IndicatorInput.source,
            IndicatorInput.document,
            IndicatorInput.reason,
            User.name,
            IndicatorInput.entered_at,
            latest.c.version.is_not(None).label("is_latest"),
        )
        .outerjoin(User, User.id == IndicatorInput.entered_by)
        .outerjoin(
            latest,
            and_(
                latest.c.kind == IndicatorInput.kind,
                latest.c.name == IndicatorInput.name,
                latest.c.year == IndicatorInput.year,
                latest.c.version == IndicatorInput.version,
            ),
        )
    )


def latest_inputs(session: Session) -> Inputs:
    """What counts of every input: one query."""
    query = _lines().order_by(IndicatorInput.kind, IndicatorInput.name, IndicatorInput.year)
    lines = (InputLine(*row) for row in session.execute(query))
    return Inputs(
        {
            (each.kind, each.name, each.year): each
            for each in lines
            if each.latest and each.count is not None
        }
    )


def input_lines(
    session: Session,
    kind: str,
    year: int | None,
    history: bool,
    asked: Wanted,
    *,
    whole: bool = False,
) -> Page[InputLine]:
    """One page of a kind's inputs, or the whole list; with their earlier versions or only what
    counts."""
    query = _lines().where(IndicatorInput.kind == kind)
    if year is not None:
        query = query.where(IndicatorInput.year == year)
    if not history:
        query = query.where(_latest_only())
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    query = query.order_by(*_order(asked))
    if not whole:
        query = query.limit(asked.per_page).offset(asked.offset)
    rows = [InputLine(*row) for row in session.execute(query)]
    return Page(rows, asked.page, asked.per_page, total)


def _latest_only() -> Any:
    later = aliased(IndicatorInput)
    return ~(
        select(later.id)
        .where(
            later.kind == IndicatorInput.kind,
            later.name == IndicatorInput.name,
            later.year == IndicatorInput.year,
            later.version > IndicatorInput.version,
        )
        .exists()
    )


def _order(asked: Wanted) -> list[Any]:
    by: Any = {
        "tahun": IndicatorInput.year,
        "nama": IndicatorInput.name,
        "jumlah": IndicatorInput.count,
    }[asked.sort]
    first = [by.is_(None), by.desc() if asked.descending else by.asc()]
    return [*first, IndicatorInput.year.desc(), IndicatorInput.name, IndicatorInput.version.desc()]


def input_now(session: Session, kind: str, name: str, year: int) -> InputLine | None:
    """The latest version of one input, withdrawn or not."""
    query = (
        _lines()
        .where(
            IndicatorInput.kind == kind,
            func.lower(IndicatorInput.name) == name.lower(),
            IndicatorInput.year == year,
        )
        .order_by(IndicatorInput.version.desc())
        .limit(1)
    )
    row = session.execute(query).first()
    return None if row is None else InputLine(*row)


def years_of(session: Session, kind: str) -> list[int]:
    found = select(IndicatorInput.year).where(IndicatorInput.kind == kind).distinct()
    return sorted(session.scalars(found), reverse=True)
