"""From an approved application to the loan: the only way without a bank's special permission."""

from __future__ import annotations

import html
import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from tests import factories
from tests.applications.forms import act, body, moves, state
from tests.conftest import prepared
from tests.disbursements.forms import approve, counts, decision
from wibawa.access.permissions import Role
from wibawa.access.users import add_user
from wibawa.applications.models import ApplicationMove
from wibawa.banks.queries import quota_lines
from wibawa.disbursements.models import Disbursement
from wibawa.loans.invariants import run_checks
from wibawa.loans.models import Loan
from wibawa.rules.collectibility import Thresholds
from wibawa.rules.facts import BankKind
from wibawa.rules.statuses import State
from wibawa.web.clock import now, today

SignIn = Callable[[str], factories.Client]
FORM = {
    "account_number": "3-001.1234",
    "agreement_number": "PK/77/2026",
    "disbursed_on": "24/11/2026",
    "principal": "4.000.000",
    "collateral": "",
}
CLASSES: dict[BankKind, Thresholds] = {
    BankKind.COMMERCIAL: (0, 90, 120, 180),
    BankKind.RURAL: (30, 90, 180, 360),
}


def _made(session: Session, people: dict[str, int]) -> int:
    """Rp5.000.000 over 18 months were asked for at Bank Pasar, which approved Rp4.000.000."""
    return factories.application(session, people, to=State.APPROVED, months=18, approved=4_000_000)


made = prepared(_made)


def place(number: int) -> str:
    return f"/pencairan/baru?permohonan={number}"


def sent(client: factories.Client, number: int, key: str = "1", **changes: str) -> Any:
    wish = FORM | {"request_key": "0" * 31 + key} | changes
    return client.post(place(number), data=wish)


def recorded(client: factories.Client, number: int, **changes: str) -> int:
    answer = sent(client, number, **changes)
    assert answer.status_code == 302, answer.get_data(as_text=True)
    return int(answer.headers["Location"].rsplit("/", 1)[1])


def text_of(client: factories.Client, address: str) -> str:
    return html.unescape(client.get(address).get_data(as_text=True))


def whole(session: Session) -> None:
    session.rollback()
    broken = [each for each in run_checks(session, today(), CLASSES) if not each.ok]
    assert broken == []


def test_the_form_begins_with_what_the_bank_approved(sign_in: SignIn, made: int) -> None:
    client = sign_in("staff")
    page = text_of(client, f"/permohonan/{made}")
    assert f'href="{place(made)}"' in page
    page = text_of(client, place(made))
    assert 'value="4.000.000"' in page
    for said in ("Siti Aminah", "Bank Pasar", "18 bulan", "Rp5.000.000", f"PM-{made:06d}"):
        assert said in page
    assert 'name="bank_id"' not in page
    assert "Angsuran terakhir" in page, "the schedule of 18 months stands beside it"
    assert page.count('<th scope="row" class="num">') == 18


def test_two_persons_make_it_a_loan_over_the_months_that_were_applied_for(
    sign_in: SignIn, session: Session, people: dict[str, int], made: int
) -> None:
    number = recorded(sign_in("staff"), made)
    assert state(session, made) == "approved"
    whole(session)
    found = session.get_one(Disbursement, number)
    assert (found.application_id, found.direct_reason) == (made, "")
    assert (found.rate, found.months, found.method, found.multiple) == (300, 18, "flat", 1)
    loan_id = approve(sign_in("approver"), number)
    assert counts(session) == (1, 1, 1)
    loan = session.get_one(Loan, loan_id)
    assert (loan.principal, loan.months, loan.bank_id) == (4_000_000, 18, factories.PASAR)
    assert state(session, made) == "disbursed"
    move = session.scalars(
        select(ApplicationMove).where(ApplicationMove.action == "disburse")
    ).one()
    assert (move.user_id, move.bank_id) == (people["approver"], None)
    assert move.reason == "Rp4.000.000 pada 24 November 2026."
    assert moves(session, made)[-2:] == ["approve", "disburse"]
    whole(session)


