"""The leadership's page. What it shows of the office of tests/indicators/office.py is reckoned by
hand: on 24 November 2026, day 328 of the year."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests import factories
from tests.conftest import SOAK_ON_BOTH
from tests.factories import counted_queries
from tests.indicators.office import Office
from tests.privacy.people import facts, known
from wibawa.applications.models import ApplicationMove
from wibawa.borrowers.actions import edit_borrower
from wibawa.borrowers.history import last_change
from wibawa.borrowers.models import BorrowerChange
from wibawa.dashboard import queries
from wibawa.dashboard.books import Books
from wibawa.database import db
from wibawa.indicators.inputs.actions import Said, write_down
from wibawa.privacy import actions as privacy
from wibawa.rules.statuses import State
from wibawa.web.clock import now, today

SignIn = Callable[[str], factories.Client]
NAMES = ("Aminah", "Budi", "Citra", "Dodi", "Koperasi Maju", "Agus Salim")


def denominator(app: Flask, people: dict[str, int], count: int) -> None:
    said = Said("denominator", "SI-UMI", 2026, count, None, None, None, None, "Contoh", "", "")
    factories.saved(app, lambda session: write_down(session, said, 0, people["staff"], now()))


def table(page: str, code: str) -> str:
    start = page.index(f'id="{code}"')
    found = re.sub(r"<[^>]+>", " ", page[start : page.index("</table>", start)])
    return " ".join(found.split())


def test_this_year_stands_against_its_target_with_what_is_needed_and_the_pace(
    app: Flask, people: dict[str, int], office: Office, sign_in: SignIn
) -> None:
    """Four borrowers when the year began, Dodi is the fifth. 9 % of 80 are 7,2; 7 of 80 are 8,75 %
    and 8 are 10 %: three more. One in 328 days makes 4 + 365 ÷ 328 = 5,1 on 31 December."""
    denominator(app, people, 80)
    said = table(sign_in("leader").get("/dasbor").get_data(as_text=True), "target")
    assert "9,00% 6,25% 5 dari 80 69,44%" in said
    assert "Butuh 3 lagi" in said
    assert "dengan laju ini tidak tercapai" in said
    assert "Bertambah 1 sejak 1 Januari; dengan laju sekarang 5 (6,25%) pada 31 Desember." in said
    # No cooperative borrowed in 2026: a year in which others did counts 0 of 50.
    assert "Butuh 50 lagi" in said
    assert "Belum bertambah sejak 1 Januari." in said


def test_the_figures_of_the_yearly_chart_have_numerator_denominator_and_their_day(
    app: Flask, people: dict[str, int], office: Office, sign_in: SignIn
) -> None:
    """2024 is published, without its numerator; 2025 lacks a denominator; 2026 is counted today."""
    client = sign_in("leader")
    assert "Realisasi terakhir: 2024<" in client.get("/dasbor").get_data(as_text=True)
    denominator(app, people, 80)
    for address in ("/dasbor", "/indikator", "/indikator/tpb-8-3-1-c"):
        page = client.get(address).get_data(as_text=True)
        said = table(page, "tabel-tahun")
        assert "Pembilang Penyebut Keadaan" in said
        assert "2024 8,00% 7,94% 99,25% – 36.613 angka terbitan" in said
        assert "6,25% 69,44% 5 80 dihitung dari buku" in said
        assert "Realisasi terakhir: 2026, dihitung sampai 24 November 2026<" in page
        assert "Realisasi terakhir 2026, dihitung sampai 24 November 2026: 6,25%." in page


def test_the_last_bar_of_a_year_that_is_over_counts_to_its_end_until_it_is_locked(
    app: Flask, people: dict[str, int], office: Office, sign_in: SignIn
) -> None:
    said = Said("denominator", "SI-UMI", 2025, 80, None, None, None, None, "Contoh", "", "")
    factories.saved(app, lambda session: write_down(session, said, 0, people["staff"], now()))
    client = sign_in("leader")
    page = client.get("/indikator").get_data(as_text=True)
    assert "Realisasi terakhir: 2025, dihitung sampai 31 Desember 2025<" in page
    factories.saved(app, lambda session: factories.lock_year(session, people, 2025))
    assert "Realisasi terakhir: 2025<" in client.get("/indikator").get_data(as_text=True)


def test_a_target_that_is_reached_says_so(
    app: Flask, people: dict[str, int], office: Office, sign_in: SignIn
) -> None:
    denominator(app, people, 50)
    said = table(sign_in("leader").get("/dasbor").get_data(as_text=True), "target")
    assert "10,00% 5 dari 50" in said
    assert "tercapai Bertambah 1 sejak 1 Januari." in said


def test_every_figure_of_a_kecamatan_leads_to_its_loans(
    app: Flask, office: Office, sign_in: SignIn
) -> None:
    """Aminah, Koperasi Maju and Dodi live in Semarang Tengah, Budi and Citra (with two loans) in
    Genuk."""
    client = sign_in("leader")
    page = client.get("/dasbor").get_data(as_text=True)
    said = table(page, "kecamatan")
    with app.app_context():
        found = {each.name: each for each in queries.places(Books(db.session()), today())}
    assert (found["Semarang Tengah"].borrowers, found["Semarang Tengah"].loans) == (3, 3)
    assert (found["Genuk"].borrowers, found["Genuk"].loans) == (2, 3)
    assert found["Tugu"].share is None
    assert "Tugu belum ada data" in said
    code = found["Genuk"].code
    text = client.get(f"/pinjaman/ekspor.csv?kecamatan={code}").get_data(as_text=True)
    rows = [line.split(";") for line in text.splitlines()[1:]]
    assert len(rows) == 3
    assert sum(int(row[6]) for row in rows) == found["Genuk"].outstanding
    text = client.get(f"/pinjaman/ekspor.csv?kecamatan={code}&lewat=30").get_data(as_text=True)
    assert sum(int(line.split(";")[6]) for line in text.splitlines()[1:]) == found["Genuk"].late
    listed = client.get(f"/pinjaman?kecamatan={code}").get_data(as_text=True)
    assert "Kecamatan Genuk" in listed
    assert f'href="/pinjaman?kecamatan={code}&amp;tanggal=2026-11-24"' in page


def test_quality_has_numerator_and_denominator_and_twelve_months(
    office: Office, sign_in: SignIn
) -> None:
    page = sign_in("leader").get("/dasbor").get_data(as_text=True)
    said = table(page, "tabel-kualitas")
    assert said.count("2025") == 1  # 31 December; the eleven month ends before today are of 2026
    assert "24 November 2026" in said
    assert "31 Desember 2025" in said
    assert "dari baki debet Rp" in page
    assert "/laporan/kualitas?tanggal=2025-12-31" in page


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
def test_no_name_stands_on_the_page_of_anybody_who_opens_it(
    office: Office, sign_in: SignIn
) -> None:
    for who in ("leader", "staff", "approver", "auditor"):
        page = sign_in(who).get("/dasbor").get_data(as_text=True)
        assert [name for name in NAMES if name in page] == []
        assert len(page.encode()) < 200_000


def test_the_first_page_of_the_leadership_is_the_dashboard(office: Office, sign_in: SignIn) -> None:
    client = sign_in("leader")
    assert client.get("/").headers["Location"] == "/dasbor"
    page = client.get("/dasbor").get_data(as_text=True)
    assert "Beranda" not in page
    assert "titipan" not in page.lower()
    for text in ("11,30%", "188,33%", "7,94%", "99,25%", "belum ada data", "10,50%"):
        assert text in page


def test_who_may_not_open_a_list_reads_its_number_as_text(
    app: Flask, people: dict[str, int], office: Office, sign_in: SignIn
) -> None:
    factories.saved(app, lambda session: factories.application(session, people, to=State.VISITED))
    waiting = '/permohonan?keadaan=diverifikasi"'
    assert waiting in sign_in("auditor").get("/dasbor").get_data(as_text=True)
    page = sign_in("leader").get("/dasbor").get_data(as_text=True)
    assert waiting not in page
    assert "Permohonan menunggu rekomendasi 1 kepala bidang" in table(page, "keputusan")
    # The numerator leads an auditor to its people, the leadership to its split.
    assert "/indikator/angka/2026/daftar?varian=kumulatif" not in page


def test_the_median_of_days_counts_from_step_to_step(
    session: Session, people: dict[str, int]
) -> None:
    """Three applications: submitted after 0, 2 and 7 days; two visited 1 and 4 days later, that is
    2,5 in the middle."""
    ways = ((0, 1), (2, 4), (7, None))
    for number, (submitted, visited) in enumerate(ways, 1):
        made = factories.application(session, people, number=number, to=State.DRAFT)
        start = session.get_one(ApplicationMove, (made, 1)).at
        for sequence, (action, days) in enumerate((("submit", submitted), ("visit", visited)), 2):
            if days is not None:
                start += dt.timedelta(days=days)
                session.add(
                    ApplicationMove(
                        application_id=made, sequence=sequence, action=action, from_state="draft",
                        to_state="submitted", user_id=people["staff"], at=start,
                    )
                )  # fmt: skip
    session.flush()
    steps = {step.label: step for step in queries.funnel(session, dt.date(2026, 1, 1), today())}
    assert [steps[name].reached for name in ("Dicatat", "Diajukan", "Dikunjungi")] == [3, 3, 2]
    assert (steps["Diajukan"].median, steps["Dikunjungi"].median) == (4, 5)
    assert steps["Dikunjungi"].part == 6_667
    assert steps["Dicairkan"].median is None


def test_the_number_of_queries_is_that_of_an_empty_office(
    app: Flask, people: dict[str, int], sign_in: SignIn
) -> None:
    client = sign_in("leader")
    with counted_queries(app) as empty:
        client.get("/dasbor")
    factories.two_banks(app, people)
    with counted_queries(app) as full:
        client.get("/dasbor")
    with counted_queries(app) as again:
        client.get("/dasbor")
    assert len(full) <= len(empty) + 2  # of this year's figures, which an empty office has not
    assert len(again) < 45  # twelve days are known by now


def test_what_was_booked_meanwhile_is_seen_at_once(
    app: Flask, people: dict[str, int], office: Office
) -> None:
    with app.app_context():
        before = Books(db.session()).standing(today()).outstanding_principal
    factories.saved(
        app,
        lambda session: factories.payment(
            session, office.loans[7], 1_000_000, dt.date(2026, 11, 1), people["staff"],
            people["approver"],
        ),
    )  # fmt: skip
    with app.app_context():
        assert Books(db.session()).standing(today()).outstanding_principal < before


def test_of_very_many_loans_the_trend_is_reckoned_when_somebody_asks(
    office: Office, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "AT_ONCE", 3)
    client = sign_in("leader")
    assert "tabel-kualitas" not in client.get("/dasbor").get_data(as_text=True)
    assert "tabel-kualitas" in client.get("/dasbor?tren=1").get_data(as_text=True)
    assert "tabel-kualitas" in client.get("/dasbor").get_data(as_text=True)  # it is known now


def test_an_empty_office_has_no_figures_and_says_so(sign_in: SignIn) -> None:
    page = sign_in("leader").get("/dasbor").get_data(as_text=True)
    assert "Belum ada data pinjaman" in page
    assert "Tidak ada yang menunggu keputusan." in page


def test_figures_are_reckoned_anew_when_a_pseudonym_took_as_many_changes_as_came(
    app: Flask, people: dict[str, int]
) -> None:
    them = known(app, people)

    def count() -> int:
        with app.app_context():
            return int(db.session.scalar(select(func.count(BorrowerChange.id))) or 0)

    def kept(said: str) -> str:
        with app.app_context():
            return str(Books(db.session()).kept("said", today(), lambda: said))

    before = count()
    assert kept("before") == "before"
    asked = factories.saved(
        app, lambda s: privacy.ask(s, them.old, "Lewat", today(), people["staff"], now())
    )
    factories.saved(
        app, lambda s: privacy.decide(s, asked, True, "", today(), people["approver"], now())
    )
    assert count() < before

    def edited(phone: str) -> None:
        new = facts("", "Rahmat Baru", phone)
        factories.saved(
            app,
            lambda s: edit_borrower(
                s, them.fresh, last_change(s, them.fresh), new, people["staff"], now()
            ),
        )

    for number in range(before - count()):
        edited(f"08127777{number:04d}")
    assert count() == before
    assert kept("after") == "after"
