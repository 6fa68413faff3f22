from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from wtforms import HiddenField, IntegerField
from wtforms.validators import InputRequired, NumberRange, ValidationError

from wibawa.web.asked import asked_number
from wibawa.web.fields import DayField, Form

LONGEST_KEY = 40


def _days(label: str, most: int, hint: str) -> IntegerField:
    rules = [InputRequired(), NumberRange(1, most, f"Antara 1 dan {most} hari.")]
    return IntegerField(label, rules, description=hint)


class ReminderDaysForm(Form):
    shown = HiddenField()
    valid_from = DayField(
        "Berlaku mulai",
        [InputRequired()],
        description="Hari ini atau sesudahnya. Surat yang sudah terbit tidak berubah.",
    )
    first_days = _days("Peringatan 1", 999, "Hari tunggakan sejak surat ini dikirim.")
    second_days = _days("Peringatan 2", 999, "Lebih lama dari peringatan 1.")
    third_days = _days("Peringatan 3", 999, "Lebih lama dari peringatan 2.")
    gap_days = _days("Jarak antara dua surat", 365, "Surat berikutnya paling cepat sesudah ini.")
    pay_days = _days("Batas bayar dalam surat", 90, "Hari sejak tanggal surat.")

    def validate_second_days(self, field: Any) -> None:
        if self.first_days.data is not None and field.data <= self.first_days.data:
            raise ValidationError("Harus lebih lama dari peringatan 1.")

    def validate_third_days(self, field: Any) -> None:
        if self.second_days.data is not None and field.data <= self.second_days.data:
            raise ValidationError("Harus lebih lama dari peringatan 2.")

    @property
    def start(self) -> dt.date:
        """The first day, from a form without faults."""
        day = self.valid_from.data
        assert isinstance(day, dt.date)
        return day

    @property
    def days(self) -> dict[str, int]:
        """What was typed, from a form without faults."""
        names = ("first_days", "second_days", "third_days", "gap_days", "pay_days")
        return {name: int(self[name].data) for name in names}


def chosen_from(ticked: Iterable[str]) -> dict[int, tuple[int, int]]:
    """Loan → the grade and the arrears that were seen, from the ticks; odd ones are left out."""
    found: dict[int, tuple[int, int]] = {}
    for tick in ticked:
        parts = tick.split("-")
        if (
            len(tick) > LONGEST_KEY
            or len(parts) != 3
            or not all(part.isascii() and part.isdigit() for part in parts)
        ):
            continue
        loan_id, grade = asked_number(parts[0], 1, 999_999), asked_number(parts[1], 1, 3)
        if loan_id and grade:
            found[loan_id] = (grade, int(parts[2]))
    return found
