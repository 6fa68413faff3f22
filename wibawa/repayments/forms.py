from __future__ import annotations

from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField, HiddenField, StringField
from wtforms.validators import Length

from wibawa.web.fields import Form


class UploadForm(Form):
    """A bank officer's file; the bank is the officer's own, `replaces` the faulty file it mends."""

    file = FileField(
        "Berkas angsuran",
        [FileRequired("Belum ada berkas yang dipilih. Pilih berkas XLSX atau CSV dari bank.")],
    )
    replaces = HiddenField()


class OptionsForm(Form):
    """What the officer chooses for a file with problems."""

    suspend_unknown = BooleanField("Masukkan rekening yang tidak dikenal ke titipan")
    skip_problems = BooleanField("Lewati baris bermasalah")
    reason = StringField("Alasan melewati baris bermasalah", [Length(max=300)])
