"""From how many days each reminder is sent: a dated setting with its history."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from tests import factories
from tests.applications.forms import text_of
from wibawa.access.models import TrailEntry
from wibawa.arrears.models import ReminderSetting
from wibawa.arrears.reminders.queries import due_lines, steps_on
from wibawa.banks.queries import thresholds_on
from wibawa.web.clock import today

SignIn = Callable[[str], factories.Client]
ADDRESS = "/pengaturan/surat-peringatan"
DAYS = {
    "first_days": "7", "second_days": "30", "third_days": "60", "gap_days": "14", "pay_days": "7",
}  # fmt: skip


def entry(client: factories.Client, **changes: str) -> dict[str, str]:
    found = re.search(r'name="shown"[^>]*value="(\d+)"', text_of(client, ADDRESS))
    assert found
    return DAYS | {"valid_from": "24/11/2026", "shown": found[1]} | changes


def kept(session: Session) -> int:
    session.rollback()
    return int(session.scalar(select(func.count()).select_from(ReminderSetting)) or 0)


def test_a_change_counts_from_its_day_on_and_stands_in_the_history(
    sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    factories.loan(session, people["staff"], people["approver"], disbursed_on=dt.date(2026, 10, 20))
    session.commit()  # four days late
    client = sign_in("admin")
    later = entry(client, valid_from="26/11/2026", first_days="3", gap_days="10")
    assert client.post(ADDRESS, data=later).status_code == 302
    session.rollback()
    classes = thresholds_on(session, today())
    assert due_lines(session, dt.date(2026, 11, 25), classes) == []
    (line,) = due_lines(session, dt.date(2026, 11, 26), classes)
    assert line.grade == 1
    assert steps_on(session, dt.date(2026, 11, 25)).days == {k: int(v) for k, v in DAYS.items()}
    page = text_of(client, ADDRESS)
    assert "Mulai 26 November 2026" in page
    assert "Admin, 24 November 2026 10.00" in page
    detail = session.scalar(
        select(TrailEntry.detail).where(TrailEntry.action == "reminder_days_changed")
    )
    assert (
        detail == "Mulai 26 November 2026: peringatan 1: 7 hari → 3 hari; jarak: 14 hari → 10 hari"
    )


WRONG = {
    "first_days=": "wajib diisi",
    "first_days=0": "Antara 1 dan 999 hari",
    "first_days=x": "angka bulat",
    "second_days=7": "lebih lama dari peringatan 1",
    "third_days=30": "lebih lama dari peringatan 2",
    "pay_days=91": "Antara 1 dan 90 hari",
    "valid_from=23/11/2026": "sudah lewat",
}


@pytest.mark.parametrize("change", WRONG)
def test_days_that_make_no_sense_are_refused_in_words(
    sign_in: SignIn, session: Session, change: str
) -> None:
    client = sign_in("admin")
    name, value = change.split("=")
    assert WRONG[change] in text_of(client, ADDRESS, entry(client, **{name: value}))
    assert kept(session) == 1


def test_sent_twice_it_is_kept_once_and_another_persons_change_stays(
    sign_in: SignIn, session: Session
) -> None:
    client = sign_in("admin")
    typed = entry(client, first_days="5")
    assert [client.post(ADDRESS, data=typed).status_code for _ in range(2)] == [302, 302]
    assert client.post(ADDRESS, data=typed | {"first_days": "6"}).status_code == 409
    assert client.post(ADDRESS, data=entry(client, first_days="5")).status_code == 302
    assert kept(session) == 2


@pytest.mark.parametrize("change", [{"second_days": 7}, {"gap_days": 0}, {"pay_days": 91}])
def test_the_database_refuses_them_too(session: Session, change: dict[str, int]) -> None:
    days = {name: int(value) for name, value in DAYS.items()}
    session.add(ReminderSetting(valid_from=today(), **days | change))
    with pytest.raises(DBAPIError):
        session.flush()
