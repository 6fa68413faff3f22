from __future__ import annotations

import csv
import io
from collections.abc import Callable

import pytest
from flask import Flask

from tests import factories
from tests.conftest import SOAK_ON_BOTH

SignIn = Callable[[str], factories.Client]
DAYS = "dari=30/9/2026&sampai=24/11/2026"
pytestmark = pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)


@pytest.fixture
def loans(app: Flask, people: dict[str, int]) -> dict[str, int]:
    """On 30 September "pasar" had not paid since 28 February, 214 days: class 4 at a BPR."""
    return factories.two_banks(app, people)


def test_the_list_has_exactly_the_loans_that_moved(loans: dict[str, int], sign_in: SignIn) -> None:
    client = sign_in("staff")
    page = client.get(f"/pinjaman/perpindahan?{DAYS}&semula=4&menjadi=1").get_data(as_text=True)
    assert "Joko Susilo" in page
    assert "Jumlah 1 pinjaman" in page
    assert "1.874.997" in page  # nine times 208.333 of principal
    assert "112.500" in page  # nine times 12.500 of interest
    assert "3.125.003" in page
    assert "/entri?jenis=bersih&amp;dari=01/10/2026&amp;sampai=24/11/2026" in page
    every = client.get(f"/pinjaman/perpindahan?{DAYS}").get_data(as_text=True)
    assert "Jumlah 3 pinjaman" in every
    none = client.get(f"/pinjaman/perpindahan?{DAYS}&semula=2").get_data(as_text=True)
    assert "Tidak ada pinjaman dengan perpindahan ini" in none


def test_leadership_sees_no_name_and_the_file_holds_the_same(
    loans: dict[str, int], sign_in: SignIn
) -> None:
    client = sign_in("leader")
    assert "Joko" not in client.get(f"/pinjaman/perpindahan?{DAYS}").get_data(as_text=True)
    text = client.get(f"/pinjaman/perpindahan/ekspor.csv?{DAYS}&semula=4").data.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text), delimiter=";"))
    assert [(row["Peminjam"], row["Semula"], row["Pokok dibayar (Rp)"]) for row in rows] == [
        ("Disamarkan", "Kolektibilitas 4 Diragukan", "1874997")
    ]


def test_days_in_the_wrong_order_are_turned_and_a_loan_of_later_is_new(
    loans: dict[str, int], sign_in: SignIn
) -> None:
    asked = "dari=24/11/2026&sampai=1/1/2026&semula=baru"
    page = sign_in("staff").get(f"/pinjaman/perpindahan?{asked}").get_data(as_text=True)
    assert "Jumlah 3 pinjaman" in page
    assert "Semula: Baru dicairkan" in page
