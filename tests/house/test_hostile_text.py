"""Every text that the database holds is turned hostile, then every page and every file is opened.

The texts get in behind the program's back, so that no check at a form's door can hide a page that
trusts them. A column is spared only when its words are the program's own: see `CODES`.
"""

from __future__ import annotations

import base64
import csv
import io
import json
import re
import sqlite3
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from itertools import cycle, product
from pathlib import Path
from threading import Event
from typing import Any

import openpyxl
import pytest
import time_machine
from flask import Flask, send_file
from playwright.sync_api import Browser
from sqlalchemy import Column, String, func, select
from sqlalchemy.orm import Session
from werkzeug.routing import AnyConverter, Rule
from werkzeug.test import TestResponse

from tests import factories
from tests.conftest import TODAY, dispose, make_app, people_in
from tests.house import test_access
from tests.house.reach import reaches
from tests.house.test_access import BANKS, BLANK, TRIES, Office, _address, allowed
from tests.jobs.kinds import know
from tests.journeys.conftest import browser, run_server, stop_server, watch
from wibawa.access.permissions import Role
from wibawa.access.personal_data import DataKey, data_key
from wibawa.access.sealed import Placed, SealedText, place_of
from wibawa.applications.moves import Author as Mover
from wibawa.applications.queries import case
from wibawa.banks.models import Bank
from wibawa.borrowers.models import Borrower, BorrowerChange
from wibawa.database import Base, db, writing
from wibawa.jobs import runner
from wibawa.printing import routes as printing_routes
from wibawa.proposals.actions import send as send_proposal
from wibawa.rules.statuses import State
from wibawa.siumi.models import RegisterChange, RegisterLine
from wibawa.uploads.exports import XLSX
from wibawa.uploads.models import Upload, UploadProblem
from wibawa.web.clock import now

office = test_access.office
__all__ = ["browser", "office"]

MARK = "<b data-hostile>"
# What a spreadsheet takes for a formula, each way that shared rules of files name.
STARTS = ("=1+1", "+1+1", "-1+1", "@SUM(1)", "\t=1+1", "\r=1+1")
# How a cell of a CSV may not begin, unless it is a number.
FORMULA = ("=", "+", "-", "@", "\t", "\r")
NUMBER = re.compile(r"-\d+(,\d+)?")
# As a tag that runs, as an end of an attribute of either kind.
HOSTILE = f"{MARK}</b><img src=x onerror=alert(1)><script>alert(2)</script>\"' onfocus=alert(3)"
# Words that the program itself writes and understands: codes, states, hashes, numbers with a form.
CODES = {
    "action", "bank_kind", "borrower_kind", "cause", "code", "columns", "counted", "cut_off_rule",
    "data_hash", "date_order", "decimal_mark", "denominator", "field", "form", "formats",
    "from_state", "hash", "health", "ignored", "kelurahan_code", "kind", "kinds", "media_type",
    "method", "name_key", "nik_tail", "number", "object_kind", "outcome", "paper", "password_hash",
    "previous_hash", "content_hash", "chain_hash", "result_type", "role", "row_key", "rows_hash",
    "rule", "sex", "profile", "second_factor_roles", "sha256", "shown", "state", "status", "ticket",
    "to_state", "unit", "belongs_to", "needed", "holiday_rule", "chosen",
}  # fmt: skip
# Of these the words are the program's own in this table only.
CODES_OF = {
    ("indicator_inputs", "name"), ("idempotency_keys", "answer"), ("suspense_entries", "reason"),
}  # fmt: skip
# JSON or nothing at all: what is empty stays so.
JSON_OF = {("loan_requests", "result")}
# Names of files, which are kept without anything that breaks a line: a header may hold none.
NAMES = {"filename", "result_name"}

