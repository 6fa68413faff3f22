"""Charts on paper: bars with their values, and a line of targets over them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reportlab.graphics.shapes import Drawing, Line, PolyLine, Rect, String
from reportlab.lib.colors import Color, white
from reportlab.pdfbase.pdfmetrics import stringWidth

from wibawa.printing.letterhead import GREEN, HAIR, INK, MUTED

HEIGHT, LOW, HIGH = 154.0, 26.0, 28.0
TARGET = (0.64, 0.32, 0.12)
SIZE = 7.0
FONT, BOLD = "Helvetica", "Helvetica-Bold"


@dataclass(frozen=True, slots=True)
class Bars:
    """One bar for each label; `texts` are the values as they are written. None is "belum ada
    data", never a zero. `targets` may be empty."""

    labels: tuple[str, ...]
    values: tuple[int | None, ...]
    texts: tuple[str, ...]
    unit: str
    targets: tuple[int | None, ...] = ()


def bar_chart(bars: Bars, width: float) -> Drawing:
    """The bars as broad as `width`; the same bars always give the same drawing."""
    drawing = Drawing(width, HEIGHT)
    known = [value for value in (*bars.values, *bars.targets) if value is not None]
    top, room = max([1, *known]), HEIGHT - LOW - HIGH
    step = width / max(len(bars.labels), 1)
    drawing.add(_text(0, HEIGHT - 9, bars.unit, "start", MUTED))
    if any(target is not None for target in bars.targets):
        drawing.add(_line([(width - 92, HEIGHT - 6), (width - 72, HEIGHT - 6)]))
        drawing.add(_text(width - 68, HEIGHT - 9, "Target", "start", MUTED))
    texts: list[Rect | String] = []
    for place, (label, value, text) in enumerate(
        zip(bars.labels, bars.values, bars.texts, strict=True)
    ):
        middle = step * (place + 0.5)
        drawing.add(_text(middle, LOW - 10, label, "middle", INK))
        if value is None:
            drawing.add(_text(middle, LOW + 4, "belum ada data", "middle", MUTED, SIZE - 1.5))
            continue
        tall = room * max(value, 0) / top
        half = min(step * 0.32, 22)
        drawing.add(
            Rect(middle - half, LOW, 2 * half, tall, fillColor=Color(*GREEN), strokeColor=None)
        )
        texts += _on_white(middle, LOW + tall + 3, text)
    points = [
        (step * (place + 0.5), LOW + room * target / top)
        for place, target in enumerate(bars.targets)
        if target is not None
    ]
    if len(points) > 1:
        drawing.add(_line(points))
    for each in texts:
        drawing.add(each)
    drawing.add(Line(0, LOW, width, LOW, strokeColor=Color(*HAIR), strokeWidth=0.8))
    return drawing


def _on_white(x: float, y: float, text: str) -> list[Rect | String]:
    """The value of a bar, readable also where the line of targets passes behind it."""
    half = stringWidth(text, BOLD, SIZE) / 2 + 1.5
    back = Rect(x - half, y - 1.8, 2 * half, SIZE + 1.2, fillColor=white, strokeColor=None)
    return [back, _text(x, y, text, "middle", INK, SIZE, BOLD)]


def _line(points: Sequence[tuple[float, float]]) -> PolyLine:
    flat = [each for point in points for each in point]
    return PolyLine(flat, strokeColor=Color(*TARGET), strokeWidth=1.4, strokeDashArray=[4, 2])


def _text(
    x: float,
    y: float,
    text: str,
    anchor: str,
    color: tuple[float, float, float],
    size: float = SIZE,
    font: str = FONT,
) -> String:
    return String(
        x, y, text, textAnchor=anchor, fontName=font, fontSize=size, fillColor=Color(*color)
    )
