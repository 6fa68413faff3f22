"""Papers get their numbers one after the other, and what was issued stays as it was."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Any

import pytest
import time_machine
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from tests import factories
from wibawa.access.personal_data import WrongKey
from wibawa.database import db, writing
from wibawa.letters.actions import canonical, issue
from wibawa.letters.documents import (
    AttachedList,
    Facts,
    Grid,
    Heading,
    Letter,
    Letterhead,
    ListColumn,
    PaperKind,
    Points,
    Signatory,
    letter_data,
    letter_from,
)
from wibawa.letters.models import IssuedPaper
from wibawa.letters.queries import DamagedPaper, letter, paper_data
from wibawa.web.clock import now


def compose(heading: Heading) -> dict[str, Any]:
    sent = Letter(heading=heading, subject="Uji", recipient=("Yth. Direktur",), body=("Isi",))
    return {"letter": letter_data(sent), "nik": "3374014804850001"}


def issued(session: Session, by: int, kind: PaperKind = PaperKind.PROPOSAL) -> int:
    return issue(session, kind, factories.PASAR, "12 permohonan", compose, by, now())


def numbers(session: Session) -> list[str]:
    return list(session.scalars(select(IssuedPaper.number).order_by(IssuedPaper.id)))


def test_each_kind_and_year_counts_from_one_without_a_gap(
    session: Session, people: dict[str, int], clock: time_machine.Traveller
) -> None:
    by = people["staff"]
    for kind in (PaperKind.PROPOSAL, PaperKind.PROPOSAL, PaperKind.APPROVAL):
        issued(session, by, kind)
    session.commit()
    issued(session, by)
    session.rollback()  # a deed that failed leaves no gap
    issued(session, by)
    clock.move_to(dt.datetime(2026, 12, 31, 17, 30, tzinfo=dt.UTC))  # 1 January 00.30 WIB
    issued(session, by)
    assert numbers(session) == [
        "001/USULAN/KW/XI/2026",
        "002/USULAN/KW/XI/2026",
        "001/SETUJU/KW/XI/2026",
        "003/USULAN/KW/XI/2026",
        "001/USULAN/KW/I/2027",
    ]


def test_two_at_the_same_moment_get_two_numbers(app: Flask, people: dict[str, int]) -> None:
    meet, wrong = threading.Barrier(4), []

    def press() -> None:
        try:
            with app.app_context(), writing():
                meet.wait()
                issued(db.session(), people["staff"])
                db.session.commit()
        except Exception as error:
            wrong.append(error)

    threads = [threading.Thread(target=press) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    with app.app_context():
        assert numbers(db.session()) == [f"{n:03d}/USULAN/KW/XI/2026" for n in (1, 2, 3, 4)]
        db.session.remove()


@pytest.mark.parametrize("sequence", [1, 3])
def test_the_database_refuses_any_number_but_the_next(
    session: Session, people: dict[str, int], sequence: int
) -> None:
    issued(session, people["staff"])
    session.commit()
    columns = "kind, year, dated, bank_id, subject, data, data_hash, issued_by, issued_at"
    with pytest.raises(DBAPIError, match="without a gap"):
        session.execute(
            text(
                f"INSERT INTO issued_papers (id, sequence, number, {columns}) "
                f"SELECT 99, {sequence}, 'lain', {columns} FROM issued_papers"
            )
        )


def test_the_document_is_sealed_and_opens_under_its_own_number_only(
    session: Session, people: dict[str, int]
) -> None:
    first, second = (issued(session, people["staff"]) for _ in range(2))
    rows = session.execute(select(IssuedPaper.id, IssuedPaper.data)).all()
    assert all(b"3374014804850001" not in row.data for row in rows)
    data = paper_data(session, first)
    assert data is not None
    assert data["nik"] == "3374014804850001"
    assert paper_data(session, 99) is None
    session.commit()
    _untied(session)
    session.execute(
        text("UPDATE issued_papers SET data = (SELECT data FROM issued_papers WHERE id = :other)"),
        {"other": second},
    )
    with pytest.raises(WrongKey):
        paper_data(session, first)


def test_a_document_whose_hash_is_another_is_not_printed(
    session: Session, people: dict[str, int]
) -> None:
    paper_id = issued(session, people["staff"])
    session.commit()
    _untied(session)
    session.execute(text("UPDATE issued_papers SET data_hash = data"))
    with pytest.raises(DamagedPaper):
        paper_data(session, paper_id)


def _untied(session: Session) -> None:
    """Take the guard away, as somebody with the database's password could."""
    of_table = " ON issued_papers" if session.get_bind().dialect.name != "sqlite" else ""
    session.execute(text(f"DROP TRIGGER issued_papers_no_update{of_table}"))


@pytest.mark.parametrize("table", ["issued_papers", "office_profiles"])
@pytest.mark.parametrize("verb", ["UPDATE {} SET id = id", "DELETE FROM {}"])
def test_what_was_issued_stays(
    session: Session, people: dict[str, int], table: str, verb: str
) -> None:
    issued(session, people["staff"])
    with pytest.raises(DBAPIError, match="append-only"):
        session.execute(text(verb.format(table)))


texts = st.text(max_size=30)
lists = st.builds(
    AttachedList,
    texts,
    st.just((ListColumn("Nama", 2), ListColumn("Jumlah", 1, right=True))),
    st.lists(st.tuples(texts, texts), max_size=4).map(tuple),
    st.tuples(texts, texts),
    texts,
)
heads = st.builds(
    Heading,
    texts,
    st.dates(),
    texts,
    st.builds(Letterhead, texts, texts, st.lists(texts, max_size=3).map(tuple), texts),
    st.builds(Signatory, texts, texts, texts, texts),
    texts,
)
blocks = st.one_of(
    texts,
    st.builds(Facts, st.lists(st.tuples(texts, texts), max_size=3).map(tuple)),
    st.builds(Facts, st.just((("A", "B"),)), st.integers(1, 2)),
    st.builds(Points, st.lists(texts, max_size=3).map(tuple)),
    st.builds(
        Grid,
        st.just((ListColumn("No", 1, right=True),)),
        st.lists(st.tuples(texts), max_size=3).map(tuple),
        st.just(()) | st.tuples(texts),
    ),
)
letters = st.builds(
    Letter,
    heading=heads,
    subject=texts,
    recipient=st.lists(texts, max_size=3).map(tuple),
    body=st.lists(blocks, max_size=4).map(tuple),
    enclosure=texts,
    copies=st.lists(texts, max_size=2).map(tuple),
    attached=st.none() | lists,
    name=texts,
)


@given(letters)
def test_a_letter_comes_back_from_its_json_exactly(sent: Letter) -> None:
    import json

    assert letter_from(json.loads(canonical(letter_data(sent)))) == sent


def test_a_letter_is_read_from_what_was_kept(session: Session, people: dict[str, int]) -> None:
    found = letter(session, issued(session, people["staff"]))
    assert found is not None
    assert found.heading.number == "001/USULAN/KW/XI/2026"
    assert found.heading.date == dt.date(2026, 11, 24)
