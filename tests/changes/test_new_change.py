"""Asking for a change: first its effect is shown, then it is recorded for a second person."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from tests import factories
from tests.changes.steps import (
    HOLIDAY,
    REASON,
    ask,
    form_for,
    hidden,
    preview,
    text_of,
    versions,
)
from tests.factories import Client
from wibawa.access.models import TrailEntry
from wibawa.loans.models import LoanRequest
from wibawa.web.clock import now

SignIn = Callable[[str], Client]


def requests(session: Session) -> int:
    session.rollback()
    return session.scalar(select(func.count()).select_from(LoanRequest)) or 0


def address(loans: dict[str, int], name: str = "pasar_late") -> str:
    return f"/pinjaman/{loans[name]}/ubah/jeda"


def test_the_form_begins_with_the_first_installment_that_is_not_past_due(
    loans: dict[str, int], sign_in: SignIn
) -> None:
    # Eight of 24 are paid, the ninth fell due on 31 October; today is 24 November.
    page = text_of(sign_in("staff").get(address(loans)))
    assert '<option selected value="10">Ke-10, jatuh tempo 30 November 2026</option>' in page
    assert "Ke-9, jatuh tempo 31 Oktober 2026" in page
    assert "Ke-8," not in page
    assert "Ajukan permintaan" not in page


def test_the_preview_shows_old_and_new_installments_beside_each_other_and_records_nothing(
    loans: dict[str, int], sign_in: SignIn, session: Session
) -> None:
    page = preview(sign_in("staff"), address(loans), HOLIDAY)
    # Flat: a month's interest on 5.000.000 at 3 % is 12.500; three months lie on installments
    # 11 to 24, 14 of them: 37.500 / 14 = 2.678,57, so 2.679 each and the last one the rest, 2.673.
    assert "Rp300.000" in page
    assert "Rp337.500 (lebih Rp37.500)" in page
    assert "30 April 2028" in page  # the last one was due on 31 January 2028
    assert page.count("+2.679") == 13
    assert page.count("+2.673") == 1
    assert page.count('<td colspan="4" class="muted">tetap</td>') == 10
    assert "14 dari 24 angsuran berubah" in page
    assert "Ajukan permintaan" in page
    assert requests(session) == 0


def test_a_request_is_recorded_with_its_reason_and_changes_nothing(
    loans: dict[str, int], sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    number = ask(sign_in("staff"), loans["pasar_late"], "jeda", HOLIDAY)
    made = session.get_one(LoanRequest, number)
    assert (made.kind, made.status, made.reason) == ("holiday", "recorded", REASON)
    assert (made.loan_id, made.bank_id) == (loans["pasar_late"], factories.PASAR)
    assert (made.entered_by, made.decided_by) == (people["staff"], None)
    assert json.loads(made.data) == {"first": 11, "months": 3, "interest": "spread"}
    assert versions(session, loans["pasar_late"]) == [("first", dt.date(2026, 1, 31))]
    trail = select(TrailEntry.object_id).where(TrailEntry.action == "change_requested")
    assert list(session.scalars(trail)) == [number]
    page = text_of(sign_in("staff").get(f"/pinjaman/{loans['pasar_late']}"))
    assert f"Buka permintaan nomor {number}" in page


def test_the_same_press_twice_asks_once(
    loans: dict[str, int], sign_in: SignIn, session: Session
) -> None:
    client = sign_in("staff")
    body = form_for(client, address(loans), HOLIDAY)
    first, again = (client.post(address(loans), data=body) for _ in range(2))
    assert first.headers["Location"] == again.headers["Location"]
    assert requests(session) == 1


def test_what_was_not_looked_at_is_shown_first(
    loans: dict[str, int], sign_in: SignIn, session: Session
) -> None:
    page = text_of(sign_in("staff").post(address(loans), data=HOLIDAY | {"reason": REASON}))
    assert "Ajukan permintaan" in page
    assert requests(session) == 0


def test_another_wish_than_the_one_that_was_shown_is_refused_and_shown(
    loans: dict[str, int], sign_in: SignIn, session: Session
) -> None:
    client = sign_in("staff")
    body = form_for(client, address(loans), HOLIDAY) | {"months": "6"}
    page = text_of(client.post(address(loans), data=body), 409)
    assert "Akibatnya berubah sejak ditampilkan" in page
    assert "Rp375.000 (lebih Rp75.000)" in page
    assert requests(session) == 0
    again = body | {"shown": hidden(page, "shown"), "request_key": hidden(page, "request_key")}
    assert client.post(address(loans), data=again).status_code == 302


def test_money_that_came_after_the_preview_refuses_the_request(
    app: Flask, loans: dict[str, int], sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    client = sign_in("staff")
    body = form_for(client, address(loans), HOLIDAY)
    factories.saved(
        app,
        lambda s: factories.payment(
            s, loans["pasar_late"], 1_000, dt.date(2026, 11, 20), people["staff"], people["staff2"]
        ),
    )
    assert "Akibatnya berubah" in text_of(client.post(address(loans), data=body), 409)
    assert requests(session) == 0


def test_without_a_reason_nothing_is_recorded_and_what_was_typed_stays(
    loans: dict[str, int], sign_in: SignIn, session: Session
) -> None:
    client = sign_in("staff")
    body = form_for(client, address(loans), HOLIDAY) | {"reason": "  "}
    page = text_of(client.post(address(loans), data=body))
    assert "Isian ini wajib diisi." in page
    assert '<option selected value="11">' in page
    assert requests(session) == 0


@pytest.mark.parametrize(
    "wrong", [{"first": "8"}, {"first": "x"}, {"months": "13"}, {"interest": "gone"}]
)
def test_what_is_not_on_the_form_is_refused_at_its_field(
    loans: dict[str, int], sign_in: SignIn, session: Session, wrong: dict[str, str]
) -> None:
    page = preview(sign_in("staff"), address(loans), HOLIDAY | wrong)
    assert "Pilihan ini tidak ada dalam daftar." in page
    assert "Ajukan permintaan" not in page
    assert requests(session) == 0


def test_only_one_change_of_a_loans_schedule_may_wait(
    loans: dict[str, int], sign_in: SignIn, session: Session
) -> None:
    client = sign_in("staff")
    body = form_for(client, address(loans), HOLIDAY)
    number = ask(client, loans["pasar_late"], "jeda", HOLIDAY)
    page = text_of(client.post(address(loans), data=body), 409)
    assert f"Permintaan nomor {number} (jeda angsuran) untuk pinjaman ini masih menunggu" in page
    assert requests(session) == 1
    assert ask(client, loans["pasar"], "jeda", HOLIDAY) == number + 1


def test_the_database_lets_only_one_wait(
    loans: dict[str, int], sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    ask(sign_in("staff"), loans["pasar"], "jeda", HOLIDAY)
    session.add(
        LoanRequest(
            kind="tenor", status="recorded", bank_id=factories.PASAR, loan_id=loans["pasar"],
            data="{}", reason="Lain lagi", entered_by=people["staff"], entered_at=now(), shown="",
        )
    )  # fmt: skip
    with pytest.raises(IntegrityError):
        session.flush()
    session.rollback()


def test_a_loan_that_is_paid_off_has_no_schedule_to_change(
    app: Flask, loans: dict[str, int], sign_in: SignIn, people: dict[str, int]
) -> None:
    rest = 5_300_000 - 9 * 220_833
    factories.saved(
        app,
        lambda s: factories.payment(
            s, loans["pasar"], rest, dt.date(2026, 11, 20), people["staff"], people["staff2"]
        ),
    )
    page = text_of(sign_in("staff").get(address(loans, "pasar")))
    assert "Pinjaman ini sudah lunas" in page
    assert "Lihat akibatnya" not in page


def test_who_asks_on_another_day_than_the_one_shown_looks_again(
    loans: dict[str, int], sign_in: SignIn, session: Session, clock: time_machine.Traveller
) -> None:
    clock.move_to(dt.datetime(2026, 11, 24, 16, 50, tzinfo=dt.UTC))  # 23.50 WIB
    client = sign_in("staff")
    body = form_for(client, address(loans), HOLIDAY)
    clock.move_to(dt.datetime(2026, 11, 24, 17, 1, tzinfo=dt.UTC))  # 25 November, 00.01 WIB
    assert "Akibatnya berubah" in text_of(client.post(address(loans), data=body), 409)
    assert requests(session) == 0
