from __future__ import annotations

from wtforms import SelectField
from wtforms.validators import InputRequired

from wibawa.uploads.forms import UploadForm


class OfficeUploadForm(UploadForm):
    """The office says whose file it is; a bank's officer sends the own bank's."""

    bank_id = SelectField("Bank penyalur", [InputRequired()])
