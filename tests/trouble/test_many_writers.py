"""Many people write at once, each in a process of its own: no rupiah is lost, none comes twice."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from contextvars import Context
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest
from flask import Flask

from tests import factories
from tests.trouble.office import Person, booked, broken, faults, file_of, furnish, money, sent
from wibawa.database import db

ROOT = Path(__file__).resolve().parent.parent.parent
MANY = {"sqlite": 16, "postgresql": 50}
# Each booking makes all who wait for the same loans look again, so a round of fifty is long.
ROUNDS = 1


def at_once(url: str, writers: int, rounds: int) -> Any:
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.trouble.writers", url, str(writers),
         str(rounds)],
        check=False, timeout=1_800, cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-3000:]
    return json.loads(run.stdout)


@pytest.mark.parametrize("many", [False, pytest.param(True, marks=pytest.mark.soak)])
def test_who_writes_at_once_loses_and_doubles_nothing_and_sees_only_pages(
    app: Flask,
    people: dict[str, int],
    database_url: str,
    engine_name: str,
    many: bool,
) -> None:
    factories.saved(app, lambda session: furnish(session, people))
    writers = MANY[engine_name] if many else 4
    found = at_once(database_url, writers, ROUNDS)
    did, answers = found["did"], [(status, title) for status, title, _ in found["answers"]]
    assert faults(answers) == [], found["answers"]
    assert did["failed"] == 0
    assert did["files"] == writers * ROUNDS + 1
    with app.app_context():
        books = money(db.session())
        assert books["received"] == did["received"] + found["same"]
        assert books["files"] == did["files"] + 1
        assert broken(db.session()) == []


def together(*deeds: Callable[[], None]) -> None:
    """Do all of them at the same moment, each in a thread of its own; raise what one raised."""
    start, raised = Barrier(len(deeds)), list[BaseException]()

    def begin(deed: Callable[[], None]) -> None:
        try:
            start.wait()
            Context().run(deed)
        except BaseException as error:
            raised.append(error)

    threads = [Thread(target=begin, args=(deed,)) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for error in raised:
        raise error


def test_two_officers_whose_files_for_the_same_loans_are_posted_at_once_lose_and_double_nothing(
    app: Flask, people: dict[str, int]
) -> None:
    """Three times two files over all loans and one file that both send. By hand: a file of 24 rows
    of 1.000 to 1.023 is 24.276, the one of 12 rows that both send 12 × 1.000 + 66 = 12.066."""
    factories.saved(app, lambda session: furnish(session, people))
    answers: list[tuple[int, str]] = []
    desks = [(Person(app, "pasar", answers), Person(app, name, answers))
             for name in ("staff", "staff2")]  # fmt: skip
    done: list[bool] = []
    same = file_of("SAMA", 12)[0]

    def bring(desk: int, content: bytes) -> None:
        officer, clerk = desks[desk]
        done.append(booked(clerk, sent(officer, content)))

    for turn in range(3):
        files = [file_of(f"P{desk}R{turn}N", 24)[0] for desk in (0, 1)]
        together(lambda: bring(0, files[0]), lambda: bring(1, files[1]))  # noqa: B023
    together(lambda: bring(0, same), lambda: bring(1, same))
    assert faults(answers) == []
    assert done == [True] * 8
    with app.app_context():
        books = money(db.session())
        assert books == {
            "received": 6 * 24_276 + 12_066, "files": 7, "posted": 157_722, "suspense": 0
        }  # fmt: skip
        assert broken(db.session()) == []
