"""An incident has a clock of 3 × 24 hours from when it was noticed, and stands on the first page of
who is responsible until it is closed."""

from __future__ import annotations

import datetime as dt
import html
from collections.abc import Callable

import pytest
import time_machine
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests import factories
from tests.conftest import SOAK_ON_BOTH
from wibawa.database import db, writing

LIST = "/pelindungan-data/insiden"
SignIn = Callable[[str], factories.Client]
pytestmark = pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
NEW = {
    "title": "Berkas terkirim ke alamat salah",
    "noticed_on": "23/11/2026",
    "noticed_time": "10.00",
    "happened_on": "22/11/2026",
    "happened_time": "16.30",
    "kinds": "nama, telepon",
    "affected": "12",
    "what": "Daftar penagihan terkirim ke bank lain.",
    "request_key": "a" * 32,
}


def said(client: factories.Client, address: str) -> str:
    return html.unescape(client.get(address).get_data(as_text=True))


def step(client: factories.Client, kind: str, day: str, time: str, key: str) -> int:
    body = {"kind": kind, "done_on": day, "done_time": time, "text": "Surat nomor 12 dikirim.",
            "request_key": key * 32}  # fmt: skip
    return client.post(f"{LIST}/1/langkah", data=body).status_code


def test_the_clock_runs_from_when_it_was_noticed_until_both_are_told(
    app: Flask, people: dict[str, int], sign_in: SignIn, clock: time_machine.Traveller
) -> None:
    staff, approver = sign_in("staff"), sign_in("approver")
    assert staff.post(f"{LIST}/baru", data=NEW).headers["Location"] == f"{LIST}/1"
    page = said(staff, f"{LIST}/1")
    assert "26 November 2026 10.00" in page, "three days after 23 November, 10.00 WIB"
    assert "Sisa 48 jam" in page, "it is 24 November, 10.00 WIB"
    assert "Belum diberi tahu: lembaga dan subjek data" in page
    assert "Pemberitahuan belum lengkap" in page
    assert "Beri tahu secara tertulis: data apa yang terungkap" in page
    assert "Beri tahu secara tertulis" not in said(sign_in("auditor"), f"{LIST}/1")
    first = said(approver, "/")
    assert "Berkas terkirim ke alamat salah" in first
    assert "Sisa 48 jam. Belum diberi tahu: lembaga dan subjek data." in first
    assert step(approver, "authority", "24/11/2026", "09.00", "b") == 302
    assert "Belum diberi tahu: subjek data" in said(staff, f"{LIST}/1")
    assert step(approver, "closed", "24/11/2026", "09.30", "c") == 409
    clock.move_to(dt.datetime(2026, 11, 26, 2, 30, tzinfo=dt.UTC))
    assert "Sisa kurang dari 1 jam" in said(sign_in("staff"), LIST)
    clock.move_to(dt.datetime(2026, 11, 26, 4, 0, tzinfo=dt.UTC))
    assert "Batas 3 × 24 jam lewat" in said(sign_in("approver"), LIST)
    approver = sign_in("approver")
    assert step(approver, "persons", "26/11/2026", "10.30", "d") == 302
    page = said(approver, f"{LIST}/1")
    assert "Diberitahukan terlambat" in page, "subjek data at 10.30, after 10.00"
    assert "sesudah batas 3 × 24 jam: subjek data." in page, "lembaga was told in time"
    assert "catat langkah “Insiden ditutup”" in page
    assert step(approver, "closed", "26/11/2026", "10.45", "e") == 302
    assert "Diberi tahu sesudah batas: subjek data" in said(sign_in("auditor"), LIST)
    assert "Berkas terkirim ke alamat salah" not in said(approver, "/")
    assert step(approver, "note", "26/11/2026", "10.50", "f") == 409


@pytest.mark.parametrize("table", ["incidents", "incident_steps"])
def test_an_incident_never_changes(
    app: Flask, people: dict[str, int], sign_in: SignIn, table: str
) -> None:
    staff = sign_in("staff")
    staff.post(f"{LIST}/baru", data=NEW)
    step(staff, "note", "24/11/2026", "09.00", "b")
    with app.app_context(), writing():
        for statement in (f"UPDATE {table} SET entered_by = entered_by", f"DELETE FROM {table}"):
            with pytest.raises(DBAPIError, match="append-only"):
                db.session.execute(text(statement))
            db.session.rollback()
        db.session.remove()
