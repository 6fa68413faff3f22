"""The worker beside the embedded server, and the command that is one of several workers."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import create_engine, text

from wibawa.commands import wibawa
from wibawa.jobs import process
from wibawa.jobs.models import Job

ROOT = Path(__file__).resolve().parent.parent.parent
# Says that it runs, and ends when its standard input does.
STAND_IN = "import os, sys; open(sys.argv[1], 'a').write(f'{os.getpid()}\\n'); os.read(0, 1)"


def until(true: Callable[[], object], seconds: int = 20) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.05)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture
def signals_stay() -> Iterator[None]:
    kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


def test_a_worker_that_dies_is_started_again_and_ends_with_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "AGAIN_SECONDS", 0)
    said = tmp_path / "pids"
    said.touch()

    def pids() -> list[int]:
        return [int(line) for line in said.read_text().split()]

    with process.worker_beside([sys.executable, "-c", STAND_IN, str(said)]):
        until(lambda: len(pids()) == 1)
        os.kill(pids()[0], signal.SIGKILL)
        until(lambda: len(pids()) == 2)
    assert not alive(pids()[1])


def test_the_command_does_what_waits_and_ends_when_nothing_does(
    office: Flask, asked: Callable[..., int], row: Callable[[int], Job], signals_stay: None
) -> None:
    numbers = [asked("counting"), asked("refusing"), asked("writing")]
    ended = CliRunner().invoke(wibawa, ["work", "--until-idle"], obj=lambda: office)
    assert (ended.exit_code, ended.output) == (0, "")
    assert [row(n).state for n in numbers] == ["done", "failed", "done"]


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
def test_the_embedded_server_does_jobs_and_its_worker_is_gone_when_the_server_is_killed(
    database_url: str, tmp_path: Path
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "wibawa", "serve", "--port", str(port)],
        cwd=ROOT,
        env=os.environ
        | {
            "WIBAWA_DATABASE_URL": database_url,
            "WIBAWA_INSTANCE": str(tmp_path / "instance"),
            "WIBAWA_DATA_KEY": "data key of the tests, not of anything real",
        },
        stdout=subprocess.DEVNULL,
    )
    engine = create_engine(database_url)
    with engine.begin() as connection:  # a batch of no loans: it fails, and says so
        connection.execute(
            text(
                "INSERT INTO jobs (kind, title, params, state, asked_by, asked_at, done, total, "
                "tries, error, ticket) SELECT 'schedules', 'Jadwal', '{}', 'queued', MIN(id), "
                "'2026-11-24 03:00:00.000000', 0, 0, 0, '', '' FROM users"
            )
        )

    def state() -> str:
        with engine.connect() as connection:
            return str(connection.execute(text("SELECT state FROM jobs")).scalar())

    try:
        until(lambda: state() == "failed")
        children = Path(f"/proc/{server.pid}/task").glob("*/children")
        (worker,) = (int(pid) for path in children for pid in path.read_text().split())
        assert alive(worker)
    finally:
        server.kill()
        server.wait()
        engine.dispose()
    until(lambda: not alive(worker))
