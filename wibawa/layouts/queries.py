"""What an example says, read as an uploaded file would be."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from wibawa.access.personal_data import unseal_bytes
from wibawa.access.sealed import place_of
from wibawa.layouts.checks import Place, likely_place, places
from wibawa.layouts.kinds import FileKind
from wibawa.layouts.models import LayoutExample
from wibawa.rules.dates import short_date
from wibawa.rules.money import number
from wibawa.rules.nik import mask_niks
from wibawa.rules.refused import Problem
from wibawa.uploads.layouts import Layout, Words, taught_layout
from wibawa.uploads.limits import Unreadable
from wibawa.uploads.table import first_records

EXAMPLE_PLACE = "layout_examples.content"
KEPT = dt.timedelta(hours=24)
FIRST_ROWS = 20
LOOKED_AT = 60


@dataclass(frozen=True)
class Understood:
    """The first rows of an example as they would be read; `refused` when the whole file would be.

    `columns` are (heading of ours, the file's, whether figures), `rows` (Excel's row, texts, its
    problems), `wholly` the problems of the file as a whole, `bad` of `count` rows have one.
    """

    refused: str = ""
    columns: list[tuple[str, str, bool]] = field(default_factory=list)
    rows: list[tuple[int, list[str], list[Problem]]] = field(default_factory=list)
    wholly: list[Problem] = field(default_factory=list)
    count: int = 0
    bad: int = 0
    read_at: int = 0


def find_example(session: Session, example_id: int, now: dt.datetime) -> LayoutExample | None:
    """An example that is still kept."""
    return session.scalar(
        select(LayoutExample).where(
            LayoutExample.id == example_id, LayoutExample.uploaded_at > now - KEPT
        )
    )


def content_of(example: LayoutExample) -> bytes:
    return unseal_bytes(example.content, place_of(EXAMPLE_PLACE, example.id))


def places_of(content: bytes, filename: str, layout: Layout) -> tuple[list[Place], Place | None]:
    """Where the headings of an example may stand, and where they most likely do. Raises
    `Unreadable`."""
    sheets = first_records(content, filename, layout.columns, count=LOOKED_AT)
    found = places(sheets)
    return found, likely_place(found, sheets, layout)


def understand(kind: FileKind, content: bytes, filename: str, words: Words) -> Understood:
    """An example read in the way that `words` teach."""
    layout = taught_layout(kind.shape, words)
    try:
        file = kind.read(content, filename, layout)
    except Unreadable as refused:
        return Understood(refused=refused.problem.message)
    said = defaultdict(list)
    for problem in file.problems:
        said[problem.row].append(problem)
    keys = [column.key for column in kind.shape.columns if column.key in file.table.columns]
    first: Sequence[Any] = list(file.rows[:FIRST_ROWS])
    values = [[getattr(row, kind.field_of(key)) for key in keys] for row in first]
    figures = [
        any(type(line[place]) is int for line in values) for place in range(len(keys))
    ]  # fmt: skip
    return Understood(
        columns=[
            (kind.shape.heading(key), mask_niks(file.table.heading(key)), figure)
            for key, figure in zip(keys, figures, strict=True)
        ],
        rows=[
            (row.row, list(map(_shown, line)), list(map(_masked, said[row.row])))
            for row, line in zip(first, values, strict=True)
        ],
        wholly=[_masked(problem) for problem in said[0]],
        count=len(file.rows),
        bad=len(file.bad_rows),
        read_at=file.table.header_row,
    )


def _shown(value: object) -> str:
    words: dict[type, Callable[[Any], str]] = {dt.date: short_date, int: number}
    if value is None or value == "":
        return "–"
    said = {"approved": "Disetujui", "refused": "Ditolak"}
    return mask_niks(words.get(type(value), str)(said.get(str(value), value)))


def _masked(problem: Problem) -> Problem:
    return Problem(
        problem.row, mask_niks(problem.column), problem.code, mask_niks(problem.found),
        mask_niks(problem.message), problem.blocking,
    )  # fmt: skip