# Columns of which the office holds no row, or none with words: whoever fills one strikes it here.
EMPTY = {
    "failed_sign_ins.address", "terms_confirmations.legal_basis", "bank_quotas.source",
    "direct_permits.reason", "holidays.name", "document_withdrawals.reason",
    "paper_withdrawals.reason", "contact_strikes.reason", "locked_members.sector",
    "proposal_returns.reason", "reconciliation_notes.text", "note_strikes.reason", "jobs.worker",
    "worker_beats.program", "backups.machine", "backups.file", "backups.revision",
    "pseudonymisations.reason", "pseudonymisations.decision_reason", "incident_steps.text",
    "loan_requests.result",
}  # fmt: skip
# What the filled office leaves out, though a bank or a clerk may write it.
MISSING = (
    "UPDATE ledger_entries SET bank_reference = 'REF ' || hex(randomblob(4))",
    "UPDATE suspense_entries SET bank_reference = 'REF ' || hex(randomblob(4))",
    "UPDATE borrowers SET cooperative_number = '518/BH/' || id",
    "UPDATE uploads SET content = hostile_file(content)",
)


class Spoiler:
    """Puts hostile words before a text: one after the other with each start."""

    def __init__(self, key: DataKey) -> None:
        self.key = key
        self.starts = cycle(STARTS)

    def hostile(self, value: str) -> str:
        """Of JSON, every text that has a blank."""
        try:
            found = json.loads(value)
        except ValueError:
            return self._before(value)
        return (
            json.dumps(self._deep(found)) if isinstance(found, dict | list) else self._before(value)
        )

    def sealed(self, value: str, column: str, *keys: object) -> str:
        """The same of a text that is sealed for its row."""
        place = place_of(column, *keys)
        plain = self.key.unseal(base64.b64decode(value), place).decode() if value else ""
        return base64.b64encode(self.key.seal(self.hostile(plain).encode(), place)).decode()

    def file(self, content: bytes) -> bytes:
        """Of a file that a bank sent, also rows in which every cell begins as a formula does."""
        if b"\n" not in content:
            return content
        head, row, *_ = content.decode().splitlines()
        rows = (";".join(f"{start}{cell}" for cell in row.split(";")) for start in STARTS[:4])
        return "\r\n".join((head, row, *rows, "")).encode()

    def _before(self, value: str) -> str:
        return next(self.starts) + HOSTILE + value

    def _deep(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._deep(each) for key, each in value.items()}
        if isinstance(value, list):
            return [self._deep(each) for each in value]
        return self._before(value) if isinstance(value, str) and " " in value else value


def texts() -> Iterator[Column[Any]]:
    """Every column of text whose words are a person's or another program's."""
    for table in Base.metadata.tables.values():
        for column in table.columns:
            free = isinstance(column.type, String | SealedText) and not column.foreign_keys
            spared = column.primary_key or column.name in CODES
            if free and not spared and (table.name, column.name) not in CODES_OF:
                yield column


def spoil(path: Path, key: DataKey) -> Counter[str]:
    """Turn every text of a database hostile; how many there were of each column. The triggers,
    which would refuse it, are away meanwhile."""
    counts: Counter[str] = Counter()
    spoiler = Spoiler(key)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.create_function("hostile", 1, spoiler.hostile)
        connection.create_function("hostile_name", 1, lambda value: f"{STARTS[0]}{HOSTILE}{value}")
        connection.create_function("hostile_sealed", -1, spoiler.sealed)
        connection.create_function("hostile_file", 1, spoiler.file)
        connection.execute("PRAGMA ignore_check_constraints = ON")
        found = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        triggers = dict(found.fetchall())
        for name in triggers:
            connection.execute(f'DROP TRIGGER "{name}"')
        for statement in MISSING:
            connection.execute(statement)
        for column in texts():
            name = column.name
            made = f'{"hostile_name" if name in NAMES else "hostile"}("{name}")'
            if isinstance(column.type, SealedText):
                keys = ", ".join(f'"{key}"' for key in column.type.keys)
                made = f"hostile_sealed(\"{name}\", '{column.type.column}', {keys})"
            left = "('[]', '')" if (column.table.name, name) in JSON_OF else "('[]')"
            counts[str(column)] = connection.execute(
                f'UPDATE "{column.table.name}" SET "{name}" = {made} '
                f'WHERE "{name}" IS NOT NULL AND "{name}" NOT IN {left}'
            ).rowcount
        for sql in triggers.values():
            connection.execute(sql)
    return counts


