"""A backup while many people write: each one comes back with every law of the books kept."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests import factories
from tests.conftest import SOAK_ON_BOTH, dispose, make_app
from tests.keeping.conftest import app_at
from tests.trouble.office import broken, furnish
from wibawa.database import db, reading
from wibawa.keeping.backups import backup
from wibawa.keeping.restoring import restore
from wibawa.uploads.models import Upload

ROOT = Path(__file__).resolve().parent.parent.parent


def backed_up_meanwhile(
    url: str, folder: Path, writers: int, rounds: int, most: int
) -> list[tuple[Path, int]]:
    """(backup, rows) of one after the other for as long as the writers write; after so many it is
    enough."""
    command = [sys.executable, "-W", "ignore", "-m", "tests.trouble.writers", url, str(writers),
               str(rounds)]  # fmt: skip
    made: list[tuple[Path, int]] = []
    app = make_app(url)
    with (
        app.app_context(),
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as running,
    ):
        while running.poll() is None and not _some(db.session()):
            time.sleep(0.1)
        while running.poll() is None and (
            len(made) < most or made[0][1] == made[-1][1]  # nobody wrote meanwhile yet
        ):
            done = backup(db.engine, folder / f"{len(made):04d}.zip")
            made.append((done.path, done.manifest.rows))
        running.wait()
    dispose(app)
    assert running.returncode == 0
    return made


def _some(session: Session) -> bool:
    """Whether the first of them has begun."""
    with reading():
        found = session.scalar(select(func.count()).select_from(Upload))
        session.rollback()
    return bool(found)


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
@pytest.mark.parametrize(
    ("writers", "rounds", "least"), [(2, 1, 2), pytest.param(16, 6, 40, marks=pytest.mark.soak)]
)
def test_backups_made_while_people_write_come_back_and_keep_every_law(
    app: Flask,
    people: dict[str, int],
    database_url: str,
    empty: Callable[[str], str],
    engine_name: str,
    tmp_path: Path,
    writers: int,
    rounds: int,
    least: int,
) -> None:
    factories.saved(app, lambda session: furnish(session, people))
    made = backed_up_meanwhile(database_url, tmp_path, writers, rounds, 2 * least)
    rows = [each for _, each in made]
    assert len(made) >= least
    assert rows == sorted(rows), "books only grow"
    assert len(set(rows)) > 1, "somebody wrote meanwhile"
    looked = made[:40] if least == 40 else made[-1:]
    for path, many in looked:
        with app_at(empty(engine_name)) as again, again.app_context():
            assert restore(db.engine, path).manifest.rows == many
            with reading():
                assert broken(db.session()) == [], path.name
                db.session.remove()
    print(f"{len(made)} backups, {rows[0]} to {rows[-1]} rows, {len(looked)} restored")
