"""The list of what the office has issued: filtered, searched, exported, printed again."""

from __future__ import annotations

import io
from collections.abc import Callable

import openpyxl
import pytest
from flask import Flask
from sqlalchemy.orm import Session

from tests import factories
from tests.applications.forms import text_of
from tests.conftest import prepared
from tests.notices.steps import issued, told
from wibawa.letters.documents import KIND_WORDS
from wibawa.letters.routes import SLUGS
from wibawa.rules.statuses import State

SignIn = Callable[[str], factories.Client]


@prepared
def papers(session: Session, people: dict[str, int]) -> None:
    """A batch, an approval, and a refusal by the office, issued in this order."""
    factories.proposal(session, people, number=1)
    for number, state in ((2, State.APPROVED), (3, State.REFUSED_BY_OFFICE)):
        issued(session, people, told(session, people, state, number=number))


def numbers(page: str) -> list[str]:
    """The numbers on the page, from above."""
    return [part.partition("<")[0] for part in page.split('surat.pdf">')[1:]]


@pytest.mark.usefixtures("papers")
def test_the_newest_stands_on_top_and_leads_to_its_pdf(sign_in: SignIn) -> None:
    client = sign_in("staff")
    page = text_of(client, "/surat-keluar")
    assert [number[:7] for number in numbers(page)] == ["001/TOL", "001/SET", "001/USU"]
    assert "Permohonan PM-000002" in page
    assert "1 permohonan ke Bank Pasar" in page
    assert "Siti Aminah" not in page, "names stand inside the letters only"
    link = page.partition('<a href="/surat-keluar/')[2].partition('"')[0]
    answer = client.get(f"/surat-keluar/{link}")
    assert answer.mimetype == "application/pdf"
    turned = numbers(text_of(client, "/surat-keluar?urut=tanggal"))
    assert turned == numbers(page)[::-1]


@pytest.mark.usefixtures("papers")
@pytest.mark.parametrize(
    ("asked", "count"),
    [
        ("jenis=persetujuan", 1),
        ("jenis=kelengkapan", 0),
        ("tahun=2026", 3),
        ("tahun=2025", 0),
        ("q=001/setuju", 1),
        ("q=pm-000003", 1),
        ("q=001", 3),
        ("q=%25", 0),
        ("jenis=usulan&tahun=2026&q=USULAN", 1),
        ("jenis=apa&tahun=x", 3),
    ],
)
def test_it_is_filtered_by_kind_and_year_and_searched_by_number(
    sign_in: SignIn, asked: str, count: int
) -> None:
    client = sign_in("auditor")
    page = text_of(client, f"/surat-keluar?{asked}")
    assert len(numbers(page)) == count
    assert count or "Tidak ada surat yang cocok" in page
    exported = client.get(f"/surat-keluar/ekspor.csv?{asked}").get_data(as_text=True)
    assert len(exported.splitlines()) == 1 + count


@pytest.mark.usefixtures("papers")
def test_the_export_is_exactly_what_is_shown(sign_in: SignIn) -> None:
    client = sign_in("approver")
    answer = client.get("/surat-keluar/ekspor.xlsx?jenis=persetujuan")
    sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).active
    assert sheet is not None
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[0][0] == "Surat keluar"
    assert "Jenis: Persetujuan bank" in str(rows[1][0])
    *_, last = rows
    assert last[0].startswith("001/SETUJU")  # type: ignore[union-attr]
    assert last[1:4] == ("Persetujuan bank", "Permohonan PM-000002", "Bank Pasar")
    assert last[5] == "Staff"


@pytest.mark.usefixtures("papers")
def test_it_is_paged_in_the_database_with_as_many_queries_for_many_as_for_few(
    app: Flask, sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    client = sign_in("staff")
    with factories.counted_queries(app) as few:
        text_of(client, "/surat-keluar")
    for number in range(10, 35):
        factories.proposal(session, people, number=number)
    session.commit()
    with factories.counted_queries(app) as many:
        page = text_of(client, "/surat-keluar?per_hal=25")
    assert len(many) == len(few)
    assert len(numbers(page)) == 25
    assert "1–25 dari 28 surat" in page
    assert len(numbers(text_of(client, "/surat-keluar?per_hal=25&hal=2"))) == 3
    assert "Halaman ini kosong" in text_of(client, "/surat-keluar?hal=9")


def test_an_empty_list_says_what_comes_here(sign_in: SignIn) -> None:
    assert "Belum ada surat" in text_of(sign_in("staff"), "/surat-keluar")


def test_neither_bank_nor_leadership_sees_the_list(sign_in: SignIn) -> None:
    for who in ("pasar", "leader", "admin"):
        assert sign_in(who).get("/surat-keluar").status_code == 403
        assert "Surat keluar" not in text_of(sign_in(who), "/")


def test_every_kind_has_a_word_in_the_address() -> None:
    assert set(SLUGS.values()) == set(KIND_WORDS)
