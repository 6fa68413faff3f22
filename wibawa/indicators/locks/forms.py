from __future__ import annotations

from wtforms import HiddenField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional

from wibawa.web.fields import Form, required_text

REASON = [InputRequired(), Length(5, 300, "Tulis alasan dengan 5 sampai 300 karakter.")]


class LockForm(Form):
    shown = HiddenField()
    note = StringField(
        "Keterangan untuk kepala bidang",
        [Optional(), Length(0, 300, "Tulis paling banyak 300 karakter.")],
        filters=[required_text],
    )


class ReasonForm(Form):
    reason = TextAreaField("Alasan", REASON, filters=[required_text])
