"""The page of a job: how far it is, its result, and stopping it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from threading import Event

import pytest
import time_machine
from flask import Flask
from sqlalchemy.orm import Session

from tests import factories
from tests.jobs.kinds import ALL, Counting
from wibawa.access.models import TrailEntry, User
from wibawa.jobs import actions, runner
from wibawa.jobs.models import Job
from wibawa.jobs.queries import JobFacts, job_facts
from wibawa.web.clock import now

SignIn = Callable[[str], factories.Client]
Ask = Callable[..., int]
KINDS = {kind.code: kind for kind in ALL}
RELOAD = '<meta http-equiv="refresh"'


def text(answer: object) -> str:
    return " ".join(answer.get_data(as_text=True).split())  # type: ignore[attr-defined]


def running(office: Flask, done: int, total: int) -> None:
    """The oldest job is in a worker's hands, so far."""

    def far(session: Session) -> None:
        job = actions.claim(session, "worker", now(), KINDS)
        assert job is not None
        actions.progress(session, job, done, total, now(), dt.timedelta(minutes=5))

    factories.saved(office, far)


def test_a_job_that_waits_says_how_many_are_ahead_and_loads_itself_again_without_scripts(
    office: Flask, asked: Ask, sign_in: SignIn
) -> None:
    asked("counting", "approver")
    number = asked("counting")
    page = text(sign_in("staff").get(f"/pekerjaan/{number}"))
    assert "Antre" in page
    assert "1 pekerjaan lain ada di depan" in page
    assert f"<noscript>{RELOAD}" in page
    assert f'data-job="/pekerjaan/{number}/keadaan" data-state="queued"' in page
    assert "Antrean belum bergerak" not in page


def test_a_queue_that_nobody_works_on_says_so_after_a_minute(
    office: Flask, asked: Ask, sign_in: SignIn, clock: time_machine.Traveller
) -> None:
    asked("counting", "approver")
    number, client = asked("counting"), sign_in("staff")
    clock.shift(dt.timedelta(seconds=61))
    assert "Antrean belum bergerak" in text(client.get(f"/pekerjaan/{number}"))
    running(office, 0, 3)
    assert "Antrean belum bergerak" not in text(client.get(f"/pekerjaan/{number}"))


def test_progress_is_told_in_numbers_with_what_remains(
    office: Flask, asked: Ask, sign_in: SignIn, clock: time_machine.Traveller
) -> None:
    number, client = asked("counting"), sign_in("staff")
    running(office, 600, 2_400)
    clock.shift(dt.timedelta(seconds=50))
    told = "600 dari 2.400 (25%), kira-kira 3 menit lagi."
    page = text(client.get(f"/pekerjaan/{number}"))
    assert told in page
    assert 'value="600" max="2400"' in page
    answer = client.get(f"/pekerjaan/{number}/keadaan").get_json()
    assert answer == {"state": "running", "done": 600, "total": 2_400, "text": told}


@pytest.mark.parametrize(
    ("done", "total", "seconds", "left"),
    [
        (99, 100, 60, "kurang dari satu menit lagi"),
        (1, 2, 61, "kira-kira 2 menit lagi"),
        (1, 61, 90, "kira-kira 90 menit lagi"),
        (1, 121, 90, "kira-kira 3 jam lagi"),
        (0, 100, 60, ""),
    ],
)
def test_what_remains_is_reckoned_from_what_was_done(
    done: int, total: int, seconds: int, left: str
) -> None:
    since = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)
    empty = dict.fromkeys(JobFacts.__dataclass_fields__)
    facts = JobFacts(
        **empty  # type: ignore[arg-type]
        | {"state": "running", "done": done, "total": total, "started_at": since}
    )
    assert facts.told(since + dt.timedelta(seconds=seconds)).partition("%)")[2] == (
        f", {left}." if left else "."
    )


