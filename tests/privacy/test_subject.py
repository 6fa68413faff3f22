"""A person's history as a workbook or a paper: all that is held, and who looked at it, for a
recorded reason."""

from __future__ import annotations

import io
from collections.abc import Callable

import openpyxl
import pytest
from flask import Flask
from pypdf import PdfReader
from sqlalchemy import select

from tests import factories
from tests.conftest import SOAK_ON_BOTH
from tests.privacy.people import ADDRESS, NIK, PHONE, known
from wibawa.access.models import TrailEntry
from wibawa.database import db

SignIn = Callable[[str], factories.Client]
pytestmark = pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)


def test_the_file_holds_all_that_is_known_and_who_looked(
    app: Flask, people: dict[str, int], sign_in: SignIn
) -> None:
    them = known(app, people)
    page = f"/peminjam/{them.old}/data-pribadi"
    staff = sign_in("staff")
    answer = staff.post(page, data={"kind": "xlsx", "reason": "Permintaan tertulis 1/2026"})
    book = openpyxl.load_workbook(io.BytesIO(answer.data))
    told = {sheet.title: [[cell.value for cell in row] for row in sheet] for sheet in book}
    own = {row[0]: row[1] for row in told["Data diri"] if row[0]}
    assert (own["NIK"], own["Telepon"], own["Alamat"]) == (NIK, PHONE, ADDRESS)
    changed = [row[2:5] for row in told["Perubahan"] if len(row) > 4]
    assert ["Telepon", PHONE, "081277775555"] in changed
    looked = [row for row in told["Siapa melihat atau mengubah"] if row[-1]]
    assert any("Mencocokkan KTP" in str(row) and "Approver" in str(row) for row in looked)
    assert any("Permintaan tertulis 1/2026" in str(row) for row in looked), "this export too"
    assert any("KTP" in str(row) for row in told["Dokumen"])
    with app.app_context():
        last = db.session.scalar(select(TrailEntry).order_by(TrailEntry.id.desc()).limit(1))
        assert last is not None
        assert (last.action, last.object_id) == ("subject_exported", them.old)


def test_without_a_reason_or_with_a_number_in_it_there_is_no_file(
    app: Flask, people: dict[str, int], sign_in: SignIn
) -> None:
    them = known(app, people)
    staff = sign_in("staff")
    for reason in ("", f"NIK {NIK}"):
        form = {"kind": "xlsx", "reason": reason}
        answer = staff.post(f"/peminjam/{them.old}/data-pribadi", data=form)
        assert answer.status_code == 422
        assert NIK not in answer.get_data(as_text=True).replace(f"NIK {NIK}", "")


def test_the_paper_says_what_the_workbook_says(
    app: Flask, people: dict[str, int], sign_in: SignIn
) -> None:
    them = known(app, people)
    staff, page = sign_in("staff"), f"/peminjam/{them.old}/data-pribadi"
    answer = staff.post(page, data={"kind": "xlsx", "reason": "Permintaan tertulis 2/2026"})
    book = openpyxl.load_workbook(io.BytesIO(answer.data))
    paper = staff.post(page, data={"kind": "pdf", "reason": "Permintaan tertulis 2/2026"})
    assert paper.mimetype == "application/pdf"
    read = "".join(each.extract_text() for each in PdfReader(io.BytesIO(paper.data)).pages)
    said = "".join(read.split())
    assert "Alasan:Permintaantertulis2/2026" in said
    told = 0
    for sheet in book:
        rows = [[cell.value for cell in row] for row in sheet]
        held = rows[rows.index([None] * len(rows[0])) + 2 :]
        for cell in [cell for row in held for cell in row]:
            text = cell if isinstance(cell, str) and cell != "Tidak ada baris." else ""
            assert "".join(text.split()) in said, (sheet.title, text)
            told += bool(text)
    assert told > 50, "the workbook holds much of this person"
    assert all(each in said for each in (NIK, PHONE, "KTP"))
    assert "Tidakadacatatantentang:" in said, "what is not held is said too"


def test_in_another_form_of_file_nothing_is_made(
    app: Flask, people: dict[str, int], sign_in: SignIn
) -> None:
    page = f"/peminjam/{known(app, people).old}/data-pribadi"
    answer = sign_in("staff").post(page, data={"kind": "docx", "reason": "Permintaan tertulis"})
    assert answer.status_code == 422


@pytest.mark.parametrize("kind", ["pdf", "xlsx"])
def test_the_file_of_a_borrower_asks_as_many_queries_whatever_is_held(
    app: Flask, people: dict[str, int], sign_in: SignIn, kind: str
) -> None:
    them = known(app, people)
    staff = sign_in("staff")
    counted, form = [], {"kind": kind, "reason": "Permintaan"}
    for borrower_id in (them.fresh, them.paid):
        with factories.counted_queries(app) as seen:
            staff.post(f"/peminjam/{borrower_id}/data-pribadi", data=form)
        counted.append(len(seen))
    assert counted[0] == counted[1]
