"""What was readable in a filled older database is sealed by the migrations, and stays readable to
the program."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from tests import factories
from tests.house.test_no_contact_anywhere import address, leaks, made, nik, phone
from tests.siumi.files import JOKO, csv_of
from wibawa import schema
from wibawa.borrowers.actions import add_borrowers
from wibawa.borrowers.models import Borrower
from wibawa.borrowers.queries import borrower_facts, find_borrowers
from wibawa.database import db, writing
from wibawa.loans.journal import Author
from wibawa.siumi.actions import import_at_once
from wibawa.siumi.models import RegisterLine
from wibawa.web.clock import now


def _raw(columns: str, table: str = "borrowers") -> list[Any]:
    with db.engine.connect() as connection:
        return list(connection.execute(text(f"SELECT {columns} FROM {table} ORDER BY 1")))


def test_the_migration_seals_what_was_readable_and_nothing_is_lost(
    app: Flask, people: dict[str, int]
) -> None:
    wanted = [made(number) for number in range(1, 6)]
    factories.saved(app, lambda s: add_borrowers(s, wanted, people["staff"], now()))
    with app.app_context(), writing():
        downgrade(revision="0041")
        assert _raw("id, phone, address")[2][1:] == (phone(3), address(3))
        upgrade()
        assert leaks(str(_raw("phone, address"))) == set()
        assert schema.state(db.engine) is None
        assert [line.id for line in find_borrowers(db.session(), phone(3))] == [3]
        facts = borrower_facts(db.session(), 3)
        assert facts is not None
        assert (facts.phone, facts.address, facts.nik) == (phone(3), address(3), nik(3))
        db.session.rollback()


def test_the_last_figures_of_a_nik_are_sealed_too_in_rows_that_never_change(
    app: Flask, people: dict[str, int]
) -> None:
    by = people["staff"]

    def make(session: Session) -> None:
        add_borrowers(session, [made(number) for number in range(1, 4)], by, now())
        import_at_once(session, csv_of(JOKO), "siumi.csv", Author(by, None, now()), skip=False)

    factories.saved(app, make)
    gone = text("UPDATE borrowers SET nik_tail = '' WHERE id = 1")  # as of who was pseudonymised
    with app.app_context(), writing():
        for _ in range(2):  # the way back loses nothing either
            downgrade(revision="0050")
            with db.engine.begin() as connection:
                connection.execute(gone)
            assert _raw("id, nik_tail") == [(1, ""), (2, "0002"), (3, "0003"), (4, "0002")]
            assert _raw("row_number, nik_tail", "register_lines") == [(2, "0002")]
            upgrade()
            assert schema.state(db.engine) is None
            sealed = [
                row[1]
                for row in _raw("id, nik_tail") + _raw("row_number, nik_tail", "register_lines")
            ]
            assert [len(each) for each in sealed] == [0, 44, 44, 44, 44]
            assert len(set(sealed)) == 5
        tails = db.session.scalars(select(Borrower.nik_tail).order_by(Borrower.id))
        assert list(tails) == ["", "0002", "0003", "0002"]
        assert db.session.scalar(select(RegisterLine.nik_tail)) == "0002"
        db.session.rollback()
        with pytest.raises(DatabaseError), db.engine.begin() as connection:
            connection.execute(text("UPDATE register_lines SET nik_tail = ''"))
