from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from flask import current_app
from flask_wtf.file import FileField, MultipleFileField
from wtforms import TextAreaField
from wtforms.validators import InputRequired, Length

from wibawa.borrowers.forms import RevealForm
from wibawa.scans.queries import KindFacts
from wibawa.scans.reader import Scan, ScanLimits, Unfit, read_scan
from wibawa.web.fields import Form

REASON = Length(5, 200, "Tulis alasan dengan 5 sampai 200 karakter.")


MOST_PHOTOS = 10
MOST_SCANS = 10
AGAIN = "Belum ada foto yang tersimpan; pilih lagi semuanya."
CHOOSE_AGAIN = "Belum ada dokumen yang tersimpan; pilih lagi semuanya."


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
        return digest_of_files(self.sent)

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


class ScansForm(Form):
    """Documents that are sent along with another form: a field for each kind, all of them optional.
    `scans_form` makes it; the other form holds the token and the key."""

    class Meta(Form.Meta):
        csrf = False

    kinds: ClassVar[Sequence[KindFacts]] = ()

    @property
    def chosen(self) -> list[tuple[KindFacts, MultipleFileField]]:
        """Each kind with its field, in their order."""
        return [(kind, self[kind.code]) for kind in self.kinds]

    @property
    def faults(self) -> list[tuple[str, str]]:
        """What the summary of the other form says of them, with where it stands."""
        return [(f"{kind.name}: {said}", f"#{field.id}")
                for kind, field in self.chosen for said in field.errors]  # fmt: skip

    def digest(self) -> str:
        """What was sent as what: the same form with other documents is another form."""
        sent = [(kind.code, _files(field)) for kind, field in self.chosen]
        said = [f"{code}:{digest_of_files(files)}" for code, files in sent if files]
        return hashlib.sha256(";".join(said).encode()).hexdigest() if said else ""

    def read(self, *, complete: bool) -> list[tuple[KindFacts, Scan]] | None:
        """What is kept of the documents, or None; then the form says which one is unfit. A form
        that is not `complete` is shown again, and a browser forgets what was chosen."""
        sent = [(kind, field, each) for kind, field in self.chosen for each in _files(field)]
        if not complete:
            for _, field, _ in sent:
                field.errors = [CHOOSE_AGAIN]
            return None
        kept = []
        for number, (kind, field, each) in enumerate(sent, 1):
            try:
                if number > MOST_SCANS:
                    raise Unfit("too_many", f"Paling banyak {MOST_SCANS} dokumen sekali kirim.")
                kept.append((kind, read_scan(each.read(), scan_limits(), photo=kind.is_photo)))
            except Unfit as unfit:
                field.errors = [f"{unfit.sentence} {CHOOSE_AGAIN}"]
                return None
            each.seek(0)
        return kept


def scans_form(kinds: Sequence[KindFacts]) -> ScansForm:
    fields = {kind.code: MultipleFileField(kind.name, description=kind.hint) for kind in kinds}
    made: ScansForm = type("ScansForm", (ScansForm,), {**fields, "kinds": kinds})()
    return made


def _files(field: MultipleFileField) -> list[Any]:
    return [each for each in field.data or [] if each]


def digest_of_files(files: Iterable[Any]) -> str:
    """What was sent, in 64 characters: the same form with other files is another form."""
    digests = []
    for each in files:
        digests.append(hashlib.sha256(each.read()).digest())
        each.seek(0)
    return hashlib.sha256(b"".join(digests)).hexdigest() if digests else ""
