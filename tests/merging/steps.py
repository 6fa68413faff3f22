"""Two records of one person, and the steps that several tests share."""

from __future__ import annotations

import datetime as dt
import html
import re
import secrets

from flask import Flask
from sqlalchemy.orm import Session

from tests import factories
from wibawa.loans.journal import Author, NewLoan, open_loans
from wibawa.rules.facts import Method, Terms
from wibawa.web.clock import now, today

KEPT, GONE = 1, 2
REASON = "NIK pada catatan lama salah ketik"
PLACE = f"/peminjam/gabung/baru?tetap={KEPT}&lain={GONE}"


def key() -> str:
    return secrets.token_hex(16)


def lend(
    session: Session,
    people: dict[str, int],
    borrower_id: int,
    number: int,
    bank_id: int = factories.PASAR,
) -> int:
    """A loan of a borrower who is there already; its id."""
    loan = NewLoan(
        bank_id=bank_id,
        borrower_id=borrower_id,
        account_number=f"0277{number:09d}",
        agreement_number=f"PK/T/{number}",
        terms=Terms(5_000_000, 300, 24, Method.FLAT, dt.date(2026, 1, 31)),
    )
    return open_loans(session, [loan], Author(people["staff"], people["approver"], now()))[0]


def twins(app: Flask, people: dict[str, int]) -> tuple[int, int]:
    """Siti, and Siti again under a mistyped NIK with a loan of her own and a payment; their ids."""

    def make(session: Session) -> tuple[int, int]:
        by = people["staff"]
        one = factories.borrower(session, by, 1)
        other = factories.borrower(session, by, 2, "Siti Aminah Binti Karto")
        loan = lend(session, people, other, 1)
        factories.payment(session, loan, 220_833, today(), by, people["approver"])
        return one, other

    return factories.saved(app, make)


def hidden(page: str, action: str) -> dict[str, str]:
    """The hidden fields of the form that is sent to `action`."""
    page = html.unescape(page)
    form = page[page.index(f'action="{action}"') :]
    form = form[: form.index("</form>")]
    found = {}
    for tag in re.findall(r"<input[^>]*type=\"hidden\"[^>]*>", form):
        name, value = re.search(r'name="(\w+)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and value and name[1] != "csrf_token":
            found[name[1]] = value[1]
    return found


def asked(client: factories.Client, place: str = PLACE, **typed: str) -> int:
    """The number of a request that the page recorded."""
    body = hidden(client.get(place).get_data(as_text=True), place)
    answer = client.post(place, data=body | {"reason": REASON, "same_person": "y"} | typed)
    assert answer.status_code == 302, answer.get_data(as_text=True)
    return int(answer.headers["Location"].rsplit("/", 1)[1])


def decide(client: factories.Client, number: int, verb: str = "setujui", **typed: str) -> int:
    """The status of the answer to a decision made on the page as it is now."""
    action = f"/peminjam/gabung/{number}/{verb}"
    page = client.get(f"/peminjam/gabung/{number}").get_data(as_text=True)
    data = hidden(page, action) | typed
    return int(client.post(action, data=data).status_code)


def merged(sign_in: object, **typed: str) -> int:
    """The number of a merge of the twins that two persons made."""
    number = asked(sign_in("staff"), **typed)  # type: ignore[operator]
    assert decide(sign_in("approver"), number) == 302  # type: ignore[operator]
    return number
