"""A file is checked and posted with the same number of SQL statements, however many rows it has."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import event
from sqlalchemy.orm import Session

from tests.bulk import MADE_AT, large_portfolio, repayments_csv, two_people
from wibawa.banks.models import Bank
from wibawa.loans.journal import Author
from wibawa.repayments.actions import import_at_once
from wibawa.repayments.facts import Options


def _statements(session: Session, content: bytes, author: Author, *, rows: int) -> list[str]:
    seen: list[str] = []

    def note(_: object, __: object, statement: str, *___: object) -> None:
        seen.append(statement)

    bank = session.get_one(Bank, 1)
    engine = session.get_bind()
    event.listen(engine, "before_cursor_execute", note)
    try:
        outcome, upload = import_at_once(
            session, bank, content, "angsuran.csv", author, Options(suspend_unknown=True)
        )
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert outcome is not None
    assert upload is not None
    assert upload.row_count == outcome.checked.rows == rows
    assert upload.posted_rows > rows // 2
    assert upload.suspense_rows > 0
    return seen


def test_a_file_of_1000_rows_takes_as_many_statements_as_one_of_10(
    app: Flask, session: Session
) -> None:
    entered_by, approved_by = two_people(session)
    accounts = large_portfolio(session, 400, (entered_by, approved_by), banks=(1,))
    open_accounts = [account for account in accounts if account.owed > 2 * account.installment]
    paid_off = [account for account in accounts if not account.owed]
    assert paid_off
    session.commit()
    author = Author(entered_by, None, MADE_AT)
    mixed = [*open_accounts[:7], paid_off[0]]
    few = _statements(session, repayments_csv(10, mixed, seed=1), author, rows=10)
    many = _statements(
        session,
        repayments_csv(1000, [*open_accounts[:300], paid_off[0]], seed=2),
        author,
        rows=1000,
    )
    assert len(few) == len(many), "\n".join(sorted(set(few) ^ set(many)))
