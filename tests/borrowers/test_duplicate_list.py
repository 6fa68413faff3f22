from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from tests import factories
from tests.borrowers.test_borrower_list import cooperative
from tests.borrowers.test_reveal_nik import trail
from wibawa.borrowers.actions import NewBorrower, add_borrowers
from wibawa.borrowers.checks import ALIKE, alike, spelling_key
from wibawa.borrowers.models import BorrowerDistinct
from wibawa.database import db, writing
from wibawa.rules.facts import BorrowerKind
from wibawa.web.clock import now

SignIn = Callable[[str], factories.Client]


def person(session: Session, by: int, number: int, name: str, **facts: Any) -> int:
    given: dict[str, Any] = {
        "kind": BorrowerKind.MICRO,
        "name": name,
        "nik": f"337401480485{number:04d}",
        "sex": "P",
        "birth_date": dt.date(1985, 4, 8),
        "kelurahan_code": "33.74.01.1001",
        "phone": "",
    }
    return add_borrowers(session, [NewBorrower(**(given | facts))], by, now()).ids[0]


@pytest.fixture
def lookalikes(app: Flask, people: dict[str, int]) -> dict[str, int]:
    def make(session: Session) -> dict[str, int]:
        by = people["staff"]
        other_day = dt.date(1970, 2, 2)
        return {
            "khotijah": person(session, by, 1, "Siti Khotijah", phone="081200000001"),
            "chotidjah": person(session, by, 2, "Hj. Siti Chotidjah", phone="081200000001"),
            "yusuf": person(session, by, 3, "Moch. Yoesoef"),
            "jusuf": person(session, by, 4, "Muhammad Jusuf"),
            "other_day": person(session, by, 5, "Siti Khotijah", birth_date=other_day),
            "same_day": person(session, by, 6, "Budi Santoso"),
            "no_phone": person(session, by, 7, "Lain Sekali", birth_date=dt.date(1999, 9, 9)),
        }

    return factories.saved(app, make)


def pairs(page: str) -> list[str]:
    body = page[page.index("<tbody>") : page.index("</tbody>")] if "<tbody>" in page else ""
    return body.split("<tr>")[1:]


def test_pairs_are_found_by_phone_and_by_the_sound_of_the_name_with_the_same_birth_date(
    lookalikes: dict[str, int], sign_in: SignIn
) -> None:
    page = sign_in("staff").get("/peminjam/ganda").get_data(as_text=True)
    first, second = pairs(page)
    assert "Siti Khotijah" in first
    assert "Hj. Siti Chotidjah" in first
    assert "Tanggal lahir dan nama sama" in first
    assert "Telepon sama" in first
    assert "Moch. Yoesoef" in second
    assert "Muhammad Jusuf" in second
    assert "nama mirip" in second
    assert "2 pasangan perlu diperiksa" in page
    assert "3374014804850001" not in page


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("Djoko Soesilo", "Joko Susilo"),
        ("Tjahjo Koesoemo", "Cahjo Kusumo"),
        ("H. Achmad Zaenal", "Ahmad Zaenal"),
        ("Aminah, Siti", "Siti Aminah"),
        ("Nurul Azizah", "NURUL ASISAH"),
        ("Mochammad Ali", "Moh Ali"),
        ("Sri Wahyuni", "Sri Wahjuni"),
    ],
)
def test_spellings_of_one_name_sound_alike(name: str, other: str) -> None:
    assert alike(name, other) >= ALIKE


@pytest.mark.parametrize(
    ("name", "other"),
    [("Siti Aminah", "Siti Rohmah"), ("Budi Santoso", "Agus Salim"), ("", ""), ("王", "李")],
)
def test_different_names_do_not(name: str, other: str) -> None:
    assert alike(name, other) < ALIKE
    assert spelling_key("Hj. H. S.E.") == ""


def test_a_chair_with_a_business_is_shown_as_allowed_and_cannot_be_marked(
    app: Flask, people: dict[str, int], sign_in: SignIn
) -> None:
    def make(session: Session) -> None:
        person(session, people["staff"], 7, "Agus Salim")
        cooperative(session, people["staff"], nik="3374014804850007")

    factories.saved(app, make)
    page = sign_in("staff").get("/peminjam/ganda").get_data(as_text=True)
    (row,) = pairs(page)
    assert "NIK sama" in row
    assert "Orang yang sama, diperbolehkan" in row
    assert "<form" not in row
    assert "0 pasangan perlu diperiksa" in page


