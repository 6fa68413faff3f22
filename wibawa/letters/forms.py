from __future__ import annotations

from typing import Any

from wtforms import HiddenField, StringField, TextAreaField
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
    PaperKind,
    check_pattern,
)
from wibawa.letters.queries import Profile
from wibawa.rules.refused import Refused
from wibawa.web.fields import DayField, Form, required_text

MOST_LINES = 3


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

    @property
    def profile(self) -> Profile:
        """What was typed, from a form without faults."""
        apart = ("shown", "valid_from", "request_key", "csrf_token", *PaperKind)
        typed: dict[str, Any] = {
            field.name: field.data or "" for field in self if field.name not in apart
        }
        formats = {kind: self[kind.value].data for kind in PaperKind}
        day: Any = self.valid_from.data
        return Profile(id=0, valid_from=day, formats=formats, **typed)

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
