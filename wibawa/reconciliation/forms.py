from __future__ import annotations

from wtforms import BooleanField, HiddenField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional

from wibawa.web.fields import Form, required_text

REASON = [InputRequired(), Length(5, 300, "Tulis alasan dengan 5 sampai 300 karakter.")]


class NoteForm(Form):
    text = TextAreaField(
        "Catatan",
        [InputRequired(), Length(5, 500, "Tulis catatan dengan 5 sampai 500 karakter.")],
        filters=[required_text],
    )
    settles = BooleanField("Kedua pihak sepakat membiarkan selisih ini")


class StrikeForm(Form):
    reason = StringField("Alasan mencoret", REASON, filters=[required_text])


class ProposeForm(Form):
    shown = HiddenField()
    note = TextAreaField(
        "Keterangan untuk kepala bidang",
        [Optional(), Length(0, 300, "Tulis paling banyak 300 karakter.")],
        filters=[required_text],
    )


class ReturnForm(Form):
    reason = TextAreaField("Alasan mengembalikan", REASON, filters=[required_text])
