from __future__ import annotations

import io

from flask import Response, send_file
from sqlalchemy.orm import Session

from wibawa.letters.queries import logos_of, profile_on
from wibawa.printing.statements import Statement, statement_pdf


def statement_file(session: Session, name: str, paper: Statement) -> Response:
    """The answer that downloads a statement as `name`.pdf, on the office's paper of its day."""
    head = profile_on(session, paper.day).letterhead
    out = io.BytesIO(statement_pdf(paper, head, logos_of(session)))
    return send_file(out, mimetype="application/pdf", download_name=f"{name}.pdf")
