from __future__ import annotations

from typing import Any

from wtforms import (
    BooleanField,
    HiddenField,
    RadioField,
    SelectChoice,
    SelectField,
    StringField,
)
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange

from wibawa.rules.money import rupiah
from wibawa.web.fields import DayField, Form, RupiahField, required_text

HIGHEST_AMOUNT = 1_000_000_000_000

METHODS = {
    "annuity": "Anuitas: angsuran tetap, bunga dari sisa pokok",
    "flat": "Flat: bunga dari plafon semula",
    "declining": "Menurun: pokok tetap, bunga dari sisa pokok",
}
MULTIPLES = {"1": "Tanpa pembulatan", "100": "Rp100", "500": "Rp500", "1000": "Rp1.000"}
HOLIDAY_RULES = {
    "none": "Tidak digeser",
    "following": "Hari kerja berikutnya",
    "preceding": "Hari kerja sebelumnya",
}


def _choices(words: dict[str, str]) -> list[SelectChoice]:
    return [SelectChoice(value, label) for value, label in words.items()]


class BankForm(Form):
    seen = HiddenField()
    name = StringField("Nama bank", [DataRequired(), Length(max=120)], filters=[required_text])
    method = SelectField(
        "Metode angsuran",
        choices=_choices(METHODS),
        description="Berlaku untuk pencairan baru; pinjaman yang sudah cair tidak berubah.",
    )
    multiple = SelectField(
        "Kelipatan angsuran",
        choices=_choices(MULTIPLES),
        description="Untuk pencairan baru. Angsuran terakhir menampung sisanya.",
    )
    holiday_rule = RadioField(
        "Bayar paling lambat bila jatuh tempo hari libur",
        choices=_choices(HOLIDAY_RULES),
        description="Hanya untuk cetakan jadwal. Hari tunggakan tetap dihitung dari jatuh tempo.",
    )
    posts_clean_files = BooleanField(
        "Berkas tanpa masalah langsung dibukukan",
        description="Bila tidak dicentang, dinas memeriksa lalu membukukan setiap berkas.",
    )


def amount_between(lowest: int) -> list[Any]:
    said = f"Antara {rupiah(lowest)} dan {rupiah(HIGHEST_AMOUNT)}."
    return [InputRequired(), NumberRange(lowest, HIGHEST_AMOUNT, said)]


class QuotaForm(Form):
    seen = HiddenField()
    amount = RupiahField("Kuota setahun", amount_between(0))
    source = StringField(
        "Dasar",
        [DataRequired(), Length(5, 200, "Tulis 5 sampai 200 karakter.")],
        description="Misalnya: DPA 2026, perjanjian kerja sama Nomor 518/12, atau nota dinas.",
        filters=[required_text],
    )


class PermitForm(Form):
    seen = HiddenField()
    allowed = RadioField(
        "Pencairan tanpa permohonan",
        [InputRequired()],
        choices=_choices({"tidak": "Tidak boleh", "ya": "Boleh, dengan alasan"}),
    )
    valid_from = DayField(
        "Berlaku sejak", [InputRequired()], description="Hari ini atau sesudahnya."
    )
    reason = StringField(
        "Dasar",
        [DataRequired(), Length(5, 200, "Tulis 5 sampai 200 karakter.")],
        description="Misalnya: masa peralihan sampai akhir 2026, nota dinas Nomor 518/14.",
        filters=[required_text],
    )


class HolidayForm(Form):
    day = DayField("Tanggal", [InputRequired()], description="Contoh 17/08/2027.")
    name = StringField(
        "Nama hari libur",
        [DataRequired(), Length(3, 120, "Tulis 3 sampai 120 karakter.")],
        description="Misalnya: Hari Kemerdekaan atau Cuti bersama Idulfitri.",
        filters=[required_text],
    )
