"""The one rule by which numbers of people and of telephones are hidden in what people wrote.

The trail stays for good and logs travel, so both hide too much rather than too little. Amounts,
dates, codes and hashes are told by their shape and stay. Source: domain rules §6.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from wibawa.rules.dates import MONTH_NAMES

_DASHES: Final = "\\-\u2010\u2011\u2013\u2014"
_YEAR, _MONTH, _DAY = r"(?:19|20)\d\d", r"(?:0?[1-9]|1[0-2])", r"(?:0?[1-9]|[12]\d|3[01])"
_DATE: Final = (
    rf"(?:{_YEAR}-{_MONTH}-{_DAY}|{_DAY}[./-]{_MONTH}[./-]{_YEAR}"
    rf"|{_YEAR}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))"
)
_AMOUNT: Final = r"[1-9]\d{0,2}(?:\.\d{3}){1,4}"  # the NIK as a spreadsheet's amount is longer
_AREA_CODE: Final = r"\d\d\.\d\d\.\d\d\.\d{4}"
_DATES: Final = re.compile(rf"{_DATE}(?:[{_DASHES}]{_DATE})*")
_KEPT: Final = re.compile(rf"{_DATES.pattern}|{_AMOUNT}|{_AREA_CODE}")
_HASH: Final = re.compile(
    r"(?<![0-9A-Za-z])((?=[0-9]*[a-f])(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}))(?![0-9A-Za-z])"
)

_RUN: Final = re.compile(rf"\d(?:[\s.{_DASHES}]*\d){{15,}}")
_GAP: Final = re.compile(rf"([.{_DASHES}]*\s[\s.{_DASHES}]*)")
_NIK: Final = re.compile(r"[1-9]\d{5}(?:[04][1-9]|[1256]\d|[37][01])(?:0[1-9]|1[0-2])\d{6}")

_BETWEEN: Final = rf"[\s.(){_DASHES}]{{0,4}}"
_PHONE: Final = re.compile(
    rf"(?P<kept>(?<![\d+])(?<!\d[.-])(?:{_DATE}|{_YEAR}-{_MONTH}|{_AMOUNT})(?![.-]?\d))"
    rf"|(?<!\d)(?:(?:\+?62{_BETWEEN}0?|0){_BETWEEN}8(?:{_BETWEEN}\d){{7,11}}"  # mobile phones
    rf"|\+62(?:{_BETWEEN}\d){{7,12}}"
    rf"|(?<!\d[.-])0[2-79]\d{{1,2}}(?=\D)(?!{_BETWEEN}{_DATE})(?:{_BETWEEN}\d){{5,8}}"
    r")(?!\d)(?!\.\d{3})"
)
_NAMES: Final = "|".join(MONTH_NAMES)
_BIRTH: Final = re.compile(
    rf"(?:\b{_DAY}(?:[./-]{_MONTH}[./-]| (?:{_NAMES}) )|(?=\d{{4}}-{_MONTH}-{_DAY}\b))"
    rf"(?P<year>\d{{4}})(?:-{_MONTH}-{_DAY})?\b|(?<=\()\d{{6}}(?=\))"
)
# A landline in one piece looks like an account number, unless a word before it says what it is.
_WORD: Final = r"\b(?:telp|telepon|telpon|tlp|tel|hp|wa|fax|faks)\b[\s.:]{0,3}"
_SAID: Final = re.compile(rf"(?i)({_WORD})(0[2-79]\d{{7,10}})(?!\d)")
_TOLD: Final = re.compile(rf"(?i){_WORD}\(?0\d\d")


def mask_phone(number: str) -> str:
    """
    >>> mask_phone("081234567890"), mask_phone("")
    ('**********90', '')
    """
    return "*" * (len(number) - 2) + number[-2:] if len(number) > 4 else "*" * len(number)


def mask_phones(text: str) -> str:
    """A text in which the numbers of telephones are masked, however written.

    >>> mask_phones("HP 0812-3456-7890, rekening 3001000123, kantor (024) 351-2345")
    'HP **********90, rekening 3001000123, kantor (********45'
    """
    text = _SAID.sub(lambda found: found[1] + mask_phone(found[2]), text)
    return _PHONE.sub(lambda found: found["kept"] or mask_phone(_digits(found[0])), text)


def mask_days(text: str) -> str:
    """A text about a day of birth in which of each date its year is left, and nothing of the six
    figures that a NIK tells it with.

    >>> mask_days("Tanggal lahir 8 April 1985 tidak cocok dengan NIK"), mask_days("(480485)")
    ('Tanggal lahir tahun 1985 tidak cocok dengan NIK', '(******)')
    """
    return _BIRTH.sub(lambda found: f"tahun {found['year']}" if found["year"] else "******", text)


def mask_people(text: str) -> str:
    """A text in which every NIK and every number of a telephone is masked, with separators too.

    >>> mask_people("KTP 337401 480485-0012: Rp1.234.567 pada 08-12-2026, WA +62 812 3456 789")
    'KTP ************0012: Rp1.234.567 pada 08-12-2026, WA **********89'
    """
    return _but_for_hashes(text, lambda part: mask_phones(_mask_niks(part)))


def holds_nik(text: str) -> bool:
    """Whether something in a text is masked as a NIK.

    >>> holds_nik("KTP 337401 480485-0012"), holds_nik("WA 0812 3456 7890, Rp1.234.567")
    (True, False)
    """
    return _but_for_hashes(text, _mask_niks) != text


def holds_phone(text: str) -> bool:
    """Whether a text holds the number of a mobile phone, one that begins with +62, or one with a
    word before it that says so. A landline's alone is as often the number of a letter, "050-1234".

    >>> [holds_phone(text) for text in ("0812 3456 7890", "telp 024 3512345", "+62 24 351234")]
    [True, True, True]
    >>> [holds_phone(text) for text in ("KTP 3374014804850012", "050-12345", "telepon 08-12-2026")]
    [False, False, False]
    """
    plain = _but_for_hashes(text, _mask_niks)
    found = (each[0] for each in _PHONE.finditer(plain) if each["kept"] is None)
    mobile = any(_digits(each).startswith(("08", "62")) for each in found)
    return mobile or _TOLD.search(plain) is not None


def _but_for_hashes(text: str, mask: Callable[[str], str]) -> str:
    return "".join(
        part if number % 2 else mask(part) for number, part in enumerate(_HASH.split(text))
    )


def _mask_niks(text: str) -> str:
    return _RUN.sub(_mask_run, text)


def _mask_run(found: re.Match[str]) -> str:
    """Figures that only separators part: the NIK among them masked, amounts, dates and codes kept.
    What is neither and has sixteen figures or more is a NIK, mistyped or with another number."""
    parts = _GAP.split(found[0])
    said, at, waiting = [], 0, 0  # what is from `waiting` to `at` is not told yet

    def tell() -> None:
        plain = "".join(parts[waiting:at])
        said.append(_hidden(plain) if len(_digits(plain)) >= 16 else plain)

    while at < len(parts):
        end = _end_of_nik(parts, at)
        kept = at % 2 == 0 and _KEPT.fullmatch(parts[at]) is not None
        if end or kept:
            tell()
            end = end or at + 1
            said.append(parts[at] if kept and end == at + 1 else _hidden("".join(parts[at:end])))
            waiting = end
        at = end or at + 1
    tell()
    return "".join(said)


def _end_of_nik(parts: list[str], start: int) -> int:
    """Behind the parts from `start` that make a NIK together, or one part too long for anything
    else; 0 if they make none."""
    if start % 2:
        return 0
    digits = ""
    for at in range(start, len(parts), 2):
        digits += _digits(parts[at])
        if len(digits) >= 16:
            alone = at == start and _KEPT.fullmatch(parts[at]) is None
            days = all(_DATES.fullmatch(part) for part in parts[start : at + 1 : 2])
            return at + 1 if alone or (_NIK.fullmatch(digits) and not days) else 0
    return 0


def _hidden(run: str) -> str:
    """A run with the spaces around it; of its figures the last four are left."""
    figures = _digits(run)
    behind = run[len(run.rstrip()) :]
    before = run[: len(run) - len(run.lstrip())]
    return before + "*" * 12 + figures[-4:] + behind


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)
