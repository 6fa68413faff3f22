from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from wibawa.access import trail
from wibawa.access.personal_data import index_of, seal, unseal
from wibawa.access.sealed import Placed, place_of, sealed_text
from wibawa.borrowers.checks import EDITABLE, label_of, said, stored_text
from wibawa.borrowers.models import (
    Borrower,
    BorrowerChange,
    BorrowerDistinct,
    phone_key,
    search_text,
)
from wibawa.database import (
    allocate_ids,
    bulk_insert,
    bulk_update,
    stored_date,
    stored_moment,
)
from wibawa.rules.facts import BorrowerKind, Health
from wibawa.rules.nik import mask_nik
from wibawa.rules.refused import Refused

NIK_PLACE = "borrowers.nik"
# What the trail tells of a changed fact, before and after; of who it is, only that it changed.
TOLD = ("sex", "sector", "business_started_on", "kelurahan_code", "active", "health",
        "health_assessed_on", "annual_meeting_on", "members_male", "members_female")  # fmt: skip
COLUMNS = (
    "id", "kind", "name", "name_key", "nik", "nik_index", "nik_tail", "sex", "birth_date",
    "business_name", "sector", "business_started_on", "kelurahan_code", "address", "phone", "nib",
    "cooperative_number", "chair_name", "members_male", "members_female", "created_at",
    "created_by", "active", "health", "health_assessed_on", "annual_meeting_on",
    "search_text", "phone_index",
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
    active: bool | None = None
    health: Health | None = None
    health_assessed_on: dt.date | None = None
    annual_meeting_on: dt.date | None = None


@dataclass(frozen=True)
class Added:
    """`ids` in the order of the input; `new` is how many of them did not exist before."""

    ids: list[int]
    new: int


def add_borrowers(
    session: Session, wanted: Sequence[NewBorrower], by: int, now: dt.datetime
) -> Added:
    """Find or add each borrower, keyed by NIK (a person) or cooperative number: set-based.

    One that exists keeps its facts; nothing is overwritten from a file. The number of a record that
    was merged leads to the one that was kept.
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
    kept = func.coalesce(Borrower.merged_into_id, Borrower.id)
    query = select(kept, Borrower.kind, Borrower.nik_index, Borrower.cooperative_number)
    for number, kind, nik_index, cooperative_number in session.execute(query):
        found[cooperative_number if kind == "cooperative" else bytes(nik_index)] = number
    return found


def name_key(name: str) -> str:
    return name.casefold()[:120]  # a folded name can be longer: "ß" becomes two letters


def _row(
    session: Session, number: int, each: NewBorrower, moment: object, by: int
) -> tuple[object, ...]:
    return (
        number,
        each.kind.value,
        each.name,
        name_key(each.name),
        seal(each.nik, place_of(NIK_PLACE, number)),
        index_of(each.nik),
        sealed_text(each.nik[-4:], "borrowers.nik_tail", number),
        each.sex,
        stored_date(session, each.birth_date),
        each.business_name,
        each.sector,
        stored_date(session, each.business_started_on),
        each.kelurahan_code,
        sealed_text(each.address, "borrowers.address", number),
        sealed_text(each.phone, "borrowers.phone", number),
        each.nib,
        each.cooperative_number,
        each.chair_name,
        each.members_male,
        each.members_female,
        moment,
        by,
        each.active,
        each.health,
        stored_date(session, each.health_assessed_on),
        stored_date(session, each.annual_meeting_on),
        search_text(each.name, each.business_name, each.chair_name),
        phone_key(each.phone),
    )


FROM_FILES = (
    "name", "name_key", "search_text", "sex", "birth_date", "business_name", "sector",
    "business_started_on", "kelurahan_code", "address", "phone", "phone_index", "nib",
)  # fmt: skip
CHANGE_COLUMNS = (
    "id", "borrower_id", "at", "user_id", "field", "before", "after", "upload_id", "row_number",
)  # fmt: skip


@dataclass(frozen=True)
class RowOfFile:
    """What a row of a file changes of a person's record: `facts`, new values by field; `changes`,
    field, before and after as the history keeps them; `search_text` when a name changes."""

    borrower_id: int
    row: int
    facts: Mapping[str, Any] = field(repr=False)
    changes: Sequence[tuple[str, str, str]] = field(repr=False)
    search_text: str | None = None


def change_borrowers(
    session: Session, rows: Sequence[RowOfFile], upload_id: int, by: int, now: dt.datetime
) -> None:
    """Change many records as a file says, and keep each change with its file and row: set-based.

    No fact is ever made empty. The caller holds the records and knows that nobody changed them.
    """
    bulk_update(session, "borrowers", FROM_FILES, [_values(session, row) for row in rows])
    moment = stored_moment(session, now)
    changes = [(row, *change) for row in rows for change in row.changes]
    numbers = allocate_ids(session, "borrower_changes", len(changes)) if changes else []
    kept = [
        (number, row.borrower_id, moment, by, name, *_sealed(number, *texts), upload_id, row.row)
        for number, (row, name, *texts) in zip(numbers, changes, strict=True)
    ]
    bulk_insert(session, "borrower_changes", CHANGE_COLUMNS, kept)


def _sealed(number: int, before: str, after: str) -> tuple[str, str]:
    return (
        sealed_text(before, "borrower_changes.before", number),
        sealed_text(after, "borrower_changes.after", number),
    )


def _values(session: Session, row: RowOfFile) -> tuple[Any, ...]:
    given = dict(row.facts)
    if given.get("phone"):
        given["phone_index"] = phone_key(given["phone"])
    for contact in ("address", "phone"):
        if given.get(contact):
            given[contact] = sealed_text(given[contact], f"borrowers.{contact}", row.borrower_id)
    for day in ("birth_date", "business_started_on"):
        given[day] = stored_date(session, given.get(day))
    name = given.get("name")
    given["name_key"] = None if name is None else name_key(name)
    given["search_text"] = row.search_text
    return (row.borrower_id, *(given.get(column) for column in FROM_FILES))


class ChangedMeanwhile(Refused):
    """Somebody else changed the borrower since the form was shown."""

    def __init__(self) -> None:
        super().__init__(
            "changed",
            "Data peminjam ini diubah orang lain sejak formulir dibuka. Belum ada yang disimpan.",
        )


def edit_borrower(
    session: Session, borrower_id: int, shown: int, new: NewBorrower, by: int, now: dt.datetime
) -> list[str]:
    """Change the facts that differ and keep each change, before and after; labels of what changed.

    `shown` is the number of the last change that the form knew. An empty `new.nik` keeps the
    stored one. Raises `ChangedMeanwhile`, and `Refused` when the NIK or number is taken.
    """
    stored = session.scalar(
        select(Borrower)
        .where(Borrower.id == borrower_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    assert stored is not None
    if stored.merged_into_id is not None:
        raise ChangedMeanwhile
    if stored.pseudonymised_at is not None:
        raise Refused("pseudonymised", "Identitas peminjam ini sudah disamarkan; datanya tetap.")
    last = select(func.coalesce(func.max(BorrowerChange.id), 0))
    if session.scalar(last.where(BorrowerChange.borrower_id == borrower_id)) != shown:
        raise ChangedMeanwhile
    changes = [
        change
        for field in EDITABLE[new.kind]
        if (change := _change(stored, field, new)) is not None
    ]
    if not changes:
        return []
    try:
        keep_changes(session, changes, by, now)
    except IntegrityError as error:
        raise Refused(
            "number_taken",
            "Nomor itu baru saja terdaftar atas nama peminjam lain. Periksa nomornya.",
        ) from error
    labels = [label_of(new.kind, change.field) for change in changes]
    told = trail.changes(
        [
            (
                label_of(new.kind, each.field),
                said(each.field, each.before, {}),
                said(each.field, each.after, {}),
            )
            for each in changes
        ],
        private=[label_of(new.kind, each.field) for each in changes if each.field not in TOLD],
    )
    trail.record(session, now, by, "borrower_changed", "borrower", borrower_id, told)
    return labels


@dataclass(frozen=True, repr=False)
class Change:
    """One fact of a borrower before and after, as the history says it; a NIK whole."""

    borrower_id: int
    field: str
    before: str
    after: str


def keep_changes(session: Session, changes: Sequence[Change], by: int, now: dt.datetime) -> None:
    """Write down what was changed, sealed for the rows of the history, and flush."""
    numbers = allocate_ids(session, "borrower_changes", len(changes))
    for number, each in zip(numbers, changes, strict=True):
        said = (each.before, each.after)
        assert each.before != each.after  # sealed, the database cannot tell
        kept = BorrowerChange(
            id=number, borrower_id=each.borrower_id, at=now, user_id=by, field=each.field
        )
        if each.field == "nik":
            kept.before_sealed, kept.after_sealed = (
                seal(nik, place_of(f"borrower_changes.{side}_sealed", number))
                for nik, side in zip(said, ("before", "after"), strict=True)
            )
            said = (mask_nik(each.before), mask_nik(each.after))
        kept.before, kept.after = (Placed(text, number) for text in said)
        session.add(kept)
    session.flush()


def _change(stored: Borrower, field: str, new: NewBorrower) -> Change | None:
    """Put the new value of one field in place and say what changed; None when nothing did."""
    if field == "nik":
        return _nik_change(stored, new.nik)
    value = getattr(new, field)
    before, after = stored_text(getattr(stored, field)), stored_text(value)
    if before == after:
        return None
    setattr(stored, field, value)
    if field == "name":
        stored.name_key = name_key(new.name)
    return Change(stored.id, field, before, after)


def _nik_change(stored: Borrower, nik: str) -> Change | None:
    if not nik or index_of(nik) == bytes(stored.nik_index):
        return None
    before = nik_of(stored)
    give_nik(stored, nik)
    return Change(stored.id, "nik", before, nik)


def nik_of(one: Borrower) -> str:
    return unseal(one.nik, place_of(NIK_PLACE, one.id))


def give_nik(one: Borrower, nik: str) -> None:
    one.nik, one.nik_index = seal(nik, place_of(NIK_PLACE, one.id)), index_of(nik)
    one.nik_tail = nik[-4:]


def mark_distinct(session: Session, ids: set[int], by: int, now: dt.datetime) -> bool:
    """Remember that two borrowers who look alike are different; False when that is known already.

    Raises `Refused` when they are not two registered borrowers.
    """
    first, second = _two(session, ids)
    if session.get(BorrowerDistinct, (first, second)) is not None:
        return False
    session.add(BorrowerDistinct(first_id=first, second_id=second, at=now, user_id=by))
    try:
        session.flush()
    except IntegrityError:  # somebody else was quicker
        session.rollback()
        return False
    detail = f"Peminjam {first} dan {second}"
    trail.record(session, now, by, "borrowers_distinct", "borrower", first, detail)
    return True


def unmark_distinct(session: Session, ids: set[int], by: int, now: dt.datetime) -> bool:
    """Take the mark back, so that the pair is listed again; False when there is none."""
    first, second = _two(session, ids)
    known = session.get(BorrowerDistinct, (first, second))
    if known is None:
        return False
    session.delete(known)
    detail = f"Peminjam {first} dan {second}"
    trail.record(session, now, by, "borrowers_distinct_undone", "borrower", first, detail)
    return True


def _two(session: Session, ids: set[int]) -> tuple[int, int]:
    query = select(Borrower.id).where(Borrower.id.in_(ids), Borrower.merged_into_id.is_(None))
    found = sorted(session.scalars(query))
    if len(found) != 2:
        raise Refused("not_a_pair", "Pasangan ini tidak ada. Buka daftar kemungkinan ganda lagi.")
    return found[0], found[1]
