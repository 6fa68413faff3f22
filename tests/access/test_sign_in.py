from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests import factories
from tests.changes.steps import hidden
from tests.conftest import ApartClient
from wibawa.access.models import TrailEntry, User, UserSession


def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(
    app: Flask, people: dict[str, int]
) -> None:
    client = app.test_client()
    wrong = client.post("/masuk", data={"username": "staff", "password": "salah-sekali"})
    unknown = client.post("/masuk", data={"username": "hantu", "password": "salah-sekali"})
    sentence = "Nama pengguna atau kata sandi tidak cocok"
    assert wrong.status_code == unknown.status_code == 200
    assert sentence in wrong.get_data(as_text=True)
    assert sentence in unknown.get_data(as_text=True)


def test_the_trail_names_the_account_of_a_failed_try_and_never_what_was_typed(
    app: Flask, people: dict[str, int], sign_in: Callable[[str], factories.Client]
) -> None:
    typed = "kata-sandi-di-tempat-nama"
    for name in (" Staff ", typed):
        app.test_client().post("/masuk", data={"username": name, "password": "salah-sekali"})
    page = sign_in("auditor").get("/jejak?kegiatan=sign_in_failed").get_data(as_text=True)
    rows = page[page.index("<tbody") :]
    assert rows.count("Gagal masuk") == 2
    assert rows.count("pengguna Staff") == 1
    assert typed not in page
    one = sign_in("auditor").get(f"/jejak?objek=user&nomor={people['staff']}").get_data(True)
    assert "<td>Gagal masuk</td>" in one


def test_after_signing_in_the_first_page_shows_who_is_there(
    sign_in: Callable[[str], factories.Client],
) -> None:
    answer = sign_in("staff").get("/")
    assert answer.status_code == 200
    assert "Petugas dinas" in answer.get_data(as_text=True)


def test_a_copied_cookie_is_worth_nothing_after_signing_out(
    app: Flask, sign_in: Callable[[str], factories.Client]
) -> None:
    client = sign_in("staff")
    cookie = client.get_cookie("wibawa")
    assert cookie is not None
    client.post("/keluar")
    thief = app.test_client()
    thief.set_cookie("wibawa", cookie.value)
    assert thief.get("/").status_code == 302


def test_the_page_asked_for_before_signing_in_comes_after_it_but_never_another_site(
    app: Flask, people: dict[str, int]
) -> None:
    client = app.test_client()
    body = {"username": "staff", "password": factories.PASSWORD}
    assert client.get("/jejak").headers["Location"] == "/masuk?lanjut=/jejak"
    own = client.post("/masuk", data=body | {"lanjut": "/pinjaman?q=a"})
    assert own.headers["Location"] == "/pinjaman?q=a"
    for evil in ("https://jahat.example/", "//jahat.example", "/\\jahat.example", "javascript:1"):
        answer = app.test_client().post("/masuk", data=body | {"lanjut": evil})
        assert answer.headers["Location"] == "/"


def test_what_was_sent_after_the_session_ended_leads_back_to_its_page(
    app: Flask, people: dict[str, int]
) -> None:
    client, page = app.test_client(), "/pencairan/baru?jenis=mikro"
    sent = client.post(page, headers={"Referer": f"http://localhost{page}"})
    assert sent.headers["Location"] == "/masuk?lanjut=/pencairan/baru?jenis%3Dmikro"
    assert "belum disimpan" in client.get(sent.headers["Location"]).get_data(as_text=True)
    foreign = client.post(page, headers={"Referer": "https://jahat.example/pinjaman"})
    assert foreign.headers["Location"] == "/masuk?lanjut=/"


def test_an_error_page_leads_back_to_where_one_came_from(
    app: Flask, sign_in: Callable[[str], factories.Client]
) -> None:
    staff = sign_in("staff")
    page = staff.get("/tidak-ada", headers={"Referer": "http://localhost/pinjaman?kol=5"})
    assert 'href="/pinjaman?kol=5" data-cancel="True">Kembali</a>' in page.get_data(as_text=True)
    assert ">Kembali</a>" not in staff.get("/tidak-ada").get_data(as_text=True)


def test_a_page_beyond_the_role_is_refused_and_the_try_recorded(
    app: Flask, sign_in: Callable[[str], factories.Client]
) -> None:
    assert sign_in("staff").get("/pengaturan/pengguna").status_code == 403
    page = sign_in("auditor").get("/jejak").get_data(as_text=True)
    assert "Akses ditolak" in page


def test_a_planted_cookie_never_becomes_the_session_of_who_signs_in_with_it(
    app: Flask, people: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Session fixation: the thief keeps a copy of the cookie that the victim begins with."""
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", True)  # so the page gives a cookie
    thief, victim = app.test_client(), app.test_client()
    thief.get("/masuk")
    planted = thief.get_cookie("wibawa")
    assert planted is not None
    victim.set_cookie("wibawa", planted.value)
    token = hidden(victim.get("/masuk").get_data(as_text=True), "csrf_token")
    body = {"username": "staff", "password": factories.PASSWORD, "csrf_token": token}
    assert victim.post("/masuk", data=body).status_code == 302
    assert "Petugas dinas" in victim.get("/").get_data(as_text=True)
    assert thief.get("/").status_code == 302
    known = victim.get_cookie("wibawa")
    assert known is not None
    assert known.value != planted.value


@pytest.mark.parametrize("before", ["pasar", "staff"])
def test_signing_in_over_a_session_ends_it_and_the_new_one_is_of_who_typed_the_password(
    app: Flask, sign_in: Callable[[str], factories.Client], session: Session, before: str
) -> None:
    """A live session was planted, or the person before did not leave."""
    app.test_client_class = ApartClient
    thief, victim = sign_in(before), app.test_client()
    planted = thief.get_cookie("wibawa")
    assert planted is not None
    victim.set_cookie("wibawa", planted.value)
    wrong = {"username": "staff", "password": "salah-sekali"}
    assert victim.post("/masuk", data=wrong).status_code == 200
    assert thief.get("/").status_code == 200, "a wrong password ended somebody's session"
    victim.post("/masuk", data=wrong | {"password": factories.PASSWORD})
    assert "Petugas dinas" in victim.get("/").get_data(as_text=True)
    assert thief.get("/").status_code == 302
    ended = session.execute(select(UserSession.revoked_at).order_by(UserSession.id)).scalars().all()
    assert [moment is not None for moment in ended] == [True, False]
    left = select(TrailEntry.user_id).where(TrailEntry.action == "sign_out")
    owner = session.scalar(select(User.id).where(User.username == before))
    assert session.scalars(left).all() == [owner]


def test_each_signing_in_has_a_token_of_its_own(app: Flask, people: dict[str, int]) -> None:
    client, tokens = app.test_client(), []
    for _ in range(2):
        client.post("/masuk", data={"username": "staff", "password": factories.PASSWORD})
        with client.session_transaction() as kept:
            tokens.append(kept["_user_id"])
        client.post("/keluar")
    assert len(set(tokens)) == 2


def test_a_disabled_user_is_dead_at_once_in_every_session(
    app: Flask, sign_in: Callable[[str], factories.Client], people: dict[str, int]
) -> None:
    here, there = sign_in("staff"), sign_in("staff")
    sign_in("admin").post(f"/pengaturan/pengguna/{people['staff']}/nonaktifkan")
    for client in (here, there):
        assert client.get("/").status_code == 302
        assert client.post("/akun/lanjut").status_code == 302


def test_a_new_database_has_nobody_who_can_sign_in(session: Session) -> None:
    assert session.scalars(select(User.username).where(User.can_sign_in)).all() == []
