from __future__ import annotations

from collections.abc import Callable

from flask import Flask

from tests import factories


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


def test_signing_in_makes_a_new_session_whatever_cookie_was_there(
    app: Flask, people: dict[str, int]
) -> None:
    """Session fixation: neither a planted cookie nor the one from before becomes the session."""
    client = app.test_client()
    client.set_cookie("wibawa", "ditanam-penyerang")
    client.get("/masuk")
    before = client.get_cookie("wibawa")
    tokens = []
    for _ in range(2):
        client.post("/masuk", data={"username": "staff", "password": factories.PASSWORD})
        with client.session_transaction() as kept:
            tokens.append(kept["_user_id"])
        client.post("/keluar")
    assert len(set(tokens)) == 2
    planted = app.test_client()
    planted.set_cookie("wibawa", before.value if before else "")
    assert planted.get("/").status_code == 302


def test_a_disabled_user_is_dead_at_once_in_every_session(
    app: Flask, sign_in: Callable[[str], factories.Client], people: dict[str, int]
) -> None:
    here, there = sign_in("staff"), sign_in("staff")
    sign_in("admin").post(f"/pengaturan/pengguna/{people['staff']}/saklar")
    for client in (here, there):
        assert client.get("/").status_code == 302
        assert client.post("/akun/lanjut").status_code == 302
