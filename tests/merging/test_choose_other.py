from __future__ import annotations

from collections.abc import Callable

from flask import Flask

from tests import factories
from tests.merging.steps import twins

SignIn = Callable[[str], factories.Client]


def test_the_other_record_is_found_and_leads_to_both_beside_each_other(
    app: Flask, people: dict[str, int], sign_in: SignIn
) -> None:
    twins(app, people)
    client = sign_in("staff")
    assert 'href="/peminjam/1/gabung"' in client.get("/peminjam/1").get_data(as_text=True)
    page = client.post("/peminjam/1/gabung", data={"text": "siti"}).get_data(as_text=True)
    assert "/peminjam/gabung/baru?tetap=1&amp;lain=2" in page
    assert "lain=1" not in page  # never with itself
    assert "3374014804850002" not in page
    nothing = client.post("/peminjam/1/gabung", data={"text": "zzz"}).get_data(as_text=True)
    assert "Tidak ada catatan lain yang cocok" in nothing


def test_a_record_that_nobody_has_is_not_found(sign_in: SignIn) -> None:
    assert sign_in("staff").get("/peminjam/999/gabung").status_code == 404
