"""People who press a button in a process that is killed (SIGKILL) meanwhile:
`python -m tests.trouble.killed URL FOLDER STEPS MOMENTS ROWS SEED`.

STEPS is `named` (one write to each table, and both sides of the commit) or `every` (before and
after each statement, in the middle of each COPY, until a press comes through). MOMENTS more
presses are killed from outside at a moment that the dice choose. After each one the database must
hold all of the deed or nothing; then the button is pressed again: after each one in `every`, else
when all of it is there. Each process is forked from one that has done everything once, so that a
step costs a tenth of a second.
Prints a JSON list: what was tried with each button, and what went wrong.
"""

from __future__ import annotations

import gc
import os
import re
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

from flask import Flask
from sqlalchemy import event
from sqlalchemy.orm import Session

from tests.trouble.copies import Copy, copy_of
from tests.trouble.office import app_of, at_noon, broken, say
from tests.trouble.story import Deed, content_of, figures_of, story
from wibawa import database
from wibawa.database import db

BEGUN, COMMITTED, TOLD = b"bca"
OFTEN, SELDOM = {"posting", "undoing"}, 5  # the others die by chance a fifth as often
WRITE = re.compile(r"\s*(INSERT INTO|UPDATE|DELETE FROM)\s+\"?(\w+)")
NAMED = re.compile(
    r"after (?:INSERT INTO|UPDATE|DELETE FROM) (\w+)$|in the middle of (\w+)$|(\w+ commit)$"
)


class Watch:
    """Counts and names the steps of what this process does to the database, and may end it."""

    def __init__(self, app: Flask) -> None:
        self.names: list[str] = []
        self.dies_at: int | str | None = None
        self.told = -1
        self._seen: Counter[str] = Counter()
        with app.app_context():
            engine = db.engine
        event.listen(
            engine, "before_cursor_execute", lambda *a: self.step(f"before {_doing(a[2])}")
        )
        event.listen(engine, "after_cursor_execute", lambda *a: self.step(f"after {_doing(a[2])}"))
        event.listen(engine, "commit", lambda connection: self.step("before commit"))
        event.listen(Session, "after_commit", self._committed)
        real = database.bulk_insert

        def bulk_insert(session: Session, table: str, columns: Any, rows: Iterable[Any]) -> None:
            real(session, table, columns, self._half(table, list(rows)))

        for module in list(sys.modules.values()):
            if getattr(module, "bulk_insert", None) is real:
                module.bulk_insert = bulk_insert  # type: ignore[attr-defined]

    def step(self, name: str) -> None:
        self._seen[name] += 1
        if self._seen[name] > 1:
            name = f"{name} ({self._seen[name]})"
        self.names.append(name)
        if self.dies_at in (name, len(self.names)):
            os.kill(os.getpid(), signal.SIGKILL)

    def _half(self, table: str, rows: list[Any]) -> Iterator[Any]:
        for number, row in enumerate(rows):
            if number == len(rows) // 2:
                self.step(f"in the middle of {table}")
            yield row

    def _committed(self, session: Session) -> None:
        if self.told >= 0:
            os.write(self.told, bytes([COMMITTED]))
        self.step("after commit")

    def anew(self) -> list[str]:
        """The names of the steps since this was asked last."""
        names, self.names = self.names, []
        self._seen.clear()
        return names


def _doing(statement: str) -> str:
    write = WRITE.match(statement)
    return f"{write[1]} {write[2]}" if write else statement.split(maxsplit=1)[0]


@dataclass(frozen=True)
class Press:
    """How a pressed button ended. `committed`: the database said so before the process died;
    `told`: the person was answered that it is done."""

    killed: bool
    committed: bool
    told: bool
    said: str
    seconds: float


@dataclass(frozen=True)
class Books:
    """What the books hold before a deed, to a byte, and what they come to after it."""

    before: str
    after: dict[str, int]


@dataclass
class Tried:
    """What was tried with one button."""

    deed: str
    killed: int = 0
    nothing: int = 0
    all: int = 0
    checked: int = 0
    again: int = 0
    wrong: list[str] = field(default_factory=list)


