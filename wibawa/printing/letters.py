"""Draw letters as PDF: the letter upright, its attached list on broad pages behind it.

Only what the letter itself says is drawn, so the same letter always gives the same bytes.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from functools import partial
from io import BytesIO
from typing import Any

from reportlab.lib.enums import TA_CENTER
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
    KeepTogether,
    NextPageTemplate,
    PageBreak,
    PageTemplate,
    Spacer,
    Table,
)

from wibawa.letters.documents import AttachedList, Facts, Heading, Letter, Signatory
from wibawa.printing.blocks import LEADING, block_parts, facts_table, grid_table, paragraph, plain
from wibawa.printing.documents import WIB, Paper, date_stamp
from wibawa.printing.fonts import BOLD, REGULAR, TextBlock, fit, tidy
from wibawa.printing.letterhead import (
    FOOT,
    HAIR,
    MARGIN,
    MUTED,
    TOP,
    Logos,
    draw_letterhead,
    no_logo,
)
from wibawa.printing.qr import CAPTION, check_address, draw_code
from wibawa.rules.dates import long_date

LETTERHEAD = 76.0
SIGNING_ROOM, LEAST_ROOM = 62.0, 40.0
BEFORE_SIGNATURE = 0.44  # of the width
CODE = 62.0
LABEL_ROOM = 62.0


def _size(letter: Letter) -> tuple[float, float]:
    """Width and height of the sheet that the letter names."""
    return Paper[letter.heading.letterhead.paper].value


def _width(letter: Letter) -> float:
    """How wide its text runs."""
    return _size(letter)[0] - 2 * MARGIN


class _Pages(Canvas):  # type: ignore[misc]
    """A canvas that knows, when it writes a page, how many there are."""

    def __init__(self, *args: Any, letters: Sequence[Letter], outline: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        stamp = date_stamp(dt.datetime.combine(letters[0].heading.date, dt.time(), WIB))
        self.setDateFormatter(lambda *_: stamp)
        self._letters, self._outline = letters, outline
        self.letter = 0  # whose pages are drawn; a page template says so
        self._kept: list[dict[str, Any]] = []

    def showPage(self) -> None:  # noqa: N802 - ReportLab's name
        self._kept.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        counts, pages = Counter(kept["letter"] for kept in self._kept), Counter[int]()
        for kept in self._kept:
            self.__dict__.update(kept)
            pages[self.letter] += 1
            page, title = pages[self.letter], self._letters[self.letter].title
            if self._outline and page == 1:
                self.bookmarkPage(f"letter-{self.letter}")
                self.addOutlineEntry(tidy(title), f"letter-{self.letter}")
            self._foot(title, f"Halaman {page} dari {counts[self.letter]}")
            super().showPage()
        super().save()

    def _foot(self, named: str, folio: str) -> None:
        right = self._pagesize[0] - MARGIN
        self.setStrokeColorRGB(*HAIR)
        self.setLineWidth(0.5)
        self.line(MARGIN, FOOT, right, FOOT)
        text = TextBlock(self)
        title = fit(named, REGULAR, 7.4, right - MARGIN - 90)
        text.set(MARGIN, FOOT - 11, title, MUTED)
        text.set(right, FOOT - 11, fit(folio, REGULAR, 7.4, 86), MUTED, 1)
        text.end()


class _Code(Flowable):  # type: ignore[misc]
    """The code that leads to the public page, with a line that says so."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self._address = address
        self.width, self.height = 130.0, CODE + 12

    def draw(self) -> None:
        draw_code(self.canv, self._address, 0, 10, CODE)
        text = TextBlock(self.canv)
        text.set(0, 0, fit(CAPTION, REGULAR, 7, 140), MUTED)
        text.end()


class _Ending(KeepTogether):  # type: ignore[misc]
    """The end of a letter, on one page: as it should be, or closer where that saves a page."""

    def __init__(self, roomy: list[Flowable], close: list[Flowable]) -> None:
        super().__init__(roomy)
        self._close = close

    def split(self, width: float, height: float) -> list[Flowable]:
        roomy, close = (
            sum(part.wrapOn(self.canv, width, height)[1] + part.getSpaceAfter() for part in parts)
            for parts in (self._content, self._close)
        )
        if close <= height < roomy:
            return self._close
        found: list[Flowable] = super().split(width, height)
        return found


