from __future__ import annotations

from collections.abc import Callable

from tests.factories import PASAR, Client
from tests.layouts.conftest import CHOSEN, example, saved

Enter = Callable[[str], Client]
PLACE = f"/pengaturan/bank/{PASAR}/berkas"


def test_what_came_with_the_program_is_shown_for_each_kind(sign_in: Enter) -> None:
    page = sign_in("admin").get(PLACE).get_data(as_text=True)
    assert "Bawaan program." in page
    assert "Sisa Pokok" in page
    assert page.count("Belum ada judul khusus") == 2
    assert page.count("Ajarkan dari contoh berkas</a>") == 3


def test_the_history_tells_who_when_and_what_counts(sign_in: Enter) -> None:
    client = sign_in("admin")
    saved(client, example(client), CHOSEN)
    saved(client, example(client), CHOSEN, valid_from="01/01/2027")
    page = client.get(PLACE).get_data(as_text=True)
    states = ["Sejak 1 Januari 2027", "Belum berlaku", "Sejak 24 November 2026", ">Berlaku<",
              "Digantikan"]  # fmt: skip
    assert [page.index(each) for each in states] == sorted(page.index(each) for each in states)
    assert "24 November 2026" in page
    assert page.count("Diajarkan ") == 2
    assert "NO KONTRAK" in page
    assert "SALDO POKOK" in page  # named as not used
    assert "Menyimpan nama kolom berkas bank" in client.get("/jejak").get_data(as_text=True)


def test_a_bank_that_is_not_there_is_404(sign_in: Enter) -> None:
    assert sign_in("admin").get("/pengaturan/bank/99/berkas").status_code == 404