class Killer:
    def __init__(self, url: str, every: bool, moments: int, dice: Random) -> None:
        self.app = app_of(url)
        self.every, self.moments, self.dice = every, moments, dice
        self.copy: Copy = copy_of(url, self._let_go)
        self.watch = Watch(self.app)
        self._sound: set[str] = set()

    def _let_go(self) -> None:
        with self.app.app_context():
            db.session.remove()
            db.engine.dispose()

    def begin(self, folder: Path, rows: int) -> list[Tried]:
        """The whole story once undisturbed, then again with everybody killed."""
        self.copy.keep()
        known: list[tuple[list[str], dict[str, int]]] = []
        for deed in story(self.app, folder, rows):
            self.watch.anew()
            said = deed.press()
            assert not said, f"{deed.name}: {said}"
            known.append((self.watch.anew(), figures_of(self.app)))
        self.copy.bring_back()
        gc.freeze()  # what all processes share stays shared
        told = [
            self.kill(deed, steps, Books(self.content(), after))
            for deed, (steps, after) in zip(story(self.app, folder, rows), known, strict=True)
        ]
        self.copy.throw_away()
        return told

    def content(self) -> str:
        found = content_of(self.app)
        self._let_go()
        return found

    def kill(self, deed: Deed, steps: Sequence[str], books: Books) -> Tried:
        tried, seconds = Tried(deed.name), 0.0
        self.copy.keep()
        for at in count(1) if self.every else _named(steps):
            press = self.press(deed, dies_at=at)
            seconds = max(seconds, press.seconds) if self.every else press.seconds
            self._look(tried, deed, str(at), press, books)
            if self.every and not press.killed:
                break
            if not press.killed:
                tried.wrong.append(f"{at}: never came to that")
        for _ in range(self.moments if deed.name in OFTEN else -(-self.moments // SELDOM)):
            wait = self.dice.random() * seconds * 1.1
            self._look(tried, deed, f"at {wait:.4f} s", self.press(deed, wait=wait), books)
        if self.content() == books.before:
            self._again(tried, deed, "at last", books)
        return tried

    def _look(self, tried: Tried, deed: Deed, at: str, press: Press, books: Books) -> None:
        """All or nothing, as it must be at this moment; then the button is pressed again."""
        content = self.content()
        untouched = content == books.before
        found = {} if untouched else figures_of(self.app)
        done = found == books.after
        tried.killed += press.killed
        tried.all, tried.nothing = tried.all + done, tried.nothing + untouched
        if not (done or untouched):
            differ = {name: found[name] for name in found if found[name] != books.after.get(name)}
            tried.wrong.append(f"{at}: half there, {differ}")
        elif (press.committed or press.told) and not done:
            tried.wrong.append(f"{at}: acknowledged and lost")
        elif not press.killed and not press.told:
            tried.wrong.append(f"{at}: {press.said}")
        elif done and at == "before commit":
            tried.wrong.append(f"{at}: there before it was committed")
        self._check(tried, at, content)
        if self.every or done:
            self._again(tried, deed, at, books)
            self.copy.bring_back()

    def _check(self, tried: Tried, at: str, content: str) -> None:
        """Every law of the books; in the quick run once for books that are the same to a byte."""
        if content in self._sound and not self.every:
            return
        tried.checked += 1
        self._sound.add(content)
        with self.app.app_context():
            tried.wrong += [f"{at}: {each}" for each in broken(db.session())]
        self._let_go()

    def _again(self, tried: Tried, deed: Deed, at: str, books: Books) -> None:
        press = self.press(deed)
        tried.again += 1
        if not press.told:
            tried.wrong.append(f"{at}, again: {press.said}")
        elif figures_of(self.app) != books.after:
            tried.wrong.append(f"{at}, again: not as it is without a death")
        self._let_go()

    def press(
        self, deed: Deed, dies_at: int | str | None = None, wait: float | None = None
    ) -> Press:
        """Press a button in a process of its own, which dies at a step or after so many seconds."""
        self._let_go()
        out, told = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(out)
            self._child(deed, dies_at, told)
        os.close(told)
        begun = os.read(out, 1)
        start = time.perf_counter()
        if wait is not None:
            time.sleep(wait)
            os.kill(child, signal.SIGKILL)
        with os.fdopen(out, "rb") as report:
            said = begun + report.read()
        _, status = os.waitpid(child, 0)
        seconds = time.perf_counter() - start
        self.copy.wait_until_alone()
        killed = os.WIFSIGNALED(status)
        rest = "" if killed else said.strip(bytes([BEGUN, COMMITTED])).decode()
        told_done = bytes([TOLD]) == said[-1:] and rest in ("", "a")
        return Press(killed, bytes([COMMITTED]) in said, told_done, rest, seconds)

    def _child(self, deed: Deed, dies_at: int | str | None, told: int) -> None:
        code = 0
        try:
            with self.app.app_context():
                db.engine.dispose(close=False)
            self.watch.anew()
            self.watch.dies_at, self.watch.told = dies_at, told
            os.write(told, bytes([BEGUN]))
            said = deed.press() or chr(TOLD)
        except BaseException:
            code, said = 2, traceback.format_exc()
        os.write(told, said.encode())
        os._exit(code)


def _named(steps: Sequence[str]) -> list[str]:
    """One write to each table, and both sides of the commit, in their order."""
    found = [(step, NAMED.match(step)) for step in steps]
    return list({match[match.lastindex or 0]: step for step, match in found if match}.values())


def main(url: str, folder: str, steps: str, moments: int, rows: int, seed: int) -> None:
    with at_noon():
        killer = Killer(url, steps == "every", moments, Random(seed))
        say([asdict(tried) for tried in killer.begin(Path(folder), rows)])


if __name__ == "__main__":
    main(*sys.argv[1:4], *map(int, sys.argv[4:7]))  # type: ignore[arg-type]
