"""Files that try to break their reader, built in memory: none of them is ever stored."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"

WORKBOOK = (
    f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><workbookPr{{pr}}/>'
    '<sheets><sheet name="A" sheetId="1" r:id="rId1"/></sheets></workbook>'
)
RELATIONS = (
    f'<Relationships xmlns="{PACKAGE}">'
    f'<Relationship Id="rId1" Type="{OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{OFFICE}/sharedStrings" Target="sharedStrings.xml"/>'
    f'<Relationship Id="rId3" Type="{OFFICE}/styles" Target="styles.xml"/>'
    "</Relationships>"
)
ROOT_RELATIONS = (
    f'<Relationships xmlns="{PACKAGE}">'
    f'<Relationship Id="rId1" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
    "</Relationships>"
)
STYLES = (
    f'<styleSheet xmlns="{MAIN}"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs>'
    "</styleSheet>"
)
CONTENT_TYPES = (
    f'<Types xmlns="{TYPES}"><Default Extension="xml" ContentType="application/xml"/></Types>'
)
HEADINGS = ("NO REKENING", "TGL BAYAR", "JUMLAH")


def text_cell(reference: str, text: str) -> str:
    return f'<c r="{reference}" t="inlineStr"><is><t>{text}</t></is></c>'


def heading_row(row: int = 1) -> str:
    cells = "".join(text_cell(f"{'ABC'[i]}{row}", text) for i, text in enumerate(HEADINGS))
    return f'<row r="{row}">{cells}</row>'


def payment_row(row: int, attributes: str = "", amount: str = "<v>5000</v>") -> str:
    account = text_cell(f"A{row}", f"00{row}")
    date = text_cell(f"B{row}", "05-10-2026")
    return f'<row r="{row}"{attributes}>{account}{date}<c r="C{row}">{amount}</c></row>'


def xlsx(rows: str, shared: str = "", extra: dict[str, bytes] | None = None, pr: str = "") -> bytes:
    """A workbook of one sheet with the given rows of XML."""
    parts = {
        "[Content_Types].xml": CONTENT_TYPES,
        "_rels/.rels": ROOT_RELATIONS,
        "xl/workbook.xml": WORKBOOK.format(pr=pr),
        "xl/_rels/workbook.xml.rels": RELATIONS,
        "xl/styles.xml": STYLES,
        "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}">{shared}</sst>',
        "xl/worksheets/sheet1.xml": (
            f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'
        ),
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in (parts | (extra or {})).items():
            archive.writestr(name, data)
    return buffer.getvalue()


def zip_bomb() -> bytes:
    return xlsx(heading_row(), extra={"xl/media/image1.png": b"\0" * (200 * 1024 * 1024)})


def zip_bomb_with_a_lying_size() -> bytes:
    """The central directory and the local header state 100 bytes; the data unpacks to 150 MB."""
    size = 150 * 1024 * 1024
    plain = xlsx(heading_row(), extra={"xl/media/x.bin": b" " * size})
    return plain.replace(struct.pack("<L", size), struct.pack("<L", 100))


def overlapping_bomb() -> bytes:
    """Five hundred entries of the directory that point at the same megabyte of zeros."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = packer.compress(b"\0" * 1024 * 1024) + packer.flush()
    good = xlsx(heading_row())
    end = good.rindex(b"PK\x05\x06")
    start = struct.unpack("<L", good[end + 16 : end + 20])[0]
    count = struct.unpack("<H", good[end + 10 : end + 12])[0]
    directory = good[start:end]
    local = struct.pack("<4s5H3L2H", b"PK\3\4", 20, 0, 8, 0, 0, 0, len(data), 1 << 20, 1, 0)
    body = good[:start] + local + b"k" + data
    entries = b"".join(
        struct.pack(
            "<4s6H3L5H2L", b"PK\1\2", 20, 20, 0, 8, 0, 0, 0, len(data), 1 << 20,
            4, 0, 0, 0, 0, 0, start,
        )
        + f"{number:04d}".encode()
        for number in range(500)
    )  # fmt: skip
    whole = directory + entries
    total = count + 500
    tail = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, total, total, len(whole), len(body), 0)
    return body + whole + tail


