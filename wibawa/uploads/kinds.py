"""What each kind of file says of its own: its code, the words of its statuses and problems."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

OPEN = ("faulty", "clean")  # still in the hands of whoever sent it
READING = "reading"  # stored, and a worker is to read it: the first status of a large file
COMMON_CODES = {
    "column_ambiguous": "Judul kolom ganda",
    "column_missing": "Kolom tidak ada",
    "columns_hidden": "Kolom tersembunyi",
    "control_total_differs": "Total tidak cocok",
    "control_total_unreadable": "Total tidak terbaca",
    "formula_without_value": "Rumus tanpa hasil",
    "rows_below_total": "Baris di bawah jumlah",
    "rows_hidden": "Baris tersembunyi",
    "sheet_hidden": "Lembar tersembunyi",
    "sheet_not_read": "Lembar tidak dibaca",
}
SAID = {
    "reading": "belum selesai diperiksa",
    "faulty": "masih bermasalah",
    "clean": "belum diajukan",
    "submitted": "sudah diajukan",
    "posted": "sudah dibukukan",
    "withdrawn": "sudah ditarik",
}


@dataclass(frozen=True)
class Kind:
    """One kind of file. `code` stands in `uploads.kind`.

    `statuses`: status → (word, tone of the badge); `codes`: code of a problem → short words for its
    filter; `said`: status → the end of "Berkas ini …" when a step comes too early or too late.
    """

    code: str
    statuses: Mapping[str, tuple[str, str]]
    codes: Mapping[str, str]
    said: Mapping[str, str] = field(default_factory=lambda: SAID)

    def label_of(self, code: str) -> str:
        """Short words for a problem's code, those of all kinds included."""
        return self.codes.get(code) or COMMON_CODES.get(code) or code.replace("_", " ")