def add_rows(app: Flask, values: dict[int, dict[str, Any]]) -> None:
    """What the filled office has none of: a borrower's history, what the checks of files found, an
    application that waits for its money, a hostile name in a letter and in the files that banks
    sent, so that nothing sealed is empty and no table either."""
    with app.app_context(), writing():
        session = db.session()
        people = people_in(session)
        last = session.scalar(select(func.max(BorrowerChange.id))) or 0
        borrower_id = values[factories.PASAR]["borrower_id"]
        by = values[factories.PASAR]["user_id"]
        for number, field in enumerate(("name", "business_name", "address", "phone"), last + 1):
            before, after = (Placed(text, number) for text in ("yang lama", "yang baru"))
            change = BorrowerChange(id=number, borrower_id=borrower_id, at=now(), user_id=by,
                                    field=field, before=before, after=after)  # fmt: skip
            session.add(change)
        for bank_id, here in values.items():
            _add_lines_of_the_register(session, here)
            for name in ("upload_id", "register_id", "decisions.upload_id",
                         "disbursements.upload_id"):  # fmt: skip
                _add_problems(session, here[name])
            factories.application(session, people, to=State.APPROVED, bank_id=bank_id,
                                  number=20 + bank_id)  # fmt: skip
            here["proposal_id"] = _hostile_proposal(session, people, bank_id)
        session.commit()


def _add_lines_of_the_register(session: Session, here: dict[str, Any]) -> None:
    register = here["register_id"]
    line = RegisterLine(upload_id=register, row_number=2, outcome="changed", confirmed=False,
                        borrower_id=here["borrower_id"], name="Siti Aminah",
                        name_key="siti aminah", nik_tail=Placed("0999", register, 2),
                        business_name="Warung Siti", sector="Kuliner",
                        kelurahan_code=session.scalars(
                            select(Borrower.kelurahan_code)).first(),
                        phone=Placed("081234567890", register, 2))  # fmt: skip
    new = RegisterLine(upload_id=register, row_number=3, outcome="new", confirmed=False,
                       name="Joko Baru", name_key="joko baru",
                       nik_tail=Placed("0998", register, 3), business_name="Warung Joko",
                       sector="Kuliner", kelurahan_code=line.kelurahan_code,
                       phone=Placed("081234567891", register, 3))  # fmt: skip
    session.add_all((line, new))
    session.flush()
    for field in ("name", "business_name", "address", "phone"):
        key = (register, 2, field)
        session.add(RegisterChange(upload_id=register, row_number=2, field=field,
                                   before=Placed("yang lama", *key),
                                   after=Placed("yang baru", *key)))  # fmt: skip


def _add_problems(session: Session, upload_id: int) -> None:
    """Problems of a file."""
    for number, blocking in ((1, True), (2, False)):
        key = (upload_id, number)
        problem = UploadProblem(upload_id=upload_id, number=number, row=2, column="Nama",
                                code="name_missing", found=Placed("Siti", *key),
                                message=Placed("Nama ini lain.", *key), blocking=blocking,
                                cells=Placed('["Siti Aminah", "1"]', *key))  # fmt: skip
        session.add(problem)
    upload = session.get_one(Upload, upload_id)
    upload.headings = '["No Rekening", "Nama Peminjam"]'
    upload.first_rows = Placed('[{"name": "Siti Aminah"}]', upload_id)


