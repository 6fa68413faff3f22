"""An example's rows → where its headings may stand; the headings that were chosen → what is wrong
with the choice, and what it teaches. Plain Python."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from wibawa.uploads.columns import (
    LONGEST_HEADING,
    Cell,
    Column,
    find_header,
    is_blank,
    known_names,
    match_headings,
    squeeze,
)
from wibawa.uploads.layouts import DateOrder, DecimalMark, Layout, Shape, Words
from wibawa.uploads.xlsx_reader import Sheet

MOST_PLACES = 40
SAMPLES = 3
_LONG_NUMBER = re.compile(r"\d{6}")


@dataclass(frozen=True)
class Place:
    """A row of the example (or two, under merged cells) that may hold the headings.

    `code` as in addresses, "0:5:1" for sheet, row and number of rows; `below` the rows under it.
    """

    code: str
    sheet: str
    row: int
    depth: int
    headings: list[str]
    below: list[tuple[int, list[Cell]]] = field(repr=False)

    def samples(self, index: int) -> list[Cell]:
        """What stands in a column of the first rows."""
        cells = [cells[index] for _, cells in self.below if index < len(cells)]
        return [cell for cell in cells if not is_blank(cell)][:SAMPLES]


@dataclass(frozen=True)
class Choice:
    """Which of the file's columns (by position) is which of ours, and how it writes."""

    chosen: Mapping[str, int]
    date_order: DateOrder = "dmy"
    decimal_mark: DecimalMark | None = None


def places(sheets: Sequence[Sheet]) -> list[Place]:
    """Every row near the top of a sheet with at least two texts, alone and with the next one."""
    found: list[Place] = []
    for number, sheet in enumerate(sheets):
        for position, (row, cells) in enumerate(sheet.records):
            rest = sheet.records[position + 1 :]
            headings = _headings(cells)
            if sum(map(bool, headings)) < 2:
                continue
            found.append(Place(f"{number}:{row}:1", sheet.name, row, 1, headings, rest))
            if rest and rest[0][0] == row + 1 and _may_complete(rest[0][1]):
                both = _merged(headings, _headings(rest[0][1]))
                found.append(Place(f"{number}:{row}:2", sheet.name, row, 2, both, rest[1:]))
    return found[:MOST_PLACES]


def likely_place(found: Sequence[Place], sheets: Sequence[Sheet], layout: Layout) -> Place | None:
    """Where the headings stand by their known names, else the row with the most texts that has
    something below it."""
    every = [one.columns for one in (layout, *layout.earlier)]
    for number, sheet in enumerate(sheets):
        for columns in every:
            header = find_header(sheet.records, columns)
            if header is not None:
                code = f"{number}:{header.row}:{header.depth}"
                known = next((place for place in found if place.code == code), None)
                if known is not None:
                    return known
    alone = [place for place in found if place.depth == 1]
    return max(
        alone, key=lambda place: (bool(place.below), sum(map(bool, place.headings))), default=None
    )


def suggested(place: Place, columns: Sequence[Column]) -> dict[str, int]:
    """The columns that the known names recognise."""
    return match_headings(place.headings, known_names(columns))[0]


def faults(shape: Shape, place: Place, choice: Choice) -> list[tuple[str, str]]:
    """What is wrong with a choice: (our column or "", a sentence)."""
    wrong: list[tuple[str, str]] = []
    taken: dict[str, str] = {}
    texts = [squeeze(heading) for heading in place.headings]
    for key, index in choice.chosen.items():
        heading = place.headings[index]
        if _LONG_NUMBER.search(heading):
            wrong.append((key, f"“{heading}” berisi nomor, jadi tampaknya isi tabel dan bukan "
                               "judulnya. Pilih baris judul kolom yang benar."))  # fmt: skip
        elif texts[index] in taken:
            wrong.append((key, f"Judul “{heading}” sudah dipakai untuk {taken[texts[index]]}. Satu "
                               "judul hanya untuk satu isi; pilih kolom lain."))  # fmt: skip
        elif texts.count(texts[index]) > 1:
            wrong.append((key, f"Judul “{heading}” ada lebih dari satu di berkas ini, sehingga "
                               "tidak dapat dibedakan. Minta bank memberi judul yang berbeda, lalu "
                               "unggah contoh baru."))  # fmt: skip
        else:
            taken[texts[index]] = shape.heading(key)
    for column in shape.columns:
        if column.needed and column.key not in choice.chosen:
            wrong.append((column.key, f"Kolom untuk {column.heading} belum dipilih; tanpa kolom "
                                      "ini berkas tidak dapat dibaca."))  # fmt: skip
    needed = {column.key for column in shape.columns if column.needed}
    for missing in shape.missing({*choice.chosen, *needed}):
        wrong.append((shape.either[0][0], f"Kolom untuk {missing} belum dipilih; tanpa jumlah "
                                          "berkas tidak dapat dibaca."))  # fmt: skip
    return wrong


def words_of(shape: Shape, place: Place, choice: Choice) -> Words:
    """What a choice teaches; headings that look like ours and were not chosen are left alone."""
    names = {key: (place.headings[index],) for key, index in choice.chosen.items()}
    usual = known_names(shape.columns)
    used = {squeeze(heading) for (heading,) in names.values()}
    ignored = [
        heading
        for heading in dict.fromkeys(place.headings)
        if squeeze(heading) in usual and squeeze(heading) not in used
    ]
    return Words(names, tuple(ignored), choice.date_order, choice.decimal_mark)


def _headings(cells: Sequence[Cell]) -> list[str]:
    """The texts of a row; "" for a cell that can be no heading."""
    return [
        cell.strip()
        if isinstance(cell, str) and len(cell) <= LONGEST_HEADING and squeeze(cell)
        else ""
        for cell in cells
    ]


def _may_complete(cells: Sequence[Cell]) -> bool:
    """Whether a row can be the second of two rows of headings: texts without a digit."""
    filled = [cell for cell in cells if not is_blank(cell)]
    return len(filled) >= 2 and all(
        isinstance(cell, str) and not any(map(str.isdigit, cell)) for cell in filled
    )


def _merged(above: list[str], below: list[str]) -> list[str]:
    width = max(len(above), len(below))
    first, second = (row + [""] * (width - len(row)) for row in (above, below))
    return [low or high for high, low in zip(first, second, strict=True)]
