from __future__ import annotations

import datetime as dt

from wtforms import HiddenField, SelectChoice, SelectMultipleField
from wtforms.validators import InputRequired

from wibawa.changes.kinds import ALL
from wibawa.web.fields import DayField, Form


class DocumentRuleForm(Form):
    shown = HiddenField()
    valid_from = DayField(
        "Berlaku mulai",
        [InputRequired()],
        description="Hari ini atau sesudahnya. Yang sudah diputuskan tidak berubah.",
    )
    kinds = SelectMultipleField(
        "Wajib berdokumen",
        choices=[SelectChoice(kind.code, kind.label) for kind in ALL],
        description="Tanpa dokumen, permintaan jenis ini tidak dapat disetujui.",
    )

    @property
    def start(self) -> dt.date:
        """The first day, from a form without faults."""
        day = self.valid_from.data
        assert isinstance(day, dt.date)
        return day