def _hostile_proposal(session: Session, people: dict[str, int], bank_id: int) -> int:
    """A batch whose letter, which is sealed as a whole, names somebody as a formula."""
    made = factories.application(session, people, to=State.RECOMMENDED, bank_id=bank_id,
                                 number=30 + bank_id, name=f"{STARTS[0]} Siti")  # fmt: skip
    found = case(session, made)
    assert found is not None
    clerk = Mover(people["staff"], Role.OFFICE_STAFF, now())
    bank = session.get_one(Bank, bank_id)
    return send_proposal(session, bank, {made: found.facts.version}, clerk)


@pytest.fixture(scope="module")
def spoilt(office: Office, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """The filled office with hostile texts."""
    folder = tmp_path_factory.mktemp("hostile")
    filled, live = folder / "filled.sqlite3", folder / "live.sqlite3"
    filled.write_bytes(office.filled.read_bytes())
    with time_machine.travel(TODAY, tick=False):
        maker = make_app(f"sqlite:///{filled}")
        values = {bank: dict(here) for bank, here in office.values.items()}
        add_rows(maker, values)
        dispose(maker)
        counts = spoil(filled, data_key(office.app.config["DATA_KEY"]))
        assert counts.total() > 500
        empty = {name for name, count in counts.items() if not count}
        assert empty == EMPTY, "a text of which nothing was turned hostile"
        app = know(make_app(f"sqlite:///{live}"))
        made = replace(office, app=app, filled=filled, live=live, values=values)
        made.again()
        yield made
        dispose(app)


def _views() -> dict[str, Any]:
    app = make_app("sqlite://")
    found = dict(app.view_functions)
    dispose(app)
    return found


VIEWS = _views()
READ = [param for param in TRIES if param.values[1] == "GET"]


def readers(rule: Rule, bank_id: int | None = factories.PASAR) -> list[str]:
    """The people who may open a page; of the officers of banks, that of this one or of both."""
    roles = allowed(test_access.PAGES[rule.endpoint])
    return [name for name in test_access.TRYING
            if factories.PEOPLE[name][0] in roles
            and (bank_id is None or BANKS.get(name, bank_id) == bank_id)]  # fmt: skip


def gives_files(rule: Rule) -> bool:
    """Whether a page's function comes to a file to take away."""
    return reaches(VIEWS[rule.endpoint], frozenset({send_file}))


def gives_tables(rule: Rule) -> bool:
    """Whether such a file may be one that a spreadsheet opens; what a bank sent is given back as
    it came."""
    named = rule.rule.endswith(".xlsx") or re.search(r"any\([^)]*(?:xlsx|csv)", rule.rule)
    return gives_files(rule) and bool(named)


def choices_of(rule: Rule) -> Iterator[dict[str, str]]:
    """Each way to fill in what the address itself offers: every report, workbook and CSV."""
    offered = {
        name: re.findall(r"[\w-]+", converter.regex.replace("\\-", "-").removeprefix("(?:"))
        for name, converter in rule._converters.items()
        if isinstance(converter, AnyConverter)
    }
    for chosen in product(*offered.values()):
        made = dict(zip(offered, chosen, strict=True))
        if made.get("kind") not in ("pdf", "json"):
            yield made


def cells_of(content: bytes) -> Iterator[tuple[str, str]]:
    """Kind and text of every cell of a workbook."""
    for sheet in openpyxl.load_workbook(io.BytesIO(content)).worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                yield cell.data_type, str(cell.value or "")


def inspect_file(content: bytes) -> set[tuple[str, str]]:
    """Fail when a spreadsheet would take a cell for a formula; which starts of one were in it, as
    texts of what kind of file."""
    if content.startswith(b"%PDF"):
        return set()
    if content.startswith(b"PK"):
        bundle = zipfile.ZipFile(io.BytesIO(content))
        if "xl/workbook.xml" not in bundle.namelist():
            return {seen for name in bundle.namelist() for seen in inspect_file(bundle.read(name))}
        cells = list(cells_of(content))
        assert not [text for kind, text in cells if kind == "f"]
        texts = [text.replace("_x000D_", "\r") for _, text in cells]  # as a workbook writes it
        return {("xlsx", start) for start in STARTS for text in texts if text.startswith(start)}
    rows = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=";")
    texts = [text for row in rows for text in row]
    assert not [text for text in texts if text.startswith(FORMULA) and not NUMBER.fullmatch(text)]
    return {("csv", start) for text in texts for start in STARTS if text.startswith("'" + start)}


