"""One issued paper on its own page, and its withdrawal."""

from __future__ import annotations

import secrets
from collections.abc import Callable

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests import factories
from tests.applications.forms import text_of
from tests.conftest import prepared
from tests.notices.steps import issued, told
from wibawa.access.models import TrailEntry
from wibawa.letters.actions import withdraw
from wibawa.letters.models import PaperWithdrawal
from wibawa.rules.refused import Refused
from wibawa.rules.statuses import State
from wibawa.web.clock import now

SignIn = Callable[[str], factories.Client]
WHY = "Alamat pemohon salah"


def _paper(session: Session, people: dict[str, int]) -> int:
    return issued(session, people, told(session, people, State.APPROVED))


paper = prepared(_paper)


def press(client: factories.Client, paper_id: int, reason: str = WHY, key: str = "") -> int:
    body = {"reason": reason, "request_key": key or secrets.token_hex(16)}
    return int(client.post(f"/surat-keluar/{paper_id}/tarik", data=body).status_code)


def test_a_paper_is_withdrawn_for_a_reason_that_stays_on_its_page(
    sign_in: SignIn, session: Session, paper: int
) -> None:
    client = sign_in("staff")
    assert "Tarik surat" in text_of(client, f"/surat-keluar/{paper}")
    assert press(client, paper) == 302
    page = text_of(client, f"/surat-keluar/{paper}")
    assert "Ditarik oleh Staff, 24 November 2026 10.00" in page
    assert WHY in page
    assert "Tarik surat" not in page
    assert "Ditarik" in text_of(client, "/surat-keluar")
    session.rollback()
    (line,) = session.scalars(select(TrailEntry).where(TrailEntry.action == "paper_withdrawn"))
    assert line.detail == f"001/SETUJU/KW/XI/2026: {WHY}"
    assert client.get(f"/surat-keluar/{paper}/surat.pdf").status_code == 200, "it stays readable"


def test_the_same_press_twice_withdraws_once_and_another_one_is_refused(
    sign_in: SignIn, session: Session, paper: int
) -> None:
    client, key = sign_in("staff"), secrets.token_hex(16)
    assert [press(client, paper, key=key) for _ in range(2)] == [302, 302]
    assert press(client, paper) == 409
    session.rollback()
    assert session.scalar(select(func.count()).select_from(PaperWithdrawal)) == 1


@pytest.mark.parametrize("reason", ["", " ", "abc", "x" * 301])
def test_without_a_reason_nothing_is_withdrawn(
    sign_in: SignIn, session: Session, paper: int, reason: str
) -> None:
    assert press(sign_in("staff"), paper, reason) == 422
    session.rollback()
    assert session.scalar(select(func.count()).select_from(PaperWithdrawal)) == 0


def test_who_only_reads_sees_the_page_without_the_form(sign_in: SignIn, paper: int) -> None:
    for who in ("approver", "auditor"):
        client = sign_in(who)
        assert "Tarik surat" not in text_of(client, f"/surat-keluar/{paper}")
        assert press(client, paper) == 403


def test_a_paper_that_nobody_issued_is_not_found(sign_in: SignIn, session: Session) -> None:
    assert sign_in("staff").get("/surat-keluar/99").status_code == 404
    with pytest.raises(Refused):
        withdraw(session, 99, WHY, 1, now())
