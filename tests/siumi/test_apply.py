"""A checked file is put into the register of borrowers: all that was shown, once, or nothing."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from tests import factories
from tests.siumi.files import JOKO, SITI, apply, check, csv_of
from wibawa.access.personal_data import index_of
from wibawa.borrowers.actions import nik_of
from wibawa.borrowers.models import Borrower, BorrowerChange
from wibawa.database import db
from wibawa.rules.refused import Refused
from wibawa.siumi import actions
from wibawa.siumi.models import RegisterChange, RegisterLine
from wibawa.siumi.queries import origins
from wibawa.siumi.reader import read_register
from wibawa.uploads.models import Upload
from wibawa.web.clock import now

CHANGED = SITI | {"NAMA": "Siti Aminah Rahayu", "TANGGAL MULAI USAHA": "02-03-2017",
                  "KELURAHAN": "Pekunden", "NO HP": "", "NIB": "1234567890123"}  # fmt: skip


@pytest.fixture
def office(session: Session) -> dict[str, int]:
    return factories.people(session)


@pytest.fixture
def siti(session: Session, office: dict[str, int]) -> int:
    return factories.borrower(session, office["staff"])


def one(session: Session, **by: Any) -> Borrower:
    query = select(Borrower).filter_by(**by).execution_options(populate_existing=True)
    return session.scalars(query).one()


def one_named(session: Session, name: str) -> Borrower:
    return one(session, name=name)


def test_a_new_enterprise_is_registered_with_its_facts_and_a_sealed_nik(
    session: Session, office: dict[str, int]
) -> None:
    upload = apply(session, csv_of(SITI, JOKO), office["staff"])
    assert upload is not None
    assert (upload.status, upload.posted_by, upload.posted_rows) == ("posted", office["staff"], 2)
    joko = one(session, nik_index=index_of(JOKO["NIK"]))
    assert nik_of(joko) == JOKO["NIK"]
    assert (joko.kind, joko.name, joko.name_key) == ("micro", "Joko Susilo", "joko susilo")
    assert (joko.sex, joko.birth_date, joko.nik_tail) == ("L", dt.date(1979, 5, 12), "0002")
    assert (joko.kelurahan_code, joko.phone) == ("33.74.01.1001", "081311112222")
    assert joko.search_text == "joko susilo\nbengkel joko"
    assert (joko.created_by, joko.created_at) == (office["staff"], now())
    assert [(o.upload_id, o.row) for o in origins(session, [joko.id])] == [(upload.id, 3)]


def test_a_known_one_changes_where_the_file_says_so_and_nowhere_else(
    session: Session, office: dict[str, int], siti: int
) -> None:
    place = session.scalar(text("SELECT code FROM kelurahan WHERE name = 'Pekunden'"))
    upload = apply(session, csv_of(CHANGED), office["staff2"])
    assert upload is not None
    stored = one(session, id=siti)
    assert stored.name == "Siti Aminah Rahayu"
    assert stored.name_key == "siti aminah rahayu"
    assert stored.search_text == "siti aminah rahayu\nroti siti"
    assert (stored.phone, stored.nib) == ("081234567890", "1234567890123")
    assert (stored.business_started_on, stored.kelurahan_code) == (dt.date(2017, 3, 2), place)
    kept = session.scalars(select(BorrowerChange).order_by(BorrowerChange.field)).all()
    assert [(each.field, each.before, each.after) for each in kept] == [
        ("business_started_on", "2018-01-01", "2017-03-02"),
        ("kelurahan_code", "33.74.01.1001", place),
        ("name", "Siti Aminah", "Siti Aminah Rahayu"),
        ("nib", "", "1234567890123"),
    ]
    who = {(each.user_id, each.at, each.upload_id, each.row_number) for each in kept}
    assert who == {(office["staff2"], now(), upload.id, 2)}


@pytest.mark.usefixtures("siti")
def test_a_second_run_changes_nothing(session: Session, office: dict[str, int]) -> None:
    content = csv_of(CHANGED, JOKO)
    first = apply(session, content, office["staff"])
    author = actions.Author(office["staff"], None, now())
    checked, again = actions.import_at_once(session, content, "x.csv", author, skip=False)
    assert (checked, again) == (None, first)
    for other in (csv_of(JOKO, CHANGED), csv_of(CHANGED, JOKO | {"ALAMAT": ""})):
        outcome = check(session, other)
        assert (outcome.new, outcome.changed, outcome.unchanged) == (0, 0, 2)
    before = session.scalar(select(func.count()).select_from(BorrowerChange))
    assert apply(session, csv_of(JOKO, CHANGED), office["staff"]) is not None
    assert session.scalar(select(func.count()).select_from(BorrowerChange)) == before
    assert session.scalar(select(func.count()).select_from(Borrower)) == 2


@pytest.mark.usefixtures("siti")
def test_a_problem_stops_the_whole_file_unless_its_row_is_left_out(
    session: Session, office: dict[str, int]
) -> None:
    content = csv_of(CHANGED, JOKO | {"NO HP": "x"})
    assert apply(session, content, office["staff"]) is None
    assert session.scalar(select(func.count()).select_from(BorrowerChange)) == 0
    assert session.scalar(select(func.count()).select_from(Upload)) == 0
    upload = apply(session, content, office["staff"], skip=True)
    assert upload is not None
    assert (upload.posted_rows, upload.skipped_rows) == (1, 1)
    assert session.scalar(select(func.count()).select_from(Borrower)) == 1


def received(session: Session, content: bytes, by: int) -> Upload:
    author = actions.Author(by, None, now())
    file = read_register(content, "siumi.csv")
    return actions.receive(session, content, "siumi.csv", file, author).upload


def test_nothing_is_applied_when_the_borrowers_changed_since_the_page_was_shown(
    session: Session, office: dict[str, int], siti: int
) -> None:
    content = csv_of(CHANGED, JOKO)
    upload = received(session, content, office["staff"])
    shown = actions.shown_plan(upload)
    session.execute(update(Borrower).where(Borrower.id == siti).values(nib="9999999999999"))
    author = actions.Author(office["staff"], None, now())
    file = read_register(content, "siumi.csv")
    applied = actions.apply(session, upload, file, author, shown)
    assert not applied.done
    assert "berubah sejak" in applied.sentence
    assert upload.status == "clean"
    assert session.scalar(select(func.count()).select_from(BorrowerChange)) == 0
    now_shown = session.scalar(select(RegisterChange.before).where(RegisterChange.field == "nib"))
    assert now_shown == "9999999999999"
    assert actions.apply(session, upload, file, author, actions.shown_plan(upload)).done
    assert not actions.apply(session, upload, file, author, shown).done  # a second press


def test_a_page_that_does_not_know_the_plan_applies_nothing(
    session: Session, office: dict[str, int]
) -> None:
    content = csv_of(JOKO)
    upload = received(session, content, office["staff"])
    author = actions.Author(office["staff"], None, now())
    file = read_register(content, "siumi.csv")
    for shown in ("", "0" * 64):
        assert not actions.apply(session, upload, file, author, shown).done
    assert session.scalar(select(func.count()).select_from(Borrower)) == 0


def test_a_nik_that_somebody_registered_in_between_stops_the_file(
    session: Session, office: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    content = csv_of(SITI, JOKO)
    upload = received(session, content, office["staff"])
    real = actions.check_against_books

    def overtaken(*given: Any, **more: Any) -> Any:
        checked = real(*given, **more)
        factories.borrower(session, office["staff2"])  # Siti, at the counter
        return checked

    monkeypatch.setattr(actions, "check_against_books", overtaken)
    author = actions.Author(office["staff"], None, now())
    file, shown = read_register(content, "siumi.csv"), actions.shown_plan(upload)
    with pytest.raises(Refused, match="berubah sejak"):
        actions.apply(session, upload, file, author, shown)
    assert upload.status == "clean"


def test_of_two_files_with_the_same_new_one_the_second_is_shown_anew(
    session: Session, office: dict[str, int]
) -> None:
    author = actions.Author(office["staff"], None, now())
    contents = csv_of(JOKO), csv_of(JOKO | {"ALAMAT": "Jl. Lain No. 9"}, SITI)
    one, two = (received(session, content, office["staff"]) for content in contents)
    plans = actions.shown_plan(one), actions.shown_plan(two)
    first, second = (read_register(content, "siumi.csv") for content in contents)
    assert actions.apply(session, one, first, author, plans[0]).done
    assert not actions.apply(session, two, second, author, plans[1]).done
    assert json.loads(two.summary)["changed"] == json.loads(two.summary)["new"] == 1
    assert actions.apply(session, two, second, author, actions.shown_plan(two)).done
    assert one_named(session, "Joko Susilo").address == "Jl. Lain No. 9"


@pytest.mark.parametrize("engine_name", ["postgresql"], indirect=True)
def test_an_edit_that_is_under_way_is_waited_for_and_then_seen(
    app: Flask, session: Session, office: dict[str, int], siti: int
) -> None:
    content = csv_of(CHANGED)
    upload = received(session, content, office["staff"])
    session.commit()
    author, shown = actions.Author(office["staff"], None, now()), actions.shown_plan(upload)
    session.commit()
    with db.engine.connect() as other:
        other.execute(text("UPDATE borrowers SET nib = '9999999999999'"))
        session.execute(text("SET LOCAL lock_timeout = '300ms'"))
        file = read_register(content, "siumi.csv")
        with pytest.raises(DBAPIError, match="lock timeout"):
            actions.apply(session, upload, file, author, shown)
        session.rollback()
        other.commit()
    assert not actions.apply(session, upload, file, author, shown).done
    assert one(session, id=siti).name == "Siti Aminah"


def test_what_an_applied_file_did_can_no_longer_be_rewritten(
    app: Flask, session: Session, office: dict[str, int], siti: int
) -> None:
    upload = apply(session, csv_of(CHANGED, JOKO), office["staff"])
    assert upload is not None
    session.commit()
    deeds = (
        "UPDATE register_lines SET name = 'x'",
        "DELETE FROM register_changes",
        "DELETE FROM register_lines",
        f"INSERT INTO register_changes VALUES ({upload.id}, 3, 'phone', 'a', 'b')",
    )
    for deed in deeds:
        with pytest.raises(DBAPIError, match="of an applied file are kept"):
            session.execute(text(deed))
        session.rollback()
    assert session.scalar(select(func.count()).select_from(RegisterLine)) == 2
    assert db.session() is session


def test_a_file_of_500_rows_takes_as_many_statements_as_one_of_5(
    app: Flask, session: Session, office: dict[str, int]
) -> None:
    factories.loan(session, office["staff"], office["approver"], number=400)
    seen = []
    for first, many in ((1000, 5), (2000, 500)):
        for number in (first, first + 1):
            factories.borrower(session, office["staff"], number)
        rows = [
            SITI | {"NIK": f"337401480485{first + n:04d}", "NO HP": "", "NAMA": f"Siti {n}"}
            for n in range(many)
        ]
        session.flush()
        with factories.counted_queries(app) as statements:
            assert apply(session, csv_of(*rows), office["staff"]) is not None
        seen.append(list(statements))
    assert len(seen[0]) == len(seen[1]), set(seen[0]) ^ set(seen[1])
