"""What would be issued today, seen before it is: one letter in full, the others a step away."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from tests import factories
from tests.applications.forms import text_of
from tests.arrears.test_reminder_batch import ISSUE, body, count
from tests.conftest import prepared
from wibawa.letters.models import IssuedPaper
from wibawa.web.clock import today

SignIn = Callable[[str], factories.Client]
REVIEW = "/tunggakan/surat/periksa?pilih=1-1-1934154&pilih=3-1-220833"


loans = prepared(factories.two_banks)


def test_the_letter_of_the_oldest_arrears_is_shown_and_another_one_when_asked(
    loans: dict[str, int], sign_in: SignIn
) -> None:
    client = sign_in("staff")
    page = text_of(client, REVIEW)
    assert "Isi surat KW-000001" in page
    assert "28 Februari 2026" in page
    assert "lihat=3#isi-surat" in page
    page = text_of(client, f"{REVIEW}&lihat=3")
    assert "Isi surat KW-000003" in page
    assert "28 Februari 2026" not in page
    assert "tunggakan Rp2.154.987" in page, "1.934.154 and 220.833"


def test_what_was_paid_meanwhile_is_left_out_and_said(
    loans: dict[str, int], sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    factories.payment(session, loans["pasar_late"], 220_833, today(), people["staff"],
                      people["approver"])  # fmt: skip
    session.commit()
    client = sign_in("staff")
    page = text_of(client, REVIEW)
    assert "1 yang dipilih tidak lagi perlu disurati" in page
    assert "Terbitkan 1 surat" in page
    assert "Tidak ada yang dapat diterbitkan" in text_of(
        client, "/tunggakan/surat/periksa?pilih=3-1-220833"
    )


@pytest.mark.parametrize("odd", ["", "x", "1-1", "1-4-5", "1-1-" + "9" * 60, "-1-1-1"])
def test_ticks_that_nobody_could_set_choose_nothing(
    loans: dict[str, int], sign_in: SignIn, session: Session, odd: str
) -> None:
    client = sign_in("staff")
    assert client.post(ISSUE, data=body(odd)).status_code == 409
    assert client.get(f"/tunggakan/surat/periksa?pilih={odd}").status_code == 302
    assert count(session, IssuedPaper) == 0
