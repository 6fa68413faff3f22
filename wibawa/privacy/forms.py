from __future__ import annotations

import datetime as dt
import re
from typing import Any

from wtforms import (
    HiddenField,
    IntegerField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice as Choice
from wtforms.validators import InputRequired, Length, NumberRange, Optional, ValidationError

from wibawa.privacy.actions import NewIncident
from wibawa.privacy.queries import KINDS, STEP_WORDS
from wibawa.web import clock
from wibawa.web.fields import DayField, Form, required_text

_TIME = re.compile(r"([01]?\d|2[0-3])[.:]([0-5]\d)")
_WRONG = "Tulis jam seperti 09.30."


def _is_time(_form: Any, field: Any) -> None:
    if field.data and not _TIME.fullmatch(field.data.strip()):
        raise ValidationError(_WRONG)


def moment_of(day: dt.date, typed: str) -> dt.datetime:
    """A day and a time of WIB as a moment; the beginning of the day without a time.

    >>> moment_of(dt.date(2026, 11, 24), "09.30").isoformat()
    '2026-11-24T02:30:00+00:00'
    """
    found = _TIME.fullmatch(typed.strip())
    hour, minute = (int(found[1]), int(found[2])) if found else (0, 0)
    there = dt.datetime.combine(day, dt.time(hour, minute), dt.timezone(dt.timedelta(hours=7)))
    return there.astimezone(dt.UTC)


def _reason(label: str, least: int = 5) -> TextAreaField:
    return TextAreaField(
        label,
        [InputRequired(), Length(least, 300, f"Tulis {least} sampai 300 karakter.")],
        filters=[required_text],
    )


class RetentionForm(Form):
    shown = HiddenField()
    kind = SelectField(
        "Jenis data", [InputRequired()], choices=[Choice(*each) for each in KINDS.items()]
    )
    years = IntegerField(
        "Disimpan (tahun)", [InputRequired(), NumberRange(1, 50, "Tulis 1 sampai 50 tahun.")]
    )
    valid_from = DayField(
        "Berlaku mulai", [InputRequired()], description="Hari ini atau sesudahnya."
    )
    reason = _reason("Dasar atau alasan")


class AskForm(Form):
    reason = _reason("Alasan penyamaran")


class DecideForm(Form):
    reason = TextAreaField(
        "Alasan", [Length(max=300, message="Paling banyak 300 karakter.")], filters=[required_text]
    )


class SubjectForm(Form):
    kind = RadioField(
        "Bentuk berkas",
        choices=[
            Choice("pdf", "PDF, untuk dicetak dan diserahkan"),
            Choice("xlsx", "XLSX, untuk diolah"),
        ],
        default="pdf",
    )
    reason = _reason("Alasan")

    def validate_reason(self, field: Any) -> None:
        if re.search(r"[0-9]{12}", re.sub(r"[\s.\-]", "", field.data or "")):
            raise ValidationError("Jangan menulis NIK atau nomor panjang lain di dalam alasan.")


class IncidentForm(Form):
    title = StringField(
        "Judul singkat",
        [InputRequired(), Length(5, 120, "Tulis 5 sampai 120 karakter.")],
        filters=[required_text],
        description="Misalnya: berkas peminjam terkirim ke alamat yang salah. Tanpa nama orang.",
    )
    noticed_on = DayField("Diketahui tanggal", [InputRequired()])
    noticed_time = StringField("Diketahui pukul (WIB)", [InputRequired(), _is_time])
    happened_on = DayField(
        "Terjadi tanggal", [Optional()], description="Kosongkan bila belum pasti."
    )
    happened_time = StringField("Terjadi pukul (WIB)", [Optional(), _is_time])
    kinds = StringField(
        "Data apa",
        [InputRequired(), Length(3, 200, "Tulis 3 sampai 200 karakter.")],
        filters=[required_text],
        description="Misalnya: nama, NIK, telepon.",
    )
    affected = IntegerField(
        "Berapa orang",
        [Optional(), NumberRange(0, 10_000_000, "Tulis bilangan bulat.")],
        description="Kosongkan bila belum diketahui.",
    )
    what = TextAreaField(
        "Apa yang terjadi dan siapa yang terkena",
        [InputRequired(), Length(10, 1000, "Tulis 10 sampai 1.000 karakter.")],
        filters=[required_text],
    )

    def facts(self) -> NewIncident:
        """The incident, from a form without faults."""
        noticed: Any = self.noticed_on.data
        happened: Any = self.happened_on.data
        return NewIncident(
            self.title.data,
            moment_of(happened, self.happened_time.data or "") if happened else None,
            moment_of(noticed, self.noticed_time.data),
            self.kinds.data,
            self.affected.data,
            self.what.data,
        )


class StepForm(Form):
    kind = SelectField(
        "Langkah", [InputRequired()], choices=[Choice(*each) for each in STEP_WORDS.items()]
    )
    done_on = DayField("Tanggal", [InputRequired()])
    done_time = StringField("Pukul (WIB)", [InputRequired(), _is_time])
    text = TextAreaField(
        "Uraian",
        [InputRequired(), Length(5, 1000, "Tulis 5 sampai 1.000 karakter.")],
        filters=[required_text],
        description="Kepada siapa, dengan apa, nomor suratnya; atau mengapa tidak perlu.",
    )

    @property
    def done_at(self) -> dt.datetime:
        day: Any = self.done_on.data
        return moment_of(day, self.done_time.data)


def time_now() -> str:
    return clock.in_wib(clock.now()).strftime("%H.%M")
