from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable

import pytest
import time_machine
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from tests import factories
from tests.disbursements.forms import approve, counts, decision, recorded
from wibawa.access.models import TrailEntry
from wibawa.access.permissions import Role
from wibawa.access.users import add_user
from wibawa.applications.moves import Author
from wibawa.borrowers.queries import borrower_facts
from wibawa.disbursements import actions, queries
from wibawa.disbursements.models import Disbursement
from wibawa.loans.models import LedgerEntry, Loan, Schedule, ScheduleRow
from wibawa.rules.refused import Refused
from wibawa.web.clock import now

SignIn = Callable[[str], factories.Client]
pytestmark = pytest.mark.usefixtures("direct_allowed")


def test_a_second_person_opens_the_loan_with_one_schedule_and_one_entry(
    sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    number = recorded(sign_in("staff"), principal="4.999.999", disbursed_on="31/10/2026")
    loan_id = approve(sign_in("approver"), number)
    assert counts(session) == (1, 1, 1)
    loan = session.get_one(Loan, loan_id)
    assert (loan.principal, loan.rate, loan.months, loan.method) == (4_999_999, 300, 24, "flat")
    assert (loan.account_number, loan.agreement_number) == ("30011234", "PK/77/2026")
    schedule = session.scalars(select(Schedule)).one()
    assert (schedule.version, schedule.starts_on) == (1, dt.date(2026, 10, 31))
    sums = session.execute(select(func.count(), func.sum(ScheduleRow.principal))).one()
    assert (sums[0], int(sums[1])) == (24, 4_999_999)
    entry = session.scalars(select(LedgerEntry)).one()
    assert (entry.kind, entry.amount, entry.applied) == ("disbursement", 4_999_999, 0)
    assert (entry.entered_by, entry.approved_by) == (people["staff"], people["approver"])
    assert (entry.effective_on, entry.booked_on) == (dt.date(2026, 10, 31), dt.date(2026, 11, 24))
    done = session.get_one(Disbursement, number)
    assert (done.status, done.loan_id, done.decided_by) == ("approved", loan_id, people["approver"])
    trail = session.scalars(
        select(TrailEntry.object_id).where(TrailEntry.action == "disbursement_approved")
    )
    assert list(trail) == [number]


def test_the_loan_page_offers_the_printed_schedule(sign_in: SignIn) -> None:
    client = sign_in("approver")
    loan_id = approve(client, recorded(sign_in("staff")))
    page = client.get(f"/pinjaman/{loan_id}").get_data(as_text=True)
    assert "Pencairan disetujui" in page
    assert "Cetak jadwal angsuran" in page


def test_the_same_click_twice_opens_one_loan(sign_in: SignIn, session: Session) -> None:
    number = recorded(sign_in("staff"))
    client = sign_in("approver")
    body = decision(client, number, "setujui")
    first = client.post(f"/pencairan/{number}/setujui", data=body)
    again = client.post(f"/pencairan/{number}/setujui", data=body)
    assert first.headers["Location"] == again.headers["Location"]
    assert counts(session) == (1, 1, 1)


def test_a_second_approver_is_told_who_decided(
    sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    add_user(session, username="kabid2", name="Kabid Dua", role=Role.APPROVER,
             password=factories.PASSWORD, bank_id=None, now=now())  # fmt: skip
    session.commit()
    number = recorded(sign_in("staff"))
    first, second = sign_in("approver"), sign_in("kabid2")
    late = decision(second, number, "setujui")
    approve(first, number)
    answer = second.post(f"/pencairan/{number}/setujui", data=late)
    assert answer.status_code == 409
    assert "sudah diputuskan oleh Approver" in answer.get_data(as_text=True)
    assert counts(session) == (1, 1, 1)


def test_two_approvers_at_the_same_moment_open_one_loan(
    sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    add_user(session, username="kabid2", name="Kabid Dua", role=Role.APPROVER,
             password=factories.PASSWORD, bank_id=None, now=now())  # fmt: skip
    session.commit()
    number = recorded(sign_in("staff"))
    clients = [sign_in("approver"), sign_in("kabid2")]
    bodies = [decision(client, number, "setujui") for client in clients]
    answers: list[int] = []

    def press(client: factories.Client, body: dict[str, str]) -> None:
        answers.append(client.post(f"/pencairan/{number}/setujui", data=body).status_code)

    threads = [
        threading.Thread(target=press, args=pair) for pair in zip(clients, bodies, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [302, 409]
    assert counts(session) == (1, 1, 1)


def test_nobody_approves_what_she_recorded(
    sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    number = recorded(sign_in("staff"))
    session.execute(update(Disbursement).values(entered_by=people["approver"]))
    session.commit()
    client = sign_in("approver")
    page = client.get(f"/pencairan/{number}").get_data(as_text=True)
    assert "Keputusannya harus diambil orang lain" in page
    assert "/setujui" not in page
    body = {"shown": "x", "request_key": "a" * 32}
    answer = client.post(f"/pencairan/{number}/setujui", data=body)
    assert answer.status_code == 409
    assert "Anda catat sendiri" in answer.get_data(as_text=True)
    assert counts(session) == (1, 0, 0)
    denied = select(TrailEntry.object_id).where(TrailEntry.action == "denied")
    assert list(session.scalars(denied)) == [number]


def test_the_database_refuses_the_same_person_too(
    sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    recorded(sign_in("staff"))
    with pytest.raises(IntegrityError, match="two_persons"):
        session.execute(
            text("UPDATE disbursements SET status = 'refused', decided_by = entered_by")
        )


def test_what_changed_since_it_was_shown_is_not_approved(sign_in: SignIn, session: Session) -> None:
    number = recorded(sign_in("staff"))
    client = sign_in("approver")
    body = decision(client, number, "setujui")
    session.execute(update(Disbursement).values(principal=4_000_000))
    session.commit()
    answer = client.post(f"/pencairan/{number}/setujui", data=body)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert "berubah sejak ditampilkan" in page
    assert "Rp4.000.000" in page, "the page shows what is there now"
    assert counts(session) == (1, 0, 0)


def test_a_loan_that_was_opened_meanwhile_stops_the_approval(
    sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    number = recorded(sign_in("staff"))
    client = sign_in("approver")
    body = decision(client, number, "setujui")
    factories.loan(session, people["staff"], people["approver"], number=12)
    session.commit()
    answer = client.post(f"/pencairan/{number}/setujui", data=body)
    assert answer.status_code == 409
    assert "masih mempunyai pinjaman KW-000001" in answer.get_data(as_text=True)
    page = client.get(f"/pencairan/{number}").get_data(as_text=True)
    assert "belum memenuhi syarat" in page
    assert "/setujui" not in page
    assert counts(session)[1] == 1


def test_a_day_that_lies_ahead_of_the_booking_day_is_not_approved(
    sign_in: SignIn, session: Session, people: dict[str, int], clock: time_machine.Traveller
) -> None:
    number = recorded(sign_in("staff"))
    clock.move_to(dt.datetime(2026, 11, 23, 16, 59, tzinfo=dt.UTC))  # 23.59 WIB the day before
    facts = queries.disbursement_facts(session, number)
    assert facts is not None
    borrower = borrower_facts(session, facts.borrower_id)
    assert borrower is not None
    shown = queries.fingerprint(facts, borrower)
    with pytest.raises(Refused, match="sesudah hari ini"):
        actions.approve(session, number, shown, Author(people["approver"], Role.APPROVER, now()))


@pytest.mark.parametrize("who", ["staff", "staff2", "jateng", "leader", "auditor", "admin"])
def test_only_an_approver_approves(sign_in: SignIn, session: Session, who: str) -> None:
    number = recorded(sign_in("staff"))
    assert sign_in(who).post(f"/pencairan/{number}/setujui").status_code == 403
    assert counts(session) == (1, 0, 0)


def test_an_unknown_number_is_404(sign_in: SignIn) -> None:
    body = {"shown": "x", "request_key": "a" * 32}
    assert sign_in("approver").post("/pencairan/99/setujui", data=body).status_code == 404
