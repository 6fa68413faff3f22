from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests import factories
from tests.applications.forms import VISIT, body, recorded, state, text_of, visited
from wibawa.applications.models import SiteVisit

SignIn = Callable[[str], factories.Client]


def test_a_visit_is_kept_with_its_scores_and_its_visitor(
    sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    number = recorded(sign_in("staff"))
    visitor = sign_in("staff2")
    page = text_of(visitor, f"/permohonan/{number}/kunjungan")
    assert "Jl. Pekunden No. 1" in page
    assert 'value="24/11/2026"' in page
    visited(visitor, number)
    seen = session.scalars(select(SiteVisit)).one()
    scores = (seen.score_business, seen.score_character, seen.score_capacity, seen.score_market)
    assert scores == (3, 4, 3, 2)
    assert (seen.feasible, seen.bankable, seen.recommended_amount) == (True, True, 4_500_000)
    assert (seen.number, seen.visitor_id) == (1, people["staff2"])
    assert state(session, number) == "visited"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"visited_on": "25/11/2026"}, "Tanggal 25 November 2026 sesudah hari ini"),
        ({"visited_on": "kemarin"}, "tanggal tidak terbaca"),
        ({"score_market": ""}, "Pasar: Isian ini wajib diisi."),
        ({"score_market": "5"}, "Pilihan ini tidak ada dalam daftar."),
        ({"feasible": ""}, "Isian ini wajib diisi."),
        ({"recommended_amount": "6.000.000"}, "paling banyak Rp5.000.000, jumlah yang diminta"),
        ({"recommended_amount": "0"}, "untuk usaha yang layak tulis paling sedikit Rp1"),
        ({"notes": "bagus"}, "Tulis catatan dengan 10 sampai 1000 karakter."),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(
    sign_in: SignIn, session: Session, changes: dict[str, str], sentence: str
) -> None:
    client = sign_in("staff")
    number = recorded(client)
    data = body(client, number) | VISIT | changes
    said = text_of(client, f"/permohonan/{number}/kunjungan", data)
    assert sentence in said
    assert 'class="error-summary"' in said
    assert "Toko ramai" in said or "notes" in changes
    assert state(session, number) == "submitted"
    assert session.scalars(select(SiteVisit)).all() == []


def test_the_same_form_sent_twice_is_one_visit(sign_in: SignIn, session: Session) -> None:
    client = sign_in("staff")
    number = recorded(client)
    data = body(client, number) | VISIT
    for _ in range(2):
        answer = client.post(f"/permohonan/{number}/kunjungan", data=data)
        assert answer.headers["Location"] == f"/permohonan/{number}"
    assert len(session.scalars(select(SiteVisit)).all()) == 1


def test_the_form_opens_only_for_what_waits_for_a_visit(sign_in: SignIn) -> None:
    client = sign_in("staff")
    number = recorded(client, simpan="1")
    answer = client.get(f"/permohonan/{number}/kunjungan")
    assert answer.status_code == 409
    assert "hanya yang diajukan dapat diverifikasi" in answer.get_data(as_text=True)
