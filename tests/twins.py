"""Which tests of pages `make test` tells on SQLite alone; `make soak` tells all on both engines.

A test whose every statement another test of `make test` sends to PostgreSQL as well shows nothing
new there. `python -m tests.twins` finds such tests anew, the dearest first, and writes `twins.txt`:
it runs all tests on PostgreSQL and notes the statements of each. Where money is moved, where people
press at once, and where the engines search and sort in their own way, all stays on both.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

LISTED = Path(__file__).with_name("twins.txt")
# Where the notes of a run go; while this is set, no test is left out.
NOTES = "WIBAWA_TEST_STATEMENTS"
MOST = 300
ON_BOTH = re.compile(
    "/(chains|house|journeys|loans|merging|repayments|reports|trouble)/"
    "|another_bank|large_file|list|money|once|search|settlement|undo|write_off"
)
_VALUES = re.compile(r"%\(\w+\)s(::[A-Z]+( WITH(OUT)? TIME ZONE)?)?|'[^']*'|\d+")
_MANY = re.compile(r"\(?\?\)?(, \(?\?\)?)+")


def told_on_sqlite() -> frozenset[str]:
    """Names of tests, as `tests/folder/test_module.py::test_name`."""
    if NOTES in os.environ:
        return frozenset()
    found, module = set(), ""
    for line in LISTED.read_text().splitlines():
        if line.startswith(" "):
            found.add(f"tests/{module}::{line.strip()}")
        else:
            module = line
    return frozenset(found)


class Told(NamedTuple):
    """A test on PostgreSQL, all its cases together."""

    statements: set[str]
    seconds: float
    is_of_a_page: bool


class Noting:
    """Notes what each test sends to PostgreSQL: a plugin of pytest."""

    def __init__(self, folder: Path) -> None:
        self.seen: set[str] = set()
        worker = os.environ.get("PYTEST_XDIST_WORKER", "alone")
        self.out = (folder / f"{worker}.jsonl").open("w", buffering=1)
        event.listen(Engine, "before_cursor_execute", self._sent)
        copy = psycopg.Cursor.copy

        def noted(cursor: Any, statement: Any, *given: Any, **options: Any) -> Any:
            self.seen.add(str(statement))
            return copy(cursor, statement, *given, **options)

        psycopg.Cursor.copy = noted  # type: ignore[method-assign]

    def _sent(self, connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if connection.dialect.name == "postgresql":
            self.seen.add(_MANY.sub("?", _VALUES.sub("?", statement)))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: Any) -> Iterator[None]:
        self.seen.clear()
        began = time.perf_counter()
        answer = yield
        told = (item.nodeid.partition("[")[0], sorted(map(_short, self.seen)),
                time.perf_counter() - began, "sign_in" in item.fixturenames)  # fmt: skip
        self.out.write(json.dumps(told) + "\n")
        return answer


def _short(statement: str) -> str:
    return hashlib.sha256(statement.encode()).hexdigest()[:16]


def noted(folder: Path) -> dict[str, Told]:
    """What the workers of a run wrote down, by the name of the test."""
    found: dict[str, Told] = {}
    for path in folder.glob("*.jsonl"):
        for line in path.read_text().splitlines():
            name, statements, seconds, of_page = json.loads(line)
            before = found.get(name, Told(set(), 0.0, True))
            found[name] = Told(
                before.statements | set(statements),
                before.seconds + seconds,
                before.is_of_a_page and of_page,
            )
    return found


def twins(told: dict[str, Told]) -> list[str]:
    """Tests that may be left out together: what each of them sends, one that stays sends too."""
    senders = Counter(statement for each in told.values() for statement in each.statements)
    found: list[str] = []
    for name, each in sorted(told.items(), key=lambda item: -item[1].seconds):
        if not each.is_of_a_page or ON_BOTH.search(name) or len(found) == MOST:
            continue
        if all(senders[statement] > 1 for statement in each.statements):
            senders.subtract(each.statements)
            found.append(name)
    return found


def written(names: Collection[str]) -> str:
    lines: list[str] = []
    for name in sorted(names):
        module, _, test = name.removeprefix("tests/").partition("::")
        if module not in lines:
            lines.append(module)
        lines.append(f"    {test}")
    return "\n".join(lines) + "\n"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        words = [
            sys.executable,
            "-m",
            "pytest",
            "-n",
            "3",
            "--dist",
            "loadscope",
            "-k",
            "postgresql",
        ]
        subprocess.run(words, env=os.environ | {NOTES: folder}, check=True)
        told = noted(Path(folder))
    LISTED.write_text(written(twins(told)))


if __name__ == "__main__":
    main()
