from __future__ import annotations

from typing import Any

from flask_wtf.file import FileField
from wtforms import BooleanField, HiddenField, RadioField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import (
    DataRequired,
    InputRequired,
    Length,
    Optional,
    Regexp,
    ValidationError,
)

from wibawa.letters.documents import (
    KIND_WORDS,
    LONGEST_FORMAT,
    SHEETS,
    PaperKind,
    check_pattern,
)
from wibawa.letters.queries import Profile
from wibawa.rules.refused import Refused
from wibawa.scans.reader import ScanLimits, Unfit, read_logo
from wibawa.web.fields import DayField, Form, required_text

MOST_LINES = 3
CHOICES = [SelectChoice(name, said) for name, said in SHEETS.items()]
KILOBYTE = 1024
LOGO_LIMITS = ScanLimits(picture=200 * KILOBYTE, pixels=4_000_000, seconds=10)
SMALLER = "Simpan ulang lebih kecil, misalnya selebar 500 piksel."
NOT_A_LOGO = {
    "empty": "Berkasnya kosong. Pilih gambar PNG atau JPEG.",
    "too_large": f"Gambarnya lebih dari 200 KB. {SMALLER}",
    "pixels": f"Gambarnya lebih dari 4 juta piksel. {SMALLER}",
    "tiny": "Gambarnya kurang dari 100 piksel dan akan tampak buram. Pilih yang lebih besar.",
    "broken": "Gambarnya rusak atau terpotong. Simpan ulang sebagai PNG atau JPEG.",
    "memory": "Gambar ini terlalu berat untuk dibuka. Simpan ulang sebagai PNG atau JPEG biasa.",
}


def _line(label: str, most: int, *, needed: bool = False, hint: str = "") -> StringField:
    length = Length(max=most, message=f"Paling banyak {most} karakter.")
    rules: list[Any] = [DataRequired() if needed else Optional(), length]
    return StringField(label, rules, description=hint, filters=[required_text])


def _pattern(_form: Any, field: Any) -> None:
    try:
        check_pattern(field.data)
    except Refused as refused:
        raise ValidationError(refused.sentence) from refused


def _number(kind: PaperKind) -> StringField:
    length = Length(max=LONGEST_FORMAT, message=f"Paling banyak {LONGEST_FORMAT} karakter.")
    rules = [DataRequired(), length, _pattern]
    return StringField(KIND_WORDS[kind], rules, filters=[required_text])


def _few_lines(_form: Any, field: Any) -> None:
    if len(field.data.splitlines()) > MOST_LINES:
        raise ValidationError(f"Paling banyak {MOST_LINES} baris.")


def _lines(value: str | None) -> str:
    """What was typed, without empty lines and double spaces."""
    lines = (" ".join(line.split()) for line in (value or "").splitlines())
    return "\n".join(line for line in lines if line)


class OfficeForm(Form):
    numbers = frozenset({"phone", "signatory_nip"})
    phones = frozenset({"address"})

    shown = HiddenField()
    valid_from = DayField(
        "Berlaku mulai",
        [InputRequired()],
        description="Hari ini atau sesudahnya. Surat yang sudah terbit tidak berubah.",
    )
    government = _line("Pemerintah daerah", 80, needed=True)
    office = _line("Nama dinas", 80, needed=True)
    address = TextAreaField(
        "Alamat",
        [DataRequired(), Length(max=240, message="Paling banyak 240 karakter."), _few_lines],
        description="Paling banyak tiga baris.",
        filters=[_lines],
    )
    phone = _line("Telepon", 40)
    website = _line("Situs web", 80)
    email = _line("Surel", 80)
    place = _line("Kota pada tanggal surat", 60, needed=True)
    signatory_role = _line("Jabatan penandatangan", 160, needed=True)
    signatory_name = _line(
        "Nama penandatangan", 120, hint="Dengan gelar. Kosong: nama ditulis tangan di atas surat."
    )
    signatory_rank = _line("Pangkat", 80, hint="Misalnya: Pembina Utama Muda.")
    signatory_nip = StringField(
        "NIP",
        [Optional(), Regexp(r"[0-9 ]{18,24}", message="NIP terdiri dari 18 angka.")],
        filters=[required_text],
    )
    paper = RadioField("Ukuran kertas", [InputRequired()], choices=CHOICES)
    logo_file = FileField(
        "Logo baru",
        [Optional()],
        description="PNG atau JPEG, paling besar 200 KB; bagian yang tembus pandang menjadi putih. "
        "Kosong: yang sekarang tetap dipakai.",
    )
    no_logo = BooleanField("Tanpa logo: kop memakai lambang Wibawa")
    proposal = _number(PaperKind.PROPOSAL)
    approval = _number(PaperKind.APPROVAL)
    office_refusal = _number(PaperKind.OFFICE_REFUSAL)
    bank_refusal = _number(PaperKind.BANK_REFUSAL)
    completion = _number(PaperKind.COMPLETION)
    recommendation = _number(PaperKind.RECOMMENDATION)
    schedule = _number(PaperKind.SCHEDULE)
    card = _number(PaperKind.CARD)
    receipt = _number(PaperKind.RECEIPT)
    payoff = _number(PaperKind.PAYOFF)
    reminder = _number(PaperKind.REMINDER)
    offer = _number(PaperKind.OFFER)
    minutes = _number(PaperKind.MINUTES)
    upload_receipt = _number(PaperKind.UPLOAD_RECEIPT)
    reconciliation = _number(PaperKind.RECONCILIATION)

    def read_logo(self) -> bytes | None:
        """The new logo, drawn anew; None without one, or when it is unfit: then the form says so.
        It is opened in a process of its own, which takes a while."""
        sent = self.logo_file.data
        if not sent:
            return None
        if self.no_logo.data:
            self.logo_file.errors = ["Pilih satu saja: logo baru, atau tanpa logo."]
            return None
        try:
            return read_logo(sent.read(LOGO_LIMITS.picture + 1), LOGO_LIMITS)
        except Unfit as unfit:
            said = NOT_A_LOGO.get(unfit.code, "Ini bukan gambar PNG atau JPEG. Pilih yang lain.")
            self.logo_file.errors = [said]
            return None

    def profile(self, logo: str) -> Profile:
        """What was typed, from a form without faults; `logo` is the digest of the one to keep."""
        apart = ("shown", "valid_from", "request_key", "csrf_token", "logo_file", "no_logo")
        typed: dict[str, Any] = {
            field.name: field.data or "" for field in self if field.name not in (*apart, *PaperKind)
        }
        formats = {kind: self[kind.value].data for kind in PaperKind}
        day: Any = self.valid_from.data
        return Profile(id=0, valid_from=day, formats=formats, logo=logo, **typed)

    def validate(self, extra_validators: Any = None) -> bool:
        """Also: two kinds of paper must not share their numbers."""
        fine = super().validate(extra_validators)
        seen: dict[str, str] = {}
        for kind in PaperKind:
            field = self[kind.value]
            other = seen.setdefault(field.data or kind.value, field.label.text)
            if other != field.label.text:
                said = (
                    f"Sama dengan nomor {other.lower()}; setiap jenis memerlukan nomornya sendiri."
                )
                field.errors = [*field.errors, said]
                fine = False
        return bool(fine)


class WithdrawForm(Form):
    reason = TextAreaField(
        "Alasan",
        [InputRequired(), Length(5, 300, "Tulis alasan dengan 5 sampai 300 karakter.")],
    )


def form_data(profile: Profile) -> dict[str, Any]:
    """What the form begins with."""
    return profile.said | {kind.value: said for kind, said in profile.formats.items()}
