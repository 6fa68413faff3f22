"""Draw installment schedules as PDF, one or thousands in a file.

What is the same on many pages (letterhead, headings, rules) is drawn once and kept in the file as a
form; a page then consists of that form and one block of text whose places were reckoned beforehand.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from typing import Any, BinaryIO, NamedTuple

from reportlab.pdfbase.pdfdoc import PDFDictionary, PDFName, PDFStream
from reportlab.pdfgen.canvas import Canvas

from wibawa.letters.documents import Letterhead
from wibawa.printing.documents import (
    Column,
    Paper,
    ScheduleDocument,
    ScheduleRow,
    date_stamp,
)
from wibawa.printing.facts import LABEL, LABEL_SIZE, set_facts
from wibawa.printing.fonts import (
    BOLD,
    ITALIC,
    REGULAR,
    TextBlock,
    fit,
    points,
    tidy,
    width,
)
from wibawa.printing.letterhead import (
    FOOT,
    GREEN,
    HAIR,
    INK,
    MARGIN,
    MUTED,
    TINT,
    TOP,
    Logos,
    draw_letterhead,
    no_logo,
)
from wibawa.printing.qr import CAPTION, check_address, draw_code
from wibawa.rules.dates import long_date
from wibawa.rules.money import number

# Lengths in points; those from the top are measured from the upper margin.
FACTS = 130.0
FIRST_TABLE, NEXT_TABLE = 228.0, 58.0
HEAD, TOTALS, PAD = 24.0, 18.0, 6.0
ROW_SIZE = 8.8
ROW = {Paper.A4: 13.2, Paper.F4: 15.4}
SIGNATURE = {Paper.A4: 56.0, Paper.F4: 72.0}
BELOW_SIGNATURE = 120.0
CODE = 58.0
YEAR = 12


class Sheet(NamedTuple):
    """What decides the unchanging part of a page; equal sheets share one form and one geometry."""

    paper: Paper
    letterhead: Letterhead
    signatories: int
    columns: tuple[Column, ...]
    first: bool
    last: bool
    rows: int


@dataclass(frozen=True, slots=True)
class Geometry:
    """The places on one kind of sheet, in points from the bottom left corner.

    `starts` tells for each column and each length of text where the text starts, `baselines` the
    height of each row; both are already written as PDF wants them. `closing` is the lower edge of
    the table.
    """

    left: float
    right: float
    middle: float
    top: float
    edges: tuple[float, ...]
    rules: tuple[float, ...]
    baselines: tuple[str, ...]
    starts: tuple[tuple[str, ...], ...]
    closing: float
    totals: str


def _starts(column: Column, left: float, right: float) -> tuple[str, ...]:
    """Where a text of so many characters starts; digits are equally wide, points half as wide."""
    if not column.right:
        return (points(left + PAD),) * 40
    digit, point = (width(char, REGULAR.standard, ROW_SIZE) for char in "0.")
    return tuple(
        points(right - PAD - (length - length // 4) * digit - length // 4 * point)
        for length in range(40)
    )


@lru_cache(maxsize=512)
def _geometry(sheet: Sheet) -> Geometry:
    page_width, height = sheet.paper.value
    left, right, top = MARGIN, page_width - MARGIN, height - TOP
    unit = (right - left) / sum(column.share for column in sheet.columns)
    edges = [left]
    for column in sheet.columns:
        edges.append(edges[-1] + column.share * unit)
    table = top - (FIRST_TABLE if sheet.first else NEXT_TABLE)
    row = ROW[sheet.paper]
    rules = [table - HEAD - row * n for n in range(sheet.rows + 1)]
    closing = rules[-1] - TOTALS
    return Geometry(
        left=left,
        right=right,
        middle=(left + right) / 2,
        top=top,
        edges=tuple(edges),
        rules=(table, *rules),
        baselines=tuple(points(y - row / 2 - ROW_SIZE * 0.34) for y in rules[:-1]),
        starts=tuple(
            _starts(column, *edges[index : index + 2]) for index, column in enumerate(sheet.columns)
        ),
        closing=closing,
        totals=points(closing + TOTALS / 2 - ROW_SIZE * 0.34),
    )


def _capacity(paper: Paper, *, first: bool, last: bool) -> int:
    room = paper.value[1] - TOP - FOOT - (FIRST_TABLE if first else NEXT_TABLE) - HEAD
    below = TOTALS + SIGNATURE[paper] + BELOW_SIGNATURE if last else 8
    return int((room - below) // ROW[paper])


def _page_sizes(rows: int, paper: Paper) -> tuple[int, ...]:
    """How many rows go on each page: whole years if possible, and never a signature without rows.

    >>> _page_sizes(60, Paper.A4)
    (36, 24)
    """
    sizes: list[int] = []
    while rows > _capacity(paper, first=not sizes, last=True):
        room = min(_capacity(paper, first=not sizes, last=False), rows - 1)
        sizes.append(room - room % YEAR or room)
        rows -= sizes[-1]
    return (*sizes, rows)


def _sign_places(sheet: Sheet, at: Geometry) -> list[tuple[float, float]]:
    """Left edge and width of each signature, spread evenly, the outer ones on the margins."""
    count = sheet.signatories
    if not count:
        return []
    room = min(178.0, (at.right - at.left - 20 * (count - 1)) / count)
    step = (at.right - at.left - room) / (count - 1) if count > 1 else 0
    return [(at.right - room - step * (count - 1 - index), room) for index in range(count)]


def _sign_line(sheet: Sheet, at: Geometry) -> float:
    return at.closing - 96 - SIGNATURE[sheet.paper]


def _fact_columns(at: Geometry) -> tuple[tuple[float, float], tuple[float, float]]:
    """Left and right edge of the two columns of facts."""
    return (at.left, at.middle - 9), (at.middle + 9, at.right)


def _draw_headings(canvas: Any, text: TextBlock, at: Geometry) -> None:
    title = fit("JADWAL ANGSURAN", BOLD, 15, at.right - at.left)
    text.set(at.middle, at.top - 86, title, INK, 0.5)
    top = at.top - FACTS
    canvas.setStrokeColorRGB(*HAIR)
    canvas.setLineWidth(0.5)
    for (x, end), heading in zip(_fact_columns(at), ("PEMINJAM", "PINJAMAN"), strict=True):
        text.set(x, top + 4.5, fit(heading, BOLD, 7.4, LABEL), GREEN)
        canvas.line(x, top, end, top)


def _draw_table(canvas: Any, text: TextBlock, sheet: Sheet, at: Geometry) -> None:
    table, first, last = at.rules[0], at.rules[1], at.rules[-1]
    canvas.setFillColorRGB(*TINT)
    canvas.rect(at.left, first, at.right - at.left, HEAD, stroke=0, fill=1)
    if sheet.last:
        canvas.rect(at.left, at.closing, at.right - at.left, TOTALS, stroke=0, fill=1)
    for column, left, right in zip(sheet.columns, at.edges, at.edges[1:], strict=False):
        y = table - HEAD / 2 - 2.8 + 4.7 * (len(column.heading) - 1)
        x = right - PAD if column.right else left + PAD
        for line in column.heading:
            text.set(x, y, fit(line, BOLD, 8, right - left - PAD), GREEN, float(column.right))
            y -= 9.4
    canvas.setLineWidth(0.35)
    canvas.setStrokeColorRGB(*HAIR)
    canvas.lines([(at.left, y, at.right, y) for y in at.rules[2:-1]])
    canvas.setStrokeColorRGB(*GREEN)
    canvas.lines([(at.left, y, at.right, y) for y in at.rules[1 + YEAR : -1 : YEAR]])
    canvas.setLineWidth(0.8)
    ends = (table, first, last, at.closing) if sheet.last else (table, first, last)
    canvas.lines([(at.left, y, at.right, y) for y in ends])


def _draw_static(canvas: Any, text: TextBlock, sheet: Sheet, at: Geometry, logos: Logos) -> None:
    if sheet.first:
        draw_letterhead(canvas, text, sheet.letterhead, at.left, at.right, at.top, logos)
        _draw_headings(canvas, text, at)
    else:
        text.set(at.left, at.top - 22, fit("JADWAL ANGSURAN", BOLD, 11, 200), INK)
        canvas.setStrokeColorRGB(*GREEN)
        canvas.setLineWidth(1.2)
        canvas.line(at.left, at.top - 44, at.right, at.top - 44)
    _draw_table(canvas, text, sheet, at)
    if sheet.last:
        label_x = at.edges[1] + PAD
        text.set(label_x, float(at.totals), fit("Jumlah", BOLD, ROW_SIZE, 90), INK)
        canvas.setStrokeColorRGB(*INK)
        canvas.setLineWidth(0.5)
        for x, room in _sign_places(sheet, at):
            canvas.line(x, _sign_line(sheet, at), x + room, _sign_line(sheet, at))
    canvas.setStrokeColorRGB(*HAIR)
    canvas.setLineWidth(0.5)
    canvas.line(at.left, FOOT, at.right, FOOT)


def _set_head(text: TextBlock, document: ScheduleDocument, at: Geometry) -> None:
    room = at.right - at.left
    text.set(at.middle, at.top - 100, fit(document.subtitle, REGULAR, 9.4, room), INK, 0.5)
    if document.status_note:
        note = fit(document.status_note, ITALIC, 8.4, room)
        text.set(at.middle, at.top - 112, note, GREEN, 0.5)
    columns = _fact_columns(at)
    for (x, end), facts in zip(
        columns, (document.borrower_facts, document.loan_facts), strict=True
    ):
        set_facts(text, facts, x, end, at.top - FACTS - 12)


def _set_rows(text: TextBlock, rows: Sequence[ScheduleRow], sheet: Sheet, at: Geometry) -> None:
    """The hot loop: one literal for each row, since amounts and dates need no escaping."""
    text.font(REGULAR.standard, ROW_SIZE, INK)
    if len(sheet.columns) > 6:
        nos, (due_x, *_), (pay_x, *_), parts, interests, sums, balances = at.starts
    else:
        nos, (due_x, *_), parts, interests, sums, balances = at.starts
        pay_x = ""
    for y, (no, due_on, pay_by, principal, interest, total, balance) in zip(
        at.baselines, rows, strict=True
    ):
        cells = (str(no), number(principal), number(interest), number(total), number(balance))
        a, b, c, d, e = cells
        extra = f"1 0 0 1 {pay_x} {y} Tm ({long_date(pay_by)}) Tj " if pay_x else ""
        text.raw(
            f"1 0 0 1 {nos[len(a)]} {y} Tm ({a}) Tj "
            f"1 0 0 1 {due_x} {y} Tm ({long_date(due_on)}) Tj {extra}"
            f"1 0 0 1 {parts[len(b)]} {y} Tm ({b}) Tj "
            f"1 0 0 1 {interests[len(c)]} {y} Tm ({c}) Tj "
            f"1 0 0 1 {sums[len(d)]} {y} Tm ({d}) Tj "
            f"1 0 0 1 {balances[len(e)]} {y} Tm ({e}) Tj"
        )


def _set_closing(text: TextBlock, document: ScheduleDocument, sheet: Sheet, at: Geometry) -> None:
    text.font(BOLD.standard, ROW_SIZE, INK)
    for starts, total in zip(at.starts[-4:-1], document.totals, strict=True):
        shown = number(total)
        text.raw(f"1 0 0 1 {starts[len(shown)]} {at.totals} Tm ({shown}) Tj")
    words = fit(document.principal_in_words, ITALIC, 9, at.right - at.left - LABEL, lines=2)
    note = fit(
        document.payment_note,
        REGULAR,
        LABEL_SIZE,
        at.right - at.left - LABEL,
        lines=3,
        tight_lines=4,
    )
    y = at.closing - 17
    for label, fitted in (("Plafon terbilang", words), ("Cara membayar", note)):
        text.label(at.left, y, label, BOLD, LABEL_SIZE, GREEN)
        text.set(at.left + LABEL, y, fitted, INK)
        y -= len(fitted.lines) * fitted.leading + 6
    line, places = _sign_line(sheet, at), _sign_places(sheet, at)
    if places:
        day = f"{document.place}, {long_date(document.printed_on)}"
        fitted = fit(day, REGULAR, 9, places[-1][1])
        text.set(places[-1][0], at.closing - 83, fitted, INK)
    for (x, room), who in zip(places, document.signatories, strict=True):
        text.set(x, at.closing - 95, fit(who.role, REGULAR, 9, room), INK)
        if who.name:
            name = fit(who.name, BOLD, 9.2, room, lines=2, tight_lines=2)
            text.set(x, line + 3 + (len(name.lines) - 1) * name.leading, name, INK)
        if who.nip:
            nip = fit(f"NIP {who.nip}", REGULAR, 8.4, room)
            text.set(x, line - 10.5, nip, INK)


class _Book:
    """A PDF being written, page after page."""

    def __init__(
        self, out: BinaryIO, title: str, first: ScheduleDocument, site: str, logos: Logos
    ) -> None:
        self.pages = 0
        self._site = site
        self._logos = logos
        size = first.paper.value
        self._canvas = Canvas(out, size, pageCompression=1, invariant=1, lang="id-ID")
        self._canvas.setTitle(tidy(title))
        self._canvas.setAuthor(f"{first.letterhead.office} {first.letterhead.government}".strip())
        self._canvas.setSubject("Jadwal angsuran pinjaman Kredit Wibawa")
        self._canvas.setCreator("Wibawa")
        self._canvas.setViewerPreference("DisplayDocTitle", "true")
        stamp = date_stamp(first.printed_on)
        self._canvas.setDateFormatter(lambda *_: stamp)
        self._text = TextBlock(self._canvas)
        self._forms: dict[Sheet, str] = {}

    def _form(self, sheet: Sheet, at: Geometry) -> str:
        name = self._forms.get(sheet)
        if name is None:
            name = self._forms[sheet] = f"Sheet{len(self._forms) + 1}"
            self._canvas.beginForm(name)
            _draw_static(self._canvas, self._text, sheet, at, self._logos)
            self._text.end()
            self._canvas.endForm()
        return name

    def add(self, document: ScheduleDocument, bookmark: str) -> None:
        """Draw all pages of one loan and point the outline at the first."""
        sizes = _page_sizes(len(document.rows), document.paper)
        if self.pages:
            self._canvas.showOutline()
        key = f"loan{self.pages + 1}"
        self._canvas.bookmarkPage(key)
        self._canvas.addOutlineEntry(tidy(bookmark), key)
        start = 0
        for page, size in enumerate(sizes, 1):
            sheet = Sheet(
                document.paper,
                document.letterhead,
                len(document.signatories) if page == len(sizes) else 0,
                document.columns,
                page == 1,
                page == len(sizes),
                size,
            )
            rows = document.rows[start : start + size]
            self._page(document, rows, sheet, f"Halaman {page} dari {len(sizes)}")
            start += size

    def _page(
        self, document: ScheduleDocument, rows: Sequence[ScheduleRow], sheet: Sheet, folio: str
    ) -> None:
        at, text = _geometry(sheet), self._text
        self._canvas.setPageSize(sheet.paper.value)
        self._canvas.doForm(self._form(sheet, at))
        if sheet.first:
            _set_head(text, document, at)
        else:
            whose = f"{document.loan_number} · {document.borrower_name}"
            fitted = fit(whose, REGULAR, 9.2, at.right - at.left)
            text.set(at.left, at.top - 35, fitted, INK)
        _set_rows(text, rows, sheet, at)
        if sheet.last:
            _set_closing(text, document, sheet, at)
            self._code(document, at)
        imprint = fit(document.imprint, REGULAR, 7.4, at.right - at.left - 90)
        text.set(at.left, FOOT - 11, imprint, MUTED)
        text.set(at.right, FOOT - 11, fit(folio, REGULAR, 7.4, 86), MUTED, 1)
        text.end()
        self._canvas.showPage()
        self._compress_last_page()
        self.pages += 1

    def _code(self, document: ScheduleDocument, at: Geometry) -> None:
        """The code that leads to the paper's public page, between the signatures."""
        address = check_address(self._site, document.token)
        if address:
            low = at.closing - 80 - CODE
            draw_code(self._canvas, address, at.middle - CODE / 2, low, CODE)
            text = fit(CAPTION, REGULAR, 6.4, 126)
            self._text.set(at.middle, low - 8, text, MUTED, 0.5)

    def _compress_last_page(self) -> None:
        """ReportLab keeps pages uncompressed until it saves; a third of the memory is enough."""
        document = self._canvas._doc
        page = document.idToObject[f"Page{document.pageCounter - 1}"]
        packed = zlib.compress(page.stream.encode())
        page.Contents = PDFStream(PDFDictionary({"Filter": PDFName("FlateDecode")}), packed)
        page.stream = None

    def save(self) -> None:
        self._canvas.save()


def schedule_pdf(document: ScheduleDocument, site: str = "", logos: Logos = no_logo) -> bytes:
    """One loan's schedule as a PDF. The same document always gives the same bytes."""
    out = BytesIO()
    schedules_pdf([document], out, document.title, site, logos)
    return out.getvalue()


def schedules_pdf(
    documents: Iterable[ScheduleDocument],
    out: BinaryIO,
    title: str,
    site: str = "",
    logos: Logos = no_logo,
) -> int:
    """Many loans in one PDF, with a bookmark for each; return the number of pages.

    Each is drawn on the sheet that its letterhead names; issued papers carry the code that leads to
    their page at `site`.

    `documents` is read once, one loan at a time. The file's date and author come from the first
    loan. Raises ValueError without any document, since a PDF cannot be empty; nothing is written.
    """
    book: _Book | None = None
    for document in documents:
        book = book or _Book(out, title, document, site, logos)
        book.add(document, f"{document.loan_number} · {document.borrower_name}")
    if book is None:
        raise ValueError("no schedule to print")
    book.save()
    return book.pages
