from __future__ import annotations

from typing import Any, cast

from flask_wtf.file import FileField, FileRequired
from wtforms import HiddenField, RadioField, SelectChoice, SelectField
from wtforms.validators import InputRequired

from wibawa.layouts.checks import Choice, Place
from wibawa.layouts.kinds import FileKind
from wibawa.uploads.layouts import DateOrder, DecimalMark, Layout
from wibawa.web.fields import DayField, Form

PREFIX = "kolom_"
ORDERS = {
    "dmy": "Hari dulu, misalnya 05-10-2026",
    "ymd": "Tahun dulu, misalnya 20261005 atau 2026/10/05",
}
MARKS = {
    "": "Terbaca dari angkanya sendiri (lazim)",
    ",": "Koma: 1.250.000,00",
    ".": "Titik: 1,250,000.00",
}


class ExampleForm(Form):
    file = FileField(
        "Contoh berkas",
        [FileRequired("Belum ada berkas yang dipilih. Pilih berkas XLSX atau CSV.")],
    )


class WritingForm(Form):
    """How a bank writes; the columns of the kind are added by `layout_form`."""

    date_order = RadioField("Urutan tanggal sebagai teks", default="dmy",
                            choices=[SelectChoice(*each) for each in ORDERS.items()])  # fmt: skip
    decimal_mark = SelectField("Tanda desimal",
                               choices=[SelectChoice(*each) for each in MARKS.items()])  # fmt: skip
    valid_from = DayField(
        "Berlaku sejak", [InputRequired()], description="Hari ini atau sesudahnya."
    )
    seen = HiddenField()


def layout_form(kind: FileKind, place: Place, **given: Any) -> Any:
    """The form of a kind: one select for each of our columns, with the headings of the example."""
    choices = [SelectChoice("", "– tidak ada –")]
    choices += [
        SelectChoice(str(index), f"{letters(index)}: {heading}")
        for index, heading in enumerate(place.headings)
        if heading
    ]
    fields = {
        f"{PREFIX}{column.key}": SelectField(
            f"{column.heading}{' (wajib)' if column.needed else ''}", choices=choices, default=""
        )
        for column in kind.shape.columns
    }
    return type("LayoutForm", (WritingForm,), fields)(**given)


def column_fields(form: Any, kind: FileKind) -> list[Any]:
    """The selects, in the order of our columns."""
    return [form[f"{PREFIX}{column.key}"] for column in kind.shape.columns]


def fill(form: Any, kind: FileKind, layout: Layout, found: dict[str, int]) -> None:
    """What is known already: the headings that are recognised, and how the bank writes."""
    for key, index in found.items():
        form[f"{PREFIX}{key}"].data = str(index)
    form.date_order.data, form.decimal_mark.data = layout.date_order, layout.decimal_mark or ""


def choice_of(form: Any, kind: FileKind) -> Choice:
    """What was chosen; what is no choice counts as none."""
    chosen = {}
    for column, field in zip(kind.shape.columns, column_fields(form, kind), strict=True):
        if field.data and field.data in {each.value for each in field.choices}:
            chosen[column.key] = int(field.data)
    order = form.date_order.data if form.date_order.data in ORDERS else "dmy"
    mark = form.decimal_mark.data if form.decimal_mark.data in (",", ".") else None
    return Choice(chosen, cast(DateOrder, order), cast(DecimalMark | None, mark))


def letters(index: int) -> str:
    """A column's name as Excel shows it.

    >>> letters(0), letters(25), letters(26)
    ('A', 'Z', 'AA')
    """
    high, low = divmod(index, 26)
    return (chr(64 + high) if high else "") + chr(65 + low)
