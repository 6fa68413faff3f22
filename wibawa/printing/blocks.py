"""The parts of a letter: paragraphs, facts, points and tables, as wide as they are told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib.colors import Color
from reportlab.lib.enums import TA_JUSTIFY, TA_LEFT, TA_RIGHT
from reportlab.lib.styles import ParagraphStyle
from reportlab.platypus import Flowable, Paragraph, Spacer, Table

from wibawa.letters.documents import Block, Facts, Grid, ListColumn
from wibawa.printing.fonts import BOLD, REGULAR, Face, choose
from wibawa.printing.letterhead import GREEN, HAIR, INK, MUTED, TINT

SIZE, LEADING = 10.4, 14.6
CELL, LARGE_CELL = 7.6, 8.6
MOST_LARGE = 6  # columns; a table of more is set smaller


def _color(rgb: tuple[float, float, float]) -> Color:
    return Color(*rgb)


def paragraph(
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


def plain(*more: tuple[Any, ...]) -> list[tuple[Any, ...]]:
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


def facts_table(items: Sequence[tuple[str, str]], width: float, label: float) -> Table:
    """Labels, colons and values, one under the other."""
    rows = [[paragraph(name), paragraph(":"), paragraph(value)] for name, value in items]
    return Table(rows, [label, 10, width - label - 10], style=plain(), hAlign="LEFT", spaceAfter=0)


def block_parts(block: Block, width: float) -> list[Flowable]:
    """What is drawn for one block of a letter's text."""
    if isinstance(block, str):
        return [paragraph(block, align=TA_JUSTIFY, after=LEADING * 0.55)]
    if isinstance(block, Grid):
        size, above = (LARGE_CELL, 1.7) if len(block.columns) <= MOST_LARGE else (CELL, 2.2)
        grid = grid_table(block.columns, block.rows, block.totals, width, above, size)
        return [Spacer(0, 2), grid, Spacer(0, LEADING * 0.6)]
    if isinstance(block, Facts) and block.columns > 1:
        return [_beside(block, width)]
    if isinstance(block, Facts):
        indent = 24.0
        table = Table(
            [["", facts_table(block.items, width - indent, 150)]],
            [indent, width - indent],
            style=plain(),
            hAlign="LEFT",
            spaceAfter=LEADING * 0.6,
        )
        return [table]
    rows = [
        [paragraph(f"{number}."), paragraph(text, align=TA_JUSTIFY, after=3)]
        for number, text in enumerate(block.items, 1)
    ]
    return [Table(rows, [18, width - 18], style=plain(), hAlign="LEFT", spaceAfter=LEADING * 0.5)]


def _beside(facts: Facts, room: float) -> Table:
    """Facts in columns, read down the first one before the next; small, for papers with a table."""
    each = -(-len(facts.items) // facts.columns)
    width = room / facts.columns

    def column(items: Sequence[tuple[str, str]]) -> Table:
        rows = [
            [paragraph(name, size=8.6, leading=11.6, color=MUTED),
             paragraph(value, size=8.8, leading=11.6)]
            for name, value in items
        ]  # fmt: skip
        return Table(rows, [86, width - 98], style=plain(), hAlign="LEFT")

    parts = [facts.items[start : start + each] for start in range(0, len(facts.items), each)]
    return Table(
        [[column(part) for part in parts]],
        [width] * len(parts),
        style=plain(),
        hAlign="LEFT",
        spaceAfter=LEADING * 0.5,
    )


def grid_table(
    columns: Sequence[ListColumn],
    texts: Sequence[Sequence[str]],
    totals: Sequence[str],
    width: float,
    above: float = 3,
    size: float = CELL,
) -> Table:
    """A table that goes on over pages with its headings; totals never stand alone on a page."""
    shares = sum(column.share for column in columns)
    widths = [width * column.share / shares for column in columns]
    aligns = [TA_RIGHT if column.right else TA_LEFT for column in columns]

    def row(
        cells: Sequence[str],
        face: Face,
        color: tuple[float, float, float] = INK,
        size: float = size,
    ) -> list[Paragraph]:
        return [
            paragraph(text, face, size=size, leading=size + 1.6, align=align, color=color)
            for text, align in zip(cells, aligns, strict=True)
        ]

    head = row([column.heading for column in columns], BOLD, GREEN, CELL)
    rows = [head, *(row(cells, REGULAR) for cells in texts)]
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
        *(  # words that follow figures keep their distance from them
            ("LEFTPADDING", (place, 0), (place, -1), 12)
            for place in range(1, len(columns))
            if columns[place - 1].right and not columns[place].right
        ),
    ]
    if totals:
        rows.append(row(totals, BOLD))
        lines += [
            ("BACKGROUND", (0, -1), (-1, -1), _color(TINT)),
            ("LINEABOVE", (0, -1), (-1, -1), 0.8, _color(GREEN)),
            ("NOSPLIT", (0, -2), (-1, -1)),
        ]
    return Table(rows, widths, style=lines, repeatRows=1, hAlign="LEFT")
