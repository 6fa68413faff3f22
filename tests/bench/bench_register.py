"""How fast a file of SI-UMI of 36.613 rows is checked and applied, against the bare database.

`python -m tests.bench.bench_register` prints the ratios and seconds. The bare side reads the same
bytes with `csv.reader` and writes the very same rows of borrowers and their changes, ready made,
with `executemany` (SQLite) or COPY (PostgreSQL) into a copy of the same database, one transaction,
durable. It understands, checks, seals and remembers nothing. Both sides are timed in turns.
"""

from __future__ import annotations

import csv
import io
import statistics
import sys
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.bench.bench_posting import seconds, settle
from tests.bench.databases import ENGINES, Databases, databases, opened
from tests.bulk import MADE_AT
from tests.bulk_register import ROWS, RegisterSample, register_sample
from tests.siumi.test_bulk import registered
from wibawa.borrowers.actions import CHANGE_COLUMNS, COLUMNS
from wibawa.borrowers.models import Borrower
from wibawa.database import bulk_insert, bulk_update
from wibawa.loans.journal import Author
from wibawa.siumi import actions
from wibawa.siumi.reader import read_register
from wibawa.uploads.models import Upload

ROUNDS = 3
GOALS = {"sqlite": "<= 8", "postgresql": "<= 8"}


@dataclass
class Office:
    """One database with the known half of the register, to be copied for every measurement."""

    place: Databases
    url: str
    by: int

    @classmethod
    def build(cls, place: Databases, sample: RegisterSample) -> Office:
        url = place.fresh()
        with opened(url) as (_, session):
            _, by = registered(session, sample)
            session.commit()
            settle(session)
        return cls(place, url, by)

    def on_copy(self, work: Any) -> Any:
        url = self.place.copy(self.url)
        try:
            with opened(url) as (_, session):
                session.scalar(select(func.count()).select_from(Borrower))  # connected
                session.rollback()
                return work(session)
        finally:
            self.place.drop(url)

    @property
    def author(self) -> Author:
        return Author(self.by, None, MADE_AT)


def in_steps(session: Session, office: Office, content: bytes) -> tuple[float, float, float]:
    """Seconds of reading + checking, of leaving the bad rows out, and of applying: the pages'
    way."""
    kept: list[Upload] = []

    def check() -> None:
        file = read_register(content, "siumi.csv")
        kept.append(actions.receive(session, content, "siumi.csv", file, office.author).upload)
        session.commit()

    checked = seconds(check)
    file = read_register(content, "siumi.csv")

    def skip() -> None:
        actions.choose(session, kept[0], file, office.author, True, "bench")
        session.commit()

    def apply() -> None:
        shown = actions.shown_plan(kept[0])
        again = read_register(content, "siumi.csv")
        assert actions.apply(session, kept[0], again, office.author, shown).done
        session.commit()

    return checked, seconds(skip), seconds(apply)


def ours(session: Session, office: Office, content: bytes) -> float:
    def work() -> None:
        _, upload = actions.import_at_once(session, content, "siumi.csv", office.author, skip=True)
        assert upload is not None
        session.commit()

    return seconds(work)


@dataclass
class Ready:
    """The rows that an import writes, as the driver takes them."""

    new: list[tuple[Any, ...]]
    updated: list[tuple[Any, ...]]
    changes: list[tuple[Any, ...]]


def ready_rows(session: Session, office: Office, content: bytes, known: int) -> Ready:
    actions.import_at_once(session, content, "siumi.csv", office.author, skip=True)
    execute = session.connection().exec_driver_sql
    new = execute(f"SELECT {', '.join(COLUMNS)} FROM borrowers WHERE id > {known}")
    columns = ", ".join(CHANGE_COLUMNS[:7])  # the bare side knows no file
    changes = execute(f"SELECT {columns} FROM borrower_changes ORDER BY id")
    updated = execute("SELECT DISTINCT borrower_id FROM borrower_changes ORDER BY 1")
    return Ready(
        [tuple(row) for row in new],
        [(row[0], "Jl. Mawar No. 1", "081") for row in updated],
        [tuple(row) for row in changes],
    )


def bare(session: Session, content: bytes, ready: Ready) -> float:
    def work() -> None:
        read = list(csv.reader(io.StringIO(content.decode()), delimiter=";"))
        assert len(read) > len(ready.new)
        bulk_insert(session, "borrowers", COLUMNS, ready.new)
        bulk_update(session, "borrowers", ("address", "phone"), ready.updated)
        bulk_insert(session, "borrower_changes", CHANGE_COLUMNS[:7], ready.changes)
        session.commit()

    return seconds(work)


def measure(engine: str, rows: int = ROWS) -> list[tuple[str, float, str]]:
    sample = register_sample(rows)
    content, tenth = sample.content, register_sample(rows // 10, seed=2)
    with databases(engine) as place:
        office = Office.build(place, sample)
        small = Office.build(place, tenth)
        known = len(sample.known)
        ready = office.on_copy(lambda s: ready_rows(s, office, content, known))
        times: dict[str, list[float]] = {"bare": [], "ours": [], "tenth": []}
        steps = []
        for _ in range(ROUNDS):
            times["bare"].append(office.on_copy(lambda s: bare(s, content, ready)))
            times["ours"].append(office.on_copy(lambda s: ours(s, office, content)))
            times["tenth"].append(small.on_copy(lambda s: ours(s, small, tenth.content)))
            steps.append(office.on_copy(lambda s: in_steps(s, office, content)))
        workbook = sample.workbook
        xlsx = seconds(lambda: read_register(workbook, "siumi.xlsx"))
    took = {name: statistics.median(each) for name, each in times.items()}
    checked, skipped, applied = (statistics.median(each) for each in zip(*steps, strict=True))
    note = ", ".join(f"{name} {each:.2f} s" for name, each in took.items())
    print(
        f"  {engine}: {rows:,} rows on {known:,} borrowers: {note}; received and checked "
        f"{checked:.2f} s, checked again {skipped:.2f} s, applied {applied:.2f} s; "
        f"reading the same as XLSX {xlsx:.2f} s",
        file=sys.stderr,
    )
    other = "executemany" if engine == "sqlite" else "COPY"
    return [
        (f"{engine}: check + apply {rows:,} rows / csv.reader + {other}",
         took["ours"] / took["bare"], GOALS[engine]),
        (f"{engine}: a row of {rows:,} / a row of {rows // 10:,}",
         took["ours"] / took["tenth"] / 10, "<= 1.2"),
        (f"{engine}: seconds to receive and check {rows:,} rows", checked, "<= 10"),
        (f"{engine}: seconds to apply them", applied, "<= 20"),
    ]  # fmt: skip


def run() -> list[tuple[str, float, str]]:
    """Name, ratio (or seconds) and goal of each comparison, on both engines."""
    return [line for engine in ENGINES for line in measure(engine)]


if __name__ == "__main__":
    for name, ratio, goal in run():
        print(f"{ratio:8.3f}  {goal:<18} {name}")
