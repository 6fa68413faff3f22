"""An incident is written down once, with times that can be."""

from __future__ import annotations

import html

import pytest
from flask import Flask

from tests.conftest import SOAK_ON_BOTH
from tests.privacy.test_incident import LIST, NEW, SignIn, said, step

pytestmark = pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)


def test_what_is_impossible_is_refused_in_words(
    app: Flask, people: dict[str, int], sign_in: SignIn
) -> None:
    staff = sign_in("staff")
    for changes, expected in (
        ({"noticed_on": "25/11/2026"}, "belum tiba"),
        ({"happened_on": "24/11/2026"}, "tidak mungkin diketahui sebelum terjadi"),
        ({"noticed_time": "siang"}, "Tulis jam seperti 09.30"),
    ):
        answer = staff.post(f"{LIST}/baru", data=NEW | changes)
        assert expected in html.unescape(answer.get_data(as_text=True))
    assert "Belum ada insiden" in said(staff, LIST)
    staff.post(f"{LIST}/baru", data=NEW)
    staff.post(f"{LIST}/baru", data=NEW)
    assert said(staff, LIST).count("Berkas terkirim ke alamat salah") == 1
    assert step(staff, "note", "22/11/2026", "10.00", "b") == 409
