"""Splits of a figure and the funnel by sex: a split is a grouping of the figure's own loans, so its
parts always add up to the figure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, String, case, cast, func, literal, select, union_all
from sqlalchemy.orm import Session

from wibawa.applications.models import Application, ApplicationMove
from wibawa.banks.models import Bank, Kecamatan, Kelurahan
from wibawa.borrowers.models import Borrower
from wibawa.indicators.members import facts, loans_of, locked_facts
from wibawa.loans.positions import Classes, positions
from wibawa.rules.indicators import Kinds, Rule, Span, Unit
from wibawa.web.clock import WIB

NO_DATA: Final = "belum ada data"
UNKNOWN: Final = "Tidak diketahui"
DIMENSIONS: Final = {
    "jenis-kelamin": "Jenis kelamin",
    "kecamatan": "Kecamatan",
    "kelurahan": "Kelurahan",
    "jenis-peminjam": "Jenis peminjam",
    "bank": "Bank penyalur",
    "sektor": "Sektor usaha",
    "besar": "Besar pinjaman",
    "ulang": "Peminjam baru dan berulang",
}
SEXES: Final = {"P": "Perempuan", "L": "Laki-laki"}
KIND_LABELS: Final = {"micro": "Usaha mikro", "cooperative": "Koperasi"}
BANDS: Final = (
    (5_000_000, "a", "Sampai Rp5 juta"),
    (10_000_000, "b", "Di atas Rp5 juta sampai Rp10 juta"),
    (25_000_000, "c", "Di atas Rp10 juta sampai Rp25 juta"),
    (50_000_000, "d", "Di atas Rp25 juta sampai Rp50 juta"),
)
LARGEST: Final = ("e", "Di atas Rp50 juta")
REPEATS: Final = {"baru": "Baru: pinjaman pertamanya", "berulang": "Berulang"}
BUCKETS: Final = ((0, "0 hari"), (30, "1–30 hari"), (90, "31–90 hari"), (180, "91–180 hari"))
WORST: Final = "Lebih dari 180 hari"


@dataclass(frozen=True)
class Source:
    """Which loans a figure counts: by the books up to a day, or as a lock kept them."""

    rule: Rule
    span: Span
    unit: Unit
    kinds: Kinds
    lock_id: int | None = None

    def rows(self) -> Any:
        """The counted things, one row each: FACTS, for people of the loan that stands for them."""
        if self.lock_id is None:
            each = facts(self.rule, self.span).subquery("facts")
        else:
            each = locked_facts(self.rule, self.lock_id).subquery("facts")
        query = select(each)
        if self.unit is Unit.PEOPLE:
            query = query.where(each.c.leads == 1)
        if self.kinds is not Kinds.ALL:
            query = query.where(each.c.kind == self.kinds.value)
        return query


@dataclass(frozen=True)
class Part:
    """One part of a split: how many, and the principal of their loans in rupiah."""

    key: str
    label: str
    count: int
    principal: int


@dataclass(frozen=True)
class Members:
    """People in the cooperatives that a figure counts."""

    cooperatives: int
    male: int
    female: int


def _keyed(source: Source) -> Any:
    """The rows with a column for each dimension."""
    each = source.rows().subquery("each")
    return (
        select(
            each,
            *(key.label(name) for name, key in _keys(each).items()),
        )
        .outerjoin(Kelurahan, Kelurahan.code == each.c.kelurahan_code)
        .cte("keyed")
        .prefix_with("MATERIALIZED", dialect="sqlite")
    )


def _keys(each: Any) -> dict[str, ColumnElement[str]]:
    bands = [(each.c.principal <= most, key) for most, key, _ in BANDS]
    return {
        "jenis-kelamin": func.coalesce(each.c.sex, ""),
        "kecamatan": func.coalesce(Kelurahan.kecamatan_code, ""),
        "kelurahan": func.coalesce(each.c.kelurahan_code, ""),
        "jenis-peminjam": func.coalesce(each.c.kind, ""),
        "bank": cast(each.c.bank_id, String),
        "sektor": func.coalesce(each.c.sector, ""),
        "besar": case(*bands, else_=LARGEST[0]),
        "ulang": case((each.c.nth == 1, "baru"), else_="berulang"),
    }


def splits(session: Session, source: Source) -> dict[str, list[Part]]:
    """The figure by every dimension: two queries. The parts of each add up to the same total."""
    keyed = _keyed(source)
    parts = [
        select(
            literal(name),
            keyed.c[name],
            func.count(),
            func.coalesce(func.sum(keyed.c.principal), 0),
        ).group_by(keyed.c[name])
        for name in DIMENSIONS
    ]
    found: dict[str, dict[str, tuple[int, int]]] = {name: {} for name in DIMENSIONS}
    for name, key, count, principal in session.execute(union_all(*parts)):
        found[name][key] = (int(count), int(principal))
    names = _labels(session)
    return {name: _parts(found[name], names[name], name) for name in DIMENSIONS}


def _parts(
    found: Mapping[str, tuple[int, int]], labels: Mapping[str, str], name: str
) -> list[Part]:
    """Known keys in their order, of long lists only those that hold something; the rest behind."""
    listed = [key for key in labels if key in found or name not in ("kelurahan", "sektor")]
    others = sorted(key for key in found if key not in labels and key)
    keys = [*listed, *others, *([""] if "" in found else [])]
    return [
        Part(key, labels.get(key, key) if key else UNKNOWN, *found.get(key, (0, 0))) for key in keys
    ]


def _labels(session: Session) -> dict[str, dict[str, str]]:
    """What the keys of each dimension are called, in the order in which they are shown."""
    places = session.execute(
        select(Kecamatan.code, Kecamatan.name, Kelurahan.code, Kelurahan.name)
        .join(Kelurahan, Kelurahan.kecamatan_code == Kecamatan.code)
        .order_by(Kecamatan.name, Kelurahan.name)
    ).all()
    banks = session.execute(select(Bank.id, Bank.name).order_by(Bank.name))
    return {
        "jenis-kelamin": dict(SEXES),
        "kecamatan": {row[0]: row[1] for row in places},
        "kelurahan": {row[2]: f"{row[3]}, {row[1]}" for row in places},
        "jenis-peminjam": dict(KIND_LABELS),
        "bank": {str(number): name for number, name in banks},
        "sektor": {},
        "besar": {key: label for _, key, label in BANDS} | dict([LARGEST]),
        "ulang": dict(REPEATS),
    }


def cell_label(session: Session, name: str, key: str) -> str:
    """What one part of a split is called."""
    return _labels(session)[name].get(key, key) if key else UNKNOWN


def in_cell(keyed: Any, cell: tuple[str, str]) -> ColumnElement[bool]:
    found: ColumnElement[bool] = keyed.c[cell[0]] == cell[1]
    return found


def keyed_rows(source: Source) -> Any:
    """The rows with a column for each dimension, for lists."""
    return _keyed(source)


def members_of(session: Session, source: Source) -> Members:
    """Members of the cooperatives, each cooperative once."""
    people = Source(source.rule, source.span, Unit.PEOPLE, Kinds.COOPERATIVE, source.lock_id)
    each = people.rows().subquery("cooperatives")
    row = session.execute(
        select(
            func.count(),
            func.coalesce(func.sum(each.c.members_male), 0),
            func.coalesce(func.sum(each.c.members_female), 0),
        ).select_from(each)
    ).one()
    return Members(*(int(value) for value in row))


@dataclass(frozen=True)
class Step:
    """A step of the funnel by sex; of a cooperative the chair's counts."""

    label: str
    by_sex: Mapping[str, int]

    @property
    def total(self) -> int:
        return sum(self.by_sex.values())


