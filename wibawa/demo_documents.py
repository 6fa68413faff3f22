"""Papers of the demo office: drawn pictures that say what they would show, and of whom."""

from __future__ import annotations

import io
from collections.abc import Collection

from PIL import Image, ImageDraw, ImageFont
from sqlalchemy.orm import Session

from wibawa.applications.moves import Author
from wibawa.applications.queries import Case
from wibawa.banks.queries import terms_on
from wibawa.scans.actions import Keeper, keep_scan
from wibawa.scans.queries import Owner, kinds_on
from wibawa.scans.reader import JPEG, Scan

ROOM = 40 * 1024 * 1024
PAPER, INK, LINE = "#f6f3e8", "#24483a", "#8a9c8f"


def keep_papers(
    session: Session, found: Case, author: Author, left_out: Collection[str] | None
) -> None:
    """Keep what such a borrower must show, but for the codes that are `left_out`; None: the first
    paper only."""
    facts, keeper = found.facts, Keeper(author.id, author.now, ROOM)
    needed = {"always"}
    if facts.amount > terms_on(session, author.today).collateral_free_limit:
        needed.add("above_limit")
    asked = [each for each in kinds_on(session, found.borrower.kind, author.today)
             if each.needed in needed]  # fmt: skip
    for kind in asked[:1] if left_out is None else asked:
        if kind.code in (left_out or ()):
            continue
        borrower_id = found.borrower.id if kind.of_borrower else None
        owner = Owner(borrower_id, None if kind.of_borrower else facts.id)
        keep_scan(session, owner, kind, example(kind.name, found.borrower.name), keeper)


def photos(found: Case) -> list[Scan]:
    """Two photos of a visit."""
    return [example(f"Foto kunjungan {n}", found.borrower.name) for n in (1, 2)]


def example(title: str, name: str) -> Scan:
    """A picture with its title and the name of a person of the demo office."""
    image = Image.new("RGB", (960, 600), PAPER)
    draw = ImageDraw.Draw(image)
    draw.rectangle((24, 24, 935, 575), outline=LINE, width=4)
    for top, size, words in ((70, 52, title), (170, 36, name), (480, 30, "CONTOH")):
        draw.text((70, top), words, fill=INK, font=ImageFont.load_default(size))
    for row in range(4):
        draw.line((70, 270 + 44 * row, 600 - 60 * (row % 2), 270 + 44 * row), fill=LINE, width=6)
    stored = _jpeg(image)
    image.thumbnail((240, 240))
    return Scan(JPEG, stored, _jpeg(image))


def _jpeg(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=70)
    return out.getvalue()
