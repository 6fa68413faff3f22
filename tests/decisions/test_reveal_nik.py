from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests import factories
from tests.applications.forms import key, text_of
from tests.conftest import prepared
from wibawa.access.models import TrailEntry
from wibawa.borrowers.queries import borrower_facts
from wibawa.rules.statuses import State

SignIn = Callable[[str], factories.Client]
REASON = "Memeriksa SLIK pemohon"


def _sent(session: Session, people: dict[str, int]) -> int:
    return factories.application(session, people)


sent = prepared(_sent)


def _shown(client: factories.Client, number: int, **changes: str) -> str:
    data = {"reason": REASON, "request_key": key()} | changes
    return text_of(client, f"/permohonan/{number}/nik", data)


def test_an_officer_sees_the_nik_of_an_own_applicant_once_for_a_reason(
    sign_in: SignIn, session: Session, people: dict[str, int], sent: int
) -> None:
    client, used = sign_in("pasar"), key()
    facts = borrower_facts(session, 1)
    assert facts is not None
    session.rollback()
    page = _shown(client, sent, request_key=used)
    assert facts.nik in page
    again = client.post(f"/permohonan/{sent}/nik", data={"reason": REASON, "request_key": used})
    assert again.status_code == 302
    for address in (f"/permohonan/{sent}", f"/permohonan/{sent}/nik", "/permohonan"):
        assert facts.nik not in text_of(client, address)
    kept = session.execute(
        select(TrailEntry.user_id, TrailEntry.object_kind, TrailEntry.detail).where(
            TrailEntry.action == "nik_revealed"
        )
    ).all()
    assert [tuple(row) for row in kept] == [
        (people["pasar"], "borrower", f"{REASON} (permohonan PM-000001)")
    ]
    history = text_of(sign_in("staff"), f"/peminjam/{facts.id}")
    assert f"Alasan: {REASON} (permohonan PM-000001)" in history


@pytest.mark.parametrize("reason", ["", "abc", "3374014804850012"])
def test_without_a_proper_reason_nothing_is_shown(
    sign_in: SignIn, session: Session, sent: int, reason: str
) -> None:
    page = _shown(sign_in("pasar"), sent, reason=reason)
    assert not re.search(r"class=\"ticket\"", page)
    session.rollback()
    assert session.scalar(select(TrailEntry.id).where(TrailEntry.action == "nik_revealed")) is None


def test_only_the_banks_own_officers_and_only_what_was_sent(
    sign_in: SignIn, session: Session, people: dict[str, int], sent: int
) -> None:
    early = factories.application(session, people, number=2, to=State.RECOMMENDED)
    session.commit()
    data = {"reason": REASON, "request_key": key()}
    assert sign_in("jateng").post(f"/permohonan/{sent}/nik", data=data).status_code == 404
    assert sign_in("pasar").post(f"/permohonan/{early}/nik", data=data).status_code == 404
    for who in ("staff", "approver", "leader", "auditor", "admin"):
        assert sign_in(who).post(f"/permohonan/{sent}/nik", data=data).status_code == 403
    assert sign_in("pasar").post("/peminjam/1/nik", data=data).status_code == 403
