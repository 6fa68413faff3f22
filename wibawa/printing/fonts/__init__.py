"""Faces, widths and line breaking for the printed page.

The standard PDF faces cost nothing but know only cp1252. A string with any other character is set
as a whole in DejaVu Sans Condensed, of which ReportLab embeds only the characters used.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

RGB = tuple[float, float, float]

_FOLDER = Path(__file__).parent
_MISSING = "\N{WHITE SQUARE}"
_ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"


class Face(NamedTuple):
    """A weight or slope: its standard PDF font and the file that stands in beyond cp1252."""

    standard: str
    embedded: str


REGULAR = Face("Helvetica", "DejaVuSansCondensed")
BOLD = Face("Helvetica-Bold", "DejaVuSansCondensed-Bold")
ITALIC = Face("Helvetica-Oblique", "DejaVuSansCondensed")


class Fitted(NamedTuple):
    """Text that fits its place: the lines, the font to set them in, and its size in points."""

    lines: tuple[str, ...]
    font: str
    size: float
    is_standard: bool

    @property
    def leading(self) -> float:
        """From one baseline to the next, in points."""
        return self.size * 1.14


def _escapes() -> dict[int, str]:
    table = {ord(char): f"\\{char}" for char in "()\\"}
    for code in range(0x80, 0x100):
        char = bytes([code]).decode("cp1252", "ignore")
        if char:
            table[ord(char)] = f"\\{code:03o}"
    return table


_ESCAPES = _escapes()


def literal(text: str) -> str:
    """The text as a PDF string literal in WinAnsi, for the standard faces only.

    >>> literal("Toko (Jaya)")
    '(Toko \\\\(Jaya\\\\))'
    """
    return f"({text.translate(_ESCAPES)})"


def points(value: float) -> str:
    """A length (or a share of a colour) as PDF writes it.

    >>> points(56.70)
    '56.7'
    """
    return f"{value:.3f}".rstrip("0").rstrip(".")


def is_standard(text: str) -> bool:
    """True if the standard PDF faces can set every character."""
    if text.isascii():
        return True
    try:
        text.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True


def tidy(text: str) -> str:
    """One line of visible characters: composed accents, single spaces, no control characters.

    Control, format (bidi overrides, zero-width), surrogate and private characters have no shape of
    their own on paper and could move the text around them.
    """
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    composed = unicodedata.normalize("NFC", text)
    kept = (c for c in composed if c.isspace() or unicodedata.category(c)[0] != "C")
    return " ".join("".join(kept).split())


@cache
def _embedded(name: str) -> frozenset[int]:
    """Register the font file once; return the code points it has a shape for."""
    font = TTFont(name, str(_FOLDER / f"{name}.ttf"))
    pdfmetrics.registerFont(font)
    return frozenset(font.face.charToGlyph)


def choose(text: str, face: Face) -> tuple[str, str, bool]:
    """The tidy text, the name of the font that can set it, and whether that is a standard one.

    A character that neither font knows becomes a box, so that the reader sees that one is missing.
    """
    text = tidy(text)
    if is_standard(text):
        return text, face.standard, True
    known = _embedded(face.embedded)
    return "".join(c if ord(c) in known else _MISSING for c in text), face.embedded, False


def width(text: str, font: str, size: float) -> float:
    """How wide the text runs, in points."""
    return float(pdfmetrics.stringWidth(text, font, size))


def _break(text: str, font: str, size: float, limit: float) -> list[str]:
    """Fill lines with words; a word that is too long for a line is cut at its edge."""
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if width(longer, font, size) <= limit:
            line = longer
            continue
        if line:
            lines.append(line)
        while width(word, font, size) > limit and len(word) > 1:
            cut = next(
                n
                for n in range(len(word) - 1, 0, -1)
                if n == 1 or width(word[:n], font, size) <= limit
            )
            lines.append(word[:cut])
            word = word[cut:]
        line = word
    return [*lines, line]


def _shorten(line: str, font: str, size: float, limit: float) -> str:
    while line and width(line + _ELLIPSIS, font, size) > limit:
        line = line[:-1]
    return line.rstrip() + _ELLIPSIS


def fit(
    text: str, face: Face, size: float, limit: float, *, lines: int = 1, tight_lines: int = 1
) -> Fitted:
    """Set the text into a place `limit` points wide that holds `lines` lines of `size`.

    First as it is, then smaller by up to a sixth, then much smaller on `tight_lines` lines, and as
    a last resort cut short with an ellipsis. The embedded faces have larger letters than the
    standard ones, so they start a little smaller.
    """
    text, font, standard = choose(text, face)
    if not standard:
        size *= 0.93
    if width(text, font, size) <= limit:
        return Fitted((text,), font, size, standard)
    for scale, room in ((1.0, lines), (0.92, lines), (0.84, lines), (0.66, tight_lines)):
        broken = _break(text, font, size * scale, limit)
        if len(broken) <= room:
            return Fitted(tuple(broken), font, size * scale, standard)
    small = size * 0.58
    broken = _break(text, font, small, limit)
    if len(broken) > tight_lines:
        broken[tight_lines - 1 :] = [
            _shorten(" ".join(broken[tight_lines - 1 :]), font, small, limit)
        ]
    return Fitted(tuple(broken), font, small, standard)


class TextBlock:
    """The changing text of one page, gathered as one block of PDF operators."""

    def __init__(self, canvas: Any) -> None:
        self._canvas = canvas
        self._names = {
            face.standard: canvas._doc.getInternalFontName(face.standard)
            for face in (REGULAR, BOLD, ITALIC)
        }
        self._parts: list[str] = []
        self._embedded: list[tuple[float, float, str, str, float, RGB]] = []
        self._state: tuple[str, float, RGB] | None = None

    def font(self, name: str, size: float, color: RGB) -> None:
        """Set what follows in a standard font."""
        state = (name, size, color)
        if state != self._state:
            shade = " ".join(map(points, color))
            self._parts.append(f"{self._names[name]} {points(size)} Tf {shade} rg")
            self._state = state

    def raw(self, operators: str) -> None:
        """Add operators as they are, in the font that was set last."""
        self._parts.append(operators)

    def label(self, x: float, y: float, text: str, face: Face, size: float, color: RGB) -> None:
        """Set a fixed word of the form, known to be standard and short enough."""
        self.font(face.standard, size, color)
        self._parts.append(f"1 0 0 1 {points(x)} {points(y)} Tm ({text}) Tj")

    def set(self, x: float, y: float, fitted: Fitted, color: RGB, align: float = 0) -> None:
        """Set fitted lines downwards from the baseline `y`; `align` 0 left, 0.5 centre, 1 right."""
        for line in fitted.lines:
            start = x - align * width(line, fitted.font, fitted.size) if align else x
            if fitted.is_standard:
                self.font(fitted.font, fitted.size, color)
                place = f"1 0 0 1 {points(start)} {points(y)} Tm"
                self._parts.append(f"{place} {literal(line)} Tj")
            else:
                self._embedded.append((start, y, line, fitted.font, fitted.size, color))
            y -= fitted.leading

    def end(self) -> None:
        """Put the block on the page and be ready for the next one."""
        self._canvas.addLiteral("BT\n" + "\n".join(self._parts) + "\nET")
        for x, y, line, name, size, color in self._embedded:
            self._canvas.setFillColorRGB(*color)
            self._canvas.setFont(name, size)
            self._canvas.drawString(x, y, line)
        self._parts.clear()
        self._embedded.clear()
        self._state = None