def xml_bomb() -> bytes:
    entities = '<!ENTITY a0 "lol">' + "".join(
        f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10)
    )
    sheet = (
        f'<!DOCTYPE worksheet [{entities}]><worksheet xmlns="{MAIN}"><sheetData>'
        f"{heading_row()}{payment_row(2)}{text_cell('A3', '&a9;')}</sheetData></worksheet>"
    )
    return xlsx("", extra={"xl/worksheets/sheet1.xml": sheet.encode()})


def far_cell() -> bytes:
    last = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    return xlsx(heading_row() + payment_row(2) + last)


def far_cell_in_disguise() -> bytes:
    """The same far cell with blanks around "=", which no simple pattern finds."""
    last = '<row r = "1048576"><c r = "XFD1048576"><v>1</v></c></row>'
    return xlsx(heading_row() + payment_row(2) + last)


def long_text_repeated() -> bytes:
    text = f"<si><t>{'x' * 1024 * 1024}</t></si>"
    cells = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(2, 50_000))
    return xlsx(heading_row() + cells, shared=text)


def fitting_text_repeated() -> bytes:
    """A text just short enough for a cell, fifty thousand times: 1,6 GB when written out."""
    text = f"<si><t>{'x' * 32_000}</t></si>"
    cells = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(2, 50_000))
    return xlsx(heading_row() + cells, shared=text)


def many_members() -> bytes:
    return xlsx(heading_row(), extra={f"xl/x{n}.xml": b"" for n in range(20_000)})


def many_rows() -> bytes:
    rows = "".join(f'<row r="{n}"><c r="A{n}"><v>1</v></c></row>' for n in range(2, 300_000))
    return xlsx(heading_row() + rows)


def many_cells_without_reference() -> bytes:
    return xlsx(heading_row() + "<row>" + "<c><v>1</v></c>" * 3_000_000 + "</row>")


