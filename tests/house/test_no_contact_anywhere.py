"""People whose NIK, phone and address the test knows, entered through the program's own ways: not
one of these stands readable in the database, its journal, a backup, a log, a crash or an export of
who may not see it; and a sealed value that was copied to another row is refused."""

from __future__ import annotations

import base64
import io
import logging
import re
import sqlite3
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import structlog
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests import factories
from tests.applications.forms import entry as application_entry
from tests.borrowers.test_edit_borrower import opened
from tests.bulk import _borrower
from tests.house.test_no_nik_anywhere import _content, _stored
from tests.siumi.files import JOKO, csv_of
from wibawa.access.personal_data import WrongKey
from wibawa.borrowers.actions import NewBorrower, add_borrowers, nik_of
from wibawa.borrowers.models import Borrower, BorrowerChange
from wibawa.borrowers.queries import borrower_facts, find_borrowers
from wibawa.database import db, writing
from wibawa.home import routes as home_routes
from wibawa.keeping.backups import backup
from wibawa.uploads.actions import content_of
from wibawa.uploads.models import Upload
from wibawa.web.clock import now

SignIn = Callable[[str], factories.Client]


def nik(number: int) -> str:
    return f"337401480485{number:04d}"


def phone(number: int) -> str:
    return f"08957{number:07d}"


def address(number: int) -> str:
    return f"Gang Kenanga {number:05d}"


FORMS = re.compile(r"337401480485\d{4}|08957\d{7}|Gang Kenanga \d{5}")


def leaks(said: str) -> set[str]:
    """What is known to be secret in a text: plain, with signs between, or as hexadecimal."""
    plain = re.sub(r"(?<=\d)[\s.\-](?=\d)", "", said)
    found = {match[0] for place in (said, plain) for match in FORMS.finditer(place)}
    for match in re.finditer(r"(?:[2-7][0-9a-f]){12,}", said):
        found |= leaks(bytes.fromhex(match[0]).decode("ascii", "replace"))
    return found


def test_a_leak_is_found_in_every_form() -> None:
    for secret in (nik(7), phone(8), address(9)):
        assert leaks(f"x {secret} y") == {secret}
        assert leaks(secret.encode().hex()) == {secret}
    assert leaks("0895-7000 0008") == {phone(8)}
    assert leaks("**********08 Disamarkan") == set()


def made(number: int) -> NewBorrower:
    known = replace(_borrower(number), nik=nik(number))
    return replace(known, phone=phone(number), address=address(number))


def _by_hand(staff: factories.Client, first: int) -> None:
    """An application, one that is left unfinished, one with a mistake, and changed contacts."""
    person = {"phone": phone(first), "address": address(first)}
    for number, more in enumerate(({}, {"simpan": "1"}, {"amount": "1.5"})):
        name = {"name": f"Siti Tangan {number}", "nik": nik(first + number)}
        staff.post("/permohonan/baru?jenis=mikro", data=application_entry(**person, **name | more))
    facts = {"name": "Siti Berubah", "sex": "P", "birth_date": "08/04/1985", "nik": "",
             "business_name": "Warung", "sector": "Kuliner", "business_started_on": "01/01/2018",
             "kelurahan_code": "33.74.01.1001", "nib": ""}  # fmt: skip
    for number in (first + 3, first + 4):  # the second time, the history holds the first
        sent = opened(staff, "/peminjam/1/ubah") | facts
        sent |= {"phone": phone(number), "address": address(number)}
        assert staff.post("/peminjam/1/ubah", data=sent).status_code == 302


