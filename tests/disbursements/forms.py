"""What clerks type, and the steps that several tests share."""

from __future__ import annotations

import re

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests import factories
from wibawa.disbursements.models import Disbursement
from wibawa.loans.models import LedgerEntry, Loan

NIK = "3374014804850012"
MICRO = "/pencairan/baru?jenis=mikro"
PERSON = {
    "name": "Siti Aminah",
    "nik": NIK,
    "sex": "P",
    "birth_date": "08/04/1985",
    "business_name": "Roti Siti",
    "sector": "Kuliner",
    "business_started_on": "01/01/2018",
    "kelurahan_code": "33.74.01.1001",
    "address": "Jl. Pekunden No. 1",
    "phone": "0812-3456 7890",
    "nib": "",
}
WISH = {
    "bank_id": str(factories.PASAR),
    "account_number": "3-001.1234",
    "agreement_number": "PK/77/2026",
    "disbursed_on": "24/11/2026",
    "principal": "5.000.000",
    "collateral": "",
    "direct_reason": "Cair sebelum permohonan dicatat di sini",
}
KEY = "0" * 31


def entry(key: str = "1", **changes: str) -> dict[str, str]:
    """A complete form for a new micro-enterprise."""
    return PERSON | WISH | {"request_key": KEY + key} | changes


def recorded(client: factories.Client, form: str = MICRO, **changes: str) -> int:
    """The id of a disbursement recorded through the page."""
    answer = client.post(form, data=entry(**changes))
    assert answer.status_code == 302, answer.get_data(as_text=True)
    return int(answer.headers["Location"].rsplit("/", 1)[1])


def decision(client: factories.Client, number: int, action: str) -> dict[str, str]:
    """The hidden fields of the form that approves ("setujui") or refuses ("tolak")."""
    page = client.get(f"/pencairan/{number}").get_data(as_text=True)
    form = page[page.index(f'action="/pencairan/{number}/{action}"') :]
    form = form[: form.index("</form>")]
    pairs = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form)
    return {name: value for name, value in pairs if name != "csrf_token"}


def approve(client: factories.Client, number: int) -> int:
    """The id of the loan that approving opened."""
    answer = client.post(f"/pencairan/{number}/setujui", data=decision(client, number, "setujui"))
    assert answer.status_code == 302, answer.get_data(as_text=True)
    return int(answer.headers["Location"].rsplit("/", 1)[1])


def counts(session: Session) -> tuple[int, int, int]:
    """Disbursements, loans, ledger entries."""
    session.rollback()
    found = [
        session.scalar(select(func.count()).select_from(table))
        for table in (Disbursement, Loan, LedgerEntry)
    ]
    return int(found[0] or 0), int(found[1] or 0), int(found[2] or 0)
