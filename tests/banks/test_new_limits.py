from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests import factories
from tests.banks.forms import NEW_LIMITS, limits_entry, proposed_limits
from wibawa.banks.models import CollectibilityRule

SignIn = Callable[[str], factories.Client]
RURAL = "/pengaturan/kolektibilitas/baru?jenis=bpr"


def _count(session: Session) -> int:
    session.rollback()
    return session.scalar(select(func.count()).select_from(CollectibilityRule)) or 0


def test_the_form_is_of_one_kind_of_bank_and_filled_with_what_is_in_force(
    sign_in: SignIn,
) -> None:
    page = sign_in("staff").get(RURAL).get_data(as_text=True)
    assert "Usulan batas kolektibilitas BPR" in page
    assert 'value="360"' in page


def test_a_look_shows_before_and_after_and_stores_nothing(
    sign_in: SignIn, session: Session
) -> None:
    page = sign_in("staff").post(NEW_LIMITS, data=limits_entry(lihat="1")).get_data(as_text=True)
    assert "lebih dari 180 hari" in page
    assert "121–270 hari" in page
    assert _count(session) == 2


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"class_3": "90"}, "Tertulis 90 hari: harus lebih dari 90 hari"),
        ({"class_2": "400"}, "Tertulis 120 hari: harus lebih dari 400 hari"),
        ({"class_1": "-1"}, "Antara 0 dan 3.650."),
        ({"class_4": ""}, "Isian ini wajib diisi."),
        ({"class_4": "180"}, "Semua angka sama"),
        ({"valid_from": "01/01/2026"}, "1 Januari 2026 sudah lewat"),
    ],
)
def test_limits_that_do_not_rise_or_begin_too_early_are_refused_in_words(
    changes: dict[str, str], said: str, sign_in: SignIn, session: Session
) -> None:
    answer = sign_in("staff").post(NEW_LIMITS, data=limits_entry(**changes))
    assert answer.status_code in (200, 409)
    assert said in answer.get_data(as_text=True)
    assert _count(session) == 2


def test_each_kind_of_bank_may_begin_a_version_on_the_same_day(
    sign_in: SignIn, session: Session
) -> None:
    proposed_limits(sign_in("staff"))
    proposed_limits(sign_in("staff"), RURAL, request_key="r" * 32, class_1="30")
    again = sign_in("staff").post(NEW_LIMITS, data=limits_entry("2", class_4="300"))
    assert again.status_code == 409
    assert "berlaku mulai 1 Januari 2027" in again.get_data(as_text=True)
    assert _count(session) == 4
