from __future__ import annotations

from typing import Any

from wtforms import (
    HiddenField,
    IntegerField,
    PasswordField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, NumberRange, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from wibawa.access.permissions import ROLE_LABELS, Role
from wibawa.access.settings import PROFILES
from wibawa.web.fields import Form

PROOF_FIELDS = ("proof_password", "proof_code", "proof_back")
PROFILE_CHOICES = [SelectChoice(code, words) for code, words in PROFILES.items()]
ROLE_CHOICES = [SelectChoice(role.value, ROLE_LABELS[role]) for role in Role]


class SignInForm(Form):
    numbers = frozenset({"username"})

    username = StringField("Nama pengguna", [InputRequired(), Length(max=64)])
    password = PasswordField("Kata sandi", [InputRequired(), Length(max=200)])
    lanjut = HiddenField()


class CodeForm(Form):
    numbers = frozenset({"code"})

    code = StringField("Kode", [InputRequired(), Length(max=40)])


class UserForm(Form):
    username = StringField("Nama pengguna", [InputRequired(), Length(max=64)])
    name = StringField("Nama lengkap", [InputRequired(), Length(max=120)])
    role = SelectField("Peran", choices=ROLE_CHOICES)
    bank_id = SelectField("Bank (hanya untuk petugas bank)", validators=[Optional()])


class PasswordForm(Form):
    old = PasswordField("Kata sandi sekarang", [Length(max=200)])
    new = PasswordField("Kata sandi baru", [InputRequired(), Length(max=400)])
    again = PasswordField("Ulangi kata sandi baru", [InputRequired(), Length(max=400)])

    def validate_again(self, field: Any) -> None:
        if field.data != self.new.data:
            raise ValidationError(
                "Belum sama dengan kata sandi baru di atasnya. Ketik ulang keduanya."
            )


class SecondFactorForm(Form):
    """The code of a secret that is offered in the same form, sealed."""

    numbers = frozenset({"code"})

    offer = HiddenField()
    code = StringField("Kode 6 angka dari aplikasi", [InputRequired(), Length(max=12)])


class ProofForm(Form):
    numbers = frozenset({"proof_code"})

    proof_password = PasswordField("Kata sandi", [Length(max=200)])
    proof_code = StringField("Kode dari aplikasi, atau kode pemulihan", [Length(max=40)])
    proof_back = HiddenField()


def _whole(label: str, least: int, most: int, hint: str) -> IntegerField:
    between = f"Tulis angka {least} sampai {most}."
    checks = [InputRequired(), NumberRange(min=least, max=most, message=between)]
    return IntegerField(label, checks, description=hint)


class SettingsForm(Form):
    seen = HiddenField()
    profile = RadioField("Kebijakan kata sandi", choices=PROFILE_CHOICES)
    minimum_length = _whole("Panjang paling sedikit", 8, 64, "Karakter; frasa panjang lebih baik.")
    one_time_days = _whole("Masa kata sandi sekali pakai", 1, 30, "Hari sejak dibuat.")
    idle_minutes = _whole("Batas diam", 10, 720, "Menit tanpa kegiatan sebelum harus masuk lagi.")
    absolute_hours = _whole("Batas sekali masuk", 1, 24, "Jam sejak masuk, walau terus dipakai.")
    proof_minutes = _whole(
        "Masa bukti persetujuan", 1, 480, "Menit; sesudahnya persetujuan meminta kata sandi lagi."
    )
    second_factor_roles = SelectMultipleField(
        "Peran yang wajib memakai kode",
        choices=ROLE_CHOICES,
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )
    reason = TextAreaField("Alasan", [InputRequired(), Length(max=300)])

    def values(self) -> dict[str, Any]:
        """The settings as they are stored."""
        names = ("profile", "minimum_length", "one_time_days", "idle_minutes", "absolute_hours",
                 "proof_minutes")  # fmt: skip
        chosen = set(self.second_factor_roles.data or ())
        roles = ",".join(role.value for role in Role if role.value in chosen)
        return {name: self[name].data for name in names} | {"second_factor_roles": roles}
