"""What single cells say, for the readers of all kinds of files."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence

from wibawa.rules.dates import short_date
from wibawa.rules.money import AmountError
from wibawa.uploads.columns import Cell

LONGEST_ACCOUNT = 40
SCIENTIFIC = re.compile(r"\d([.,]\d+)?[eE][+-]?\d{1,3}")

_USUAL_AMOUNTS = re.compile(
    r"(?:(?:Rp ?)?(?:[0-9]{1,15}|[1-9][0-9]{0,2}(?:\.[0-9]{3}){1,4})(?:,00|,-)?\n)++"
)
_PLAIN_ACCOUNTS = re.compile(r"(?:'?[0-9]{1,40}\n)++")
_SEPARATOR = re.compile(r"[.,](?=\d)")
_FRACTION = re.compile(r"\d+[.,]\d+")
_ACCOUNT = re.compile(r"[0-9A-Za-z/]+")
_PUNCTUATION = re.compile(r"[\s.\-]")


def text_of(cell: Cell) -> str:
    """A cell as text: spaces made single, the `'` that keeps digits text dropped, 5.0 as "5".

    >>> text_of(" '0812 "), text_of(5.0)
    ('0812', '5')
    """
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 10**15:
        return str(int(cell))
    return " ".join(str(cell).split()).removeprefix("'").strip()


def as_shown(cell: Cell) -> str:
    """A cell as Excel shows it, for sentences: whole numbers plain, dates day first.

    >>> as_shown(46310.0), as_shown(dt.date(2026, 10, 15))
    ('46310', '15/10/2026')
    """
    if isinstance(cell, dt.date):
        return short_date(cell)
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 10**16:
        return str(int(cell))
    return str(cell)


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


def plain_accounts(cells: Sequence[Cell]) -> list[str] | None:
    """All accounts at once when every cell is plain digits, else None."""
    texts = [cell for cell in cells if type(cell) is str]
    joined = "\n".join(texts)
    if len(texts) != len(cells) or not _PLAIN_ACCOUNTS.fullmatch(joined + "\n"):
        return None
    accounts = joined.replace("'", "").split("\n")
    return accounts if len(accounts) == len(cells) else None


def usual_amounts(cells: Sequence[Cell]) -> dict[Cell, int]:
    """Amounts of the cells that are written in the usual ways, many at a time.

    A whole batch is matched and turned into numbers at once, three times as fast as one by one; a
    batch with anything unusual in it is left to `parse_amount`, which gives the same numbers.

    >>> usual_amounts(["Rp 441.667,00", "0", "1.5"]), usual_amounts(["Rp 441.667,00", "0"])
    ({}, {'Rp 441.667,00': 441667, '0': 0})
    """
    texts = list(dict.fromkeys([cell for cell in cells if type(cell) is str and cell]))
    known: dict[Cell, int] = {}
    for start in range(0, len(texts), 200):
        batch = texts[start : start + 200]
        joined = "\n".join(batch) + "\n"
        if _USUAL_AMOUNTS.fullmatch(joined) and joined.count("\n") == len(batch):
            plain = joined.replace("Rp", "").replace(",00\n", "\n").replace(",-\n", "\n")
            known.update(zip(batch, map(int, plain.replace(".", "").split()), strict=True))
    return known


def check_decimal_mark(cell: str, mark: str) -> None:
    """Refuse a number whose last separator contradicts the decimal mark of the bank's layout."""
    separators = list(_SEPARATOR.finditer(cell))
    if not separators:
        return
    last = separators[-1]
    digits = len(re.match(r"\d*", cell[last.end() :])[0])  # type: ignore[index]
    if (last[0] == mark) == (digits == 3):
        raise AmountError("amount_unreadable", cell.strip())
