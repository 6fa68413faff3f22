from __future__ import annotations

import hashlib
from typing import Any

from flask import current_app
from flask_wtf.file import FileField, MultipleFileField
from wtforms import TextAreaField
from wtforms.validators import InputRequired, Length

from wibawa.borrowers.forms import RevealForm
from wibawa.scans.reader import Scan, ScanLimits, Unfit, read_scan
from wibawa.web.fields import Form

REASON = Length(5, 200, "Tulis alasan dengan 5 sampai 200 karakter.")


MOST_PHOTOS = 10
AGAIN = "Belum ada foto yang tersimpan; pilih lagi semuanya."


def scan_limits() -> ScanLimits:
    settings = current_app.config
    return ScanLimits(pdf=settings["SCAN_PDF_BYTES"], picture=settings["SCAN_PICTURE_BYTES"])


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


class PhotosForm(Form):
    """Photos of a visit: chosen, taken on the spot, or both; none is fine."""

    photos = MultipleFileField("Foto kunjungan")
    camera = MultipleFileField("Ambil foto dengan kamera")

    @property
    def sent(self) -> list[Any]:
        return [each for field in (self.photos, self.camera) for each in field.data or [] if each]

    def digest(self) -> str:
        """What was sent, in 64 characters: the same form with other photos is another form."""
        whole = hashlib.sha256()
        for each in self.sent:
            whole.update(hashlib.sha256(each.read()).digest())
            each.seek(0)
        return whole.hexdigest() if self.sent else ""

    def read(self, *, complete: bool = True) -> list[Scan] | None:
        """What is kept of the photos, or None; then the form says which one is unfit. A form that
        is not `complete` is shown again, and a browser forgets what was chosen."""
        if not complete:
            self.photos.errors = [AGAIN] if self.sent else []
            return None
        if len(self.sent) > MOST_PHOTOS:
            self.photos.errors = [f"Paling banyak {MOST_PHOTOS} foto sekali kirim. {AGAIN}"]
            return None
        kept = []
        for number, each in enumerate(self.sent, 1):
            try:
                kept.append(read_scan(each.read(), scan_limits(), photo=True))
            except Unfit as unfit:
                self.photos.errors = [f"Foto ke-{number}: {unfit.sentence} {AGAIN}"]
                return None
            each.seek(0)
        return kept
