from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from tests import factories
from tests.disbursements.forms import approve, counts, decision, recorded
from wibawa.disbursements.models import Disbursement

SignIn = Callable[[str], factories.Client]
pytestmark = pytest.mark.usefixtures("direct_allowed")
REASON = "Rekening tidak cocok dengan perjanjian."


def test_a_reason_is_needed(sign_in: SignIn, session: Session) -> None:
    number = recorded(sign_in("staff"))
    client = sign_in("approver")
    for reason, said in (("", "Isian ini wajib diisi."), ("x", "Tulis alasan dengan 5")):
        body = decision(client, number, "tolak") | {"reason": reason}
        page = client.post(f"/pencairan/{number}/tolak", data=body).get_data(as_text=True)
        assert f"Alasan penolakan: {said}" in page
    session.rollback()
    assert session.get_one(Disbursement, number).status == "recorded"


def test_a_refused_one_keeps_its_reason_and_frees_borrower_and_account(
    sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    staff, approver = sign_in("staff"), sign_in("approver")
    number = recorded(staff)
    body = decision(approver, number, "tolak") | {"reason": REASON}
    answer = approver.post(f"/pencairan/{number}/tolak", data=body)
    assert answer.headers["Location"] == f"/pencairan/{number}"
    again = approver.post(f"/pencairan/{number}/tolak", data=body)
    assert again.status_code == 302, "the same click twice"
    page = staff.get(f"/pencairan/{number}").get_data(as_text=True)
    assert REASON in page
    assert "Ditolak oleh Approver" in page
    done = session.get_one(Disbursement, number)
    assert (done.status, done.decided_by, done.loan_id) == ("refused", people["approver"], None)
    assert counts(session) == (1, 0, 0)
    assert approve(approver, recorded(staff, key="2")) == 1


def test_what_is_decided_is_not_decided_again(sign_in: SignIn, session: Session) -> None:
    number = recorded(sign_in("staff"))
    client = sign_in("approver")
    body = decision(client, number, "tolak") | {"reason": REASON}
    approve(client, number)
    answer = client.post(f"/pencairan/{number}/tolak", data=body)
    assert answer.status_code == 409
    assert "sudah diputuskan oleh Approver, yang menyetujuinya" in answer.get_data(as_text=True)
    assert counts(session) == (1, 1, 1)


@pytest.mark.parametrize("who", ["staff", "jateng", "leader", "auditor"])
def test_only_an_approver_refuses(sign_in: SignIn, who: str) -> None:
    number = recorded(sign_in("staff"))
    answer = sign_in(who).post(f"/pencairan/{number}/tolak", data={"reason": REASON})
    assert answer.status_code == 403


def test_a_reason_of_spaces_is_no_reason(sign_in: SignIn, session: Session) -> None:
    number = recorded(sign_in("staff"))
    client = sign_in("approver")
    answer = client.post(
        f"/pencairan/{number}/tolak", data=decision(client, number, "tolak") | {"reason": " " * 9}
    )
    assert answer.status_code == 200
    session.rollback()
    found = session.get(Disbursement, number)
    assert found is not None
    assert found.status == "recorded"
