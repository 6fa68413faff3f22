"""A thousand borrowers whose NIK are known to the test, entered through the program's own ways: not
one of them stands readable in the database, the logs, an address, an answer or an export."""

from __future__ import annotations

import html
import io
import logging
import re
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import psycopg
import pytest
import structlog
from flask import Flask
from sqlalchemy import String, select
from sqlalchemy import text as sql
from sqlalchemy.orm import Session

from tests import factories
from tests.applications.forms import entry as application_entry
from tests.borrowers.test_edit_borrower import opened
from tests.bulk import _borrower
from tests.conftest import SOAK_ON_BOTH
from tests.disbursements.forms import entry as disbursement_entry
from tests.merging.steps import asked, decide
from tests.siumi.files import JOKO, SITI, csv_of, xlsx_of
from wibawa.access.personal_data import index_of, unseal
from wibawa.access.sealed import SealedText, place_of
from wibawa.borrowers.actions import NIK_PLACE, add_borrowers
from wibawa.borrowers.models import Borrower
from wibawa.database import Base, db, writing
from wibawa.home import routes as home_routes
from wibawa.loans.actions import import_portfolio
from wibawa.loans.journal import Author
from wibawa.web import log
from wibawa.web.clock import now

SignIn = Callable[[str], factories.Client]
SAMPLE = Path(__file__).resolve().parent.parent / "files" / "samples" / "data_awal.xlsx"
ADDED = 760
TYPED = [f"3374014804850{number:03d}" for number in range(100, 130)]  # at the counter, by a clerk


def of_the_sample() -> list[str]:
    """The NIK of the opening portfolio, read by another library than the program's."""
    sheet = openpyxl.load_workbook(io.BytesIO(SAMPLE.read_bytes())).active
    assert sheet is not None
    rows = sheet.iter_rows(values_only=True)
    place = next(rows).index("NIK")
    return [str(row[place]) for row in rows if re.fullmatch(r"\d{16}", str(row[place]))]


ADDED_NIKS = [f"337401480485{number:04d}" for number in range(1_000, 1_000 + ADDED)]
FILED = [f"337401120579{number:04d}" for number in range(5_000, 5_060)]  # in files of SI-UMI
ALL = frozenset({*of_the_sample(), *ADDED_NIKS, *TYPED, *FILED})
DIGITS = re.compile(r"(?=(\d{16}))")
IN_HEX = re.compile(r"(?=((?:3\d){16}))")


def leaks(text: str) -> set[str]:
    """The NIK in a text: as they are, with separators between, or as bytes in hexadecimal."""
    plain = re.sub(r"[\s.\-]", "", text)
    found = {match[1] for place in (text, plain) for match in DIGITS.finditer(place)}
    found |= {bytes.fromhex(match[1]).decode() for match in IN_HEX.finditer(text)}
    return found & ALL


def test_a_leak_is_found_in_every_form() -> None:
    nik = ADDED_NIKS[7]
    for text in (f"x{nik}y", f"{nik[:6]} {nik[6:12]}-{nik[12:]}", nik.encode().hex(), f"9{nik}"):
        assert leaks(text) == {nik}
    assert leaks(f"************{nik[-4:]}") == set()
    assert len(ALL) >= 1_000


def test_what_a_library_logs_is_masked_too() -> None:
    try:
        raise ValueError(f"cannot use {ADDED_NIKS[0]}")
    except ValueError:
        record = logging.LogRecord(
            "lib", logging.ERROR, "", 1, "for %s", (TYPED[0],), sys.exc_info()
        )
    said = log._Masked().format(record)
    assert leaks(said) == set()
    assert "cannot use ************1000" in said


class Watched:
    """A signed-in person whose every address and answer is looked at."""

    def __init__(self, client: factories.Client) -> None:
        self.client = client
        self.answers = 0

    def open(self, method: str, address: str, data: dict[str, str] | None = None) -> Any:
        answer = self.client.open(address, method=method, data=data)
        assert answer.status_code < 500, address
        self.answers += 1
        assert leaks(address) == set()
        assert leaks(str(answer.headers)) == set(), address
        content = _content(answer.data)
        # What somebody typed stands in its own field again, and only there.
        field = re.sub(r'<input[^>]*name="(?:nik|text)"[^>]*>', "", content)
        assert leaks(field) == set(), address
        for link in re.findall(r'(?:href|action|src)="([^"]*)"', content):
            assert leaks(html.unescape(link)) == set(), address
        return answer

    def get(self, address: str, **_: Any) -> Any:
        return self.open("GET", address)

    def post(self, address: str, data: dict[str, str]) -> Any:
        return self.open("POST", address, data)


