from __future__ import annotations

from collections.abc import Callable

from tests import factories

SignIn = Callable[[str], factories.Client]


def test_the_page_shows_the_banks_and_leads_to_the_terms(sign_in: SignIn) -> None:
    page = sign_in("admin").get("/pengaturan/bank").get_data(as_text=True)
    for text in ("Bank Jateng", "Bank Pasar", "Anuitas", "Flat", "Hari kerja berikutnya"):
        assert text in page
    assert 'href="/pengaturan/ketentuan"' in page
    assert 'href="/pengaturan/libur"' in page


def test_only_administrators_manage_banks(sign_in: SignIn) -> None:
    for who in ("staff", "approver", "pasar", "auditor", "leader"):
        assert sign_in(who).get("/pengaturan/bank").status_code == 403
