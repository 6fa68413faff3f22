from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_wtf.file import FileField, FileRequired
from werkzeug.datastructures import MultiDict

from wibawa.siumi.checks import FIELDS, field_label
from wibawa.siumi.queries import LineFilter
from wibawa.uploads import forms
from wibawa.web.asked import asked_number

TABS = {"masalah": "", "baru": "new", "berubah": "changed", "nama": "held"}
LONGEST_SEARCH = 80
MOST_ROWS = 999_999


class UploadForm(forms.UploadForm):
    """The office's own file."""

    file = FileField(
        "Berkas SI-UMI",
        [FileRequired("Belum ada berkas yang dipilih. Pilih berkas XLSX atau CSV dari SI-UMI.")],
    )


@dataclass(frozen=True)
class LinesAsked:
    """Which part of a check page is shown, and of which lines. `fields` is what the form shows
    again, `chips` are (key of the filter, what it says)."""

    tab: str
    wanted: LineFilter
    fields: dict[str, str]
    chips: list[tuple[str, str]]


def read_lines_asked(arguments: Mapping[str, str], first: str) -> LinesAsked:
    """Read part and filters of the address; what is odd is left out."""
    tab = arguments.get("tampil", "")
    tab = tab if tab in TABS else first
    text = " ".join(arguments.get("q", "").split())[:LONGEST_SEARCH]
    field = arguments.get("kolom", "")
    field = field if tab == "berubah" and field in FIELDS else ""
    alike = arguments.get("mirip") == "ya"
    found = {"q": text, "kolom": field, "mirip": "ya" * alike}
    says = {
        "q": f"Cari “{text}”",
        "kolom": f"Yang berubah: {field_label(field).lower()}" if field else "",
        "mirip": "Mungkin orang yang sama",
    }
    fields = {key: value for key, value in found.items() if value}
    wanted = LineFilter(TABS[tab], text, field, alike)
    return LinesAsked(tab, wanted, fields, [(key, says[key]) for key in fields])


def numbers(sent: MultiDict[str, str], name: str) -> set[int]:
    """The row numbers that a form sends under a name; what is none is left out."""
    found: list[Any] = [asked_number(text, 1, MOST_ROWS) for text in sent.getlist(name)]
    return {number for number in found if number is not None}
