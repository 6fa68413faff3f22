"""What a bank is told about its file is the same whether a strange account is another bank's or
nobody's: no sentence, page or marked file lets it learn who borrows elsewhere."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest
from flask import Flask
from sqlalchemy import select

from tests import factories
from tests.conftest import SOAK_ON_BOTH
from tests.files.making import BEFORE, HEADINGS, book, csv, row
from tests.repayments.conftest import SAMPLES, Books
from wibawa.borrowers.models import Borrower
from wibawa.database import db, writing
from wibawa.loans.actions import import_portfolio
from wibawa.loans.journal import Author
from wibawa.loans.models import Loan
from wibawa.repayments.reader import read_repayments
from wibawa.web.clock import now

JATENGS, PASARS = "36296057401002", "05698091148001"  # Mulyono Utomo's, Wahyu Prasetyo's
NOBODYS = {JATENGS: "36296057401999", PASARS: "05698091148999"}
STRANGE = [("PASAR", JATENGS, "Mulyono Utomo"), ("JATENG", PASARS, "Wahyu Prasetyo")]


def said(books: Books, bank: str, content: bytes, **options: bool) -> list[tuple[str, ...]]:
    checked = books.check(read_repayments(content, "a"), bank, **options)
    return [(str(p.row), p.column, p.code, p.found, p.message) for p in checked.problems]


@pytest.mark.usefixtures("it_is_november")
class TestTheSentences:
    @pytest.mark.parametrize("suspend", [False, True])
    @pytest.mark.parametrize(("bank", "account", "owner"), STRANGE)
    def test_of_another_banks_account_are_those_of_nobodys(
        self, books: Books, bank: str, account: str, owner: str, suspend: bool
    ) -> None:
        other = NOBODYS[account]
        for name in (owner, "", "Budi Hartanto"):
            for spelled in (account, f"'{account}", account.lstrip("0"), f"00{account}"):
                there = csv(row(spelled, name=name))
                nowhere = there.replace(account.lstrip("0").encode(), other.lstrip("0").encode())
                told = said(books, bank, there, suspend_unknown=suspend)
                assert told[0][2] == "account_unknown"
                plain = said(books, bank, nowhere, suspend_unknown=suspend)
                assert [[each.replace(other.lstrip("0"), account.lstrip("0")) for each in line]
                        for line in plain] == [list(line) for line in told]  # fmt: skip
                assert name == owner or owner not in str(told)

    @pytest.mark.parametrize(("bank", "account", "owner"), STRANGE)
    def test_of_a_number_in_a_numeric_cell_are_those_of_nobodys(
        self, books: Books, bank: str, account: str, owner: str
    ) -> None:
        told, plain = (
            said(books, bank, book(row(int(number), amount=5_000, name="")))
            for number in (account, NOBODYS[account])
        )
        shown = NOBODYS[account].lstrip("0"), account.lstrip("0")
        assert [[each.replace(*shown) for each in line] for line in plain] == [
            list(line) for line in told
        ]
        assert [line[2] for line in told] == ["account_unknown"]

    def test_say_nothing_of_what_the_other_bank_has_posted(self, books: Books) -> None:
        """The same references, days and amounts are in the books, at Bank Pasar."""
        codes = {line[2] for line in said(books, "JATENG", BEFORE)}
        assert codes == {"account_unknown"}
        assert {line[2] for line in said(books, "PASAR", BEFORE)} <= {
            "reference_already_posted", "row_already_posted",
        }  # fmt: skip


@pytest.fixture(params=SOAK_ON_BOTH)
def engine_name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def secrets(app: Flask, people: dict[str, int]) -> dict[int, set[str]]:
    """By bank: its borrowers' names and its loans' numbers, none of which the other may see."""
    with app.app_context(), writing():
        session = db.session()
        content = (SAMPLES / "data_awal.xlsx").read_bytes()
        import_portfolio(session, content, "data_awal.xlsx", Author(1, None, now()))
        session.commit()
        found: dict[int, set[str]] = {factories.JATENG: set(), factories.PASAR: set()}
        names: dict[int, set[str]] = {factories.JATENG: set(), factories.PASAR: set()}
        for bank, agreement, name in session.execute(
            select(Loan.bank_id, Loan.agreement_number, Borrower.name).join(
                Borrower, Borrower.id == Loan.borrower_id
            )
        ):
            found[bank].add(agreement)
            names[bank].add(name)
        both = names[factories.JATENG] & names[factories.PASAR]
        return {bank: found[bank] | (names[bank] - both) for bank in found}


def test_pages_and_marked_files_name_nobody_of_the_other_bank(
    secrets: dict[int, set[str]], sign_in: Callable[[str], Any]
) -> None:
    """Each bank sends the other's whole file, with numbers only: not one name comes back."""
    for who, path, own in (
        ("jateng", "angsuran_pasar_2026-10.csv", factories.PASAR),
        ("pasar", "angsuran_jateng_2026-10.xlsx", factories.JATENG),
    ):
        officer = sign_in(who)
        file = read_repayments((SAMPLES / path).read_bytes(), path)
        rows = [
            (each.account, each.paid_on.strftime("%d-%m-%Y"), each.amount, each.reference)
            for each in file.rows
            if each.paid_on is not None
        ]
        head = tuple(HEADINGS[n] for n in (0, 2, 3, 5))
        sent = csv(*rows, head=head)
        answer = officer.post("/angsuran/berkas/baru", data={"file": (io.BytesIO(sent), "a.csv")})
        address = str(answer.headers["Location"])
        pages = [str(officer.get(f"{address}?hal={n}").get_data(as_text=True)) for n in (1, 2, 3)]
        marked = openpyxl.load_workbook(io.BytesIO(officer.get(f"{address}/hasil.xlsx").data))
        cells = [str(cell) for line in marked.active.iter_rows(values_only=True) for cell in line]
        shown = "\n".join((*pages, *cells))
        assert "bukan rekening Kredit Wibawa di bank ini" in shown
        assert [secret for secret in secrets[own] if secret in shown] == []
