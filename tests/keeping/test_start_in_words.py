"""A service that cannot start says why in one line, and by its exit whether it may try again."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from flask import Flask
from gunicorn.arbiter import Arbiter

from tests.keeping.conftest import url_of
from tests.keeping.test_operations_files import PC, ROOT, UNITS, unit
from wibawa.commands import AGAIN, UNFIT

NOWHERE = "postgresql://wibawa:tidak-untuk-log@127.0.0.1:1/wibawa"
STARTS = {
    "web": ("-m", "gunicorn", "--config", "python:wibawa.starting", "--no-control-socket",
            "--bind", "127.0.0.1:0", "wsgi:app"),
    "work": ("-m", "wibawa", "work"),
    "pc": ("-m", "wibawa", "serve", "--port", "0"),
}  # fmt: skip
PARTS = pytest.mark.parametrize("part", ["web", "work"])
pytestmark = pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)


def started(part: str, url: str, **settings: str) -> tuple[int, str]:
    """How the service ended that could not start, and what it said."""
    given = {
        "WIBAWA_ENV": "production",
        "WIBAWA_DATABASE_URL": url,
        "WIBAWA_SECRET_KEY": "secret key of the tests, not of anything real",
        "WIBAWA_DATA_KEY": "another key of the tests, not of anything real",
        "WIBAWA_PUBLIC_URL": "https://wibawa.example",
    }
    run = subprocess.run(
        [sys.executable, "-W", "ignore", *STARTS[part]],
        cwd=ROOT, env=os.environ | given | settings, check=False, timeout=120,
        capture_output=True, text=True,
    )  # fmt: skip
    said = run.stdout + run.stderr
    return run.returncode, "".join(
        line for line in said.splitlines(keepends=True) if "Starting gunicorn" not in line
    )


@pytest.mark.parametrize("part", STARTS)
def test_another_key_is_for_a_person_to_mend(app: Flask, part: str) -> None:
    code, said = started(part, url_of(app))
    assert code == UNFIT
    assert "Kunci data bukan kunci basis data ini" in said
    assert len(said.splitlines()) == 1


@PARTS
def test_so_are_settings_that_cannot_be(app: Flask, part: str) -> None:
    code, said = started(part, url_of(app), WIBAWA_PROXIES="satu")
    assert code == UNFIT
    assert "WIBAWA_PROXIES is 'satu'" in said
    assert len(said.splitlines()) == 1
    code, said = started(part, url_of(app), WIBAWA_PUBLIC_URL="")
    assert code == UNFIT
    assert "WIBAWA_PUBLIC_URL is ''. Production needs the address" in said
    assert len(said.splitlines()) == 1


@PARTS
def test_a_database_that_is_away_may_come_back(part: str, engine_name: str) -> None:
    code, said = started(part, NOWHERE)
    assert code == AGAIN
    assert "Basis data tidak dapat dihubungi" in said
    assert len(said.splitlines()) == 1
    assert "tidak-untuk-log" not in said


def test_gunicorn_and_systemd_go_by_the_same_numbers(engine_name: str) -> None:
    """A reader that ends with another number would be started again and again by gunicorn."""
    assert (AGAIN, UNFIT) == (Arbiter.WORKER_BOOT_ERROR, Arbiter.APP_LOAD_ERROR)
    for name in UNITS | PC:
        assert unit(name)["RestartPreventExitStatus"] == str(UNFIT)
