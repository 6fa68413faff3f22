"""Draw letters as PDF: the letter on upright A4, its attached list on broad pages behind it.

Only what the letter itself says is drawn, so the same letter always gives the same bytes.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from functools import partial
from io import BytesIO
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib.colors import Color
from reportlab.lib.enums import TA_CENTER, TA_JUSTIFY, TA_LEFT, TA_RIGHT
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
    KeepTogether,
    NextPageTemplate,
    PageBreak,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
)

from wibawa.letters.documents import (
    AttachedList,
    Block,
    Facts,
    Grid,
    Heading,
    Letter,
    ListColumn,
)
from wibawa.printing.documents import WIB, date_stamp
from wibawa.printing.fonts import BOLD, REGULAR, Face, TextBlock, choose, fit, tidy
from wibawa.printing.letterhead import (
    FOOT,
    GREEN,
    HAIR,
    INK,
    MARGIN,
    MUTED,
    TINT,
    TOP,
    draw_letterhead,
)
from wibawa.printing.qr import CAPTION, check_address, draw_code
from wibawa.rules.dates import long_date

SIZE, LEADING = 10.4, 14.6
CELL, CELL_LEADING = 7.6, 9.2
WIDTH = A4[0] - 2 * MARGIN
BROAD = A4[1] - 2 * MARGIN
LETTERHEAD = 76.0
SIGNING_ROOM = 62.0
CODE = 62.0
LABEL_ROOM = 62.0


def _color(rgb: tuple[float, float, float]) -> Color:
    return Color(*rgb)


def _paragraph(
    text: str,
    face: Face = REGULAR,
    *,
    size: float = SIZE,
    leading: float = LEADING,
    align: int = TA_LEFT,
    color: tuple[float, float, float] = INK,
    after: float = 0,
) -> Paragraph:
    """One paragraph in the standard face, or the embedded one for what cp1252 does not have."""
    chosen, font, standard = choose(text, face)
    style = ParagraphStyle(
        font,
        fontName=font,
        fontSize=size if standard else size * 0.93,
        leading=leading,
        alignment=align,
        textColor=_color(color),
        spaceAfter=after,
        splitLongWords=1,
    )
    return Paragraph(escape(chosen), style)


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


def letter_pdf(letter: Letter, site: str = "") -> bytes:
    """The letter with its attached list, and the code that leads to its page at `site`.

    The same letter and site always give the same bytes.
    """
    return _pdf([letter], site, letter.title, letter.subject)


def letters_pdf(letters: Sequence[Letter], site: str, title: str) -> bytes:
    """Several letters in one file, each beginning on a page of its own with a bookmark.

    The same letters, site and title always give the same bytes. Raises ValueError without letters.
    """
    if not letters:
        raise ValueError("there is no letter to draw")
    return _pdf(letters, site, title, title, outline=True)


def _pdf(
    letters: Sequence[Letter], site: str, title: str, subject: str, *, outline: bool = False
) -> bytes:
    out, head = BytesIO(), letters[0].heading.letterhead
    document = BaseDocTemplate(
        out,
        pagesize=A4,
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
        document.addPageTemplates(_templates(letter, place))
        if place:
            story += [NextPageTemplate(f"first-{place}"), PageBreak()]
        story += _story(letter, site, place)
    document.build(story, canvasmaker=partial(_Pages, letters=letters, outline=outline))
    return out.getvalue()


def _story(letter: Letter, site: str, place: int) -> list[Flowable]:
    heading = letter.heading
    opening = _named(letter) if letter.name else _opening(letter)
    blocks = [list(_block(block)) for block in letter.body]
    closing = blocks.pop() if blocks and isinstance(letter.body[-1], str) else []
    story = [*opening, *(part for block in blocks for part in block)]
    # A signature never stands alone on a page: what is said last goes along with it.
    story += [KeepTogether([*closing, *_signature(letter, check_address(site, heading.token))])]
    if letter.copies:
        story += [Spacer(0, 14), _paragraph("Tembusan:", size=9, leading=12)]
        story += [
            _paragraph(f"{number}. {copy}", size=9, leading=12)
            for number, copy in enumerate(letter.copies, 1)
        ]
    if letter.attached is not None:
        story += [NextPageTemplate(f"list-{place}"), PageBreak()]
        story += _list(letter.attached, heading)
    return story


def _templates(letter: Letter, place: int) -> list[PageTemplate]:
    """The pages of one letter; `place` says which letter of the file it is."""
    bottom = FOOT + 12

    def begin(canvas: Any, _: Any) -> None:
        canvas.letter = place

    def first(canvas: Any, document: Any) -> None:
        begin(canvas, document)
        text = TextBlock(canvas)
        head = letter.heading.letterhead
        draw_letterhead(canvas, text, head, MARGIN, A4[0] - MARGIN, A4[1] - TOP)
        text.end()

    def frame(width: float, height: float, top: float) -> list[Frame]:
        room = height - TOP - top - bottom
        padding = dict.fromkeys(("leftPadding", "rightPadding", "topPadding", "bottomPadding"), 0)
        return [Frame(MARGIN, bottom, width, room, **padding)]

    broad = landscape(A4)
    return [
        PageTemplate(
            f"first-{place}",
            frame(WIDTH, A4[1], LETTERHEAD),
            onPage=first,
            autoNextPageTemplate=f"next-{place}",
        ),
        PageTemplate(f"next-{place}", frame(WIDTH, A4[1], 0), onPage=begin),
        PageTemplate(f"list-{place}", frame(BROAD, broad[1], 0), onPage=begin, pagesize=broad),
    ]


def _plain(*more: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    """A table's style without lines and paddings."""
    whole = ((0, 0), (-1, -1))
    return [
        ("VALIGN", *whole, "TOP"),
        ("LEFTPADDING", *whole, 0),
        ("RIGHTPADDING", *whole, 0),
        ("TOPPADDING", *whole, 0),
        ("BOTTOMPADDING", *whole, 0),
        *more,
    ]


