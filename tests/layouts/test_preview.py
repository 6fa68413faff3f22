from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

from flask.testing import FlaskClient

from tests.factories import Client
from tests.layouts.conftest import CHOSEN, STRANGE, example

Enter = Callable[[str], Client]


def fragment(client: Client, address: str) -> str:
    """What is put into the page; it is no page, so it is not inspected as one."""
    return FlaskClient.open(client, address).get_data(as_text=True)


def seen(client: Client, place: str, **changes: str) -> str:
    asked = {name: value for name, value in (CHOSEN | changes).items() if value}
    query = f"{place}/pratinjau?{urlencode(asked)}"
    return fragment(client, query)


def test_the_rows_are_shown_as_understood(sign_in: Enter) -> None:
    client = sign_in("admin")
    page = seen(client, example(client))
    assert "Judul dibaca di baris 2; 2 baris terbaca, 0 di antaranya bermasalah." in page
    for text in ("0200000000001", "Siti Aminah", "20/11/2026", "220.833"):
        assert f">{text}</td>" in page
    assert "SALDO POKOK" not in page  # looks like ours, and was not chosen


def test_problems_stand_beside_their_rows(sign_in: Enter) -> None:
    client = sign_in("admin")
    page = seen(client, example(client), date_order="dmy", decimal_mark=",")
    assert "2 di antaranya bermasalah" in page
    assert "TGL POSTING: " in page
    assert "NILAI TRX: " in page


def test_a_choice_that_cannot_be_read_says_why(sign_in: Enter) -> None:
    client = sign_in("admin")
    page = seen(client, example(client), kolom_paid_on="", kolom_amount="0")
    assert "Kolom untuk Tanggal Bayar belum dipilih" in page
    assert "Judul “NO KONTRAK” sudah dipakai untuk Nomor Rekening" in page
    assert "<table" not in page


def test_what_no_form_sends_is_taken_for_no_choice(sign_in: Enter) -> None:
    client = sign_in("admin")
    place = example(client)
    page = seen(client, place, kolom_account="99", date_order="mdy", decimal_mark="x", judul="9:9")
    assert "Kolom untuk Nomor Rekening belum dipilih" in page
    assert client.get(f"{place}?judul=9:9:9").status_code == 200


def test_only_the_first_twenty_rows_are_shown(sign_in: Enter) -> None:
    client = sign_in("admin")
    head, line = STRANGE.split(b"\r\n")[1:3]
    page = seen(client, example(client, b"\r\n".join([head, *[line] * 30])))
    assert "30 baris terbaca" in page
    assert page.count("<tr>") == 21
