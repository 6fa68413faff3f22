from __future__ import annotations

from typing import Any

from flask_wtf.file import FileField
from wtforms import TextAreaField
from wtforms.validators import InputRequired, Length

from wibawa.borrowers.forms import RevealForm
from wibawa.web.fields import Form

REASON = Length(5, 200, "Tulis alasan dengan 5 sampai 200 karakter.")


class ScanForm(Form):
    """One file, chosen or photographed on the spot."""

    file = FileField("Pindaian atau foto")
    camera = FileField("Ambil foto dengan kamera")

    @property
    def chosen(self) -> Any:
        """The file that was sent, or None; then the form says so."""
        sent = [each.data for each in (self.file, self.camera) if each.data]
        if len(sent) == 1:
            return sent[0]
        self.file.errors = [
            "Pilih satu saja: berkas, atau foto dari kamera."
            if sent
            else "Belum ada berkas yang dipilih. Pilih PDF, JPEG, atau PNG."
        ]
        return None


class OpenForm(RevealForm):
    """Why a document that shows a NIK is opened; the reason itself holds none."""

    reason = TextAreaField("Alasan membuka dokumen", [InputRequired(), REASON])


class WithdrawForm(Form):
    withdraw_reason = TextAreaField("Alasan menarik dokumen", [InputRequired(), REASON])
