from __future__ import annotations

from collections.abc import Mapping

from wtforms import BooleanField, HiddenField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from wibawa.borrowers.checks import stored_text
from wibawa.merging.checks import KEYS, Side, differing
from wibawa.web.fields import Form

REASON = Length(5, 300, "Tulis alasan dengan 5 sampai 300 karakter.")


class SearchForm(Form):
    """Sent by POST: a NIK that is typed here must not stand in an address."""

    numbers = frozenset({"text"})

    text = StringField(
        "Nama, usaha, NIK, nomor induk koperasi, atau telepon", [InputRequired(), Length(max=80)]
    )


class MergeForm(Form):
    """`shown` is the fingerprint of both records on the page that the request is made on."""

    shown = HiddenField()
    same_person = BooleanField(
        "KTP atau sertifikatnya sudah dicocokkan: kedua catatan ini satu orang atau satu koperasi"
    )
    reason = TextAreaField("Alasan penggabungan", [InputRequired(), REASON])


class SplitForm(Form):
    reason = TextAreaField("Alasan pemisahan", [InputRequired(), REASON])


class RefusalForm(Form):
    shown = HiddenField()
    reason = TextAreaField("Alasan penolakan", [InputRequired(), REASON])


def chosen_of(sent: Mapping[str, str], kept: Side, gone: Side) -> frozenset[str]:
    """The facts whose value is to come from the record that goes; before anything is sent, those
    that the kept record lacks."""
    found = differing(kept, gone)
    if "reason" in sent:
        return frozenset(field for field in found if sent.get(f"pilih_{field}") == "lain")
    return frozenset(
        field
        for field in found
        if field not in KEYS
        and not stored_text(kept.values[field])
        and stored_text(gone.values[field])
    )
