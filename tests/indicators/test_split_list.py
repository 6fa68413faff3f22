"""Splits of the small office, reckoned by hand; and that they always add up."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Callable
from random import Random

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests import factories
from tests.conftest import SOAK_ON_BOTH
from tests.factories import JATENG, PASAR
from tests.indicators.office import MILLION, Office, borrower, cooperative, lend
from wibawa.banks.models import Kelurahan
from wibawa.indicators.counted.queries import Source, members_of, splits
from wibawa.indicators.locks import queries as locks
from wibawa.indicators.queries import NOTHING, counts
from wibawa.rules.indicators import Kinds, Rule, Span, Unit, span_of

SignIn = Callable[[str], factories.Client]
TODAY = dt.date(2026, 11, 24)


def by_label(session: Session, source: Source) -> dict[str, dict[str, int]]:
    return {
        name: {part.label: part.count for part in parts if part.count}
        for name, parts in splits(session, source).items()
    }


def test_everybody_ever_served_split_by_hand(office: Office, session: Session) -> None:
    source = Source(Rule.CUMULATIVE, span_of(2026, TODAY), Unit.PEOPLE, Kinds.ALL)
    found = by_label(session, source)
    assert found["jenis-kelamin"] == {"Perempuan": 2, "Laki-laki": 3}
    assert sorted(found["kecamatan"].values()) == [2, 3]
    assert sorted(found["kelurahan"].values()) == [2, 3]
    assert found["jenis-peminjam"] == {"Usaha mikro": 4, "Koperasi": 1}
    assert found["bank"] == {"Bank Jateng": 2, "Bank Pasar": 3}
    assert found["sektor"] == {"Kuliner": 1, "Jasa": 1, "Fesyen": 1, "Tidak diketahui": 2}
    assert found["besar"] == {
        "Sampai Rp5 juta": 2,
        "Di atas Rp5 juta sampai Rp10 juta": 1,
        "Di atas Rp10 juta sampai Rp25 juta": 1,
        "Di atas Rp25 juta sampai Rp50 juta": 1,
    }
    assert found["ulang"] == {"Baru: pinjaman pertamanya": 3, "Berulang": 2}
    assert len(splits(session, source)["kecamatan"]) == 16
    members = members_of(session, source)
    assert (members.cooperatives, members.male, members.female) == (1, 10, 15)


def test_the_loans_of_a_year_split_by_hand(office: Office, session: Session) -> None:
    found = by_label(session, Source(Rule.SERVED, span_of(2025, TODAY), Unit.ACCOUNTS, Kinds.MICRO))
    assert found["jenis-kelamin"] == {"Perempuan": 2}
    assert found["ulang"] == {"Baru: pinjaman pertamanya": 1, "Berulang": 1}
    assert found["bank"] == {"Bank Pasar": 2}


def _any_office(session: Session, people: dict[str, int], random: Random) -> None:
    """Twelve borrowers of all sorts with one to three loans each."""
    codes = list(session.scalars(select(Kelurahan.code)))
    for number in range(12):
        by = people["staff"]
        if random.random() < 0.25:
            who = cooperative(session, by, 100 + number, f"Koperasi {number}")
        else:
            sector = random.choice(("", "Kuliner", "Jasa", "Fesyen"))
            place, sex = random.choice(codes), random.choice("LP")
            who = borrower(session, by, 100 + number, f"Orang {number}", sex, place, sector)
        for _ in range(random.randint(1, 3)):
            on = dt.date(2023, 1, 1) + dt.timedelta(days=random.randrange(1_400))
            principal = random.choice((1, 5, 6, 10, 25, 40, 50)) * MILLION
            paid = on + dt.timedelta(days=random.randrange(1, 900))
            money = (principal, min(paid, TODAY)) if random.random() < 0.5 else None
            lend(session, people, who, on, bank_id=random.choice((JATENG, PASAR)),
                 principal=principal, paid=money)  # fmt: skip


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.soak)])
def test_the_parts_of_every_split_add_up_to_the_figure_live_and_locked(
    seed: int, session: Session, people: dict[str, int]
) -> None:
    random = Random(seed)
    _any_office(session, people, random)
    factories.lock_year(session, people, 2025)
    lock = locks.locks_in_force(session, [2025])[2025]
    spans = [span_of(2025, TODAY), Span(2024, dt.date(2024, 7, 1)), span_of(2026, TODAY)]
    for place, span in enumerate(spans):
        known = counts(session, [span]).get(span.year, NOTHING)
        for rule in Rule:
            for unit in Unit:
                kinds = random.choice(list(Kinds))
                total = known.of(rule, unit, kinds)
                for lock_id in (None, lock.id) if place == 0 else (None,):
                    source = Source(rule, span, unit, kinds, lock_id)
                    sums = {
                        name: sum(part.count for part in parts)
                        for name, parts in splits(session, source).items()
                    }
                    assert set(sums.values()) == {total}, (source, sums)


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
def test_leaders_see_the_split_without_links_to_people(office: Office, sign_in: SignIn) -> None:
    address = "/indikator/angka/2026/rincian?varian=kumulatif"
    page = sign_in("leader").get(address).get_data(as_text=True)
    assert "beranggota 10 laki-laki dan 15 perempuan" in page
    assert "Tidak diketahui" in page
    assert "/daftar" not in page
    staff = sign_in("staff").get(address).get_data(as_text=True)
    assert "menurut=sektor" in staff
    content = sign_in("leader").get("/indikator/angka/2026/rincian.csv").data.decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(content), delimiter=";"))
    assert ["Jenis kelamin", "Perempuan", "2", "35000000"] in rows


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
def test_a_year_without_anything_says_so(office: Office, sign_in: SignIn) -> None:
    page = sign_in("leader").get("/indikator/angka/2022/rincian").get_data(as_text=True)
    assert "Belum ada data" in page
    assert sign_in("leader").get("/indikator/angka/2022/rincian?kunci=1").status_code == 404
