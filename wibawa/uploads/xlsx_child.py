"""The process that opens an XLSX file, apart from the application and under limits.

Started by `xlsx_reader` as a script: it imports the standard library and python-calamine only,
reads one line of limits and the file from standard input, writes JSON lines to standard output, and
never writes anywhere else. Whatever a hostile file does to it (abort, endless loop, memory), the
application sees a process that ended without its last line.
"""

from __future__ import annotations

import datetime as dt
import html
import io
import json
import re
import struct
import sys
import zipfile
import zlib
from collections.abc import Iterator
from itertools import islice
from typing import Any

Range = list[int]

_FAR_CELL = re.compile(rb" r=[\"'](?:([A-Z]{2,3})(\d+)|([A-Z])(\d{6,}))[\"']")
_ROW = re.compile(rb"<(?:\w+:)?row\b([^<>]*)>")
_ROW_NUMBER = re.compile(rb"\br=[\"'](\d+)[\"']")
_HIDDEN = re.compile(rb"\bhidden=[\"'](?:1|true)[\"']")
_FORMULA_ONLY = re.compile(
    rb"<(?:\w+:)?f\b(?:[^<>]*/>|[^<>]*>[^<]*</(?:\w+:)?f>)\s{0,20}"
    rb"(?:<(?:\w+:)?v\s?/>|<(?:\w+:)?v>\s{0,20}</(?:\w+:)?v>)?\s{0,20}</(?:\w+:)?c>"
)
_CELL_START = re.compile(rb"<(?:\w+:)?c\b([^<>]*)>\s*$")
_REFERENCE = re.compile(rb"\br=[\"']([A-Z]{1,3})(\d+)[\"']")
_TEXT_RESULT = re.compile(rb"\bt=[\"']str[\"']")
_COLUMNS = re.compile(rb"<(?:\w+:)?col\b([^<>]{0,400})>")
_ERROR = re.compile(
    rb"<(?:\w+:)?c\b([^<>]{0,200}?\bt=[\"']e[\"'][^<>]{0,200})>"
    rb"(?:<(?:\w+:)?f\b(?:[^<>]*/>|[^<>]*>[^<]*</(?:\w+:)?f>))?"
    rb"<(?:\w+:)?v>([^<>]{1,20})</"
)
_SHEET = re.compile(rb"<(?:\w+:)?sheet\s([^<>]{0,4000})>")
_RELATION = re.compile(rb"<(?:\w+:)?Relationship\s([^<>]{0,4000})>")
_ATTRIBUTE = re.compile(rb"([\w:]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")

BATCH = 500
MOST_SHEETS = 60
MOST_ERRORS = 200_000
MOST_COLUMNS = 16_384


class Refusal(Exception):
    """Why the file is not read: a word that `xlsx_reader` turns into a sentence."""

    def __init__(self, why: str, found: str = "") -> None:
        super().__init__(why)
        self.why = why
        self.found = found


def set_limits(memory: int, seconds: int) -> None:
    """Bound the memory and the processor time of this process, where the system can."""
    try:
        import resource  # noqa: PLC0415 - not on every system
    except ImportError:  # pragma: no cover - Windows
        return
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def column_number(letters: bytes) -> int:
    """The index of a column from 0: A = 0, Z = 25, AA = 26."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1


def members(content: bytes, limits: dict[str, int]) -> dict[str, zipfile.ZipInfo]:
    """The parts of the zip by name, checked for number, method and kind."""
    if content.count(b"PK\x01\x02") > 2 * limits["members"]:
        raise Refusal("members")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            infos = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, struct.error, IndexError):
        raise Refusal("zip") from None
    if len(infos) > limits["members"]:
        raise Refusal("members", str(len(infos)))
    parts = {info.filename.replace("\\", "/").lower(): info for info in infos}
    if len(parts) != len(infos):
        raise Refusal("zip")
    if any(info.flag_bits & 1 for info in infos):
        raise Refusal("encrypted")
    if "xl/workbook.bin" in parts:
        raise Refusal("xlsb")
    if "content.xml" in parts:
        raise Refusal("ods")
    if "xl/workbook.xml" not in parts:
        raise Refusal("no_workbook")
    if sum(info.file_size for info in infos) > limits["unpacked"]:
        raise Refusal("unpacked")
    return parts


def unpack(content: bytes, info: zipfile.ZipInfo, room: int) -> bytes:
    """The bytes of one part, really counted: a size that the zip states is not believed."""
    start = info.header_offset
    header = content[start : start + 30]
    if len(header) < 30 or header[:4] != b"PK\x03\x04":
        raise Refusal("zip")
    name_length, extra_length = struct.unpack("<HH", header[26:30])
    begin = start + 30 + name_length + extra_length
    packed = memoryview(content)[begin : begin + info.compress_size]
    if len(packed) != info.compress_size:
        raise Refusal("zip")
    if info.compress_type == zipfile.ZIP_STORED:
        data = bytes(packed[: room + 1])
    elif info.compress_type == zipfile.ZIP_DEFLATED:
        try:
            data = zlib.decompressobj(-15).decompress(packed, room + 1)
        except zlib.error:
            raise Refusal("zip") from None
    else:
        raise Refusal("zip")
    if len(data) > room:
        raise Refusal("unpacked")
    return data


def check_xml(data: bytes) -> None:
    """Refuse what no spreadsheet program writes: document types, entities, UTF-16."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in data[:200]:
        raise Refusal("xml")
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise Refusal("xml")


