"""A bank's officer asks for what is another bank's in every way that an address offers: an id, a
part of an own object, a filter, a sort, a search, an export. Made from the list of URLs."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from pypdf import PdfReader
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from tests import factories
from tests.conftest import unnumbered
from tests.house import test_access
from tests.house.test_access import BANKS, PAGES, TRIES, Office, _address, _is_owned, allowed
from wibawa.access.permissions import Role
from wibawa.applications.models import Application
from wibawa.banks.models import Bank
from wibawa.database import db
from wibawa.disbursements.models import Disbursement
from wibawa.letters.models import IssuedPaper
from wibawa.loans.models import Loan, SuspenseEntry

office = test_access.office
OTHER = {"jateng": factories.PASAR, "pasar": factories.JATENG}
# Parts of an object, which the address names beside it.
PARTS = {"paper_id", "receipt_id", "contact_id", "note_id", "papers.paper_id"}
NOBODYS = 999_999
OFFICERS = pytest.mark.parametrize(
    "name", ["pasar", pytest.param("jateng", marks=pytest.mark.soak)]
)


def _of_officers(method: str | None = None) -> Iterator[tuple[Rule, str]]:
    """The pages that a bank's officer may open, with their methods."""
    for each in TRIES:
        rule, way = each.values
        if Role.BANK_OFFICER in allowed(PAGES[rule.endpoint]) and method in (None, way):
            yield rule, way


OWNED_PAGES = [(rule, method) for rule, method in _of_officers() if _is_owned(rule)]
READ_PAGES = [rule for rule, _ in _of_officers("GET")]


def _told(answer: TestResponse) -> tuple[int, bytes, list[tuple[str, str]]]:
    """Everything that the answer to a try lets somebody see. Each has a number of its own, drawn
    by lot."""
    headers = [each for each in answer.headers if each[0] != "Set-Cookie"]
    data = unnumbered(answer) if answer.status_code == 404 else answer.get_data()
    return answer.status_code, data, headers


@OFFICERS
def test_what_is_another_banks_answers_byte_for_byte_like_what_nobody_has(
    office: Office, name: str
) -> None:
    office.again()
    assert len(OWNED_PAGES) > 40
    different, client, other = [], office.client(name), OTHER[name]
    nowhere = {
        key: NOBODYS if isinstance(value, int) else "TIDAKADA" if key == "code" else value
        for key, value in office.values[other].items()
    }
    for rule, method in OWNED_PAGES:
        theirs = client.open(_address(office, rule, other, name), method=method)
        missing = client.open(_missing(office, rule, nowhere, name), method=method)
        if _told(theirs) != _told(missing) or theirs.status_code != 404:
            different.append((rule.rule, method, theirs.status, missing.status))
    assert different == []


def _missing(office: Office, rule: Rule, values: dict[str, Any], name: str) -> str:
    """The address of a page with other values than those of a bank."""
    return _address(replace(office, values={NOBODYS: values}), rule, NOBODYS, name)


def test_a_part_of_another_object_is_not_found_beside_an_own_one(office: Office) -> None:
    """/pinjaman/<own>/cetak/<another bank's paper>.pdf, for officers, and for the office's staff
    who may see both."""
    office.again()
    tried = 0
    for each in TRIES:
        rule, method = each.values
        parts = rule.arguments & PARTS
        if not parts or not _is_owned(rule):
            continue
        for name, mine in (*BANKS.items(), ("staff", factories.PASAR)):
            role = factories.PEOPLE[name][0]
            if role not in allowed(PAGES[rule.endpoint]):
                continue
            theirs = OTHER.get(name, factories.JATENG)
            mixed = office.values[mine] | {
                key: value
                for key, value in office.values[theirs].items()
                if key.rpartition(".")[2] in parts
            }
            address = _missing(office, rule, mixed, name)
            answer = office.client(name).open(address, method=method)
            assert answer.status_code == 404 or method == "POST", (rule.rule, name, answer.status)
            tried += 1
    assert tried >= 5
    assert office.changed() == [], "a part of another object was changed"


def _marks(office: Office) -> dict[int, set[str]]:
    """Bank → numbers that stand on its own objects only."""
    found: dict[int, set[str]] = {}
    with office.app.app_context():
        session: Session = db.session()
        for bank_id in BANKS.values():
            columns = (
                Loan.number, Loan.account_number, Loan.agreement_number, Application.number,
                Disbursement.account_number, Disbursement.agreement_number,
                SuspenseEntry.account_text, IssuedPaper.number,
            )  # fmt: skip
            found[bank_id] = {
                str(value)
                for column in columns
                for value in session.scalars(select(column).where(column.class_.bank_id == bank_id))
                if value
            }
            code = session.get_one(Bank, bank_id).code
            assert len(found[bank_id]) > 8, code
        db.session.remove()
    shared = set.intersection(*found.values())
    return {bank_id: marks - shared for bank_id, marks in found.items()}


def _text(answer: TestResponse) -> str:
    """What an answer says, whatever it is packed in."""
    content = answer.get_data()
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            return " ".join(book.read(name).decode("utf-8", "replace") for name in book.namelist())
    if content.startswith(b"%PDF"):
        return " ".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)
    return content.decode("utf-8", "replace")


def _asked(rule: Rule, other: int, code: str) -> list[str]:
    """What is asked of a page: of one about an object nothing more, of a list the other bank's, by
    its code and by its number."""
    if rule.arguments - {"kind", "which", "word"}:
        return [""]
    return [
        f"?bank={code}&per_hal=200&keadaan=semua",
        f"?bank={other}&bank_id={other}&bank_code={code}&hal=1&urut=-bank",
    ]


@OFFICERS
def test_no_list_export_paper_or_count_shows_anything_of_the_other_bank(
    office: Office, name: str
) -> None:
    office.again()
    marks, other, client = _marks(office), OTHER[name], office.client(name)
    code, leaks, own = office.values[other]["code"], [], 0
    for rule in READ_PAGES:
        address = _address(office, rule, BANKS[name], name)
        for asked in _asked(rule, other, code):
            answer = client.get(address + asked)
            said = _text(answer)
            assert answer.status_code < 400, (address, asked, answer.status)
            leaks += [(address + asked, mark) for mark in marks[other] if _holds(said, mark)]
            own += any(_holds(said, mark) for mark in marks[BANKS[name]])
    assert leaks == []
    assert own > 20, "the marks are looked for where they stand"


def _holds(said: str, mark: str) -> bool:
    return re.search(rf"(?<![\w/]){re.escape(mark)}(?!\w)", said) is not None


@OFFICERS
def test_a_search_for_something_of_the_other_bank_finds_and_counts_what_a_search_for_nothing_does(
    office: Office, name: str
) -> None:
    office.again()
    client, marks = office.client(name), _marks(office)

    def sought(text: str) -> str:
        return _searched(client, text).replace(text, "…")

    nothing = sought("KW-999999")
    assert {sought(mark) for mark in marks[OTHER[name]]} == {nothing}
    assert any(sought(mark) != nothing for mark in marks[BANKS[name]])


def _searched(client: FlaskClient, text: str) -> str:
    return client.post("/cari", data={"q": text}).get_data(as_text=True)
