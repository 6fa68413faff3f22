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
from itertools import cycle
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import time_machine
from flask import Flask
from playwright.sync_api import Browser
from sqlalchemy import Column, String, func, select
from werkzeug.routing import Rule

from tests.conftest import TODAY, dispose, make_app
from tests.house import test_access
from tests.house.test_access import TRIES, Office, _address, allowed
from tests.jobs.kinds import know
from tests.journeys.conftest import browser, run_server, stop_server, watch
from wibawa.access.personal_data import DataKey, data_key
from wibawa.access.sealed import Placed, SealedText, place_of
from wibawa.borrowers.models import Borrower, BorrowerChange
from wibawa.database import Base, db, writing
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
    "direct_permits.reason", "holidays.name", "document_withdrawals.reason", "bank_decisions.note",
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


def add_rows(app: Flask, values: dict[str, Any]) -> None:
    """What the filled office has none of: a borrower's history, and what the checks of files found,
    so that no sealed column is empty."""
    with app.app_context(), writing():
        session = db.session()
        last = session.scalar(select(func.max(BorrowerChange.id))) or 0
        for number, field in enumerate(("name", "business_name", "address", "phone"), last + 1):
            before, after = (Placed(text, number) for text in ("yang lama", "yang baru"))
            change = BorrowerChange(id=number, borrower_id=values["borrower_id"], at=now(),
                                    user_id=values["user_id"], field=field, before=before,
                                    after=after)  # fmt: skip
            session.add(change)
        register = values["register_id"]
        line = RegisterLine(upload_id=register, row_number=2, outcome="changed", confirmed=False,
                            borrower_id=values["borrower_id"], name="Siti Aminah",
                            name_key="siti aminah", nik_tail=Placed("0999", register, 2),
                            business_name="Warung Siti", sector="Kuliner",
                            kelurahan_code=session.scalars(
                                select(Borrower.kelurahan_code)).first(),
                            phone=Placed("081234567890", register, 2))  # fmt: skip
        session.add(line)
        session.flush()
        for field in ("name", "business_name", "address", "phone"):
            key = (register, 2, field)
            session.add(RegisterChange(upload_id=register, row_number=2, field=field,
                                       before=Placed("yang lama", *key),
                                       after=Placed("yang baru", *key)))  # fmt: skip
        uploads = ("upload_id", "register_id", "decisions.upload_id", "disbursements.upload_id")
        for upload_id in (values[name] for name in uploads):
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
        session.commit()


@pytest.fixture(scope="module")
def spoilt(office: Office, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """The filled office with hostile texts."""
    folder = tmp_path_factory.mktemp("hostile")
    filled, live = folder / "filled.sqlite3", folder / "live.sqlite3"
    filled.write_bytes(office.filled.read_bytes())
    with time_machine.travel(TODAY, tick=False):
        maker = make_app(f"sqlite:///{filled}")
        add_rows(maker, office.values[test_access.factories.PASAR])
        dispose(maker)
        counts = spoil(filled, data_key(office.app.config["DATA_KEY"]))
        assert counts.total() > 500
        empty = {name for name, count in counts.items() if not count}
        assert empty == EMPTY, "a text of which nothing was turned hostile"
        app = know(make_app(f"sqlite:///{live}"))
        made = replace(office, app=app, filled=filled, live=live)
        made.again()
        yield made
        dispose(app)


READ = [param for param in TRIES if param.values[1] == "GET"]


def readers(rule: Rule) -> list[str]:
    """The people who may open a page, one of each kind of bank."""
    permission = test_access.PAGES[rule.endpoint]
    roles = allowed(permission)
    return [name for name in test_access.TRYING
            if test_access.factories.PEOPLE[name][0] in roles and name != "jateng"]  # fmt: skip


def is_export(rule: Rule) -> bool:
    """Whether a page gives a list as a workbook, which the tries ask for, or as CSV."""
    return any("csv" in converter.regex for converter in rule._converters.values())


def cells_of(content: bytes) -> Iterator[tuple[str, str]]:
    """Kind and text of every cell of a workbook."""
    for sheet in openpyxl.load_workbook(io.BytesIO(content)).worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                yield cell.data_type, str(cell.value or "")


def inspect_file(content: bytes) -> set[tuple[str, str]]:
    """Fail when a spreadsheet would take a cell for a formula; which starts of one were in it, as
    texts of what kind of file."""
    if content.startswith(b"PK"):
        if "xl/workbook.xml" not in zipfile.ZipFile(io.BytesIO(content)).namelist():
            return set()
        cells = list(cells_of(content))
        assert not [text for kind, text in cells if kind == "f"]
        texts = [text.replace("_x000D_", "\r") for _, text in cells]  # as a workbook writes it
        return {("xlsx", start) for start in STARTS for text in texts if text.startswith(start)}
    rows = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=";")
    texts = [text for row in rows for text in row]
    assert not [text for text in texts if text.startswith(FORMULA) and not NUMBER.fullmatch(text)]
    return {("csv", start) for text in texts for start in STARTS if text.startswith("'" + start)}


def test_no_page_takes_a_text_for_markup_and_no_file_takes_one_for_a_formula(
    spoilt: Office,
) -> None:
    pages = files = told = 0
    begun: set[tuple[str, str]] = set()
    for rule, _ in (param.values for param in READ):
        spoilt.again()
        for name in readers(rule):
            address = _address(spoilt, rule, test_access.factories.PASAR, name)
            if is_export(rule):
                table = spoilt.client(name).get(f"{address.removesuffix('xlsx')}csv")
                assert table.mimetype == "text/csv", f"{name} at {address}"
                begun |= inspect_file(table.get_data())
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
            elif answer.mimetype in ("text/csv", XLSX):
                seen = inspect_file(content)
                files += bool(seen)
                begun |= seen
    assert (pages > 300, told > 100, files > 10) == (True, True, True), (pages, told, files)
    assert begun == {(kind, start) for kind in ("csv", "xlsx") for start in STARTS}


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
            address = _address(spoilt, rule, test_access.factories.PASAR, name)
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
