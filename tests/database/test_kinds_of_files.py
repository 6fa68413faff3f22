"""The kinds of file are widened in a filled database: nothing is lost, every rule still holds."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import Column, MetaData, Table, select, text
from sqlalchemy.exc import DatabaseError, IntegrityError

from tests import factories
from wibawa import schema
from wibawa.database import db, writing

PLAIN = (
    "INSERT INTO uploads (bank_id, kind, status, filename, size, sha256, uploaded_by, uploaded_at, "
    "submitted_by, posted_by, posted_at, skip_problems, skip_reason, suspend_unknown, headings, "
    "first_rows, row_count, problem_count, notice_count, total, control_total, "
    "control_total_stated, posted_rows, posted_total, suspense_rows, suspense_total, "
    "already_posted_rows, already_posted_total, skipped_rows, skipped_total{more}) VALUES "
    "(:bank, :kind, :status, 'a.csv', 1, 'x', :uploaded, '2026-11-01', NULL, :posted, "
    "{at}, false, '', false, '[]', '[]', 0, 0, 0, 0, 0, false, 0, 0, 0, 0, 0, 0, 0, 0{values})"
)


SEALED = {
    "address", "phone", "nik", "nik_tail", "content", "sealed", "before_sealed", "after_sealed",
}  # fmt: skip


def rows() -> dict[str, list[Any]]:
    """Everything that every table holds, by table; but what is sealed anew, which never looks the
    same."""
    metadata = MetaData()
    with db.engine.connect() as connection:
        metadata.reflect(connection)
        return {
            table.name: sorted(map(repr, connection.execute(select(*_of(table))).mappings()))
            for table in metadata.tables.values()
        }


def _of(table: Table) -> list[Column[Any]]:
    return [column for column in table.c if column.name not in SEALED]


def insert(bank: int | None, kind: str, uploaded: int, posted: int | None, *, old: bool) -> None:
    more, values = ("", "") if old else (", sealed, summary", ", false, '{}'")
    at = "NULL" if posted is None else "'2026-11-02'"
    statement = PLAIN.replace("{more}", more).replace("{values}", values).replace("{at}", at)
    status = "clean" if posted is None else "posted"
    given = {"bank": bank, "kind": kind, "status": status, "uploaded": uploaded, "posted": posted}
    with db.engine.begin() as connection:
        connection.execute(text(statement), given)


def test_a_filled_database_keeps_every_row_and_every_rule(
    app: Flask, people: dict[str, int]
) -> None:
    factories.two_banks(app, people)
    with app.app_context(), writing():
        insert(factories.PASAR, "repayments", people["pasar"], people["staff"], old=False)
        _write("UPDATE users SET password_set_at = NULL")  # an older version does not know it
        before = rows()
        assert len(before["uploads"]) >= 3
        downgrade(revision="0007")
        upgrade()
        after = rows()
        for each in (before, after):
            each.pop("chain_links")  # made anew of the books by its migration
            each.pop("data_key_checks", None)
        assert after == before
        assert schema.state(db.engine) is None
        for kept in ("kind = 'portfolio'", "sha256 = 'y'", "sealed = NOT sealed"):
            with pytest.raises(DatabaseError, match=r"never changes|append-only"):
                _write(f"UPDATE uploads SET {kept}")
        with pytest.raises(DatabaseError, match=r"never deleted|append-only"):
            _write("DELETE FROM uploads")


def _write(statement: str) -> None:
    with db.engine.begin() as connection:
        connection.execute(text(statement))


def test_a_row_that_breaks_a_new_rule_stops_the_migration_as_a_whole(
    app: Flask, people: dict[str, int]
) -> None:
    staff = people["staff"]
    with app.app_context(), writing():
        downgrade(revision="0007")
        insert(factories.PASAR, "repayments", staff, staff, old=True)
        before = rows()
        with pytest.raises((SystemExit, IntegrityError)):
            upgrade()
        db.session.rollback()
        assert rows() == before
        with db.engine.connect() as connection:
            assert schema.revision(connection) == "0007"


@pytest.mark.parametrize(
    ("bank", "kind", "uploaded", "posted"),
    [
        (None, "register", "staff", "staff"),
        (factories.PASAR, "decisions", "pasar", "pasar"),
        (factories.PASAR, "disbursements", "pasar", "approver"),
        (factories.PASAR, "repayments", "pasar", None),
    ],
)
def test_each_kind_of_file_may_be_posted_by_whom_its_rule_says(
    app: Flask, people: dict[str, int], bank: int | None, kind: str, uploaded: str, posted: str
) -> None:
    with app.app_context(), writing():
        insert(bank, kind, people[uploaded], people.get(posted), old=False)


@pytest.mark.parametrize(
    ("bank", "kind", "uploaded", "posted", "rule"),
    [
        (factories.PASAR, "register", "staff", None, "bank_of_kind"),
        (None, "decisions", "pasar", None, "bank_of_kind"),
        (None, "repayments", "pasar", None, "bank_of_kind"),
        (factories.PASAR, "repayments", "staff", "staff", "two_persons"),
        (factories.PASAR, "disbursements", "approver", "approver", "two_persons"),
        (factories.PASAR, "letters", "pasar", None, "kind_known"),
    ],
)
def test_a_file_of_the_wrong_bank_person_or_kind_is_refused(
    app: Flask,
    people: dict[str, int],
    bank: int | None,
    kind: str,
    uploaded: str,
    posted: str,
    rule: str,
) -> None:
    with app.app_context(), writing(), pytest.raises(IntegrityError, match=rule):
        insert(bank, kind, people[uploaded], people.get(posted), old=False)
