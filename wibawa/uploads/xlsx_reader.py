"""XLSX bytes → sheets, through a child process that a hostile file may destroy (`xlsx_child`)."""

from __future__ import annotations

import datetime as dt
import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from wibawa.rules.refused import Problem
from wibawa.uploads.apart import start
from wibawa.uploads.columns import SEARCHED_ROWS, Cell, Column, find_header
from wibawa.uploads.limits import Limits, Unreadable, dotted, too_large, unreadable

CHILD = Path(__file__).with_name("xlsx_child.py")

_SAVE_AGAIN = "buka di Excel, simpan sebagai .xlsx (Excel Workbook), lalu unggah lagi."


@dataclass(slots=True)
class Sheet:
    """One visible sheet: its filled rows, and what Excel does not show at a glance.

    `hidden` are ranges of hidden rows, `hidden_columns` of hidden columns by index, `formulas` the
    (row, column index) of formulas without a stored result.
    """

    name: str
    records: list[tuple[int, list[Cell]]] = field(default_factory=list)
    hidden: list[tuple[int, int]] = field(default_factory=list)
    hidden_columns: list[tuple[int, int]] = field(default_factory=list)
    formulas: set[tuple[int, int]] = field(default_factory=set)
    notices: list[Problem] = field(default_factory=list)


def read_xlsx(content: bytes, layout: Sequence[Column], limits: Limits) -> Sheet:
    """The first visible sheet that has the headings; other sheets are named in its notices.

    When no sheet has them, the first visible sheet that holds anything is returned. Raises
    `Unreadable` with file_unreadable or file_too_large.
    """
    chosen: Sheet | None = None
    fallback: Sheet | None = None
    hidden: list[str] = []
    unused: list[str] = []
    for about, sheet in _sheets(content, limits):
        if not about["visible"]:
            if about["filled"]:
                hidden.append(sheet.name)
        elif find_header(sheet.records[:SEARCHED_ROWS], layout) is None:
            fallback = fallback or (sheet if sheet.records else None)
        elif chosen is None:
            chosen = sheet
        else:
            unused.append(sheet.name)
    best = chosen or fallback or Sheet("")
    best.notices = [*map(_hidden_notice, hidden), *(_unused_notice(n, best.name) for n in unused)]
    return best


def visible_sheets(content: bytes, limits: Limits, count: int) -> list[Sheet]:
    """The first `count` filled rows of every visible sheet that holds anything, in the workbook's
    order. Raises as `read_xlsx`.
    """
    found = []
    for about, sheet in _sheets(content, limits):
        del sheet.records[count:]
        if about["visible"] and sheet.records:
            found.append(sheet)
    return found


def _hidden_notice(name: str) -> Problem:
    sentence = (
        f"Lembar “{name}” disembunyikan di Excel dan tidak dibaca; "
        "tampilkan dan pindahkan isinya bila memang bagian dari berkas ini."
    )
    return Problem(0, "", "sheet_hidden", name, sentence, blocking=False)


def _unused_notice(name: str, used: str) -> Problem:
    sentence = (
        f"Lembar “{name}” juga berisi tabel tetapi tidak dibaca, yang dibaca lembar “{used}”; "
        "unggah lembar lain sebagai berkas tersendiri."
    )
    return Problem(0, "", "sheet_not_read", name, sentence, blocking=False)


def _sheets(content: bytes, limits: Limits) -> Iterator[tuple[dict[str, Any], Sheet]]:
    """Every worksheet as the child tells it, each complete before it is given on."""
    about: dict[str, Any] = {}
    sheet: Sheet | None = None
    days: dict[int, dt.date] = {}
    with _child(content, limits) as lines:
        for line in lines:
            value = json.loads(line)
            if isinstance(value, list):
                if sheet is not None:
                    sheet.records += [(row, _cells(cells, days)) for row, cells in value]
                continue
            if "refused" in value:
                raise refusal(value["refused"], value["found"], limits)
            if sheet is not None:
                yield about, sheet
            if "end" in value:
                return
            about = value
            sheet = Sheet(
                value["sheet"],
                hidden=[(first, last) for first, last in value["hidden"]],
                hidden_columns=[(first, last) for first, last in value["hidden_columns"]],
                formulas={(row, column) for row, column in value["formulas"]},
            )
    raise refusal("memory", "", limits)


