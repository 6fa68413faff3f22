from __future__ import annotations

import re
from typing import Any

from wtforms import BooleanField, HiddenField, IntegerField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange, Optional, ValidationError

from wibawa.indicators.inputs.actions import Said
from wibawa.web.fields import DayField, Form, RupiahField, required_text

MOST = 10_000_000
TOO_MUCH = "Antara 0 dan 10.000.000."
_COUNT = re.compile(r"[0-9]{1,3}(?:\.[0-9]{3})*|[0-9]+")


class CountField(StringField):  # type: ignore[misc]
    """A whole number as clerks type it: 36613 or 36.613."""

    def process_formdata(self, values: list[str]) -> None:
        typed = values[0].strip() if values else ""
        self.data = None
        if not typed:
            return
        if not _COUNT.fullmatch(typed):
            raise ValueError(
                f"Tertulis “{typed[:20]}”: jumlah tidak terbaca. Tulis bilangan bulat, misalnya "
                "36.613."
            )
        self.data = int(typed.replace(".", ""))

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else f"{self.data:,}".replace(",", ".")


def _between() -> list[Any]:
    return [Optional(), NumberRange(0, MOST, TOO_MUCH)]


class InputForm(Form):
    """One input of a year. `after` is the version that the page showed, 0 for none."""

    after = HiddenField(default="0")
    name = StringField("Nama", [InputRequired(), Length(2, 60)], filters=[required_text])
    year = IntegerField(
        "Tahun", [InputRequired(), NumberRange(2000, 2100, "Antara 2000 dan 2100.")]
    )
    count = CountField("Jumlah")
    male = CountField("Laki-laki", _between())
    female = CountField("Perempuan", _between())
    principal = RupiahField(
        "Nilai pinjaman kumulatif", [Optional(), NumberRange(0, 10**15, "Terlalu besar.")]
    )
    cut_off = DayField("Keadaan per tanggal", [Optional()])
    source = StringField(
        "Sumber",
        [InputRequired(), Length(3, 200, "Tulis 3 sampai 200 karakter.")],
        description="Instansi atau terbitan, misalnya ekspor SI-UMI.",
        filters=[required_text],
    )
    document = StringField(
        "Dokumen",
        [Optional(), Length(max=200)],
        description="Nomor surat atau nama berkas.",
        filters=[required_text],
    )
    reason = TextAreaField(
        "Alasan koreksi", [Optional(), Length(5, 300, "Tulis 5 sampai 300 karakter.")],
        filters=[required_text],
    )  # fmt: skip
    withdraw = BooleanField("Tarik angka ini: salah tahun atau salah nama")

    def validate_count(self, field: Any) -> None:
        if field.process_errors or self.withdraw.data:
            return
        if field.data is None:
            raise ValidationError("Isian ini wajib diisi.")
        if field.data > MOST:
            raise ValidationError(TOO_MUCH)

    def said(self, kind: str) -> Said:
        gone = bool(self.withdraw.data)

        def kept(field: Any) -> Any:
            return None if gone else field.data

        return Said(
            kind,
            " ".join(self.name.data.split()),
            self.year.data,
            kept(self.count),
            kept(self.male),
            kept(self.female),
            kept(self.principal) if kind == "opening" else None,
            self.cut_off.data,
            self.source.data,
            self.document.data or "",
            " ".join((self.reason.data or "").split()),
        )