def _content(data: bytes) -> str:
    """The text of an answer; of a workbook, of all its parts."""
    if not data.startswith(b"PK"):
        return data.decode("utf-8", "replace")
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        return "\n".join(book.read(name).decode("utf-8", "replace") for name in book.namelist())


@pytest.fixture
def register(app: Flask, people: dict[str, int]) -> None:
    def make(session: Session) -> None:
        by = people["staff"]
        import_portfolio(session, SAMPLE.read_bytes(), "data_awal.xlsx", Author(by, None, now()))
        wanted = [replace(_borrower(n), nik=nik) for n, nik in enumerate(ADDED_NIKS, 1)]
        add_borrowers(session, wanted, by, now())
        factories.allow_direct(session, people)

    factories.saved(app, make)


def _at_the_counter(staff: Watched) -> None:
    """Applications, drafts, forms that fail, disbursements: each with a NIK that is typed."""
    for number, nik in enumerate(TYPED):
        more = {"nik": nik, "name": f"Siti Aminah {number}"}
        if number % 5 == 1:
            more |= {"simpan": "1"}
        elif number % 5 == 2:
            more |= {"amount": "1.5"}  # not to be read: the form is kept, unfinished
        elif number % 5 == 3:
            more |= {"sex": "L", "nik": f"{nik[:6]} {nik[6:12]}.{nik[12:]}"}
        if number % 5 == 4:
            sent = disbursement_entry(key=f"{number:02d}", account_number=f"3001{number:05d}")
            staff.post("/pencairan/baru?jenis=mikro", sent | more)
        else:
            staff.post("/permohonan/baru?jenis=mikro", application_entry(**more))
    staff.get("/permohonan")
    staff.get("/pencairan")


def _looked_up_and_changed(staff: Watched, approver: Watched) -> None:
    for nik in (*TYPED[:6], *ADDED_NIKS[:6]):
        for address in ("/permohonan/baru/peminjam", "/pencairan/baru/peminjam"):
            staff.post(address, {"text": nik})
        staff.post("/cari", {"q": nik})
        staff.post("/peminjam/1/gabung", {"text": nik})
    before = opened(staff.client, "/peminjam/300/ubah")
    facts = {"name": "Siti Rahayu", "sex": "P", "birth_date": "08/04/1985", "phone": "",
             "business_name": "Warung", "sector": "Kuliner", "business_started_on": "01/01/2018",
             "kelurahan_code": "33.74.01.1001", "address": "Jl. Pekunden", "nib": ""}  # fmt: skip
    assert staff.post("/peminjam/300/ubah", before | facts | {"nik": TYPED[3]}).status_code == 302
    staff.post("/peminjam/301/ubah", opened(staff.client, "/peminjam/301/ubah") | facts
               | {"nik": TYPED[0]})  # fmt: skip
    number = asked(staff, "/peminjam/gabung/baru?tetap=400&lain=401", pilih_nik="lain")  # type: ignore[arg-type]
    assert decide(approver, number) == 302  # type: ignore[arg-type]
    for address in ("/peminjam/400", "/peminjam/300", f"/peminjam/gabung/{number}"):
        approver.get(address)


