"""Workers that are killed (SIGKILL) in the middle: `python -m tests.jobs.killed URL KILLS SEED`.

Each turn forks a worker with a database connection of its own; it dies before a statement or a
commit that the dice choose. Ten minutes pass between two turns. The last turns are left alone.
Prints how many were killed.
"""

from __future__ import annotations

import datetime as dt
import os
import signal
import sys
import threading
import time
from random import Random
from typing import Any

from flask import Flask
from sqlalchemy import event

from tests.conftest import make_app
from tests.jobs.kinds import know
from wibawa.database import db
from wibawa.jobs import runner
from wibawa.web import clock

MOST_STEPS = 45  # a job is taken after some twenty of them
LEFT_ALONE = 4
START = dt.datetime(2026, 11, 24, 3, 0, tzinfo=dt.UTC)


def worker(app: Flask, turn: int, dies_at: int | None) -> None:
    clock.now = lambda: START + dt.timedelta(minutes=10 * turn)
    runner.TELL_SECONDS = 0
    steps = 0

    def step(*_: Any) -> None:
        nonlocal steps
        steps += 1
        if steps == dies_at:
            os.kill(os.getpid(), signal.SIGKILL)

    with app.app_context():
        db.engine.dispose(close=False)
        for moment in ("before_cursor_execute", "commit"):
            event.listen(db.engine, moment, step)
    runner.work(app, threading.Event(), until_idle=True)


def main(url: str, kills: int, seed: int) -> None:
    dice, killed, app = Random(seed), 0, know(make_app(url))
    for turn in range(1, kills + LEFT_ALONE + 1):
        dies_at = dice.randrange(1, MOST_STEPS) if turn <= kills else None
        child = os.fork()
        if child == 0:
            worker(app, turn, dies_at)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            killed += 1
        elif os.WEXITSTATUS(status) != 0:
            sys.exit(f"turn {turn} failed")
        if turn > kills:
            time.sleep(0.2)  # a server notices that its client is gone
    print(killed)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
