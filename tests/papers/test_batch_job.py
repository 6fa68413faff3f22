"""Many schedules become a job whose file is, byte for byte, the one that a request makes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from threading import Event

import pytest
import time_machine
from flask import Flask
from sqlalchemy.orm import Session

from tests import factories
from wibawa.access.models import TrailEntry
from wibawa.jobs import runner
from wibawa.jobs.models import Job
from wibawa.letters.documents import PaperKind
from wibawa.papers import queries
from wibawa.papers.actions import Clerk, issue
from wibawa.printing import routes
from wibawa.web.clock import now

SignIn = Callable[[str], factories.Client]
ADDRESS = "/pinjaman/jadwal/unduh"
KEY = {"request_key": "k" * 32}


@pytest.fixture
def loans(app: Flask, people: dict[str, int], session: Session) -> dict[str, int]:
    """Three loans; the schedule of the second was issued."""
    made = factories.two_banks(app, people)
    issue(session, made["pasar"], PaperKind.SCHEDULE, Clerk(people["staff"], "Ani", now()))
    session.commit()
    return made


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """More than two loans are many, and one at a time is read."""
    monkeypatch.setattr(routes, "AT_ONCE", 2)
    monkeypatch.setattr(queries, "AT_A_TIME", 1)
    monkeypatch.setattr(runner, "TELL_SECONDS", 0)


@pytest.mark.parametrize("asked", ["", "bentuk=zip&kertas=F4", "kecamatan=33.74.01"])
def test_the_file_of_the_job_is_the_file_of_the_request(
    app: Flask,
    loans: dict[str, int],
    sign_in: SignIn,
    clock: time_machine.Traveller,
    monkeypatch: pytest.MonkeyPatch,
    asked: str,
) -> None:
    client, form = sign_in("staff"), dict(part.split("=") for part in asked.split("&") if part)
    at_once = client.post(ADDRESS, data=form | KEY)
    assert at_once.status_code == 200
    monkeypatch.setattr(routes, "AT_ONCE", 2)
    monkeypatch.setattr(queries, "AT_A_TIME", 1)
    answer = client.post(ADDRESS, data=form | KEY)
    assert answer.headers["Location"] == "/pekerjaan/1"
    clock.shift(dt.timedelta(hours=2))
    assert runner.run_one(app, Event())
    result = client.get("/pekerjaan/1/hasil")
    assert result.get_data() == at_once.get_data()
    assert result.mimetype == at_once.mimetype
    assert (
        result.headers["Content-Disposition"].partition("; ")[2]
        == (at_once.headers["Content-Disposition"].partition("; ")[2])
    )


def test_a_form_that_is_sent_twice_asks_for_one_job(
    few: None, loans: dict[str, int], sign_in: SignIn, session: Session
) -> None:
    client = sign_in("staff")
    places = {client.post(ADDRESS, data=KEY).headers["Location"] for _ in range(2)}
    assert places == {"/pekerjaan/1"}
    job = session.query(Job).one()
    assert job.title == "Jadwal Angsuran Kredit Wibawa, 3 pinjaman (PDF)"
    assert job.total == 3
    assert "Siti" not in job.params
    session.rollback()
    other = client.post(ADDRESS, data=KEY | {"bentuk": "zip"})
    assert other.status_code == 409
    assert client.post(ADDRESS).status_code == 409, "a form without its key"
    assert session.query(TrailEntry).filter_by(action="schedules_printed").count() >= 1


def test_an_address_alone_starts_no_job_and_leads_to_the_form_with_the_choice(
    few: None, loans: dict[str, int], sign_in: SignIn, session: Session
) -> None:
    client = sign_in("staff")
    answer = client.get(f"{ADDRESS}?kecamatan=33.74.01&bentuk=zip")
    assert answer.headers["Location"] == "/pinjaman/jadwal?kecamatan=33.74.01&bentuk=zip"
    page = client.get(answer.headers["Location"]).get_data(as_text=True)
    assert "Pilihan ini berisi 3 pinjaman" in page
    assert '<option value="zip" selected>' in page
    assert session.query(Job).count() == 0


def test_a_bank_officer_gets_a_job_of_the_own_loans_only(
    app: Flask, loans: dict[str, int], sign_in: SignIn, monkeypatch: pytest.MonkeyPatch,
    session: Session,
) -> None:  # fmt: skip
    monkeypatch.setattr(routes, "AT_ONCE", 1)
    client = sign_in("pasar")
    place = client.post(ADDRESS, data=KEY | {"bank": "JATENG"}).headers["Location"]
    job = session.query(Job).one()
    assert job.bank_id == factories.PASAR
    assert job.params.count(str(loans["pasar"])) >= 1
    assert f'"loans": [{loans["pasar"]}, {loans["pasar_late"]}]' in job.params
    session.rollback()
    assert client.get(place).status_code == 200
    assert sign_in("jateng").get(place).status_code == 404
    assert sign_in("staff").get(place).status_code == 404
