"""Draw a report: letterhead, what it is and of when, its tables, each with a bookmark.

Only what the statement itself says is drawn, so the same one always gives the same bytes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from typing import Any

from reportlab.lib.enums import TA_CENTER
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    CondPageBreak,
    Flowable,
    Frame,
    KeepTogether,
    PageTemplate,
    Spacer,
)

from wibawa.letters.documents import Grid, Letterhead, ListColumn
from wibawa.printing.blocks import LARGE_CELL, grid_table, paragraph
from wibawa.printing.charts import Bars, bar_chart
from wibawa.printing.documents import WIB, Paper, date_stamp
from wibawa.printing.fonts import BOLD, REGULAR, TextBlock, fit, tidy
from wibawa.printing.letterhead import (
    FOOT,
    GREEN,
    HAIR,
    MARGIN,
    MUTED,
    TOP,
    Logos,
    draw_letterhead,
    no_logo,
)

CELL = 7.6
LETTERHEAD, RUNNING = 74.0, 22.0
SMALL, SMALL_LEADING = 8.6, 11.6
MOST_UPRIGHT = 7  # columns; a report with a broader table lies on its side
LEAST_ROOM = 110.0  # for a title with the first rows of its table


@dataclass(frozen=True, slots=True)
class Part:
    """One table under its title; `words` and `chart` stand before it, `note` says how it is to be
    read."""

    title: str
    grid: Grid | None = None
    note: str = ""
    words: tuple[str, ...] = ()
    chart: Bars | None = None


LEAST_SHARE, MOST_SHARE = 9, 30


def fitted(
    headings: Sequence[str],
    right: Sequence[bool],
    rows: Sequence[tuple[str, ...]],
    totals: tuple[str, ...] = (),
) -> Grid:
    """A grid whose columns are as broad as what stands in them, within limits; `right` says which
    of them stand on the right."""
    every = [*rows, totals] if totals else rows
    columns = []
    for place, heading in enumerate(headings):
        longest = max((len(cells[place]) for cells in every), default=0)
        word = max(len(each) for each in heading.split())
        share = min(max(longest, word, LEAST_SHARE), MOST_SHARE)
        columns.append(ListColumn(heading, share + 1, right=right[place]))
    return Grid(tuple(columns), tuple(rows), totals)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A report as a paper; `day` dates the file."""

    title: str
    subtitle: str
    parts: tuple[Part, ...]
    imprint: str
    day: dt.date
    about: str = ""
    cautions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def is_broad(self) -> bool:
        return any(part.grid and len(part.grid.columns) > MOST_UPRIGHT for part in self.parts)


