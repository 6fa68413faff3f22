"""Every sealed column, as the models say: a value that was copied from another row is refused
wherever the program reads it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Column, Connection, LargeBinary, column, select, table, text
from sqlalchemy.orm import Session

from tests.database.sealed_rows import fill_sealed, plain_of, sealed_columns
from wibawa.access import second_factor
from wibawa.access.keys import index_keys
from wibawa.access.personal_data import WrongKey, unseal_bytes
from wibawa.access.sealed import KeyedIndex, SealedBytes, SealedText
from wibawa.applications.entry import draft_body
from wibawa.borrowers.actions import nik_of
from wibawa.borrowers.models import Borrower
from wibawa.database import Base, db, writing
from wibawa.jobs.queries import result_content
from wibawa.keeping.guards import triggers_lowered
from wibawa.layouts import queries as layouts
from wibawa.layouts.models import LayoutExample
from wibawa.letters.queries import paper_data
from wibawa.reconciliation.queries import DamagedMonth, frozen_text
from wibawa.scans import queries as scans
from wibawa.uploads import actions as uploads
from wibawa.uploads.models import Upload
from wibawa.web.clock import now

# Bytes that are neither sealed nor a keyed hash of something sealed, and why.
OTHERS = {
    "failed_sign_ins.account": "a keyed hash of a name that was typed; forgotten with the key",
    "idempotency_keys.body_hash": "a keyed hash of a form that is not kept",
    "office_logos.content": "a picture for the head of papers, shown to everybody",
    "recovery_codes.code_hash": "a keyed hash of a code that is on paper only",
    "upload_plans.data": "row numbers, accounts and amounts",
    "user_sessions.token_hash": "a hash of 256 random bits",
    "year_locks.data": "the figures of a year",
}


def _direct(name: str) -> Callable[[Session, int], Any]:
    """For a column that the program keeps and does not read."""
    where, _, what = name.partition(".")
    kind: Any = Base.metadata.tables[where].c[what].type

    def read(session: Session, number: int) -> bytes:
        rows = table(where, column("id"), column(what, LargeBinary))
        sealed = session.scalar(select(rows.c[what]).where(rows.c.id == number))
        assert sealed is not None
        return unseal_bytes(sealed, kind.place(number))

    return read


def _month(session: Session, number: int) -> str | None:
    try:
        return frozen_text(session, number)
    except DamagedMonth:  # it opened, and its hash is none
        return "opened"


READERS: dict[str, Callable[[Session, int], Any]] = {
    "application_drafts.body": lambda s, n: draft_body(s, n, n, str(n)),
    "borrower_changes.after_sealed": _direct("borrower_changes.after_sealed"),
    "borrower_changes.before_sealed": _direct("borrower_changes.before_sealed"),
    "borrowers.nik": lambda s, n: nik_of(s.get_one(Borrower, n)),
    "closed_months.data": _month,
    "document_contents.content": scans.content_of,
    "document_contents.thumbnail": scans.thumbnail_of,
    "issued_papers.data": paper_data,
    "job_results.content": result_content,
    "layout_examples.content": lambda s, n: layouts.content_of(s.get_one(LayoutExample, n)),
    "past_keys.sealed": lambda s, n: index_keys(s),
    "second_factors.secret": lambda s, n: [second_factor.take(s, n, "000000", now())],
    "uploads.content": lambda s, n: uploads.content_of(s.get_one(Upload, n)),
}


def test_every_column_of_bytes_says_whether_it_is_sealed() -> None:
    plain = {
        f"{each.name}.{one.name}"
        for each in Base.metadata.tables.values()
        for one in each.columns
        if isinstance(one.type, LargeBinary) and not isinstance(one.type, SealedBytes | KeyedIndex)
    }
    assert plain == set(OTHERS)


def test_a_sealed_column_names_itself() -> None:
    for one in sealed_columns():
        kind: Any = one.type
        assert kind.column == f"{one.table.name}.{one.name}"
        assert set(kind.keys) <= {each.name for each in one.table.columns}


def _read(session: Session, one: Column[Any], number: int) -> Any:
    session.expire_all()
    name = f"{one.table.name}.{one.name}"
    if isinstance(one.type, SealedText):
        key = next(iter(one.table.primary_key))
        return session.scalar(select(one).where(key == number))
    return READERS[name](session, number)


def _exchange(connection: Connection, one: Column[Any]) -> None:
    """As somebody could who writes into the file itself."""
    key, name = next(iter(one.table.primary_key)).name, f'"{one.name}"'
    with triggers_lowered(connection, {one.table.name}):
        read = f"SELECT {name} FROM {one.table.name} ORDER BY {key}"
        first, second = connection.exec_driver_sql(read).scalars().all()
        put = text(f"UPDATE {one.table.name} SET {name} = :value WHERE {key} = :row")
        connection.execute(put, [{"value": second, "row": 1}, {"value": first, "row": 2}])


@pytest.mark.usefixtures("people")
def test_a_value_copied_from_another_row_is_refused_in_every_sealed_column(app: Flask) -> None:
    fill_sealed(app)
    seen = []
    for one in sealed_columns():
        name = f"{one.table.name}.{one.name}"
        if name == "data_key_checks.sealed":
            continue  # one row; a value of elsewhere is another key's
        with app.app_context(), writing():
            session = db.session()
            for number in (1, 2):
                told = _read(session, one, number)
                assert told, name
                if isinstance(one.type, SealedText):
                    assert told == plain_of(name, number).decode()
            session.expire_all()
            _exchange(session.connection(), one)
            for number in (1, 2):
                with pytest.raises(WrongKey):
                    _read(session, one, number)
            session.rollback()
        seen.append(name)
    assert set(READERS) <= set(seen)
    assert len(seen) >= 25
