"""kill -9 while a button is pressed: all of the deed is there or nothing, what was acknowledged is
there, and the button can be pressed again."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from tests.conftest import SOAK_ON_BOTH
from tests.trouble.story import ALL, FEW
from wibawa.database import db

ROOT = Path(__file__).resolve().parent.parent.parent
DEEDS = [
    "portfolio", "upload", "choice", "submission", "posting", "request", "undoing", "command",
]  # fmt: skip


def killed(app: Flask, url: str, folder: Path, *words: object) -> list[dict[str, Any]]:
    with app.app_context():
        db.engine.dispose()  # nobody else has the database open
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.trouble.killed", url, str(folder),
         *map(str, words)],
        check=False, timeout=3_600, cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-3000:]
    found: list[dict[str, Any]] = json.loads(run.stdout)
    print(run.stdout)
    return found


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
def test_whoever_is_killed_at_a_write_has_done_all_or_nothing(
    app: Flask, people: dict[str, int], database_url: str, tmp_path: Path
) -> None:
    tried = killed(app, database_url, tmp_path, "named", 2, FEW, 7)
    assert [each["wrong"] for each in tried] == [[]] * len(DEEDS)
    assert [each["deed"] for each in tried] == DEEDS
    assert all(each["nothing"] > 3 for each in tried), "killed before the commit"
    assert all(each["all"] for each in tried), "killed after the commit"


@pytest.mark.soak
def test_whoever_is_killed_at_any_step_has_done_all_or_nothing_and_does_it_again(
    app: Flask, people: dict[str, int], database_url: str, tmp_path: Path
) -> None:
    tried = killed(app, database_url, tmp_path, "every", 0, FEW, 7)
    assert [each["wrong"] for each in tried] == [[]] * len(DEEDS)
    assert all(each["killed"] > 40 for each in tried)
    assert all(each["again"] == each["killed"] + 2 for each in tried)


@pytest.mark.soak
def test_whoever_is_killed_at_a_random_moment_has_done_all_or_nothing(
    app: Flask, people: dict[str, int], database_url: str, tmp_path: Path
) -> None:
    """300 moments of the posting and as many of its undoing, 60 of every other deed."""
    tried = killed(app, database_url, tmp_path, "named", 300, ALL, 7)
    assert [each["wrong"] for each in tried] == [[]] * len(DEEDS)
    killed_in = {each["deed"]: each["killed"] for each in tried}
    assert min(killed_in["posting"], killed_in["undoing"]) > 200, "some were quicker"
