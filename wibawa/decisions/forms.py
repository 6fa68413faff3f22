from __future__ import annotations

from typing import Any

from wtforms import HiddenField, SelectField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional, ValidationError

from wibawa.decisions.answers import Reason
from wibawa.rules.money import rupiah
from wibawa.web.fields import Form, RupiahField

LONGEST_NOTE = 200


class _AnswerForm(Form):
    """`shown` is the fingerprint of what was on the page that the bank decided on."""

    shown = HiddenField()


class ApprovalForm(_AnswerForm):
    amount = RupiahField("Jumlah yang disetujui", [InputRequired()])
    note = TextAreaField("Catatan untuk dinas", [Optional(), Length(max=LONGEST_NOTE)])


class DeclineForm(_AnswerForm):
    reason_code = SelectField("Alasan", [InputRequired()])
    explanation = TextAreaField("Penjelasan", [Length(max=LONGEST_NOTE)])


def approval_form(asked: int, *, sent: bool) -> Any:
    """The form of an approval; `asked` is the amount that was asked for, and the most."""
    form = ApprovalForm() if sent else ApprovalForm(formdata=None, amount=asked)

    def within(_form: Any, field: Any) -> None:
        if field.data is not None and not 1 <= field.data <= asked:
            raise ValidationError(
                f"Tertulis {rupiah(field.data)}; tulis paling sedikit Rp1 dan paling banyak "
                f"{rupiah(asked)}, jumlah yang diminta."
            )

    form.amount.validators = [*form.amount.validators, within]
    return form


def decline_form(reasons: list[Reason], *, sent: bool) -> Any:
    form = DeclineForm() if sent else DeclineForm(formdata=None)
    choices = [SelectChoice(each.code, each.words) for each in reasons]
    form.reason_code.choices = [SelectChoice("", "Pilih alasan"), *choices]
    needy = {each.code: each.words for each in reasons if each.needs_text}

    def told(_form: Any, field: Any) -> None:
        words, said = needy.get(form.reason_code.data or ""), " ".join((field.data or "").split())
        if words and len(said) < 5:
            raise ValidationError(f"Untuk alasan “{words}” tulis penjelasannya, 5 karakter lebih.")

    form.explanation.validators = [*form.explanation.validators, told]
    return form
