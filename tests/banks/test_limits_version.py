from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from sqlalchemy import text, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from tests import factories
from tests.banks.forms import approve, hidden, proposed_limits
from wibawa.banks.models import CollectibilityRule
from wibawa.banks.queries import thresholds_on
from wibawa.banks.terms import actions
from wibawa.rules.facts import BankKind
from wibawa.rules.refused import Refused
from wibawa.web.clock import now

SignIn = Callable[[str], factories.Client]
NEW_YEAR = dt.date(2027, 1, 1)


def test_a_second_person_approves_and_reports_of_earlier_days_keep_the_old_limits(
    sign_in: SignIn, session: Session
) -> None:
    address = proposed_limits(sign_in("staff"))
    assert thresholds_on(session, NEW_YEAR)[BankKind.COMMERCIAL] == (0, 90, 120, 180)
    page = sign_in("approver").get(address).get_data(as_text=True)
    assert "lebih dari 270 hari" in page
    approve(sign_in, address)
    session.rollback()
    day_before = NEW_YEAR - dt.timedelta(days=1)
    assert thresholds_on(session, day_before)[BankKind.COMMERCIAL] == (0, 90, 120, 180)
    assert thresholds_on(session, NEW_YEAR)[BankKind.COMMERCIAL] == (0, 90, 120, 270)
    assert thresholds_on(session, NEW_YEAR)[BankKind.RURAL] == (30, 90, 180, 360)
    assert thresholds_on(session, dt.date(2000, 1, 1))[BankKind.RURAL] == (30, 90, 180, 360)


def test_a_refusal_keeps_its_reason_and_changes_nothing(sign_in: SignIn, session: Session) -> None:
    address = proposed_limits(sign_in("staff"))
    client = sign_in("approver")
    data = hidden(client, address, "tolak")
    assert "Isian ini wajib diisi." in client.post(f"{address}/tolak", data=data).get_data(
        as_text=True
    )
    said = data | {"reason": "Belum ada aturan OJK yang baru"}
    assert client.post(f"{address}/tolak", data=said).status_code == 302
    assert "Belum ada aturan OJK" in sign_in("staff").get(address).get_data(as_text=True)
    assert thresholds_on(session, NEW_YEAR)[BankKind.COMMERCIAL] == (0, 90, 120, 180)


def test_nobody_decides_on_an_own_proposal_neither_here_nor_in_the_database(
    sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    client = sign_in("approver")
    address = proposed_limits(client)
    data = {"shown": "", "request_key": "k" * 32}
    answer = client.post(f"{address}/setujui", data=data)
    assert answer.status_code == 409
    assert "Anda ajukan sendiri" in answer.get_data(as_text=True)
    with pytest.raises(IntegrityError, match="two_persons"):
        session.execute(
            update(CollectibilityRule)
            .where(CollectibilityRule.status == "proposed")
            .values(status="approved", decided_by=people["approver"], decided_at=now())
        )


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE collectibility_rules SET class_4 = 999 WHERE status = 'approved'",
        "UPDATE collectibility_rules SET class_4 = 999 WHERE status = 'proposed'",
        "DELETE FROM collectibility_rules",
    ],
)
def test_no_version_can_be_altered_or_deleted(
    statement: str, sign_in: SignIn, session: Session
) -> None:
    proposed_limits(sign_in("staff"))
    with pytest.raises(DBAPIError, match="append-only"):
        session.execute(text(statement))


def test_limits_that_do_not_rise_are_refused_by_the_rule_and_by_the_database(
    session: Session, people: dict[str, int]
) -> None:
    wrong = (0, 90, 90, 180)
    with pytest.raises(Refused) as caught:
        actions.propose_limits(session, "rural", wrong, NEW_YEAR, people["staff"], now())
    assert caught.value.code == "not_rising"
    row = CollectibilityRule(
        bank_kind="rural", valid_from=NEW_YEAR, class_1=0, class_2=90, class_3=90, class_4=180,
        proposed_by=people["staff"], proposed_at=now(),
    )  # fmt: skip
    session.add(row)
    with pytest.raises(IntegrityError, match="rising"):
        session.flush()


def test_a_version_that_is_not_there_is_not_found(sign_in: SignIn) -> None:
    assert sign_in("staff").get("/pengaturan/kolektibilitas/99").status_code == 404
