"""CSV bytes → records: the encoding, the delimiter and the standard `csv` module.

Own detection, because `csv.Sniffer` takes seconds on hostile text and guessing character sets takes
one Windows code page for another: BOM → UTF-16 by its NULs → strict UTF-8 → Windows-1252, and the
delimiter that yields the most known headings in one row.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import cast

from wibawa.uploads.columns import SEARCHED_ROWS, Cell, Column, find_header
from wibawa.uploads.limits import Limits, dotted, too_large, unreadable

DELIMITERS = (";", ",", "\t")
CHUNK = 2_000
HEAD = 500_000

_BINARY = re.compile("[\x00-\x08\x0e-\x19\x1b-\x1f\ufffe\uffff]")
_SEPARATOR_LINE = re.compile(r'"?sep=([;,\t])"?\r?\n', re.IGNORECASE)

NOT_A_TABLE = (
    "Isi berkas bukan tabel Excel (.xlsx) atau CSV; "
    "buka berkas di Excel, simpan sebagai .xlsx, lalu unggah lagi."
)


def decode(content: bytes) -> str:
    """The text of a CSV file. Raises `Unreadable` (file_unreadable) for what is no text."""
    for mark, encoding in (
        (b"\xef\xbb\xbf", "utf-8-sig"),
        (b"\xff\xfe", "utf-16"),
        (b"\xfe\xff", "utf-16"),
    ):
        if content.startswith(mark):
            return _decoded(content, (encoding,))
    nuls = content.count(0)
    if nuls:
        if len(content) % 2 or nuls * 4 < len(content):
            raise unreadable(NOT_A_TABLE)
        even = content[::2].count(0)
        return _decoded(content, ("utf-16-be" if even * 2 > nuls else "utf-16-le",))
    return _decoded(content, ("utf-8", "cp1252"))


def _decoded(content: bytes, encodings: tuple[str, ...]) -> str:
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        text = text.rstrip("\x1a").replace("\x0c", "").replace("\x0b", " ")
        if _BINARY.search(text):
            raise unreadable(NOT_A_TABLE)
        return text
    raise unreadable(NOT_A_TABLE)


def read_csv(
    content: bytes, layout: Sequence[Column], limits: Limits
) -> list[tuple[int, list[Cell]]]:
    """All records of a CSV file with the row numbers that Excel would show (blank lines count).

    Raises `Unreadable`: file_unreadable for text that is no CSV, file_too_large beyond the limits.
    """
    text = decode(content)
    first = _SEPARATOR_LINE.match(text)
    if first:
        text = text[first.end() :]
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = text.rstrip("\n;,\t ")
    delimiter = first.group(1) if first else _delimiter(text, layout)
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
    try:
        records = _bounded(reader, limits)
    except csv.Error:
        raise unreadable(
            f"Tanda kutip di sekitar baris {reader.line_num} tidak berpasangan atau isi selnya "
            "terlalu panjang; perbaiki baris itu atau simpan berkas sebagai .xlsx.",
            f"baris {reader.line_num}",
        ) from None
    return list(enumerate(cast("list[list[Cell]]", records), 1))


def _bounded(reader: Iterator[list[str]], limits: Limits) -> list[list[str]]:
    """The records, read by the thousand as long as they stay within the limits."""
    records: list[list[str]] = []
    most = limits.rows + limits.spare_rows
    cells = 0
    while len(records) <= most:
        some = list(islice(reader, CHUNK))
        if not some:
            return records
        if max(map(len, some)) > limits.columns:
            _trim(some, limits)
        cells += sum(map(len, some))
        if cells > limits.cells:
            raise too_large(
                f"Berkas berisi lebih dari {dotted(limits.cells)} sel; "
                "hapus kolom yang tidak dipakai atau bagi menjadi beberapa berkas."
            )
        records += some
    raise too_large(
        f"Berkas berisi lebih dari {dotted(limits.rows)} baris; bagi menjadi beberapa berkas."
    )


def _trim(records: list[list[str]], limits: Limits) -> None:
    """Drop empty cells at the end of too wide records; refuse those that stay too wide."""
    for record in records:
        if len(record) <= limits.columns:
            continue
        while record and not record[-1].strip():
            record.pop()
        if len(record) > limits.columns:
            raise too_large(
                f"Berkas berisi {dotted(len(record))} kolom; paling banyak {limits.columns}. "
                "Hapus kolom yang tidak dipakai.",
                str(len(record)),
            )


def _delimiter(text: str, layout: Sequence[Column]) -> str:
    """The delimiter whose headings are known best, else the one that splits the text most."""
    text = text[:HEAD]
    best, best_score = ";", (-1, -1)
    for delimiter in DELIMITERS:
        head: list[tuple[int, list[Cell]]] = []
        reader = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
        try:
            for number, record in enumerate(islice(reader, SEARCHED_ROWS), 1):
                head.append((number, cast("list[Cell]", record)))
        except csv.Error:
            pass
        header = find_header(head, layout)
        widest = max((len(cells) for _, cells in head), default=0)
        score = (len(header.columns) if header else 0, widest)
        if score > best_score:
            best, best_score = delimiter, score
    return best