def _a_register(staff: Watched, auditor: Watched) -> None:
    """Files of SI-UMI in which NIK stand where they should and where they should not."""
    rows = [JOKO | {"NIK": nik, "NAMA": f"Joko {n}", "NO HP": ""} for n, nik in enumerate(FILED)]
    head = FILED[0]
    faults = [
        {"NAMA": FILED[1]},
        {"ALAMAT": f"KTP {head[:6]} {head[6:12]}-{head[12:]}"},
        {"NO HP": FILED[2]},
        {"NIB": FILED[3]},
        {"TANGGAL LAHIR": FILED[4]},
        {"KELURAHAN": FILED[5]},
        {"NIK": f"{FILED[6]}9"},
        {"NIK": f"{FILED[7][:4]} {FILED[7][4:]}", "JENIS KELAMIN": "P"},
        {"NAMA": "Lain", "JENIS KELAMIN": FILED[8]},
    ]
    faulty = [row | fault for row, fault in zip(rows, faults, strict=False)]
    known = SITI | {"NIK": ADDED_NIKS[20], "NAMA": "Siti Berubah", "NO HP": "081299998888"}
    numeric = xlsx_of(("NIK", "NAMA", "KELURAHAN"), (int(FILED[9]), int(FILED[10]), "Miroto"))
    good = csv_of(*rows[10:], known, rows[20] | {"NIK": TYPED[0], "NAMA": "Orang lain"})
    twice = csv_of(*rows[:3], *faulty, rows[1] | {"ALAMAT": "Jl. Lain"})
    for content, name in ((twice, f"siumi {FILED[11]}.csv"), (numeric, "a.xlsx"), (good, "b.csv")):
        file = {"file": (io.BytesIO(content), name)}
        answer = staff.post("/peminjam/impor/baru", file)  # type: ignore[arg-type]
        here = answer.headers["Location"].split("?")[0]
        for tab in ("masalah", "baru", "berubah", "nama"):
            auditor.get(f"{here}?tampil={tab}&per_hal=200")
        for part in ("baru.xlsx", "baru.csv", "berubah.xlsx", "berubah.csv"):
            assert staff.get(f"{here}/{part}").status_code == 200
        marked = staff.client.get(f"{here}/hasil.xlsx")  # the officer's own file, whole
        assert leaks(_content(marked.data)) != set() or content == numeric
        staff.post(f"{here}/pilihan", {"skip_problems": "y", "reason": "menunggu koreksi"})
        plan = re.search(r'name="shown" value="(\w+)"', staff.get(here).get_data(as_text=True))
        assert plan
        assert staff.post(f"{here}/terapkan", {"shown": plan[1]}).status_code == 302
        assert "sudah diterapkan" in auditor.get(here).get_data(as_text=True)
    staff.get("/peminjam?q=joko&per_hal=200")


def _papers(staff: Watched, number: int) -> None:
    """A file that somebody named after the NIK; a reason with a NIK, which is refused."""
    page = staff.get(f"/peminjam/{number}")
    address = re.search(rf'"(/peminjam/{number}/dokumen/\d+)"', page.get_data(as_text=True))
    assert address
    for name in ("broken--cut.jpg", "good_gps.jpg"):
        content = (SAMPLE.parent.parent / "scans" / name).read_bytes()
        data = {
            "file": (io.BytesIO(content), f"KTP {TYPED[2]}.jpg"),
            "request_key": "k" * 16 + name[0],
        }
        staff.post(address[1], data)  # type: ignore[arg-type]
    for page in (f"/peminjam/{number}", "/dokumen/1"):
        staff.get(page)
    body = {"reason": f"Mencocokkan {TYPED[2]}", "request_key": "k" * 20}
    answer = staff.client.post("/dokumen/1/buka", data=body)
    assert answer.status_code == 422
    body["reason"] = "Mencocokkan dengan kartu"
    opened = staff.post("/dokumen/1/buka", body)
    assert opened.headers["Content-Type"] == "image/jpeg"


def _read(reader: Watched, staff: Watched) -> None:
    for address in ("/", "/peminjam?per_hal=200", "/peminjam?q=rahayu", "/peminjam/ganda",
                    "/peminjam/gabung", "/pinjaman?per_hal=200", "/permohonan?per_hal=200",
                    "/pencairan?per_hal=200", "/jejak?per_hal=200", "/jejak?per_hal=200&hal=2",
                    "/laporan/portofolio"):  # fmt: skip
        reader.get(address)
    for address in ("/peminjam/ekspor", "/pinjaman/ekspor", "/laporan/portofolio/unduh"):
        for kind in ("xlsx", "csv"):
            assert staff.get(f"{address}.{kind}").status_code == 200
    for nik in (TYPED[0], ADDED_NIKS[3]):
        assert leaks(staff.client.get(f"/peminjam?q={nik}").headers["Location"]) == set()


def _revealed(client: factories.Client, number: int) -> None:
    """The one page that may show one NIK, for a reason."""
    page = client.get(f"/peminjam/{number}").get_data(as_text=True)
    sent = re.search(r'name="request_key"[^>]*value="(\w+)"', page)
    assert sent
    body = {"reason": "Mencocokkan dengan KTP", "request_key": sent[1]}
    answer = client.post(f"/peminjam/{number}/nik", data=body)
    assert len(leaks(answer.get_data(as_text=True))) == 1


