"""How long each step may take: a dated setting, the deadline that follows, and who is late."""

from __future__ import annotations

import datetime as dt
import html
import re
from collections.abc import Callable
from dataclasses import replace

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from tests import factories
from tests.applications.forms import recorded, text_of, visited
from wibawa.access.models import TrailEntry
from wibawa.access.permissions import Role
from wibawa.applications import actions as applying
from wibawa.applications.actions import Author
from wibawa.applications.deadlines.queries import LIMITED, deadlines_on
from wibawa.applications.models import Application, DeadlineSetting
from wibawa.applications.queries import case
from wibawa.decisions import actions as decisions
from wibawa.rules.statuses import CLOSED, MOVES, Action, State
from wibawa.web.clock import now

SignIn = Callable[[str], factories.Client]
ADDRESS = "/pengaturan/batas-waktu"
DAYS = {
    "draft": "14", "submitted": "14", "visited": "7", "recommended": "7", "sent": "21",
    "approved": "14", "returned": "14",
}  # fmt: skip


def _entry(client: factories.Client, **changes: str) -> dict[str, str]:
    page = text_of(client, ADDRESS)
    found = re.search(r'name="shown"[^>]*value="(\d+)"', page)
    assert found
    return DAYS | {"valid_from": "24/11/2026", "shown": found[1]} | changes


def _shown(session: Session, number: int) -> str:
    found = case(session, number)
    assert found is not None
    return found.shown


def _due(session: Session, number: int) -> dt.date | None:
    return session.scalar(select(Application.due_on).where(Application.id == number))


def test_every_state_that_somebody_must_carry_on_has_a_field() -> None:
    left = {state for row in MOVES.values() for state in row.sources}
    assert set(LIMITED) == left == set(State) - CLOSED
    assert set(DAYS) == {state.value for state in LIMITED}


def test_the_deadline_counts_calendar_days_from_the_day_in_semarang(
    sign_in: SignIn, session: Session, people: dict[str, int], clock: time_machine.Traveller
) -> None:
    number = factories.borrower(session, people["staff"])
    session.commit()
    clock.move_to(dt.datetime(2026, 11, 3, 18, tzinfo=dt.UTC))  # 4 November, 01.00 WIB
    application = recorded(sign_in("staff"), f"/permohonan/baru?peminjam={number}")
    session.rollback()
    assert _due(session, application) == dt.date(2026, 11, 18)


def test_each_move_gives_a_new_deadline_and_an_ended_one_has_none(
    people: dict[str, int], session: Session
) -> None:
    officer = Author(people["pasar"], Role.BANK_OFFICER, now())
    clerk = Author(people["staff"], Role.OFFICE_STAFF, now())
    ready = factories.application(session, people, to=State.RECOMMENDED)
    assert _due(session, ready) == dt.date(2026, 12, 1)
    sent = factories.application(session, people, number=2)
    assert _due(session, sent) == dt.date(2026, 12, 15)
    answer = {"bank_id": factories.PASAR, "author": officer, "amount": 4_000_000, "note": ""}
    decisions.approve(session, sent, shown=_shown(session, sent), **answer)
    assert _due(session, sent) == dt.date(2026, 12, 8)
    why = {"action": Action.WITHDRAW, "reason": "Tidak jadi meminjam"}
    shown = _shown(session, sent)
    applying.end(session, sent, shown=shown, author=clerk, elsewhere=lambda *_: [], **why)
    assert _due(session, sent) is None


def test_a_change_counts_for_what_enters_a_state_from_its_day_on(
    sign_in: SignIn, session: Session, people: dict[str, int], clock: time_machine.Traveller
) -> None:
    ids = [factories.borrower(session, people["staff"], at) for at in (30, 31, 32)]
    session.commit()
    admin, staff = sign_in("admin"), sign_in("staff")
    before = recorded(staff, f"/permohonan/baru?peminjam={ids[0]}")
    later = _entry(admin, valid_from="26/11/2026", submitted="3", draft="")
    assert admin.post(ADDRESS, data=later).status_code == 302
    same_day = recorded(staff, f"/permohonan/baru?peminjam={ids[1]}")
    clock.move_to(dt.datetime(2026, 11, 26, 3, tzinfo=dt.UTC))
    after = recorded(sign_in("staff"), f"/permohonan/baru?peminjam={ids[2]}")
    session.rollback()
    assert [_due(session, each) for each in (before, same_day, after)] == [
        dt.date(2026, 12, 8), dt.date(2026, 12, 8), dt.date(2026, 11, 29),
    ]  # fmt: skip
    assert deadlines_on(session, dt.date(2026, 11, 25)).days[State.SUBMITTED] == 14
    assert deadlines_on(session, dt.date(2026, 11, 26)).days[State.DRAFT] is None
    page = text_of(sign_in("admin"), ADDRESS)
    assert "Mulai 26 November 2026 (berlaku)" in page
    assert "Draf: tanpa batas" in page
    detail = session.scalar(
        select(TrailEntry.detail).where(TrailEntry.action == "deadlines_changed")
    )
    assert detail == (
        "Mulai 26 November 2026: Draf: 14 hari → tanpa batas; Diajukan: 14 hari → 3 hari"
    )


