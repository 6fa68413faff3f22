"""An office whose people press buttons through its pages, in processes of their own.

Each process is forked with the application already loaded and opens connections of its own. What
a person is answered is kept as (status, sentence); whatever goes wrong is seen as a user sees it.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from html import unescape
from typing import Any, Protocol

import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests import factories
from tests.conftest import make_app
from tests.loans.test_no_rupiah_is_lost import in_the_books
from wibawa.access.models import User
from wibawa.access.sessions import open_session
from wibawa.banks.queries import thresholds_on
from wibawa.database import db, writing
from wibawa.loans.invariants import run_checks
from wibawa.uploads.models import Upload
from wibawa.web.clock import now, today

NOON = dt.datetime(2026, 11, 24, 5, 0, tzinfo=dt.UTC)
HEAD = "Nomor Rekening;Nama;Tanggal Bayar;Jumlah Bayar;No Bukti\n"
LOANS = 12
PRINCIPAL = 50_000_000  # so much that no test pays a loan off
Answer = tuple[int, str]
BUSY: Answer = (503, "Sistem sedang sibuk")
PATIENCE = 20  # times that somebody presses again while the office is busy


def app_of(url: str) -> Flask:
    """The application as it is on a server: what crashes gets its page."""
    app = make_app(url, PROPAGATE_EXCEPTIONS=False)
    app.testing = False
    return app


@contextmanager
def at_noon() -> Iterator[None]:
    """The clock of the tests, running, in a process of its own."""
    with time_machine.travel(NOON):
        yield


def account(number: int) -> str:
    return f"02{number:011d}"


def furnish(session: Session, people: dict[str, int]) -> list[int]:
    """The running loans that everybody pays into; their ids."""
    by, second = people["staff"], people["approver"]
    return [
        factories.loan(
            session, by, second, number=n, account=account(n), principal=PRINCIPAL,
            name=f"Peminjam {n}",
        )
        for n in range(1, LOANS + 1)
    ]  # fmt: skip


def file_of(mark: str, rows: int, amount: int = 1_000) -> tuple[bytes, int]:
    """A file of Bank Pasar over all loans in turn, its references begin with `mark`; its sum."""
    lines = [
        f"{account(n % LOANS + 1)};Peminjam {n % LOANS + 1};0{n % 9 + 1}-11-2026;{amount + n};"
        f"{mark}{n:06d}"
        for n in range(rows)
    ]
    total = sum(amount + n for n in range(rows))
    return (HEAD + "\n".join(lines) + f"\nTOTAL;;;{total};\n").encode(), total


def _again(value: Any) -> Any:
    """A field as it is sent; of a file a copy, for what was sent is closed."""
    return (io.BytesIO(value[0].getvalue()), *value[1:]) if isinstance(value, tuple) else value


class Person:
    """Somebody signed in with a browser of her own."""

    def __init__(self, app: Flask, name: str, answers: list[Answer]) -> None:
        self.client: FlaskClient = app.test_client()
        self.answers = answers
        with app.app_context(), writing():
            user = db.session().scalars(select(User).where(User.username == name)).one()
            token = open_session(db.session(), user, now(), 12, "").get_id()
            db.session.commit()
        with self.client.session_transaction() as cookie:
            cookie["_user_id"] = token
            cookie["_fresh"] = True

    def get(self, address: str) -> str:
        return self._kept(self.client.get(address))

    def post(self, address: str, /, **fields: Any) -> str:
        """Press a button; where it led, or the text of the page that said why not. A page that
        says the office is busy asks to press again: it is kept among the answers, and obeyed."""
        for _ in range(PATIENCE):
            answer = self.client.post(address, data={n: _again(v) for n, v in fields.items()})
            page = self._kept(answer)
            if answer.status_code != 503:
                break
        return str(answer.headers.get("Location", page))

    def _kept(self, answer: Any) -> str:
        page = unescape(answer.get_data(as_text=True))
        title = re.search(r"<h1[^>]*>([^<]*)", page)
        self.answers.append((answer.status_code, title[1].strip() if title else ""))
        return page


class Somebody(Protocol):
    """Whoever opens pages and presses buttons: where that led, or the text of the page."""

    def get(self, address: str) -> str: ...
    def post(self, address: str, /, **fields: Any) -> str: ...


def hidden(page: str, name: str) -> str:
    found = re.search(rf'<input[^>]*name="{name}"[^>]*value="([^"]*)"', page)
    return found[1] if found else ""


def form_at(page: str, action: str) -> dict[str, str]:
    """What the form that leads there sends by itself; nothing when the page has no such form."""
    start = page.find(f'action="{action}"')
    if start < 0:
        return {}
    form = page[start : page.index("</form>", start)]
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form))


def sequence_of(page: str, reference: str) -> str:
    """That of the entry with this reference, from the page of its loan."""
    entry = page.split(reference)[1].split("entri=")[1]
    return entry.split('"')[0].split("&")[0]


def sent(officer: Person, content: bytes) -> str:
    """Upload a file and hand it in; its address, "" when a page said why not."""
    file = (io.BytesIO(content), "angsuran.csv")
    address = officer.post("/angsuran/berkas/baru", file=file).partition("?")[0]
    if not address.startswith("/angsuran/berkas/"):
        return ""
    officer.post(f"{address}/ajukan")
    return address


def booked(clerk: Person, address: str, tries: int = 60) -> bool:
    """Book a file as often as its figures change meanwhile, as the page asks for."""
    for _ in range(tries):
        page = clerk.get(address)
        if "/bukukan" not in page:
            return "sudah dibukukan" in page or "Dibukukan" in page
        clerk.post(f"{address}/bukukan", shown=hidden(page, "shown"))
    return False


def asked(clerk: Somebody, address: str, tries: int = 60, **wish: str) -> int:
    """Ask for a change as often as its effect changes meanwhile, as the page asks for; its number,
    0 when another request about the loan waits."""
    for _ in range(tries):
        seen = clerk.post(address, **wish, reason="Diminta bank", lihat="1")
        body = {name: hidden(seen, name) for name in ("shown", "request_key")}
        answer = clerk.post(address, **wish, reason="Diminta bank", **body)
        number = re.fullmatch(r"/permintaan/(\d+)", answer)
        if number or "Akibatnya berubah" not in answer:
            return int(number[1]) if number else 0
    return 0


def agreed(head: Somebody, number: int, tries: int = 60) -> bool:
    """Approve a change as often as its effect changes meanwhile, as the page asks for."""
    address = f"/permintaan/{number}"
    for _ in range(tries):
        body = form_at(head.get(address), f"{address}/setujui")
        if not body:
            return False
        if head.post(f"{address}/setujui", **body) == address:
            return True
    return False


def in_processes(
    app: Flask, count: int, work: Callable[[int, Flask, list[Answer]], dict[str, int]]
) -> tuple[list[Answer], dict[str, int]]:
    """Do `work` in `count` processes at once: all answers, and the sums of what each returned."""
    with app.app_context():
        db.engine.dispose()
    start, go = os.pipe()
    ends = []
    for number in range(count):
        out, told = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(go)
            _child(number, app, work, start, told)
        os.close(told)
        ends.append((child, out))
    os.close(go)  # all begin at once
    os.close(start)
    answers: list[Answer] = []
    sums: dict[str, int] = {}
    for child, out in ends:
        with os.fdopen(out) as report:
            said = report.read()
        os.waitpid(child, 0)
        assert said, "a process died"
        found = json.loads(said)
        assert "error" not in found, found["error"]
        answers += [(status, title) for status, title in found["answers"]]
        for name, amount in found["did"].items():
            sums[name] = sums.get(name, 0) + amount
    return answers, sums


def _child(
    number: int,
    app: Flask,
    work: Callable[[int, Flask, list[Answer]], dict[str, int]],
    start: int,
    told: int,
) -> None:
    answers: list[Answer] = []
    try:
        with app.app_context():
            db.engine.dispose(close=False)
        os.read(start, 1)
        found: dict[str, Any] = {"did": work(number, app, answers), "answers": answers}
    except BaseException:
        found = {"error": traceback.format_exc()}
    with os.fdopen(told, "w") as report:
        json.dump(found, report)
    os._exit(0)


def money(session: Session) -> dict[str, int]:
    """What the books say: all money received, what the posted files say, and how many these are."""
    files = session.execute(
        select(
            func.count(),
            func.coalesce(func.sum(Upload.posted_total), 0),
            func.coalesce(func.sum(Upload.suspense_total), 0),
        ).where(Upload.kind == "repayments", Upload.status == "posted")
    ).one()
    return {
        "received": in_the_books(session),
        "files": int(files[0]),
        "posted": int(files[1]),
        "suspense": int(files[2]),
    }


def broken(session: Session) -> list[str]:
    """What `wibawa check` finds wrong."""
    checks = run_checks(session, today(), thresholds_on(session, today()))
    return [f"{check.name}: {check.found}" for check in checks if not check.ok]


def say(found: object) -> None:
    json.dump(found, sys.stdout)
    sys.stdout.flush()


def faults(answers: Sequence[Answer]) -> list[Answer]:
    """The answers that nobody should have been given: not a page, or a page that blames us."""
    return [answer for answer in answers if answer[0] not in (200, 302, 409)]
