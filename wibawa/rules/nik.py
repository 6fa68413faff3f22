"""Nomor Induk Kependudukan: sixteen digits that carry a region, a birth date and a sex.

Sentences and representations never repeat the whole number: they end up in logs and files
(domain rules §6).
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from typing import Final, Literal

from wibawa.rules.dates import completed_years
from wibawa.rules.refused import Refused

Sex = Literal["L", "P"]

SEMARANG: Final = "3374"
YOUNGEST: Final = 17
OLDEST: Final = 100
_WOMEN: Final = 40
_SIXTEEN: Final = re.compile(r"[0-9]{16}")
_ANY: Final = re.compile(r"\d(?:[\s.\-]*\d){15,}")
_IN_TEXT: Final = re.compile(r"(?<!\d)\d{12}(\d{4})(?!\d)")


@dataclass(frozen=True, slots=True)
class Nik:
    """A NIK taken apart. `region` is province, city and kecamatan (6 digits), `serial` 4 digits."""

    number: str = field(repr=False)
    region: str
    birth_date: dt.date = field(repr=False)
    sex: Sex
    serial: str = field(repr=False)


def read_nik(text: str, today: dt.date) -> Nik:
    """Take a NIK apart; spaces around it are ignored.

    The number holds two digits of the year only. Of the years that are not in the future and in
    which the day exists, the youngest that makes the holder 17 to 100 years old is taken, else
    the youngest. Source: domain rules §5 (day + 40 for women).
    Raises `Refused`: `nik_unreadable` when it is not 16 digits, `nik_birth_date_impossible` when
    no such day exists.

    >>> nik = read_nik("3374015311920012", dt.date(2026, 11, 24))
    >>> nik.birth_date, nik.sex
    (datetime.date(1992, 11, 13), 'P')
    """
    number = text.strip()
    if _SIXTEEN.fullmatch(number) is None:
        digits = sum(character in "0123456789" for character in number)
        also = "" if digits == len(number) else " dan tanda lain"
        raise Refused(
            "nik_unreadable", f"NIK berisi {digits} angka{also}; diperlukan tepat 16 angka."
        )
    day, month, year = int(number[6:8]), int(number[8:10]), int(number[10:12])
    sex: Sex = "P" if day > _WOMEN else "L"
    birth_date = _birth_date(day - _WOMEN if sex == "P" else day, month, year, today)
    if birth_date is None:
        raise Refused(
            "nik_birth_date_impossible",
            f"Angka ke-7 sampai ke-12 NIK ({number[6:12]}) bukan tanggal lahir yang mungkin; "
            "diperlukan hari, bulan dan tahun (hari ditambah 40 untuk perempuan).",
        )
    return Nik(number, number[:6], birth_date, sex, number[12:])


def _birth_date(day: int, month: int, year: int, today: dt.date) -> dt.date | None:
    century = today.year - today.year % 100
    possible: list[dt.date] = []
    for candidate in (century + year, century - 100 + year):
        try:
            born = dt.date(candidate, month, day)
        except ValueError:
            continue
        if born <= today:
            possible.append(born)
    of_age = [b for b in possible if YOUNGEST <= completed_years(b, today) <= OLDEST]
    return next(iter(of_age or possible), None)


def mask_nik(number: str) -> str:
    """A NIK as lists and logs may show it: the last four digits only.

    Anything that is too short to be a NIK is hidden whole. Source: domain rules §6. No errors.

    >>> mask_nik("3374010101900012")
    '************0012'
    """
    if len(number) < 12:
        return "*" * len(number)
    return "*" * (len(number) - 4) + number[-4:]


def mask_niks(text: str) -> str:
    """A text in which every run of exactly sixteen digits is masked, for logs and file names.

    Source: domain rules §6. No errors.

    >>> mask_niks("ktp 3374010101900012.xlsx")
    'ktp ************0012.xlsx'
    """
    return _IN_TEXT.sub(lambda found: "*" * 12 + found[1], text)


def mask_written_niks(text: str) -> str:
    """Like `mask_niks`, for what people wrote: with spaces, dots and dashes, or with digits added.

    Source: domain rules §6. No errors.

    >>> mask_written_niks("KTP 337401 010190-0012, HP 0812 3456 7890")
    'KTP ************0012, HP 0812 3456 7890'
    """
    return _ANY.sub(lambda found: "*" * 12 + re.sub(r"\D", "", found[0])[-4:], text)


def is_semarang(nik: Nik) -> bool:
    """Whether the NIK was issued in the City of Semarang; another city is a warning, no block.

    Source: domain rules §5 (prefix 3374). No errors.

    >>> is_semarang(read_nik("3374010101900012", dt.date(2026, 11, 24)))
    True
    """
    return nik.region.startswith(SEMARANG)
