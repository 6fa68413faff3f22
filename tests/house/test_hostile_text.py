"""Every text that the database holds is turned hostile, then every page and every file is opened.

The texts get in behind the program's back, so that no check at a form's door can hide a page that
trusts them. A column is spared only when its words are the program's own: see `CODES`.
"""

from __future__ import annotations

import csv
import io
import json
import re
import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import time_machine
from playwright.sync_api import Browser
from sqlalchemy import String
from werkzeug.routing import Rule

from tests.conftest import TODAY, dispose, make_app
from tests.house import test_access
from tests.house.test_access import TRIES, Office, _address, allowed
from tests.jobs.kinds import know
from tests.journeys.conftest import browser, run_server, stop_server, watch
from wibawa.database import Base
from wibawa.uploads.exports import XLSX

office = test_access.office
__all__ = ["browser", "office"]

MARK = "<b data-hostile>"
# As a formula, as a tag that runs, as an end of an attribute of either kind.
HOSTILE = f"=1+1{MARK}</b><img src=x onerror=alert(1)><script>alert(2)</script>\"' onfocus=alert(3)"
# Words that the program itself writes and understands: codes, states, hashes, numbers with a form.
CODES = {
    "action", "account_number", "bank_kind", "bank_reference", "borrower_kind", "cause", "code",
    "columns", "counted", "cut_off_rule", "data_hash", "date_order", "decimal_mark", "denominator",
    "field", "form", "formats", "from_state", "hash", "health", "ignored", "kelurahan_code", "kind",
    "kinds", "media_type", "method", "name_key", "nik_tail", "number", "object_kind", "outcome",
    "paper", "password_hash", "previous_hash", "content_hash", "chain_hash", "result_type", "role",
    "row_key", "rows_hash", "rule", "sector", "sex", "profile", "second_factor_roles", "sha256",
    "shown", "state", "status", "ticket", "to_state", "unit", "belongs_to", "needed",
    "holiday_rule", "cooperative_number", "chosen",
}  # fmt: skip
# Of these the words are the program's own in this table only.
CODES_OF = {
    ("borrower_changes", "before"), ("borrower_changes", "after"), ("indicator_inputs", "name"),
    ("suspense_entries", "reason"), ("idempotency_keys", "answer"), ("users", "username"),
}  # fmt: skip


def _hostile(value: str) -> str:
    """The value with hostile words behind or before it; of JSON, every text that has a blank."""
    try:
        found = json.loads(value)
    except ValueError:
        return HOSTILE + value
    return json.dumps(_deep(found)) if isinstance(found, dict | list) else HOSTILE + value


def _deep(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _deep(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_deep(each) for each in value]
    return HOSTILE + value if isinstance(value, str) and " " in value else value


def texts() -> Iterator[tuple[str, str]]:
    """Table and column of every text whose words are a person's or another program's."""
    for table in Base.metadata.tables.values():
        for column in table.columns:
            free = isinstance(column.type, String) and not column.foreign_keys
            spared = column.primary_key or column.name in CODES
            if free and not spared and (table.name, column.name) not in CODES_OF:
                yield table.name, column.name


def spoil(path: Path) -> int:
    """Turn every text of a database hostile; how many there were. The triggers, which would refuse
    it, are away meanwhile."""
    count = 0
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.create_function("hostile", 1, _hostile)
        connection.execute("PRAGMA ignore_check_constraints = ON")
        found = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        triggers = dict(found.fetchall())
        for name in triggers:
            connection.execute(f'DROP TRIGGER "{name}"')
        for table, column in texts():
            count += connection.execute(
                f'UPDATE "{table}" SET "{column}" = hostile("{column}") '
                f'WHERE "{column}" IS NOT NULL AND "{column}" <> \'\''
            ).rowcount
        for sql in triggers.values():
            connection.execute(sql)
    return count


@pytest.fixture(scope="module")
def spoilt(office: Office, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """The filled office with hostile texts."""
    folder = tmp_path_factory.mktemp("hostile")
    filled, live = folder / "filled.sqlite3", folder / "live.sqlite3"
    filled.write_bytes(office.filled.read_bytes())
    assert spoil(filled) > 500
    with time_machine.travel(TODAY, tick=False):
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


def cells_of(content: bytes) -> Iterator[tuple[str, str]]:
    """Kind and text of every cell of a workbook."""
    for sheet in openpyxl.load_workbook(io.BytesIO(content)).worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                yield cell.data_type, str(cell.value or "")


def inspect_file(content: bytes) -> int:
    """Fail when a cell is a formula; how many texts began like one."""
    if content.startswith(b"PK"):
        if "xl/workbook.xml" not in zipfile.ZipFile(io.BytesIO(content)).namelist():
            return 0
        cells = list(cells_of(content))
        assert not [text for kind, text in cells if kind == "f"]
        return sum(text.startswith("=1+1") for _, text in cells)
    rows = csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=";")
    texts = [text for row in rows for text in row]
    assert not [text for text in texts if text.startswith(("=", "+", "@"))]
    return sum(text.startswith("'=1+1") for text in texts)


def test_no_page_takes_a_text_for_markup_and_no_file_takes_one_for_a_formula(
    spoilt: Office,
) -> None:
    pages = files = told = 0
    for rule, _ in (param.values for param in READ):
        spoilt.again()
        for name in readers(rule):
            address = _address(spoilt, rule, test_access.factories.PASAR, name)
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
                files += bool(inspect_file(content))
    assert (pages > 300, told > 100, files > 10) == (True, True, True), (pages, told, files)


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