def test_application_disbursement_loan_and_borrower_lead_to_each_other(
    sign_in: SignIn, session: Session, made: int
) -> None:
    number = recorded(sign_in("staff"), made)
    loan_id = approve(sign_in("approver"), number)
    borrower_id = session.get_one(Loan, loan_id).borrower_id
    staff, officer = sign_in("staff"), sign_in("pasar")
    application, loan = f"/permohonan/{made}", f"/pinjaman/{loan_id}"
    assert f'href="{loan}"' in text_of(staff, application)
    assert f'href="/pencairan/{number}"' in text_of(staff, application)
    assert f'href="{application}"' in text_of(staff, loan)
    assert f'href="/pencairan/{number}"' in text_of(staff, loan)
    assert f'href="{application}"' in text_of(staff, f"/pencairan/{number}")
    page = text_of(staff, f"/peminjam/{borrower_id}")
    assert f'href="{application}"' in page
    assert f'href="{loan}"' in page
    assert f'href="{loan}"' in text_of(officer, application)
    assert f'href="{application}"' in text_of(officer, loan)
    for address in (application, loan):
        assert f'"/pencairan/{number}"' not in text_of(officer, address)
    for address in (application, loan):
        assert sign_in("jateng").get(address).status_code == 404
    page = text_of(sign_in("leader"), loan)
    assert f"permohonan PM-{made:06d}" in page
    assert f'href="{application}"' not in page


def test_a_borrower_waiting_for_it_is_sent_to_her_application(
    sign_in: SignIn, session: Session, people: dict[str, int], made: int
) -> None:
    factories.allow_direct(session, people)
    session.commit()
    client = sign_in("staff")
    borrower_id = session.scalar(text("SELECT borrower_id FROM applications"))
    assert place(made) in text_of(client, f"/peminjam/{borrower_id}")
    answer = client.get(f"/pencairan/baru?peminjam={borrower_id}")
    assert answer.headers["Location"] == place(made)
    wish = FORM | {"bank_id": "2", "direct_reason": "Nasabah lama", "request_key": "k" * 32}
    answer = client.post(f"/pencairan/baru?peminjam={borrower_id}", data=wish)
    assert answer.status_code == 409
    said = html.unescape(answer.get_data(as_text=True))
    assert "pencairannya hanya lewat permohonan itu" in said
    assert counts(session)[0] == 0


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"principal": "4.000.001"}, "melebihi yang disetujui bank, Rp4.000.000"),
        ({"disbursed_on": "23/11/2026"}, "sebelum permohonan PM-"),
        ({"disbursed_on": "25/11/2026"}, "sesudah hari ini"),
        ({"principal": "0"}, "tidak dapat dicairkan"),
        ({"account_number": "12"}, "diperlukan 5 sampai 40"),
        ({"agreement_number": ""}, "Isian ini wajib diisi."),
    ],
)
def test_every_obstacle_is_a_sentence_and_records_nothing(
    sign_in: SignIn, session: Session, made: int, changes: dict[str, str], sentence: str
) -> None:
    answer = sent(sign_in("staff"), made, **changes)
    assert sentence in html.unescape(answer.get_data(as_text=True))
    assert counts(session)[0] == 0


@pytest.mark.parametrize("to", [State.DRAFT, State.RECOMMENDED, State.SENT, State.DISBURSED])
def test_only_an_approved_one_is_paid_out(
    sign_in: SignIn, session: Session, people: dict[str, int], to: State
) -> None:
    number = factories.application(session, people, to=to)
    session.commit()
    before, client = counts(session), sign_in("staff")
    assert "Catat pencairan" not in text_of(client, f"/permohonan/{number}")
    answer = client.get(place(number))
    assert answer.headers["Location"] == f"/permohonan/{number}"
    answer = sent(client, number)
    assert answer.status_code == 409
    page = html.unescape(answer.get_data(as_text=True))
    assert "sudah dicairkan" in page or "hanya yang disetujui bank" in page
    assert counts(session) == before