@dataclass(frozen=True)
class Stage:
    """Steps from one source, by which their emptiness is judged: imported loans have no
    applications, and a year without these has none of their steps rather than 0."""

    steps: Sequence[Step]

    @property
    def known(self) -> bool:
        return any(step.total for step in self.steps)

    def shown(self, step: Step) -> list[int | str]:
        """A step by sex and in all, or in words that nothing is known."""
        counts = [*(step.by_sex.get(sex, 0) for sex in SEXES), step.total]
        return [count if self.known else NO_DATA for count in counts]


MOVES: Final = {
    "submit": "Diajukan",
    "recommend": "Direkomendasikan dinas",
    "approve": "Disetujui bank",
}


def funnel(session: Session, span: Span, classes: Classes) -> tuple[Stage, Stage, Stage]:
    """What happened in the year, by sex: applications step by step, each once at its first such
    step; loans paid out; the running loans at `span.last` by days past due. 3 queries, none for a
    year that has not begun."""
    if not span.begun:
        return Stage([]), Stage([]), Stage([])
    moves = _moves(session, span)
    served = Source(Rule.SERVED, span, Unit.ACCOUNTS, Kinds.ALL).rows().subquery("served")
    paid_out = {
        sex: int(count)
        for sex, count in session.execute(select(served.c.sex, func.count()).group_by(served.c.sex))
    }
    steps = [Step(label, moves.get(action, {})) for action, label in MOVES.items()]
    late = _late(session, span, classes)
    return Stage(steps), Stage([Step("Dicairkan", paid_out)]), Stage(late)


def _moves(session: Session, span: Span) -> dict[str, dict[str, int]]:
    start, end = (
        dt.datetime.combine(day, dt.time(), WIB)
        for day in (span.first, span.last + dt.timedelta(days=1))
    )
    first = (
        select(
            ApplicationMove.application_id,
            ApplicationMove.action,
            func.min(ApplicationMove.at).label("at"),
        )
        .where(ApplicationMove.action.in_(MOVES))
        .group_by(ApplicationMove.application_id, ApplicationMove.action)
        .subquery("first_moves")
    )
    query = (
        select(first.c.action, Borrower.sex, func.count())
        .join(Application, Application.id == first.c.application_id)
        .join(Borrower, Borrower.id == Application.borrower_id)
        .where(first.c.at >= start, first.c.at < end)
        .group_by(first.c.action, Borrower.sex)
    )
    found: dict[str, dict[str, int]] = {}
    for action, sex, count in session.execute(query):
        found.setdefault(action, {})[sex] = int(count)
    return found


def _late(session: Session, span: Span, classes: Classes) -> list[Step]:
    on = span.last
    each = positions(on, classes, overdue=False).subquery("positions")
    known = loans_of(span, []).subquery("known")
    late = [
        (each.c.uncovered_since >= on - dt.timedelta(days=days), place)
        for place, (days, _) in enumerate(BUCKETS)
        if days
    ]
    bucket = case((each.c.uncovered_since.is_(None), 0), *late, else_=len(BUCKETS))
    query = (
        select(bucket.label("bucket"), Borrower.sex, func.count())
        .select_from(each)
        .join(known, known.c.loan_id == each.c.loan_id)
        .join(Borrower, Borrower.id == known.c.borrower_id)
        .where(each.c.outstanding > 0, each.c.written_off_on.is_(None))
        .group_by("bucket", Borrower.sex)
    )
    found: dict[int, dict[str, int]] = {}
    for place, sex, count in session.execute(query):
        found.setdefault(int(place), {})[sex] = int(count)
    labels = [*(label for _, label in BUCKETS), WORST]
    return [Step(label, found.get(place, {})) for place, label in enumerate(labels)]
