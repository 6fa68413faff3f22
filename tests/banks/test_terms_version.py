from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from tests import factories
from tests.banks.forms import approve, hidden, proposed
from wibawa.access.models import TrailEntry
from wibawa.banks.models import LoanTerms, TermsConfirmation
from wibawa.banks.queries import rates_on, terms_on
from wibawa.banks.terms import actions
from wibawa.banks.terms.queries import terms_version
from wibawa.loans.models import Loan
from wibawa.rules.refused import Refused
from wibawa.web.clock import now

SignIn = Callable[[str], factories.Client]
FIRST = "/pengaturan/ketentuan/1"
NEW_YEAR = dt.date(2027, 1, 1)


def _id(address: str) -> int:
    return int(address.rsplit("/", 1)[1])


def _trail(session: Session, action: str) -> list[int | None]:
    return list(session.scalars(select(TrailEntry.object_id).where(TrailEntry.action == action)))


def test_the_page_compares_with_the_version_before_and_tells_who_proposed(
    sign_in: SignIn,
) -> None:
    address = proposed(sign_in("staff"))
    page = sign_in("auditor").get(address).get_data(as_text=True)
    for text_ in ("24 bulan", "36 bulan", "Menunggu persetujuan", "Nota dinas 518/123", "Staff"):
        assert text_ in page
    assert "Setujui" not in page


