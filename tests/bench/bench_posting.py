"""How fast a bank's file of 100.000 rows is checked and posted, against the bare database.

`python -m tests.bench.bench_posting` prints the ratios. The bare side reads the same bytes with
`csv.reader` and writes the very same ledger rows, ready made, with `executemany` (SQLite) or COPY
(PostgreSQL) into a copy of the same database: same tables, indexes, triggers, foreign keys and
durable commit, one transaction. It understands, checks and remembers nothing. The same table as a
workbook is held to the same floor. All are timed in turns in one run, so that a busy machine slows
them alike.
"""

from __future__ import annotations

import csv
import gc
import io
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import event, text
from sqlalchemy.orm import Session

from tests.bench.databases import ENGINES, Databases, databases, opened
from tests.bulk import (
    MADE_AT,
    Account,
    as_workbook,
    large_portfolio,
    repayments_csv,
    two_people,
)
from wibawa.banks.models import Bank
from wibawa.database import bulk_insert, is_sqlite
from wibawa.loans.journal import ENTRY_COLUMNS, Author
from wibawa.repayments.actions import import_at_once
from wibawa.repayments.facts import Options
from wibawa.uploads.models import Upload

ROWS = 100_000
LOANS = 20_000
ROUNDS = 3
GOALS = {"csv": "<= 5", "xlsx": "<= 6"}


@dataclass
class Office:
    """One database with running loans of one bank, to be copied for every measurement."""

    place: Databases
    url: str
    people: tuple[int, int]
    accounts: list[Account]

    @classmethod
    def build(cls, place: Databases, loans: int) -> Office:
        url = place.fresh()
        with opened(url) as (_, session):
            people = two_people(session)
            made = large_portfolio(session, loans, people, banks=(1,))
            session.commit()
            settle(session)
        roomy = [account for account in made if account.owed > 2 * account.installment]
        return cls(place, url, people, roomy)

    def on_copy(self, work: Callable[[Session], Any]) -> Any:
        """What `work` returns, done on a fresh copy that is thrown away."""
        url = self.place.copy(self.url)
        try:
            with opened(url) as (_, session):
                return work(session)
        finally:
            self.place.drop(url)


def settle(session: Session) -> None:
    """What a database does by itself in time: statistics for the planner, and on PostgreSQL what
    lets it read an index alone. On SQLite the log goes into the file, to be copied with it."""
    session.execute(text("ANALYZE"))
    session.commit()
    engine: Any = session.get_bind()
    if is_sqlite(session):
        with engine.connect() as connection:
            connection.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    else:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM")


def seconds(work: Callable[[], object]) -> float:
    gc.collect()
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def post(session: Session, office: Office, content: bytes) -> None:
    """Check, post and commit; refuses to go on when anything was not posted."""
    bank = session.get_one(Bank, 1)
    author = Author(office.people[0], None, MADE_AT)
    outcome, upload = import_at_once(session, bank, content, "angsuran.csv", author, Options())
    assert outcome is not None
    assert upload is not None
    session.commit()
    assert outcome.checked.posted_rows == outcome.checked.rows, outcome.checked.problems[:3]


def ours(session: Session, office: Office, content: bytes) -> float:
    session.get_one(Bank, 1)  # the connection is open before the clock starts
    session.rollback()
    return seconds(lambda: post(session, office, content))


def ledger_rows(session: Session, office: Office, content: bytes) -> list[tuple[Any, ...]]:
    """The rows that our posting writes, as the driver takes them."""
    post(session, office, content)
    names = ", ".join(ENTRY_COLUMNS)
    found = session.connection().exec_driver_sql(
        f"SELECT {names} FROM ledger_entries WHERE upload_id IS NOT NULL ORDER BY loan_id, sequence"
    )
    return [tuple(row) for row in found]


def bare(session: Session, office: Office, content: bytes, rows: list[tuple[Any, ...]]) -> float:
    """`csv.reader` over the file, then the ready rows written and committed."""
    upload = Upload(
        bank_id=1,
        kind="repayments",
        status="posted",
        filename="angsuran.csv",
        size=len(content),
        sha256="0" * 64,
        content=content,
        uploaded_by=office.people[0],
        uploaded_at=MADE_AT,
        posted_at=MADE_AT,
    )
    session.add(upload)
    session.commit()
    assert upload.id == rows[0][ENTRY_COLUMNS.index("upload_id")]
    session.commit()

    def work() -> None:
        read = list(csv.reader(io.StringIO(content.decode()), delimiter=";"))
        assert len(read) > len(rows)
        bulk_insert(session, "ledger_entries", ENTRY_COLUMNS, rows)
        session.commit()

    return seconds(work)


def statements(session: Session, office: Office, content: bytes) -> int:
    """How many SQL statements the posting of a file takes, COPY and executemany counted once."""
    count = 0

    def counted(*_: object) -> None:
        nonlocal count
        count += 1

    bind = session.get_bind()
    event.listen(bind, "before_cursor_execute", counted)
    post(session, office, content)
    event.remove(bind, "before_cursor_execute", counted)
    return count


def measure(engine: str, rows: int = ROWS, loans: int = LOANS) -> list[tuple[str, float, str]]:
    sizes = (rows, rows // 10, rows // 100)
    with databases(engine) as place:
        office = Office.build(place, loans)
        files = [repayments_csv(size, office.accounts, seed=at) for at, size in enumerate(sizes)]
        large, workbook = files[0], as_workbook(files[0])
        ready = office.on_copy(lambda session: ledger_rows(session, office, large))
        times: dict[str, list[float]] = {}

        def timed(name: str, work: Callable[[Session], float]) -> None:
            times.setdefault(name, []).append(office.on_copy(work))

        for _ in range(ROUNDS):
            timed("bare", lambda s: bare(s, office, large, ready))
            timed("xlsx", lambda s: ours(s, office, workbook))
            for size, content in zip(sizes, files, strict=True):
                timed(str(size), lambda s, content=content: ours(s, office, content))
        took = {name: statistics.median(each) for name, each in times.items()}
        counts = [
            office.on_copy(lambda s, content=content: statements(s, office, content))
            for content in files
        ]
    note = ", ".join(f"{name} {each:.2f} s" for name, each in took.items())
    print(f"  {engine}: {rows:,} rows on {len(office.accounts):,} loans: {note}", file=sys.stderr)
    floor = f"{engine}: check + post {rows:,} rows / csv.reader + "
    floor += "executemany" if engine == "sqlite" else "COPY"
    found = [
        (f"{floor}, CSV", took[str(rows)] / took["bare"], GOALS["csv"]),
        (f"{floor}, XLSX", took["xlsx"] / took["bare"], GOALS["xlsx"]),
    ]
    for few in sizes[1:]:
        share = took[str(rows)] / took[str(few)] / (rows // few)
        found.append((f"{engine}: a row of {rows:,} / a row of {few:,}", share, "<= 1.2"))
    for few, count in zip(sizes[1:], counts[1:], strict=True):
        told = f"{engine}: SQL statements for {rows:,} rows / for {few:,} ({count})"
        found.append((told, counts[0] / count, "= 1"))
    return found


def run() -> list[tuple[str, float, str]]:
    """Name, ratio and goal of each comparison, on both engines."""
    return [line for engine in ENGINES for line in measure(engine)]


if __name__ == "__main__":
    for name, ratio, goal in run():
        print(f"{ratio:8.3f}  {goal:<18} {name}")