def letter_pdf(letter: Letter, site: str = "", logos: Logos = no_logo) -> bytes:
    """The letter with its attached list, and the code that leads to its page at `site`.

    `logos` gives the picture that its letterhead names. The same letter and site always give the
    same bytes.
    """
    return _pdf([letter], site, logos, letter.title, letter.subject)


def letters_pdf(letters: Sequence[Letter], site: str, title: str, logos: Logos = no_logo) -> bytes:
    """Several letters in one file, each beginning on a page of its own with a bookmark.

    The same letters, site and title always give the same bytes. Raises ValueError without letters.
    """
    if not letters:
        raise ValueError("there is no letter to draw")
    return _pdf(letters, site, logos, title, title, outline=True)


def _pdf(
    letters: Sequence[Letter],
    site: str,
    logos: Logos,
    title: str,
    subject: str,
    *,
    outline: bool = False,
) -> bytes:
    out, head = BytesIO(), letters[0].heading.letterhead
    document = BaseDocTemplate(
        out,
        pagesize=_size(letters[0]),
        title=tidy(title),
        author=f"{head.office} {head.government}".strip(),
        subject=tidy(subject),
        creator="Wibawa",
        lang="id-ID",
        displayDocTitle=1,
        pageCompression=1,
        invariant=1,
    )
    story: list[Flowable] = []
    for place, letter in enumerate(letters):
        document.addPageTemplates(_templates(letter, place, logos))
        if place:
            story += [NextPageTemplate(f"first-{place}"), PageBreak()]
        story += _story(letter, site, place)
    document.build(story, canvasmaker=partial(_Pages, letters=letters, outline=outline))
    return out.getvalue()


def _story(letter: Letter, site: str, place: int) -> list[Flowable]:
    heading = letter.heading
    opening = _named(letter) if letter.name else _opening(letter)
    texts = [block_parts(block, _width(letter)) for block in letter.body]
    # Neither a signature nor the copies ever stand alone, and what is signed stands above it.
    last = texts.pop() if letter.body and isinstance(letter.body[-1], str) else []
    if last and len(letter.body) > 1 and isinstance(letter.body[-2], Facts):
        last = [*texts.pop(), *last]
    address = check_address(site, heading.token)
    roomy, close = ([*last, *_signature(letter, address, close=each)] for each in (False, True))
    story = [*opening, *(part for parts in texts for part in parts), _Ending(roomy, close)]
    if letter.attached is not None:
        story += [NextPageTemplate(f"list-{place}"), PageBreak()]
        story += _list(letter.attached, heading, _size(letter)[1] - 2 * MARGIN)
    return story


def _templates(letter: Letter, place: int, logos: Logos) -> list[PageTemplate]:
    """The pages of one letter; `place` says which letter of the file it is."""
    bottom, (short, long) = FOOT + 12, _size(letter)

    def begin(canvas: Any, _: Any) -> None:
        canvas.letter = place

    def first(canvas: Any, document: Any) -> None:
        begin(canvas, document)
        text = TextBlock(canvas)
        head = letter.heading.letterhead
        draw_letterhead(canvas, text, head, MARGIN, short - MARGIN, long - TOP, logos)
        text.end()

    def page(
        name: str,
        size: tuple[float, float],
        drawn: Any,
        *,
        head: float = 0,
        then: str | None = None,
    ) -> PageTemplate:
        room = size[0] - 2 * MARGIN, size[1] - TOP - head - bottom
        padding = dict.fromkeys(("leftPadding", "rightPadding", "topPadding", "bottomPadding"), 0)
        frames = [Frame(MARGIN, bottom, *room, **padding)]
        return PageTemplate(name, frames, onPage=drawn, pagesize=size, autoNextPageTemplate=then)

    after = f"next-{place}"
    return [
        page(f"first-{place}", (short, long), first, head=LETTERHEAD, then=after),
        page(after, (short, long), begin),
        page(f"list-{place}", (long, short), begin),
    ]


def _opening(letter: Letter) -> list[Flowable]:
    """Number, enclosure and subject on the left; day and recipient on the right."""
    heading, left, width = letter.heading, _width(letter) * 0.56, _width(letter)
    named = (("Nomor", heading.number), ("Lampiran", letter.enclosure), ("Hal", letter.subject))
    day = paragraph(f"{heading.place}, {long_date(heading.date)}")
    place = len(letter.recipient) - 1  # "di Semarang" is nobody's name
    to = [
        paragraph(line, BOLD if number == 1 and number < place else REGULAR)
        for number, line in enumerate(letter.recipient)
    ]
    return [
        Table(
            [[facts_table(named, left - 16, LABEL_ROOM), [day, Spacer(0, LEADING), *to]]],
            [left, width - left],
            style=plain(),
            hAlign="LEFT",
            spaceAfter=LEADING * 1.3,
        )
    ]


