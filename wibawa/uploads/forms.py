from __future__ import annotations

from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField, HiddenField, StringField
from wtforms.validators import Length

from wibawa.web.fields import Form


class UploadForm(Form):
    """A file to be checked; `replaces` is the number of the open file that it mends."""

    file = FileField(
        "Berkas", [FileRequired("Belum ada berkas yang dipilih. Pilih berkas XLSX atau CSV.")]
    )
    replaces = HiddenField()


class SkipForm(Form):
    """What may be chosen for any file with problems."""

    skip_problems = BooleanField("Lewati baris bermasalah")
    reason = StringField(
        "Alasan melewati baris bermasalah",
        [Length(max=300, message="Alasan paling banyak 300 karakter.")],
    )
