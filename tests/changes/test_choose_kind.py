from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from flask import Flask

from tests import factories
from tests.changes.steps import HOLIDAY, ask, text_of
from tests.factories import Client

SignIn = Callable[[str], Client]


def test_what_can_be_asked_for_now_is_a_link(loans: dict[str, int], sign_in: SignIn) -> None:
    page = text_of(sign_in("staff").get(f"/pinjaman/{loans['pasar']}/ubah"))
    assert f'href="/pinjaman/{loans["pasar"]}/ubah/jeda"' in page
    assert "Dapat diajukan" in page


def test_what_cannot_be_asked_for_says_why(
    app: Flask, loans: dict[str, int], sign_in: SignIn, people: dict[str, int]
) -> None:
    rest = 5_300_000 - 9 * 220_833
    factories.saved(
        app,
        lambda s: factories.payment(
            s, loans["pasar"], rest, dt.date(2026, 11, 20), people["staff"], people["staff2"]
        ),
    )
    page = text_of(sign_in("staff").get(f"/pinjaman/{loans['pasar']}/ubah"))
    assert "Pinjaman ini sudah lunas; tidak ada angsuran yang diubah." in page
    assert "/ubah/jeda" not in page


def test_a_request_that_waits_is_named_and_keeps_others_away(
    loans: dict[str, int], sign_in: SignIn
) -> None:
    client = sign_in("staff")
    number = ask(client, loans["pasar"], "jeda", HOLIDAY)
    page = text_of(client.get(f"/pinjaman/{loans['pasar']}/ubah"))
    assert f"Buka permintaan nomor {number}" in page
    assert f"Menunggu keputusan permintaan nomor {number}." in page
    assert "/ubah/jeda" not in page


def test_the_loan_page_leads_here_only_whoever_may_ask(
    loans: dict[str, int], sign_in: SignIn
) -> None:
    address = f"/pinjaman/{loans['pasar']}"
    assert "Ubah pinjaman" in text_of(sign_in("staff").get(address))
    for name in ("approver", "pasar", "leader", "auditor"):
        assert "Ubah pinjaman" not in text_of(sign_in(name).get(address))
        assert sign_in(name).get(f"{address}/ubah").status_code == 403
