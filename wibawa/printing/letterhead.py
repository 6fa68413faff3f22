"""The head of every paper, its margins and its colours."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

from reportlab import rl_config
from reportlab.pdfbase.pdfdoc import PDFImageXObject

from wibawa.letters.documents import Letterhead
from wibawa.printing.fonts import BOLD, REGULAR, TextBlock, fit

# Compressed streams as they are: ASCII armour would make every file a quarter larger.
rl_config.useA85 = 0

Logos = Callable[[str], bytes]
"""Digest of a logo → its JPEG."""

GREEN = (0.043, 0.365, 0.231)
INK = (0.12, 0.14, 0.13)
MUTED = (0.36, 0.41, 0.38)
HAIR = (0.77, 0.82, 0.79)
TINT = (0.925, 0.955, 0.938)

MARGIN, TOP, FOOT = 56.7, 36.0, 40.0  # points from the edges; FOOT from below
MARK, BROADEST = 46.0, 76.0  # height of mark and logo, and how wide a logo may be


def no_logo(digest: str) -> bytes:
    """For papers that carry Wibawa's own mark."""
    raise LookupError(f"nobody brought the logo {digest}")


def _draw_mark(canvas: Any, x: float, y: float, size: float) -> None:
    """Wibawa's own mark, a W whose last stroke rises; it imitates no coat of arms."""
    canvas.setFillColorRGB(*GREEN)
    canvas.roundRect(x, y, size, size, size * 0.2, stroke=0, fill=1)
    canvas.setStrokeColorRGB(1, 1, 1)
    canvas.setLineCap(1)
    canvas.setLineJoin(1)
    canvas.setLineWidth(size * 0.085)
    path = canvas.beginPath()
    path.moveTo(x + 0.19 * size, y + 0.68 * size)
    for across, up in ((0.345, 0.35), (0.49, 0.6), (0.63, 0.35), (0.81, 0.77)):
        path.lineTo(x + across * size, y + up * size)
    canvas.drawPath(path, stroke=1, fill=0)
    canvas.setLineWidth(size * 0.03)
    canvas.line(x + 0.2 * size, y + 0.2 * size, x + 0.8 * size, y + 0.2 * size)


def _draw_logo(canvas: Any, digest: str, logos: Logos, x: float, y: float) -> float:
    """Draw a logo within MARK by BROADEST from (x, y) up; how wide it became.

    The file holds it once, as the JPEG that it is: nothing decodes it here.
    """
    name, document = f"logo-{digest}", canvas._doc
    registered = document.getXObjectName(name)
    image = document.idToObject.get(registered)
    if image is None:
        image = PDFImageXObject(name)
        image.loadImageFromJPEG(BytesIO(logos(digest)))
        document.Reference(image, registered)
        document.addForm(name, image)
    scale = min(MARK / image.height, BROADEST / image.width)
    width, height = image.width * scale, image.height * scale
    canvas.translate(x, y + (MARK - height) / 2)
    canvas.scale(width, height)
    canvas.doForm(name)
    return float(width)


def draw_letterhead(
    canvas: Any,
    text: TextBlock,
    head: Letterhead,
    left: float,
    right: float,
    top: float,
    logos: Logos,
) -> None:
    """The head of a paper, 63 points high, from the upper margin `top` down."""
    mark, middle = MARK, (left + right) / 2
    canvas.saveState()
    if head.logo:
        mark = _draw_logo(canvas, head.logo, logos, left, top - MARK - 6)
    else:
        _draw_mark(canvas, left, top - MARK - 2, MARK)
    canvas.restoreState()
    room = right - left - 2 * (mark + 12)
    address = head.address if len(head.address) <= 2 else (", ".join(head.address),)
    small = [line for line in (*address, head.contact) if line]
    y = top - 10 - (3 - len(small)) * 3.4
    text.set(middle, y, fit(head.government, REGULAR, 11.5, room), INK, 0.5)
    text.set(middle, y - 16, fit(head.office, BOLD, 15, room), GREEN, 0.5)
    for index, line in enumerate(small):
        fitted = fit(line, REGULAR, 8, room)
        text.set(middle, y - 27 - 8.8 * index, fitted, MUTED, 0.5)
    canvas.setStrokeColorRGB(*GREEN)
    for weight, below in ((1.8, 60), (0.5, 63)):
        canvas.setLineWidth(weight)
        canvas.line(left, top - below, right, top - below)
