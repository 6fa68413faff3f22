"""Money: read from the cells of bank files, printed, put into words, divided.

An amount is a whole number of rupiah in an `int`. Percentages are whole hundredths of a percent.
No float takes part in any reckoning; a float that a workbook hands over is read once, and only
when it is exactly integral.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Final, Literal

from wibawa.rules.refused import Refused

AmountCode = Literal["amount_unreadable", "amount_has_sen"]

MOST_DIGITS: Final = 15
_TOO_LARGE: Final = 10**MOST_DIGITS
_LONGEST_CELL: Final = 64

# The spellings that fill almost every file; everything else takes the careful way.
_USUAL: Final = re.compile(
    r"(?:Rp ?)?(?:"
    r"([0-9]{1,15})(?:[.,]00?|,-)?"
    r"|([1-9][0-9]{0,2}(?:\.[0-9]{3}){1,4})(?:,00|,-)?"
    r"|([1-9][0-9]{0,2}(?:,[0-9]{3}){1,4})(?:\.00)?)"
).fullmatch
_CURRENCY: Final = r"(?:(?:rp\.?|idr) *)?"
_SIGNED: Final = re.compile(
    rf"(?P<open>\()? *(?P<lead>-)? *{_CURRENCY}(?P<mid>-)? *(?P<inner>\()? *"
    r"(?P<number>[0-9][0-9.,]*?)(?P<dash>[.,]-)? *(?P<trail>-)? *(?P<close>\))?",
    re.IGNORECASE,
)
_PLAIN: Final = re.compile(r"(?P<whole>[0-9]+)(?:[.,](?P<sen>[0-9]{1,2}))?")
_GROUPED_BY_DOT: Final = re.compile(
    r"(?P<whole>[1-9][0-9]{0,2}(?:\.[0-9]{3})+)(?:,(?P<sen>[0-9]{1,2}))?"
)
_GROUPED_BY_COMMA: Final = re.compile(
    r"(?P<whole>[1-9][0-9]{0,2}(?:,[0-9]{3})+)(?:\.(?P<sen>[0-9]{1,2}))?"
)

_SENTENCES: Final[dict[AmountCode, str]] = {
    "amount_unreadable": (
        "Jumlah “{found}” tidak dapat dibaca; tulis rupiah utuh, misalnya 5.000.000 atau 5000000."
    ),
    "amount_has_sen": "Jumlah “{found}” memuat sen; tulis rupiah utuh tanpa sen.",
}


class AmountError(Refused):
    """A cell that is no whole amount of rupiah.

    `code` is `amount_unreadable` or `amount_has_sen`, `found` what stands in the cell (shortened),
    `sentence` the Indonesian sentence that says what was found and what is needed.
    """

    def __init__(self, code: AmountCode, found: str) -> None:
        if len(found) > _LONGEST_CELL:
            found = found[: _LONGEST_CELL - 1] + "…"
        if code == "amount_unreadable" and not found.strip():
            sentence = "Jumlah kosong; tulis rupiah utuh, misalnya 5.000.000."
        else:
            sentence = _SENTENCES[code].format(found=found)
        super().__init__(code, sentence)
        self.found = found


def parse_amount(cell: object) -> int:
    """Read one cell of a bank's file as whole rupiah.

    Text may be written `5000000`, `5.000.000`, `5.000.000,00`, `5,000,000.00`, `Rp5.000.000,-` or
    `Rp 5.000.000`; parentheses and a leading or trailing minus make it negative. Exactly three
    digits after the last separator are thousands, one or two are sen. Numbers of a workbook (int,
    float, Decimal) count when they are exactly integral. At most 15 digits.

    Unit: rupiah. Source: reading rules for amounts of the file rules §1.
    Raises `AmountError`: `amount_has_sen` when sen other than 00 stand there, `amount_unreadable`
    for everything else, an empty cell among it.

    >>> parse_amount("Rp5.000.000,-")
    5000000
    >>> parse_amount("(1.250,00)")
    -1250
    """
    if type(cell) is str:
        usual = _USUAL(cell)
        if usual is None:
            return _parse_text(cell)
        spelling = usual.lastindex
        if spelling == 2:
            return int(usual[2].replace(".", ""))
        return int(usual[1] if spelling == 1 else usual[3].replace(",", ""))
    if type(cell) is int:
        if -_TOO_LARGE < cell < _TOO_LARGE:
            return cell
        # Python refuses to write out an int of more than 4.300 digits.
        raise AmountError("amount_unreadable", f"bilangan lebih dari {MOST_DIGITS} angka")
    if isinstance(cell, float):
        return _parse_float(cell)
    if isinstance(cell, Decimal):
        return _parse_decimal(cell)
    if isinstance(cell, str):
        return _parse_text(str(cell))
    raise AmountError("amount_unreadable", "" if cell is None else str(cell))


def parse_typed(text: str) -> int:
    """Read an amount that somebody typed into a form, by the same rules as a cell of a file.

    Unit: rupiah. Source: domain rules §3 (money is whole rupiah), file rules §1.
    Raises `AmountError` as `parse_amount` does: "1.5" has sen, "1.25.000" is unreadable.

    >>> parse_typed("Rp1.250.000,00")
    1250000
    """
    return parse_amount(text)


def _parse_float(cell: float) -> int:
    if not math.isfinite(cell) or abs(cell) >= _TOO_LARGE:
        raise AmountError("amount_unreadable", str(cell))
    if not cell.is_integer():
        raise AmountError("amount_has_sen", str(cell))
    return int(cell)


def _parse_decimal(cell: Decimal) -> int:
    if not cell.is_finite() or cell.copy_abs() >= _TOO_LARGE:
        raise AmountError("amount_unreadable", str(cell))
    whole = int(cell)
    if whole != cell:
        raise AmountError("amount_has_sen", str(cell))
    return whole


def _parse_text(cell: str) -> int:
    """The careful way: sign, currency and number are taken apart and each must be regular."""
    found = cell.strip()
    if len(found) > _LONGEST_CELL:
        raise AmountError("amount_unreadable", found)
    # split() knows every Unicode space; U+2212 is the minus of word processors.
    text = " ".join(found.split()).replace("−", "-")
    signed = _SIGNED.fullmatch(text)
    if signed is None:
        raise AmountError("amount_unreadable", found)
    brackets = (bool(signed["open"]) + bool(signed["inner"]), int(bool(signed["close"])))
    signs = [bool(signed[name]) for name in ("lead", "mid", "trail", "close")]
    if brackets not in ((0, 0), (1, 1)) or sum(signs) > 1:
        raise AmountError("amount_unreadable", found)
    number = signed["number"]
    if signed["dash"]:
        # ",-" says "no sen"; a second dash behind it could mean a minus or nothing.
        if signed["trail"]:
            raise AmountError("amount_unreadable", found)
        number += signed["dash"].replace("-", "00")
    whole, sen = _take_apart(number, found)
    if sen.strip("0"):
        raise AmountError("amount_has_sen", found)
    return -int(whole) if any(signs) else int(whole)


def _take_apart(number: str, found: str) -> tuple[str, str]:
    """The digits before and after the decimal mark of an unsigned number."""
    for spelling in (_PLAIN, _GROUPED_BY_DOT, _GROUPED_BY_COMMA):
        parts = spelling.fullmatch(number)
        if parts is not None:
            whole = parts["whole"].replace(".", "").replace(",", "")
            if len(whole) <= MOST_DIGITS:
                return whole, parts["sen"] or ""
    raise AmountError("amount_unreadable", found)


def number(n: int) -> str:
    """A whole number with the dots of Indonesian print.

    Unit: any count or rupiah. No errors. Source: domain rules §3.

    >>> number(5000000)
    '5.000.000'
    """
    return f"{n:,}".replace(",", ".")


def rupiah(n: int) -> str:
    """An amount as it is printed: no space after Rp, no sen, a minus before Rp.

    Unit: rupiah. No errors. Source: domain rules §3.

    >>> rupiah(-5000000)
    '-Rp5.000.000'
    """
    return f"-Rp{number(-n)}" if n < 0 else f"Rp{number(n)}"


def percent(hundredths: int) -> str:
    """Hundredths of a percent as they are printed, always with two decimals.

    Unit: hundredths of a percent. No errors. Source: domain rules §3.

    >>> percent(794)
    '7,94%'
    """
    whole, rest = divmod(abs(hundredths), 100)
    return f"{'-' if hundredths < 0 else ''}{number(whole)},{rest:02d}%"


_DIGITS: Final = (
    "nol", "satu", "dua", "tiga", "empat", "lima", "enam", "tujuh", "delapan", "sembilan",
    "sepuluh", "sebelas",
)  # fmt: skip
_POWERS: Final = ("", "ribu", "juta", "miliar", "triliun", "kuadriliun")


def words(n: int) -> str:
    """An amount in words, as agreements and receipts write it.

    Unit: rupiah. Source: domain rules §3: 2.001.000 is "dua juta seribu rupiah".
    Raises ValueError from 10**18 on, for which the office has no word.

    >>> words(2001000)
    'dua juta seribu rupiah'
    """
    if abs(n) >= 1000 ** len(_POWERS):
        raise ValueError("no words for amounts of a million trillion rupiah or more")
    said: list[str] = []
    rest = abs(n)
    for power in _POWERS:
        rest, group = divmod(rest, 1000)
        if group == 1 and power == "ribu":
            said.append("seribu")
        elif group:
            said.append(f"{_below_thousand(group)} {power}".rstrip())
    spoken = " ".join(reversed(said)) or _DIGITS[0]
    return f"{'minus ' if n < 0 else ''}{spoken} rupiah"


def _below_thousand(n: int) -> str:
    hundreds, rest = divmod(n, 100)
    said: list[str] = []
    if hundreds:
        said.append("seratus" if hundreds == 1 else f"{_DIGITS[hundreds]} ratus")
    if rest >= 20:
        tens, rest = divmod(rest, 10)
        said.append(f"{_DIGITS[tens]} puluh")
    elif rest >= 12:
        said.append(f"{_DIGITS[rest - 10]} belas")
        rest = 0
    if rest:
        said.append(_DIGITS[rest])
    return " ".join(said)


def divide_half_up(numerator: int, denominator: int) -> int:
    """Divide whole numbers, rounded half up (a half goes away from zero, so signs mirror).

    Unit: that of the numerator per that of the denominator. Source: domain rules §3 and §7.
    Raises ZeroDivisionError when the denominator is 0.

    >>> divide_half_up(5, 2), divide_half_up(-5, 2)
    (3, -3)
    """
    size = (2 * abs(numerator) + abs(denominator)) // (2 * abs(denominator))
    return size if (numerator < 0) == (denominator < 0) else -size


def share(part: int, whole: int) -> int | None:
    """What share `part` is of `whole`, rounded half up; None when the whole is 0.

    Unit: hundredths of a percent (794 is 7,94 %). No errors. Source: domain rules §4 and §7.

    >>> share(1, 3)
    3333
    """
    return None if whole == 0 else divide_half_up(part * 10_000, whole)
