"""The register of processing activities, as a page and as a file."""

from __future__ import annotations

import html
import io
from collections.abc import Callable

import openpyxl
import pytest
from flask import Flask

from tests import factories
from tests.conftest import SOAK_ON_BOTH
from wibawa.privacy.activities import ACTIVITIES, HEADINGS

SignIn = Callable[[str], factories.Client]


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
def test_every_activity_stands_on_the_page_and_in_the_file(
    app: Flask, people: dict[str, int], sign_in: SignIn
) -> None:
    client = sign_in("auditor")
    page = html.unescape(client.get("/pelindungan-data").get_data(as_text=True))
    book = openpyxl.load_workbook(
        io.BytesIO(client.get("/pelindungan-data/kegiatan.xlsx").data), read_only=True
    )
    rows = [[cell.value for cell in row] for row in book.worksheets[0].iter_rows()]
    assert list(HEADINGS) in rows
    for each in ACTIVITIES:
        assert all(each), each.name
        assert each.name in page
        assert list(each) in rows
