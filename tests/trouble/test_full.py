"""The disk is full while a button is pressed: nothing is half done, everything stays readable, and
with some room the same press goes through."""

from __future__ import annotations

from collections import Counter
from itertools import count
from pathlib import Path

import pytest
from flask import Flask

from tests.conftest import dispose
from tests.trouble.hindered import full
from tests.trouble.office import app_of, broken
from tests.trouble.story import ALL, FEW, content_of, story
from wibawa.database import db

NEED_ROOM = {"portfolio", "upload", "posting"}  # the others fit into pages that there are


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("rows", "each"), [(FEW, 5), pytest.param(ALL, 1, marks=pytest.mark.soak)])
def test_a_disk_that_is_full_at_a_page_stops_the_whole_deed_and_it_goes_through_later(
    app: Flask, people: dict[str, int], database_url: str, tmp_path: Path, rows: int, each: int
) -> None:
    office, stopped = app_of(database_url), Counter[str]()
    for deed in story(office, tmp_path, rows):
        before = content_of(office)
        for pages in count(0, each):
            with full(office, pages):
                said = deed.press()
                assert deed.look() == 200, f"{deed.name} with {pages} pages"
            if not said:
                break
            stopped[deed.name] += 1
            assert "Penyimpanan penuh" in said, f"{deed.name} with {pages} pages"
            assert content_of(office) == before, f"{deed.name} with {pages} pages"
        with office.app_context():
            assert broken(db.session()) == [], deed.name
            db.session.remove()
    print(dict(stopped))
    assert set(stopped) >= NEED_ROOM | ({"undoing"} if rows == ALL else set())
    dispose(office)
