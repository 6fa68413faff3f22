"""Phones and addresses of a filled older database are sealed by the migration, and stay readable to
the program."""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import text

from tests import factories
from tests.house.test_no_contact_anywhere import address, leaks, made, nik, phone
from wibawa import schema
from wibawa.borrowers.actions import add_borrowers
from wibawa.borrowers.queries import borrower_facts, find_borrowers
from wibawa.database import db, writing
from wibawa.web.clock import now


def _raw(columns: str) -> list[Any]:
    with db.engine.connect() as connection:
        return list(connection.execute(text(f"SELECT {columns} FROM borrowers ORDER BY id")))


def test_the_migration_seals_what_was_readable_and_nothing_is_lost(
    app: Flask, people: dict[str, int]
) -> None:
    wanted = [made(number) for number in range(1, 6)]
    factories.saved(app, lambda s: add_borrowers(s, wanted, people["staff"], now()))
    with app.app_context(), writing():
        downgrade(revision="0041")
        assert _raw("phone, address")[2] == (phone(3), address(3))
        upgrade()
        assert leaks(str(_raw("phone, address"))) == set()
        assert schema.state(db.engine) is None
        assert [line.id for line in find_borrowers(db.session(), phone(3))] == [3]
        facts = borrower_facts(db.session(), 3)
        assert facts is not None
        assert (facts.phone, facts.address, facts.nik) == (phone(3), address(3), nik(3))
        db.session.rollback()
