"""What the books know that a file of SI-UMI is checked against: a fixed number of queries."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from wibawa.access.personal_data import index_of
from wibawa.banks.models import Bank
from wibawa.banks.queries import places, terms_on, thresholds_on
from wibawa.borrowers.checks import plain_phone
from wibawa.borrowers.models import Borrower, BorrowerDistinct
from wibawa.borrowers.queries import sectors
from wibawa.database import among
from wibawa.loans.models import Loan
from wibawa.loans.positions import positions
from wibawa.siumi.alike import Person
from wibawa.siumi.checks import FIELDS, Checked, Known, Limits, Registered, check_register
from wibawa.siumi.models import RegisterLine
from wibawa.siumi.places import Places
from wibawa.siumi.reader import RegisterFile

MOST_SECTORS = 1_000


def check_against_books(
    session: Session,
    file: RegisterFile,
    today: dt.date,
    *,
    skip: bool,
    renames: Collection[int] = (),
) -> Checked:
    """Check `file` against the borrowers as they are now: seven queries, whatever its size.

    `skip`: rows with problems are left out. `renames`: rows whose change of a name was confirmed.
    """
    terms = terms_on(session, today)
    limits = Limits(
        today,
        terms.minimum_age,
        terms.minimum_business_years,
        skip,
        frozenset(renames),
    )
    keys = {nik: index_of(nik) for nik in {row.nik for row in file.rows if row.nik}}
    return check_register(file, keys, _known(session), _running(session, today), limits)


def confirmed_rows(session: Session, upload_id: int) -> frozenset[int]:
    """The rows of a file whose change of a name was ticked."""
    ticked = select(RegisterLine.row_number).where(
        RegisterLine.upload_id == upload_id, RegisterLine.confirmed
    )
    return frozenset(session.scalars(ticked))


def known_places(session: Session) -> Places:
    return Places((each.code, each.kelurahan, each.kecamatan) for each in places(session))


def _known(session: Session) -> Known:
    """Every borrower by the keyed index of the NIK, and as somebody whom a new one may be."""
    columns: list[Any] = [getattr(Borrower, name) for name in FIELDS]
    query = select(
        Borrower.id,
        Borrower.kind,
        Borrower.merged_into_id,
        Borrower.nik_index,
        Borrower.chair_name,
        *columns,
    )
    by_id: dict[int, Registered] = {}
    by_key: dict[bytes, Registered] = {}
    gone: list[tuple[bytes, int]] = []
    people: list[Person] = []
    for number, kind, into, index, chair, *values in session.execute(query):
        key, facts = bytes(index), dict(zip(FIELDS, values, strict=True))
        if into is not None:
            if kind == "micro":
                gone.append((key, into))
            continue
        if kind == "micro":
            by_key[key] = by_id[number] = Registered(number, facts)
        phone = plain_phone(facts["phone"])
        people.append(Person(number, None, key, chair or facts["name"], phone, facts["birth_date"]))
    merged = {key: by_id[into] for key, into in gone if into in by_id and key not in by_key}
    distinct = select(BorrowerDistinct.first_id, BorrowerDistinct.second_id)
    return Known(
        by_key | merged,
        merged.keys(),
        people,
        frozenset((row[0], row[1]) for row in session.execute(distinct)),
        known_places(session),
        {" ".join(each.split()).casefold(): each for each in sectors(session, MOST_SECTORS)},
    )


def _running(session: Session, today: dt.date) -> Callable[[list[int]], Mapping[int, str]]:
    """Who of some borrowers has a running loan, and which in words: one query."""

    def running(ids: list[int]) -> Mapping[int, str]:
        if not ids:
            return {}
        each = positions(today, thresholds_on(session, today))
        each_of = each.where(among(session, Loan.borrower_id, ids)).subquery("each")
        found = session.execute(
            select(Loan.borrower_id, Loan.number, Bank.name)
            .join(each_of, each_of.c.loan_id == Loan.id)
            .join(Bank, Bank.id == Loan.bank_id)
            .where(each_of.c.outstanding > 0)
            .order_by(Loan.borrower_id, Loan.number)
        )
        words: dict[int, str] = {}
        for borrower_id, number, bank in found:
            before = f"{words[borrower_id]}, " if borrower_id in words else ""
            words[borrower_id] = f"{before}{number} di {bank}"
        return words

    return running
