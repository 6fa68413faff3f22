from __future__ import annotations

from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField

from wibawa.uploads import forms


class UploadForm(forms.UploadForm):
    """A bank officer's file; the bank is the officer's own."""

    file = FileField(
        "Berkas angsuran",
        [FileRequired("Belum ada berkas yang dipilih. Pilih berkas XLSX atau CSV dari bank.")],
    )


class OptionsForm(forms.SkipForm):
    """What the officer chooses for a file with problems."""

    suspend_unknown = BooleanField("Masukkan rekening yang tidak dikenal ke titipan")