def truncated() -> bytes:
    good = xlsx(heading_row() + payment_row(2))
    return good[: len(good) // 2]


def zip_of_something_else() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("catatan.txt", "bukan buku kerja")
    return buffer.getvalue()


def quoted_flood() -> bytes:
    return b'No Rekening;Tgl Bayar;Jumlah\n"' + b"x" * 9_000_000


def one_wide_row() -> bytes:
    return b"No Rekening;Tgl Bayar;Jumlah\n" + b"1;" * 4_000_000


def blank_lines() -> bytes:
    return b"No Rekening;Tgl Bayar;Jumlah\n" + b"\n" * 9_000_000 + b"1;2;3"


def many_short_cells() -> bytes:
    line = ";".join(["\u0101\u0102"] * 55).encode() + b"\n"
    return b"No Rekening;Tgl Bayar;Jumlah\n" + line * (9_500_000 // len(line))


def external_entity() -> bytes:
    """Asks the reader to fetch a file of the machine it runs on."""
    sheet = (
        '<!DOCTYPE worksheet [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
        f'<worksheet xmlns="{MAIN}"><sheetData>{heading_row()}<row r="2">'
        f"{text_cell('A2', '&x;')}</row></sheetData></worksheet>"
    )
    return xlsx("", extra={"xl/worksheets/sheet1.xml": sheet.encode()})


def nested_zip() -> bytes:
    """A good table beside a zip of zips of zeros, which nobody must open."""
    inner = b"\0" * 20_000_000
    for _ in range(5):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a.zip", inner)
        inner = buffer.getvalue()
    return xlsx(heading_row() + payment_row(2), extra={"xl/embeddings/a.zip": inner})


def packed_a_thousand_times() -> bytes:
    """Forty megabytes of blanks between two rows: just below the limit when unpacked."""
    return xlsx(heading_row() + " " * 40_000_000 + payment_row(2))


def million_empty_rows() -> bytes:
    rows = "".join(f'<row r="{n}"/>' for n in range(3, 1_000_003))
    return xlsx(heading_row() + payment_row(2) + rows)


def styles_bomb() -> bytes:
    formats = '<xf numFmtId="14"/>' * 2_000_000
    styles = f'<styleSheet xmlns="{MAIN}"><cellXfs>{formats}</cellXfs></styleSheet>'
    return xlsx(heading_row() + payment_row(2), extra={"xl/styles.xml": styles.encode()})


def formula_of_itself() -> bytes:
    """A cell that is reckoned from itself, with a result that a program stored."""
    amount = "<f>C2+C2</f><v>5000</v>"
    return xlsx(heading_row() + payment_row(2, amount=amount))


def million_formulas() -> bytes:
    """Formulas without a result, as many as fit."""
    cells = "".join(f'<row r="{n}"><c r="C{n}"><f>C{n}</f></c></row>' for n in range(2, 400_000))
    return xlsx(heading_row() + cells)


def deep_elements() -> bytes:
    rows = heading_row() + payment_row(2)
    return xlsx(rows + "<x>" * 2_000_000 + "</x>" * 2_000_000)


def lying_dimension() -> bytes:
    sheet = (
        f'<worksheet xmlns="{MAIN}"><dimension ref="A1:XFD1048576"/><sheetData>'
        f"{heading_row()}{payment_row(2)}</sheetData></worksheet>"
    )
    return xlsx("", extra={"xl/worksheets/sheet1.xml": sheet.encode()})


def error_flood() -> bytes:
    """Error cells wherever a cell may stand, and none of them closed as the pattern expects."""
    cells = '<c r="A9" t="e"><f>' * 1_500_000
    return xlsx(heading_row() + payment_row(2) + f'<row r="9">{cells}</row>')


def endless_tags() -> bytes:
    """Tags that never close, which a careless pattern would try over and over again."""
    sheet = (
        f'<worksheet xmlns="{MAIN}"><cols><col {"a" * 10_000_000}</cols><sheetData>'
        f'{heading_row()}{payment_row(2)}<row r="3"><c {"""t="e" """ * 2_000_000}</row>'
        "</sheetData></worksheet>"
    )
    return xlsx("", extra={"xl/worksheets/sheet1.xml": sheet.encode()})


def million_columns() -> bytes:
    columns = '<col min="1" max="2" hidden="1"/>' * 1_000_000
    sheet = (
        f'<worksheet xmlns="{MAIN}"><cols>{columns}</cols><sheetData>'
        f"{heading_row()}{payment_row(2)}</sheetData></worksheet>"
    )
    return xlsx("", extra={"xl/worksheets/sheet1.xml": sheet.encode()})


TOO_LARGE: dict[str, Callable[[], bytes]] = {
    "zip bomb": zip_bomb,
    "zip bomb with a lying size": zip_bomb_with_a_lying_size,
    "overlapping zip bomb": overlapping_bomb,
    "a cell at XFD1048576": far_cell,
    "a far cell in disguise": far_cell_in_disguise,
    "a megabyte of text repeated": long_text_repeated,
    "a fitting text repeated": fitting_text_repeated,
    "twenty thousand zip members": many_members,
    "three hundred thousand rows": many_rows,
    "three million cells without reference": many_cells_without_reference,
    "eleven megabytes": lambda: b"a;b;c\n" * 2_000_000,
    "one row of four million cells": one_wide_row,
    "nine million blank lines": blank_lines,
}
UNREADABLE: dict[str, Callable[[], bytes]] = {
    "xml bomb": xml_bomb,
    "truncated workbook": truncated,
    "zip of something else": zip_of_something_else,
    "empty file": lambda: b"",
    "old Excel file": lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 5000,
    "pdf": lambda: b"%PDF-1.7\n",
    "web page with an Excel name": lambda: b"<html><table><tr><td>NO REKENING</td></tr></table>",
    "picture": lambda: b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 50,
    "quotation mark that never closes": quoted_flood,
}

# Heavy, but a table: what becomes of them may differ by program, not what they cost.
HEAVY: dict[str, Callable[[], bytes]] = {
    "external entity": external_entity,
    "zip of zips beside the table": nested_zip,
    "forty megabytes of blanks": packed_a_thousand_times,
    "a million empty rows": million_empty_rows,
    "two million styles": styles_bomb,
    "a formula of itself": formula_of_itself,
    "four hundred thousand formulas": million_formulas,
    "two million elements deep": deep_elements,
    "a lying dimension": lying_dimension,
    "a flood of errors": error_flood,
    "tags without end": endless_tags,
    "a million descriptions of columns": million_columns,
}
