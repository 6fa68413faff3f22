"""Small files of SI-UMI, and the way through the program's own steps."""

from __future__ import annotations

import io
from typing import Any

import xlsxwriter
from flask import Flask
from sqlalchemy.orm import Session

from tests import factories
from wibawa.loans.journal import Author
from wibawa.siumi import actions
from wibawa.siumi.checks import Checked
from wibawa.siumi.facts import check_against_books
from wibawa.siumi.reader import read_register
from wibawa.uploads.models import Upload
from wibawa.web.clock import now, today

HEADINGS = ("NIK", "NAMA", "JENIS KELAMIN", "TANGGAL LAHIR", "NAMA USAHA", "BIDANG USAHA",
            "TANGGAL MULAI USAHA", "KELURAHAN", "KECAMATAN", "ALAMAT", "NO HP", "NIB")  # fmt: skip
# What `factories.borrower(session, by, number)` registers, as a row of a file.
SITI = {
    "NIK": "3374014804850001",
    "NAMA": "Siti Aminah",
    "JENIS KELAMIN": "P",
    "TANGGAL LAHIR": "08-04-1985",
    "NAMA USAHA": "Roti Siti",
    "BIDANG USAHA": "Kuliner",
    "TANGGAL MULAI USAHA": "01-01-2018",
    "KELURAHAN": "33.74.01.1001",
    "KECAMATAN": "",
    "ALAMAT": "Jl. Pekunden No. 1",
    "NO HP": "081234567890",
    "NIB": "",
}
JOKO = SITI | {
    "NIK": "3374011205790002",
    "NAMA": "Joko Susilo",
    "JENIS KELAMIN": "L",
    "TANGGAL LAHIR": "12/05/1979",
    "NAMA USAHA": "Bengkel Joko",
    "BIDANG USAHA": "Jasa",
    "KELURAHAN": "Miroto",
    "NO HP": "0813 1111 2222",
}


def csv_of(*rows: dict[str, str]) -> bytes:
    """A CSV file with the rows below one row of headings; row 2 is the first."""
    lines = [";".join(HEADINGS), *(";".join(row[name] for name in HEADINGS) for row in rows)]
    return ("\r\n".join(lines) + "\r\n").encode()


def xlsx_of(headings: tuple[str, ...], *rows: tuple[Any, ...]) -> bytes:
    """A workbook whose cells keep their types: numbers stay numbers."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, headings)
    for number, row in enumerate(rows, 1):
        sheet.write_row(number, 0, row)
    book.close()
    return buffer.getvalue()


def check(session: Session, content: bytes, **options: Any) -> Checked:
    """What a file would do to the books as they are."""
    file = read_register(content, "siumi.csv")
    return check_against_books(session, file, today(), **({"skip": False} | options))


def apply(session: Session, content: bytes, by: int, **options: Any) -> Upload | None:
    """The command line's way; None when the check blocks."""
    author = Author(by, None, now())
    given = {"skip": False} | options
    _, upload = actions.import_at_once(session, content, "siumi.csv", author, **given)
    return upload


def sent(client: factories.Client, content: bytes, name: str = "siumi.csv", **more: str) -> int:
    """Upload a file on its page; the number of its check page."""
    data = {"file": (io.BytesIO(content), name), **more}
    answer = client.post("/peminjam/impor/baru", data=data)
    assert answer.status_code == 302, answer.get_data(as_text=True)
    return int(answer.headers["Location"].split("?")[0].rsplit("/", 1)[1])


def shown_plan(app: Flask, number: int) -> str:
    """The fingerprint that the check page hands back when the file is applied."""
    return factories.saved(app, lambda s: actions.shown_plan(s.get_one(Upload, number)))


def codes(checked: Checked, *, blocking: bool = True) -> list[tuple[int, str, str]]:
    """Row, column and code of each problem (or notice)."""
    return [(p.row, p.column, p.code) for p in checked.problems if p.blocking is blocking]
