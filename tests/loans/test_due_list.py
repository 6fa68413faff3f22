from __future__ import annotations

import csv
import io
from collections.abc import Callable

import pytest
from flask import Flask

from tests import factories
from tests.conftest import SOAK_ON_BOTH

SignIn = Callable[[str], factories.Client]
pytestmark = pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)


@pytest.fixture
def loans(app: Flask, people: dict[str, int]) -> dict[str, int]:
    return factories.two_banks(app, people)


def test_the_list_has_what_falls_due_and_what_of_it_is_left(
    loans: dict[str, int], sign_in: SignIn
) -> None:
    client = sign_in("staff")
    asked = "bank=PASAR&dari=1/10/2026&sampai=31/10/2026"
    page = client.get(f"/pinjaman/jatuh-tempo?{asked}").get_data(as_text=True)
    assert "Rahayu Lestari" in page  # lacks October's installment
    assert "Joko Susilo" not in page
    assert "Jumlah 1 angsuran" in page
    assert "Rp220.833" in page
    every = client.get(f"/pinjaman/jatuh-tempo?{asked}&keadaan=semua").get_data(as_text=True)
    assert "Jumlah 2 angsuran" in every
    assert "441.666" in every


def test_leadership_sees_no_name_and_the_file_holds_the_same(
    loans: dict[str, int], sign_in: SignIn
) -> None:
    client = sign_in("leader")
    assert "Rahayu" not in client.get("/pinjaman/jatuh-tempo").get_data(as_text=True)
    asked = "bank=PASAR&sampai=31/10/2026&urut=-sisa"
    text = client.get(f"/pinjaman/jatuh-tempo/ekspor.csv?{asked}").data.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text), delimiter=";"))
    assert [(row["Peminjam"], row["Angsuran ke-"], row["Sisa pokok (Rp)"]) for row in rows] == [
        ("Disamarkan", "9", "208333")
    ]


def test_a_day_and_sort_orders_of_the_address_are_taken(
    loans: dict[str, int], sign_in: SignIn
) -> None:
    client = sign_in("staff")
    for sort in ("tempo", "-nomor", "bank", "jumlah", "-sisa"):
        page = client.get(f"/pinjaman/jatuh-tempo?urut={sort}&tanggal=31/8/2026&per_hal=25")
        assert "Posisi 31 Agustus 2026" in page.get_data(as_text=True)
    assert "Tertulis “x”" in client.get("/pinjaman/jatuh-tempo?dari=x").get_data(as_text=True)