def test_a_second_person_approves_and_only_then_it_counts_from_its_day(
    sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    address = proposed(sign_in("staff"), rate="4,5")
    assert terms_on(session, NEW_YEAR).months == 24
    approve(sign_in, address)
    session.rollback()
    assert terms_on(session, NEW_YEAR - dt.timedelta(days=1)).months == 24
    assert terms_on(session, NEW_YEAR).months == 36
    days = [dt.date(2000, 1, 1), NEW_YEAR - dt.timedelta(days=1), NEW_YEAR, dt.date(2030, 1, 1)]
    assert list(rates_on(session, days).values()) == [300, 300, 450, 450]
    assert rates_on(session, days) == {day: terms_on(session, day).rate for day in days}
    row = session.get_one(LoanTerms, _id(address))
    assert (row.status, row.decided_by) == ("approved", people["approver"])
    assert _trail(session, "terms_approved") == [row.id]


def test_nobody_decides_on_an_own_proposal(sign_in: SignIn, session: Session) -> None:
    client = sign_in("approver")
    address = proposed(client)
    page = client.get(address).get_data(as_text=True)
    assert "Keputusannya harus diambil orang lain" in page
    data = {"shown": "x" * 64, "request_key": "k" * 32, "reason": "Salah ketik"}
    for action in ("setujui", "tolak"):
        answer = client.post(f"{address}/{action}", data=data)
        assert answer.status_code == 409
        assert "Anda ajukan sendiri" in answer.get_data(as_text=True)
    assert session.get_one(LoanTerms, _id(address)).status == "proposed"
    assert len(_trail(session, "denied")) == 2


def test_the_database_itself_refuses_one_person_in_both_places(
    sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    number = _id(proposed(sign_in("staff")))
    with pytest.raises(IntegrityError, match="two_persons"):
        session.execute(
            update(LoanTerms)
            .where(LoanTerms.id == number)
            .values(status="approved", decided_by=people["staff"], decided_at=now())
        )


def test_a_refusal_needs_a_reason_which_stays_readable(sign_in: SignIn, session: Session) -> None:
    address = proposed(sign_in("staff"))
    client = sign_in("approver")
    data = hidden(client, address, "tolak")
    page = client.post(f"{address}/tolak", data=data).get_data(as_text=True)
    assert "Isian ini wajib diisi." in page
    answer = client.post(f"{address}/tolak", data=data | {"reason": "Belum ada Perwal"})
    assert answer.status_code == 302
    assert "Belum ada Perwal" in sign_in("staff").get(address).get_data(as_text=True)
    assert terms_on(session, NEW_YEAR).months == 24
    proposed(sign_in("staff"), "2")  # the day is free again


def test_what_was_decided_already_is_told_to_the_second_one(
    sign_in: SignIn, session: Session
) -> None:
    address = proposed(sign_in("staff"))
    client = sign_in("approver")
    data = hidden(client, address, "setujui")
    approve(sign_in, address)
    answer = client.post(f"{address}/setujui", data=data)
    assert answer.status_code == 409
    assert "sudah diputuskan oleh Approver" in answer.get_data(as_text=True)


def test_the_same_click_twice_is_answered_alike(sign_in: SignIn, session: Session) -> None:
    address = proposed(sign_in("staff"))
    client = sign_in("approver")
    data = hidden(client, address, "setujui")
    first, again = (client.post(f"{address}/setujui", data=data) for _ in range(2))
    assert first.headers["Location"] == again.headers["Location"]
    assert len(_trail(session, "terms_approved")) == 1


def test_an_approval_of_something_else_than_was_shown_is_refused(
    sign_in: SignIn, session: Session
) -> None:
    later = proposed(sign_in("staff"), "1")
    data = hidden(sign_in("approver"), later, "setujui")
    approve(sign_in, proposed(sign_in("staff"), "2", valid_from="01/12/2026", months="12"))
    answer = sign_in("approver").post(f"{later}/setujui", data=data)
    assert answer.status_code == 409
    assert "berubah sejak halaman ditampilkan" in answer.get_data(as_text=True)
    approve(sign_in, later)  # what is shown now
    session.rollback()
    assert [terms_on(session, dt.date(2026, 12, 1)).months, terms_on(session, NEW_YEAR).months] == [
        12, 36,
    ]  # fmt: skip


def test_a_proposal_whose_day_has_passed_can_only_be_refused(
    sign_in: SignIn, clock: time_machine.Traveller, session: Session
) -> None:
    address = proposed(sign_in("staff"), valid_from="25/11/2026")
    data = hidden(sign_in("approver"), address, "setujui")
    clock.move_to("2026-11-26T10:00:00+07:00")
    client = sign_in("approver")
    assert "hanya dapat ditolak" in client.get(address).get_data(as_text=True)
    answer = client.post(f"{address}/setujui", data=data)
    assert answer.status_code == 409
    assert "sudah lewat" in answer.get_data(as_text=True)
    assert terms_on(session, dt.date(2026, 11, 26)).months == 24


def test_confirming_is_a_recorded_step_of_its_own_and_may_be_mended(
    sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    client = sign_in("approver")
    assert "Belum dikonfirmasi" in client.get(FIRST).get_data(as_text=True)
    for basis in ("Perwal Nomor 21 Tahun 2026", "Perwal Nomor 12 Tahun 2026"):
        data = hidden(client, FIRST, "konfirmasi") | {"basis": basis}
        assert client.post(f"{FIRST}/konfirmasi", data=data).status_code == 302
    page = sign_in("leader").get("/pengaturan/ketentuan").get_data(as_text=True)
    assert "Perwal Nomor 12 Tahun 2026" in page
    assert "Belum dikonfirmasi" not in page
    rows = session.execute(select(TermsConfirmation.legal_basis, TermsConfirmation.confirmed_by))
    assert [tuple(row) for row in rows] == [
        ("Perwal Nomor 21 Tahun 2026", people["approver"]),
        ("Perwal Nomor 12 Tahun 2026", people["approver"]),
    ]
    assert _trail(session, "terms_confirmed") == [1, 1]


def test_a_proposal_cannot_be_confirmed(sign_in: SignIn, session: Session) -> None:
    address = proposed(sign_in("staff"))
    data = {"basis": "Perwal Nomor 12", "request_key": "k" * 32}
    answer = sign_in("approver").post(f"{address}/konfirmasi", data=data)
    assert answer.status_code == 409
    assert "Hanya ketentuan yang sudah disetujui" in answer.get_data(as_text=True)
    assert sign_in("approver").post(f"{FIRST}/konfirmasi", data={}).status_code == 200


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE loan_terms SET rate = 400 WHERE id = 1",
        "UPDATE loan_terms SET decision_reason = 'lain' WHERE id = 1",
        "UPDATE loan_terms SET months = 12 WHERE status = 'proposed'",
        "UPDATE loan_terms SET valid_from = '2028-01-01' WHERE status = 'proposed'",
        "DELETE FROM loan_terms WHERE id = 1",
        "DELETE FROM loan_terms WHERE status = 'proposed'",
    ],
)
def test_neither_what_is_in_force_nor_what_was_proposed_can_be_altered(
    statement: str, sign_in: SignIn, session: Session
) -> None:
    proposed(sign_in("staff"))
    with pytest.raises(DBAPIError, match="append-only"):
        session.execute(text(statement))


def test_no_version_gets_in_without_a_proposal(session: Session) -> None:
    row = (
        "INSERT INTO loan_terms (status, valid_from, rate, months, ceiling_micro, "
        "ceiling_cooperative, collateral_free_limit, minimum_age, minimum_business_years, "
        "legal_basis, decision_reason) "
        "VALUES ('approved', '2027-01-01', 0, 1, 1, 1, 0, 0, 0, '', '')"
    )
    with pytest.raises(DBAPIError, match="begins as a proposal"):
        session.execute(text(row))


def test_a_confirmation_can_neither_be_changed_nor_deleted(
    session: Session, people: dict[str, int]
) -> None:
    actions.confirm_terms(session, 1, "Perwal Nomor 12", people["approver"], now())
    session.commit()
    for statement in (
        "UPDATE terms_confirmations SET legal_basis = 'lain'",
        "DELETE FROM terms_confirmations",
    ):
        with pytest.raises(DBAPIError, match="append-only"):
            session.execute(text(statement))
        session.rollback()


def test_loans_that_exist_keep_their_terms(
    app: Flask, people: dict[str, int], sign_in: SignIn, session: Session
) -> None:
    number = factories.saved(app, lambda s: factories.loan(s, people["staff"], people["approver"]))
    before = sign_in("staff").get(f"/pinjaman/{number}").get_data(as_text=True)
    changed = proposed(sign_in("staff"), valid_from="24/11/2026", rate="6", months="12")
    approve(sign_in, changed)
    loan = session.get_one(Loan, number)
    assert (loan.rate, loan.months) == (300, 24)
    after = sign_in("staff").get(f"/pinjaman/{number}").get_data(as_text=True)
    figures = [before[before.index("<main") : before.index("</main>")]]
    assert figures == [after[after.index("<main") : after.index("</main>")]]


def test_of_two_approvers_at_once_one_is_told(session: Session, people: dict[str, int]) -> None:
    wanted = terms_on(session, NEW_YEAR).product
    other = type(wanted)(**{**wanted.__dict__, "months": 36})
    number = actions.propose_terms(session, other, NEW_YEAR, "", people["staff"], now())
    version = terms_version(session, number)
    assert version is not None
    seen = actions.shown(session, actions.TERMS, version)
    actions.approve(session, actions.TERMS, number, seen, people["approver"], now())
    session.expire_all()
    with pytest.raises(Refused) as caught:
        actions.approve(session, actions.TERMS, number, seen, people["staff2"], now())
    assert caught.value.code == "already_decided"


def test_a_version_that_is_not_there_is_not_found(sign_in: SignIn) -> None:
    assert sign_in("approver").get("/pengaturan/ketentuan/99").status_code == 404
    data = {"shown": "", "request_key": "k" * 32}
    assert (
        sign_in("approver").post("/pengaturan/ketentuan/99/setujui", data=data).status_code == 404
    )
