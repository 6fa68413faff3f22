from __future__ import annotations

from collections.abc import Callable

import pytest

from tests import factories
from tests.conftest import SOAK_ON_BOTH
from tests.indicators.office import Office

SignIn = Callable[[str], factories.Client]


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
def test_the_books_stand_year_by_year_from_the_first_loan_on(
    office: Office, sign_in: SignIn
) -> None:
    page = sign_in("leader").get("/indikator/perkembangan").get_data(as_text=True)
    body = page[page.index("<tbody>") :]
    assert body.index("/indikator/angka/2023") < body.index("/indikator/angka/2026")
    assert "/indikator/angka/2022" not in body
    assert "102.000.000" in body  # 5 + 10 + 5 + 50 + 5 + 2 + 25 million


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
def test_an_office_without_anything_is_told_what_to_do(sign_in: SignIn) -> None:
    page = sign_in("staff").get("/indikator/perkembangan").get_data(as_text=True)
    assert "Belum ada data" in page
    assert "Catat riwayat" in page
