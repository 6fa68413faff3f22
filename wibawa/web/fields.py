"""Form fields as clerks type: rupiah, dates dd/mm/yyyy, Indonesian messages."""

from __future__ import annotations

import datetime as dt
import unicodedata
from typing import Any, ClassVar

from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import Field, HiddenField, PasswordField, StringField
from wtforms.widgets import TextInput

from wibawa.rules.dates import DateError, parse_date, short_date
from wibawa.rules.masking import holds_nik, holds_phone
from wibawa.rules.money import AmountError, number, parse_typed

MESSAGES = {
    "This field is required.": "Isian ini wajib diisi.",
    "Not a valid choice.": "Pilihan ini tidak ada dalam daftar.",
    "Not a valid choice": "Pilihan ini tidak ada dalam daftar.",
    "Invalid Choice: could not coerce.": "Pilihan ini tidak ada dalam daftar.",
    "'%(value)s' is not a valid choice for this field.": "Pilihan ini tidak ada dalam daftar.",
    "'%(value)s' are not valid choices for this field.": "Pilihan ini tidak ada dalam daftar.",
    "Not a valid integer value.": "Tulis angka bulat.",
    "Field must be between %(min)d and %(max)d characters long.": (
        "Antara %(min)d dan %(max)d karakter."
    ),
    "The CSRF token is missing.": "Formulir ini sudah lama terbuka. Kirim sekali lagi.",
    "The CSRF tokens do not match.": "Formulir ini sudah lama terbuka. Kirim sekali lagi.",
    "The CSRF token is invalid.": "Formulir ini sudah lama terbuka. Kirim sekali lagi.",
    "The CSRF session token is missing.": "Formulir ini sudah lama terbuka. Kirim sekali lagi.",
}

LENGTHS = {
    "Field must be at least %(min)d character long.": "Paling sedikit %(min)d karakter.",
    "Field cannot be longer than %(max)d character.": "Paling banyak %(max)d karakter.",
    "Field must be exactly %(max)d character long.": "Harus tepat %(max)d karakter.",
}

UNSEEN = ("Cc", "Cf")  # control and format: directions of writing, joiners, spaces without width


class Indonesian:
    """WTForms has no `id` locale; this is the whole of it."""

    def gettext(self, text: str) -> str:
        return MESSAGES.get(text, text)

    def ngettext(self, singular: str, plural: str, count: int) -> str:
        return LENGTHS.get(singular) or self.gettext(singular if count == 1 else plural)


def _not_blank(value: Any) -> Any:
    return "" if isinstance(value, str) and not value.strip() else value


NO_NIK = (
    "Jangan menulis NIK, atau nomor lain dari 16 angka atau lebih, di isian ini. "
    "Tulis empat angka terakhirnya saja."
)
NO_PHONE = "Jangan menulis nomor telepon di isian ini. Hapus nomornya, lalu kirim lagi."


def _seen(value: Any) -> Any:
    return visible(value) if isinstance(value, str) else value


def visible(text: str) -> str:
    """A text without characters that nobody sees: they turn the figures beside them around, or make
    two names look like one.

    >>> visible("Siti\\u200b \\u202eRp5\\u202c")
    'Siti Rp5'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(c for c in text if c in "\t\n\r" or unicodedata.category(c) not in UNSEEN)


class Form(FlaskForm):  # type: ignore[misc]
    """The base of every form. `request_key` makes a double submit harmless if it is claimed.

    What is typed into a text is kept for good and read by many, so a NIK or a telephone's number in
    it is refused: whoever typed it can still say it otherwise. `numbers`: the fields that ask for a
    number or look one up; `phones`: those that are kept sealed, where a telephone's may stand.
    """

    numbers: ClassVar[frozenset[str]] = frozenset()
    phones: ClassVar[frozenset[str]] = frozenset()

    class Meta(FlaskForm.Meta):  # type: ignore[misc]
        def wrap_formdata(self, form: Any, formdata: Any) -> Any:
            """What was sent as it looks: without what nobody sees, a text of spaces only as empty.
            A password counts as it was typed."""
            sent = super().wrap_formdata(form, formdata)
            if sent is None:
                return None
            secret = {field.name for field in form if isinstance(field, PasswordField)}
            return MultiDict(
                (name, _not_blank(value if name in secret else _seen(value)))
                for name, value in sent.items(multi=True)
            )

        def get_translations(self, form: Any) -> Indonesian:
            return Indonesian()

    request_key = HiddenField()

    def validate(self, extra_validators: Any = None) -> bool:
        fine = bool(super().validate(extra_validators))
        for field in self:
            said = self._person_in(field)
            if said and said not in field.errors:
                field.errors = [*field.errors, said]
                fine = False
        return fine

    def _person_in(self, field: Any) -> str:
        """What is wrong with a text in which somebody's number stands."""
        if not is_free_text(field) or self._takes(field, "numbers"):
            return ""
        if holds_nik(field.data or ""):
            return NO_NIK
        if holds_phone(field.data or "") and not self._takes(field, "phones"):
            return NO_PHONE
        return ""

    def _takes(self, field: Any, what: str) -> bool:
        """Whether one of the forms that this one is made of says so."""
        return any(field.short_name in vars(part).get(what, ()) for part in type(self).__mro__)


class RupiahField(Field):  # type: ignore[misc]
    """Whole rupiah; takes 1250000, 1.250.000, Rp1.250.000,00; refuses "1.5"."""

    widget = TextInput()

    def process_formdata(self, values: list[str]) -> None:
        self.typed = values[0].strip() if values else ""
        self.data = None
        if not self.typed:
            return
        try:
            self.data = parse_typed(self.typed)
        except AmountError as error:
            if error.code == "amount_has_sen":
                raise ValueError(
                    f"Tertulis “{self.typed}”: jumlah tidak boleh memakai sen. "
                    "Tulis rupiah bulat, misalnya 5.000.000."
                ) from error
            raise ValueError(
                f"Tertulis “{self.typed}”: jumlah tidak terbaca. "
                "Tulis angka saja, misalnya 5.000.000."
            ) from error

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else number(self.data)


class DayField(StringField):  # type: ignore[misc]
    """A day typed as dd/mm/yyyy (a browser's own yyyy-mm-dd is taken too)."""

    def process_formdata(self, values: list[str]) -> None:
        text = values[0].strip() if values else ""
        self.data = None
        if not text:
            return
        try:
            self.data = parse_date(text)
        except DateError as error:
            raise ValueError(
                f"Tertulis “{text}”: tanggal tidak terbaca. "
                "Tulis hari/bulan/tahun, misalnya 05/10/2026."
            ) from error

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return short_date(self.data) if isinstance(self.data, dt.date) else ""


def is_free_text(field: Any) -> bool:
    """Whether anything at all may be typed into a field and is read as it stands."""
    as_it_stands = getattr(type(field), "process_formdata", None) is StringField.process_formdata
    return as_it_stands and not isinstance(field, PasswordField | HiddenField)


def required_text(value: str | None) -> str:
    """A submitted text without surrounding space."""
    return (value or "").strip()
