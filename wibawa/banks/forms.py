from __future__ import annotations

from wtforms import BooleanField, RadioField, SelectChoice, SelectField, StringField
from wtforms.validators import DataRequired, Length

from wibawa.web.fields import Form, required_text

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