def _by_file(staff: factories.Client, first: int) -> None:
    """A file of SI-UMI that brings people, changes one, and has rows with problems."""
    rows = [
        JOKO
        | {"NIK": nik(number), "NAMA": f"Joko {number - first}"}
        | {"NO HP": phone(number), "ALAMAT": address(number)}
        for number in range(first, first + 4)
    ]
    rows.append(rows[0] | {"NIK": nik(2), "NO HP": phone(first + 5), "ALAMAT": address(first + 5)})
    rows.append(rows[1] | {"NIK": nik(first + 6), "KELURAHAN": "Tidak Ada"})
    rows.append(rows[2] | {"NIK": nik(first + 7), "NO HP": f"{phone(first + 7)} / {phone(3)}"})
    for content in (csv_of(*rows), csv_of(*rows[:5])):
        file = {"file": (io.BytesIO(content), f"siumi {phone(first)}.csv")}
        answer = staff.post("/peminjam/impor/baru", data=file)
        here = answer.headers["Location"].split("?")[0]
        plan = re.search(r'name="shown" value="(\w+)"', staff.get(here).get_data(as_text=True))
        if plan:
            staff.post(f"{here}/terapkan", data={"shown": plan[1]})


def _crash(app: Flask, client: factories.Client, monkeypatch: pytest.MonkeyPatch) -> str:
    def fault(session: Session, typed: str, most: int) -> None:
        raise RuntimeError(f"no such text: {typed}")

    said = ""
    with monkeypatch.context() as patch:
        patch.setattr(home_routes, "find_borrowers", fault)
        patch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)
        for typed in (nik(1), phone(1)):
            answer = client.post("/cari", data={"q": typed})
            assert answer.status_code == 500
            said += answer.get_data(as_text=True)
    return said


def _own_backup(app: Flask, folder: Path) -> str:
    """What stands in a backup by the program: the bytes of its file, and all its parts unpacked."""
    path = folder / "cadangan.zip"
    with app.app_context():
        backup(db.engine, path)
        db.session.remove()
    with zipfile.ZipFile(path) as parts:
        said = [parts.read(name).decode("latin-1") for name in parts.namelist()]
    return "\n".join((path.read_bytes().decode("latin-1"), *said))


def _backup(url: str, folder: Path) -> str:
    """The bytes of a copy by SQLite's own way; what PostgreSQL dumps are the rows."""
    if not url.startswith("sqlite"):
        return ""
    copy = folder / "copy.sqlite3"
    with sqlite3.connect(url.removeprefix("sqlite:///")) as one, sqlite3.connect(copy) as other:
        one.backup(other)
    return copy.read_bytes().decode("latin-1")


def _seen_by_others(sign_in: SignIn) -> str:
    """Lists and exports of who may not see contacts."""
    said = ""
    for who, pages in {
        "auditor": ("/peminjam?per_hal=200", "/peminjam/1", "/peminjam/2", "/peminjam/ekspor.xlsx",
                    "/peminjam/ekspor.csv", "/permohonan", "/pinjaman/ekspor.xlsx",
                    "/jejak?per_hal=200", "/peminjam/impor/1?tampil=masalah",
                    "/peminjam/impor/1?tampil=baru", "/peminjam/impor/2?tampil=berubah",
                    "/peminjam/impor/2/berubah.xlsx"),
        "leader": ("/dasbor", "/pinjaman?per_hal=200", "/pinjaman/ekspor.csv", "/laporan"),
    }.items():  # fmt: skip
        client = sign_in(who)
        for page in pages:
            answer = client.get(page)
            assert answer.status_code == 200, page
            told = _content(answer.data)
            assert leaks(told) == set(), page
            said += told
    return said


@pytest.mark.parametrize(
    "people_known", [60, pytest.param(1_000, marks=pytest.mark.soak)], ids=["few", "thousand"]
)
def test_no_nik_phone_or_address_stands_readable_anywhere(
    app: Flask,
    people: dict[str, int],
    sign_in: SignIn,
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    people_known: int,
) -> None:
    logs = io.StringIO()
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG),
        logger_factory=structlog.PrintLoggerFactory(file=logs),
    )
    caplog.set_level(logging.DEBUG)
    wanted = [made(number) for number in range(1, people_known + 1)]
    factories.saved(app, lambda s: add_borrowers(s, wanted, people["staff"], now()))
    staff = sign_in("staff")
    _by_hand(staff, people_known + 10)
    _by_file(staff, people_known + 20)
    assert leaks(_content(staff.get("/peminjam/ekspor.csv").data)) != set(), "nobody sees anything"
    crashed = _crash(app, staff, monkeypatch)
    told = _seen_by_others(sign_in)
    assert "Disamarkan" in told
    assert "Joko 3" in told
    kept = _own_backup(app, tmp_path)
    assert "Siti Tangan 0" in kept, "nobody is in the backup, so nothing is proven of it"
    for where in (_stored(database_url), _backup(database_url, tmp_path), kept):
        assert leaks(where) == set()
    assert "no such text" in logs.getvalue(), "nothing was logged, so nothing is proven of logs"
    assert leaks(logs.getvalue() + caplog.text + crashed) == set()


