from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, and_, case, func, or_, select, union
from sqlalchemy.orm import Session, aliased

from wibawa.access.personal_data import index_of, unseal
from wibawa.banks.models import Kecamatan, Kelurahan
from wibawa.borrowers.actions import NIK_PLACE
from wibawa.borrowers.checks import EDITABLE, Candidates
from wibawa.borrowers.models import Borrower, BorrowerDistinct
from wibawa.rules.facts import BorrowerKind, Health, Standing
from wibawa.web.pages import Page, Wanted

_NUMBER = re.compile(r"[0-9\s.\-+()]+")
_PUNCTUATION = re.compile(r"[\s.\-()]")
SORTS = ("nama", "jenis", "kecamatan", "bidang", "baki", "terdaftar")
STANDS_FOR = func.coalesce(Borrower.merged_into_id, Borrower.id)  # the record that was kept
SURELY_A_NUMBER = 7  # so many digits are a phone, a NIK or a cooperative's number, no name


@dataclass(frozen=True)
class BorrowerLine:
    id: int
    kind: str
    name: str
    business_name: str
    nik_tail: str
    kelurahan: str
    kecamatan: str
    chair_name: str

    @property
    def known_for(self) -> str:
        """The business of a person, the chair of a cooperative."""
        return f"ketua {self.chair_name}" if self.chair_name else self.business_name


@dataclass(frozen=True)
class BorrowerFacts:
    """All that is stored about a borrower. `nik` is for the rules only, never for a page."""

    id: int
    kind: BorrowerKind
    name: str
    nik: str = field(repr=False)
    nik_tail: str
    sex: str
    birth_date: dt.date
    business_name: str
    sector: str
    business_started_on: dt.date | None
    kelurahan: str
    kecamatan: str
    address: str
    phone: str
    nib: str
    cooperative_number: str | None
    chair_name: str
    members_male: int | None
    members_female: int | None
    created_at: dt.datetime
    standing: Standing | None  # of a cooperative


@dataclass(frozen=True)
class BorrowerFilter:
    """What the register shows. `running`: only those with (True) or without (False) a running
    loan."""

    text: str = ""
    kind: str | None = None
    kecamatan: str | None = None
    sector: str | None = None
    running: bool | None = None


@dataclass(frozen=True)
class RegisterLine:
    """A borrower in the register. `loans` run today with `outstanding` rupiah in all."""

    id: int
    kind: str
    name: str
    business_name: str
    cooperative_number: str | None
    chair_name: str
    nik_tail: str
    sex: str
    sector: str
    phone: str
    address: str
    kelurahan: str
    kecamatan: str
    created_at: dt.datetime
    loans: int
    outstanding: int
    active: bool | None
    health: str | None
    health_assessed_on: dt.date | None
    annual_meeting_on: dt.date | None


@dataclass(frozen=True)
class RegisterTotals:
    borrowers: int
    cooperatives: int
    running: int
    outstanding: int

    @property
    def micro(self) -> int:
        return self.borrowers - self.cooperatives