def _crash(app: Flask, client: factories.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault whose words contain what was typed."""

    def fault(session: Session, text: str, most: int) -> None:
        raise RuntimeError(f"no such text: {text}")

    with monkeypatch.context() as patch:
        patch.setattr(home_routes, "find_borrowers", fault)
        patch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)
        answer = client.post("/cari", data={"q": TYPED[0]})
    assert answer.status_code == 500
    assert leaks(answer.get_data(as_text=True)) == set()


def _stored(url: str) -> str:
    """Everything that the database holds: the bytes of the file, or a dump of every table."""
    if url.startswith("sqlite"):
        file = Path(url.removeprefix("sqlite:///"))
        whole = b"".join(path.read_bytes() for path in file.parent.glob(f"{file.name}*"))
        return whole.decode("latin-1")
    parts = []
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        tables = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
        ).fetchall()
        for (table,) in tables:
            with connection.cursor().copy(f'COPY "{table}" TO STDOUT') as copy:  # type: ignore[arg-type]
                parts += [bytes(row).decode("utf-8") for row in copy]
    return "".join(parts)


ALONE = re.compile(r"(?<!\d)\d{4}(?!\d)")  # somewhere in what a row says
WHOLE = re.compile(r"^\**(\d{4})$")  # all that it says


def readable_tails(app: Flask) -> set[str]:
    """Table and column of every readable text that completes a NIK for who knows its first twelve
    figures, as sex, birth date and kelurahan tell them: in a row of that person, the last four
    wherever they stand by themselves; in any other row, and where something sealed should stand,
    as all that is said."""
    found = set()
    with app.app_context(), writing():
        session = db.session()
        people = session.execute(select(Borrower.id, Borrower.nik))
        own = {one: unseal(nik, place_of(NIK_PLACE, one))[-4:] for one, nik in people}
        for table in Base.metadata.tables.values():
            whose = "id" if table.name == "borrowers" else "borrower_id"
            texts = [one for one in table.columns if isinstance(one.type, String | SealedText)]
            columns = [one for one in texts if not one.foreign_keys]  # the code of a place
            if not columns:
                continue
            named = ", ".join(f'"{one.name}"' for one in columns)
            of = f'"{whose}"' if whose in table.c else "NULL"
            for person, *said in session.execute(sql(f'SELECT {of}, {named} FROM "{table.name}"')):
                tails = {own[person]} if person in own else set(own.values())
                for column, value in zip(columns, said, strict=True):
                    anywhere = person in own and isinstance(column.type, String)
                    if tails & set((ALONE if anywhere else WHOLE).findall(value or "")):
                        found.add(f"{table.name}.{column.name}")
        session.rollback()
    return found


@pytest.mark.usefixtures("register")
def test_the_plain_columns_do_not_complete_a_nik(app: Flask, sign_in: SignIn) -> None:
    staff = Watched(sign_in("staff"))
    _at_the_counter(staff)
    _looked_up_and_changed(staff, Watched(sign_in("approver")))
    _a_register(staff, Watched(sign_in("auditor")))
    assert readable_tails(app) == set()
    with app.app_context(), writing():  # they would be found
        put = "business_name = 'Warung ************1004', nik_tail = '1004'"
        one = select(Borrower.id).where(Borrower.nik_index == index_of(ADDED_NIKS[4]))
        known = {"id": db.session.scalar(one)}
        db.session.execute(sql(f"UPDATE borrowers SET {put} WHERE id = :id"), known)
        db.session.commit()
    assert readable_tails(app) == {"borrowers.business_name", "borrowers.nik_tail"}


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
@pytest.mark.usefixtures("register")
def test_no_nik_of_a_thousand_borrowers_stands_readable_anywhere(
    app: Flask,
    sign_in: SignIn,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    logs = io.StringIO()
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG),
        logger_factory=structlog.PrintLoggerFactory(file=logs),
    )
    caplog.set_level(logging.DEBUG)
    staff, approver = Watched(sign_in("staff")), Watched(sign_in("approver"))
    _at_the_counter(staff)
    _looked_up_and_changed(staff, approver)
    _papers(staff, 500)
    _revealed(sign_in("approver"), 500)
    _a_register(staff, Watched(sign_in("auditor")))
    _read(Watched(sign_in("auditor")), staff)
    _crash(app, sign_in("staff"), monkeypatch)
    assert staff.answers > 80
    assert "no such text" in logs.getvalue(), "nothing was logged, so nothing is proven of logs"
    assert leaks(logs.getvalue() + caplog.text) == set()
    stored = _stored(database_url)
    assert "Siti Rahayu 700" in stored
    assert "Joko 45" in stored
    assert leaks(stored) == set()
