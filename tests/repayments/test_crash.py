"""A crash, a killed process or a full disk in the middle of posting leaves nothing half done."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import event, func, select, text
from sqlalchemy.exc import OperationalError

from wibawa.banks.queries import bank_by_code, thresholds_on
from wibawa.database import db, writing
from wibawa.loans.actions import import_portfolio
from wibawa.loans.invariants import run_checks
from wibawa.loans.journal import Author
from wibawa.loans.models import LedgerEntry
from wibawa.repayments.actions import import_at_once
from wibawa.repayments.facts import Options
from wibawa.uploads.models import Upload
from wibawa.web.clock import now, today

SAMPLES = Path(__file__).resolve().parent.parent / "files" / "samples"
PASAR = SAMPLES / "angsuran_pasar_2026-10.csv"

# A process of its own that dies at the named step of posting, as if somebody pulled the plug.
DYING = """
import os, sys
from pathlib import Path
from tests.conftest import make_app
from wibawa.database import db, writing
from wibawa.banks.queries import bank_by_code
from wibawa.loans.journal import Author
from wibawa.repayments import actions
from wibawa.repayments.facts import Options
from wibawa.uploads import actions as files
from wibawa.web.clock import now

url, file, step = sys.argv[1:]
real = actions.bulk_insert
def dies(session, table, *rest):
    if table == step:
        os._exit(9)
    real(session, table, *rest)
    if step == "after " + table:
        os._exit(9)
actions.bulk_insert = files.bulk_insert = dies
with make_app(url).app_context(), writing():
    session = db.session()
    bank = bank_by_code(session, "PASAR")
    content = Path(file).read_bytes()
    actions.import_at_once(session, bank, content, "a.csv", Author(1, None, now()), Options())
    if step == "before commit":
        os._exit(9)
    session.commit()
    os._exit(9 if step == "after commit" else 0)
"""


@pytest.fixture
def portfolio(app: Flask) -> None:
    content = (SAMPLES / "data_awal.xlsx").read_bytes()
    with app.app_context(), writing():
        import_portfolio(db.session(), content, "data_awal.xlsx", Author(1, None, now()))
        db.session.commit()


def _repayments(app: Flask) -> tuple[int, int]:
    """(entries, uploads) that are in the books; every invariant must hold."""
    with app.app_context(), writing():
        session = db.session()
        checks = run_checks(session, today(), thresholds_on(session, today()))
        assert [check for check in checks if not check.ok] == []
        entries = session.scalar(
            select(func.count()).select_from(LedgerEntry).where(LedgerEntry.kind == "repayment")
        )
        uploads = session.scalar(
            select(func.count()).select_from(Upload).where(Upload.kind == "repayments")
        )
        session.rollback()
    return entries or 0, uploads or 0


@pytest.mark.parametrize(
    ("step", "booked"),
    [
        ("upload_problems", 0),
        ("ledger_entries", 0),
        ("after ledger_entries", 0),
        ("after suspense_entries", 0),
        ("before commit", 0),
        ("after commit", 96),
    ],
)
def test_a_process_that_dies_while_posting_leaves_all_or_nothing(
    app: Flask, portfolio: None, database_url: str, step: str, booked: int
) -> None:
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(DYING), database_url, PASAR, step],
        check=False,
        timeout=60,
        cwd=Path(__file__).resolve().parents[2],
    )
    assert run.returncode == 9
    assert _repayments(app) == (booked, 1 if booked else 0)


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
def test_a_full_disk_while_posting_rolls_back_and_the_file_can_be_posted_later(
    app: Flask, portfolio: None
) -> None:
    with app.app_context(), writing():
        session = db.session()
        engine = db.engine
        pages = session.scalar(text("PRAGMA page_count"))
        session.rollback()

        def post(room: int) -> bool:
            def tighten(connection, record) -> None:  # type: ignore[no-untyped-def]
                connection.execute(f"PRAGMA max_page_count={pages + room}")

            engine.dispose()
            event.listen(engine, "connect", tighten)
            bank = bank_by_code(session, "PASAR")
            assert bank is not None
            try:
                author = Author(1, None, now())
                import_at_once(session, bank, PASAR.read_bytes(), "a.csv", author, Options())
                session.commit()
            except OperationalError as error:
                session.rollback()
                if "full" not in str(error):
                    raise
                return False
            finally:
                event.remove(engine, "connect", tighten)
                session.close()
                engine.dispose()
            return True

        rooms = [room for room in range(40) if not post(room)]
    assert rooms, "the disk was never full"
    assert rooms == list(range(len(rooms)))
    assert _repayments(app) == (96, 1)
