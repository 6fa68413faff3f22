from __future__ import annotations

from wtforms import HiddenField, PasswordField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional

from wibawa.access.permissions import ROLE_LABELS, Role
from wibawa.web.fields import Form


class SignInForm(Form):
    username = StringField("Nama pengguna", [InputRequired(), Length(max=64)])
    password = PasswordField("Kata sandi", [InputRequired(), Length(max=200)])
    lanjut = HiddenField()


class UserForm(Form):
    username = StringField("Nama pengguna", [InputRequired(), Length(max=64)])
    name = StringField("Nama lengkap", [InputRequired(), Length(max=120)])
    role = SelectField(
        "Peran", choices=[SelectChoice(role.value, ROLE_LABELS[role]) for role in Role]
    )
    bank_id = SelectField("Bank (hanya untuk petugas bank)", validators=[Optional()])
    password = PasswordField("Kata sandi awal", [InputRequired(), Length(max=200)])
