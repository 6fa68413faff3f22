"""No full NIK where none belongs: pages, addresses, exports, the trail, the database file."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests import factories
from tests.borrowers.test_borrower_list import cooperative
from tests.borrowers.test_edit_borrower import SITI, opened
from wibawa.access.models import TrailEntry
from wibawa.borrowers.models import BorrowerChange
from wibawa.database import db

SignIn = Callable[[str], factories.Client]
NIKS = [f"337401480485{number:04d}" for number in range(1, 50)] + ["3374010101700009"]
CORRECTED = "3374014804850099"
ALL = [*NIKS, CORRECTED]


def leaks(text: str) -> list[str]:
    digits = re.sub(r"[\s.\-]", "", text)
    return [nik for nik in ALL if nik in text or nik in digits]


def content_of(answer: object) -> str:
    data: bytes = answer.data  # type: ignore[attr-defined]
    if not data.startswith(b"PK"):
        return data.decode("utf-8", "replace")
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        return "\n".join(book.read(name).decode("utf-8", "replace") for name in book.namelist())


@pytest.fixture
def fifty(app: Flask, people: dict[str, int]) -> None:
    def make(session: Session) -> None:
        by, second = people["staff"], people["approver"]
        for number in range(1, 11):
            factories.loan(session, by, second, number=number)
        for number in range(11, 50):
            factories.borrower(session, by, number)
        cooperative(session, by)

    factories.saved(app, make)


@pytest.mark.usefixtures("fifty")
def test_no_full_nik_leaves_the_sealed_columns_unless_it_is_asked_for(
    app: Flask, sign_in: SignIn
) -> None:
    client = sign_in("staff")
    correction = SITI | opened(client, "/peminjam/1/ubah") | {"nik": CORRECTED}
    assert client.post("/peminjam/1/ubah", data=correction).status_code == 302
    addresses = ["/", "/peminjam?per_hal=200", "/peminjam/ganda", "/peminjam/ganda?hal=2"]
    addresses += ["/peminjam/ekspor.csv", "/peminjam/ekspor.xlsx", "/pinjaman", "/pinjaman/1"]
    addresses += [f"/peminjam/{number}" for number in range(1, 51)]
    addresses += ["/peminjam/1/ubah", "/peminjam/50/ubah"]
    seen = []
    for address in addresses:
        answer = client.get(address)
        assert answer.status_code == 200, address
        assert leaks(content_of(answer)) == [], address
        seen += re.findall(r'(?:href|action)="([^"]*)"', content_of(answer))
    for nik in (NIKS[1], NIKS[-1], CORRECTED):
        answer = client.post("/cari", data={"q": nik})
        assert leaks(content_of(answer) + answer.headers.get("Location", "")) == []
    assert client.get(f"/peminjam?q={NIKS[1]}").headers["Location"] == "/peminjam"
    assert leaks("\n".join(seen)) == []
    trail = sign_in("auditor").get("/jejak?per_hal=200")
    assert leaks(content_of(trail)) == []
    with app.app_context():
        kept = [entry.detail for entry in db.session.scalars(select(TrailEntry))]
        kept += [f"{c.before} {c.after}" for c in db.session.scalars(select(BorrowerChange))]
        db.session.remove()
    assert leaks("\n".join(kept)) == []


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
@pytest.mark.usefixtures("fifty")
def test_no_full_nik_stands_in_the_database_file(
    app: Flask, sign_in: SignIn, database_url: str
) -> None:
    client = sign_in("staff")
    correction = SITI | opened(client, "/peminjam/1/ubah") | {"nik": CORRECTED}
    assert client.post("/peminjam/1/ubah", data=correction).status_code == 302
    file = Path(database_url.removeprefix("sqlite:///"))
    stored = b"".join(path.read_bytes() for path in file.parent.glob(f"{file.name}*"))
    assert b"Siti Aminah" in stored
    assert [nik for nik in ALL if nik.encode() in stored] == []