def test_a_file_in_which_a_formula_stands_is_told_also_inside_another_one() -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(["=1+1"])
    out, bundle = io.BytesIO(), io.BytesIO()
    book.save(out)
    with zipfile.ZipFile(bundle, "w") as inner:
        inner.writestr("a.xlsx", out.getvalue())
    for content in (out.getvalue(), bundle.getvalue(), b"Nama;Nilai\r\n=1+1;-5\r\n"):
        with pytest.raises(AssertionError):
            inspect_file(content)
    assert inspect_file(b"Nama;Nilai\r\n'=1+1;-5\r\n") == {("csv", "=1+1")}


def test_no_page_takes_a_text_for_markup(spoilt: Office) -> None:
    pages = told = 0
    for rule, _ in (param.values for param in READ):
        if gives_tables(rule):
            continue
        spoilt.again()
        for name in readers(rule):
            address = _address(spoilt, rule, factories.PASAR, name)
            answer = spoilt.client(name).get(address)
            content = answer.get_data()
            assert answer.status_code < 500, f"{name} at {address}"
            if answer.mimetype == "text/html" and answer.status_code == 200:
                text = content.decode()
                assert MARK not in text, f"{name} at {address}"
                assert "\"' onfocus" not in text, f"{name} at {address}"
                assert not re.search(r"""(?:href|src|action)=["']?\s*javascript:""", text, re.I)
                told += "&lt;b data-hostile" in text
                pages += 1
    assert (pages > 300, told > 100) == (True, True), (pages, told)


# Tables in which no word is anybody's: figures, and what the program says itself.
FIGURES = {each for each in BLANK if each.endswith(".template_file")} | {
    "indicators.export_funnel", "indicators.export_growth", "indicators.export_variants",
    "privacy.export_processing",
}  # fmt: skip
# Of which the office holds no row: nobody's data is old enough, no locked figure has moved, no
# payment is planned; a locked year is sealed as a whole and holds the first definitions.
BARE = {"indicators.export_moved", "privacy.export_retention", "indicators.export_lock"}
BARE |= {f"repayments.export_allocation {bank_id}" for bank_id in BANKS.values()}
# The year that is looked at where nothing is locked: that of the office's loans.
RUNNING = {"indicators.export_members": 2026, "indicators.export_funnel": 2026}


def tables_at(office: Office, rule: Rule, bank_id: int) -> Iterator[tuple[str, TestResponse]]:
    """Every table that an address gives, to everybody who may have it at a bank."""
    year = {"year": RUNNING[rule.endpoint]} if rule.endpoint in RUNNING else {}
    for name in readers(rule, bank_id if test_access._is_owned(rule) else None):
        for chosen in choices_of(rule):
            address = _address(office, rule, bank_id, name, **chosen | year)
            yield address, office.client(name).get(address)


def test_no_table_takes_a_text_for_a_formula_at_either_bank(spoilt: Office) -> None:
    begun: dict[str, set[tuple[str, str]]] = {}
    for rule, _ in (param.values for param in READ):
        if not gives_tables(rule):
            continue
        spoilt.again()
        owned = test_access._is_owned(rule)
        for bank_id in BANKS.values() if owned else (factories.PASAR,):
            key = f"{rule.endpoint} {bank_id}" if owned else rule.endpoint
            begun[key] = set()
            for address, answer in tables_at(spoilt, rule, bank_id):
                assert answer.status_code == 200, address
                assert answer.mimetype in ("text/csv", XLSX), address
                begun[key] |= inspect_file(answer.get_data())
    assert {key for key, seen in begun.items() if not seen} == FIGURES | BARE
    assert {each for seen in begun.values() for each in seen} == {
        (kind, start) for kind in ("csv", "xlsx") for start in STARTS
    }


