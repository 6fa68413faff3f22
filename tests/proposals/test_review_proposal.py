from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session

from tests import factories
from tests.applications.forms import text_of
from tests.proposals.steps import keys
from wibawa.banks.actions import set_quota
from wibawa.banks.models import Bank
from wibawa.web.clock import now

SignIn = Callable[[str], factories.Client]


def review(session: Session, bank: str, ids: list[int]) -> str:
    return "/usulan/periksa?bank=" + bank + "".join(f"&pilih={key}" for key in keys(session, ids))


def test_what_is_going_to_be_sent_is_shown_with_its_sums(
    sign_in: SignIn, session: Session, waiting: dict[int, int]
) -> None:
    page = text_of(sign_in("staff"), review(session, "PASAR", [waiting[1], waiting[3]]))
    assert "Kirim ke Bank Pasar" in page
    assert "Rp7.000.000" in page
    assert f"PM-{waiting[2]:06d}" not in page


def test_more_than_the_free_quota_is_a_warning_and_no_obstacle(
    sign_in: SignIn, session: Session, people: dict[str, int], waiting: dict[int, int]
) -> None:
    bank = session.get_one(Bank, factories.PASAR)
    set_quota(session, bank, 2026, 0, 4_000_000, "DPA 2026", people["approver"], now())
    session.commit()
    page = text_of(sign_in("staff"), review(session, "PASAR", [waiting[1]]))
    assert "Melebihi sisa kuota" in page
    assert "sisa kuota Bank Pasar Rp4.000.000" in page
    assert "Kirim ke Bank Pasar" in page
    less = text_of(sign_in("staff"), review(session, "PASAR", [waiting[2]]))
    assert "Melebihi sisa kuota" not in less


def test_nothing_ticked_leads_back_with_a_sentence(
    sign_in: SignIn, waiting: dict[int, int]
) -> None:
    assert waiting
    client = sign_in("staff")
    answer = client.get("/usulan/periksa?bank=PASAR&pilih=aneh", follow_redirects=True)
    assert "Belum ada permohonan yang dipilih" in answer.get_data(as_text=True)


def test_another_banks_application_is_left_out_and_that_is_said(
    sign_in: SignIn, session: Session, waiting: dict[int, int]
) -> None:
    page = text_of(sign_in("staff"), review(session, "PASAR", [waiting[1], waiting[4]]))
    assert f"PM-{waiting[4]:06d}" not in page
    assert "1 permohonan yang dipilih tidak lagi menunggu dikirim" in page


def test_more_than_fits_one_batch_leads_back_with_both_numbers(sign_in: SignIn) -> None:
    many = "".join(f"&pilih={number}-1" for number in range(1, 202))
    answer = sign_in("staff").get(f"/usulan/periksa?bank=PASAR{many}", follow_redirects=True)
    said = answer.get_data(as_text=True)
    assert "Terpilih 201 permohonan; satu usulan memuat paling banyak 200." in said
