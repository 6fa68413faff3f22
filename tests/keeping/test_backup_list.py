"""The night's backup, made by a worker, kept for a while, and its page."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import NoReturn

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from tests import factories
from tests.conftest import SOAK_ON_BOTH, TODAY
from wibawa.database import db
from wibawa.jobs import runner
from wibawa.keeping.jobs import due_since
from wibawa.keeping.rotation import Keep, staying
from wibawa.web.clock import WIB

ON_BOTH = pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
ON_SQLITE = pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)


def night(day: int, month: int = 11) -> dt.datetime:
    return dt.datetime(2026, month, day, 1, 30, tzinfo=WIB)


def test_the_newest_of_each_of_the_last_days_weeks_and_months_stays() -> None:
    """Every night from 1 September to 24 November 2026 (a Tuesday). Seven days: 18 to 24. Five
    weeks: their last nights 24, 22, 15, 8 and 1 November (Sundays). Three months: 24 November, 31
    October, 30 September."""
    first = night(1, 9)
    nights = [first + dt.timedelta(days=each) for each in range(85)]
    assert nights[-1] == night(24)
    stay = staying(nights, Keep(7, 5, 12))
    assert stay == {
        *(night(day) for day in range(18, 25)),
        night(15), night(8), night(1), night(31, 10), night(30, 9),
    }  # fmt: skip
    assert staying(nights, Keep(0, 0, 0)) == {night(24)}, "the newest one always stays"
    assert staying([], Keep()) == set()


def test_a_night_begins_at_the_time_that_is_set() -> None:
    """10.00 WIB on the 24th; 01.00 WIB is still the night before."""
    assert due_since(TODAY, "01:30").isoformat() == "2026-11-24T01:30:00+07:00"
    early = TODAY - dt.timedelta(hours=9)
    assert due_since(early, "01:30").isoformat() == "2026-11-23T01:30:00+07:00"


@pytest.fixture
def nightly(app: Flask, people: dict[str, int], tmp_path: Path) -> Flask:
    """An application whose workers make a backup each night."""
    app.config.update(
        BACKUP_AT="01:30", BACKUP_FOLDER=str(tmp_path / "cadangan"), BACKUP_KEEP=(2, 1, 1)
    )
    return app


def _files(app: Flask) -> list[str]:
    return sorted(path.name for path in Path(app.config["BACKUP_FOLDER"]).glob("*"))


@ON_BOTH
def test_a_worker_makes_one_backup_a_night_and_takes_old_ones_away(
    nightly: Flask, clock: time_machine.Traveller, sign_in: Callable[[str], FlaskClient]
) -> None:
    page = sign_in("admin").get("/cadangan").get_data(as_text=True)
    assert "Belum pernah ada cadangan." in page
    for day in range(4):
        clock.move_to(TODAY + dt.timedelta(days=day))
        for _ in range(2):
            runner.work(nightly, Event(), until_idle=True)
    assert _files(nightly) == ["wibawa-20261126-100000.zip", "wibawa-20261127-100000.zip"]
    page = sign_in("admin").get("/cadangan").get_data(as_text=True)
    assert "perlu diperiksa" not in page
    assert page.count("Dibaca ulang, cocok") == 4
    assert page.count("menurut jadwal simpan") == 2
    assert "Cadangan malam 27-11-2026" in page
    clock.move_to(TODAY + dt.timedelta(days=4, hours=3))
    admin = sign_in("admin")
    assert "sudah berumur 27 jam" in admin.get("/cadangan").get_data(as_text=True)
    assert "cadangan perlu diperiksa" in admin.get("/").get_data(as_text=True)


@ON_SQLITE
def test_a_backup_that_fails_is_loud_until_one_succeeds(
    nightly: Flask, sign_in: Callable[[str], FlaskClient], tmp_path: Path
) -> None:
    (tmp_path / "cadangan").write_text("a file where the folder should be")
    runner.work(nightly, Event(), until_idle=True)
    admin = sign_in("admin")
    page = admin.get("/cadangan").get_data(as_text=True)
    assert "Cadangan yang terakhir dicoba gagal." in page
    assert "Gagal" in page
    assert f"Map {tmp_path / 'cadangan'} tidak ada" in page
    assert "cadangan perlu diperiksa" in admin.get("/").get_data(as_text=True)
    (tmp_path / "cadangan").unlink()
    key = page.split('name="request_key" value="')[1].split('"')[0]
    led = admin.post("/cadangan/baru", data={"request_key": key})
    again = admin.post("/cadangan/baru", data={"request_key": key})
    assert led.headers["Location"] == again.headers["Location"]
    runner.work(nightly, Event(), until_idle=True)
    assert "perlu diperiksa" not in admin.get("/cadangan").get_data(as_text=True)
    assert _files(nightly) == ["wibawa-20261124-100000.zip"]


@ON_SQLITE
def test_a_pc_that_was_off_at_night_makes_the_backup_when_it_comes_up(
    nightly: Flask, clock: time_machine.Traveller
) -> None:
    """On at ten on Tuesday; off on the nights to Wednesday and Thursday; on at eight on Thursday:
    one backup at once, and no second one before the next night."""
    runner.work(nightly, Event(), until_idle=True)
    for moment in ("2026-11-26 08:00", "2026-11-26 17:00", "2026-11-27 01:29", "2026-11-27 01:31"):
        clock.move_to(dt.datetime.fromisoformat(f"{moment}+07:00"))
        runner.work(nightly, Event(), until_idle=True)
    assert _files(nightly) == ["wibawa-20261126-080000.zip", "wibawa-20261127-013100.zip"]


@ON_SQLITE
def test_a_disk_for_backups_that_is_not_there_is_told_in_words(
    nightly: Flask,
    sign_in: Callable[[str], FlaskClient],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its mount point is a folder of root's. Whoever runs these tests may be root and write there
    all the same."""
    (tmp_path / "cadangan").mkdir()
    asked = os.access
    monkeypatch.setattr(
        os, "access", lambda path, mode: path != tmp_path / "cadangan" and asked(path, mode)
    )
    runner.work(nightly, Event(), until_idle=True)
    assert "periksa apakah cakram itu terpasang" in sign_in("admin").get("/cadangan").get_data(
        as_text=True
    )
    assert _files(nightly) == []


