"""The database machine dies while people press buttons, and its standby takes over as the guide
says: the same processes go on, what was acknowledged is there once, and a new standby is made.

The commands, settings and addresses are read from docs/operations.md. What people see: from the
death until the standby writes each press is answered with one page, which asks to press again;
before and after, nobody is asked twice.
"""

from __future__ import annotations

import datetime as dt
import os
import random
import re
import signal
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
import time_machine
from flask import Flask
from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from tests import factories
from tests.commands.conftest import CommandLine
from tests.conftest import TODAY, dispose, make_app
from tests.keeping import standby
from tests.keeping.conftest import app_at
from tests.keeping.machine import until
from tests.keeping.standby import (
    Cable,
    Database,
    address_of,
    copied,
    databases,
    named,
    no_cable,
)
from tests.keeping.test_move import reports
from tests.trouble.day import Browser, Part, free_port, wait_for
from tests.trouble.deeds import ROWS, Desk
from tests.trouble.office import BUSY, Person, booked, broken, file_of, furnish, money, sent
from tests.trouble.story import content_of
from wibawa.database import db, full_url, reading
from wibawa.jobs import runner
from wibawa.jobs.models import Job
from wibawa.keeping.archive import opened
from wibawa.keeping.jobs import BackupJob
from wibawa.migrating import migrate_if_empty
from wibawa.uploads.models import Upload

OUTAGE = (503, "Basis data tidak dapat dihubungi")
NOBODY = threading.Event()


@dataclass(frozen=True)
class Press:
    """A request that was answered in the end: when, where it led, and the pages that came first,
    each with its moment, which asked to send it again."""

    address: str
    written: bool
    at: float
    led_to: str
    again: tuple[tuple[float, int, str], ...]

    @property
    def acknowledged(self) -> bool:
        return self.written and bool(self.led_to)


class Noting(Browser):
    """Somebody who keeps what the pages said."""

    def __init__(self, ports: list[int], name: str, presses: list[Press]) -> None:
        self.presses = presses
        self.again: list[tuple[float, int, str]] = []
        super().__init__(ports, name, Counter())

    def send(self, address: str, body: bytes | None, headers: dict[str, str]) -> tuple[int, str]:
        self.again = []
        status, said = super().send(address, body, headers)
        led_to = said if status == 302 else ""
        self.presses.append(
            Press(address, body is not None, time.monotonic(), led_to, tuple(self.again))
        )
        return status, said

    def _answer(self, asked: urllib.request.Request) -> tuple[int, str]:
        try:
            status, said = super()._answer(asked)
        except OSError as error:
            self.again.append((time.monotonic(), 0, repr(error)))
            raise
        if status >= 500:
            title = re.search(r"<h1[^>]*>([^<]*)", said)
            self.again.append((time.monotonic(), status, title[1].strip() if title else said))
        return status, said


class Office:
    """Two app processes, a worker and two desks, as long as the block lasts; `marks` are the files
    that a desk saw booked."""

    def __init__(self, url: str, folder: Path) -> None:
        self.ports = [free_port(), free_port()]
        self.presses: list[Press] = []
        self.marks: list[str] = []
        self.did = [Counter[str](), Counter[str]()]
        self.wrong: list[str] = []
        self.closing = threading.Event()
        environment = os.environ | {
            "WIBAWA_DATABASE_URL": url, "WIBAWA_INSTANCE": str(folder), "WIBAWA_BACKUP_AT": "-",
            "WIBAWA_SECRET_KEY": "secret key of the tests, not of anything real",
            "WIBAWA_DATA_KEY": "data key of the tests, not of anything real",
        }  # fmt: skip
        serve = [("serve", "--no-worker", "--threads", "4", "--port", str(p)) for p in self.ports]
        self.parts = [
            Part(environment, *words, log=folder / f"{n}.log")
            for n, words in enumerate([*serve, ("work",)])
        ]
        self.desks = [threading.Thread(target=self._desk, args=(n,)) for n in range(2)]

    def _desk(self, number: int) -> None:
        try:
            browser = partial(Noting, self.ports, presses=self.presses)
            desk, turn = Desk(number, browser, self.did[number]), 0
            while not self.closing.is_set():
                self.marks.append(desk.file(turn, ROWS))
                if turn % 4 == 0:
                    desk.backup()
                turn += 1
                time.sleep(0.2)
        except BaseException as error:
            self.wrong.append(f"{type(error).__name__}: {str(error)[:800]}")

    def acknowledged(self) -> list[Press]:
        return [press for press in list(self.presses) if press.acknowledged]

    def goes_on(self, files: int = 2) -> None:
        """Until each desk has got so many more files booked."""
        before = [did["files"] for did in self.did]
        for _ in until(120, "both desks go on"):
            assert self.wrong == []
            now = [did["files"] for did in self.did]
            if all(new >= old + files for new, old in zip(now, before, strict=True)):
                break

    def ready(self) -> list[int]:
        """How `/readyz` of each process answers."""
        found = []
        for port in self.ports:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=30) as said:
                    found.append(int(said.status))
            except urllib.error.HTTPError as error:
                found.append(error.code)
        return found

    def close(self) -> Counter[str]:
        """The desks finish what they have begun; what all of them did."""
        self.closing.set()
        for desk in self.desks:
            desk.join()
        assert [part.process.poll() for part in self.parts] == [None] * 3, "none was started anew"
        return self.did[0] + self.did[1]