class _Pages(Canvas):  # type: ignore[misc]
    """A canvas that knows, when it writes a page, how many there are."""

    def __init__(self, *args: Any, statement: Statement, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        stamp = date_stamp(dt.datetime.combine(statement.day, dt.time(), WIB))
        self.setDateFormatter(lambda *_: stamp)
        self._statement = statement
        self._kept: list[dict[str, Any]] = []

    def showPage(self) -> None:  # noqa: N802 - ReportLab's name
        self._kept.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        for page, kept in enumerate(self._kept, 1):
            self.__dict__.update(kept)
            self._edges(page)
            super().showPage()
        super().save()

    def _edges(self, page: int) -> None:
        """The running head of all pages but the first, and the foot of each."""
        width, height = self._pagesize
        right = width - MARGIN
        self.setStrokeColorRGB(*HAIR)
        self.setLineWidth(0.5)
        self.line(MARGIN, FOOT, right, FOOT)
        text = TextBlock(self)
        text.set(MARGIN, FOOT - 11, fit(self._statement.imprint, REGULAR, 7.4, right - MARGIN - 90),
                 MUTED)  # fmt: skip
        folio = f"Halaman {page} dari {len(self._kept)}"
        text.set(right, FOOT - 11, fit(folio, REGULAR, 7.4, 86), MUTED, 1)
        if page > 1:
            said = f"{self._statement.title} · {self._statement.subtitle}"
            text.set(MARGIN, height - TOP - 8, fit(said, REGULAR, 8, right - MARGIN), MUTED)
        text.end()
        if page > 1:
            self.line(MARGIN, height - TOP - 13, right, height - TOP - 13)


class _Mark(Flowable):  # type: ignore[misc]
    """A bookmark where a table begins."""

    def __init__(self, key: str, title: str) -> None:
        super().__init__()
        self._key, self._title = key, title
        self.width = self.height = 0

    def draw(self) -> None:
        self.canv.bookmarkHorizontal(self._key, 0, LEAST_ROOM / 4)
        self.canv.addOutlineEntry(tidy(self._title), self._key)


def statement_pdf(statement: Statement, head: Letterhead, logos: Logos = no_logo) -> bytes:
    """The statement on the office's paper; the same one always gives the same bytes."""
    out = BytesIO()
    short, long = Paper[head.paper].value
    size = (long, short) if statement.is_broad else (short, long)
    document = BaseDocTemplate(
        out,
        pagesize=size,
        title=tidy(f"{statement.title}, {statement.subtitle}"),
        author=f"{head.office} {head.government}".strip(),
        subject="Laporan Kredit Wibawa",
        creator="Wibawa",
        lang="id-ID",
        displayDocTitle=1,
        pageCompression=1,
        invariant=1,
    )
    document.addPageTemplates(_templates(size, head, logos))
    width = size[0] - 2 * MARGIN
    document.build(_story(statement, width), canvasmaker=partial(_Pages, statement=statement))
    return out.getvalue()


def _templates(size: tuple[float, float], head: Letterhead, logos: Logos) -> list[PageTemplate]:
    width, height = size
    bottom = FOOT + 12

    def first(canvas: Any, _: Any) -> None:
        text = TextBlock(canvas)
        draw_letterhead(canvas, text, head, MARGIN, width - MARGIN, height - TOP, logos)
        text.end()

    def page(name: str, above: float, drawn: Any, then: str | None = None) -> PageTemplate:
        padding = dict.fromkeys(("leftPadding", "rightPadding", "topPadding", "bottomPadding"), 0)
        frame = Frame(MARGIN, bottom, width - 2 * MARGIN, height - TOP - above - bottom, **padding)
        return PageTemplate(name, [frame], onPage=drawn, pagesize=size, autoNextPageTemplate=then)

    return [
        page("first", LETTERHEAD, first, "next"),
        page("next", RUNNING, lambda *_: None),
    ]


def _small(texts: Sequence[str]) -> list[Flowable]:
    return [
        paragraph(text, size=SMALL, leading=SMALL_LEADING, color=MUTED, after=2) for text in texts
    ]


def _story(statement: Statement, width: float) -> list[Flowable]:
    story: list[Flowable] = [
        paragraph(statement.title, BOLD, size=15, leading=19, align=TA_CENTER, color=GREEN),
        paragraph(statement.subtitle, align=TA_CENTER, after=7),
    ]
    if statement.about:
        story += _small([statement.about])
    story += [
        paragraph(text, BOLD, size=SMALL, leading=SMALL_LEADING, after=2)
        for text in statement.cautions
    ]
    story += _small(statement.notes)
    for place, part in enumerate(statement.parts):
        story += _part(part, place, width)
    return story


def _part(part: Part, place: int, width: float) -> list[Flowable]:
    title = paragraph(part.title, BOLD, size=11, leading=14, after=4)
    head: list[Flowable] = [
        Spacer(0, 10), CondPageBreak(LEAST_ROOM), _Mark(f"part-{place}", part.title), title,
    ]  # fmt: skip
    head += [paragraph(text, size=9.6, leading=13.4, after=4) for text in part.words]
    if part.chart is not None:
        head = [KeepTogether([*head, bar_chart(part.chart, width), Spacer(0, 6)])]
    if part.grid is not None:
        size = LARGE_CELL if len(part.grid.columns) <= MOST_UPRIGHT else CELL
        head.append(
            grid_table(part.grid.columns, part.grid.rows, part.grid.totals, width, 1.7, size)
        )
    if part.note:
        head += [Spacer(0, 3), *_small([part.note])]
    return head
