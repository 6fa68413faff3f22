from __future__ import annotations

import datetime as dt
import html
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from tests import factories
from tests.applications.forms import WISH
from tests.applications.forms import key as application_key
from tests.borrowers.test_borrower_list import cooperative
from tests.merging.steps import GONE, KEPT, PLACE, REASON, asked, hidden, lend, twins
from wibawa.borrowers.models import Borrower
from wibawa.merging.models import BorrowerMerge
from wibawa.web.clock import now, today

SignIn = Callable[[str], factories.Client]


@pytest.fixture
def pair(app: Flask, people: dict[str, int]) -> tuple[int, int]:
    return twins(app, people)


def text_of(client: factories.Client, place: str, data: dict[str, str] | None = None) -> str:
    answer = client.get(place) if data is None else client.post(place, data=data)
    return html.unescape(answer.get_data(as_text=True))


def requests(session: Session) -> int:
    session.rollback()
    return int(session.scalar(select(func.count()).select_from(BorrowerMerge)) or 0)


def test_both_records_stand_beside_each_other_with_what_hangs_on_them(
    pair: tuple[int, int], sign_in: SignIn
) -> None:
    page = text_of(sign_in("staff"), PLACE)
    assert "Siti Aminah Binti Karto" in page
    assert 'name="pilih_name" value="lain"' in page
    assert 'name="pilih_phone"' not in page  # the same on both sides
    assert "************0001" in page
    assert "************0002" in page
    assert "3374014804850002" not in page
    assert "KW-000001" in page
    assert "1 pembayaran, jumlah Rp220.833, terakhir 24 November 2026" in page
    assert "NIK keduanya berbeda (************0001 dan ************0002)" in page
    assert f"tetap={GONE}&lain={KEPT}" in page  # the other one may stay as well


