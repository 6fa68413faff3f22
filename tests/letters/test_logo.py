"""The logo and the paper size of the office: what is taken, and that issued papers keep theirs."""

from __future__ import annotations

import datetime as dt
import io
import re
from collections.abc import Callable
from dataclasses import replace

import pytest
import time_machine
from flask import Flask
from PIL import Image, ImageDraw
from pypdf import PdfReader
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests import factories
from tests.conftest import prepared
from tests.letters.test_office import ADDRESS, entry, text_of
from wibawa.letters.actions import keep_logo
from wibawa.letters.documents import PaperKind, letter_data, letter_from
from wibawa.letters.models import OfficeLogo, OfficeProfile
from wibawa.letters.queries import DamagedPaper, logos_of, newest_profile, paper_data
from wibawa.papers.actions import Clerk, issue
from wibawa.printing.issued import paper_pdf
from wibawa.printing.letters import letter_pdf
from wibawa.web.clock import now

SignIn = Callable[[str], factories.Client]
SITE = "https://wibawa.example"
A4, F4 = (595.28, 841.89), (609.45, 935.43)


def picture(size: tuple[int, int] = (240, 300), kind: str = "PNG", color: str = "navy") -> bytes:
    """A disc on a ground that one can see through."""
    image = Image.new("RGBA", size)
    ImageDraw.Draw(image).ellipse((10, 10, size[0] - 10, size[1] - 10), fill=color)
    out = io.BytesIO()
    (image if kind == "PNG" else image.convert("RGB")).save(out, kind)
    return out.getvalue()


def send(client: factories.Client, content: bytes | None = None, **changes: str) -> object:
    data: dict[str, object] = dict(entry(client, **changes))
    if content is not None:
        data["logo_file"] = (io.BytesIO(content), "logo.png")
    return client.post(ADDRESS, data=data, content_type="multipart/form-data")


def kept_logo(session: Session) -> str:
    session.rollback()
    return newest_profile(session).logo


def test_a_picture_is_kept_drawn_anew_and_shown_with_its_entry(
    sign_in: SignIn, session: Session
) -> None:
    client = sign_in("admin")
    assert send(client, picture(), paper="F4").status_code == 302  # type: ignore[attr-defined]
    page = text_of(client.get(ADDRESS))
    assert "Kertas F4, dengan logo." in page
    link = re.search(r'src="(/pengaturan/kop-surat/logo/[0-9a-f]{64}\.jpg)"', page)
    assert link
    answer = client.get(link[1])
    assert answer.mimetype == "image/jpeg"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    image = Image.open(io.BytesIO(answer.get_data()), formats=("JPEG",))
    assert image.size == (240, 300)
    red, green, blue = image.getpixel((2, 2))  # type: ignore[misc]
    assert min(red, green, blue) > 250, "what is transparent is white paper"
    assert client.get("/pengaturan/kop-surat/logo/apa.jpg").status_code == 404


def test_a_logo_stays_until_another_one_comes_or_it_is_taken_off(
    sign_in: SignIn, session: Session
) -> None:
    client = sign_in("admin")
    send(client, picture())
    first = kept_logo(session)
    send(client, phone="(024) 1")
    assert kept_logo(session) == first
    send(client, picture(color="maroon"))
    second = kept_logo(session)
    assert second not in ("", first)
    send(client, no_logo="y")
    assert kept_logo(session) == ""
    send(client, picture())
    assert kept_logo(session) == first
    assert session.scalar(select(func.count()).select_from(OfficeLogo)) == 2


BOMB = picture((2100, 2000))
HEAVY = picture() + b"\0" * (200 * 1024)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "Berkasnya kosong"),
        (b"GIF89a" + b"\0" * 200, "Ini bukan gambar PNG atau JPEG"),
        (b"%PDF-1.7\n%%EOF", "Ini bukan gambar PNG atau JPEG"),
        (picture()[:200], "Gambarnya rusak atau terpotong"),
        (picture((99, 300)), "kurang dari 100 piksel"),
        (BOMB, "lebih dari 4 juta piksel"),
        (HEAVY, "lebih dari 200 KB"),
    ],
    ids=["empty", "gif", "pdf", "cut", "tiny", "pixels", "heavy"],
)
def test_what_is_no_small_picture_is_refused_in_words_and_nothing_changes(
    content: bytes, said: str, sign_in: SignIn, session: Session
) -> None:
    client = sign_in("admin")
    answer = send(client, content)
    if content:
        assert answer.status_code == 422  # type: ignore[attr-defined]
        assert said in text_of(answer)
        assert session.scalar(select(func.count()).select_from(OfficeProfile)) == 1
    assert session.scalar(select(func.count()).select_from(OfficeLogo)) == 0


