from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from tests import factories
from tests.applications.forms import recorded, text_of
from tests.conftest import prepared

SignIn = Callable[[str], factories.Client]
ADDRESS = "/permohonan/baru/peminjam"


def _two_borrowers(session: Session, people: dict[str, int]) -> None:
    factories.borrower(session, people["staff"], 1, "Siti Aminah")
    factories.loan(session, people["staff"], people["approver"], number=2, name="Dewi Lestari")


two_borrowers = prepared(_two_borrowers)


@pytest.mark.usefixtures("two_borrowers")
@pytest.mark.parametrize("typed", ["siti", "roti s", "3374 0148 0485 0001"])
def test_a_borrower_is_found_by_name_business_or_full_nik(sign_in: SignIn, typed: str) -> None:
    page = text_of(sign_in("staff"), ADDRESS, {"text": typed})
    assert "/permohonan/baru?peminjam=1" in page
    assert "************0001" in page


@pytest.mark.usefixtures("two_borrowers")
def test_who_has_a_loan_or_an_open_application_cannot_be_chosen(sign_in: SignIn) -> None:
    client = sign_in("staff")
    number = recorded(client, "/permohonan/baru?peminjam=1")
    page = text_of(client, ADDRESS, {"text": "dewi"})
    assert "KW-000001 di Bank Pasar" in page
    assert "peminjam=2" not in page
    page = text_of(client, ADDRESS, {"text": "siti"})
    assert f'<a href="/permohonan/{number}">PM-000001</a>' in page
    assert "peminjam=1" not in page


@pytest.mark.usefixtures("two_borrowers")
def test_the_search_goes_by_post_and_finding_nobody_says_what_to_do(sign_in: SignIn) -> None:
    client = sign_in("staff")
    assert f'<form method="post" action="{ADDRESS}"' in text_of(client, ADDRESS)
    assert "Siti Aminah" not in text_of(client, f"{ADDRESS}?text=siti")
    assert "Tidak ada peminjam terdaftar" in text_of(client, ADDRESS, {"text": "hantu"})
    assert "Isian ini wajib diisi." in text_of(client, ADDRESS, {"text": ""})