def _facts(items: Sequence[tuple[str, str]], width: float, label: float) -> Table:
    rows = [[_paragraph(name), _paragraph(":"), _paragraph(value)] for name, value in items]
    return Table(rows, [label, 10, width - label - 10], style=_plain(), hAlign="LEFT", spaceAfter=0)


def _opening(letter: Letter) -> list[Flowable]:
    """Number, enclosure and subject on the left; day and recipient on the right."""
    heading, left = letter.heading, WIDTH * 0.56
    named = (("Nomor", heading.number), ("Lampiran", letter.enclosure), ("Hal", letter.subject))
    day = _paragraph(f"{heading.place}, {long_date(heading.date)}")
    to = [
        _paragraph(line, BOLD if number == 1 else REGULAR)
        for number, line in enumerate(letter.recipient)
    ]
    return [
        Table(
            [[_facts(named, left - 16, LABEL_ROOM), [day, Spacer(0, LEADING), *to]]],
            [left, WIDTH - left],
            style=_plain(),
            hAlign="LEFT",
            spaceAfter=LEADING * 1.3,
        )
    ]


def _named(letter: Letter) -> list[Flowable]:
    """What the paper is, and its number, in the middle."""
    return [
        _paragraph(letter.name.upper(), BOLD, size=14, leading=18, align=TA_CENTER),
        _paragraph(f"Nomor: {letter.heading.number}", align=TA_CENTER, after=LEADING * 0.8),
    ]


def _block(block: Block) -> list[Flowable]:
    if isinstance(block, str):
        return [_paragraph(block, align=TA_JUSTIFY, after=LEADING * 0.55)]
    if isinstance(block, Grid):
        table = _table(block.columns, block.rows, block.totals, WIDTH, 2.2)
        return [Spacer(0, 2), table, Spacer(0, LEADING * 0.6)]
    if isinstance(block, Facts) and block.columns > 1:
        return [_beside(block)]
    if isinstance(block, Facts):
        indent = 24.0
        table = Table(
            [["", _facts(block.items, WIDTH - indent, 150)]],
            [indent, WIDTH - indent],
            style=_plain(),
            hAlign="LEFT",
            spaceAfter=LEADING * 0.6,
        )
        return [table]
    rows = [
        [_paragraph(f"{number}."), _paragraph(text, align=TA_JUSTIFY, after=3)]
        for number, text in enumerate(block.items, 1)
    ]
    return [Table(rows, [18, WIDTH - 18], style=_plain(), hAlign="LEFT", spaceAfter=LEADING * 0.5)]


