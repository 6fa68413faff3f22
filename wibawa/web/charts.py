"""Charts as SVG text, drawn with whole numbers.

Figures of indicators are hundredths (1130 is 11,30). Nothing here needs a script or a style
attribute, so the pages keep their strict content policy and the charts print. Each chart has its
name and its figures as text; the caller puts a table of the same figures beside it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from typing import NamedTuple

from markupsafe import Markup, escape

INK, QUIET, LINE, GREEN = "#17211c", "#4d5a53", "#d8dfda", "#0f5c42"
TARGET = "#a3521f"

WIDTH, HEIGHT = 760, 330
LEFT, RIGHT, TOP, BOTTOM = 92, 10, 30, 76

CLASS_FILLS = ("#0f5c42", "#6aa98d", "#d9a441", "#c4692b", "#8f1d1a")


class Segment(NamedTuple):
    """One part of a stacked bar: its name, its size, and how the size is written."""

    label: str
    value: int
    text: str


def hundredths_text(value: int) -> str:
    """Two decimals with a comma, thousands with points: 1130 → "11,30"."""
    sign = "-" if value < 0 else ""
    whole, rest = divmod(abs(value), 100)
    return f"{sign}{whole:,}".replace(",", ".") + f",{rest:02d}"


def nice_step(highest: int, lines: int = 6) -> int:
    """The smallest of 1, 2, 5 times a power of ten that covers `highest` in `lines` steps."""
    step = 1
    while True:
        for factor in (1, 2, 5):
            if step * factor * lines >= highest:
                return step * factor
        step *= 10


def _key(*parts: object) -> str:
    """An id that two different charts on one page do not share."""
    return "c" + hashlib.sha256(repr(parts).encode()).hexdigest()[:10]


def _text(
    x: int,
    y: int,
    text: str,
    *,
    fill: str = INK,
    size: int = 12,
    anchor: str = "middle",
    weight: str = "400",
) -> str:
    return (
        f'<text x="{x}" y="{y}" font-size="{size}" font-weight="{weight}" '
        f'text-anchor="{anchor}" fill="{fill}">{escape(text)}</text>'
    )


def _open(key: str, width: int, height: int, title: str, description: str) -> str:
    return (
        f'<svg class="chart" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img" '
        f'aria-labelledby="{key}-title {key}-desc">'
        f'<title id="{key}-title">{escape(title)}</title>'
        f'<desc id="{key}-desc">{escape(description)}</desc>'
    )


def _axis(top: int, step: int, unit: str, base: int) -> list[str]:
    """Quiet lines with their values, the unit above them."""
    room = base - TOP
    parts = [_text(LEFT - 8, TOP - 14, unit, fill=QUIET, size=11, anchor="end")]
    for value in range(0, top + 1, step):
        y = base - room * value // top
        stroke = QUIET if value == 0 else LINE
        label = hundredths_text(value).removesuffix(",00")
        parts.append(f'<path d="M{LEFT} {y}H{WIDTH - RIGHT}" stroke="{stroke}"/>')
        parts.append(_text(LEFT - 8, y + 4, label, fill=QUIET, size=11, anchor="end"))
    return parts


def _strip_names(base: int) -> str:
    """The two rows of figures below the years; their names are the key of the drawing."""
    target_y, realised_y = base + 42, base + 62
    return (
        f'<path d="M4 {base + 26}H{WIDTH - RIGHT}M4 {base + 47}H{WIDTH - RIGHT}" stroke="{LINE}"/>'
        f'<path d="M4 {target_y - 4}h18" stroke="{TARGET}" stroke-width="2" '
        f'stroke-dasharray="5 3"/>'
        f'<path d="M13 {target_y - 9}l5 5l-5 5l-5-5z" fill="{TARGET}"/>'
        f'<rect x="4" y="{realised_y - 10}" width="18" height="11" fill="{GREEN}"/>'
        + _text(28, target_y, "Target", anchor="start")
        + _text(28, realised_y, "Realisasi", anchor="start")
    )


def _figure(value: int | None) -> str:
    return "–" if value is None else hundredths_text(value)


def bar_line_chart(
    labels: Sequence[str],
    target: Sequence[int | None],
    realised: Sequence[int | None],
    title: str,
    unit: str,
    description: str,
    unsettled: Collection[str] = (),
) -> Markup:
    """Targets (a line with marks) against realised values (bars), one column per label.

    Values are hundredths of `unit`. None is "belum ada data", never a zero. The exact figures stand
    in two rows below the years, so nothing has to be read off the drawing. Columns of `unsettled`
    labels are hatched: reckoned from the books, and may still change.
    """
    if not len(labels) == len(target) == len(realised):
        raise ValueError("labels, target and realised must be equally long")
    key = _key("bar-line", tuple(labels), tuple(target), tuple(realised), title, tuple(unsettled))
    highest = max([100, *(value for value in (*target, *realised) if value is not None)])
    step = nice_step(highest)
    top, base = step * -(-highest // step), HEIGHT - BOTTOM
    column = (WIDTH - LEFT - RIGHT) // max(len(labels), 1)
    half = min(column * 3 // 10, 28)
    bars: list[str] = []
    points: list[tuple[int, int]] = []
    for number, (label, goal, got) in enumerate(zip(labels, target, realised, strict=True)):
        middle = LEFT + column * number + column // 2
        bars.append(_text(middle, base + 18, label, weight="600"))
        bars.append(_text(middle, base + 42, _figure(goal)))
        bars.append(_text(middle, base + 62, _figure(got)))
        if got is None:
            bars.append(_text(middle, base - 20, "belum", fill=QUIET, size=11))
            bars.append(_text(middle, base - 7, "ada data", fill=QUIET, size=11))
        else:
            tall = (base - TOP) * max(got, 0) // top
            bars.append(
                f'<rect class="mark-realised" x="{middle - half}" y="{base - tall}" '
                f'width="{half * 2}" height="{tall}" '
                + (f'fill="url(#{key}-hatch)" stroke="{GREEN}"/>' if label in unsettled
                   else f'fill="{GREEN}"/>')
            )  # fmt: skip
        if goal is not None:
            points.append((middle, base - (base - TOP) * max(goal, 0) // top))
    parts = [_open(key, WIDTH, HEIGHT, title, description), *_axis(top, step, unit, base)]
    if unsettled:
        parts += [_hatch(f"{key}-hatch"), _hatch_key(f"{key}-hatch")]
    parts += [_strip_names(base), *bars, _line(points), "</svg>"]
    return Markup("".join(parts))  # noqa: S704 - every text is escaped in _text and _open


def _line(points: Sequence[tuple[int, int]]) -> str:
    """A dashed line over a white one, a diamond at each point: readable on bars and paper."""
    path = " ".join(f"{x},{y}" for x, y in points)
    marks = "".join(f"M{x} {y - 6}l6 6l-6 6l-6-6z" for x, y in points)
    return (
        f'<polyline points="{path}" fill="none" stroke="#fff" stroke-width="5"/>'
        f'<polyline class="mark-target" points="{path}" fill="none" stroke="{TARGET}" '
        f'stroke-width="2" stroke-dasharray="5 3"/>'
        f'<path d="{marks}" fill="{TARGET}" stroke="#fff" stroke-width="2"/>'
    )


def _hatch(key: str) -> str:
    return (
        f'<defs><pattern id="{key}" width="7" height="7" patternUnits="userSpaceOnUse">'
        f'<rect width="7" height="7" fill="#fff"/>'
        f'<path d="M-2 2l4-4M0 7l7-7M5 9l4-4" stroke="{GREEN}" stroke-width="2"/></pattern></defs>'
    )


def _hatch_key(key: str) -> str:
    y, right = TOP - 14, WIDTH - RIGHT
    return (
        f'<rect x="{right - 272}" y="{y - 10}" width="18" height="11" fill="url(#{key})" '
        f'stroke="{GREEN}"/>'
        + _text(right - 248, y, "Dihitung dari buku, belum ditetapkan", size=12, anchor="start")
    )


class Line(NamedTuple):
    """One line of a chart: its name and its values, None where nothing is known."""

    name: str
    values: tuple[int | None, ...]


LINE_INKS = (GREEN, TARGET, "#28527a")
DASHES = ("", "7 4", "2 3")


def line_chart(
    labels: Sequence[str], lines: Sequence[Line], title: str, unit: str, description: str
) -> Markup:
    """Up to three lines over the same labels, each with a stroke and a mark of its own.

    Values are hundredths of `unit`, none negative. A gap is left where nothing is known.
    """
    if len(lines) > len(LINE_INKS) or any(len(line.values) != len(labels) for line in lines):
        raise ValueError("at most three lines, each as long as the labels")
    key = _key("lines", tuple(labels), tuple(lines), title)
    highest = max([100, *(value for line in lines for value in line.values if value is not None)])
    step = nice_step(highest)
    top, height = step * -(-highest // step), HEIGHT - 50
    base = height - 28
    column = (WIDTH - LEFT - RIGHT) // max(len(labels), 1)
    middles = [LEFT + column * number + column // 2 for number in range(len(labels))]
    parts = [_open(key, WIDTH, height, title, description), *_axis(top, step, unit, base)]
    parts += [_text(x, base + 18, label) for x, label in zip(middles, labels, strict=True)]
    for number, line in enumerate(lines):
        points = [
            None if value is None else (x, base - (base - TOP) * value // top)
            for x, value in zip(middles, line.values, strict=True)
        ]
        parts += [_drawn(points, number), _line_name(line, number)]
    return Markup("".join([*parts, "</svg>"]))  # noqa: S704 - every text is escaped in _text and _open


def _drawn(points: Sequence[tuple[int, int] | None], number: int) -> str:
    ink, path, pen_up = LINE_INKS[number], "", True
    for point in points:
        if point is not None:
            path += f"{'M' if pen_up else 'L'}{point[0]} {point[1]}"
        pen_up = point is None
    marks = "".join(_mark(number, *point) for point in points if point is not None)
    return (
        f'<path class="mark-line-{number + 1}" d="{path}" fill="none" stroke="{ink}" '
        f'stroke-width="2" stroke-dasharray="{DASHES[number]}"/>'
        f'<path d="{marks}" fill="{ink}" stroke="#fff"/>'
        if path
        else ""
    )


def _mark(number: int, x: int, y: int) -> str:
    """A diamond, a square, a triangle."""
    return (
        f"M{x} {y - 5}l5 5l-5 5l-5-5z",
        f"M{x - 4} {y - 4}h8v8h-8z",
        f"M{x} {y - 5}l5 9h-10z",
    )[number]


def _line_name(line: Line, number: int) -> str:
    """The key above the drawing, with the last value that is known."""
    x, y, ink = LEFT + 30 + 215 * number, TOP - 14, LINE_INKS[number]
    last = next((value for value in reversed(line.values) if value is not None), None)
    said = line.name if last is None else f"{line.name} {hundredths_text(last)}%"
    return (
        f'<path d="M{x} {y - 4}h26" stroke="{ink}" stroke-width="2" '
        f'stroke-dasharray="{DASHES[number]}"/><path d="{_mark(number, x + 13, y - 4)}" '
        f'fill="{ink}" stroke="#fff"/>' + _text(x + 33, y, said, anchor="start", weight="600")
    )


def share_bar(part: int) -> Markup:
    """A small bar for a cell of a table, hundredths of a percent; the cell says the figure."""
    width = 120 * max(0, min(part, 10_000)) // 10_000
    return Markup(  # noqa: S704 - numbers only
        f'<svg class="share-bar" viewBox="0 0 120 10" width="120" height="10" aria-hidden="true">'
        f'<rect width="120" height="10" fill="#e4e9e5"/>'
        f'<rect width="{width}" height="10" fill="{GREEN}"/></svg>'
    )


def shares(values: Sequence[int]) -> list[int]:
    """Each value's share of the sum in hundredths of a percent; the shares add up to 10000.

    Largest remainders take the missing hundredths. All zero gives zeros.
    """
    total = sum(values)
    if total <= 0:
        return [0] * len(values)
    parts = [divmod(value * 10000, total) for value in values]
    missing = 10000 - sum(whole for whole, _ in parts)
    lucky = sorted(range(len(parts)), key=lambda place: (-parts[place][1], place))[:missing]
    return [whole + (place in lucky) for place, (whole, _) in enumerate(parts)]


def stacked_bar(segments: Sequence[Segment], title: str) -> Markup:
    """One bar split by size, each part with its own pattern, number, and line of text below.

    At most five segments, in the order given. Sizes are whole numbers, none negative.
    """
    if len(segments) > len(CLASS_FILLS):
        raise ValueError(f"at most {len(CLASS_FILLS)} segments")
    if any(segment.value < 0 for segment in segments):
        raise ValueError("a segment cannot be negative")
    key = _key("stacked", tuple(segments), title)
    part = shares([segment.value for segment in segments])
    says = "; ".join(
        f"{segment.label} {segment.text} ({hundredths_text(share)}%)"
        for segment, share in zip(segments, part, strict=True)
    )
    height = 74 + 24 * len(segments)
    bars: list[str] = []
    taken = 0
    for number, (segment, share) in enumerate(zip(segments, part, strict=True)):
        start, taken = WIDTH * taken // 10000, taken + share
        width = WIDTH * taken // 10000 - start
        fill = f'fill="url(#{key}-{number})"'
        if width > 0:
            bars.append(
                f'<rect class="mark-{number + 1}" x="{start}" y="22" width="{width}" height="30" '
                f'{fill} stroke="#fff" stroke-width="1"/>'
            )
        if width >= 46:
            bars.append(
                _text(start + width // 2, 15, f"{hundredths_text(share)}%", size=12, weight="600")
            )
        y = 80 + 24 * number
        bars.append(f'<rect x="1" y="{y - 12}" width="24" height="15" {fill} stroke="{QUIET}"/>')
        bars.append(_text(36, y, segment.label, anchor="start", size=13))
        bars.append(_text(560, y, segment.text, anchor="end", size=13))
        bars.append(_text(WIDTH - 60, y, f"{hundredths_text(share)}%", anchor="end", size=13))
    patterns = "".join(_pattern(f"{key}-{number}", number) for number in range(len(segments)))
    parts = [_open(key, WIDTH, height, title, says), f"<defs>{patterns}</defs>", *bars, "</svg>"]
    return Markup("".join(parts))  # noqa: S704 - every text is escaped in _text and _open


def _pattern(key: str, number: int) -> str:
    """A fill of its own for each class, told apart on a black and white print as well."""
    marks = (
        "",
        '<path d="M0 4h8" stroke="#fff" stroke-width="2"/>',
        '<path d="M-2 2l4-4M0 8l8-8M6 10l4-4" stroke="#17211c" stroke-width="1.2"/>',
        '<circle cx="4" cy="4" r="1.7" fill="#fff"/>',
        '<path d="M0 0l8 8M8 0l-8 8" stroke="#fff" stroke-width="1.2"/>',
    )[number]
    return (
        f'<pattern id="{key}" width="8" height="8" patternUnits="userSpaceOnUse">'
        f'<rect width="8" height="8" fill="{CLASS_FILLS[number]}"/>{marks}</pattern>'
    )
