from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Select,
    and_,
    case,
    false,
    func,
    select,
    union,
    union_all,
)
from sqlalchemy.orm import Session, aliased

from wibawa.access.personal_data import index_of
from wibawa.access.sealed import are_contacts_hidden
from wibawa.banks.models import Kecamatan, Kelurahan
from wibawa.borrowers.actions import nik_of
from wibawa.borrowers.checks import EDITABLE, Candidates
from wibawa.borrowers.models import Borrower, BorrowerDistinct, phone_key
from wibawa.rules.facts import BorrowerKind, Health, Standing

_NUMBER = re.compile(r"[0-9\s.\-+()]+")
_PUNCTUATION = re.compile(r"[\s.\-()]")
_PHONE = re.compile(r"(?:\+?62|0)[0-9]{7,13}")
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
    same_phone = func.coalesce(one.phone_index == two.phone_index, false())
    shared = (one.nik_index == two.nik_index, one.birth_date == two.birth_date)
    same = (shared[0], same_phone, shared[1])
    alike = (one.phone_index == two.phone_index, *shared)
    pairs = union(
        *(
            select(one.id.label("first"), two.id.label("second"))
            .join(two, each)
            .where(one.id < two.id, one.merged_into_id.is_(None), two.merged_into_id.is_(None))
            for each in alike
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
    found = session.execute(
        _lines().where(Borrower.id.in_(answering(text))).order_by(Borrower.name_key).limit(most)
    )
    return [BorrowerLine(*row) for row in found]


def answering(text: str, *, by_nik: bool = True) -> CompoundSelect[int]:
    """The ids of the borrowers that answer to `text`, each way by its index. Without `by_nik` no
    NIK is looked up: what stands in an address must not be one. Who may not see contacts finds
    nobody by NIK or phone: of a masked number the rest would be found by trying."""
    number = text
    if _NUMBER.fullmatch(text):  # a NIK or a phone, written with spaces, dots or dashes
        number = _PUNCTUATION.sub("", text)
        number = "0" + number[3:] if number.startswith("+62") else number
    places: list[ColumnElement[bool]] = [Borrower.cooperative_number == text]
    hidden = are_contacts_hidden()
    if not hidden and (phone := phone_key(number)) is not None:  # signs alone are no number
        places.append(Borrower.phone_index == phone)
    if by_nik and not hidden:
        places.append(Borrower.nik_index == index_of(number))
    if len(number) < SURELY_A_NUMBER or not number.isdigit():
        places.append(Borrower.search_text.contains(text.casefold(), autoescape=True))
    return union_all(*(select(STANDS_FOR).where(place) for place in places))


def is_number_of_somebody(text: str) -> bool:
    """Whether a person typed a NIK or a telephone number: neither may stand in an address.

    >>> is_number_of_somebody("0812-3456 7890"), is_number_of_somebody("+62 24 8311111")
    (True, True)
    >>> is_number_of_somebody("3374110020001"), is_number_of_somebody("08 Roti")
    (False, False)
    """
    return is_whole_nik(text) or _PHONE.fullmatch(_PUNCTUATION.sub("", text)) is not None


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
    return many_borrower_facts(session, [borrower_id]).get(borrower_id)


def many_borrower_facts(session: Session, ids: Iterable[int]) -> dict[int, BorrowerFacts]:
    """All that is stored about some borrowers, by their ids: one query."""
    rows = session.execute(
        select(Borrower, Kelurahan.name, Kecamatan.name)
        .join(Kelurahan, Kelurahan.code == Borrower.kelurahan_code)
        .join(Kecamatan, Kecamatan.code == Kelurahan.kecamatan_code)
        .where(Borrower.id.in_(list(ids)))
    )
    return {one.id: _facts(one, kelurahan, kecamatan) for one, kelurahan, kecamatan in rows}


def _facts(one: Borrower, kelurahan: str, kecamatan: str) -> BorrowerFacts:
    same = ("id", "name", "nik_tail", "sex", "birth_date", "business_name", "sector",
            "business_started_on", "address", "phone", "nib", "cooperative_number", "chair_name",
            "members_male", "members_female", "created_at")  # fmt: skip
    return BorrowerFacts(
        **{name: getattr(one, name) for name in same},
        kind=BorrowerKind(one.kind),
        nik=nik_of(one),
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
    """The business sectors written so far, to be offered again: from one to the next by the
    index, however many borrowers there are."""
    first = select(func.min(Borrower.sector).label("sector")).where(Borrower.sector > "")
    each = first.cte("each", recursive=True)
    next_one = select(func.min(Borrower.sector)).where(Borrower.sector > each.c.sector)
    each = each.union_all(
        select(next_one.correlate(each).scalar_subquery()).where(each.c.sector.is_not(None))
    )
    query = select(each.c.sector).where(each.c.sector.is_not(None))
    return list(session.scalars(query.order_by(each.c.sector).limit(most)))


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
