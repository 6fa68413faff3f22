"""Many schedules at once: of a bank, of a kecamatan, of named loans; one PDF or a ZIP."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import pytest
from flask import Flask
from pypdf import PdfReader
from sqlalchemy.orm import Session

from tests import factories
from tests.conftest import prepared
from wibawa.access.models import TrailEntry
from wibawa.letters.documents import PaperKind
from wibawa.papers.actions import Clerk, issue
from wibawa.printing import routes
from wibawa.web.clock import now

SignIn = Callable[[str], factories.Client]
ADDRESS = "/pinjaman/jadwal/unduh"


loans = prepared(factories.two_banks)


def names(answer: object) -> list[str]:
    bundle = zipfile.ZipFile(io.BytesIO(answer.get_data()))  # type: ignore[attr-defined]
    assert bundle.testzip() is None
    return bundle.namelist()


def bookmarks(answer: object) -> list[str]:
    reader = PdfReader(io.BytesIO(answer.get_data()), strict=True)  # type: ignore[attr-defined]
    return [str(mark.title).partition(" ")[0] for mark in reader.outline]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("asked", "numbers"),
    [
        ("", [1, 2, 3]),
        ("bank=PASAR", [2, 3]),
        ("kecamatan=33.74.01", [1, 2, 3]),
        ("bank=JATENG&kecamatan=33.74.01", [1]),
        ("nomor=kw-000003,%20KW-000001%0AKW-000003", [1, 3]),
        ("bank=apa&kecamatan=apa&bentuk=apa&kertas=apa", [1, 2, 3]),
    ],
)
def test_the_choice_comes_as_one_pdf_with_a_bookmark_each_or_as_a_zip(
    loans: dict[str, int], sign_in: SignIn, asked: str, numbers: list[int]
) -> None:
    client = sign_in("staff")
    assert bookmarks(client.get(f"{ADDRESS}?{asked}")) == [f"KW-{n:06d}" for n in numbers]
    bundle = client.get(f"{ADDRESS}?{asked.replace('bentuk=apa', '')}&bentuk=zip")
    assert bundle.mimetype == "application/zip"
    assert names(bundle) == [f"jadwal-KW-{n:06d}.pdf" for n in numbers]


def test_a_kecamatan_without_running_loans_is_told_in_words(
    loans: dict[str, int], sign_in: SignIn
) -> None:
    answer = sign_in("staff").get(f"{ADDRESS}?kecamatan=33.74.16")
    assert answer.status_code == 409
    assert "belum punya pinjaman berjalan" in answer.get_data(as_text=True)


def test_a_number_that_is_not_there_stops_everything_and_is_named(
    loans: dict[str, int], sign_in: SignIn
) -> None:
    answer = sign_in("staff").get(f"{ADDRESS}?nomor=KW-000001,KW-000099")
    assert answer.status_code == 409
    assert "Tidak ditemukan: KW-000099." in answer.get_data(as_text=True)
    many = "+".join(f"KW-{n:06d}" for n in range(501))
    assert "paling banyak 500" in sign_in("staff").get(f"{ADDRESS}?nomor={many}").get_data(True)


def test_more_than_one_print_holds_is_refused_in_words(
    loans: dict[str, int], sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "MOST_LOANS", 2)
    client = sign_in("staff")
    answer = client.get(ADDRESS)
    assert answer.status_code == 409
    assert "Terpilih 3 pinjaman; paling banyak 2" in answer.get_data(as_text=True)
    assert client.get(f"{ADDRESS}?bank=PASAR").status_code == 200


def test_a_bank_prints_its_own_loans_and_learns_of_no_others(
    loans: dict[str, int], sign_in: SignIn
) -> None:
    client = sign_in("pasar")
    for asked in ("", "bank=JATENG", "kecamatan=33.74.01"):
        assert bookmarks(client.get(f"{ADDRESS}?{asked}")) == ["KW-000002", "KW-000003"]
    other, nobody = (client.get(f"{ADDRESS}?nomor={n}") for n in ("KW-000001", "KW-000099"))
    said = [each.get_data(as_text=True) for each in (other, nobody)]
    assert said[0].replace("KW-000001", "") == said[1].replace("KW-000099", "")
    assert "Bank Jateng" not in client.get("/pinjaman/jadwal").get_data(as_text=True)


def test_what_was_issued_is_printed_as_it_was_issued_the_rest_as_drafts(
    loans: dict[str, int], sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    issue(session, loans["pasar"], PaperKind.SCHEDULE, Clerk(people["staff"], "Ani", now()))
    session.commit()
    answer = sign_in("staff").get(f"{ADDRESS}?bank=PASAR")
    pages = PdfReader(io.BytesIO(answer.get_data()), strict=True).pages
    first, second = (" ".join(page.extract_text().split()) for page in pages)
    assert "Nomor 001/JADWAL/KW/XI/2026" in first
    assert "Pindai" in first
    assert "JADWAL/KW" not in second
    assert "Pindai" not in second


def test_the_page_begins_with_the_bank_of_the_list(loans: dict[str, int], sign_in: SignIn) -> None:
    page = sign_in("staff").get("/pinjaman/jadwal?bank=PASAR").get_data(as_text=True)
    assert '<option value="PASAR" selected>' in page
    assert "Semarang Tengah" in page


def test_the_paper_may_be_folio(loans: dict[str, int], sign_in: SignIn) -> None:
    client = sign_in("staff")
    for asked, height in (("A4", 841.89), ("f4", 935.43), ("", 841.89)):
        answer = client.get(f"{ADDRESS}?kertas={asked}")
        for page in PdfReader(io.BytesIO(answer.get_data())).pages:
            assert float(page.mediabox.height) == pytest.approx(height, abs=0.01)


def test_each_batch_is_recorded_with_its_size(
    loans: dict[str, int], sign_in: SignIn, session: Session
) -> None:
    sign_in("staff").get(f"{ADDRESS}?bank=PASAR&bentuk=zip")
    (line,) = session.query(TrailEntry).filter_by(action="schedules_printed")
    assert (line.object_id, line.detail) == (factories.PASAR, "2 jadwal")


def test_many_loans_take_as_many_queries_as_few(
    app: Flask, loans: dict[str, int], sign_in: SignIn, people: dict[str, int]
) -> None:
    client = sign_in("staff")
    client.get(ADDRESS)
    with factories.counted_queries(app) as few:
        client.get(ADDRESS)
    factories.saved(
        app,
        lambda s: [
            factories.loan(s, people["staff"], people["approver"], number=n) for n in range(4, 20)
        ],
    )
    with factories.counted_queries(app) as many:
        assert len(bookmarks(client.get(ADDRESS))) == 19
    assert len(few) == len(many)
