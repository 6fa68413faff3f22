"""The page on which anybody may check a paper: what it tells, to whom, and what it never tells."""

from __future__ import annotations

import datetime as dt
import html
import io
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import time_machine
from flask import Flask
from pypdf import PdfReader
from reportlab.graphics.barcode import qr as other
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from tests import factories
from tests.conftest import InspectedClient, prepared
from tests.notices.steps import issued, told
from wibawa.letters.actions import withdraw
from wibawa.letters.documents import masked_name
from wibawa.letters.models import IssuedPaper
from wibawa.letters.queries import letter, paper_data
from wibawa.printing import qr
from wibawa.printing.letters import letter_pdf
from wibawa.rules.statuses import State
from wibawa.web.brake import MOST_ADDRESSES, Brake
from wibawa.web.clock import now

SignIn = Callable[[str], factories.Client]


@pytest.fixture
def stranger(app: Flask) -> InspectedClient:
    """Somebody with a telephone who never signed in."""
    app.test_client_class = InspectedClient
    return app.test_client()  # type: ignore[return-value]


def _paper(session: Session, people: dict[str, int]) -> int:
    """An approval that was issued to Siti Rahayu."""
    return issued(session, people, told(session, people, State.APPROVED, name="Siti Rahayu"))


paper = prepared(_paper)


def token_of(session: Session, paper_id: int) -> str:
    data = paper_data(session, paper_id)
    session.rollback()
    assert data is not None
    return str(data["letter"]["heading"]["token"])


def seen(answer: Any) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True))).split())


def test_it_tells_number_kind_date_and_a_masked_name_and_nothing_else(
    stranger: InspectedClient, session: Session, paper: int
) -> None:
    answer = stranger.get(f"/cek/{token_of(session, paper)}")
    assert answer.status_code == 200
    said = seen(answer)
    for part in ("Berlaku", "001/SETUJU/KW/XI/2026", "Persetujuan bank", "24 November 2026",
                 "S*** R***"):  # fmt: skip
        assert part in said
    for secret in ("Siti", "Rahayu", "PM-000001", "Rp", "Bank Pasar", "3374", "************"):
        assert secret not in said


def test_nobody_else_keeps_the_page_or_learns_its_address(
    stranger: InspectedClient, session: Session, paper: int
) -> None:
    headers = stranger.get(f"/cek/{token_of(session, paper)}").headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Robots-Tag"].startswith("noindex")
    assert headers["Referrer-Policy"] == "no-referrer"


def test_a_paper_that_was_withdrawn_says_so(
    stranger: InspectedClient, session: Session, people: dict[str, int], paper: int
) -> None:
    withdraw(session, paper, "Salah alamat", people["staff"], now())
    session.commit()
    said = seen(stranger.get(f"/cek/{token_of(session, paper)}"))
    assert "Tidak berlaku lagi" in said
    assert "masih berlaku" not in said
    assert "Salah alamat" not in said, "why is the office's own matter"


@pytest.mark.parametrize("token", ["x", "A" * 32, "A" * 4_000, "%00x", "é"])
def test_a_code_that_is_not_ours_gets_the_same_page_in_words(
    stranger: InspectedClient, paper: int, token: str
) -> None:
    answer = stranger.get(f"/cek/{token}")
    if token == "%00x":
        assert answer.status_code == 400
        return
    assert answer.status_code == 404
    assert "Kode tidak dikenal" in seen(answer)
    assert "Periksa surat" in seen(answer)


def test_a_code_is_found_whole_and_in_its_own_letters_only(
    stranger: InspectedClient, session: Session, paper: int
) -> None:
    token = token_of(session, paper)
    assert len(token) == 32  # 24 bytes, 192 bits
    for wrong in (token[:-1], token + "A", token.swapcase()):
        assert stranger.get(f"/cek/{wrong}").status_code == 404


def test_a_known_and_an_unknown_code_cost_the_same_queries(
    app: Flask, stranger: InspectedClient, session: Session, paper: int
) -> None:
    token = token_of(session, paper)
    counts = []
    for each in (token, "A" * 32):
        stranger.get(f"/cek/{each}")  # the first request also looks at the schema
        with factories.counted_queries(app) as queries:
            stranger.get(f"/cek/{each}")
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_the_database_alone_does_not_hold_the_code(session: Session, paper: int) -> None:
    token = token_of(session, paper).encode()
    row = session.execute(select(IssuedPaper.data, IssuedPaper.token_hash)).one()
    assert row.token_hash is not None
    assert token not in row.data + row.token_hash


def test_two_papers_cannot_carry_the_same_code(
    session: Session, people: dict[str, int], paper: int
) -> None:
    other = issued(session, people, told(session, people, State.REFUSED_BY_OFFICE, number=2))
    session.commit()
    assert token_of(session, paper) != token_of(session, other)


