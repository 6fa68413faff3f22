"""A large file of SI-UMI is read, checked and applied by a worker; its page says how far it is."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event

import pytest
from flask import Flask
from sqlalchemy import func, select

from tests.conftest import SOAK_ON_BOTH
from tests.factories import Client
from tests.repayments.test_check_upload import shown_on
from tests.siumi.files import JOKO, SITI, csv_of, sent
from wibawa.access.models import TrailEntry
from wibawa.borrowers.models import Borrower
from wibawa.database import db
from wibawa.jobs import runner
from wibawa.jobs.models import Job

Enter = Callable[[str], Client]
FAULTY = JOKO | {"NO HP": "x"}


@pytest.fixture(autouse=True)
def every_file_is_large(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    app.config["LARGE_FILE_BYTES"] = 0
    monkeypatch.setattr(runner, "TELL_SECONDS", 0)


@pytest.fixture
def work(app: Flask) -> Callable[[], None]:
    def do() -> None:
        while runner.run_one(app, Event()):
            pass

    return do


def registered(app: Flask) -> int:
    with app.app_context():
        found = db.session.scalar(select(func.count()).select_from(Borrower))
        db.session.remove()
    return found or 0


def page_of(client: Client, number: int) -> str:
    answer = client.get(f"/peminjam/impor/{number}")
    assert answer.status_code == 200
    return str(answer.text)


def press(client: Client, number: int, button: str, **data: object) -> str:
    url = f"/peminjam/impor/{number}/{button}"
    return str(client.post(url, data=data, follow_redirects=True).text)


def test_from_sending_to_applying_each_step_waits_for_a_worker(
    app: Flask, sign_in: Enter, work: Callable[[], None]
) -> None:
    staff = sign_in("staff")
    number = sent(staff, csv_of(SITI, JOKO))
    waiting = page_of(staff, number)
    assert "Sedang diperiksa" in waiting
    assert "Menunggu giliran." in waiting
    state = staff.get(f"/peminjam/impor/{number}/keadaan").get_json()
    assert (state["state"], state["done"], state["total"]) == ("queued", 0, 2)
    work()
    page = page_of(staff, number)
    assert "Terapkan 2 baris" in page
    assert "Penerapan berkas" in press(staff, number, "terapkan", shown=shown_on(page))
    assert registered(app) == 0
    work()
    assert "Berkas sudah diterapkan" in page_of(staff, number)
    assert registered(app) == 2
    with app.app_context():
        lines = select(TrailEntry.action).where(TrailEntry.object_kind == "upload")
        found = db.session.scalars(lines.order_by(TrailEntry.id)).all()
        db.session.remove()
    assert found == ["file_uploaded", "register_applied"]


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
def test_bad_rows_are_left_out_by_a_worker_and_the_reason_stands_sealed_meanwhile(
    app: Flask, sign_in: Enter, work: Callable[[], None]
) -> None:
    staff = sign_in("staff")
    number = sent(staff, csv_of(SITI, FAULTY))
    work()
    assert "Berkas perlu diperbaiki" in page_of(staff, number)
    reason = "menunggu nomor yang benar"
    page = press(staff, number, "pilihan", skip_problems="y", reason=reason)
    assert "Pemeriksaan ulang berkas" in page
    with app.app_context():
        params = db.session.scalars(select(Job.params)).all()
        db.session.remove()
    assert not any(reason in each for each in params)
    work()
    page = page_of(staff, number)
    assert reason in page
    assert "Terapkan 1 baris" in page


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
def test_a_plan_that_changed_meanwhile_is_shown_again_and_nothing_is_applied(
    app: Flask, sign_in: Enter, work: Callable[[], None]
) -> None:
    staff = sign_in("staff")
    first = sent(staff, csv_of(SITI, JOKO))
    work()
    shown = shown_on(page_of(staff, first))
    other = sent(staff, csv_of(SITI))
    work()
    press(staff, other, "terapkan", shown=shown_on(page_of(staff, other)))
    press(staff, first, "terapkan", shown=shown)
    work()
    page = page_of(staff, first)
    assert "Data peminjam berubah sejak halaman ini dibuka" in page
    assert "Terapkan 1 baris" in page
    assert registered(app) == 1


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
def test_an_unreadable_file_is_kept_with_the_reason_and_a_cancelled_one_taken_back(
    app: Flask, sign_in: Enter, work: Callable[[], None]
) -> None:
    staff = sign_in("staff")
    strange = sent(staff, b"Kota;Kode;Luas\nSemarang;3374;373\n")
    gone = sent(staff, csv_of(SITI))
    assert "Pemeriksaan dibatalkan; berkas ditarik." in press(staff, gone, "batalkan")
    work()
    page = page_of(staff, strange)
    assert "Berkas tidak terbaca" in page
    assert "KELURAHAN" in page
    assert "Periksa lagi dengan pilihan ini" not in page
    assert "Berkas ditarik" in page_of(staff, gone)
    assert registered(app) == 0


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
def test_changed_names_are_confirmed_by_a_worker(
    app: Flask, sign_in: Enter, work: Callable[[], None]
) -> None:
    staff = sign_in("staff")
    number = sent(staff, csv_of(SITI))
    work()
    assert "Pemeriksaan ulang berkas" in press(staff, number, "nama", baris="2", ganti="2")
    work()
    with app.app_context():
        actions = db.session.scalars(select(TrailEntry.action)).all()
        db.session.remove()
    assert "register_names_confirmed" in actions
    assert "Terapkan 1 baris" in page_of(staff, number)
