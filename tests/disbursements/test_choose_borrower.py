from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from tests import factories
from tests.conftest import prepared
from wibawa.disbursements.models import Disbursement

SignIn = Callable[[str], factories.Client]
pytestmark = pytest.mark.usefixtures("direct_allowed")
ADDRESS = "/pencairan/baru/peminjam"


def _two_borrowers(session: Session, people: dict[str, int]) -> None:
    factories.borrower(session, people["staff"], 1, "Siti Aminah")
    factories.loan(session, people["staff"], people["approver"], number=2, name="Dewi Lestari")


two_borrowers = prepared(_two_borrowers)


@pytest.mark.usefixtures("two_borrowers")
@pytest.mark.parametrize(
    "typed", ["siti", " AMINAH ", "roti s", "3374014804850001", "3374 0148 0485 0001"]
)
def test_a_borrower_is_found_by_name_business_or_full_nik(sign_in: SignIn, typed: str) -> None:
    page = sign_in("staff").post(ADDRESS, data={"text": typed}).get_data(as_text=True)
    assert "/pencairan/baru?peminjam=1" in page
    assert "************0001" in page


@pytest.mark.usefixtures("two_borrowers")
@pytest.mark.parametrize("typed", ["081234567890", "0812-3456-7890", "+62 812 3456 7890"])
def test_a_phone_is_found_however_it_is_written(sign_in: SignIn, typed: str) -> None:
    page = sign_in("staff").post(ADDRESS, data={"text": typed}).get_data(as_text=True)
    assert "Siti Aminah" in page
    assert "Dewi Lestari" in page


@pytest.mark.usefixtures("two_borrowers")
def test_a_borrower_with_a_running_loan_cannot_be_chosen(sign_in: SignIn) -> None:
    page = sign_in("staff").post(ADDRESS, data={"text": "dewi"}).get_data(as_text=True)
    assert "KW-000001</a> di Bank Pasar" in page
    assert "belum dapat menerima pencairan baru" in page
    assert "peminjam=2" not in page


@pytest.mark.usefixtures("two_borrowers")
def test_the_search_goes_by_post_so_that_no_nik_stands_in_an_address(sign_in: SignIn) -> None:
    client = sign_in("staff")
    page = client.get(ADDRESS).get_data(as_text=True)
    assert f'<form method="post" action="{ADDRESS}"' in page
    assert "Siti Aminah" not in client.get(ADDRESS + "?text=siti").get_data(as_text=True)


@pytest.mark.usefixtures("two_borrowers")
def test_finding_nobody_and_typing_nothing_say_what_to_do(
    sign_in: SignIn, session: Session
) -> None:
    client = sign_in("staff")
    nobody = client.post(ADDRESS, data={"text": "hantu"}).get_data(as_text=True)
    assert "Tidak ada peminjam terdaftar yang cocok" in nobody
    assert "Isian ini wajib diisi." in client.post(ADDRESS, data={"text": ""}).get_data(
        as_text=True
    )
    assert session.query(Disbursement).count() == 0


def test_others_are_kept_out(sign_in: SignIn) -> None:
    for who in ("jateng", "leader", "auditor"):
        assert sign_in(who).get(ADDRESS).status_code == 403
