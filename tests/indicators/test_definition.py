from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from sqlalchemy import text, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from tests import factories
from tests.indicators.office import Office, form_at
from tests.indicators.test_input_list import said
from tests.indicators.test_new_definition import proposed
from wibawa.indicators.inputs.actions import write_down
from wibawa.indicators.models import IndicatorDefinition
from wibawa.indicators.queries import figures_of_year
from wibawa.web.clock import now

SignIn = Callable[[str], factories.Client]
TODAY = dt.date(2026, 11, 24)


def decide(client: factories.Client, address: str, how: str, **typed: str) -> object:
    page = client.get(address).get_data(as_text=True)
    data = form_at(page, f"{address}/{how}") | typed
    return client.post(f"{address}/{how}", data=data)


def test_a_second_person_approves_and_only_the_years_from_then_on_change(
    office: Office, sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    by = people["staff"]
    write_down(session, said(1_000, year=2025), 0, by, now())
    write_down(session, said(1_000, year=2026), 0, by, now())
    write_down(session, said(96, kind="programme", name="KUR", year=2026), 0, by, now())
    session.commit()

    def tpb(year: int) -> tuple[int | None, int | None, int | None, str]:
        found = figures_of_year(session, year, TODAY)[0]
        return found.numerator, found.denominator, found.realised, found.status

    assert tpb(2026) == (5, 1_000, 50, "computed")  # five borrowers ever of 1.000: 0,50 %
    address = proposed(sign_in("staff"))
    assert tpb(2026)[0] == 5
    client = sign_in("approver")
    page = client.get(address).get_data(as_text=True)
    assert "Berubah" in page
    assert "Menyesuaikan angka terbitan" in page
    assert decide(client, address, "setujui").status_code == 302  # type: ignore[attr-defined]
    session.rollback()
    assert tpb(2026) == (4 + 96, 1_000, 1_000, "computed")  # four running micro borrowers and KUR
    assert tpb(2025) == (4, 1_000, 40, "computed")
    assert tpb(2024) == (None, 36_613, 794, "published")


def test_other_programmes_that_nobody_entered_leave_the_numerator_incomplete(
    office: Office, sign_in: SignIn, session: Session
) -> None:
    decide(sign_in("approver"), proposed(sign_in("staff")), "setujui")
    session.rollback()
    found = figures_of_year(session, 2026, TODAY)[0]
    assert (found.counted, found.numerator, found.status) == (4, None, "numerator_missing")


def test_a_refusal_keeps_its_reason_and_changes_nothing(sign_in: SignIn) -> None:
    address = proposed(sign_in("staff"))
    answer = decide(sign_in("approver"), address, "tolak", reason="Belum dibahas bersama BPS")
    assert answer.status_code == 302  # type: ignore[attr-defined]
    page = sign_in("staff").get(address).get_data(as_text=True)
    assert "Belum dibahas bersama BPS" in page
    assert "Usulkan definisi baru" in sign_in("staff").get("/indikator/tpb-8-3-1-c").get_data(
        as_text=True
    )


def test_nobody_decides_on_an_own_proposal_neither_here_nor_in_the_database(
    sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    client = sign_in("approver")
    address = proposed(client)
    data = {"shown": "", "request_key": "k" * 32}
    answer = client.post(f"{address}/setujui", data=data)
    assert answer.status_code == 409
    assert "Anda ajukan sendiri" in answer.get_data(as_text=True)
    with pytest.raises(IntegrityError, match="two_persons"):
        session.execute(
            update(IndicatorDefinition)
            .where(IndicatorDefinition.status == "proposed")
            .values(status="approved", decided_by=people["approver"], decided_at=now())
        )


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE indicator_definitions SET formula = 'x'",
        "DELETE FROM indicator_definitions",
        "UPDATE indicator_definitions SET status = 'refused'",
    ],
)
def test_no_version_can_be_altered_or_deleted(statement: str, session: Session) -> None:
    with pytest.raises(DBAPIError, match="append-only"):
        session.execute(text(statement))
