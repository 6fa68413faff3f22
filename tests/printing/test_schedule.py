from __future__ import annotations

import io
from collections.abc import Callable

from flask import Flask
from pypdf import PdfReader
from sqlalchemy import select

from tests import factories
from tests.conftest import prepared
from wibawa.access.models import TrailEntry
from wibawa.database import db

SignIn = Callable[[str], factories.Client]


loans = prepared(factories.two_banks)


def _trail(app: Flask) -> list[tuple[str, str, int | None]]:
    with app.app_context():
        found = db.session.execute(
            select(TrailEntry.action, TrailEntry.object_kind, TrailEntry.object_id)
            .where(TrailEntry.action != "sign_in")
            .order_by(TrailEntry.id)
        )
        return [tuple(row) for row in found]


def test_the_paper_holds_the_schedule_with_the_day_by_which_to_pay(
    app: Flask, loans: dict[str, int], sign_in: SignIn
) -> None:
    answer = sign_in("staff").get(f"/pinjaman/{loans['jateng']}/jadwal.pdf")
    assert answer.mimetype == "application/pdf"
    assert answer.headers["Content-Disposition"] == "inline; filename=jadwal-KW-000001.pdf"
    text = "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.data)).pages)
    assert "KW-000001" in text
    assert "Siti Aminah" in text
    assert "28 Februari 2026" in text  # a Saturday
    assert "2 Maret 2026" in text  # the working day after it
    assert "214.906" in text
    assert _trail(app) == [("schedule_printed", "loan", loans["jateng"])]


def test_another_banks_schedule_does_not_exist_and_the_try_is_recorded(
    app: Flask, loans: dict[str, int], sign_in: SignIn
) -> None:
    client = sign_in("pasar")
    assert client.get(f"/pinjaman/{loans['jateng']}/jadwal.pdf").status_code == 404
    assert client.get(f"/pinjaman/{loans['pasar']}/jadwal.pdf").status_code == 200
    assert _trail(app) == [
        ("denied", "loan", loans["jateng"]),
        ("schedule_printed", "loan", loans["pasar"]),
    ]


def test_only_those_who_serve_borrowers_print(loans: dict[str, int], sign_in: SignIn) -> None:
    for who in ("leader", "auditor", "admin"):
        assert sign_in(who).get(f"/pinjaman/{loans['pasar']}/jadwal.pdf").status_code == 403
