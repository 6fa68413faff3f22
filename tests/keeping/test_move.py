"""The demo office is moved, and brought back from its backup as the restore drill of
docs/operations.md does: every report says the same there, and what was signed still holds."""

from __future__ import annotations

import io
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pypdf
import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from tests.borrowers.test_reveal_nik import key_of
from tests.commands.conftest import CommandLine
from tests.commands.test_chain_export import verify
from tests.conftest import ENGINES, TODAY, InspectedClient, dispose, make_app
from tests.keeping.conftest import app_at, content, url_of, without_trail
from wibawa import demo
from wibawa.access.queries import DEMO_PASSWORD
from wibawa.banks.models import Bank
from wibawa.borrowers.actions import nik_of
from wibawa.borrowers.models import Borrower
from wibawa.database import db, writing
from wibawa.reconciliation.queries import last_closed
from wibawa.reports.catalogue import REPORTS
from wibawa.rules.money import number
from wibawa.rules.reconciliation import Month

pytestmark = [pytest.mark.soak, pytest.mark.usefixtures("clock")]
SIGNED = r"Sidik rantai{} : ((?:[0-9a-f]{{8}} ?){{8}})"  # as a Berita Acara prints it


@dataclass(frozen=True)
class Office:
    """The demo office as it was filled. `months`: bank → its last closed month; `niks`: of some
    borrowers."""

    app: Flask
    months: dict[str, Month]
    niks: dict[int, str]
    reports: dict[str, object]


def reports(app: Flask) -> dict[str, object]:
    """Every report of the page Laporan, and the indicators, as its command prints them."""
    run = CommandLine(lambda: app)
    found: dict[str, object] = {code: run.json("report", code) for code in REPORTS}
    for year in (2024, 2025, 2026):
        found[f"indicators {year}"] = run.json("report", "indicators", "--year", year)
    return found


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, templates: Any) -> Iterator[Office]:
    path = tmp_path_factory.mktemp("demo") / "kantor.sqlite3"
    shutil.copyfile(templates("sqlite", None).removeprefix("sqlite:///"), path)
    with time_machine.travel(TODAY, tick=False):
        app = make_app(f"sqlite:///{path}")
        with app.app_context(), writing():
            session = db.session()
            demo.fill(session, TODAY)
            session.commit()
            closed = {
                bank.code: last_closed(session, bank.id) for bank in session.scalars(select(Bank))
            }
            months = {code: each.month for code, each in closed.items() if each}
            some = select(Borrower).where(Borrower.nik.is_not(None)).order_by(Borrower.id).limit(3)
            niks = {each.id: nik_of(each) for each in session.scalars(some)}
            db.session.remove()
        yield Office(app, months, niks, reports(app))
    dispose(app)


def test_every_report_is_the_same_on_the_other_engine_and_back_again(
    office: Office, empty: Callable[[str], str]
) -> None:
    server, file = empty("postgresql"), empty("sqlite")
    assert CommandLine(lambda: office.app).json("move", server)["ok"]
    before = without_trail(content(url_of(office.app)))
    assert without_trail(content(server)) == before
    with app_at(server) as there:
        after = reports(there)
        told = CommandLine(lambda: there).json("move", file)
    assert told["ok"]
    assert without_trail(content(file)) == before
    with app_at(file) as again:
        assert differing(office, after) == differing(office, reports(again)) == set()
    assert len(after) > 15
    print(f"{told['rows']} rows, {len(after)} reports")


def differing(office: Office, found: dict[str, object]) -> set[str]:
    assert found.keys() == office.reports.keys()
    return {name for name, told in found.items() if told != office.reports[name]}


@pytest.mark.parametrize("engine", ENGINES)
def test_the_restore_drill_finds_reports_chains_signed_figures_and_niks_as_they_were(
    office: Office, empty: Callable[[str], str], engine: str, tmp_path: Path
) -> None:
    backup = tmp_path / "cadangan.zip"
    assert CommandLine(lambda: office.app).json("backup", backup)["checked"]
    with app_at(empty(engine)) as there:
        run = CommandLine(lambda: there)
        said = run("restore", backup).stdout.splitlines()
        assert said[-1].endswith("semuanya baik.")
        assert differing(office, reports(there)) == set()
        client = signed_in(there)
        assert office.months.keys() == {"JATENG", "PASAR"}
        for code, month in office.months.items():
            paper = minutes(client, code, month)
            out = tmp_path / f"{code}.jsonl"
            run("chain", "export", "--bank", code, "--out", out)
            assert verify(out, printed(paper, ""))[0] == 0
            assert verify(out, "0" * 64)[0] == 1
            out = tmp_path / f"dinas-{code}.jsonl"
            run("chain", "export", "--office", "--out", out)
            assert verify(out, printed(paper, " keputusan"))[0] == 0
            figures = run.json("report", "portfolio", "--on", month.last.isoformat())["banks"]
            principal, loans = (
                figures[code][name] for name in ("outstanding_principal", "loans_outstanding")
            )
            assert principal > 100_000_000
            assert f"Baki debet akhir {number(principal)} " in paper
            assert f"selesai, {number(loans)} di akhir" in paper
        assert len(office.niks) == 3
        for borrower_id, nik in office.niks.items():
            body = {"reason": "Latihan pemulihan", "request_key": key_of(client, borrower_id)}
            page = client.post(f"/peminjam/{borrower_id}/nik", data=body).get_data(as_text=True)
            assert nik in page


def signed_in(app: Flask) -> InspectedClient:
    """Ani, by name and password."""
    app.test_client_class = InspectedClient
    client = app.test_client()
    answer = client.post("/masuk", data={"username": "ani", "password": DEMO_PASSWORD})
    assert answer.status_code == 302
    assert isinstance(client, InspectedClient)
    return client


def minutes(client: InspectedClient, code: str, month: Month) -> str:
    """What the Berita Acara of a month says."""
    page = client.get(f"/rekonsiliasi/{code}/{month.text}").get_data(as_text=True)
    link = re.search(r'href="(/rekonsiliasi/[^"]*/berita-acara/\d+\.pdf)"', page)
    assert link
    pages = pypdf.PdfReader(io.BytesIO(client.get(link[1]).data)).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


def printed(paper: str, which: str) -> str:
    found = re.search(SIGNED.format(which), paper)
    assert found, paper
    return found[1].replace(" ", "")