def test_a_new_logo_and_no_logo_at_once_are_one_too_many(sign_in: SignIn) -> None:
    answer = send(sign_in("admin"), picture(), no_logo="y")
    assert "Pilih satu saja" in text_of(answer)


def test_a_file_that_is_far_too_large_never_reaches_the_page(sign_in: SignIn) -> None:
    answer = send(sign_in("admin"), b"\x89PNG\r\n\x1a\n" + b"\0" * 400 * 1024)
    assert answer.status_code == 413  # type: ignore[attr-defined]


def _loan(session: Session, people: dict[str, int]) -> int:
    return factories.loan(session, people["staff"], people["approver"])


loan = prepared(_loan)


def pages_of(pdf: bytes) -> tuple[list[tuple[float, float]], int]:
    """The size of each page, and how many pictures stand on the first."""
    pages = PdfReader(io.BytesIO(pdf), strict=True).pages
    sizes = [(float(page.mediabox.width), float(page.mediabox.height)) for page in pages]
    return sizes, len(pages[0].images)


@pytest.mark.parametrize("kind", [PaperKind.CARD, PaperKind.SCHEDULE])
def test_an_issued_paper_keeps_its_sheet_and_its_logo_whatever_comes_later(
    kind: PaperKind,
    sign_in: SignIn,
    session: Session,
    people: dict[str, int],
    loan: int,
    clock: time_machine.Traveller,
) -> None:
    client = sign_in("admin")
    send(client, picture(), paper="F4")

    def paper() -> int:
        made = issue(session, loan, kind, Clerk(people["staff"], "Ani", now()))
        session.commit()
        return made

    def printed(number: int) -> bytes:
        data = paper_data(session, number)
        assert data is not None
        return paper_pdf(data, SITE, logos_of(session))

    session.rollback()
    first = paper()
    before = printed(first)
    assert pages_of(before) == ([pytest.approx(F4, abs=0.01)], 1)
    session.rollback()
    send(client, no_logo="y", paper="A4")
    clock.shift(dt.timedelta(days=365))
    session.rollback()
    assert printed(first) == before
    if kind is PaperKind.CARD:
        assert pages_of(printed(paper())) == ([pytest.approx(A4, abs=0.01)], 0)


def test_papers_of_before_are_a4_with_the_mark(session: Session, people: dict[str, int],
                                               loan: int) -> None:  # fmt: skip
    made = issue(session, loan, PaperKind.CARD, Clerk(people["staff"], "Ani", now()))
    data = paper_data(session, made)
    assert data is not None
    today = paper_pdf(data, SITE)
    for name in ("logo", "paper"):
        del data["letter"]["heading"]["letterhead"][name]
    assert paper_pdf(data, SITE) == today
    assert pages_of(today) == ([pytest.approx(A4, abs=0.01)], 0)


def test_a_logo_that_is_not_the_one_that_was_kept_is_not_printed(
    session: Session, people: dict[str, int]
) -> None:
    false = OfficeLogo(digest="0" * 64, content=b"another", entered_by=people["staff"],
                       entered_at=now())  # fmt: skip
    session.add(false)
    session.flush()
    for digest in ("0" * 64, "1" * 64):
        with pytest.raises(DamagedPaper):
            logos_of(session)(digest)


def test_a_file_holds_a_logo_once_and_as_the_jpeg_that_it_is(
    session: Session, people: dict[str, int], loan: int
) -> None:
    made = issue(session, loan, PaperKind.CARD, Clerk(people["staff"], "Ani", now()))
    data = paper_data(session, made)
    assert data is not None
    wide = Image.new("RGB", (400, 120), "teal")
    out = io.BytesIO()
    wide.save(out, "JPEG")
    digest = keep_logo(session, out.getvalue(), people["staff"], now())
    old = letter_from(data["letter"])
    head = replace(old.heading.letterhead, logo=digest, paper="F4")
    new = replace(old, heading=replace(old.heading, letterhead=head))
    assert letter_from(letter_data(new)) == new
    pdf = letter_pdf(new, SITE, logos_of(session))
    assert pdf.count(out.getvalue()) == 1


def test_only_who_manages_the_office_sees_the_settings_logo(
    app: Flask, sign_in: SignIn, session: Session
) -> None:
    send(sign_in("admin"), picture())
    digest = kept_logo(session)
    session.rollback()
    assert sign_in("staff").get(f"/pengaturan/kop-surat/logo/{digest}.jpg").status_code == 403