def test_a_done_job_gives_its_result_until_it_expires_and_each_download_is_recorded(
    office: Flask, asked: Ask, sign_in: SignIn, session: Session, clock: time_machine.Traveller
) -> None:
    number, client = asked("counting"), sign_in("staff")
    assert client.get(f"/pekerjaan/{number}/hasil").status_code == 404
    runner.run_one(office, Event())
    page = text(client.get(f"/pekerjaan/{number}"))
    assert "hitungan.txt (1 KB). Disimpan sampai 1 Desember 2026 10.00" in page
    assert RELOAD not in page
    answer = client.get(f"/pekerjaan/{number}/hasil")
    assert answer.get_data() == b"hitung Staff 03:00"
    assert answer.headers["Content-Disposition"] == "attachment; filename=hitungan.txt"
    (line,) = session.query(TrailEntry).filter_by(action="job_result_opened")
    assert (line.object_kind, line.object_id, line.detail) == (
        "job", number, "Pekerjaan counting",
    )  # fmt: skip
    session.rollback()
    clock.shift(dt.timedelta(hours=11, days=6))
    client = sign_in("staff")
    assert client.get(f"/pekerjaan/{number}/hasil").status_code == 200
    clock.shift(dt.timedelta(hours=11))
    client = sign_in("staff")
    clock.shift(dt.timedelta(hours=2))
    assert client.get(f"/pekerjaan/{number}/hasil").status_code == 404
    assert "sudah dihapus" in text(client.get(f"/pekerjaan/{number}"))


def test_a_failed_job_says_why_and_gives_the_ticket(
    office: Flask, asked: Ask, sign_in: SignIn, session: Session
) -> None:
    number = asked("crashing")
    runner.run_one(office, Event())
    job = session.get(Job, number)
    assert job is not None
    ticket = job.ticket
    session.rollback()
    page = text(sign_in("staff").get(f"/pekerjaan/{number}"))
    assert "Pekerjaan gagal" in page
    assert f'Nomor tiket: <strong class="ticket">{ticket}</strong>' in page


def test_a_job_is_cancelled_once_and_not_after_its_end(
    office: Flask, asked: Ask, sign_in: SignIn, session: Session
) -> None:
    number, client = asked("counting"), sign_in("staff")
    form = {"request_key": "k" * 32}
    for _ in range(2):
        answer = client.post(f"/pekerjaan/{number}/batalkan", data=form)
        assert answer.headers["Location"] == f"/pekerjaan/{number}"
    assert session.query(TrailEntry).filter_by(action="job_cancelled").count() == 1
    facts = job_facts(session, number)
    assert facts is not None
    assert facts.state == "cancelled"
    session.rollback()
    assert "dibatalkan sebelum selesai" in text(client.get(f"/pekerjaan/{number}"))
    assert not runner.run_one(office, Event())
    again = client.post(f"/pekerjaan/{number}/batalkan", data={"request_key": "l" * 32})
    assert again.status_code == 409
    assert "sudah selesai" in text(again)
    assert session.query(TrailEntry).filter_by(action="job_cancelled").count() == 1


def test_a_form_without_a_key_cancels_nothing(
    office: Flask, asked: Ask, sign_in: SignIn, session: Session
) -> None:
    number = asked("counting")
    assert sign_in("staff").post(f"/pekerjaan/{number}/batalkan").status_code == 409
    facts = job_facts(session, number)
    assert facts is not None
    assert facts.state == "queued"


def test_a_result_needs_the_permission_of_its_kind_still(
    office: Flask, asked: Ask, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, client = asked("counting"), sign_in("staff")
    runner.run_one(office, Event())
    monkeypatch.setattr(Counting, "permission", "manage_users")
    assert client.get(f"/pekerjaan/{number}/hasil").status_code == 404


def test_whoever_moved_to_the_other_bank_has_left_the_jobs_of_the_first(
    office: Flask, asked: Ask, sign_in: SignIn, people: dict[str, int]
) -> None:
    number = asked("counting", "pasar", factories.PASAR)
    assert sign_in("pasar").get(f"/pekerjaan/{number}").status_code == 200

    def move(session: Session) -> None:
        officer = session.get(User, people["pasar"])
        assert officer is not None
        officer.bank_id = factories.JATENG

    factories.saved(office, move)
    assert sign_in("pasar").get(f"/pekerjaan/{number}").status_code == 404
