"""How papers look under the office's settings, before any is issued."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import pytest
from pypdf import PdfReader

from tests import factories
from tests.letters.test_logo import ADDRESS, F4, picture, send

SignIn = Callable[[str], factories.Client]


def test_each_entry_of_the_settings_shows_its_own_sample(sign_in: SignIn) -> None:
    client = sign_in("admin")
    send(client, picture(), paper="F4", valid_from="01/02/2027")
    links = re.findall(r'"(/pengaturan/kop-surat/\d+/contoh\.pdf)"',
                       client.get(ADDRESS).get_data(as_text=True))  # fmt: skip
    assert len(links) == 2
    new, old = (PdfReader(io.BytesIO(client.get(link).get_data()), strict=True) for link in links)
    assert len(new.pages[0].images) == 1
    assert not old.pages[0].images
    size = new.pages[0].mediabox
    assert (float(size.width), float(size.height)) == pytest.approx(F4, abs=0.01)
    text = " ".join(new.pages[0].extract_text().split())
    for said in ("CONTOH", "Dra. Ratna Kusuma, M.M.", "1 Februari 2027", "bukan surat yang terbit"):
        assert said in text
    assert client.get("/pengaturan/kop-surat/999/contoh.pdf").status_code == 404
