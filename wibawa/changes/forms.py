from __future__ import annotations

from wtforms import HiddenField, TextAreaField
from wtforms.validators import InputRequired, Length

from wibawa.web.fields import Form, required_text


class ChangeForm(Form):
    """What every request asks for. A kind adds its own fields; `shown` is the fingerprint of the
    effect that the person saw, empty before the first look."""

    shown = HiddenField()
    reason = TextAreaField(
        "Alasan",
        [InputRequired(), Length(5, 300, "Tulis alasan dengan 5 sampai 300 karakter.")],
        filters=[required_text],
    )

    @property
    def own_fields(self) -> list[object]:
        """The fields of the kind, in its order."""
        common = {"shown", "reason", "request_key", "csrf_token"}
        return [field for field in self if field.name not in common]

    @property
    def own_errors(self) -> bool:
        return any(field.errors for field in self.own_fields)  # type: ignore[attr-defined]


class RefusalForm(Form):
    reason = TextAreaField(
        "Alasan penolakan",
        [InputRequired(), Length(5, 300, "Tulis alasan dengan 5 sampai 300 karakter.")],
    )
