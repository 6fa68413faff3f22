"""What has been written stays: the database itself refuses, whatever the program asks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import time_machine
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from tests import factories
from tests.conftest import TODAY, copied, dispose, fresh_database, make_app, people_in
from tests.notices.steps import issued, told
from wibawa import schema
from wibawa.access.trail import record
from wibawa.arrears.actions import assign_officer, strike_contact
from wibawa.database import db, writing
from wibawa.letters.actions import keep_logo
from wibawa.letters.actions import withdraw as withdraw_paper
from wibawa.letters.documents import PaperKind
from wibawa.loans.models import PaymentMatch, SuspenseEntry, SuspenseResolution
from wibawa.merging.models import BorrowerMerge, BorrowerMove
from wibawa.papers.actions import Clerk
from wibawa.papers.actions import issue as issue_paper
from wibawa.rules.statuses import State
from wibawa.scans.actions import withdraw
from wibawa.web.clock import now, today

APPEND_ONLY = {
    "bank_layouts": "kind",
    "ledger_entries": "amount",
    "suspense_entries": "amount",
    "suspense_resolutions": "amount",
    "payment_matches": "row_key",
    "schedule_rows": "principal",
    "trail_entries": "action",
    "borrower_moves": "to_id",
    "documents": "kind_id",
    "document_contents": "content",
    "document_withdrawals": "reason",
    "notices": "paper_id",
    "paper_withdrawals": "reason",
    "loan_papers": "spoken_on",
    "office_logos": "content",
    "office_profiles": "paper",
    "arrears_contacts": "note",
    "contact_strikes": "reason",
    "arrears_officers": "officer_id",
    "reminder_settings": "gap_days",
    "document_rules": "kinds",
    "reminder_batches": "created_by",
    "reminders": "grade",
}
KEPT = {
    "loans": (
        "number", "bank_id", "borrower_id", "account_number", "disbursed_on", "principal", "rate",
        "months", "method", "multiple", "opened_on",
    ),
    "schedules": (
        "loan_id", "version", "kind", "due_day", "multiple", "starts_on", "total", "reason",
        "made_by", "approved_by", "made_at", "request_id",
    ),
    "loan_requests": (
        "kind", "loan_id", "bank_id", "suspense_id", "upload_id", "data", "reason", "valid_until",
        "entered_by", "entered_at",
    ),
    "uploads": ("bank_id", "kind", "sha256", "content", "sealed", "uploaded_by", "uploaded_at"),
}  # fmt: skip


@pytest.fixture(scope="module")
def sources(
    templates: Any, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Callable[[str], str]]:
    """The URL of filled books on an engine, to copy from: filling them takes longer than a test."""
    made: dict[str, str] = {}
    with ExitStack() as stack:

        def source(engine: str) -> str:
            if engine not in made:
                folder = tmp_path_factory.mktemp("books")
                fresh = fresh_database(engine, templates, folder, request, with_people=True)
                url = made[engine] = stack.enter_context(fresh)
                app = make_app(url)
                with time_machine.travel(TODAY, tick=False), app.app_context(), writing():
                    _fill(db.session(), people_in(db.session()))
                    db.session.commit()
                dispose(app)
            return made[engine]

        yield source


@pytest.fixture
def database_url(
    engine_name: str,
    sources: Callable[[str], str],
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> Iterator[str]:
    server = None if engine_name == "sqlite" else request.getfixturevalue("postgres_url")
    with copied(sources(engine_name), tmp_path, server) as url:
        yield url


@pytest.fixture
def books(people: dict[str, int], connection: Connection) -> Connection:
    """A connection to books that hold one loan with its journal, titipan, a file and a trail."""
    return connection


def _fill(session: Session, people: dict[str, int]) -> None:
    factories.loan(session, people["staff"], people["approver"])
    titipan = factories.suspense(session, people["pasar"])
    asked = factories.request(
        session, "suspense_return", people["staff"], people["approver"], suspense_id=titipan
    )
    session.add(
        SuspenseResolution(
            suspense_id=titipan, sequence=1, kind="returned", amount=1,
            effective_on=today(), booked_at=now(), request_id=asked,
        )
    )  # fmt: skip
    file = session.get_one(SuspenseEntry, titipan)
    loan = factories.loan(session, people["staff"], people["approver"], number=2)
    session.add(
        PaymentMatch(
            loan_id=loan, entry=1, bank_id=file.bank_id, row_key="R|1",
            upload_id=file.upload_id, row_number=1,
        )
    )  # fmt: skip
    record(session, now(), people["staff"], "sign_in")
    keep_logo(session, b"a picture", people["staff"], now())
    _move(session, people["staff"])
    scan = factories.document(session, people["staff"], borrower_id=1)
    withdraw(session, scan, people["staff"], now(), "Salah orang")
    paper = issued(session, people, told(session, people, State.APPROVED))
    issue_paper(session, 1, PaperKind.CARD, Clerk(people["staff"], "Staff", now()))
    withdraw_paper(session, paper, "Salah alamat", people["staff"], now())
    note = factories.contact(session, loan, file.bank_id, people["staff"])
    strike_contact(session, loan, note, "Salah pinjaman", people["staff"], now())
    staff = people["staff"]
    factories.reminders(session, people["staff"], loan)
    assign_officer(session, loan, file.bank_id, staff, 0, staff, now())


def _move(session: Session, by: int) -> None:
    """One line of what a request would move."""
    one, other = (factories.borrower(session, by, number) for number in (8, 9))
    asked = BorrowerMerge(kind="merge", kept_id=one, gone_id=other, reason="Satu orang",
                          entered_by=by, entered_at=now())  # fmt: skip
    session.add(asked)
    session.flush()
    moved = {"object_kind": "loan", "object_id": 1, "from_id": other, "to_id": one}
    session.add(BorrowerMove(merge_id=asked.id, **moved))


def _refused(connection: Connection, statement: str) -> str:
    """What the database says when it refuses `statement`; fails when it does not."""
    before = _count(connection, statement)
    with pytest.raises(DBAPIError) as caught, connection.begin():
        connection.execute(text(statement))
    assert _count(connection, statement) == before > 0, "there was nothing to refuse"
    return str(caught.value.orig)


def _count(connection: Connection, statement: str) -> int:
    table = next(word for word in statement.split() if word in {*APPEND_ONLY, *KEPT})
    with connection.begin():
        return int(connection.scalar(text(f"SELECT count(*) FROM {table}")) or 0)


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_no_line_can_be_changed(books: Connection, table: str) -> None:
    column = APPEND_ONLY[table]
    said = _refused(books, f"UPDATE {table} SET {column} = {column}")
    assert "append-only" in said


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_no_line_can_be_deleted(books: Connection, table: str) -> None:
    assert "append-only" in _refused(books, f"DELETE FROM {table}")


@pytest.mark.parametrize("engine_name", ["postgresql"], indirect=True)
@pytest.mark.parametrize("table", APPEND_ONLY)
def test_no_table_can_be_emptied(books: Connection, table: str) -> None:
    assert "append-only" in _refused(books, f"TRUNCATE {table} CASCADE")


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
@pytest.mark.parametrize("table", ["ledger_entries", "schedule_rows"])
def test_no_line_can_be_replaced(books: Connection, table: str) -> None:
    said = _refused(books, f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}")
    assert "append-only" in said


@pytest.mark.parametrize("table", KEPT)
def test_terms_of_a_loan_a_wish_and_bytes_of_a_file_never_change(
    books: Connection, table: str
) -> None:
    for column in KEPT[table]:
        _refused(books, f"UPDATE {table} SET {column} = {column}")


@pytest.mark.parametrize("table", KEPT)
def test_no_loan_no_wish_and_no_file_can_be_deleted(books: Connection, table: str) -> None:
    _refused(books, f"DELETE FROM {table}")


def test_an_agreement_number_may_still_be_corrected(books: Connection) -> None:
    with books.begin():
        books.execute(text("UPDATE loans SET agreement_number = 'PK/9999'"))
        assert books.scalar(text("SELECT agreement_number FROM loans")) == "PK/9999"


def test_what_cannot_be_changed_cannot_be_deleted_or_emptied_either() -> None:
    for engine, verbs in (("sqlite", ("delete",)), ("postgresql", ("delete", "truncate"))):
        found = re.findall(r"\b(\w+)_no_(\w+)\b", "\n".join(schema.expected(engine)))
        triggers = {each for each in found if not each[0].startswith("guard_")}  # functions
        tables = {table for table, verb in triggers if verb == "update"}
        assert tables >= {*APPEND_ONLY, "proposals", "proposal_lines", "issued_papers"}
        missing = {(table, verb) for table in tables for verb in verbs} - triggers
        assert missing == set(), engine


@pytest.mark.parametrize(
    "changed", ["status = 'refused'", "decision_reason = 'Lain'", "result = 'x'"]
)
def test_a_decision_is_taken_once(books: Connection, changed: str) -> None:
    _refused(books, f"UPDATE loan_requests SET {changed} WHERE status = 'approved'")


def test_a_version_of_a_schedule_ends_once(books: Connection) -> None:
    with books.begin():
        books.execute(text("UPDATE schedules SET ends_on = '2030-01-01' WHERE version = 1"))
    _refused(books, "UPDATE schedules SET ends_on = '9999-12-31' WHERE version = 1")
