from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from tests import factories
from wibawa.dashboard.opened.queries import history
from wibawa.database import db

SignIn = Callable[[str], factories.Client]


def test_the_head_of_the_office_opens_and_closes_the_page(app: Flask, sign_in: SignIn) -> None:
    client = sign_in("approver")
    for number, (state, status) in enumerate((("open", 200), ("closed", 404)), 1):
        sent = {"state": state, "valid_from": "24/11/2026", "reason": "Surat nomor 1",
                "shown": str(number)}  # fmt: skip
        assert client.post("/pengaturan/data-terbuka", data=sent).status_code == 302
        assert app.test_client().get("/terbuka").status_code == status
    page = client.get("/pengaturan/data-terbuka").get_data(as_text=True)
    assert "Dibuka untuk umum: Surat nomor 1" in page
    with app.app_context():
        assert [each.is_open for each in history(db.session())] == [False, True, False]


def test_a_reason_is_needed(app: Flask, sign_in: SignIn) -> None:
    sent = {"state": "open", "valid_from": "24/11/2026", "reason": "", "shown": "1"}
    page = sign_in("approver").post("/pengaturan/data-terbuka", data=sent).get_data(as_text=True)
    assert "Ada isian yang perlu diperbaiki" in page
    assert app.test_client().get("/terbuka").status_code == 404


@pytest.mark.parametrize("deed", ["UPDATE open_figures_settings SET is_open = true",
                                  "DELETE FROM open_figures_settings"])  # fmt: skip
def test_what_was_set_stays_written(session: Session, deed: str) -> None:
    with pytest.raises(DatabaseError, match="append-only"):
        session.execute(text(deed))