@contextmanager
def office(url: str, folder: Path) -> Iterator[Office]:
    folder.mkdir()
    opened_ = Office(url, folder)
    try:
        for port in opened_.ports:
            wait_for(port)
        for desk in opened_.desks:
            desk.start()
        yield opened_
    finally:
        opened_.closing.set()
        for desk in opened_.desks:
            if desk.ident:
                desk.join()
        for part in opened_.parts:
            part.end()


def furnished(app: Flask) -> None:
    """The people and the loans, as of 24 November 2026."""
    migrate_if_empty(app)
    with time_machine.travel(TODAY, tick=False):
        people = factories.saved(app, factories.people)
        factories.saved(app, lambda session: furnish(session, people))


def lost(session: Session, presses: Sequence[Press]) -> list[str]:
    """Of what was acknowledged, what is not in the books."""
    states = {row.id: row.status for row in session.execute(select(Upload.id, Upload.status))}
    jobs = set(session.scalars(select(Job.id)))
    session.rollback()
    missing = []
    for press in presses:
        if press.address == "/masuk":
            continue  # whoever was signed out could not go on
        number = int((re.search(r"/(\d+)", press.led_to) or ["", "0"])[1])
        if press.address == "/cadangan/baru":
            there = number in jobs
        elif press.address.endswith("/ajukan"):
            there = states.get(number) in ("submitted", "posted")
        elif press.address.endswith("/bukukan"):
            there = states.get(number) == "posted"
        else:
            there = number in states
        if not there:
            missing.append(f"{press.address} → {press.led_to}: {states.get(number)}")
    return missing


def same_books_on_both(one: str, other: str) -> bool:
    found = []
    for address in (one, other):
        with app_at(address) as there:
            found.append(content_of(there))
    return found[0] == found[1]


@pytest.fixture
def twin(tmp_path: Path) -> Iterator[Callable[[Sequence[str]], Flask]]:
    """Other books, on the other engine, in which these files are booked by one person after the
    other, and nothing happens besides."""
    app = make_app(f"sqlite:///{tmp_path / 'twin.sqlite3'}")

    def made(marks: Sequence[str]) -> Flask:
        furnished(app)
        answers: list[tuple[int, str]] = []
        officer, clerk = (Person(app, name, answers) for name in ("pasar", "staff"))
        for mark in marks:
            assert booked(clerk, sent(officer, file_of(mark, ROWS)[0])), answers[-3:]
        return app

    yield made
    dispose(app)


@pytest.mark.soak
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_standby_takes_over_while_people_work_and_nothing_acknowledged_is_lost(
    seed: int, tmp_path: Path, twin: Callable[[Sequence[str]], Flask]
) -> None:
    dice = random.Random(seed)
    told: dict[str, Any] = {"seed": seed}
    with databases() as machines:
        first, second = machines
        url = address_of(machines)
        app = make_app(full_url(url))
        furnished(app)
        copied(second, first)
        with office(url, tmp_path / "office") as people:
            people.goes_on(1)
            time.sleep(dice.uniform(0, 6))
            begun = time.monotonic()
            first.die()
            time.sleep(dice.uniform(0.5, 4))  # until somebody has seen it
            assert people.ready() == [503, 503]
            acknowledged = people.acknowledged()
            second.sh(standby.TAKE_OVER)
            ended = time.monotonic()
            with app.app_context(), reading():
                assert lost(db.session(), acknowledged) == []
                db.session.remove()
            people.goes_on()
            told["away"] = round(ended - begun, 1)
            told["acknowledged before"] = len(acknowledged)
            told["in the last second"] = sum(press.at > begun - 1 for press in acknowledged)
            assert people.ready() == [200, 200]
            run = CommandLine(lambda: app)
            assert run.json("check")["ok"]
            run("backup", tmp_path / "right_after.zip")
            with opened(tmp_path / "right_after.zip") as reader:
                reader.check()
            third = _a_new_standby_is_made_and_goes_away(people, machines, seed % 2 == 1)
            did = people.close()
        _what_people_saw(people, begun, ended, told)
        _finish_jobs(app)
        with app.app_context(), reading():
            session = db.session()
            books = money(session)
            assert (books["received"], books["files"]) == (did["received"], did["files"])
            assert did["files"] == len(people.marks) == len(set(people.marks))
            assert broken(session) == []
            counted = session.execute(select(Job.state, func.count()).group_by(Job.state))
            states = {row[0]: row[1] for row in counted}
            assert sum(states.values()) == did["backups"]
            assert set(states) <= {"done", "failed"}, states
            db.session.remove()
        for _ in until(30, "the new standby shows what it has"):
            if same_books_on_both(second.address(), third.address()):
                break
        alike, here = reports(twin(people.marks)), reports(app)
        assert {name for name in here if here[name] != alike[name]} == set()
        assert len(here) > 15
        told |= {"files": did["files"], "backups": states}
        dispose(app)
    print(told)