def test_a_pair_that_is_known_to_be_two_people_does_not_come_back_until_that_is_undone(
    app: Flask, people: dict[str, int], lookalikes: dict[str, int], sign_in: SignIn
) -> None:
    client = sign_in("staff")
    one, two = lookalikes["khotijah"], lookalikes["chotidjah"]
    answer = client.post("/peminjam/ganda/beda", data={"satu": two, "dua": one})
    assert answer.headers["Location"] == "/peminjam/ganda"
    page = client.get("/peminjam/ganda").get_data(as_text=True)
    assert len(pairs(page)) == 1
    undo = f"/peminjam/ganda/urungkan?satu={one}&amp;dua={two}"
    assert undo in page
    detail = f"Peminjam {one} dan {two}"
    assert trail(app, "borrowers_distinct") == [(people["staff"], one, detail)]
    client.post("/peminjam/ganda/beda", data={"satu": one, "dua": two})
    assert "sudah ditandai" in client.get("/peminjam/ganda").get_data(as_text=True)
    assert client.post(undo.replace("&amp;", "&")).status_code == 302
    assert len(pairs(client.get("/peminjam/ganda").get_data(as_text=True))) == 2
    assert len(trail(app, "borrowers_distinct_undone")) == 1
    assert client.post(undo.replace("&amp;", "&")).status_code == 302  # nothing left to undo
    assert len(trail(app, "borrowers_distinct_undone")) == 1


@pytest.mark.parametrize("body", [{}, {"satu": 1, "dua": 1}, {"satu": 1, "dua": 999}])
def test_what_is_no_pair_is_refused(
    app: Flask, lookalikes: dict[str, int], sign_in: SignIn, body: dict[str, int]
) -> None:
    assert sign_in("staff").post("/peminjam/ganda/beda", data=body).status_code == 409
    assert trail(app, "borrowers_distinct") == []


def test_an_auditor_sees_the_pairs_and_marks_none(
    app: Flask, lookalikes: dict[str, int], sign_in: SignIn
) -> None:
    client = sign_in("auditor")
    page = client.get("/peminjam/ganda").get_data(as_text=True)
    assert "Perlu diperiksa petugas" in page
    assert "Bukan orang yang sama" not in page
    assert client.post("/peminjam/ganda/beda", data={"satu": 1, "dua": 2}).status_code == 403
    for who in ("pasar", "leader"):
        assert sign_in(who).get("/peminjam/ganda").status_code == 403


def test_without_lookalikes_the_page_says_so(sign_in: SignIn) -> None:
    page = sign_in("staff").get("/peminjam/ganda").get_data(as_text=True)
    assert "Tidak ada yang mirip" in page


def test_the_page_takes_the_same_number_of_queries_however_many_pairs(
    app: Flask, people: dict[str, int], lookalikes: dict[str, int], sign_in: SignIn
) -> None:
    client = sign_in("staff")
    with factories.counted_queries(app) as few:
        client.get("/peminjam/ganda")
    factories.saved(
        app, lambda s: [factories.borrower(s, people["staff"], number=n) for n in range(20, 30)]
    )
    with factories.counted_queries(app) as many:
        page = client.get("/peminjam/ganda").get_data(as_text=True)
    assert "dari 47 pasangan" in page  # 45 of the ten with one phone
    assert len(many) == len(few)


def test_the_database_keeps_a_pair_once_and_in_order(
    app: Flask, people: dict[str, int], lookalikes: dict[str, int]
) -> None:
    with app.app_context(), writing():
        session = db.session()
        for first, second in ((2, 1), (1, 1)):
            session.add(
                BorrowerDistinct(
                    first_id=first, second_id=second, at=now(), user_id=people["staff"]
                )
            )
            with pytest.raises(IntegrityError):
                session.flush()
            session.rollback()
        assert session.scalar(select(func.count()).select_from(BorrowerDistinct)) == 0
        db.session.remove()
