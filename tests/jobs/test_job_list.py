"""Pekerjaan saya: one's own jobs and nobody else's."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event

from flask import Flask

from tests import factories
from wibawa.jobs import runner

SignIn = Callable[[str], factories.Client]
Ask = Callable[..., int]
LINK = 'class="user-jobs" href="/pekerjaan"'


def test_the_list_shows_the_own_jobs_newest_first(
    office: Flask, asked: Ask, sign_in: SignIn
) -> None:
    first, second = asked("counting"), asked("refusing")
    theirs = asked("writing", "approver")
    for _ in range(3):
        runner.run_one(office, Event())
    waits = asked("crashing")
    page = sign_in("staff").get("/pekerjaan").get_data(as_text=True)
    places = [page.index(f'href="/pekerjaan/{n}"') for n in (waits, second, first)]
    assert places == sorted(places)
    assert f'href="/pekerjaan/{theirs}"' not in page
    assert "1–3 dari 3 pekerjaan" in page
    for word in ("Antre", "Gagal", "Selesai", "hitungan.txt"):
        assert word in page


def test_an_empty_list_says_what_it_is_for(office: Flask, sign_in: SignIn) -> None:
    page = sign_in("leader").get("/pekerjaan").get_data(as_text=True)
    assert "Belum ada pekerjaan" in page
    page = sign_in("leader").get("/pekerjaan?hal=9").get_data(as_text=True)
    assert "Belum ada pekerjaan" in page


def test_the_head_of_every_page_leads_there_once_there_is_one(
    office: Flask, asked: Ask, sign_in: SignIn
) -> None:
    client = sign_in("staff")
    assert LINK not in client.get("/").get_data(as_text=True)
    asked("counting")
    page = client.get("/").get_data(as_text=True)
    assert LINK in page
    assert "belum selesai" in page
    runner.run_one(office, Event())
    page = client.get("/").get_data(as_text=True)
    assert LINK in page
    assert "belum selesai" not in page
    assert LINK not in sign_in("approver").get("/").get_data(as_text=True)
