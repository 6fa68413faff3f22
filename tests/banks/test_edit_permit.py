from __future__ import annotations

import datetime as dt
import html
import re
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from tests import factories
from wibawa.access.models import TrailEntry
from wibawa.banks.models import DirectPermit
from wibawa.banks.queries import direct_banks
from wibawa.web.clock import today

SignIn = Callable[[str], factories.Client]
PLACE = f"/pengaturan/bank/{factories.PASAR}/tanpa-permohonan"
WISH = {"allowed": "ya", "valid_from": "24/11/2026", "reason": "Masa peralihan 2026"}


def saved(client: factories.Client, **changes: str) -> Any:
    page = client.get(PLACE).get_data(as_text=True)
    body = dict(re.findall(r'name="(seen|request_key)"[^>]*value="([^"]*)"', page))
    return client.post(PLACE, data=body | WISH | changes)


def test_nothing_is_allowed_until_an_administrator_says_so(
    sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    assert direct_banks(session, today()) == set()
    client = sign_in("admin")
    assert "Belum pernah diubah: tidak boleh." in client.get(PLACE).get_data(as_text=True)
    session.rollback()
    assert saved(client).status_code == 302
    assert direct_banks(session, today()) == {factories.PASAR}
    assert direct_banks(session, today() - dt.timedelta(days=1)) == set()
    page = client.get(PLACE).get_data(as_text=True)
    assert "Boleh sejak 24 November 2026" in page
    assert "Masa peralihan 2026" in page
    trail = select(TrailEntry.user_id, TrailEntry.detail).where(
        TrailEntry.action == "direct_permit_set"
    )
    assert [tuple(row) for row in session.execute(trail)] == [
        (people["admin"], "Bank Pasar sejak 24 November 2026: tidak → ya (Masa peralihan 2026)")
    ]


def test_the_permission_ends_on_the_day_that_was_set(
    sign_in: SignIn, session: Session, clock: time_machine.Traveller
) -> None:
    client = sign_in("admin")
    saved(client)
    saved(client, allowed="tidak", valid_from="01/01/2027", reason="Masa peralihan selesai")
    session.rollback()
    assert direct_banks(session, dt.date(2026, 12, 31)) == {factories.PASAR}
    assert direct_banks(session, dt.date(2027, 1, 1)) == set()
    assert "(belum berlaku)" in client.get(PLACE).get_data(as_text=True)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"valid_from": "23/11/2026"}, "Tertulis 23 November 2026; diperlukan hari ini"),
        ({"reason": "ya"}, "Tulis 5 sampai 200 karakter."),
        ({"reason": "     "}, "wajib diisi"),
        ({"allowed": ""}, "wajib diisi"),
        ({"valid_from": "31/02/2027"}, "tanggal tidak terbaca"),
    ],
)
def test_a_mistake_is_said_and_nothing_is_saved(
    sign_in: SignIn, session: Session, changes: dict[str, str], sentence: str
) -> None:
    answer = saved(sign_in("admin"), **changes)
    assert sentence in html.unescape(answer.get_data(as_text=True))
    session.rollback()
    assert session.scalar(select(func.count()).select_from(DirectPermit)) == 0


def test_what_another_administrator_set_meanwhile_is_not_passed_over(
    sign_in: SignIn, session: Session
) -> None:
    client = sign_in("admin")
    saved(client)
    answer = saved(client, seen="0", allowed="tidak")
    assert answer.status_code == 409
    assert "baru saja diubah orang lain" in answer.get_data(as_text=True)
    session.rollback()
    assert session.scalar(select(func.count()).select_from(DirectPermit)) == 1


def test_a_double_press_is_kept_once(sign_in: SignIn, session: Session) -> None:
    client = sign_in("admin")
    for _ in range(2):
        assert saved(client, request_key="k" * 32, seen="0").status_code == 302
    session.rollback()
    assert session.scalar(select(func.count()).select_from(DirectPermit)) == 1


@pytest.mark.parametrize("who", ["staff", "approver", "pasar", "auditor"])
def test_only_an_administrator_decides(sign_in: SignIn, who: str) -> None:
    assert sign_in(who).get(PLACE).status_code == 403
    assert sign_in(who).post(PLACE, data=WISH).status_code == 403


def test_a_bank_that_is_not_there_is_404(sign_in: SignIn) -> None:
    assert sign_in("admin").get("/pengaturan/bank/99/tanpa-permohonan").status_code == 404


def test_what_was_decided_stays_in_the_database(session: Session, people: dict[str, int]) -> None:
    factories.allow_direct(session, people)
    session.commit()
    for statement in ("UPDATE direct_permits SET allowed = false", "DELETE FROM direct_permits"):
        with pytest.raises(DBAPIError, match="append-only"):
            session.execute(text(statement))
        session.rollback()