def check_sheet(data: bytes, limits: dict[str, int]) -> None:
    """Refuse a sheet with too many cells, or with a filled cell beyond the limits."""
    cells = data.count(b"<c ") + data.count(b":c ") + data.count(b"<c>") + data.count(b":c>")
    if cells > 3 * limits["cells"]:
        raise Refusal("cells")
    last_row = limits["rows"] + limits["spare_rows"]
    for match in _FAR_CELL.finditer(data):
        letters, row = match[1] or match[3], match[2] or match[4]
        far_column = column_number(letters) >= limits["columns"]
        if not far_column and int(row[:8]) <= last_row:
            continue
        end = data.find(b">", match.end())
        if data[end - 1 : end] == b"/" or data[end + 1 : end + 4].startswith(b"</c"):
            continue
        raise Refusal("columns" if far_column else "rows", (letters + row[:8]).decode())


def check_text(data: bytes, limits: dict[str, int]) -> None:
    """Refuse a text that is longer than a cell can hold."""
    if re.search(rb">[^<>]{%d,}" % limits["text"], data):
        raise Refusal("text")


def inspect(
    content: bytes, limits: dict[str, int]
) -> tuple[dict[str, zipfile.ZipInfo], dict[str, dict[str, Any]]]:
    """Check every part; per worksheet part what is hidden, formulas without a value, errors."""
    parts = members(content, limits)
    room = limits["unpacked"]
    found: dict[str, dict[str, Any]] = {}
    for name, info in parts.items():
        data = unpack(content, info, room)
        room -= len(data)
        if not name.endswith((".xml", ".rels", ".vml")):
            continue
        check_xml(data)
        if b"sheetData" in data[:200_000]:
            check_sheet(data, limits)
            check_text(data, limits)
            found[name] = {
                "hidden": hidden_rows(data),
                "hidden_columns": hidden_columns(data),
                "formulas": formulas_without_value(data),
                "errors": error_cells(data),
            }
        elif name.endswith("sharedstrings.xml"):
            check_text(data, limits)
    return parts, found


def hidden_rows(data: bytes) -> list[Range]:
    """The hidden rows of a sheet as [first, last] ranges."""
    if b"hidden=" not in data:
        return []
    ranges: list[Range] = []
    row = 0
    for match in _ROW.finditer(data):
        number = _ROW_NUMBER.search(match[1])
        row = int(number[1]) if number else row + 1
        if not _HIDDEN.search(match[1]):
            continue
        if ranges and ranges[-1][1] == row - 1:
            ranges[-1][1] = row
        else:
            ranges.append([row, row])
    return ranges


def hidden_columns(data: bytes) -> list[Range]:
    """The hidden columns of a sheet as [first, last] ranges of indexes from 0."""
    ranges = []
    before = data[: data.find(b"sheetData")]
    for match in islice(_COLUMNS.finditer(before), MOST_COLUMNS):
        about = attributes(match[1])
        if about.get("hidden") in ("1", "true"):
            first, last = about.get("min", ""), about.get("max", "")
            if first.isdigit() and last.isdigit():
                ranges.append([int(first[:6]) - 1, int(last[:6]) - 1])
    return ranges


def error_cells(data: bytes) -> dict[int, list[tuple[int, str]]]:
    """Row → (column index, text) of cells like #N/A, which calamine gives as empty ones."""
    errors: dict[int, list[tuple[int, str]]] = {}
    if b't="e"' not in data and b"t='e'" not in data:
        return errors
    for match in islice(_ERROR.finditer(data), MOST_ERRORS):
        reference = _REFERENCE.search(match[1])
        if reference is not None:
            place = column_number(reference[1]), match[2].decode("utf-8", "replace")
            errors.setdefault(int(reference[2]), []).append(place)
    return errors


def formulas_without_value(data: bytes) -> list[Range]:
    """[row, column index] of every cell whose formula has no stored result."""
    if b"<f" not in data and b":f" not in data:
        return []
    places = []
    for match in _FORMULA_ONLY.finditer(data):
        start = _CELL_START.search(data[max(0, match.start() - 300) : match.start()])
        if start is None:
            continue
        if _TEXT_RESULT.search(start[1]) and b"v>" in match[0]:
            continue
        reference = _REFERENCE.search(start[1])
        if reference is not None:
            places.append([int(reference[2]), column_number(reference[1])])
    return places


