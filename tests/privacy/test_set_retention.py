"""For how long data is kept is a dated setting with a reason."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from tests.conftest import SOAK_ON_BOTH
from tests.privacy.people import known
from tests.privacy.test_retention_list import PAGE, SignIn


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
def test_a_longer_time_is_a_dated_setting_with_a_reason(
    app: Flask, people: dict[str, int], sign_in: SignIn
) -> None:
    known(app, people)
    approver = sign_in("approver")
    form = approver.get(f"{PAGE}/ketentuan").get_data(as_text=True)
    seen = re.search(r'name="shown"[^>]*value="(\d+)"', form)
    assert seen
    body = {"kind": "without_loan", "years": "20", "valid_from": "24/11/2026",
            "reason": "Jadwal retensi arsip", "shown": seen[1]}  # fmt: skip
    saved = approver.post(f"{PAGE}/ketentuan", data=body)
    assert saved.headers["Location"] == f"{PAGE}?jenis=without_loan", "where it shows"
    page = approver.get(PAGE).get_data(as_text=True)
    assert "20 tahun" in page
    assert "Belum ada yang lewat masa simpannya" in page
    body |= {"valid_from": "23/11/2026", "years": "5"}
    assert approver.post(f"{PAGE}/ketentuan", data=body).status_code == 409
