"""Behind each figure and each part of a split: exactly those that were counted."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from tests import factories
from tests.conftest import SOAK_ON_BOTH
from tests.indicators.office import Office, borrower, lend
from wibawa.indicators.counted.lists import SORTS, member_lines
from wibawa.indicators.counted.queries import Source, splits
from wibawa.indicators.queries import counts
from wibawa.rules.indicators import Kinds, Rule, Unit, span_of
from wibawa.web.pages import wanted

SignIn = Callable[[str], factories.Client]
TODAY = dt.date(2026, 11, 24)
ORDER = wanted({}, SORTS, "nama")


def listed(session: Session, source: Source, cell: tuple[str, str] | None = None) -> set[int]:
    page = member_lines(session, source, cell, ORDER, whole=True)
    assert page.total == len(page.rows)
    if source.unit is Unit.PEOPLE:
        assert len({line.borrower_id for line in page.rows}) == page.total
        return {line.borrower_id for line in page.rows}
    return {line.loan_id for line in page.rows}


def test_the_list_holds_exactly_the_counted_members(office: Office, session: Session) -> None:
    who, loans, span = office.borrowers, office.loans, span_of(2025, TODAY)
    by_hand = {
        (Rule.CUMULATIVE, Unit.PEOPLE): {who[name] for name in "ABKC"},
        (Rule.CUMULATIVE, Unit.ACCOUNTS): {loans[n] for n in (1, 2, 3, 4, 5)},
        (Rule.RUNNING, Unit.ACCOUNTS): {loans[n] for n in (2, 3, 4, 5)},
        (Rule.SERVED, Unit.PEOPLE): {who[name] for name in "AKC"},
        (Rule.NEW, Unit.ACCOUNTS): {loans[n] for n in (4, 5)},
        (Rule.RESTRUCTURED, Unit.PEOPLE): set(),
    }
    found = {
        (rule, unit): listed(session, Source(rule, span, unit, Kinds.ALL)) for rule, unit in by_hand
    }
    assert found == by_hand
    known = counts(session, [span])[2025]
    for (rule, unit), ids in found.items():
        assert known.of(rule, unit) == len(ids)


def test_every_part_of_every_split_leads_to_as_many_as_it_says(
    office: Office, session: Session
) -> None:
    source = Source(Rule.CUMULATIVE, span_of(2026, TODAY), Unit.PEOPLE, Kinds.ALL)
    for name, parts in splits(session, source).items():
        together: set[int] = set()
        for part in parts:
            if not part.count:
                continue
            members = listed(session, source, (name, part.key))
            assert len(members) == part.count, (name, part)
            assert not together & members
            together |= members
        assert together == set(office.borrowers.values())


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
def test_the_list_is_paged_sorted_and_exported_and_leads_to_loans(
    office: Office, sign_in: SignIn
) -> None:
    client = sign_in("staff")
    address = "/indikator/angka/2026/daftar"
    page = client.get(f"{address}?varian=kumulatif&per_hal=25&urut=-plafon").get_data(as_text=True)
    assert "1–5 dari 5 peminjam" in page
    assert page.index("Koperasi Maju") < page.index("Dodi")
    assert f"/pinjaman/{office.loans[4]}" in page
    part = client.get(f"{address}?varian=kumulatif&menurut=sektor&isi=").get_data(as_text=True)
    assert "1–2 dari 2 peminjam" in part
    assert "Sektor usaha: Tidak diketahui" in part
    content = client.get(f"{address}.csv?varian=dilayani&satuan=pinjaman").data.decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(content), delimiter=";"))[1:]
    assert [row[0] for row in rows] == ["Citra", "Dodi"]
    assert sign_in("leader").get(address).status_code == 403
    assert sign_in("pasar").get(address).status_code == 403


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
def test_the_list_of_a_locked_year_stays(
    app: Flask, office: Office, people: dict[str, int], sign_in: SignIn
) -> None:
    def more(session: Session) -> None:
        new = borrower(session, people["staff"], 31, "Eka")
        lend(session, people, new, dt.date(2025, 6, 1))

    factories.saved(app, lambda session: factories.lock_year(session, people, 2025))
    client = sign_in("staff")
    files = [f"/indikator/angka/2025/{which}.xlsx?kunci=1" for which in ("daftar", "rincian")]
    before = [client.get(file).data for file in files]
    factories.saved(app, more)
    assert [client.get(file).data for file in files] == before
    live = client.get("/indikator/angka/2025/daftar").get_data(as_text=True)
    assert "1–5 dari 5 peminjam" in live
    kept = client.get("/indikator/angka/2025/daftar?kunci=1").get_data(as_text=True)
    assert "1–4 dari 4 peminjam" in kept
    assert "Eka" not in kept
