from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from wibawa.access.personal_data import index_of, unseal
from wibawa.banks.models import Kecamatan, Kelurahan
from wibawa.borrowers.actions import NIK_PLACE
from wibawa.borrowers.models import Borrower
from wibawa.rules.facts import BorrowerKind

_NUMBER = re.compile(r"[0-9\s.\-+()]+")
_PUNCTUATION = re.compile(r"[\s.\-()]")


@dataclass(frozen=True)
class BorrowerLine:
    id: int
    kind: str
    name: str
    business_name: str
    nik_tail: str
    kelurahan: str
    kecamatan: str


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


def find_borrowers(session: Session, text: str, most: int = 10) -> list[BorrowerLine]:
    """Up to `most` borrowers by name, business, cooperative number, phone, or a full NIK."""
    text = text.strip()
    if not text:
        return []
    number = text
    if _NUMBER.fullmatch(text):  # a NIK or a phone, written with spaces, dots or dashes
        number = _PUNCTUATION.sub("", text)
        number = "0" + number[3:] if number.startswith("+62") else number
    like = "%" + text.casefold().replace("!", "!!").replace("%", "!%").replace("_", "!_") + "%"
    query = _lines().where(
        or_(
            Borrower.name_key.like(like, escape="!"),
            Borrower.business_name.ilike(like, escape="!"),
            Borrower.cooperative_number == text,
            Borrower.phone.in_([text, number]),
            Borrower.nik_index == index_of(number),
        )
    )
    found = session.execute(query.order_by(Borrower.name_key).limit(most))
    return [BorrowerLine(*row) for row in found]


def borrower_line(session: Session, borrower_id: int) -> BorrowerLine | None:
    found = session.execute(_lines().where(Borrower.id == borrower_id)).first()
    return None if found is None else BorrowerLine(*found)


def borrower_facts(session: Session, borrower_id: int) -> BorrowerFacts | None:
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
    )


def registered(
    session: Session, kind: BorrowerKind, nik: str, cooperative_number: str | None
) -> BorrowerLine | None:
    """The borrower with this key: the NIK of a person, the number of a cooperative."""
    key = (
        Borrower.cooperative_number == cooperative_number
        if kind is BorrowerKind.COOPERATIVE
        else Borrower.nik_index == index_of(nik)
    )
    found = session.execute(_lines().where(Borrower.kind == kind.value, key)).first()
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
        )
        .join(Kelurahan, Kelurahan.code == Borrower.kelurahan_code)
        .join(Kecamatan, Kecamatan.code == Kelurahan.kecamatan_code)
    )