def test_a_request_waits_and_changes_nothing(
    pair: tuple[int, int], sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    number = asked(sign_in("staff"), pilih_name="lain", pilih_nik="tetap")
    found = session.get_one(BorrowerMerge, number)
    assert (found.kind, found.status) == ("merge", "recorded")
    assert (found.kept_id, found.gone_id, found.chosen) == (KEPT, GONE, "name")
    assert (found.entered_by, found.decided_by) == (people["staff"], None)
    assert session.get_one(Borrower, GONE).merged_into_id is None
    page = text_of(sign_in("approver"), "/")
    assert "penggabungan peminjam menunggu persetujuan" in page
    assert "penggabungan catatan" in text_of(sign_in("auditor"), f"/peminjam/{KEPT}")
    assert "08/04/1985" in text_of(sign_in("staff"), "/peminjam/gabung/1")
    assert "/04/1985" not in text_of(sign_in("auditor"), "/peminjam/gabung/1")


def test_different_numbers_need_the_word_that_the_cards_were_compared(
    pair: tuple[int, int], sign_in: SignIn, session: Session
) -> None:
    client = sign_in("staff")
    body = hidden(text_of(client, PLACE), PLACE) | {"reason": REASON}
    answer = client.post(PLACE, data=body)
    assert answer.status_code == 409
    assert "Nyatakan bahwa KTP" in answer.get_data(as_text=True)
    assert client.post(PLACE, data=body | {"reason": ""}).status_code == 200
    assert requests(session) == 0


def test_what_changed_since_it_was_shown_is_not_merged_unseen(
    app: Flask, pair: tuple[int, int], sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    client = sign_in("staff")
    body = hidden(text_of(client, PLACE), PLACE) | {"reason": REASON, "same_person": "y"}
    factories.saved(app, lambda s: lend(s, people, KEPT, 9))
    answer = client.post(PLACE, data=body)
    assert answer.status_code == 409
    said = answer.get_data(as_text=True)
    assert "berubah sejak ditampilkan" in said
    assert "Keduanya mempunyai pinjaman berjalan" in said
    assert requests(session) == 0


def test_the_same_form_sent_twice_asks_once(
    pair: tuple[int, int], sign_in: SignIn, session: Session
) -> None:
    client = sign_in("staff")
    body = hidden(text_of(client, PLACE), PLACE) | {"reason": REASON, "same_person": "y"}
    first, again = client.post(PLACE, data=body), client.post(PLACE, data=body)
    assert first.status_code == 302
    assert again.status_code in (302, 200)
    assert requests(session) == 1


def test_a_pair_that_waits_cannot_be_asked_for_again_in_either_direction(
    pair: tuple[int, int], sign_in: SignIn
) -> None:
    client = sign_in("staff")
    number = asked(client)
    for place in (PLACE, f"/peminjam/gabung/baru?tetap={GONE}&lain={KEPT}"):
        page = text_of(client, place)
        assert f"Permintaan nomor {number} tentang salah satu catatan ini masih menunggu" in page
        assert "Minta penggabungan" not in page


def test_two_open_applications_stand_against_it(
    pair: tuple[int, int], sign_in: SignIn, session: Session
) -> None:
    client = sign_in("staff")
    for number in (KEPT, GONE):
        place = f"/permohonan/baru?peminjam={number}"
        body = WISH | {"request_key": application_key(), "simpan": "1"}
        assert client.post(place, data=body).status_code == 302
    page = text_of(client, PLACE)
    assert "Keduanya mempunyai permohonan terbuka: PM-000001" in page
    assert "PM-000002" in page
    assert "batalkan salah satunya" in page
    assert "Permohonan PM-000001 akan terhalang pinjaman KW-000001" in page
    assert "Minta penggabungan" not in page


def test_a_cooperative_and_a_person_never_become_one(
    app: Flask, people: dict[str, int], sign_in: SignIn
) -> None:
    factories.saved(app, lambda s: factories.borrower(s, people["staff"]))
    factories.saved(app, lambda s: cooperative(s, people["staff"]))
    page = text_of(sign_in("staff"), PLACE)
    assert "yang berbeda jenis tidak dapat digabung" in page
    assert "Minta penggabungan" not in page


def test_who_may_not_see_days_of_birth_is_told_whether_the_years_differ(
    pair: tuple[int, int], sign_in: SignIn, session: Session
) -> None:
    session.get_one(Borrower, GONE).birth_date = dt.date(1985, 4, 9)
    session.commit()
    asked(sign_in("staff"), pilih_name="lain", pilih_nik="tetap")
    seen = text_of(sign_in("staff"), "/peminjam/gabung/1")
    assert "Tanggal lahirnya berbeda: 8 April 1985 dan 9 April 1985." in seen
    seen = text_of(sign_in("auditor"), "/peminjam/gabung/1")
    assert "Tanggal lahirnya berbeda, tetapi tahun 1985 sama." in seen
    assert "April 1985" not in seen


def test_a_nik_beside_another_birth_date_is_refused(
    app: Flask, pair: tuple[int, int], sign_in: SignIn, session: Session
) -> None:
    def other_day(s: Session) -> None:
        s.get_one(Borrower, GONE).birth_date = today().replace(year=1985, month=4, day=9)

    factories.saved(app, other_day)
    client = sign_in("staff")
    body = hidden(text_of(client, PLACE), PLACE)
    body |= {"reason": REASON, "same_person": "y", "pilih_birth_date": "lain"}
    assert "tidak cocok dengan NIK" in text_of(client, PLACE, body)
    assert requests(session) == 0


@pytest.mark.parametrize("place", ["", "?tetap=1&lain=1", "?tetap=1&lain=99", "?tetap=x&lain=2"])
def test_what_is_no_pair_leads_to_the_list(
    pair: tuple[int, int], sign_in: SignIn, place: str
) -> None:
    answer = sign_in("staff").get("/peminjam/gabung/baru" + place)
    assert answer.headers["Location"] == "/peminjam/ganda"


def test_a_look_alike_pair_leads_here(pair: tuple[int, int], sign_in: SignIn) -> None:
    page = text_of(sign_in("staff"), "/peminjam/ganda")
    assert f'href="/peminjam/gabung/baru?tetap={KEPT}&lain={GONE}"' in page


@pytest.mark.parametrize(
    "wrong",
    [
        {"gone_id": KEPT},
        {"reason": ""},
        {"kind": "other"},
        {"kind": "split"},
    ],
)
def test_the_database_refuses_a_request_that_cannot_be(
    pair: tuple[int, int], session: Session, people: dict[str, int], wrong: dict[str, object]
) -> None:
    given = {"kind": "merge", "kept_id": KEPT, "gone_id": GONE, "reason": REASON}
    session.add(BorrowerMerge(**(given | wrong), entered_by=people["staff"], entered_at=now()))
    with pytest.raises(IntegrityError):
        session.flush()
