from __future__ import annotations

import re
from dataclasses import fields
from typing import Any, cast

from wtforms import HiddenField, IntegerField, StringField, TextAreaField
from wtforms.validators import (
    DataRequired,
    InputRequired,
    Length,
    NumberRange,
    Optional,
    ValidationError,
)

from wibawa.banks.forms import amount_between
from wibawa.rules.collectibility import Thresholds
from wibawa.rules.money import number, rupiah
from wibawa.rules.terms import ProductTerms
from wibawa.web.fields import DayField, Form, RupiahField, required_text

_PERCENT = re.compile(r"([0-9]{1,3})(?:,([0-9]{1,2}))? ?%?")


class PercentField(StringField):  # type: ignore[misc]
    """A percentage as clerks type it, kept as hundredths: "3", "3,5%" and "3,25"."""

    def process_formdata(self, values: list[str]) -> None:
        typed = values[0].strip() if values else ""
        self.data = None
        if not typed:
            return
        parts = _PERCENT.fullmatch(typed)
        if parts is None:
            raise ValueError(
                f"Tertulis “{typed[:20]}”: persen tidak terbaca. Tulis misalnya 3 atau 2,75."
            )
        self.data = int(parts[1]) * 100 + int((parts[2] or "0").ljust(2, "0"))

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        if self.data is None:
            return ""
        whole, rest = divmod(self.data, 100)
        return f"{whole},{rest:02d}".rstrip("0").rstrip(",") if rest else str(whole)


def _whole(lowest: int, highest: int) -> list[Any]:
    said = f"Antara {lowest} dan {number(highest)}."
    return [InputRequired(), NumberRange(lowest, highest, said)]


TERMS_FIELDS = tuple(field.name for field in fields(ProductTerms))


class TermsForm(Form):
    valid_from = DayField(
        "Berlaku mulai",
        [InputRequired()],
        description="Hari ini atau hari yang akan datang, contoh 01/01/2027.",
    )
    rate = PercentField(
        "Suku bunga (% per tahun)",
        [InputRequired(), NumberRange(0, 10_000, "Antara 0 dan 100 persen.")],
        description="Paling banyak dua angka di belakang koma, misalnya 3 atau 2,75.",
    )
    months = IntegerField("Jangka waktu (bulan)", _whole(1, 120))
    ceiling_micro = RupiahField("Plafon usaha mikro", amount_between(1))
    ceiling_cooperative = RupiahField("Plafon koperasi", amount_between(1))
    collateral_free_limit = RupiahField(
        "Batas tanpa agunan",
        amount_between(0),
        description="Di atas jumlah ini agunan wajib diuraikan.",
    )
    minimum_age = IntegerField("Usia paling muda (tahun)", _whole(0, 100))
    minimum_business_years = IntegerField("Usia usaha paling sedikit (tahun)", _whole(0, 100))
    legal_basis = StringField(
        "Dasar usulan",
        [Optional(), Length(max=200)],
        description="Rancangan Perwal atau nota dinas, bila sudah ada. Nomor Perwal yang "
        "ditetapkan dikonfirmasi tersendiri.",
        filters=[required_text],
    )

    def validate_collateral_free_limit(self, field: Any) -> None:
        ceilings = (self.ceiling_micro.data, self.ceiling_cooperative.data)
        known = [ceiling for ceiling in ceilings if ceiling is not None]
        if known and field.data is not None and field.data > min(known):
            raise ValidationError(
                f"{rupiah(field.data)} melebihi plafon {rupiah(min(known))}. Batas tanpa agunan "
                "paling banyak sebesar plafon."
            )

    @property
    def product(self) -> ProductTerms:
        values: Any = {name: self[name].data for name in TERMS_FIELDS}
        return ProductTerms(**values)


class LimitsForm(Form):
    valid_from = DayField(
        "Berlaku mulai",
        [InputRequired()],
        description="Hari ini atau hari yang akan datang, contoh 01/01/2027.",
    )
    class_1 = IntegerField("1 Lancar sampai (hari)", _whole(0, 3650))
    class_2 = IntegerField("2 Dalam Perhatian Khusus sampai (hari)", _whole(1, 3650))
    class_3 = IntegerField("3 Kurang Lancar sampai (hari)", _whole(1, 3650))
    class_4 = IntegerField(
        "4 Diragukan sampai (hari)",
        _whole(1, 3650),
        description="Tunggakan yang lebih lama menjadi 5 Macet.",
    )

    def _rises(self, field: Any, before: Any) -> None:
        if None not in (field.data, before.data) and field.data <= before.data:
            raise ValidationError(
                f"Tertulis {field.data} hari: harus lebih dari {before.data} hari, batas "
                "kolektibilitas sebelumnya."
            )

    def validate_class_2(self, field: Any) -> None:
        self._rises(field, self.class_1)

    def validate_class_3(self, field: Any) -> None:
        self._rises(field, self.class_2)

    def validate_class_4(self, field: Any) -> None:
        self._rises(field, self.class_3)

    @property
    def limits(self) -> Thresholds:
        days: Any = (self.class_1.data, self.class_2.data, self.class_3.data, self.class_4.data)
        return cast(Thresholds, days)


class RefusalForm(Form):
    """`shown` is the fingerprint of the proposal on the page that the decision was taken on."""

    shown = HiddenField()
    reason = TextAreaField(
        "Alasan penolakan",
        [InputRequired(), Length(5, 300, "Tulis alasan dengan 5 sampai 300 karakter.")],
    )


class ConfirmationForm(Form):
    basis = StringField(
        "Nomor dan tanggal dasar hukum",
        [DataRequired(), Length(5, 200, "Tulis 5 sampai 200 karakter.")],
        description="Seperti tertulis, misalnya: Perwal Nomor 12 Tahun 2026, 5 Januari 2026.",
        filters=[required_text],
    )
