from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from tests import factories

SignIn = Callable[[str], factories.Client]


@pytest.fixture
def loans(app: Flask, people: dict[str, int]) -> dict[str, int]:
    return factories.two_banks(app, people)


def test_titipan_shows_age_reason_file_and_row_and_adds_up(
    loans: dict[str, int], sign_in: SignIn
) -> None:
    page = sign_in("staff").get("/titipan").get_data(as_text=True)
    assert "Rekening tidak dikenal" in page
    assert ">50<" in page  # days from 5 October to 24 November
    assert 'href="/angsuran/berkas/1">angsuran_1.csv</a>' in page
    assert "baris 2" in page
    assert "650.000" in page
    assert "Jumlah 2 titipan" in page


def test_a_bank_officer_sees_only_the_own_banks_titipan(
    loans: dict[str, int], sign_in: SignIn
) -> None:
    page = sign_in("pasar").get("/titipan?bank=JATENG").get_data(as_text=True)
    assert "0288888888888" in page
    assert "0177777777777" not in page
    assert "Jumlah 1 titipan" in page


def test_the_dinas_may_look_at_one_bank(loans: dict[str, int], sign_in: SignIn) -> None:
    page = sign_in("staff").get("/titipan?bank=JATENG").get_data(as_text=True)
    assert "0177777777777" in page
    assert "0288888888888" not in page


def test_without_titipan_the_page_says_what_would_come_here(sign_in: SignIn) -> None:
    assert "Tidak ada titipan" in sign_in("staff").get("/titipan").get_data(as_text=True)


def test_leadership_has_no_titipan_page(sign_in: SignIn) -> None:
    assert sign_in("leader").get("/titipan").status_code == 403
