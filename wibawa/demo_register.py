"""A file of SI-UMI to try on the demo office: known enterprises, some with other facts, new ones,
and rows that need a second look."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Callable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from wibawa.borrowers.actions import NewBorrower, nik_of
from wibawa.borrowers.models import Borrower
from wibawa.rules.facts import BorrowerKind
from wibawa.siumi.reader import COLUMNS

KNOWN, NEW = 60, 25


def register_file(
    session: Session, make: Callable[[int, dt.date], NewBorrower], today: dt.date
) -> tuple[str, bytes]:
    """Name and bytes of the file; `make` gives somebody by a number that nobody has."""
    query = select(Borrower).where(Borrower.kind == "micro").order_by(Borrower.id).limit(KNOWN)
    rows = [_row(one, nik_of(one)) for one in session.scalars(query)]
    for number, row in enumerate(rows):
        if number % 6 == 1:
            row["address"] = f"Jl. Pemuda No. {number}"
        if number % 9 == 2:
            row["phone"] = f"0812-5000-{number:04d}"
        if number % 20 == 3:
            row["name"] = f"{row['name']} S."
    people = [make(number, today) for number in range(9_000, 9_000 + 2 * NEW)]
    micro = [one for one in people if one.kind is BorrowerKind.MICRO][:NEW]
    rows += [_row(one, one.nik) for one in micro]
    rows[-1]["phone"] = rows[0]["phone"]  # perhaps somebody who is known already
    rows[-2]["kelurahan_code"] = "Menteng"
    rows[-3]["nik"] = rows[-3]["nik"][:15]
    return f"siumi_{today:%Y-%m}.csv", _csv(rows)


def _row(one: Borrower | NewBorrower, nik: str) -> dict[str, str]:
    started = one.business_started_on
    return {
        "nik": nik,
        "name": one.name,
        "sex": one.sex,
        "birth_date": f"{one.birth_date:%d-%m-%Y}",
        "business_name": one.business_name,
        "sector": one.sector,
        "business_started_on": f"{started:%d-%m-%Y}" if started else "",
        "kelurahan_code": one.kelurahan_code,
        "address": one.address,
        "phone": one.phone,
        "nib": one.nib,
    }


def _csv(rows: Sequence[dict[str, str]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow([column.heading for column in COLUMNS])
    writer.writerows([[row.get(column.key, "") for column in COLUMNS] for row in rows])
    return text.getvalue().encode("utf-8-sig")
