"""A bank's file from its office's first loans to its undoing, one button after the other, and then
posted again from the command line.

What presses a button is told apart from what looks before it, so that a test can break the press
off at any moment, and press again.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import openpyxl
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import func, select, text

from tests.trouble.office import Answer, Person, hidden, money
from wibawa.commands import wibawa
from wibawa.database import Base, db, reading
from wibawa.loans.models import LoanRequest
from wibawa.uploads.models import Upload

SAMPLES = Path(__file__).resolve().parent.parent / "files" / "samples"
FEW, ALL = 12, 96  # rows of the bank's October, and so many loans or all 240
HEAD = "No.;Nomor Rekening;Nama;Tanggal Bayar;Jumlah Bayar;Denda;Sisa Pokok;Kolektibilitas;No Bukti"
UNKNOWN = ("0299999999999", "Tidak Dikenal", "05-10-2026", "Rp 250.000,00", "BP269999999")
NOT_BOOKS = {"user_sessions"}  # who is signed in is no matter of the deed


@dataclass(frozen=True)
class Deed:
    """A button. `press` gives "" when the person was told that it is done, else what was said;
    `look` opens the page that tells of it and gives the status of the answer."""

    name: str
    press: Callable[[], str]
    look: Callable[[], int]


def story(app: Flask, folder: Path, rows: int = FEW) -> Iterator[Deed]:
    """The deeds in turn; each is to be done before the next one is asked for."""
    officer, clerk, head = (Sitting(app, name) for name in ("pasar", "staff", "approver"))
    path, again = folder / "data_awal.csv", folder / "angsuran.csv"
    path.write_bytes(portfolio(rows))
    again.write_bytes(file_with_titipan(rows))
    files = "/angsuran/berkas"
    yield Deed(
        "portfolio",
        lambda: command(app, "import", "portfolio", str(path)),
        clerk.looks("/pinjaman"),
    )
    yield Deed("upload", lambda: officer.send(file_with_titipan(rows)), officer.looks(files))
    file = f"{files}/{newest(app, Upload)}"
    yield Deed(
        "choice", officer.presses(f"{file}/pilihan", suspend_unknown="y"), officer.looks(file)
    )
    yield Deed("submission", officer.presses(f"{file}/ajukan"), officer.looks(file))
    seen = hidden(clerk.get(file), "shown")
    yield Deed("posting", clerk.presses(f"{file}/bukukan", shown=seen), clerk.looks(file))
    undo, wish = f"{file}/batalkan-berkas", {"reason": "Diminta bank"}
    wish |= keys(clerk.post(undo, **wish, lihat="1"))
    yield Deed("request", clerk.presses(undo, **wish), clerk.looks(undo))
    change = f"/permintaan/{newest(app, LoanRequest)}"
    page = head.get(change)
    agreed = keys(page[page.index(f'action="{change}/setujui"') :])
    yield Deed("undoing", head.presses(f"{change}/setujui", **agreed), head.looks(change))
    words = ("repayments", str(again), "--bank", "PASAR", "--suspend-unknown")
    yield Deed("command", lambda: command(app, "import", *words), clerk.looks(files))


class Sitting(Person):
    """Somebody signed in who looks at the last answer only."""

    def __init__(self, app: Flask, name: str) -> None:
        super().__init__(app, name, list[Answer]())

    def presses(self, address: str, **fields: str) -> Callable[[], str]:
        return lambda: self.done(self.post(address, **fields))

    def looks(self, address: str) -> Callable[[], int]:
        def look() -> int:
            self.get(address)
            return self.answers[-1][0]

        return look

    def send(self, content: bytes) -> str:
        file = (io.BytesIO(content), "angsuran.csv")
        return self.done(self.post("/angsuran/berkas/baru", file=file))

    def done(self, led_to: str) -> str:
        """ "" when the answer led on to a page of ours."""
        status, title = self.answers[-1]
        return "" if status == 302 and not led_to.startswith("/masuk") else f"{status} {title}"


def keys(form: str) -> dict[str, str]:
    """What a form carries along: what was shown beside it, and its own key."""
    return {name: hidden(form, name) for name in ("shown", "request_key")}


def command(app: Flask, *words: str) -> str:
    """A command of the command line; "" when its file is in the books, by it or before."""
    done = CliRunner().invoke(wibawa, words, obj=lambda: app)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    there = done.exit_code == 0 or "[file_already_uploaded]" in done.stderr
    return "" if there else done.stderr


@cache
def portfolio(rows: int) -> bytes:
    """The sample portfolio as CSV, which no other process need read: all of it, or the loans that
    the file pays for and a few of the other bank."""
    sheet = openpyxl.load_workbook(SAMPLES / "data_awal.xlsx").active
    assert sheet is not None
    head, *loans = [
        [cell.strftime("%d/%m/%Y") if isinstance(cell, dt.datetime) else cell for cell in row]
        for row in sheet.iter_rows(values_only=True)
    ]
    if rows < ALL:
        bank, account = head.index("KODE BANK"), head.index("NO REKENING")
        paid = {line[1].lstrip("'") for line in october(rows)}
        others = [loan for loan in loans if loan[bank] == "JATENG"]
        loans = [loan for loan in loans if loan[account] in paid] + others[: rows // 3]
    out = io.StringIO()
    csv.writer(out, delimiter=";").writerows([head, *loans])
    return out.getvalue().encode()


def october(rows: int) -> list[list[str]]:
    """The first rows of the bank's file of October."""
    text = (SAMPLES / "angsuran_pasar_2026-10.csv").read_text("cp1252")
    return [line.split(";") for line in text.splitlines()[1 : rows + 1]]


