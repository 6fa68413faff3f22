"""The list of incidents: the open ones on top, each with what is left of its time."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.conftest import SOAK_ON_BOTH
from tests.privacy.test_incident import LIST, NEW, SignIn, said, step

pytestmark = pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)


def test_open_incidents_stand_above_closed_ones_with_the_hours_that_are_left(
    app: Flask, people: dict[str, int], sign_in: SignIn
) -> None:
    staff = sign_in("staff")
    staff.post(f"{LIST}/baru", data=NEW)
    later = {"title": "Laptop petugas hilang", "noticed_on": "24/11/2026", "happened_on": "",
             "happened_time": "", "affected": "", "request_key": "z" * 32}  # fmt: skip
    staff.post(f"{LIST}/baru", data=NEW | later)
    for kind, key in (("authority", "b"), ("persons", "c"), ("closed", "d")):
        assert step(staff, kind, "24/11/2026", "09.00", key) == 302
    page = said(sign_in("auditor"), LIST)
    assert page.index("Laptop petugas hilang") < page.index("Berkas terkirim ke alamat salah")
    assert "Sisa 72 jam" in page
    assert "belum diketahui" in page
    assert "Ditutup" in page
    assert "Catat insiden" not in page, "an auditor only reads"