def _named(letter: Letter) -> list[Flowable]:
    """What the paper is, and its number, in the middle."""
    return [
        paragraph(letter.name.upper(), BOLD, size=14, leading=18, align=TA_CENTER),
        paragraph(f"Nomor: {letter.heading.number}", align=TA_CENTER, after=LEADING * 0.8),
    ]


def _copies(letter: Letter, above: float) -> list[Flowable]:
    """Who gets a copy of the letter; nothing when nobody does."""
    lines = [f"{number}. {copy}" for number, copy in enumerate(letter.copies, 1)]
    shown = [paragraph(line, size=9, leading=12) for line in ("Tembusan:", *lines) if lines]
    return [Spacer(0, above), *shown] if shown else []


def _signing(who: Signatory, room: float, *, nip: bool, dots: int = 36) -> list[Flowable]:
    """Who signs, with room for the pen; an empty name leaves a line to be filled in."""
    name = paragraph(who.name, BOLD) if who.name else paragraph("." * dots, color=MUTED)
    lines: list[Flowable] = [paragraph(who.role + ","), Spacer(0, room), name]
    if who.rank:
        lines.append(paragraph(who.rank))
    if who.nip or nip:
        lines.append(paragraph(f"NIP {who.nip}" if who.nip else "NIP"))
    return lines


def _side_by_side(letter: Letter, address: str, *, close: bool) -> list[Flowable]:
    """Several signatures in a row under day and place, roles at one height; then the code."""
    gap, count = 12, len(letter.signatories)
    each = (_width(letter) - gap * (count - 1)) / count
    day = f"{letter.heading.place}, {long_date(letter.heading.date)}"
    parts = [_signing(who, 0, nip=False) for who in letter.signatories]
    room = LEAST_ROOM if close else SIGNING_ROOM * 0.8
    rows = [[part[0] for part in parts], [Spacer(0, room)] * count, [part[2:] for part in parts]]
    wide = [each + gap] * (count - 1) + [each]
    style = [command for command in plain() if command[0] != "RIGHTPADDING"]
    style.append(("RIGHTPADDING", (0, 0), (-1, -1), gap))
    found: list[Flowable] = [Spacer(0, LEADING * 0.6), paragraph(day), Spacer(0, 4)]
    found.append(Table(rows, wide, style=style, hAlign="LEFT"))
    return [*found, Spacer(0, LEADING), _Code(address)] if address else found


def _signature(letter: Letter, address: str, *, close: bool) -> list[Flowable]:
    """The signature beside the code, then the copies; those stand below the code when `close`."""
    copies, above = _copies(letter, 6 if close else 14), 8 if close else LEADING
    if letter.signatories:
        return [*_side_by_side(letter, address, close=close), *copies]
    width = _width(letter)
    left = width * BEFORE_SIGNATURE
    room = SIGNING_ROOM * 0.7 if letter.name else SIGNING_ROOM
    lines = _signing(
        letter.heading.signatory, LEAST_ROOM if close else room, nip=not letter.name, dots=48
    )
    if letter.name:
        lines.insert(0, paragraph(f"{letter.heading.place}, {long_date(letter.heading.date)}"))
    beside = [_Code(address)] if address else []
    low = ("VALIGN", (0, 0), (0, 0), "BOTTOM")
    cells = [[*beside, *copies] if close else beside, lines]
    table = Table([cells], [left, width - left], style=plain(low), hAlign="LEFT")
    return [Spacer(0, above), table, *([] if close else copies)]


def _list(attached: AttachedList, heading: Heading, width: float) -> list[Flowable]:
    line = f"Lampiran surat nomor {heading.number} tanggal {long_date(heading.date)}"
    story: list[Flowable] = [
        paragraph(line, size=8.4, leading=11, color=MUTED, after=2),
        paragraph(attached.title, BOLD, size=13, leading=17, after=8),
        grid_table(attached.columns, attached.rows, attached.totals, width),
    ]
    if attached.note:
        story += [Spacer(0, 6), paragraph(attached.note, size=8.4, leading=11, color=MUTED)]
    return story
