from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from wibawa.access.personal_data import index_of, seal
from wibawa.borrowers.models import Borrower
from wibawa.database import allocate_ids, bulk_insert, stored_date, stored_moment
from wibawa.rules.facts import BorrowerKind

NIK_PLACE = "borrowers.nik"
COLUMNS = (
    "id", "kind", "name", "name_key", "nik", "nik_index", "nik_tail", "sex", "birth_date",
    "business_name", "sector", "business_started_on", "kelurahan_code", "address", "phone", "nib",
    "cooperative_number", "chair_name", "members_male", "members_female", "created_at",
    "created_by",
)  # fmt: skip


@dataclass(frozen=True)
class NewBorrower:
    """A borrower as entered or as a row of a file. `nik` is the chair's for a cooperative."""

    kind: BorrowerKind
    name: str
    nik: str
    sex: str
    birth_date: dt.date
    kelurahan_code: str
    business_name: str = ""
    sector: str = ""
    business_started_on: dt.date | None = None
    address: str = ""
    phone: str = ""
    nib: str = ""
    cooperative_number: str | None = None
    chair_name: str = ""
    members_male: int | None = None
    members_female: int | None = None


@dataclass(frozen=True)
class Added:
    """`ids` in the order of the input; `new` is how many of them did not exist before."""

    ids: list[int]
    new: int


def add_borrowers(
    session: Session, wanted: Sequence[NewBorrower], by: int, now: dt.datetime
) -> Added:
    """Find or add each borrower, keyed by NIK (a person) or cooperative number: set-based.

    One that exists keeps its facts; nothing is overwritten from a file.
    """
    known = _known(session)
    keys = [_key(each) for each in wanted]
    fresh: dict[object, NewBorrower] = {}
    for key, each in zip(keys, wanted, strict=True):
        if key not in known and key not in fresh:
            fresh[key] = each
    numbers = allocate_ids(session, "borrowers", len(fresh)) if fresh else []
    moment = stored_moment(session, now)
    rows = []
    for number, (key, each) in zip(numbers, fresh.items(), strict=True):
        known[key] = number
        rows.append(_row(session, number, each, moment, by))
    bulk_insert(session, "borrowers", COLUMNS, rows)
    return Added([known[key] for key in keys], len(fresh))


def _key(borrower: NewBorrower) -> object:
    if borrower.kind is BorrowerKind.COOPERATIVE:
        return borrower.cooperative_number
    return index_of(borrower.nik)


def _known(session: Session) -> dict[object, int]:
    found: dict[object, int] = {}
    query = select(Borrower.id, Borrower.kind, Borrower.nik_index, Borrower.cooperative_number)
    for number, kind, nik_index, cooperative_number in session.execute(query):
        found[cooperative_number if kind == "cooperative" else bytes(nik_index)] = number
    return found


def _row(
    session: Session, number: int, each: NewBorrower, moment: object, by: int
) -> tuple[object, ...]:
    return (
        number,
        each.kind.value,
        each.name,
        each.name.casefold(),
        seal(each.nik, NIK_PLACE),
        index_of(each.nik),
        each.nik[-4:],
        each.sex,
        stored_date(session, each.birth_date),
        each.business_name,
        each.sector,
        stored_date(session, each.business_started_on),
        each.kelurahan_code,
        each.address,
        each.phone,
        each.nib,
        each.cooperative_number,
        each.chair_name,
        each.members_male,
        each.members_female,
        moment,
        by,
    )
