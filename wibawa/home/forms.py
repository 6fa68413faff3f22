from __future__ import annotations

from wtforms import BooleanField, FileField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice as Choice
from wtforms.validators import InputRequired, Optional

from wibawa.web.fields import DayField, Form, RupiahField


class ComponentForm(Form):
    """One field of each kind, for the page on which developers see all components together."""

    numbers = frozenset({"nik"})

    full_name = StringField("Nama lengkap", [InputRequired()])
    nik = StringField("NIK", [InputRequired()])
    amount = RupiahField("Jumlah yang diminta", [InputRequired()])
    started = DayField("Tanggal mulai usaha", [Optional()])
    bank = SelectField(
        "Bank penyalur", choices=[Choice("1", "Bank Jateng"), Choice("2", "Bank Pasar")]
    )
    kind = RadioField(
        "Jenis peminjam", choices=[Choice("micro", "Usaha mikro"), Choice("coop", "Koperasi")]
    )
    note = TextAreaField("Catatan", [Optional()])
    agree = BooleanField("Data sudah dicocokkan dengan KTP")
    file = FileField("Berkas")
