"""The second factor: RFC 6238's own vectors, setting it up, and what the database keeps."""

from __future__ import annotations

import datetime as dt
import re

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from tests.access.steps import Enter, change, code_of, send_in, set_up
from tests.conftest import SOAK_ON_BOTH
from wibawa.access import second_factor
from wibawa.access.models import RecoveryCode, SecondFactor
from wibawa.database import db
from wibawa.web.clock import now

RFC_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # "12345678901234567890"


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
class TestPages:
    def test_who_scans_and_types_the_code_has_codes_from_then_on(
        self, app: Flask, sign_in: Enter
    ) -> None:
        staff, elsewhere = sign_in("staff"), sign_in("staff")
        page = staff.get("/akun/kode").get_data(as_text=True)
        assert '<svg class="qr"' in page
        secret, offer = _offered(page)
        body = {"offer": offer, "code": code_of(secret)}
        done = staff.post("/akun/kode", data=body).get_data(as_text=True)
        codes = re.findall(r'<li class="code">([^<]+)</li>', done)
        assert len(set(codes)) == 10
        assert staff.get("/").status_code == 200
        assert elsewhere.get("/").status_code == 302
        assert send_in(app, "staff").headers["Location"] == "/masuk/kode"
        with app.app_context():
            kept = db.session.scalars(select(SecondFactor)).one()
            assert secret.encode() not in kept.secret
            hashes = list(db.session.scalars(select(RecoveryCode.code_hash)))
        assert all(code.encode() not in each for each in hashes for code in codes)

    def test_a_wrong_code_leaves_the_same_picture_and_sets_nothing_up(
        self, app: Flask, sign_in: Enter
    ) -> None:
        staff = sign_in("staff")
        secret, offer = _offered(staff.get("/akun/kode").get_data(as_text=True))
        wrong = f"{(int(code_of(secret)) + 1) % 1_000_000:06}"
        again = staff.post("/akun/kode", data={"offer": offer, "code": wrong})
        page = again.get_data(as_text=True)
        assert "Kode tidak cocok" in page
        assert _offered(page) == (secret, offer)
        assert send_in(app, "staff").headers["Location"] == "/"

    def test_an_offer_is_of_one_person_and_of_half_an_hour(
        self, app: Flask, sign_in: Enter, clock: time_machine.Traveller
    ) -> None:
        staff, other = sign_in("staff"), sign_in("staff2")
        secret, offer = _offered(staff.get("/akun/kode").get_data(as_text=True))
        for taken in (offer, "", "zz", offer[:-2]):
            body = {"offer": taken, "code": code_of(secret)}
            said = other.post("/akun/kode", data=body).get_data(as_text=True)
            assert "Kode tidak cocok" in said
        clock.shift(dt.timedelta(minutes=29, seconds=59))
        late = sign_in("staff")
        clock.shift(dt.timedelta(seconds=1))
        body = {"offer": offer, "code": code_of(secret)}
        assert "Kode tidak cocok" in late.post("/akun/kode", data=body).get_data(as_text=True)

    def test_an_office_that_requires_codes_lets_nobody_of_the_role_go_on_without(
        self, app: Flask, people: dict[str, int], sign_in: Enter
    ) -> None:
        change(app, people["admin"], second_factor_roles="approver,administrator")
        assert sign_in("staff").get("/").status_code == 200
        approver = sign_in("approver")
        assert approver.get("/pencairan").headers["Location"] == "/akun/kode"
        page = approver.get("/akun/kode").get_data(as_text=True)
        assert "wajib memakai kode" in page
        secret, offer = _offered(page)
        approver.post("/akun/kode", data={"offer": offer, "code": code_of(secret)})
        assert approver.get("/pencairan").status_code == 200
        kept = approver.post("/akun/kode/matikan", follow_redirects=True)
        assert "wajib memakai kode" in kept.get_data(as_text=True)
        assert send_in(app, "approver").headers["Location"] == "/masuk/kode"

    def test_who_need_not_have_codes_may_turn_them_off(
        self, app: Flask, people: dict[str, int]
    ) -> None:
        secret, _ = set_up(app, people["staff"])
        staff = app.test_client()
        send_in(app, "staff", client=staff)
        staff.post("/masuk/kode", data={"code": code_of(secret)})
        staff.post("/akun/kode/matikan")
        assert send_in(app, "staff").headers["Location"] == "/"


def _offered(page: str) -> tuple[str, str]:
    secret = re.search(r'<span class="code">([A-Z2-7 ]+)</span>', page)
    offer = re.search(r'name="offer"[^>]* value="([0-9a-f]+)"', page)
    assert secret
    assert offer
    return secret[1].replace(" ", ""), offer[1]


@pytest.mark.parametrize(
    ("moment", "code"),
    [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
        (20_000_000_000, "353130"),
    ],
)
def test_the_codes_are_those_of_rfc_6238(moment: int, code: str) -> None:
    """Appendix B, SHA1, the last six of its eight figures."""
    at = dt.datetime.fromtimestamp(moment, dt.UTC)
    step = dt.timedelta(seconds=30)
    assert second_factor.step_of(RFC_SECRET, code, at) == moment // 30
    assert second_factor.step_of(RFC_SECRET, f" {code[:3]} {code[3:]} ", at) == moment // 30
    assert second_factor.step_of(RFC_SECRET, code, at + step) == moment // 30
    assert second_factor.step_of(RFC_SECRET, code, at - step) == moment // 30
    assert second_factor.step_of(RFC_SECRET, code, at + 2 * step) is None
    assert second_factor.step_of(RFC_SECRET, code, at - 2 * step) is None
    assert second_factor.step_of(RFC_SECRET, "", at) is None
    assert second_factor.step_of(RFC_SECRET, "٢٨٧٠٨٢", at) is None


def test_a_code_is_taken_once_and_none_before_it(
    app: Flask, people: dict[str, int], clock: time_machine.Traveller
) -> None:
    secret, _ = set_up(app, people["staff"])
    before, here = code_of(secret, -1), code_of(secret)
    with app.app_context():
        session = db.session()
        assert second_factor.take(session, people["staff"], here, now())
        assert not second_factor.take(session, people["staff"], here, now())
        assert not second_factor.take(session, people["staff"], before, now())
        clock.shift(30)
        assert not second_factor.take(session, people["staff"], here, now())
        assert second_factor.take(session, people["staff"], code_of(secret), now())
        assert not second_factor.take(session, people["staff2"], code_of(secret), now())
        session.rollback()
