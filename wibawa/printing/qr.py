"""The square code that leads to the page on which anybody may check a paper."""

from __future__ import annotations

from typing import Any, Final

import segno

from wibawa.printing.fonts import points

# Any of the eight patterns can be read; trying all takes five times as long, which a batch
# of thousands of papers notices. This one is the chess board, the most even.
MASK: Final = 0
CAPTION: Final = "Pindai untuk memeriksa keasliannya"


def check_address(site: str, token: str) -> str:
    """Where the code leads; "" for a paper without a token or a site without an address.

    >>> check_address("https://wibawa.example", "abc")
    'https://wibawa.example/cek/abc'
    """
    return f"{site}/cek/{token}" if site and token else ""


def draw_code(canvas: Any, address: str, x: float, y: float, size: float) -> None:
    """Draw the code for `address` with its lower left corner at (x, y): black rectangles only."""
    rows = segno.make_qr(address, error="m", mask=MASK, boost_error=False).matrix
    height = len(rows)
    runs = []
    for below, row in enumerate(reversed(rows)):
        start = None
        for column, dark in enumerate((*row, 0)):
            if dark and start is None:
                start = column
            elif not dark and start is not None:
                runs.append(f"{start} {below} {column - start} 1 re")
                start = None
    unit = points(size / height)
    place = f"q 0 g {unit} 0 0 {unit} {points(x)} {points(y)} cm"
    canvas.addLiteral(f"{place}\n{' '.join(runs)} f Q")
