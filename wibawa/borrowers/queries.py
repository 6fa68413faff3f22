from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from wibawa.access.personal_data import index_of
from wibawa.banks.models import Kecamatan, Kelurahan
from wibawa.borrowers.models import Borrower


@dataclass(frozen=True)
class BorrowerLine:
    id: int
    kind: str
    name: str
    business_name: str
    nik_tail: str
    kelurahan: str
    kecamatan: str


def find_borrowers(session: Session, text: str, most: int = 10) -> list[BorrowerLine]:
    """Up to `most` borrowers by name, business, cooperative number, phone, or a full NIK."""
    text = text.strip()
    if not text:
        return []
    like = "%" + text.casefold().replace("!", "!!").replace("%", "!%").replace("_", "!_") + "%"
    query = _lines().where(
        or_(
            Borrower.name_key.like(like, escape="!"),
            Borrower.business_name.ilike(like, escape="!"),
            Borrower.cooperative_number == text,
            Borrower.phone == text,
            Borrower.nik_index == index_of(text),
        )
    )
    found = session.execute(query.order_by(Borrower.name_key).limit(most))
    return [BorrowerLine(*row) for row in found]


def borrower_line(session: Session, borrower_id: int) -> BorrowerLine | None:
    found = session.execute(_lines().where(Borrower.id == borrower_id)).first()
    return None if found is None else BorrowerLine(*found)


def _lines() -> Select[Any]:
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