@pytest.mark.soak
def test_the_drill_would_name_what_a_standby_without_its_name_has_lost(tmp_path: Path) -> None:
    """With the name out nobody waits for the standby, and what it was not sent is gone with the
    primary: the same comparison finds it."""
    with databases() as machines:
        first, second = machines
        app = make_app(full_url(address_of(machines)))
        furnished(app)
        copied(second, first)
        first.sh(standby.NAME_OUT)
        with office(address_of(machines), tmp_path / "office") as people:
            people.goes_on(1)
            receiver = second.ask("SELECT pid FROM pg_stat_wal_receiver")[0][0]
            os.kill(receiver, signal.SIGSTOP)
            people.goes_on(1)
            first.die()
            acknowledged = people.acknowledged()
            os.kill(receiver, signal.SIGKILL)  # what waits in it is never written
            for _ in until(60, "the standby answers after that"):
                with suppress(psycopg.OperationalError):
                    second.ask("SELECT 1")
                    break
            people.closing.set()
            second.sh(standby.TAKE_OVER)
            with app.app_context(), reading():
                missing = lost(db.session(), acknowledged)
                db.session.remove()
        dispose(app)
    print(missing)
    assert any("/bukukan" in press for press in missing)


def _a_new_standby_is_made_and_goes_away(
    people: Office, machines: list[Database], comes_back: bool
) -> Database:
    """While people work: on the place of the dead machine, from the one that took over. Then that
    one is gone, commits wait until its name is taken out, and it comes back or is made anew."""
    writes = machines[1]
    new = Database(writes.place.parent, 3, machines[0].port)
    machines.append(new)
    copied(new, writes)
    people.goes_on()
    new.die()
    time.sleep(1)  # what it had is acknowledged by now
    before = len(people.acknowledged())
    time.sleep(3)
    assert len(people.acknowledged()) == before, "each commit waits for the standby"
    assert people.wrong == []
    writes.sh(standby.NAME_OUT)
    people.goes_on()
    if comes_back:
        new.start()
        named(writes)
    else:
        writes.sh(standby.FORGOTTEN)
        new = Database(writes.place.parent, 4, machines[0].port)
        machines.append(new)
        copied(new, writes)
    people.goes_on()
    return new


def _what_people_saw(people: Office, begun: float, ended: float, told: dict[str, Any]) -> None:
    """One kind of page, in the outage only; who pressed in it, or when it ended, once more. Besides
    it what people see on any day who press at the same moment."""
    again = [
        [(round(at - begun, 2), (status, title)) for at, status, title in press.again]
        for press in people.presses
    ]
    pages = [page for each in again for page in each]
    told["pages of the outage"] = sum(said == OUTAGE for _, said in pages)
    told["busy"] = sum(said == BUSY for _, said in pages)
    assert {said for _, said in pages} <= {OUTAGE, BUSY}
    assert [at for at, said in pages if said == OUTAGE and at < 0] == []
    late = [sum(at > ended - begun for at, _ in each) for each in again]
    told["asked once more after it"] = sum(late)
    assert max(late) <= 1, "nobody was asked twice once the standby wrote"


def _finish_jobs(app: Flask) -> None:
    """What a worker held when the database went away waits until that one has been silent."""
    with time_machine.travel(dt.datetime.now(dt.UTC) + 2 * BackupJob.silence):
        runner.work(app, NOBODY, until_idle=True)


@pytest.fixture
def cable() -> Iterator[Cable]:
    if hindered := no_cable():
        pytest.skip(hindered)
    laid = Cable()
    yield laid
    laid.end()


@pytest.mark.soak
def test_whoever_waits_for_a_machine_without_power_is_told_within_seconds(cable: Cable) -> None:
    """Nobody says there that the connection is gone: the times of the guide's address do."""
    with databases(cable) as machines:
        first, second = machines
        app = make_app(full_url(address_of(machines)))
        copied(second, first)
        took: dict[str, float] = {}
        with app.app_context():
            waiting = threading.Thread(target=_waits, args=(db.engine, took))
            waiting.start()
            time.sleep(1)
            db.engine.connect().close()  # another one, which is kept
            cable.pull()
            second.sh(standby.TAKE_OVER)
            for name in ("pooled", "the next"):
                begun = time.monotonic()
                with db.engine.connect() as connection:
                    assert connection.scalar(text("SELECT inet_server_port()")) == second.port
                took[name] = time.monotonic() - begun
            waiting.join(120)
        dispose(app)
    print(took)
    assert took["in the middle"] < 25
    assert took["pooled"] < 25
    assert took["the next"] < 1


def _waits(engine: Engine, took: dict[str, float]) -> None:
    begun = time.monotonic()
    with pytest.raises(OperationalError), engine.connect() as connection:
        connection.execute(text("SELECT pg_sleep(300)"))
    took["in the middle"] = time.monotonic() - begun