# What a page that is sent something, and answers with a file, is sent.
SENT = {
    "printing.batch_download": [{"bentuk": "zip"}, {"bentuk": "pdf"}],
    "privacy.subject": [{"kind": kind, "reason": "=1+1, surat nomor 12"}
                        for kind in ("xlsx", "pdf")],
}  # fmt: skip


def test_no_file_that_is_asked_for_with_a_form_takes_a_text_for_a_formula(spoilt: Office) -> None:
    asked = {rule.endpoint: rule for rule, method in (param.values for param in TRIES)
             if method == "POST" and gives_files(rule)}  # fmt: skip
    assert asked.keys() == SENT.keys()
    spoilt.again()
    begun: set[tuple[str, str]] = set()
    for endpoint, rule in asked.items():
        for bank_id in BANKS.values():
            for name, body in product(readers(rule, bank_id), SENT[endpoint]):
                address = _address(spoilt, rule, bank_id, name)
                answer = spoilt.client(name).post(address, data=body)
                assert answer.mimetype in (XLSX, "application/zip", "application/pdf"), address
                begun |= inspect_file(answer.get_data())
    assert {start for _, start in begun} >= {"=1+1", "\t=1+1"}


def test_no_file_that_a_job_makes_takes_a_text_for_a_formula(
    spoilt: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the program's own kinds of jobs one gives a file: bundles of papers, without a table."""
    monkeypatch.setattr(printing_routes, "AT_ONCE", 0)
    spoilt.again()
    for name, shape in product(("staff", "pasar", "jateng"), ("zip", "pdf")):
        client = spoilt.client(name)
        sent = client.post("/pinjaman/jadwal/unduh", data={"bentuk": shape, "request_key": "k" * 16
                                                           + shape + name})  # fmt: skip
        assert sent.status_code == 302
        runner.work(spoilt.app, Event(), until_idle=True)
        made = client.get(f"{sent.headers['Location'].split('?')[0]}/hasil")
        assert made.mimetype == f"application/{shape}", (name, shape)
        content = made.get_data()
        inspect_file(content)
        if shape == "zip":
            names = zipfile.ZipFile(io.BytesIO(content)).namelist()
            assert names
            assert all(each.startswith("jadwal-") for each in names), names


@pytest.mark.soak
def test_no_hostile_text_runs_in_a_browser(spoilt: Office, browser: Browser) -> None:
    """Every page of every person: no dialog, nothing refused by the policy, no element of ours."""
    spoilt.again()
    server, thread, url = run_server(spoilt.app)
    wrong: list[str] = []
    visits = 0
    for name in test_access.TRYING:
        kept = spoilt.client(name).get_cookie("wibawa")
        assert kept is not None
        context = browser.new_context(base_url=url)
        context.add_cookies([{"name": "wibawa", "value": kept.value, "url": url}])
        page = context.new_page()
        watch(page, wrong, url)
        page.on("dialog", lambda dialog: (wrong.append(f"dialog: {dialog.message}"),
                                          dialog.dismiss()))  # fmt: skip
        for rule, _ in (param.values for param in READ):
            address = _address(spoilt, rule, factories.PASAR, name)
            if name not in readers(rule) or "html" not in _type(spoilt, name, address):
                continue
            page.goto(address)
            assert page.locator("[data-hostile]").count() == 0, address
            visits += 1
        context.close()
    stop_server(server, thread, spoilt.app)
    assert wrong == []
    assert visits > 300


def _type(office: Office, name: str, address: str) -> str:
    return str(office.client(name).get(address).mimetype)
