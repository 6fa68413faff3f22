"""A small office whose figures are reckoned by hand in the tests, and the steps they share.

Aminah borrowed in 2023, paid all of it back on 20 December 2024 and borrowed again in 2025. Budi
has owed since June 2024. Koperasi Maju (chaired by a man, 10 men and 15 women) and Citra came in
2025, Citra on the last day; Dodi on the first day of 2026, in which Citra borrowed again.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from sqlalchemy.orm import Session

from tests import factories
from tests.factories import JATENG, PASAR
from wibawa.borrowers.actions import NewBorrower, add_borrowers
from wibawa.loans.journal import Author, NewLoan, open_loans
from wibawa.rules.facts import BorrowerKind, Method, Terms
from wibawa.web.clock import now

MILLION = 1_000_000
PEKUNDEN, BANGETAYU = "33.74.01.1001", "33.74.05.1012"


@dataclass(frozen=True)
class Office:
    """Ids: the borrowers by their letter, the loans by their number below."""

    borrowers: dict[str, int]
    loans: dict[int, int]


def borrower(
    session: Session,
    by: int,
    number: int,
    name: str,
    sex: str = "P",
    kelurahan: str = PEKUNDEN,
    sector: str = "Kuliner",
) -> int:
    day = 48 if sex == "P" else 8
    new = NewBorrower(
        kind=BorrowerKind.MICRO, name=name, nik=f"337401{day:02d}0485{number:04d}", sex=sex,
        birth_date=dt.date(1985, 4, 8), kelurahan_code=kelurahan, business_name=f"Usaha {name}",
        sector=sector, business_started_on=dt.date(2015, 1, 1), address="Jl. Mawar 1",
        phone=f"08123{number:07d}",
    )  # fmt: skip
    return add_borrowers(session, [new], by, now()).ids[0]


def cooperative(session: Session, by: int, number: int, name: str) -> int:
    new = NewBorrower(
        kind=BorrowerKind.COOPERATIVE, name=name, nik=f"3374010804857{number:03d}", sex="L",
        birth_date=dt.date(1985, 4, 8), kelurahan_code=PEKUNDEN, sector="",
        business_started_on=dt.date(2015, 1, 1), address="Jl. Mawar 2", phone="0247654321",
        cooperative_number=f"33740{number:05d}", chair_name="Agus Salim", members_male=10,
        members_female=15,
    )  # fmt: skip
    return add_borrowers(session, [new], by, now()).ids[0]


def lend(
    session: Session,
    people: dict[str, int],
    borrower_id: int,
    on: dt.date,
    *,
    bank_id: int = PASAR,
    principal: int = 5 * MILLION,
    paid: tuple[int, dt.date] | None = None,
) -> int:
    """A loan of a borrower, flat, 3 %, 24 months; with what was paid on it. Its id."""
    by, second = people["staff"], people["approver"]
    made = open_loans(
        session,
        [
            NewLoan(
                bank_id=bank_id, borrower_id=borrower_id,
                account_number=f"09{bank_id}{borrower_id:05d}{on:%Y%m%d}",
                agreement_number=f"PK/{borrower_id}/{on:%Y%m%d}",
                terms=Terms(principal, 300, 24, Method.FLAT, on),
            )
        ],
        Author(by, second, now()),
    )[0]  # fmt: skip
    if paid is not None:
        factories.payment(session, made, *paid, by, second)
    factories.link_loan(session, made)
    return made


def small_office(session: Session, people: dict[str, int]) -> Office:
    by = people["staff"]
    who = {
        "A": borrower(session, by, 1, "Aminah"),
        "B": borrower(session, by, 2, "Budi", "L", BANGETAYU, "Jasa"),
        "K": cooperative(session, by, 3, "Koperasi Maju"),
        "C": borrower(session, by, 4, "Citra", "P", BANGETAYU, "Fesyen"),
        "D": borrower(session, by, 5, "Dodi", "L", PEKUNDEN, ""),
    }
    whole = (5_300_000, dt.date(2024, 12, 20))  # 5.000.000 and 24 months of 12.500
    given = (
        ("A", dt.date(2023, 3, 10), JATENG, 5 * MILLION, whole),
        ("A", dt.date(2025, 2, 1), PASAR, 10 * MILLION, None),
        ("B", dt.date(2024, 6, 30), PASAR, 5 * MILLION, None),
        ("K", dt.date(2025, 5, 5), JATENG, 50 * MILLION, None),
        ("C", dt.date(2025, 12, 31), PASAR, 5 * MILLION, None),
        ("D", dt.date(2026, 1, 1), PASAR, 2 * MILLION, None),
        ("C", dt.date(2026, 3, 3), JATENG, 25 * MILLION, None),
    )
    loans = {
        number: lend(session, people, who[name], on, bank_id=bank, principal=principal, paid=paid)
        for number, (name, on, bank, principal, paid) in enumerate(given, 1)
    }
    return Office(who, loans)


def form_at(page: str, action: str) -> dict[str, str]:
    """The hidden fields of the form that posts to `action`."""
    form = page[page.index(f'action="{action}"') :]
    form = form[: form.index("</form>")]
    pairs = re.findall(r'type="hidden" (?:id="\w+" )?name="(\w+)" value="([^"]*)"', form)
    return {name: value for name, value in pairs if name != "csrf_token"}


def main_form(page: str) -> dict[str, str]:
    """The hidden fields of a page's main form."""
    form = page[page.index("data-main") :]
    form = form[: form.index("</form>")]
    found = re.findall(r"<input[^>]*type=\"hidden\"[^>]*>", form)
    pairs = [(re.search(r'name="(\w+)"', one), re.search(r'value="([^"]*)"', one)) for one in found]
    return {name[1]: value[1] for name, value in pairs if name and value}