def test_a_sealed_phone_is_found_by_its_exact_number_however_written(
    app: Flask, people: dict[str, int]
) -> None:
    wanted = [*(made(number) for number in range(1, 4)), replace(made(4), phone="")]
    factories.saved(app, lambda s: add_borrowers(s, wanted, people["staff"], now()))
    with app.app_context():
        for typed in (phone(2), "0895-7000-0002", "+62 895 7000 0002"):
            assert [line.id for line in find_borrowers(db.session(), typed)] == [2]
        for typed in ("0895700000", "-", "+62"):
            assert find_borrowers(db.session(), typed) == []
        facts = borrower_facts(db.session(), 2)
        assert facts is not None
        assert (facts.phone, facts.address, facts.nik) == (phone(2), address(2), nik(2))


def _swap(table: str, column: str) -> None:
    """Exchange a value of rows 1 and 2, as somebody could who writes into the file itself."""
    with db.engine.begin() as opened:
        if opened.dialect.name == "postgresql":
            opened.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        else:
            found = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :table"
            for name in opened.scalars(text(found), {"table": table}).all():
                opened.execute(text(f"DROP TRIGGER {name}"))
        read = text(f'SELECT "{column}" FROM {table} WHERE id IN (1, 2) ORDER BY id')
        one, two = opened.scalars(read).all()
        assert one != two
        put = text(f'UPDATE {table} SET "{column}" = :value WHERE id = :id')
        opened.execute(put, [{"id": 1, "value": two}, {"id": 2, "value": one}])


def _read(column: str) -> object:
    session = db.session()
    session.expire_all()
    one = session.get(Borrower, 1)
    assert one is not None
    if column == "nik":
        return nik_of(one)
    if column == "after":
        change = session.get(BorrowerChange, 1)
        return change and change.after
    if column == "content":
        upload = session.get(Upload, 1)
        assert upload is not None
        return content_of(upload)
    return getattr(one, column)


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("borrowers", "nik"),
        ("borrowers", "phone"),
        ("borrowers", "address"),
        ("borrower_changes", "after"),
        ("uploads", "content"),
    ],
)
def test_a_value_copied_from_another_row_is_refused(
    app: Flask, people: dict[str, int], sign_in: SignIn, table: str, column: str
) -> None:
    wanted = [made(number) for number in range(1, 4)]
    factories.saved(app, lambda s: add_borrowers(s, wanted, people["staff"], now()))
    staff = sign_in("staff")
    if table != "borrowers":
        _by_hand(staff, 10)
        _by_file(staff, 20)
    with app.app_context(), writing():
        assert _read(column)
        db.session.rollback()
        _swap(table, column)
        with pytest.raises(WrongKey):
            _read(column)
        db.session.rollback()


def test_a_plain_value_put_into_a_sealed_column_is_refused(
    app: Flask, people: dict[str, int]
) -> None:
    factories.saved(app, lambda s: add_borrowers(s, [made(1)], people["staff"], now()))
    for value in ("081200001111", base64.b64encode(b"x" * 40).decode()):
        with app.app_context(), writing():
            with db.engine.begin() as opened:
                opened.execute(text("UPDATE borrowers SET phone = :value"), {"value": value})
            with pytest.raises(WrongKey):
                _read("phone")
            db.session.rollback()
