"""How figures are written on screen; registered as Jinja filters."""

from __future__ import annotations

import datetime as dt

from flask import Flask

from wibawa.rules.dates import long_date, long_moment, short_date
from wibawa.rules.facts import Standing
from wibawa.rules.money import number, percent, rupiah, words
from wibawa.rules.standing import HEALTH_WORDS
from wibawa.web.clock import in_wib

METHODS = {"annuity": "Anuitas", "flat": "Flat", "declining": "Menurun"}
DASH = "–"
UNKNOWN = "Belum tercatat"


def moment(value: dt.datetime | None) -> str:
    """A stored moment in WIB: "5 Januari 2026 09.14"."""
    return DASH if value is None else long_moment(in_wib(value))


def rate(basis_points: int) -> str:
    """300 → "3,00% per tahun"."""
    return f"{percent(basis_points)} per tahun"


def hundredths(value: int | None, unit: str) -> str:
    """An indicator's value: percent with two decimals, a count without."""
    if value is None:
        return "belum ada data"
    if unit == "percent":
        return percent(value)
    return number(value // 100)


def yes_no(value: bool | None) -> str:
    return {True: "Ya", False: "Tidak", None: UNKNOWN}[value]


def health(standing: Standing) -> str:
    """A cooperative's grade with its day: "Sehat, 31 Maret 2026"."""
    if standing.health is None:
        return UNKNOWN
    grade = HEALTH_WORDS[standing.health]
    return f"{grade}, {long_date(standing.assessed_on)}" if standing.assessed_on else grade


def register(app: Flask) -> None:
    app.jinja_env.filters.update(
        rupiah=rupiah,
        number=number,
        words=words,
        percent=percent,
        long_date=lambda day: DASH if day is None else long_date(day),
        short_date=lambda day: DASH if day is None else short_date(day),
        moment=moment,
        rate=rate,
        method=lambda value: METHODS[value],
        hundredths=hundredths,
        yes_no=yes_no,
        health=health,
    )
