"""What each variant counts, reckoned by hand for the small office (see `office.py`)."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Callable

import openpyxl
import pytest
import time_machine
from flask import Flask
from sqlalchemy.orm import Session

from tests import factories
from tests.conftest import SOAK_ON_BOTH
from tests.indicators.office import MILLION, Office, borrower, lend
from tests.indicators.test_definition import decide as decide_definition
from tests.indicators.test_new_definition import proposed
from tests.merging.steps import asked, decide
from wibawa.database import db
from wibawa.indicators.inputs.actions import Said, write_down
from wibawa.indicators.queries import counts, figures_of_year
from wibawa.rules.indicators import KINDS_WORDS, RULE_WORDS, Kinds, Rule, Span, Unit, span_of
from wibawa.web import clock as office_clock

SignIn = Callable[[str], factories.Client]
TODAY = dt.date(2026, 11, 24)
VARIANTS = (Rule.CUMULATIVE, Rule.RUNNING, Rule.SERVED, Rule.NEW)
# (people, loans) of each variant, as written down beside the office.
BY_HAND = {
    2023: ((1, 1), (1, 1), (1, 1), (1, 1)),
    2024: ((2, 2), (2, 2), (1, 1), (1, 1)),
    2025: ((4, 5), (4, 4), (3, 3), (2, 2)),
    2026: ((5, 7), (5, 6), (2, 2), (1, 1)),
}


def by_rule(session: Session, span: Span) -> tuple[tuple[int, int], ...]:
    found = counts(session, [span]).get(span.year)
    assert found is not None
    return tuple((found.of(rule), found.of(rule, Unit.ACCOUNTS)) for rule in VARIANTS)


def test_every_variant_of_every_year_is_what_was_reckoned_by_hand(
    office: Office, session: Session
) -> None:
    assert {year: by_rule(session, span_of(year, TODAY)) for year in BY_HAND} == BY_HAND
    together = counts(session, [span_of(year, TODAY) for year in range(2017, 2028)])
    assert {
        year: tuple((each.of(rule), each.of(rule, Unit.ACCOUNTS)) for rule in VARIANTS)
        for year, each in together.items()
    } == BY_HAND
    assert together[2025].principal[Rule.SERVED] == 65 * MILLION
    assert together[2025].of(Rule.SERVED, Unit.PEOPLE, Kinds.COOPERATIVE) == 1
    assert together[2025].of(Rule.SERVED, Unit.PEOPLE, Kinds.MICRO) == 2


def test_any_day_of_a_year_can_be_asked_for(office: Office, session: Session) -> None:
    assert by_rule(session, Span(2025, dt.date(2025, 3, 31))) == ((2, 3), (2, 2), (1, 1), (0, 0))
    assert by_rule(session, Span(2025, dt.date(2025, 1, 31))) == ((2, 2), (1, 1), (0, 0), (0, 0))


def test_a_loan_whose_disbursement_was_reversed_counts_nowhere_from_then_on(
    office: Office, session: Session, people: dict[str, int]
) -> None:
    gone = dt.date(2026, 2, 1)
    pair = (people["staff"], people["approver"])
    factories.reversal(session, office.loans[6], 1, gone, *pair)
    assert by_rule(session, Span(2026, dt.date(2026, 1, 31))) == ((5, 6), (5, 5), (1, 1), (1, 1))
    assert by_rule(session, span_of(2026, TODAY)) == ((4, 6), (4, 5), (1, 1), (0, 0))


def test_two_records_that_were_merged_are_one_borrower(
    office: Office, sign_in: SignIn, session: Session
) -> None:
    kept, gone = office.borrowers["B"], office.borrowers["D"]
    number = asked(sign_in("staff"), f"/peminjam/gabung/baru?tetap={kept}&lain={gone}")
    assert decide(sign_in("approver"), number) == 302
    session.rollback()
    assert by_rule(session, span_of(2026, TODAY))[0] == (4, 7)


def test_money_that_came_late_or_was_undone_moves_only_the_years_after_it(
    office: Office, session: Session, people: dict[str, int]
) -> None:
    pair = (people["staff"], people["approver"])
    paid = factories.paid(session, office.loans[3], 5_300_000, dt.date(2025, 12, 30), *pair)
    assert by_rule(session, span_of(2025, TODAY)) == BY_HAND[2025]
    assert by_rule(session, span_of(2026, TODAY))[1] == (4, 5)
    factories.reversal(session, office.loans[3], paid, dt.date(2025, 12, 31), *pair)
    assert by_rule(session, span_of(2026, TODAY)) == BY_HAND[2026]


def test_the_number_of_queries_does_not_grow_with_the_years(app: Flask, office: Office) -> None:
    from wibawa.indicators.queries import figures_of_years, growth_of

    seen = []
    for years in (range(2026, 2027), range(2017, 2031)):
        with factories.counted_queries(app) as statements, app.app_context():
            figures_of_years(db.session(), years, TODAY)
            growth_of(db.session(), years, TODAY)
            db.session.remove()
        seen.append(
            len([each for each in statements if each.lstrip().startswith(("SELECT", "WITH"))])
        )
    assert seen[0] == seen[1] <= 8


def test_the_year_ends_at_midnight_in_jakarta(
    office: Office,
    app: Flask,
    people: dict[str, int],
    clock: time_machine.Traveller,
) -> None:
    eve = dt.datetime(2026, 12, 31, 16, 59, 59, tzinfo=dt.UTC)  # 23:59:59 WIB

    def cooperatives(year: int) -> tuple[str, int | None]:
        found = {
            each.code: each for each in figures_of_year(db.session(), year, office_clock.today())
        }
        figure = found["KOP-PERMODALAN"]
        return figure.status, figure.numerator

    def years(session: Session) -> dict[int, tuple[int, int]]:
        spans = [span_of(year, office_clock.today()) for year in (2026, 2027)]
        return {year: (each.of(Rule.SERVED), each.of(Rule.CUMULATIVE))
                for year, each in counts(session, spans).items()}  # fmt: skip

    def served(session: Session, number: int) -> None:
        by = people["staff"]
        lend(session, people, borrower(session, by, number, f"Eka {number}"), office_clock.today())

    clock.move_to(eve)
    factories.saved(app, lambda session: served(session, 11))
    with app.app_context():
        assert years(db.session()) == {2026: (3, 6)}
        assert cooperatives(2027) == ("no_data", None)
        db.session.remove()
    clock.move_to(eve + dt.timedelta(seconds=1))
    with app.app_context():
        assert years(db.session()) == {2026: (3, 6), 2027: (0, 6)}
        assert cooperatives(2027) == ("no_data", None)
        db.session.remove()
    factories.saved(app, lambda session: served(session, 12))
    with app.app_context():
        assert years(db.session()) == {2026: (3, 6), 2027: (1, 7)}
        assert cooperatives(2027) == ("computed", 0)
        db.session.remove()


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
def test_the_page_shows_all_variants_and_marks_the_official_ones(
    office: Office, sign_in: SignIn
) -> None:
    page = sign_in("leader").get("/indikator/angka/2025").get_data(as_text=True)
    assert "data sampai 31 Desember 2025" in page
    for words in ("Kumulatif sejak 2017", "Berjalan pada tahun itu", "Baru dilayani pada tahun itu",
                  "resmi: TPB 8.3.1.(c)", "resmi: KOP-PERMODALAN", "65.000.000"):  # fmt: skip
        assert words in page
    assert "Penyebut SI-UMI tahun 2025 belum dimasukkan" in page
    assert "31 Maret 2025" in sign_in("leader").get(
        "/indikator/angka/2025?tanggal=31/03/2025"
    ).get_data(as_text=True)


def test_every_indicator_that_counts_by_the_same_variant_is_named(
    office: Office, sign_in: SignIn
) -> None:
    def marks() -> list[str]:
        page = sign_in("leader").get("/indikator/angka/2026").get_data(as_text=True)
        cell = page[page.index("/indikator/angka/2026/rincian?varian=kumulatif&amp;tanggal") :]
        return re.findall(r"resmi: ([^<]+)", cell[: cell.index("</td>")])

    assert marks() == ["TPB 8.3.1.(c)"]
    address = "/indikator/akses-pembiayaan/definisi-baru"
    same = {"since": "2026", "rule": "cumulative", "counted": "people", "kinds": "all"}
    made = proposed(sign_in("staff"), address, **same)
    assert marks() == ["TPB 8.3.1.(c)"]
    decide_definition(sign_in("approver"), made, "setujui")
    assert marks() == ["AKSES-PEMBIAYAAN", "TPB 8.3.1.(c)"]


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
def test_years_without_anything_say_so_and_never_0(office: Office, sign_in: SignIn) -> None:
    client = sign_in("leader")
    assert "Belum ada data" in client.get("/indikator/angka/2022").get_data(as_text=True)
    assert "belum tiba" in client.get("/indikator/angka/2029").get_data(as_text=True)
    odd = client.get("/indikator/angka/2025?tanggal=01/01/2026").get_data(as_text=True)
    assert "Pilih tanggal di tahun 2025" in odd


def test_the_variants_go_out_as_a_file_as_the_page_shows_them(
    office: Office, sign_in: SignIn, app: Flask, people: dict[str, int]
) -> None:
    said = Said("denominator", "SI-UMI", 2025, 80, None, None, None, None, "Contoh", "", "")
    factories.saved(
        app, lambda session: write_down(session, said, 0, people["staff"], office_clock.now())
    )
    client = sign_in("leader")

    def lines(address: str) -> dict[tuple[str, str], list[str]]:
        text = client.get(address).data.decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(text), delimiter=";"))[1:]
        return {(row[0], row[1]): row[2:] for row in rows}

    assert "/indikator/angka/2025/varian.xlsx" in client.get("/indikator/angka/2025").text
    found = lines("/indikator/angka/2025/varian.csv")
    assert len(found) == len(Rule) * len(Kinds)
    everybody, cooperatives = KINDS_WORDS[Kinds.ALL], KINDS_WORDS[Kinds.COOPERATIVE]
    served = RULE_WORDS[Rule.SERVED]
    assert found[served, everybody] == ["3", "3", "65000000", "3,75", "80", ""]
    assert found[served, cooperatives][:5] == ["1", "1", "", "", ""]
    assert found[RULE_WORDS[Rule.CUMULATIVE], everybody][-1] == "TPB 8.3.1.(c) (peminjam)"
    # Nobody was served in January 2025: not known, where December's borrowers go on.
    asked = "?tanggal=31/01/2025"
    page = client.get(f"/indikator/angka/2025{asked}").text
    assert "varian.csv?tanggal=2025-01-31" in page
    january = lines(f"/indikator/angka/2025/varian.csv{asked}")
    assert january[served, everybody][:3] == ["belum ada data"] * 3
    assert january[RULE_WORDS[Rule.RUNNING], everybody][:2] == ["1", "1"]
    assert lines("/indikator/angka/2022/varian.csv") == {}


def test_the_file_of_a_locked_years_variants_says_that_it_was_counted_anew(
    app: Flask, office: Office, people: dict[str, int], sign_in: SignIn
) -> None:
    factories.saved(app, lambda session: factories.lock_year(session, people, 2025))
    content = sign_in("leader").get("/indikator/angka/2025/varian.xlsx").data
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    notes = " ".join(str(row[0]) for row in sheet.iter_rows(max_row=6, values_only=True))
    assert "(kunci versi 1); angka di berkas ini dihitung dari buku sekarang" in notes
