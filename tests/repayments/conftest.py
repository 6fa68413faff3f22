"""Books that many files are checked against: the sample portfolio and a few payments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from tests import factories
from tests.conftest import SOAK_ON_BOTH, TODAY, dispose, fresh_database, make_app
from tests.files import making
from wibawa.banks.queries import bank_by_code
from wibawa.database import db, writing
from wibawa.loans.actions import import_portfolio
from wibawa.loans.journal import Author
from wibawa.loans.models import Loan
from wibawa.repayments.actions import import_at_once
from wibawa.repayments.checks import check_repayments
from wibawa.repayments.facts import Options, _accounts, _posted
from wibawa.repayments.outcome import AccountFact, Checked, Posted
from wibawa.repayments.reader import read_repayments
from wibawa.repayments.rows import RepaymentFile
from wibawa.web.clock import now, today

SAMPLES = Path(__file__).parent.parent / "files" / "samples"


@dataclass(frozen=True)
class Books:
    """The sample portfolio with some payments, in one database for all these files."""

    app: Flask
    known: dict[str, tuple[dict[str, AccountFact], Posted]] = field(default_factory=dict)

    def facts(self, bank: str) -> tuple[dict[str, AccountFact], Posted]:
        """What a bank's books know of all its accounts and of the money of `making.BEFORE`: asked
        once for many files, since building the questions takes longer than a small file."""
        if bank not in self.known:
            with self.app.app_context():
                session = db.session()
                own = bank_by_code(session, bank)
                assert own is not None
                named = set(session.scalars(select(Loan.account_number)))
                accounts, _, _ = _accounts(session, own.id, named, today())
                posted = _posted(session, own.id, read_repayments(making.BEFORE, "a.csv"))
                self.known[bank] = accounts, posted
                session.rollback()
        return self.known[bank]

    def check(self, file: RepaymentFile, bank: str = "PASAR", **options: bool) -> Checked:
        accounts, posted = self.facts(bank)
        return check_repayments(file, accounts, posted, today(), **options)


@pytest.fixture(scope="module", params=SOAK_ON_BOTH)
def books(
    request: pytest.FixtureRequest, templates: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Books]:
    folder = tmp_path_factory.mktemp("books")
    with (
        time_machine.travel(TODAY, tick=False),
        fresh_database(request.param, templates, folder, request) as url,
    ):
        app = make_app(url)
        with app.app_context(), writing():
            session = db.session()
            content = (SAMPLES / "data_awal.xlsx").read_bytes()
            import_portfolio(session, content, "data_awal.xlsx", Author(1, None, now()))
            people = factories.people(session)
            for number, account in enumerate(("77123", "0077123"), 1):
                clerk, head = people["staff"], people["approver"]
                factories.loan(session, clerk, head, number=number, account=account)
            pasar = bank_by_code(session, "PASAR")
            assert pasar is not None
            author = Author(people["pasar"], None, now())
            outcome, _ = import_at_once(session, pasar, making.BEFORE, "a.csv", author, Options())
            assert outcome is not None
            assert outcome.checked.posted_rows == 3
            session.commit()
        yield Books(app)
        dispose(app)


@pytest.fixture
def it_is_november() -> Iterator[None]:
    with time_machine.travel(TODAY, tick=False):
        yield
