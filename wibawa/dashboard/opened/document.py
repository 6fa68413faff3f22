"""The open figures as plain data: page, JSON and CSV are made from this alone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from wibawa.rules.suppression import LEAST, suppressed

NOTE = (
    "Sel yang memuat kurang dari 5 peminjam disembunyikan, dan sel lain bila selisihnya akan "
    "menunjukkan sel itu."
)
HEADINGS = ("Bagian", "Kode", "Nama", "Tahun", "Ukuran", "Nilai", "Keadaan", "Sumber")


class Total(NamedTuple):
    code: str
    label: str
    unit: str
    value: int | None


class Cell(NamedTuple):
    """One part of a split; None is hidden."""

    code: str
    label: str
    borrowers: int | None


class Year(NamedTuple):
    """An indicator in a year; target, realised and ratio in hundredths. A published figure came
    without numerator and denominator."""

    code: str
    name: str
    unit: str
    year: int
    target: int | None
    realised: int | None
    ratio: int | None
    numerator: int | None
    denominator: int | None
    state: str
    source: str


STATES = {
    "published": "angka terbitan",
    "locked": "ditetapkan dan dikunci",
    "hidden": "disembunyikan, kurang dari 5",
    "target_only": "belum ditetapkan",
}


@dataclass(frozen=True)
class OpenFigures:
    as_of: dt.date
    totals: tuple[Total, ...]
    places: tuple[Cell, ...]
    sexes: tuple[Cell, ...]
    years: tuple[Year, ...]

    def by_indicator(self) -> list[tuple[Year, ...]]:
        """The years of each indicator, in the order of the office's list."""
        found: dict[str, list[Year]] = {}
        for each in self.years:
            found.setdefault(each.code, []).append(each)
        return [tuple(years) for years in found.values()]

    def as_json(self) -> dict[str, Any]:
        return {
            "programme": "Kredit Wibawa, Kota Semarang",
            "as_of": self.as_of.isoformat(),
            "suppressed_below": LEAST,
            "totals": {each.code: each.value for each in self.totals},
            "borrowers_by_kecamatan": [_cell(each) for each in self.places],
            "borrowers_by_sex": [_cell(each) for each in self.sexes],
            "indicators": [
                {
                    "code": each.code,
                    "name": each.name,
                    "unit": each.unit,
                    "year": each.year,
                    "target": plain(each.target, each.unit),
                    "realised": plain(each.realised, each.unit),
                    "ratio": plain(each.ratio, "percent"),
                    "numerator": each.numerator,
                    "denominator": each.denominator,
                    "state": each.state,
                    "source": each.source,
                }
                for each in self.years
            ],
        }

    def rows(self) -> list[tuple[str | int | None, ...]]:
        """One figure a line, for CSV: columns as in HEADINGS."""
        day = self.as_of.isoformat()
        rows: list[tuple[str | int | None, ...]] = [
            ("Program", each.code, each.label, None, each.unit, *_said(each.value), day)
            for each in self.totals
        ]
        for part, cells in (("Kecamatan", self.places), ("Jenis kelamin", self.sexes)):
            rows += [(part, each.code, each.label, None, "peminjam", *_said(each.borrowers), day)
                     for each in cells]  # fmt: skip
        for each in self.years:
            rows += [("Indikator", each.code, each.name, each.year, measure, shown,
                      STATES[each.state], each.source)
                     for measure, shown in _measures(each)]  # fmt: skip
        return rows


def _measures(each: Year) -> list[tuple[str, str | int | None]]:
    """(what is measured, how much), of a percentage also what it is a part of."""
    found = [
        (f"{word} (%)" if unit == "percent" else f"{word} (jumlah)", plain(value, unit))
        for word, value, unit in (
            ("target", each.target, each.unit),
            ("realisasi", each.realised, each.unit),
            ("rasio capaian", each.ratio, "percent"),
        )
    ]
    if each.unit == "percent":
        found += [("pembilang (jumlah)", each.numerator), ("penyebut (jumlah)", each.denominator)]
    return found


def _cell(cell: Cell) -> dict[str, Any]:
    return {"code": cell.code, "name": cell.label, "borrowers": cell.borrowers}


def _said(value: int | None) -> tuple[int | None, str]:
    return value, "disembunyikan" if value is None else ""


def plain(hundredths: int | None, unit: str) -> str | int | None:
    """A figure as data: a percentage as text with two decimals, a count as a number.

    >>> plain(794, "percent"), plain(3700, "count")
    ('7.94', 37)
    """
    if hundredths is None:
        return None
    whole, rest = divmod(hundredths, 100)
    return f"{whole}.{rest:02d}" if unit == "percent" else whole


def split(cells: Sequence[tuple[str, str, int]]) -> tuple[tuple[Cell, ...], int | None]:
    """A split as the public may see it, and its total: None where the total would tell."""
    shown = suppressed([count for *_, count in cells])
    return (
        tuple(Cell(code, label, count)
              for (code, label, _), count in zip(cells, shown.cells, strict=True)),
        shown.total,
    )  # fmt: skip


def part_of(part: int, whole: int | None) -> int | None:
    """A part of a total that is shown: hidden when it or the rest of the whole is small.

    >>> part_of(20, 30), part_of(4, 30), part_of(28, 30), part_of(30, 30)
    (20, None, None, 30)
    """
    if whole is None or part < LEAST or 0 < whole - part < LEAST:
        return None
    return part
