from __future__ import annotations

import re

import pytest
from flask import Flask

from tests.access.steps import Enter, code_of, send_in, set_up
from tests.conftest import SOAK_ON_BOTH


def test_a_code_on_paper_lets_its_owner_in_once(app: Flask, people: dict[str, int]) -> None:
    _, codes = set_up(app, people["staff"])
    _, of_another = set_up(app, people["staff2"])
    for typed, lets_in in (
        (of_another[0], False),
        (codes[0].upper().replace("-", " "), True),
        (codes[0], False),
        (codes[1], True),
    ):
        client = app.test_client()
        send_in(app, "staff", client=client)
        answer = client.post("/masuk/kode", data={"code": typed})
        assert answer.status_code == (302 if lets_in else 200), typed
    page = client.get("/").get_data(as_text=True)
    assert "sisa 8" in page


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
def test_new_codes_end_the_old_ones(app: Flask, people: dict[str, int], sign_in: Enter) -> None:
    secret, old = set_up(app, people["staff"])
    client = app.test_client()
    send_in(app, "staff", client=client)
    client.post("/masuk/kode", data={"code": code_of(secret)})
    page = client.post("/akun/kode/pemulihan").get_data(as_text=True)
    new = re.findall(r'<li class="code">([^<]+)</li>', page)
    assert len(new) == 10
    for typed, status in ((old[5], 200), (new[5], 302)):
        other = app.test_client()
        send_in(app, "staff", client=other)
        assert other.post("/masuk/kode", data={"code": typed}).status_code == status
    without = sign_in("staff2").post("/akun/kode/pemulihan")
    assert without.headers["Location"] == "/akun/kode"