def test_a_second_disbursement_of_it_is_refused_and_the_waiting_one_is_shown(
    sign_in: SignIn, session: Session, made: int
) -> None:
    client = sign_in("staff")
    number = recorded(client, made)
    answer = client.get(place(made))
    assert answer.headers["Location"] == f"/pencairan/{number}"
    answer = sent(client, made, key="2", account_number="88888")
    assert answer.status_code == 409
    assert "masih menunggu persetujuan" in answer.get_data(as_text=True)
    assert counts(session)[0] == 1


def test_the_same_form_sent_twice_records_once(
    sign_in: SignIn, session: Session, made: int
) -> None:
    client = sign_in("staff")
    places = {sent(client, made).headers["Location"] for _ in range(2)}
    assert len(places) == 1
    assert counts(session)[0] == 1


def test_two_clerks_at_once_record_it_once(sign_in: SignIn, session: Session, made: int) -> None:
    clients = [sign_in("staff"), sign_in("staff2")]
    answers: list[int] = []

    def press(client: factories.Client, key: str) -> None:
        answers.append(sent(client, made, key=key, account_number=f"9000{key}").status_code)

    pairs = zip(clients, "12", strict=True)
    threads = [threading.Thread(target=press, args=pair) for pair in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [302, 409]
    assert counts(session)[0] == 1


def test_two_approvers_at_the_same_moment_pay_it_out_once(
    sign_in: SignIn, session: Session, people: dict[str, int], made: int
) -> None:
    add_user(session, username="kabid2", name="Kabid Dua", role=Role.APPROVER,
             password=factories.PASSWORD, bank_id=None, now=now())  # fmt: skip
    session.commit()
    number = recorded(sign_in("staff"), made)
    clients = [sign_in("approver"), sign_in("kabid2")]
    bodies = [decision(client, number, "setujui") for client in clients]
    answers: list[int] = []

    def press(client: factories.Client, wish: dict[str, str]) -> None:
        answers.append(client.post(f"/pencairan/{number}/setujui", data=wish).status_code)

    threads = [
        threading.Thread(target=press, args=pair) for pair in zip(clients, bodies, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [302, 409]
    assert counts(session) == (1, 1, 1)
    assert moves(session, made).count("disburse") == 1
    whole(session)


def test_a_double_press_pays_out_once(sign_in: SignIn, session: Session, made: int) -> None:
    number = recorded(sign_in("staff"), made)
    client = sign_in("approver")
    wish = decision(client, number, "setujui")
    places = {
        client.post(f"/pencairan/{number}/setujui", data=wish).headers["Location"] for _ in "12"
    }
    assert len(places) == 1
    assert counts(session) == (1, 1, 1)


def test_a_refused_disbursement_leaves_the_application_to_be_paid_out(
    sign_in: SignIn, session: Session, made: int
) -> None:
    staff, approver = sign_in("staff"), sign_in("approver")
    number = recorded(staff, made)
    wish = decision(approver, number, "tolak") | {"reason": "Rekening salah"}
    assert approver.post(f"/pencairan/{number}/tolak", data=wish).status_code == 302
    assert state(session, made) == "approved"
    assert f'href="{place(made)}"' in text_of(staff, f"/permohonan/{made}")
    approve(approver, recorded(staff, made, key="2"))
    assert state(session, made) == "disbursed"
    whole(session)


def test_an_application_whose_disbursement_waits_cannot_be_withdrawn(
    sign_in: SignIn, session: Session, made: int
) -> None:
    staff = sign_in("staff")
    recorded(staff, made)
    data = body(staff, made, reason="Tidak jadi meminjam")
    answer = staff.post(f"/permohonan/{made}/batalkan", data=data)
    assert answer.status_code == 409
    said = html.unescape(answer.get_data(as_text=True))
    assert "Pencairan Rp4.000.000 atas permohonan ini menunggu persetujuan" in said
    assert "kepala bidang menolak pencairan itu dahulu" in said
    assert state(session, made) == "approved"


def test_one_withdrawn_before_it_was_recorded_is_not_paid_out(
    sign_in: SignIn, session: Session, made: int
) -> None:
    staff = sign_in("staff")
    assert act(staff, made, "batalkan", reason="Tidak jadi meminjam") == 302
    answer = sent(staff, made)
    assert answer.status_code == 409
    assert "berstatus dibatalkan" in answer.get_data(as_text=True)
    assert counts(session)[0] == 0


def test_what_changed_since_it_was_shown_is_not_approved(
    sign_in: SignIn, session: Session, made: int
) -> None:
    number = recorded(sign_in("staff"), made)
    client = sign_in("approver")
    wish = decision(client, number, "setujui")
    session.execute(text("UPDATE applications SET version = version + 1"))
    session.commit()
    answer = client.post(f"/pencairan/{number}/setujui", data=wish)
    assert answer.status_code == 409
    assert "berubah sejak ditampilkan" in answer.get_data(as_text=True)
    assert counts(session) == (1, 0, 0)


def test_the_quota_counts_an_application_and_its_loan_once(
    sign_in: SignIn, session: Session, people: dict[str, int], made: int
) -> None:
    def figures() -> tuple[int, ...]:
        session.rollback()
        line = next(each for each in quota_lines(session, 2026) if each.code == "PASAR")
        return line.sent, line.reserved, line.used

    assert figures() == (4_000_000, 0, 0)
    staff, approver = sign_in("staff"), sign_in("approver")
    number = recorded(staff, made, principal="3.500.000")
    assert figures() == (0, 3_500_000, 0)
    wish = decision(approver, number, "tolak") | {"reason": "Rekening salah"}
    approver.post(f"/pencairan/{number}/tolak", data=wish)
    assert figures() == (4_000_000, 0, 0)
    approve(approver, recorded(staff, made, key="2", principal="3.500.000"))
    assert figures() == (0, 0, 3_500_000)


BROKEN = {
    "another bank": {"bank_id": 1},
    "another borrower": {"borrower_id": "(SELECT MIN(id) FROM borrowers)"},
    "more than was approved": {"principal": 4_000_001},
    "other months": {"months": 24},
    "neither application nor reason": {"application_id": "NULL"},
}


@pytest.mark.parametrize("how", BROKEN)
def test_the_database_refuses_what_does_not_fit_the_application(
    session: Session, people: dict[str, int], how: str
) -> None:
    factories.borrower(session, people["staff"], 77)
    made = factories.application(session, people, to=State.APPROVED, months=18, approved=4_000_000)
    factories.recorded_payment(session, people, made)
    session.execute(text("UPDATE disbursements SET status = 'refused', decided_by = 1"))
    session.commit()
    columns = [each.name for each in Disbursement.__table__.columns if each.name != "id"]
    values = {each: each for each in columns}
    values |= {"status": "'recorded'", "decided_by": "NULL", "account_number": "'99999'"}

    def copied(changes: dict[str, Any]) -> None:
        chosen = values | {name: str(value) for name, value in changes.items()}
        wanted = ", ".join(chosen[each] for each in columns)
        session.execute(
            text(f"INSERT INTO disbursements ({', '.join(columns)}) SELECT {wanted} "
                 "FROM disbursements WHERE status = 'refused'")
        )  # fmt: skip
        session.commit()

    with pytest.raises(DBAPIError):
        copied(BROKEN[how])
    session.rollback()
    copied({})
    with pytest.raises(DBAPIError):
        copied({"account_number": "'88888'"})
    session.rollback()
    for change in ("SET application_id = NULL, direct_reason = 'x'", "SET direct_reason = 'x'"):
        with pytest.raises(DBAPIError):
            session.execute(text(f"UPDATE disbursements {change}"))
        session.rollback()
    with pytest.raises(DBAPIError):
        session.execute(text("UPDATE applications SET state = 'withdrawn'"))
    session.rollback()
    count = select(func.count()).select_from(Disbursement)
    assert session.scalar(count.where(Disbursement.status == "recorded")) == 1
