from __future__ import annotations

import io
from collections.abc import Callable

from pypdf import PdfReader
from sqlalchemy.orm import Session

from tests import factories

SignIn = Callable[[str], factories.Client]


def test_the_letter_names_sums_in_words_and_lists_each_application(
    sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    batch = factories.proposal(session, people)
    session.commit()
    answer = sign_in("staff").get(f"/usulan/{batch}/surat.pdf")
    assert answer.mimetype == "application/pdf"
    pdf = PdfReader(io.BytesIO(answer.get_data()))
    said = " ".join(" ".join(page.extract_text() for page in pdf.pages).split())
    for part in (
        "001/USULAN/KW/XI/2026", "24 November 2026", "Bank Pasar", "Rp5.000.000",
        "lima juta rupiah", "PM-000001", "Siti Aminah",
    ):  # fmt: skip
        assert part in said, part
    assert pdf.metadata is not None
    assert pdf.metadata.title == "Surat 001/USULAN/KW/XI/2026"