def _cells(cells: list[Any], days: dict[int, dt.date]) -> list[Cell]:
    """Give dates back their type: [ordinal] or [ordinal, seconds]."""
    for index, cell in enumerate(cells):
        if type(cell) is list:
            day = days.get(cell[0])
            if day is None:
                day = days[cell[0]] = dt.date.fromordinal(cell[0])
            if len(cell) == 2:
                midnight = dt.datetime(day.year, day.month, day.day)  # noqa: DTZ001 - no zone
                cells[index] = midnight + dt.timedelta(seconds=cell[1])
            else:
                cells[index] = day
        elif cell is None:
            cells[index] = ""
        elif type(cell) is str and "\0" in cell:  # Excel writes _x0000_; PostgreSQL stores none
            cells[index] = cell.replace("\0", "\ufffd")
    return cells


@contextmanager
def _child(content: bytes, limits: Limits) -> Iterator[IO[bytes]]:
    """The child's output, line by line; the child is gone when the block is left."""
    process = start(CHILD)
    assert process.stdin is not None
    assert process.stdout is not None
    told = {name: getattr(limits, name) for name in Limits.__dataclass_fields__}
    # The child has its own limit of processor time; a busy machine gives it a part of that only.
    watch = threading.Timer(3 * limits.seconds, process.kill)
    watch.start()
    try:
        with suppress(BrokenPipeError):
            process.stdin.write(json.dumps(told).encode() + b"\n")
            process.stdin.write(content)
            process.stdin.close()
        yield process.stdout
    finally:
        watch.cancel()
        process.kill()
        with suppress(BrokenPipeError):
            process.stdin.close()
        process.stdout.close()
        process.wait()


def refusal(why: str, found: str, limits: Limits) -> Unreadable:
    """The sentence for each word with which the child refuses a file."""
    if why in ("columns", "cells", "rows", "unpacked", "members", "text", "memory"):
        return too_large(_too_large_sentence(why, found, limits), found)
    sentences = {
        "zip": f"Berkas Excel rusak atau terpotong; {_SAVE_AGAIN}",
        "encrypted": f"Berkas dilindungi kata sandi; hapus kata sandinya, {_SAVE_AGAIN}",
        "xlsb": f"Berkas disimpan sebagai .xlsb; {_SAVE_AGAIN}",
        "ods": f"Berkas disimpan sebagai OpenDocument (.ods); {_SAVE_AGAIN}",
        "no_workbook": f"Berkas ini bukan buku kerja Excel (.xlsx); {_SAVE_AGAIN}",
        "xml": f"Isi berkas Excel tidak wajar dan tidak dibuka; {_SAVE_AGAIN}",
    }
    default = f"Berkas Excel tidak dapat dibaca; {_SAVE_AGAIN}"
    return unreadable(sentences.get(why, default), found)


def _too_large_sentence(why: str, found: str, limits: Limits) -> str:
    where = f" (sel {found})" if found[:1].isalpha() else ""
    megabytes = limits.unpacked // (1024 * 1024)
    return {
        "columns": (
            f"Lembar berisi lebih dari {limits.columns} kolom{where}; "
            "hapus kolom yang tidak dipakai, simpan, lalu unggah lagi."
        ),
        "rows": (
            f"Lembar berisi lebih dari {dotted(limits.rows)} baris{where}; "
            "bagi menjadi beberapa berkas atau hapus isi sel yang jauh di bawah tabel."
        ),
        "cells": (
            f"Lembar berisi lebih dari {dotted(limits.cells)} sel; "
            "hapus kolom yang tidak dipakai atau bagi menjadi beberapa berkas."
        ),
        "unpacked": (
            f"Isi berkas setelah dibuka lebih dari {megabytes} MB; "
            "hapus gambar dan lembar lain, atau bagi menjadi beberapa berkas."
        ),
        "members": (
            "Berkas berisi terlalu banyak bagian; "
            "salin tabelnya ke buku kerja baru, simpan sebagai .xlsx, lalu unggah lagi."
        ),
        "text": (
            "Ada sel dengan teks yang terlalu panjang; "
            "hapus teks panjang di luar tabel, simpan, lalu unggah lagi."
        ),
    }.get(
        why,
        "Berkas terlalu berat untuk dibuka; "
        "salin tabelnya ke buku kerja baru, simpan sebagai .xlsx, lalu unggah lagi.",
    )
