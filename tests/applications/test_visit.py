from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests import factories
from tests.applications.forms import VISIT, body, recorded, state, text_of, visited
from tests.scans.steps import FILES
from wibawa.applications.models import SiteVisit
from wibawa.scans.models import Document

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


def _send(client: factories.Client, number: int, data: dict[str, Any]) -> Any:
    return client.post(
        f"/permohonan/{number}/kunjungan", data=data, content_type="multipart/form-data"
    )


def _photos(*names: str) -> list[tuple[io.BytesIO, str]]:
    return [(io.BytesIO((FILES / name).read_bytes()), name) for name in names]


def test_photos_are_kept_with_the_visit_and_shown_small(
    sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    client = sign_in("staff")
    number = recorded(client)
    page = text_of(client, f"/permohonan/{number}/kunjungan")
    cameras = re.findall(r'<input[^>]*capture="environment"[^>]*>', page)
    assert [" multiple" in each and 'type="file"' in each for each in cameras] == [True]
    sent = {"photos": _photos("good_gps.jpg", "good.png"), "camera": _photos("good_gps.jpg")}
    assert _send(client, number, body(client, number) | VISIT | sent).status_code == 302
    session.rollback()
    kept = session.scalars(select(Document).order_by(Document.id)).all()
    owners = {(each.application_id, each.visit_number, each.borrower_id) for each in kept}
    assert (len(kept), owners) == (2, {(number, 1, None)}), "the same photo twice is one"
    page = text_of(client, f"/permohonan/{number}")
    for each in kept:
        assert f'src="/dokumen/{each.id}/kecil"' in page
        assert client.get(f"/dokumen/{each.id}/kecil").headers["Content-Type"] == "image/jpeg"
    assert b"TELEPON" not in client.get(f"/dokumen/{kept[0].id}/isi").data


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (("good.png", "broken--cut.jpg"), "Foto ke-2: Gambarnya rusak"),
        (("good.pdf",), "Foto ke-1: Isinya PDF"),
        (("good.png",) * 11, "Paling banyak 10 foto"),
    ],
)
def test_an_unfit_photo_is_told_and_what_was_typed_stays(
    sign_in: SignIn, session: Session, names: tuple[str, ...], sentence: str
) -> None:
    client = sign_in("staff")
    number = recorded(client)
    data = body(client, number) | VISIT | {"photos": _photos(*names)}
    said = _send(client, number, data).get_data(as_text=True)
    assert sentence in said
    assert "pilih lagi semuanya" in said
    assert "Toko ramai" in said
    assert state(session, number) == "submitted"
    assert session.scalars(select(Document)).all() == []


def test_photos_of_a_form_with_another_fault_are_to_be_chosen_again(sign_in: SignIn) -> None:
    client = sign_in("staff")
    number = recorded(client)
    data = body(client, number) | VISIT | {"notes": "bagus", "photos": _photos("good.png")}
    said = _send(client, number, data).get_data(as_text=True)
    assert "10 sampai 1000 karakter" in said
    assert "pilih lagi semuanya" in said


def test_a_visit_with_photos_sent_twice_is_one_visit(sign_in: SignIn, session: Session) -> None:
    client = sign_in("staff")
    number = recorded(client)
    data = body(client, number) | VISIT
    for _ in range(2):
        answer = _send(client, number, data | {"photos": _photos("good.png")})
        assert answer.status_code == 302
    assert len(session.scalars(select(Document)).all()) == 1
    other = _send(client, number, data | {"photos": _photos("good_gps.jpg")})
    assert other.status_code == 409
    session.rollback()
    assert len(session.scalars(select(Document)).all()) == 1


def test_without_room_for_the_photos_there_is_no_visit_either(
    app: Flask, sign_in: SignIn, session: Session
) -> None:
    app.config["SCANS_ROOM_BYTES"] = 1_000
    client = sign_in("staff")
    number = recorded(client)
    data = body(client, number) | VISIT | {"photos": _photos("good.png")}
    assert "batas untuk satu permohonan" in _send(client, number, data).get_data(as_text=True)
    assert state(session, number) == "submitted"
