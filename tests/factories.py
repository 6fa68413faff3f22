"""Small believable things for tests, made through the program's own actions."""

from __future__ import annotations

import datetime as dt

from flask.testing import FlaskClient as Client
from sqlalchemy.orm import Session

from wibawa.access.permissions import Role
from wibawa.access.users import add_user
from wibawa.borrowers.actions import NewBorrower, add_borrowers
from wibawa.loans.journal import Author, NewLoan, open_loans
from wibawa.rules.facts import BorrowerKind, Method, Terms
from wibawa.web.clock import now

PASSWORD = "kata-sandi-uji"
JATENG, PASAR = 1, 2
PEOPLE = {
    "staff": (Role.OFFICE_STAFF, None),
    "staff2": (Role.OFFICE_STAFF, None),
    "approver": (Role.APPROVER, None),
    "jateng": (Role.BANK_OFFICER, JATENG),
    "pasar": (Role.BANK_OFFICER, PASAR),
    "leader": (Role.LEADER, None),
    "auditor": (Role.AUDITOR, None),
    "admin": (Role.ADMINISTRATOR, None),
}


def people(session: Session) -> dict[str, int]:
    """One user of each role, all with the same password; name → id."""
    return {
        name: add_user(
            session,
            username=name,
            name=name.capitalize(),
            role=role,
            password=PASSWORD,
            bank_id=bank,
            now=now(),
        ).id
        for name, (role, bank) in PEOPLE.items()
    }


def borrower(session: Session, by: int, number: int = 1, name: str = "Siti Aminah") -> int:
    """A woman born on 8 April 1985 with a bakery in Pekunden; `number` makes another one."""
    return add_borrowers(
        session,
        [
            NewBorrower(
                kind=BorrowerKind.MICRO,
                name=name,
                nik=f"337401480485{number:04d}",
                sex="P",
                birth_date=dt.date(1985, 4, 8),
                kelurahan_code="33.74.01.1001",
                business_name="Roti Siti",
                sector="Kuliner",
                business_started_on=dt.date(2018, 1, 1),
                address="Jl. Pekunden No. 1",
                phone="081234567890",
            )
        ],
        by,
        now(),
    ).ids[0]


def loan(
    session: Session,
    by: int,
    approved_by: int,
    *,
    number: int = 1,
    bank_id: int = PASAR,
    principal: int = 5_000_000,
    method: Method = Method.FLAT,
    disbursed_on: dt.date = dt.date(2026, 1, 31),
    account: str | None = None,
    name: str = "Siti Aminah",
) -> int:
    """A running loan of a borrower of its own; its id."""
    return open_loans(
        session,
        [
            NewLoan(
                bank_id=bank_id,
                borrower_id=borrower(session, by, number, name),
                account_number=account or f"0{bank_id}{number:011d}",
                agreement_number=f"PK/{number:04d}",
                terms=Terms(principal, 300, 24, method, disbursed_on),
            )
        ],
        Author(by, approved_by, now()),
    )[0]