def file_with_titipan(rows: int) -> bytes:
    """The first rows of the bank's October, and one for an account that nobody knows."""
    account, name, day, amount, reference = UNKNOWN
    lines = [*october(rows), [str(rows + 1), account, name, day, amount, "0", "", "", reference]]
    whole = (line[4].removeprefix("Rp ").partition(",")[0].replace(".", "") for line in lines)
    total = sum(map(int, whole))
    lines.append(["", "", "TOTAL", "", f"Rp {total}", "", "", "", ""])
    return "\r\n".join(";".join(line) for line in [HEAD.split(";"), *lines]).encode("cp1252")


def newest(app: Flask, table: type[Upload] | type[LoanRequest]) -> int:
    with app.app_context(), reading():
        found = db.session.scalar(select(func.max(table.id)))
        db.session.remove()
    return int(found or 0)


def content_of(app: Flask) -> str:
    """A hash of every committed row of every table."""
    with app.app_context(), reading():
        connection = db.engine.raw_connection()
        cursor, digest = connection.cursor(), hashlib.sha256()
        for name in sorted(set(Base.metadata.tables) - NOT_BOOKS):
            cursor.execute(f'SELECT * FROM "{name}"')
            digest.update(f"{name} {sorted(map(repr, cursor.fetchall()))}".encode())
        connection.close()
    return digest.hexdigest()


def figures_of(app: Flask) -> dict[str, int]:
    """How many rows there are, what the money comes to, and how far files and requests are: what
    is the same whenever all of a deed is there."""
    with app.app_context(), reading():
        session = db.session()
        rows = {
            name: int(session.scalar(text(f'SELECT count(*) FROM "{name}"')) or 0)
            for name in sorted(set(Base.metadata.tables) - NOT_BOOKS)
        }
        sums = {f"money {name}": amount for name, amount in money(session).items()}
        files = Counter(session.scalars(select(Upload.status)))
        asked = Counter(session.scalars(select(LoanRequest.status)))
        undone = select(func.count(Upload.reversed_at))
        rows |= sums | {"files undone": int(session.scalar(undone) or 0)}
        rows |= {f"files {name}": n for name, n in files.items()}
        rows |= {f"requests {name}": n for name, n in asked.items()}
        session.rollback()
        db.session.remove()
    return rows
