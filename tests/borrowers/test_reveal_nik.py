from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select

from tests import factories
from wibawa.access.models import TrailEntry
from wibawa.database import db

SignIn = Callable[[str], factories.Client]
NIK = "3374014804850001"
REASON = "Mencocokkan dengan KTP di loket"


@pytest.fixture
def siti(app: Flask, people: dict[str, int]) -> int:
    return factories.saved(app, lambda s: factories.borrower(s, people["staff"]))


def key_of(client: factories.Client, borrower_id: int) -> str:
    page = client.get(f"/peminjam/{borrower_id}").get_data(as_text=True)
    found = re.search(r'name="request_key"[^>]*value="(\w+)"', page)
    assert found
    return found[1]


def trail(app: Flask, action: str) -> list[tuple[int | None, int | None, str]]:
    with app.app_context():
        query = select(TrailEntry.user_id, TrailEntry.object_id, TrailEntry.detail)
        found = db.session.execute(query.where(TrailEntry.action == action)).all()
        db.session.remove()
    return [tuple(row) for row in found]  # type: ignore[misc]


@pytest.mark.parametrize("who", ["staff", "approver"])
def test_the_nik_is_shown_once_for_a_reason_that_stays_in_trail_and_history(
    app: Flask, people: dict[str, int], siti: int, sign_in: SignIn, who: str
) -> None:
    client = sign_in(who)
    body = {"reason": f"  {REASON} ", "request_key": key_of(client, siti)}
    answer = client.post(f"/peminjam/{siti}/nik", data=body)
    assert answer.status_code == 200
    assert NIK in answer.get_data(as_text=True)
    assert answer.headers["Cache-Control"] == "no-store"
    assert trail(app, "nik_revealed") == [(people[who], siti, REASON)]
    page = client.get(f"/peminjam/{siti}").get_data(as_text=True)
    assert NIK not in page
    assert f"Alasan: {REASON}" in page
    assert "NIK lengkap ditampilkan" in page


def test_the_same_form_sent_again_does_not_show_it_again(
    app: Flask, siti: int, sign_in: SignIn
) -> None:
    client = sign_in("staff")
    body = {"reason": REASON, "request_key": key_of(client, siti)}
    client.post(f"/peminjam/{siti}/nik", data=body)
    again = client.post(f"/peminjam/{siti}/nik", data=body)
    assert again.headers["Location"] == f"/peminjam/{siti}"
    assert len(trail(app, "nik_revealed")) == 1


@pytest.mark.parametrize("reason", ["", "   ", "a", f"NIK {NIK}", "x" * 201])
def test_without_a_proper_reason_nothing_is_shown_or_recorded(
    app: Flask, siti: int, sign_in: SignIn, reason: str
) -> None:
    client = sign_in("staff")
    body = {"reason": reason, "request_key": key_of(client, siti)}
    answer = client.post(f"/peminjam/{siti}/nik", data=body)
    assert answer.status_code == 400
    page = answer.get_data(as_text=True)
    assert "Alasan menampilkan NIK" in page
    assert "error-summary" in page
    assert page.count(NIK) == reason.count(NIK)  # only what was typed, in its own field
    assert trail(app, "nik_revealed") == []


def test_a_form_without_its_key_is_refused(app: Flask, siti: int, sign_in: SignIn) -> None:
    answer = sign_in("staff").post(f"/peminjam/{siti}/nik", data={"reason": REASON})
    assert answer.status_code == 409
    assert NIK not in answer.get_data(as_text=True)
    assert trail(app, "nik_revealed") == []


@pytest.mark.parametrize("who", ["auditor", "jateng", "leader", "admin"])
def test_others_are_refused_and_the_try_is_recorded(
    app: Flask, siti: int, sign_in: SignIn, who: str
) -> None:
    client = sign_in(who)
    answer = client.post(f"/peminjam/{siti}/nik", data={"reason": REASON, "request_key": "k" * 32})
    assert answer.status_code == 403
    assert NIK not in answer.get_data(as_text=True)
    assert trail(app, "nik_revealed") == []
    assert len(trail(app, "denied")) == 1


def test_it_is_never_shown_by_opening_an_address(siti: int, sign_in: SignIn) -> None:
    assert sign_in("staff").get(f"/peminjam/{siti}/nik").status_code == 405
