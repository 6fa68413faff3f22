from __future__ import annotations

from wtforms import BooleanField, RadioField, SelectField, StringField
from wtforms.validators import DataRequired, Length

from wibawa.web.fields import Form, required_text

METHOD_CHOICES = [
    ("annuity", "Anuitas: angsuran tetap, bunga dari sisa pokok"),
    ("flat", "Flat: bunga dari plafon semula"),
    ("declining", "Menurun: pokok tetap, bunga dari sisa pokok"),
]
MULTIPLE_CHOICES = [
    ("1", "Tanpa pembulatan"),
    ("100", "Rp100"),
    ("500", "Rp500"),
    ("1000", "Rp1.000"),
]
HOLIDAY_CHOICES = [
    ("none", "Tidak digeser"),
    ("following", "Hari kerja berikutnya"),
    ("preceding", "Hari kerja sebelumnya"),
]


class BankForm(Form):
    name = StringField("Nama bank", [DataRequired(), Length(max=120)], filters=[required_text])
    method = SelectField(
        "Metode angsuran",
        choices=METHOD_CHOICES,
        description="Berlaku untuk pencairan baru; pinjaman yang sudah cair tidak berubah.",
    )
    multiple = SelectField(
        "Kelipatan angsuran",
        choices=MULTIPLE_CHOICES,
        description="Untuk pencairan baru. Angsuran terakhir menampung sisanya.",
    )
    holiday_rule = RadioField(
        "Bayar paling lambat bila jatuh tempo hari libur",
        choices=HOLIDAY_CHOICES,
        description="Hanya untuk cetakan jadwal. Hari tunggakan tetap dihitung dari jatuh tempo.",
    )
    posts_clean_files = BooleanField(
        "Berkas tanpa masalah langsung dibukukan",
        description="Bila tidak dicentang, dinas memeriksa lalu membukukan setiap berkas.",
    )
