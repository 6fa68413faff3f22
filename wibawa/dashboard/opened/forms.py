from __future__ import annotations

import datetime as dt

from wtforms import HiddenField, RadioField, TextAreaField
from wtforms.fields.choices import SelectChoice as Choice
from wtforms.validators import InputRequired, Length

from wibawa.web.fields import DayField, Form, required_text


class SwitchForm(Form):
    shown = HiddenField()
    state = RadioField(
        "Halaman data terbuka",
        [InputRequired()],
        choices=[Choice("open", "Dibuka untuk umum"), Choice("closed", "Ditutup")],
    )
    valid_from = DayField(
        "Berlaku mulai", [InputRequired()], description="Hari ini atau sesudahnya."
    )
    reason = TextAreaField(
        "Dasar atau alasan",
        [InputRequired(), Length(5, 300, "Tulis 5 sampai 300 karakter.")],
        description="Misalnya nomor surat persetujuan.",
        filters=[required_text],
    )

    @property
    def start(self) -> dt.date:
        """The first day, from a form without faults."""
        day = self.valid_from.data
        assert isinstance(day, dt.date)
        return day
