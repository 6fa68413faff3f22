from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from flask import Flask

from tests import factories
from tests.conftest import prepared
from tests.indicators.test_lock import press
from tests.indicators.test_new_definition import proposed

SignIn = Callable[[str], factories.Client]


loans = prepared(factories.two_banks)


def test_published_years_show_all_five_printed_ratios(sign_in: SignIn) -> None:
    page = sign_in("leader").get("/indikator?tahun=2024").get_data(as_text=True)
    for text in ("188,33%", "163,38%", "113,86%", "107,20%", "99,25%", "angka terbitan"):
        assert text in page
    assert "36.613" in page  # SI-UMI 2024


def test_the_numerator_from_the_book_leads_to_a_list_that_counts_the_same(
    app: Flask, people: dict[str, int], loans: dict[str, int], sign_in: SignIn
) -> None:
    def second_loan(session: factories.Session) -> None:
        factories.loan(
            session,
            people["staff"],
            people["approver"],
            number=1,
            disbursed_on=dt.date(2026, 6, 1),
            account="0200000000099",
        )

    factories.saved(app, second_loan)
    client = sign_in("staff")
    page = client.get("/indikator").get_data(as_text=True)
    address = "/indikator/angka/2026/daftar?varian=kumulatif"
    assert f'href="{address}">3</a>' in page
    assert "penyebut belum dimasukkan" in page
    assert "1–3 dari 3 peminjam" in client.get(address).get_data(as_text=True)
    loans = client.get(f"{address}&satuan=pinjaman").get_data(as_text=True)
    assert "1–4 dari 4 pinjaman" in loans
    leader = sign_in("leader").get("/indikator").get_data(as_text=True)
    assert address not in leader


def test_cooperatives_of_a_year_that_served_none_are_0_and_lead_nowhere(
    loans: dict[str, int], sign_in: SignIn
) -> None:
    page = sign_in("staff").get("/indikator?tahun=2026").get_data(as_text=True)
    row = page[page.index("KOP-PERMODALAN") :]
    assert '<td class="num">0</td>' in row[: row.index("</tr>")]


def test_a_year_to_come_has_targets_only(loans: dict[str, int], sign_in: SignIn) -> None:
    page = sign_in("auditor").get("/indikator?tahun=2030").get_data(as_text=True)
    assert "Tahun ini belum tiba" in page
    assert "81,00%" in page
    assert "belum ada data" in page


def test_a_year_that_is_none_falls_back_to_this_one(sign_in: SignIn) -> None:
    client = sign_in("leader")
    for year in ("1999", "abc", "20260"):
        page = client.get(f"/indikator?tahun={year}").get_data(as_text=True)
        assert "Indikator kinerja 2026" in page


def test_bank_officers_do_not_answer_for_indicators(sign_in: SignIn) -> None:
    assert sign_in("pasar").get("/indikator").status_code == 403


def test_what_waits_is_counted_and_listed_for_who_may_decide(sign_in: SignIn) -> None:
    staff, head = sign_in("staff"), sign_in("approver")
    before = head.get("/").get_data(as_text=True)
    assert "menunggu dikunci" not in before
    proposed(staff)
    assert press(staff, 2025, "usulkan", note="Sudah direkonsiliasi") == 302
    page = head.get("/").get_data(as_text=True)
    assert "<strong>1</strong> definisi indikator menunggu persetujuan" in page
    assert "<strong>1</strong> tahun indikator menunggu dikunci atau dibuka" in page
    menu = page[page.index(">Indikator<") :][:200]
    assert ">2<" in menu
    listed = head.get("/indikator").get_data(as_text=True)
    assert 'href="/indikator/kunci/2025">Penguncian tahun 2025</a>' in listed
    assert "mulai 2026</a>" in listed
    assert "Menunggu keputusan:" not in staff.get("/indikator").get_data(as_text=True)