def attributes(text: bytes) -> dict[str, str]:
    """The attributes of one XML element."""
    return {
        name.decode(): html.unescape((double or single).decode("utf-8", "replace"))
        for name, double, single in _ATTRIBUTE.findall(text)
    }


def sheet_parts(content: bytes, parts: dict[str, zipfile.ZipInfo], room: int) -> list[str]:
    """The part of every sheet, in the order of the workbook."""
    relations = parts.get("xl/_rels/workbook.xml.rels")
    if relations is None:
        raise Refusal("no_workbook")
    targets = {}
    for match in _RELATION.finditer(unpack(content, relations, room)):
        relation = attributes(match[1])
        target = relation.get("Target", "").lower()
        target = target.removeprefix("/") if target.startswith("/") else "xl/" + target
        targets[relation.get("Id", "")] = target.replace("/./", "/")
    found = []
    for match in _SHEET.finditer(unpack(content, parts["xl/workbook.xml"], room)):
        ids = [value for name, value in attributes(match[1]).items() if name.endswith(":id")]
        found.append(targets.get(ids[0], "") if ids else "")
    return found


def plain(value: object) -> object:
    """How JSON carries what it has no word for: dates as [ordinal] or [ordinal, seconds]."""
    if isinstance(value, dt.datetime):
        return [value.toordinal(), value.hour * 3600 + value.minute * 60 + value.second]
    if isinstance(value, dt.date):
        return [value.toordinal()]
    return str(value)


def batches(
    sheet: Any, room: dict[str, int], errors: dict[int, list[tuple[int, str]]]
) -> Iterator[list[list[Any]]]:
    """The filled rows of a sheet as [Excel row number, cells], some hundred at a time.

    `room` is what all sheets together may still hold.
    """
    start = sheet.start
    if start is None:
        return
    # calamine gives the empty rows above the first filled one, but not the columns before it
    before = [""] * start[1]
    batch: list[list[Any]] = []
    for number, row in enumerate(sheet.iter_rows(), 1):
        for column, text in errors.get(number, ()) if errors else ():
            if start[1] <= column < start[1] + len(row):
                row[column - start[1]] = text
        while row and row[-1] == "":
            row.pop()
        if not row:
            continue
        room["cells"] -= len(row)
        room["characters"] -= sum([len(cell) for cell in row if type(cell) is str])
        if room["cells"] < 0:
            raise Refusal("cells")
        if room["characters"] < 0:
            raise Refusal("unpacked")
        batch.append([number, before + row])
        if len(batch) >= BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def read(content: bytes, limits: dict[str, int]) -> Iterator[object]:
    """What is written to the application, one JSON value a line."""
    import python_calamine  # noqa: PLC0415 - after the limits are set

    parts, found = inspect(content, limits)
    names = sheet_parts(content, parts, limits["unpacked"])
    with python_calamine.load_workbook(io.BytesIO(content)) as book:
        sheets = book.sheets_metadata
        if len(sheets) != len(names):
            raise Refusal("no_workbook")
        if len(sheets) > MOST_SHEETS:
            raise Refusal("members", str(len(sheets)))
        room = {"cells": limits["cells"], "characters": limits["unpacked"]}
        for index, about in enumerate(sheets):
            if about.typ != python_calamine.SheetTypeEnum.WorkSheet:
                continue
            visible = about.visible == python_calamine.SheetVisibleEnum.Visible
            sheet = book.get_sheet_by_index(index)
            if sheet.width + (sheet.start or (0, 0))[1] > limits["columns"]:
                raise Refusal("columns", str(sheet.width))
            if sheet.height + (sheet.start or (0, 0))[0] > limits["rows"] + limits["spare_rows"]:
                raise Refusal("rows", str(sheet.height))
            told = found.get(names[index], {})
            errors = told.get("errors", {})
            yield {
                "sheet": about.name,
                "visible": visible,
                "filled": sheet.start is not None,
                "hidden": told.get("hidden", []),
                "hidden_columns": told.get("hidden_columns", []),
                "formulas": told.get("formulas", []),
            }
            if visible:
                yield from batches(sheet, room, errors)
    yield {"end": True}


def main() -> None:
    limits: dict[str, int] = json.loads(sys.stdin.buffer.readline())
    set_limits(limits["memory"], limits["seconds"])
    content = sys.stdin.buffer.read()
    encode = json.JSONEncoder(default=plain, separators=(",", ":")).encode
    out = sys.stdout
    try:
        for value in read(content, limits):
            out.write(encode(value) + "\n")
    except Refusal as refusal:
        out.write(encode({"refused": refusal.why, "found": refusal.found}) + "\n")
    except MemoryError:
        out.write('{"refused":"memory","found":""}\n')
    except BaseException as error:  # calamine panics are no Exception
        out.write(encode({"refused": "broken", "found": type(error).__name__}) + "\n")
    out.flush()


if __name__ == "__main__":
    main()