def test_the_same_sent_twice_leaves_one_entry_and_another_persons_change_stays(
    sign_in: SignIn, session: Session
) -> None:
    admin = sign_in("admin")
    first, late = _entry(admin, sent="30"), _entry(admin, sent="40")
    for _ in range(2):
        assert admin.post(ADDRESS, data=first).status_code == 302
    answer = admin.post(ADDRESS, data=late)
    assert answer.status_code == 409
    assert "baru saja diubah orang lain" in html.unescape(answer.get_data(as_text=True))
    session.rollback()
    assert len(session.scalars(select(DeadlineSetting.id)).all()) == 2


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"valid_from": "23/11/2026"}, "23 November 2026 sudah lewat"),
        ({"sent": "0"}, "Antara 1 dan 365 hari."),
        ({"sent": "366"}, "Antara 1 dan 365 hari."),
        ({"visited": "tujuh"}, "Tulis angka bulat."),
        ({"valid_from": ""}, "Isian ini wajib diisi."),
    ],
)
def test_what_cannot_be_kept_is_said_and_nothing_changes(
    changes: dict[str, str], said: str, sign_in: SignIn, session: Session
) -> None:
    admin = sign_in("admin")
    answer = admin.post(ADDRESS, data=_entry(admin, **changes))
    assert said in html.unescape(answer.get_data(as_text=True))
    session.rollback()
    assert len(session.scalars(select(DeadlineSetting.id)).all()) == 1


def test_a_setting_is_never_changed_or_deleted(session: Session) -> None:
    for statement in ("UPDATE deadline_settings SET sent = 1", "DELETE FROM deadline_settings"):
        with pytest.raises(DBAPIError, match="append-only"):
            session.connection().exec_driver_sql(statement)
        session.rollback()


def test_the_late_ones_stand_on_top_are_marked_and_can_be_listed_alone(
    sign_in: SignIn, session: Session, people: dict[str, int], clock: time_machine.Traveller
) -> None:
    names = ("Ani Slow", "Budi Fast", "Cici Late")
    ids = [factories.borrower(session, people["staff"], at, name) for at, name in
           enumerate(names, 40)]  # fmt: skip
    session.commit()
    clock.move_to(dt.datetime(2026, 11, 1, 3, tzinfo=dt.UTC))
    slow = recorded(sign_in("staff"), f"/permohonan/baru?peminjam={ids[0]}")
    late = recorded(sign_in("staff"), f"/permohonan/baru?peminjam={ids[2]}")
    clock.move_to(dt.datetime(2026, 11, 20, 3, tzinfo=dt.UTC))
    recorded(sign_in("staff"), f"/permohonan/baru?peminjam={ids[1]}")
    visited(sign_in("staff"), slow, visited_on="20/11/2026")
    clock.move_to(dt.datetime(2026, 11, 24, 3, tzinfo=dt.UTC))
    page = text_of(sign_in("staff"), "/permohonan")
    waiting = page[page.index('id="menunggu"') : page.index('class="filter-bar"')]
    assert waiting.index("Cici Late") < waiting.index("Budi Fast")
    assert waiting.count("Terlambat 9 hari") == 1  # 15 November, nine days ago
    alone = text_of(sign_in("staff"), "/permohonan?batas=lewat")
    assert "Jumlah 1 permohonan" in alone
    assert "Terlambat 9 hari" in text_of(sign_in("staff"), f"/permohonan/{late}")
    assert "Batas langkah sekarang" in text_of(sign_in("staff"), f"/permohonan/{slow}")
    home = text_of(sign_in("staff"), "/")
    assert "permohonan Anda yang terlambat" in home
    assert "permohonan Anda yang terlambat" not in text_of(sign_in("approver"), "/")


def test_a_change_of_the_wish_leaves_the_deadline(
    people: dict[str, int], session: Session, clock: time_machine.Traveller
) -> None:
    made = factories.application(session, people, to=State.DRAFT)
    clock.move_to(dt.datetime(2026, 11, 26, 3, tzinfo=dt.UTC))
    found = case(session, made)
    assert found is not None
    clerk = Author(people["staff"], Role.OFFICE_STAFF, now())
    wish = replace(found.wish, amount=4_000_000)
    applying.revise(session, made, shown=found.shown, author=clerk, wish=wish)
    assert _due(session, made) == dt.date(2026, 12, 8)
