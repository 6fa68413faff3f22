"""A job from the asking to the end: done, refused, broken, cancelled, given back, thrown away."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import event, func, insert, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from tests import factories
from tests.conftest import dispose, make_app
from tests.jobs.kinds import STEPS, Counting, Writing, ask, know
from wibawa.access.models import TrailEntry, User
from wibawa.access.permissions import Permission
from wibawa.access.users import command_line_user
from wibawa.database import db, writing
from wibawa.jobs import actions, runner
from wibawa.jobs.kind import Kind, Work
from wibawa.jobs.models import MOST_TRIES, Job, JobResult
from wibawa.jobs.queries import (
    ahead_of,
    is_attended,
    job_facts,
    own_jobs,
    result_content,
    waiting,
)
from wibawa.rules.refused import Refused
from wibawa.web.clock import now

Ask = Callable[..., int]
Row = Callable[[int], Job]
WorkOne = Callable[[], bool]
EXPLAIN = {"sqlite": "EXPLAIN QUERY PLAN", "postgresql": "EXPLAIN"}
KINDS: dict[str, Kind] = {"counting": Counting()}


def written(app: Flask, number: int) -> int:
    """How many lines the job left in the trail."""
    with app.app_context():
        found = db.session.scalar(
            select(func.count())
            .select_from(TrailEntry)
            .where(TrailEntry.action == "written", TrailEntry.object_id == number)
        )
        db.session.remove()
    return found or 0


def test_a_job_is_done_and_its_result_kept_sealed(
    office: Flask, asked: Ask, row: Row, work_one: WorkOne
) -> None:
    number = asked("counting")
    assert work_one()
    job = row(number)
    assert (job.state, job.done, job.total, job.tries) == ("done", STEPS, STEPS, 1)
    assert (job.worker, job.lease_until, job.error) == (None, None, "")
    assert (job.result_name, job.result_type) == ("hitungan.txt", "text/plain")
    assert job.expires_at == now() + dt.timedelta(days=7)
    with office.app_context():
        sealed = db.session.scalars(select(JobResult.content)).one()
        content = result_content(db.session(), number)
        db.session.remove()
    assert content == b"hitung Staff 03:00"
    assert job.result_size == len(content)
    assert b"Staff" not in sealed
    assert not work_one()


def test_jobs_are_done_in_the_order_in_which_they_were_asked_for(
    asked: Ask, row: Row, work_one: WorkOne
) -> None:
    first, second = asked("counting"), asked("writing")
    work_one()
    assert (row(first).state, row(second).state) == ("done", "queued")
    work_one()
    assert row(second).state == "done"


def test_a_kind_that_writes_ends_in_one_transaction_with_its_job(
    office: Flask, asked: Ask, row: Row, work_one: WorkOne
) -> None:
    number = asked("writing")
    work_one()
    assert written(office, number) == 1
    assert (row(number).state, row(number).result_name) == ("done", None)


def test_a_job_that_was_cancelled_meanwhile_leaves_nothing(
    office: Flask, asked: Ask, row: Row, work_one: WorkOne, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, number = actions.finish, asked("writing")

    def cancelled_just_before(session: Session, *rest: object) -> None:
        session.execute(
            update(Job).values(state="cancelled", finished_at=now(), worker=None, lease_until=None)
        )
        real(session, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(actions, "finish", cancelled_just_before)
    work_one()
    assert written(office, number) == 0


def test_a_cancelled_job_is_noticed_by_the_worker_that_has_it(
    office: Flask, asked: Ask, row: Row, work_one: WorkOne, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, run, steps = asked("counting"), Counting.run, list[int]()

    def cancelled_in_the_middle(kind: Counting, work: Work) -> object:
        def tell(done: int, total: int) -> None:
            steps.append(done)
            factories.saved(office, lambda s: actions.cancel(s, number, now()))
            work.tell(done, total)

        return run(kind, Work(**{**work.__dict__, "tell": tell}))

    monkeypatch.setattr(Counting, "run", cancelled_in_the_middle)
    work_one()
    assert steps == [1]
    assert row(number).state == "cancelled"
    assert row(number).result_name is None
    assert not work_one()


def test_a_kind_that_only_reads_cannot_write(
    office: Flask, asked: Ask, row: Row, work_one: WorkOne
) -> None:
    number = asked("careless")
    while work_one():
        pass
    assert row(number).state == "failed"
    assert written(office, number) == 0


GONE = {
    "disabled": {"can_sign_in": False},
    "another role": {"role": "leader"},
    "a bank's officer now": {"role": "bank_officer", "bank_id": 2},
}


@pytest.mark.parametrize("gone", GONE)
@pytest.mark.parametrize("when", ["before the work", "during the work"])
def test_nothing_is_done_for_who_may_not_do_it_any_more(
    office: Flask, asked: Ask, row: Row, work_one: WorkOne, monkeypatch: pytest.MonkeyPatch,
    gone: str, when: str,
) -> None:  # fmt: skip
    monkeypatch.setattr(Writing, "permission", Permission.RECORD_APPLICATION)
    number, run = asked("writing"), Writing.run

    def close(session: Session) -> None:
        session.execute(update(User).where(User.username == "staff").values(GONE[gone]))

    def closed_meanwhile(kind: Writing, work: Work) -> None:
        run(kind, work)
        close(work.session)

    if when == "before the work":
        factories.saved(office, close)
    else:
        monkeypatch.setattr(Writing, "run", closed_meanwhile)
    work_one()
    job = row(number)
    assert (job.state, job.error) == ("failed", actions.NOT_ALLOWED)
    assert written(office, number) == 0


def test_what_the_command_line_asked_for_is_done_although_it_cannot_sign_in(
    office: Flask, row: Row, work_one: WorkOne
) -> None:
    number = factories.saved(office, lambda s: ask(s, "writing", command_line_user(s)))
    work_one()
    assert row(number).state == "done"


def test_what_cannot_be_done_is_told_in_the_sentence_of_the_rule(
    asked: Ask, row: Row, work_one: WorkOne
) -> None:
    number = asked("refusing")
    work_one()
    job = row(number)
    assert (job.state, job.tries, job.ticket) == ("failed", 1, "")
    assert job.error == "Berkasnya sudah ditarik; tidak ada yang dikerjakan."


def test_a_crash_is_told_with_a_ticket_and_not_tried_again(
    asked: Ask, row: Row, work_one: WorkOne
) -> None:
    number = asked("crashing")
    assert work_one()
    assert not work_one()
    job = row(number)
    assert (job.state, job.tries, len(job.ticket)) == ("failed", 1, 8)
    assert "tidak beres" in job.error
    assert "ZeroDivision" not in job.error


def test_what_breaks_off_with_the_database_is_tried_three_times(
    asked: Ask, row: Row, work_one: WorkOne
) -> None:
    number = asked("breaking_off")
    for tries in (1, 2):
        work_one()
        assert (row(number).state, row(number).tries) == ("queued", tries)
    work_one()
    job = row(number)
    assert (job.state, job.tries, len(job.ticket)) == ("failed", MOST_TRIES, 8)
    assert "3 kali" in job.error
    assert not work_one()


@pytest.mark.parametrize(
    ("hindered", "said"),
    [
        ("full", ("tempat penyimpanan di peladen habis", "tidak ada yang tersimpan setengah jadi",
                  "yang sudah dibukukan tetap utuh", "supaya tempatnya ditambah")),
        ("busy", ("orang lain terus menulis ke buku yang sama",
                  "tidak ada yang tersimpan setengah jadi", "Tunggu sebentar")),
    ],
)  # fmt: skip
def test_a_full_or_busy_database_is_tried_again_and_then_told_in_words(
    asked: Ask, row: Row, work_one: WorkOne, hindered: str, said: tuple[str, ...]
) -> None:
    number = asked("hindered", said=hindered)
    for tries in (1, 2):
        work_one()
        assert (row(number).state, row(number).tries) == ("queued", tries)
    work_one()
    job = row(number)
    assert (job.state, job.tries, len(job.ticket)) == ("failed", MOST_TRIES, 8)
    assert [part for part in said if part.lower() not in job.error.lower()] == []
    assert "lalu mintalah sekali lagi" in job.error
    assert not work_one()


def test_a_worker_that_fell_silent_loses_its_job_to_the_next_one(
    office: Flask, asked: Ask, row: Row, work_one: WorkOne, clock: time_machine.Traveller
) -> None:
    number = asked("counting")
    dead = factories.saved(office, lambda s: actions.claim(s, "dead", now(), KINDS))
    assert dead is not None
    assert not work_one(), "its hold has not run out"
    clock.shift(dt.timedelta(minutes=2, seconds=1))
    assert work_one()
    assert (row(number).state, row(number).tries) == ("done", 2)
    with office.app_context(), writing():
        silence = dt.timedelta(minutes=2)
        for late in (
            lambda s: actions.progress(s, dead, 1, 3, now(), silence),
            lambda s: actions.finish(s, dead, None, now(), silence),
            lambda s: actions.fail(s, dead, "Gagal.", "", now()),
            lambda s: actions.give_back(s, dead, now(), counts=True),
        ):
            with pytest.raises(actions.Lost):
                late(db.session())
        db.session.rollback()


def test_telling_progress_keeps_the_job(
    office: Flask, asked: Ask, work_one: WorkOne, clock: time_machine.Traveller
) -> None:
    asked("counting")
    slow = factories.saved(office, lambda s: actions.claim(s, "slow", now(), KINDS))
    assert slow is not None
    for done in (1, 2, 3):
        clock.shift(dt.timedelta(seconds=100))
        silence = dt.timedelta(minutes=2)
        factories.saved(office, lambda s: actions.progress(s, slow, done, 3, now(), silence))  # noqa: B023
        assert not work_one()


def test_the_third_worker_that_falls_silent_is_the_last(
    office: Flask, asked: Ask, row: Row, work_one: WorkOne, clock: time_machine.Traveller
) -> None:
    number = asked("counting")
    for tries in (1, 2, 3):
        taken = factories.saved(office, lambda s: actions.claim(s, "dead", now(), KINDS))
        assert taken is not None
        assert taken.tries == tries
        clock.shift(dt.timedelta(minutes=3))
    assert not work_one()
    job = row(number)
    assert (job.state, len(job.ticket)) == ("failed", 8)
    assert "terhenti di tengah jalan 3 kali" in job.error


def test_a_worker_that_is_to_end_gives_its_job_back_and_that_counts_as_no_try(
    office: Flask, asked: Ask, row: Row
) -> None:
    number, stop = asked("counting"), threading.Event()
    stop.set()
    for _ in range(5):
        assert runner.run_one(office, stop)
        assert (row(number).state, row(number).tries, row(number).done) == ("queued", 0, 0)


def test_a_worker_leaves_kinds_that_it_does_not_know_to_newer_ones(
    office: Flask, asked: Ask, row: Row, work_one: WorkOne, people: dict[str, int]
) -> None:
    number = factories.saved(office, lambda s: ask(s, "of_tomorrow", people["staff"]))
    assert not work_one()
    assert row(number).state == "queued"


def test_results_are_thrown_away_when_they_expire_and_the_job_stays(
    office: Flask, asked: Ask, row: Row, work_one: WorkOne, clock: time_machine.Traveller
) -> None:
    number = asked("counting")
    work_one()
    clock.shift(dt.timedelta(days=6, hours=23))
    assert runner.sweep(office) == 0
    clock.shift(dt.timedelta(hours=1))
    assert runner.sweep(office) == 1
    with office.app_context():
        facts = job_facts(db.session(), number)
        assert result_content(db.session(), number) is None
        db.session.remove()
    assert facts is not None
    assert not facts.has_result(now())
    assert row(number).result_name == "hitungan.txt"


def test_nobody_fills_the_queue_alone(
    office: Flask, asked: Ask, people: dict[str, int], work_one: WorkOne
) -> None:
    for _ in range(actions.MOST_OPEN):
        asked("counting")
    with pytest.raises(Refused, match="paling banyak 5"):
        asked("counting")
    asked("counting", "approver")
    work_one()
    asked("counting")


@pytest.mark.parametrize(
    "wrong",
    [
        {"state": "apa"},
        {"done": 4},
        {"tries": 4},
        {"state": "running"},
        {"worker": "a"},
        {"state": "done"},
        {"state": "failed", "finished_at": dt.datetime(2026, 11, 24, tzinfo=dt.UTC)},
        {"error": "Gagal."},
        {"result_name": "a.pdf"},
    ],
    ids=str,
)
def test_the_database_refuses_a_job_that_cannot_be(
    office: Flask, asked: Ask, wrong: dict[str, object]
) -> None:
    number = asked("counting")
    with office.app_context(), writing():
        with pytest.raises(IntegrityError):
            db.session.execute(update(Job).where(Job.id == number).values(**wrong))
        db.session.rollback()
        db.session.remove()


def test_what_every_page_and_every_idle_worker_asks_reads_no_job_that_is_over(
    office: Flask, people: dict[str, int], engine_name: str
) -> None:
    old = {"state": "cancelled", "kind": "counting", "title": "Lama", "params": "x" * 9_000,
           "asked_by": people["staff"], "asked_at": now(), "finished_at": now()}  # fmt: skip
    factories.saved(office, lambda s: s.execute(insert(Job), [old] * 2_000) and None)
    plans: list[str] = []

    def explain(connection: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if not statement.startswith("SELECT"):
            return
        with closing(connection.connection.cursor()) as other:
            other.execute(f"{EXPLAIN[engine_name]} {statement}", parameters)
            plans.append(" ".join(str(row[-1]) for row in other.fetchall()))

    with office.app_context():
        session, engine = db.session(), db.engine
        if engine_name == "postgresql":
            session.execute(text("ANALYZE jobs"))
            session.commit()
        event.listen(engine, "before_cursor_execute", explain)
        waiting(session, now(), KINDS)
        own_jobs(session, people["staff"])
        ahead_of(session, 1)
        is_attended(session, now())
        event.remove(engine, "before_cursor_execute", explain)
        session.rollback()
        db.session.remove()
    assert len(plans) == 4
    assert [plan for plan in plans if "ix_jobs_open" not in plan] == []


def test_several_workers_never_do_a_job_twice(
    office: Flask, people: dict[str, int], database_url: str, row: Row
) -> None:
    owners = [people[name] for name in ("staff", "staff2", "approver", "leader")]
    numbers = [
        factories.saved(office, lambda s: ask(s, "writing", owner))  # noqa: B023
        for owner in owners
        for _ in range(4)
    ]
    apps = [know(make_app(database_url)) for _ in range(4)]
    ready = threading.Barrier(len(apps))

    def worker(app: Flask) -> None:
        ready.wait()
        runner.work(app, threading.Event(), until_idle=True)

    threads = [threading.Thread(target=worker, args=(app,)) for app in apps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    for app in apps:
        dispose(app)
    assert [(row(n).state, row(n).tries, written(office, n)) for n in numbers] == (
        [("done", 1, 1)] * len(numbers)
    )