def _beside(facts: Facts) -> Table:
    """Facts in columns, read down the first one before the next; small, for papers with a table."""
    each = -(-len(facts.items) // facts.columns)
    width = WIDTH / facts.columns

    def column(items: Sequence[tuple[str, str]]) -> Table:
        rows = [
            [_paragraph(name, size=8.6, leading=11.6, color=MUTED),
             _paragraph(value, size=8.8, leading=11.6)]
            for name, value in items
        ]  # fmt: skip
        return Table(rows, [86, width - 98], style=_plain(), hAlign="LEFT")

    parts = [facts.items[start : start + each] for start in range(0, len(facts.items), each)]
    return Table(
        [[column(part) for part in parts]],
        [width] * len(parts),
        style=_plain(),
        hAlign="LEFT",
        spaceAfter=LEADING * 0.5,
    )


def _signature(letter: Letter, address: str) -> list[Flowable]:
    who, left = letter.heading.signatory, WIDTH * 0.52
    room = SIGNING_ROOM * 0.7 if letter.name else SIGNING_ROOM
    lines: list[Flowable] = [_paragraph(who.role + ","), Spacer(0, room)]
    if letter.name:
        day = f"{letter.heading.place}, {long_date(letter.heading.date)}"
        lines.insert(0, _paragraph(day))
    if who.name:
        lines.append(_paragraph(who.name, BOLD))
    else:
        lines.append(_paragraph("." * 48, color=MUTED))
    if who.rank:
        lines.append(_paragraph(who.rank))
    if who.nip or not letter.name:
        lines.append(_paragraph(f"NIP {who.nip}" if who.nip else "NIP"))
    code = _Code(address) if address else ""
    low = ("VALIGN", (0, 0), (0, 0), "BOTTOM")
    table = Table([[code, lines]], [left, WIDTH - left], style=_plain(low), hAlign="LEFT")
    return [Spacer(0, LEADING), table]


def _table(
    columns: Sequence[ListColumn],
    texts: Sequence[Sequence[str]],
    totals: Sequence[str],
    width: float,
    above: float = 3,
) -> Table:
    """A table that goes on over pages with its headings; totals never stand alone on a page."""
    shares = sum(column.share for column in columns)
    widths = [width * column.share / shares for column in columns]
    aligns = [TA_RIGHT if column.right else TA_LEFT for column in columns]

    def row(cells: Sequence[str], face: Face, color: tuple[float, float, float]) -> list[Paragraph]:
        return [
            _paragraph(text, face, size=CELL, leading=CELL_LEADING, align=align, color=color)
            for text, align in zip(cells, aligns, strict=True)
        ]

    head = row([column.heading for column in columns], BOLD, GREEN)
    rows = [head, *(row(cells, REGULAR, INK) for cells in texts)]
    lines = [
        ("BACKGROUND", (0, 0), (-1, 0), _color(TINT)),
        ("LINEABOVE", (0, 0), (-1, 0), 0.8, _color(GREEN)),
        ("LINEBELOW", (0, 0), (-1, 0), 0.8, _color(GREEN)),
        ("LINEABOVE", (0, 2), (-1, -1), 0.35, _color(HAIR)),
        ("LINEBELOW", (0, -1), (-1, -1), 0.8, _color(GREEN)),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 3.5),
        ("RIGHTPADDING", (0, 0), (-1, -1), 3.5),
        ("TOPPADDING", (0, 0), (-1, -1), above),
        ("BOTTOMPADDING", (0, 0), (-1, -1), above + 0.6),
    ]
    if totals:
        rows.append(row(totals, BOLD, INK))
        lines += [
            ("BACKGROUND", (0, -1), (-1, -1), _color(TINT)),
            ("LINEABOVE", (0, -1), (-1, -1), 0.8, _color(GREEN)),
            ("NOSPLIT", (0, -2), (-1, -1)),
        ]
    return Table(rows, widths, style=lines, repeatRows=1, hAlign="LEFT")


def _list(attached: AttachedList, heading: Heading) -> list[Flowable]:
    line = f"Lampiran surat nomor {heading.number} tanggal {long_date(heading.date)}"
    story: list[Flowable] = [
        _paragraph(line, size=8.4, leading=11, color=MUTED, after=2),
        _paragraph(attached.title, BOLD, size=13, leading=17, after=8),
        _table(attached.columns, attached.rows, attached.totals, BROAD),
    ]
    if attached.note:
        story += [Spacer(0, 6), _paragraph(attached.note, size=8.4, leading=11, color=MUTED)]
    return story
