from __future__ import annotations

import io
from collections.abc import Callable

from flask import Flask
from pypdf import PdfReader

from tests import factories
from tests.conftest import prepared, unnumbered
from wibawa.database import db
from wibawa.printing.queries import schedule_documents
from wibawa.web.clock import now, today

SignIn = Callable[[str], factories.Client]


loans = prepared(factories.two_banks)


def test_all_running_loans_of_one_bank_come_in_one_paper(
    loans: dict[str, int], sign_in: SignIn
) -> None:
    client = sign_in("pasar")
    answer = client.get("/pinjaman/jadwal-bank/PASAR.pdf")
    text = "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.data)).pages)
    assert "Joko Susilo" in text
    assert "Rahayu Lestari" in text
    assert "Siti Aminah" not in text
    assert "Mencetak banyak jadwal" in sign_in("auditor").get("/jejak").get_data(as_text=True)


def test_another_banks_paper_does_not_exist_for_a_bank_officer(
    loans: dict[str, int], sign_in: SignIn
) -> None:
    client = sign_in("pasar")
    other = client.get("/pinjaman/jadwal-bank/JATENG.pdf")
    unknown = client.get("/pinjaman/jadwal-bank/ADA.pdf")
    assert other.status_code == unknown.status_code == 404
    assert unnumbered(other) == unnumbered(unknown)
    assert "Akses ditolak" in sign_in("auditor").get("/jejak").get_data(as_text=True)


def test_a_bank_without_running_loans_is_told_so(sign_in: SignIn) -> None:
    answer = sign_in("staff").get("/pinjaman/jadwal-bank/PASAR.pdf")
    assert answer.status_code == 409
    assert "belum punya pinjaman berjalan" in answer.get_data(as_text=True)


def test_documents_of_many_loans_take_as_many_queries_as_one(
    app: Flask, people: dict[str, int], loans: dict[str, int]
) -> None:
    more = factories.saved(
        app,
        lambda s: [
            factories.loan(s, people["staff"], people["approver"], number=n) for n in range(4, 30)
        ],
    )

    def made(ids: list[int]) -> tuple[list[str], int]:
        with factories.counted_queries(app) as seen, app.app_context():
            documents = schedule_documents(
                db.session(), ids, on=today(), printed_on=now(), printed_by="Ani"
            )
            numbers = [document.loan_number for document in documents]
        return numbers, len([each for each in seen if "FROM" in each])

    assert made([loans["jateng"]]) == (["KW-000001"], 4)
    numbers, queries = made([*more, *loans.values()])
    assert numbers == [f"KW-{number:06d}" for number in range(1, 30)]
    assert queries == 4
