from __future__ import annotations

from collections.abc import Callable

from flask import Flask

from tests import factories
from tests.merging.steps import asked, decide, twins

SignIn = Callable[[str], factories.Client]


def test_without_requests_the_page_says_what_they_are(sign_in: SignIn) -> None:
    page = sign_in("auditor").get("/peminjam/gabung").get_data(as_text=True)
    assert "Belum ada penggabungan" in page


def test_the_list_shows_both_records_and_who_decided(
    app: Flask, people: dict[str, int], sign_in: SignIn
) -> None:
    twins(app, people)
    number = asked(sign_in("staff"))
    waiting = sign_in("approver").get("/peminjam/gabung?keadaan=menunggu").get_data(as_text=True)
    assert f"/peminjam/gabung/{number}" in waiting
    assert "Siti Aminah Binti Karto" in waiting
    assert decide(sign_in("approver"), number, "tolak", reason="Dua orang, sudah dicek") == 302
    client = sign_in("staff")
    assert "Tidak ada permintaan yang cocok" in client.get(
        "/peminjam/gabung?keadaan=menunggu"
    ).get_data(as_text=True)
    page = client.get("/peminjam/gabung?keadaan=ditolak").get_data(as_text=True)
    assert "Approver, 24 November 2026" in page
