from __future__ import annotations

import datetime as dt
import hashlib
import re
from pathlib import Path

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from tests.access.steps import Enter, change, send_in
from wibawa.access.models import UserSession
from wibawa.access.sessions import browser_of
from wibawa.database import db

CHROME = (
    "Mozilla/5.0 (Windows NT 6.1; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/109.0.0.0 Safari/537.36"
)


@pytest.mark.parametrize(
    ("agent", "said"),
    [
        (CHROME, "Chrome di Windows"),
        (f"{CHROME} Edg/109.0", "Edge di Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 Firefox/115.0",
         "Firefox di Linux"),
        ("Mozilla/5.0 (Linux; Android 13) AppleWebKit/537.36 Chrome/120.0 Mobile Safari/537.36",
         "Chrome di Android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Safari/604.1",
         "Safari di iPhone"),
        ("curl/8", "Peramban"),
    ],
)  # fmt: skip
def test_a_browser_is_named_in_words(agent: str, said: str) -> None:
    assert browser_of(agent) == said


def test_the_list_shows_where_one_is_signed_in_and_ends_one_of_them(
    app: Flask, sign_in: Enter
) -> None:
    here, there = sign_in("staff"), app.test_client()
    there.environ_base |= {"HTTP_USER_AGENT": CHROME, "REMOTE_ADDR": "203.0.113.9"}
    send_in(app, "staff", address="203.0.113.9", client=there)
    page = here.get("/akun/perangkat").get_data(as_text=True)
    assert "Chrome di Windows" in page
    assert "203.0.113.9" in page
    assert page.count(">perangkat ini<") == 1
    own, other = _numbers(app)
    assert f"/akun/perangkat/{other}/keluar" in page
    assert here.post(f"/akun/perangkat/{other}/keluar").status_code == 302
    assert there.get("/").status_code == 302
    assert here.get("/").status_code == 200
    here.post(f"/akun/perangkat/{own}/keluar")
    assert here.get("/").status_code == 302


def _numbers(app: Flask) -> list[int]:
    with app.app_context():
        found = list(db.session.scalars(select(UserSession.id).order_by(UserSession.id)))
        db.session.remove()
    return found


def test_a_session_of_somebody_else_is_not_there(app: Flask, sign_in: Enter) -> None:
    staff, admin = sign_in("staff"), sign_in("admin")
    first = _numbers(app)[0]
    assert admin.post(f"/akun/perangkat/{first}/keluar").status_code == 404
    assert staff.get("/").status_code == 200


def test_leaving_all_devices_ends_each_and_a_kept_cookie_is_worth_nothing(
    app: Flask, sign_in: Enter
) -> None:
    here, there = sign_in("staff"), sign_in("staff")
    cookie = here.get_cookie("wibawa")
    assert cookie is not None
    assert here.post("/akun/perangkat/keluar-semua").headers["Location"] == "/masuk"
    assert there.get("/").status_code == 302
    here.set_cookie("wibawa", cookie.value)
    assert here.get("/").status_code == 302


def test_who_does_nothing_for_the_idle_time_signs_in_again_and_reading_is_doing(
    app: Flask, people: dict[str, int], sign_in: Enter, clock: time_machine.Traveller
) -> None:
    change(app, people["admin"], idle_minutes=60)
    reader, absent = sign_in("staff"), sign_in("staff")
    for _ in range(3):
        clock.shift(dt.timedelta(minutes=50))
        assert reader.get("/").status_code == 200
    assert absent.get("/").status_code == 302
    clock.shift(dt.timedelta(minutes=60))
    assert reader.get("/").headers["Location"].startswith("/masuk")


def test_a_script_that_asks_by_itself_is_nobody(
    app: Flask, people: dict[str, int], sign_in: Enter, clock: time_machine.Traveller
) -> None:
    change(app, people["admin"], idle_minutes=60)
    staff = sign_in("staff")
    staff.get("/")
    for _ in range(2):
        clock.shift(dt.timedelta(minutes=31))
        staff.get("/", headers={"Accept": "application/json"})
    assert staff.get("/").status_code == 302


def test_after_the_absolute_time_everybody_signs_in_again(
    app: Flask, people: dict[str, int], sign_in: Enter, clock: time_machine.Traveller
) -> None:
    change(app, people["admin"], absolute_hours=2)
    staff = sign_in("staff")
    clock.shift(dt.timedelta(minutes=119))
    assert staff.get("/").status_code == 200
    clock.shift(dt.timedelta(minutes=1))
    assert staff.get("/").status_code == 302


def test_the_mark_of_another_session_or_a_made_one_does_not_keep_anybody_in(
    app: Flask, people: dict[str, int], sign_in: Enter, clock: time_machine.Traveller
) -> None:
    change(app, people["admin"], idle_minutes=60)
    staff = sign_in("staff")
    staff.get("/")
    clock.shift(dt.timedelta(minutes=61))
    other = sign_in("staff2")
    other.get("/")
    fresh = other.get_cookie("wibawa-terlihat")
    assert fresh is not None
    for value in (fresh.value, "1790000000", "1790000000.abc", "x.y"):
        staff.set_cookie("wibawa-terlihat", value)
        assert staff.get("/").status_code == 302


def test_saying_that_one_is_there_says_how_long_it_lasts(
    sign_in: Enter, clock: time_machine.Traveller
) -> None:
    staff = sign_in("staff")
    clock.shift(dt.timedelta(hours=3))
    assert staff.post("/akun/lanjut").get_json() == {"seconds": 4 * 3600}
    clock.shift(dt.timedelta(hours=3))
    page = staff.get("/akun/perangkat").get_data(as_text=True)
    assert re.search(r"24 November 2026 10\.00|24/11/2026 10\.00", page)
    assert re.search(r"24 November 2026 13\.00|24/11/2026 13\.00", page)


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
def test_looking_writes_nothing(
    app: Flask, sign_in: Enter, clock: time_machine.Traveller, tmp_path: Path
) -> None:
    staff = sign_in("staff")
    file = tmp_path / "wibawa.sqlite3"

    def digest() -> str:
        parts = sorted(
            path for path in file.parent.glob("wibawa.sqlite3*") if "-shm" not in path.name
        )
        return hashlib.sha256(b"".join(path.read_bytes() for path in parts)).hexdigest()

    staff.get("/")
    before = digest()
    for address in ("/", "/akun/perangkat", "/akun/kode", "/akun/sandi", "/pinjaman"):
        clock.shift(dt.timedelta(minutes=20))
        assert staff.get(address).status_code == 200
    assert digest() == before
