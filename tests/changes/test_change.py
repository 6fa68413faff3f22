"""One request: what it would do now, and the decision of a second person."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from tests import factories
from tests.changes.steps import (
    HOLIDAY,
    REASON,
    approve,
    approved,
    ask,
    broken,
    decision,
    rows,
    status,
    text_of,
    versions,
)
from tests.conftest import unnumbered
from tests.factories import Client
from wibawa.access.models import TrailEntry
from wibawa.access.permissions import Role
from wibawa.access.users import add_user
from wibawa.changes import actions
from wibawa.loans.models import LoanRequest, Schedule
from wibawa.rules.refused import Refused
from wibawa.web.clock import now

SignIn = Callable[[str], Client]
TODAY = dt.date(2026, 11, 24)


@pytest.fixture
def number(loans: dict[str, int], sign_in: SignIn) -> int:
    """A payment holiday of three months from installment 11 on, asked for by the staff."""
    return ask(sign_in("staff"), loans["pasar_late"], "jeda", HOLIDAY)


def test_a_second_person_approves_and_a_new_version_is_in_force(
    number: int,
    loans: dict[str, int],
    sign_in: SignIn,
    session: Session,
    people: dict[str, int],
) -> None:
    before = rows(session, loans["pasar_late"])
    approved(sign_in("approver"), number)
    assert versions(session, loans["pasar_late"]) == [
        ("first", dt.date(2026, 1, 31)),
        ("holiday", TODAY),
    ]
    after = rows(session, loans["pasar_late"])
    assert after[:10] == before[:10]
    assert [day for day, *_ in after[10:12]] == [dt.date(2027, 3, 31), dt.date(2027, 4, 30)]
    assert sum(row[1] for row in after) == 5_000_000
    assert [row[2] for row in after[10:]] == [12_500 + 2_679] * 13 + [12_500 + 2_673]
    made = session.scalars(select(Schedule).where(Schedule.kind == "holiday")).one()
    assert (made.made_by, made.approved_by) == (people["staff"], people["approver"])
    assert (made.request_id, made.reason, made.due_day) == (number, REASON, 31)
    assert status(session, number) == "approved"
    trail = select(TrailEntry.object_id).where(TrailEntry.action == "change_approved")
    assert list(session.scalars(trail)) == [number]
    assert broken(session) == []


def test_the_page_keeps_what_was_approved_whatever_happens_to_the_loan_later(
    app: Flask, number: int, loans: dict[str, int], sign_in: SignIn, people: dict[str, int]
) -> None:
    client = sign_in("approver")
    approved(client, number)
    factories.saved(
        app,
        lambda s: factories.payment(
            s, loans["pasar_late"], 500_000, TODAY, people["staff"], people["staff2"]
        ),
    )
    page = text_of(client.get(f"/permintaan/{number}"))
    assert "Rp337.500 (lebih Rp37.500)" in page
    assert "14 dari 24 angsuran berubah" in page
    assert "Disetujui" in page
    assert "Setujui<" not in page


def test_the_loan_page_tells_version_reason_and_day(
    number: int, loans: dict[str, int], sign_in: SignIn
) -> None:
    approved(sign_in("approver"), number)
    page = text_of(sign_in("staff").get(f"/pinjaman/{loans['pasar_late']}"))
    assert "Jadwal angsuran versi 2" in page
    assert f"Berlaku sejak 24 November 2026, alasan: {REASON}" in page


def test_who_asked_may_not_decide_and_the_try_is_recorded(
    app: Flask, number: int, loans: dict[str, int], sign_in: SignIn, session: Session,
    people: dict[str, int],
) -> None:  # fmt: skip
    session.rollback()
    request = session.get_one(LoanRequest, number)
    shown = decision(sign_in("approver"), number)["shown"]
    with pytest.raises(Refused, match="Anda ajukan sendiri"):
        actions.approve(session, number, shown, people["staff"], now())
    session.rollback()
    with pytest.raises(IntegrityError):
        session.execute(
            update(LoanRequest)
            .where(LoanRequest.id == request.id)
            .values(status="approved", decided_by=people["staff"], decided_at=now())
        )
    session.rollback()
    assert sign_in("staff").post(f"/permintaan/{number}/setujui").status_code == 403
    assert len(versions(session, loans["pasar_late"])) == 1


def test_approving_what_changed_since_it_was_shown_is_refused_and_shown_anew(
    app: Flask, number: int, loans: dict[str, int], sign_in: SignIn, session: Session,
    people: dict[str, int],
) -> None:  # fmt: skip
    client = sign_in("approver")
    seen = decision(client, number)
    factories.saved(
        app,
        lambda s: factories.paid(
            s,
            loans["pasar_late"],
            220_833,
            dt.date(2026, 11, 20),
            people["staff"],
            people["staff2"],
        ),
    )
    page = text_of(approve(client, number, seen), 409)
    assert "Akibat permintaan ini berubah sejak ditampilkan, jadi belum disetujui" in page
    assert status(session, number) == "recorded"
    assert len(versions(session, loans["pasar_late"])) == 1
    approved(client, number)
    assert status(session, number) == "approved"
    assert broken(session) == []


def test_what_cannot_be_done_any_more_can_only_be_refused(
    app: Flask, number: int, loans: dict[str, int], sign_in: SignIn, session: Session,
    people: dict[str, int],
) -> None:  # fmt: skip
    client = sign_in("approver")
    seen = decision(client, number)
    factories.saved(
        app,
        lambda s: factories.paid(
            s, loans["pasar_late"], 3 * 220_833, TODAY, people["staff"], people["staff2"]
        ),
    )
    page = text_of(approve(client, number, seen), 409)
    assert "pilih angsuran ke-12 sampai ke-24, yang belum lunas" in page
    assert "hanya dapat ditolak" in page
    body = decision(client, number, "tolak") | {"reason": "Angsurannya sudah dibayar"}
    assert client.post(f"/permintaan/{number}/tolak", data=body).status_code == 302
    assert status(session, number) == "refused"
    assert broken(session) == []


def test_a_refusal_needs_a_reason_and_changes_nothing(
    number: int, loans: dict[str, int], sign_in: SignIn, session: Session
) -> None:
    client = sign_in("approver")
    body = decision(client, number, "tolak")
    page = text_of(client.post(f"/permintaan/{number}/tolak", data=body | {"reason": ""}))
    assert "Isian ini wajib diisi." in page
    assert status(session, number) == "recorded"
    answer = client.post(f"/permintaan/{number}/tolak", data=body | {"reason": "Belum ada bukti"})
    assert answer.status_code == 302
    page = text_of(sign_in("staff").get(f"/permintaan/{number}"))
    assert "Belum ada bukti" in page
    assert len(versions(session, loans["pasar_late"])) == 1
    again = ask(sign_in("staff"), loans["pasar_late"], "jeda", HOLIDAY)
    assert again == number + 1


def test_the_same_press_twice_approves_once_and_a_second_approver_is_told(
    number: int, loans: dict[str, int], sign_in: SignIn, session: Session
) -> None:
    add_user(session, username="kabid2", name="Kabid Dua", role=Role.APPROVER,
             password=factories.PASSWORD, bank_id=None, now=now())  # fmt: skip
    session.commit()
    first, second = sign_in("approver"), sign_in("kabid2")
    body, other = decision(first, number), decision(second, number)
    answers = [approve(first, number, body) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [302, 302]
    page = text_of(approve(second, number, other), 409)
    assert "sudah diputuskan oleh Approver, yang menyetujuinya pada 24 November 2026" in page
    assert len(versions(session, loans["pasar_late"])) == 2


def test_the_day_that_was_shown_is_part_of_what_is_approved(
    number: int, sign_in: SignIn, session: Session, clock: time_machine.Traveller
) -> None:
    clock.move_to(dt.datetime(2026, 11, 25, 16, 50, tzinfo=dt.UTC))  # 23.50 WIB
    client = sign_in("approver")
    seen = decision(client, number)
    clock.move_to(dt.datetime(2026, 11, 25, 17, 5, tzinfo=dt.UTC))
    assert "berubah sejak ditampilkan" in text_of(approve(client, number, seen), 409)
    assert status(session, number) == "recorded"


def test_two_changes_on_one_day_follow_each_other(
    number: int, loans: dict[str, int], sign_in: SignIn, session: Session
) -> None:
    approved(sign_in("approver"), number)
    second = ask(sign_in("staff"), loans["pasar_late"], "jeda", HOLIDAY | {"months": "1"})
    page = text_of(sign_in("approver").get(f"/permintaan/{second}"))
    assert "25 November 2026" in page
    approved(sign_in("approver"), second)
    assert versions(session, loans["pasar_late"])[1:] == [
        ("holiday", TODAY),
        ("holiday", dt.date(2026, 11, 25)),
    ]
    assert broken(session) == []


def test_a_bank_officer_reads_the_own_banks_requests_and_decides_none(
    number: int, sign_in: SignIn
) -> None:
    page = text_of(sign_in("pasar").get(f"/permintaan/{number}"))
    assert REASON in page
    assert "Setujui<" not in page
    other = sign_in("jateng")
    missing = other.get("/permintaan/999999")
    assert unnumbered(other.get(f"/permintaan/{number}")) == unnumbered(missing)
    assert missing.status_code == 404


def test_leadership_sees_the_figures_but_no_name_and_no_free_text(
    number: int, sign_in: SignIn
) -> None:
    page = text_of(sign_in("leader").get(f"/permintaan/{number}"))
    assert "Rp337.500" in page
    assert "Rahayu" not in page
    assert REASON not in page


def test_the_approver_finds_it_on_the_first_page_and_in_the_menu(
    number: int, sign_in: SignIn
) -> None:
    page = text_of(sign_in("approver").get("/"))
    assert "<strong>1</strong> permintaan perubahan menunggu keputusan" in page
    assert 'href="/permintaan?keadaan=menunggu"' in page
    assert "permintaan perubahan menunggu" not in text_of(sign_in("staff").get("/"))
