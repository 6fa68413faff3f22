"""What single cells say, for the readers of all kinds of files."""

from __future__ import annotations

import re

from wibawa.uploads.columns import Cell

LONGEST_ACCOUNT = 40
SCIENTIFIC = re.compile(r"\d([.,]\d+)?[eE][+-]?\d{1,3}")

_FRACTION = re.compile(r"\d+[.,]\d+")
_ACCOUNT = re.compile(r"[0-9A-Za-z/]+")
_PUNCTUATION = re.compile(r"[\s.\-]")


def text_of(cell: Cell) -> str:
    """A cell as text: spaces made single, the `'` that keeps digits text dropped, 5.0 as "5".

    >>> text_of(" '0812 "), text_of(5.0)
    ('0812', '5')
    """
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    return " ".join(str(cell).split()).removeprefix("'").strip()


def account_text(cell: str) -> str | None:
    """An account number from a text cell, without spaces, dots and dashes; None if it is none.

    Scientific notation and fractions are refused: digits are already lost (files.md §1).

    >>> account_text("'056-783.63.706080"), account_text("1,23457E+12")
    ('05678363706080', None)
    """
    text = text_of(cell)
    if SCIENTIFIC.fullmatch(text) or _FRACTION.fullmatch(text):
        return None
    plain = _PUNCTUATION.sub("", text)
    return plain if len(plain) <= LONGEST_ACCOUNT and _ACCOUNT.fullmatch(plain) else None