@ON_SQLITE
def test_whoever_watches_is_told_figures_and_nothing_personal(
    nightly: Flask, people: dict[str, int]
) -> None:
    factories.two_banks(nightly, people)
    client = nightly.test_client()
    assert client.get("/readyz").json == {"status": "ready", "workers": 0}
    runner.beat(nightly, "here")
    assert client.get("/readyz").json == {"status": "ready", "workers": 1}
    runner.work(nightly, Event(), until_idle=True)
    said = client.get("/metrics").get_data(as_text=True)
    lines = dict(line.rsplit(" ", 1) for line in said.splitlines() if line[0] != "#")
    assert lines["wibawa_backup_age_seconds"] == "0"
    assert lines["wibawa_backup_ok"] == "1"
    assert lines["wibawa_jobs_waiting"] == "0"
    assert all(line.startswith("wibawa_") for line in lines)
    assert "Siti" not in said
    for header in ({"X-Forwarded-For": "1.2.3.4"}, {"Via": "proxy"}):
        assert client.get("/metrics", headers=header).status_code == 404
    outside = {"REMOTE_ADDR": "10.0.0.8"}
    assert client.get("/metrics", environ_overrides=outside).status_code == 404
    nightly.config["METRICS_TOKEN"] = "a token for those who watch"
    right = {"Authorization": "Bearer a token for those who watch"}
    assert client.get("/metrics", headers=right, environ_overrides=outside).status_code == 200
    assert client.get("/metrics").status_code == 404
    nightly.config["LEAST_FREE_BYTES"] = 2**62
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json) == (
        503, {"status": "not_ready", "disk": "almost_full", "workers": 1},
    )  # fmt: skip


@ON_SQLITE
@pytest.mark.parametrize("wait", [0.0, 3_600.0], ids=["asked again", "asked before"])
def test_whoever_watches_is_told_that_the_database_is_away(
    app: Flask, monkeypatch: pytest.MonkeyPatch, wait: float
) -> None:
    client = app.test_client()
    assert client.get("/readyz").status_code == 200
    monkeypatch.setattr("wibawa.app.LOOK_AGAIN_SECONDS", wait)

    def away(*given: object) -> NoReturn:
        raise OperationalError("BEGIN", {}, Exception("connection refused"))

    with app.app_context():
        event.listen(db.engine, "begin", away)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json) == (
        503, {"status": "not_ready", "database": "unreachable"},
    )  # fmt: skip


@ON_SQLITE
def test_two_that_are_asked_for_in_one_second_are_both_made(
    nightly: Flask, sign_in: Callable[[str], FlaskClient]
) -> None:
    nightly.config["BACKUP_AT"] = ""
    admin = sign_in("admin")
    for key in ("1" * 32, "2" * 32):
        led = admin.post("/cadangan/baru", data={"request_key": key})
        assert led.headers["Location"].startswith("/pekerjaan/")
    runner.work(nightly, Event(), until_idle=True)
    page = admin.get("/cadangan").get_data(as_text=True)
    assert page.count("Dibaca ulang, cocok") == 2
    assert "perlu diperiksa" not in page
    assert _files(nightly) == ["wibawa-20261124-100001.zip"], "of a day the newest stays"