def test_a_paper_of_before_has_no_code_and_prints_without(session: Session, paper: int) -> None:
    kept = letter(session, paper)
    assert kept is not None
    old = replace(kept, heading=replace(kept.heading, token=""))
    assert letter_pdf(old, "https://wibawa.example") == letter_pdf(old, "")
    assert "Pindai" not in flat(letter_pdf(old, "https://wibawa.example"))


def test_the_code_on_the_paper_leads_to_the_setting_else_to_the_host_that_was_asked(
    app: Flask, sign_in: SignIn, session: Session, paper: int
) -> None:
    kept = letter(session, paper)
    session.rollback()
    assert kept is not None
    client = sign_in("staff")
    for setting, site in (
        ("", "http://localhost"),
        ("https://wibawa.example/", "https://wibawa.example"),
    ):
        app.config["PUBLIC_URL"] = setting
        answer = client.get(f"/surat-keluar/{paper}/surat.pdf")
        assert answer.get_data() == letter_pdf(kept, site)
    assert letter_pdf(kept, "https://a.example") != letter_pdf(kept, "https://b.example")
    assert "Pindai untuk memeriksa keasliannya" in flat(letter_pdf(kept, "https://a.example"))


def flat(pdf: bytes) -> str:
    pages = PdfReader(io.BytesIO(pdf), strict=True).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


def test_what_is_drawn_is_module_by_module_the_code_of_another_library() -> None:
    """62 bytes fill the code exactly; what pads a shorter one may differ between libraries."""
    address = qr.check_address("https://kreditwibawa.example", "A" * 29)
    assert len(address) == 62
    drawn: list[str] = []

    class Sheet:
        def addLiteral(self, code: str) -> None:  # noqa: N802 - ReportLab's name
            drawn.append(code)

    qr.draw_code(Sheet(), address, 10, 20, 62)
    rectangles = re.findall(r"(\d+) (\d+) (\d+) 1 re", drawn[0])
    dark = {(int(x) + n, int(y)) for x, y, wide in rectangles for n in range(int(wide))}
    theirs = other.QrCodeWidget(address, barLevel="M").qr
    theirs.version = theirs.calculate_version()
    theirs.makeImpl(False, qr.MASK)
    top = len(theirs.modules) - 1
    assert dark == {
        (x, top - y) for y, row in enumerate(theirs.modules) for x, on in enumerate(row) if on
    }


def test_a_hundred_questions_a_minute_are_too_many_and_the_next_minute_is_free(
    app: Flask, stranger: InspectedClient, clock: time_machine.Traveller
) -> None:
    app.config["CHECKS_A_MINUTE"] = 5
    codes = [stranger.get("/cek/A").status_code for _ in range(7)]
    assert codes == [404] * 5 + [429] * 2
    assert "Tunggu satu menit" in seen(stranger.get("/cek/A"))
    clock.shift(dt.timedelta(minutes=1))
    assert stranger.get("/cek/A").status_code == 404


def test_the_brake_counts_each_address_by_itself_and_never_fills_the_memory() -> None:
    brake, moment = Brake(2, 60), dt.datetime(2026, 11, 24, tzinfo=dt.UTC)
    assert [brake.lets("a", moment) for _ in range(3)] == [True, True, False]
    assert brake.lets("b", moment)
    for number in range(MOST_ADDRESSES * 2):
        brake.lets(str(number), moment)
    assert len(brake._seen) <= MOST_ADDRESSES


def test_the_brake_counts_the_many_addresses_of_one_subscriber_as_one() -> None:
    brake, moment = Brake(2, 60), dt.datetime(2026, 11, 24, tzinfo=dt.UTC)
    asked = [brake.lets(f"2001:db8:1:2::{number:x}", moment) for number in range(3)]
    assert asked == [True, True, False]
    assert brake.lets("2001:db8:1:3::1", moment), "the neighbour"
    assert [brake.lets(f"203.0.113.{number}", moment) for number in range(3)] == [True] * 3


@pytest.mark.parametrize(
    ("name", "masked"),
    [("Siti Rahayu", "S*** R***"), ("Ng", "N***"), ("", ""), ("  D'Arcy  陳 ", "D*** 陳***")],
)
def test_a_masked_name_tells_first_letters_only(name: str, masked: str) -> None:
    assert masked_name(name) == masked


def test_a_search_for_anything_but_the_code_finds_nothing(
    stranger: InspectedClient, session: Session, paper: int
) -> None:
    number = session.scalar(text("SELECT number FROM issued_papers"))
    session.rollback()
    for guess in (str(paper), str(number).replace("/", "-")):
        assert stranger.get(f"/cek/{guess}").status_code == 404