def register_lines(
    session: Session, running: Subquery, asked_for: BorrowerFilter, asked: Wanted
) -> tuple[Page[RegisterLine], RegisterTotals]:
    """One page of the register and the totals of the whole filtered list: two queries.

    `running` has borrower_id, loans and outstanding of whoever has a running loan.
    """
    counted: Any = session.execute(
        _filtered(
            select(
                func.count(),
                func.coalesce(func.sum(case((Borrower.kind == "cooperative", 1), else_=0)), 0),
                func.count(running.c.borrower_id),
                func.coalesce(func.sum(running.c.outstanding), 0),
            ),
            running,
            asked_for,
        )
    ).one()
    totals = RegisterTotals(*(int(value) for value in counted))
    asked = replace(asked, page=min(asked.page, max(1, -(-totals.borrowers // asked.per_page))))
    query = _register(running, asked_for, asked).limit(asked.per_page).offset(asked.offset)
    lines = [RegisterLine(*row) for row in session.execute(query)]
    return Page(lines, asked.page, asked.per_page, totals.borrowers), totals


def all_register_lines(
    session: Session,
    running: Subquery,
    asked_for: BorrowerFilter,
    asked: Wanted,
    most: int = 100_000,
) -> list[RegisterLine]:
    """The whole register for an export, in the order in which it is shown."""
    query = _register(running, asked_for, asked).limit(most)
    return [RegisterLine(*row) for row in session.execute(query)]


def _register(running: Subquery, asked_for: BorrowerFilter, asked: Wanted) -> Any:
    outstanding = func.coalesce(running.c.outstanding, 0)
    query = select(
        Borrower.id,
        Borrower.kind,
        Borrower.name,
        Borrower.business_name,
        Borrower.cooperative_number,
        Borrower.chair_name,
        Borrower.nik_tail,
        Borrower.sex,
        Borrower.sector,
        Borrower.phone,
        Borrower.address,
        Kelurahan.name,
        Kecamatan.name,
        Borrower.created_at,
        func.coalesce(running.c.loans, 0),
        outstanding,
        Borrower.active,
        Borrower.health,
        Borrower.health_assessed_on,
        Borrower.annual_meeting_on,
    )
    by = {
        "nama": Borrower.name_key,
        "jenis": Borrower.kind,
        "kecamatan": Kecamatan.name,
        "bidang": Borrower.sector,
        "baki": outstanding,
        "terdaftar": Borrower.created_at,
    }[asked.sort]
    order = by.desc() if asked.descending else by.asc()
    return _filtered(query, running, asked_for).order_by(order, Borrower.name_key, Borrower.id)


def _filtered(query: Any, running: Subquery, asked_for: BorrowerFilter) -> Any:
    query = (
        query.select_from(Borrower)
        .join(Kelurahan, Kelurahan.code == Borrower.kelurahan_code)
        .join(Kecamatan, Kecamatan.code == Kelurahan.kecamatan_code)
        .outerjoin(running, running.c.borrower_id == Borrower.id)
        .where(Borrower.merged_into_id.is_(None))
    )
    if asked_for.text:
        query = query.where(matches(asked_for.text, by_nik=False))
    if asked_for.kind is not None:
        query = query.where(Borrower.kind == asked_for.kind)
    if asked_for.kecamatan is not None:
        query = query.where(Kecamatan.code == asked_for.kecamatan)
    if asked_for.sector is not None:
        query = query.where(Borrower.sector == asked_for.sector)
    if asked_for.running is not None:
        has = running.c.borrower_id
        query = query.where(has.is_not(None) if asked_for.running else has.is_(None))
    return query


def kecamatan_choices(session: Session) -> list[tuple[str, str]]:
    rows = session.execute(select(Kecamatan.code, Kecamatan.name).order_by(Kecamatan.name))
    return [(row[0], row[1]) for row in rows]


def editable_facts(session: Session, borrower_id: int) -> dict[str, Any] | None:
    """The facts that a form may change, by the name of the field, without the NIK."""
    one = session.get(Borrower, borrower_id, populate_existing=True)
    if one is None:
        return None
    fields = EDITABLE[BorrowerKind(one.kind)]
    return {field: getattr(one, field) for field in fields if field != "nik"}


def candidates(session: Session, most: int) -> list[Candidates]:
    """Up to `most` pairs of borrowers that share a NIK, a phone or a birth date and are not known
    to be different: one query, each kind of pair by its index."""
    one, two = aliased(Borrower), aliased(Borrower)
    same_phone = and_(one.phone == two.phone, one.phone != "")
    same = (one.nik_index == two.nik_index, same_phone, one.birth_date == two.birth_date)
    pairs = union(
        *(
            select(one.id.label("first"), two.id.label("second"))
            .join(two, each)
            .where(one.id < two.id, one.merged_into_id.is_(None), two.merged_into_id.is_(None))
            for each in same
        )
    ).subquery("pairs")

    def person(side: type[Borrower]) -> Any:
        return case((side.chair_name != "", side.chair_name), else_=side.name)

    known = and_(
        BorrowerDistinct.first_id == pairs.c.first, BorrowerDistinct.second_id == pairs.c.second
    )
    rows = session.execute(
        select(one.id, two.id, person(one), person(two), *same)
        .select_from(pairs)
        .join(one, one.id == pairs.c.first)
        .join(two, two.id == pairs.c.second)
        .outerjoin(BorrowerDistinct, known)
        .where(BorrowerDistinct.first_id.is_(None))
        .order_by(one.id, two.id)
        .limit(most)
    )
    return [Candidates(*row[:4], *map(bool, row[4:])) for row in rows]


def lines_by_id(session: Session, ids: Iterable[int]) -> dict[int, BorrowerLine]:
    rows = session.execute(_lines().where(Borrower.id.in_(list(ids))))
    return {row[0]: BorrowerLine(*row) for row in rows}


def find_borrowers(session: Session, text: str, most: int = 10) -> list[BorrowerLine]:
    """Up to `most` borrowers by name, business, cooperative number, phone, or a full NIK; what a
    merged record answers to leads to the one that was kept."""
    text = text.strip()
    if not text:
        return []
    ids = select(STANDS_FOR).where(matches(text))
    found = session.execute(
        _lines().where(Borrower.id.in_(ids)).order_by(Borrower.name_key).limit(most)
    )
    return [BorrowerLine(*row) for row in found]


def matches(text: str, *, by_nik: bool = True) -> ColumnElement[bool]:
    """The condition that a borrower answers to `text`. Without `by_nik` no NIK is looked up: what
    stands in an address must not be one."""
    number = text
    if _NUMBER.fullmatch(text):  # a NIK or a phone, written with spaces, dots or dashes
        number = _PUNCTUATION.sub("", text)
        number = "0" + number[3:] if number.startswith("+62") else number
    like = "%" + text.casefold().replace("!", "!!").replace("%", "!%").replace("_", "!_") + "%"
    places = [
        Borrower.cooperative_number == text,
        Borrower.phone.in_([text, number]),
    ]
    if by_nik:
        places.append(Borrower.nik_index == index_of(number))
    if len(number) < SURELY_A_NUMBER or not number.isdigit():  # else all places have an index
        places.append(Borrower.name_key.like(like, escape="!"))
        places.append(Borrower.business_name.ilike(like, escape="!"))
        places.append(Borrower.chair_name.ilike(like, escape="!"))
    return or_(*places)


def is_whole_nik(text: str) -> bool:
    """Whether a person typed sixteen digits, however written."""
    plain = _PUNCTUATION.sub("", text)
    return len(plain) == 16 and plain.isascii() and plain.isdigit()


def borrower_line(session: Session, borrower_id: int) -> BorrowerLine | None:
    found = session.execute(_lines().where(Borrower.id == borrower_id)).first()
    return None if found is None else BorrowerLine(*found)


def borrower_facts(
    session: Session, borrower_id: int, *, follow: bool = True
) -> BorrowerFacts | None:
    """All that is stored; of the record that was kept when this one was merged, if `follow`."""
    if follow:
        kept = select(STANDS_FOR).where(Borrower.id == borrower_id)
        borrower_id = session.scalar(kept) or borrower_id
    row = session.execute(
        select(Borrower, Kelurahan.name, Kecamatan.name)
        .join(Kelurahan, Kelurahan.code == Borrower.kelurahan_code)
        .join(Kecamatan, Kecamatan.code == Kelurahan.kecamatan_code)
        .where(Borrower.id == borrower_id)
    ).first()
    if row is None:
        return None
    one, kelurahan, kecamatan = row
    same = ("id", "name", "nik_tail", "sex", "birth_date", "business_name", "sector",
            "business_started_on", "address", "phone", "nib", "cooperative_number", "chair_name",
            "members_male", "members_female", "created_at")  # fmt: skip
    return BorrowerFacts(
        **{name: getattr(one, name) for name in same},
        kind=BorrowerKind(one.kind),
        nik=unseal(one.nik, NIK_PLACE),
        kelurahan=kelurahan,
        kecamatan=kecamatan,
        standing=_standing(one),
    )


def _standing(one: Borrower) -> Standing | None:
    if one.kind != BorrowerKind.COOPERATIVE:
        return None
    health = None if one.health is None else Health(one.health)
    return Standing(one.active, health, one.health_assessed_on, one.annual_meeting_on)


def registered(
    session: Session, kind: BorrowerKind, nik: str, cooperative_number: str | None
) -> BorrowerLine | None:
    """The borrower with this key: the NIK of a person, the number of a cooperative."""
    key = (
        Borrower.cooperative_number == cooperative_number
        if kind is BorrowerKind.COOPERATIVE
        else Borrower.nik_index == index_of(nik)
    )
    ids = select(STANDS_FOR).where(Borrower.kind == kind.value, key)
    found = session.execute(_lines().where(Borrower.id.in_(ids))).first()
    return None if found is None else BorrowerLine(*found)


def sectors(session: Session, most: int = 60) -> list[str]:
    """The business sectors written so far, to be offered again."""
    query = select(Borrower.sector).where(Borrower.sector != "").distinct()
    return list(session.scalars(query.order_by(Borrower.sector).limit(most)))


def _lines() -> Select[*tuple[Any, ...]]:
    return (
        select(
            Borrower.id,
            Borrower.kind,
            Borrower.name,
            Borrower.business_name,
            Borrower.nik_tail,
            Kelurahan.name,
            Kecamatan.name,
            Borrower.chair_name,
        )
        .join(Kelurahan, Kelurahan.code == Borrower.kelurahan_code)
        .join(Kecamatan, Kecamatan.code == Kelurahan.kecamatan_code)
    )
