from __future__ import annotations

from collections.abc import Callable

from tests import factories

SignIn = Callable[[str], factories.Client]


def test_the_page_shows_banks_terms_and_classes_in_force(sign_in: SignIn) -> None:
    page = sign_in("admin").get("/pengaturan/bank").get_data(as_text=True)
    for text in ("Bank Jateng", "Bank Pasar", "3,00% per tahun", "Rp50.000.000", "24 bulan"):
        assert text in page
    assert "Belum dikonfirmasi" in page
    assert "121–180 hari" in page
    assert "lebih dari 360 hari" in page


def test_only_administrators_manage_banks(sign_in: SignIn) -> None:
    for who in ("staff", "approver", "pasar", "auditor", "leader"):
        assert sign_in(who).get("/pengaturan/bank").status_code == 403
