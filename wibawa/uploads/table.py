"""Bytes of a file → the rows of its table, with the row numbers that Excel shows.

The headings are found by their names wherever they stand; title rows, blank rows, headings repeated
on printed pages and a total row are told apart from the rows of the table. Plain Python: nothing
here knows the web, the database or what the columns mean.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from wibawa.rules.refused import Problem
from wibawa.uploads.columns import (
    Cell,
    Column,
    Header,
    find_header,
    is_blank,
    known_names,
    match_headings,
    squeeze,
)
from wibawa.uploads.csv_reader import NOT_A_TABLE, read_csv
from wibawa.uploads.limits import (
    DEFAULT_LIMITS,
    Limits,
    Unreadable,
    dotted,
    too_large,
    unreadable,
)
from wibawa.uploads.xlsx_reader import Sheet, read_xlsx, visible_sheets

__all__ = ["DEFAULT_LIMITS", "Cell", "Column", "Limits", "Table", "Unreadable", "read_table"]

Row = tuple[int, list[Cell]]

_TOTAL = re.compile(
    r"(sub|grand)?(total|jumlah)(total|jumlah|(ke)?seluruh(an|nya)?|akhir|umum)?"
    r"((halaman|hal)(ini|\d{1,5})?)?"
    r"(\d{1,6}(rekening|debitur|nasabah|peminjam|transaksi|pembayaran|baris|data)?)?"
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_DIGITS = "0123456789"
_MOST_HIDDEN_NOTICES = 50


@dataclass(slots=True)
class Table:
    """What stands in a file.

    `columns` is key → index into a row's cells; `headings` all headings as the file writes them.
    `rows` are the rows of the table in file order, cells padded to the headings. `totals` are the
    rows labelled JUMLAH, TOTAL or GRAND TOTAL. `problems` block, `notices` do not.
    """

    sheet: str
    header_row: int
    headings: list[str]
    columns: dict[str, int]
    rows: list[Row] = field(default_factory=list)
    totals: list[Row] = field(default_factory=list)
    notices: list[Problem] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    formulas: set[tuple[int, int]] = field(default_factory=set)

    @property
    def total_row(self) -> Row | None:
        """The last total row, which is the grand total of a file with page totals."""
        return self.totals[-1] if self.totals else None

    def heading(self, key: str) -> str:
        """The heading of a column as the file writes it, "" when the file has no such column."""
        index = self.columns.get(key)
        return "" if index is None else self.headings[index]


def read_table(
    content: bytes,
    filename: str,
    layout: Sequence[Column],
    *,
    limits: Limits = DEFAULT_LIMITS,
    choose: Callable[[Sequence[str]], Sequence[Column]] | None = None,
    expected: Sequence[str] = (),
) -> Table:
    """Read an XLSX or CSV file; which of the two is told by its content, not by its name.

    `choose` gives the columns for the headings that were found by `layout`, where a bank writes in
    several ways; `expected` are the columns that a refusal names, else the needed ones. Raises
    `Unreadable` whose `problem` has the code file_unreadable, file_too_large, column_missing or
    column_ambiguous and an Indonesian sentence; nothing else, whatever the bytes.

    >>> layout = (Column("account", "NO REKENING"), Column("amount", "JUMLAH"), Column("n", "NAMA"))
    >>> read_table(b"Nama;No. Rekening;Jumlah\\nAni;001;5", "a.csv", layout).rows
    [(2, ['Ani', '001', '5'])]
    """
    _check_content(content, filename, limits)
    if content.startswith(b"PK"):
        sheet = read_xlsx(content, layout, limits)
    else:
        sheet = Sheet("", read_csv(content, layout, limits))
    header = find_header(sheet.records, layout)
    if header is not None and choose is not None:
        layout = choose(header.headings)
        columns, twice = match_headings(header.headings, known_names(layout))
        header = replace(header, columns=columns, twice=twice)
    _check_header(header, sheet, layout, expected)
    assert header is not None
    table = _assemble(sheet, header, layout)
    if len(table.rows) > limits.rows:
        raise too_large(
            f"Berkas berisi {dotted(len(table.rows))} baris; paling banyak {dotted(limits.rows)}. "
            "Bagi menjadi beberapa berkas.",
            str(len(table.rows)),
        )
    return table


def first_records(
    content: bytes,
    filename: str,
    layout: Sequence[Column],
    *,
    count: int,
    limits: Limits = DEFAULT_LIMITS,
) -> list[Sheet]:
    """The first `count` filled rows of every visible sheet, whatever they say; a CSV file is one
    sheet without a name. Raises `Unreadable` with file_unreadable or file_too_large.
    """
    _check_content(content, filename, limits)
    if content.startswith(b"PK"):
        return visible_sheets(content, limits, count)
    records = read_csv(content, layout, limits)
    filled = [record for record in records if not all(map(is_blank, record[1]))][:count]
    return [Sheet("", filled)] if filled else []


def _check_content(content: bytes, filename: str, limits: Limits) -> None:
    """Refuse what is empty, too large or no table at a glance."""
    refuse_at_sight(content, filename)
    if len(content) > limits.content:
        megabytes = limits.content // (1024 * 1024)
        raise too_large(
            f"Ukuran berkas lebih dari {megabytes} MB; bagi menjadi beberapa berkas.",
            f"{len(content) / 1048576:.1f} MB".replace(".", ","),
        )


def refuse_at_sight(content: bytes, filename: str) -> None:
    """A clear word for the files that are mistaken for tables most often; nothing is opened."""
    if not content.strip(b"\0\t\r\n "):
        raise unreadable("Berkas kosong; unggah berkas yang berisi tabel.", filename)
    start = content[:1024].lstrip().lower()
    if content.startswith(_OLE):
        if "EncryptedPackage".encode("utf-16-le") in content:
            raise unreadable(
                "Berkas dilindungi kata sandi; hapus kata sandinya di Excel, "
                "simpan sebagai .xlsx, lalu unggah lagi."
            )
        raise unreadable(
            "Berkas berformat Excel lama (.xls); buka di Excel, simpan sebagai .xlsx, "
            "lalu unggah lagi."
        )
    if start.startswith(b"%pdf"):
        raise unreadable("Berkas ini PDF; minta berkas Excel (.xlsx) atau CSV dari sistem bank.")
    if start.startswith((b"<html", b"<!doctype", b"<table", b"<?xml")):
        raise unreadable(
            "Berkas ini halaman web yang diberi nama Excel; buka di Excel, simpan sebagai .xlsx, "
            "lalu unggah lagi."
        )
    if content.startswith((b"\x1f\x8b", b"Rar!", b"7z\xbc\xaf", b"\x89PNG", b"\xff\xd8\xff")):
        raise unreadable(NOT_A_TABLE)


def _check_header(
    header: Header | None, sheet: Sheet, layout: Sequence[Column], expected: Sequence[str]
) -> None:
    if header is None:
        names = expected or [c.heading for c in layout if c.needed] or [c.heading for c in layout]
        found = _likely_headings(sheet)
        needed = ", ".join(names)
        stands = f"yang ada: {found}" if found else "berkas tidak berisi teks"
        hidden = [notice.message for notice in sheet.notices if notice.code == "sheet_hidden"]
        raise Unreadable(
            Problem(
                0, "", "column_missing", found,
                " ".join([f"Baris judul kolom tidak ditemukan; diperlukan kolom {needed}, "
                          f"{stands}.", *hidden[:3]]),
            )
        )  # fmt: skip
    missing = [c.heading for c in layout if c.needed and c.key not in header.columns]
    if missing:
        raise column_missing(missing, header.headings)
    if header.twice:
        _, heading = header.twice[0]
        raise Unreadable(
            Problem(
                0, heading, "column_ambiguous", heading,
                f"Kolom “{heading}” ada lebih dari satu di baris {header.row}; "
                "beri judul yang berbeda pada kolom yang tidak dipakai.",
            )
        )  # fmt: skip


def column_missing(missing: Sequence[str], headings: Sequence[str]) -> Unreadable:
    """The refusal of a table without a needed column; names what is needed and what stands."""
    found = ", ".join(heading for heading in headings if heading)[:400]
    return Unreadable(
        Problem(
            0, "", "column_missing", found,
            f"Kolom {', '.join(missing)} tidak ditemukan; judul kolom yang ada: {found}.",
        )
    )  # fmt: skip


def _likely_headings(sheet: Sheet) -> str:
    """The texts of the row that looks most like headings, for the sentence."""
    best: list[str] = []
    for _, cells in sheet.records[:50]:
        texts = [cell.strip()[:40] for cell in cells if isinstance(cell, str) and cell.strip()]
        if len(texts) > len(best):
            best = texts
    return ", ".join(best[:20])


def _assemble(sheet: Sheet, header: Header, layout: Sequence[Column]) -> Table:
    table = Table(sheet.name, header.row, header.headings, header.columns)
    table.notices = sheet.notices
    table.formulas = sheet.formulas
    order = [column for column in layout if column.key in header.columns]
    first = next((column for column in order if column.needed), order[0])
    key_index = header.columns[first.key]
    width = len(header.headings)
    padding: list[Cell] = [""] * width
    append = table.rows.append
    headings_seen = _heading_rows(sheet.records, header)
    body = sheet.records[header.position + header.depth :]
    for record in body:
        cells = record[1]
        if len(cells) < width:
            cells += padding[len(cells) :]
        key = cells[key_index]
        if key and (type(key) is not str or key[-1] in _DIGITS):
            append(record)
        else:
            _file_away(record, table, key_index, headings_seen)
    _drop_numbering(table, header)
    _drop_signatures(table)
    _note_hidden(table, sheet.hidden)
    _note_hidden_columns(table, sheet.hidden_columns)
    _note_formulas(table)
    return table


def _heading_rows(records: Sequence[Row], header: Header) -> list[list[str]]:
    rows = records[header.position : header.position + header.depth]
    return [[squeeze(str(cell)) for cell in cells if not is_blank(cell)] for _, cells in rows]


def _file_away(record: Row, table: Table, key_index: int, headings: list[list[str]]) -> None:
    """The rows that need a closer look: blank, total, repeated heading, or an odd row."""
    cells = record[1]
    filled = [cell for cell in cells if not is_blank(cell)]
    if not filled:
        return
    texts = [squeeze(cell) for cell in filled if isinstance(cell, str) and len(cell) < 200]
    if len(texts) == len(filled) and texts in headings:
        return
    key = cells[key_index]
    if (is_blank(key) or _is_label(key)) and any(_TOTAL.fullmatch(text) for text in texts):
        table.totals.append(record)
        return
    table.rows.append(record)


def _is_label(cell: Cell) -> bool:
    return isinstance(cell, str) and _TOTAL.fullmatch(squeeze(cell)) is not None


def _drop_numbering(table: Table, header: Header) -> None:
    """Drop the row "1 2 3 4 …" that numbers the columns below the headings of official tables."""
    if not table.rows or table.rows[0][0] != header.row + header.depth:
        return
    cells = [squeeze(str(cell)) for cell in table.rows[0][1] if not is_blank(cell)]
    numbers = [str(number) for number in range(1, len(cells) + 1)]
    floats = [f"{number}0" for number in range(1, len(cells) + 1)]
    if len(cells) >= 4 and cells in (numbers, floats):
        del table.rows[0]


def _drop_signatures(table: Table) -> None:
    """Below the last total stand place, date and names of the signers: no rows of the table."""
    if not table.totals:
        return
    last = table.totals[-1][0]
    used = list(table.columns.values())
    kept, dropped = table.rows, []
    while kept and kept[-1][0] > last:
        cells = kept[-1][1]
        if sum(not is_blank(cells[index]) for index in used) >= 2:
            break
        dropped.append(kept.pop()[0])
    if dropped:
        place = _span(min(dropped), max(dropped))
        table.notices.append(
            Problem(
                min(dropped), "", "rows_below_total", place,
                f"Baris {place} di bawah baris jumlah dianggap keterangan atau tanda tangan "
                "dan tidak dibaca.",
                blocking=False,
            )
        )  # fmt: skip


def _span(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}–{last}"


def _note_hidden(table: Table, hidden: Sequence[tuple[int, int]]) -> None:
    """One notice per run of hidden rows that hold something; they are read like the others."""
    if not hidden:
        return
    filled = sorted(row for row, _ in (*table.rows, *table.totals))
    runs = [(first, last) for first, last in hidden if _any_between(filled, first, last)]
    for first, last in runs[:_MOST_HIDDEN_NOTICES]:
        place = _span(first, last)
        sentence = f"Baris {place} disembunyikan di Excel; isinya tetap dibaca, periksa dulu."
        table.notices.append(Problem(first, "", "rows_hidden", place, sentence, blocking=False))
    more = runs[_MOST_HIDDEN_NOTICES:]
    if more:
        sentence = (
            f"{dotted(len(more))} kelompok baris tersembunyi lagi mulai baris {more[0][0]}; "
            "isinya tetap dibaca, tampilkan semua baris di Excel untuk memeriksanya."
        )
        table.notices.append(
            Problem(more[0][0], "", "rows_hidden", str(len(more)), sentence, blocking=False)
        )


def _note_hidden_columns(table: Table, hidden: Sequence[tuple[int, int]]) -> None:
    """A notice for each column that is read although Excel does not show it."""
    for index in sorted(table.columns.values()):
        if any(first <= index <= last for first, last in hidden):
            heading, letter = table.headings[index], column_letters(index)
            sentence = (
                f"Kolom {letter} “{heading}” disembunyikan di Excel; isinya tetap dibaca, "
                "periksa dulu."
            )
            table.notices.append(
                Problem(0, heading, "columns_hidden", letter, sentence, blocking=False)
            )


def column_letters(index: int) -> str:
    """What Excel calls a column: `column_letters(0) == "A"`, `column_letters(26) == "AA"`."""
    first, last = divmod(index, 26)
    return (column_letters(first - 1) if first else "") + chr(ord("A") + last)


def _any_between(rows: Sequence[int], first: int, last: int) -> bool:
    position = bisect_left(rows, first)
    return position < len(rows) and rows[position] <= last


def _note_formulas(table: Table) -> None:
    """A formula without a stored result is a problem of its row, in the columns that are read."""
    if not table.formulas:
        return
    rows = {row for row, _ in table.rows}
    by_index = {index: key for key, index in table.columns.items()}
    for row, index in sorted(table.formulas):
        if row in rows and index in by_index:
            heading = table.headings[index]
            table.problems.append(
                Problem(
                    row, heading, "formula_without_value", "",
                    f"Sel “{heading}” berisi rumus tanpa hasil; "
                    "buka berkas di Excel, simpan sekali lagi, lalu unggah lagi.",
                )
            )  # fmt: skip
