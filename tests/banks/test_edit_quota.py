from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from tests import factories
from wibawa.access.models import TrailEntry
from wibawa.banks.models import BankQuota

SignIn = Callable[[str], factories.Client]
ADDRESS = f"/pengaturan/kuota/2026/{factories.PASAR}"
WISH = {"amount": "2.500.000.000", "source": "DPA 2026", "seen": "0"}


def _rows(session: Session) -> list[tuple[int, int, str]]:
    session.rollback()
    query = select(BankQuota.sequence, BankQuota.amount, BankQuota.source).order_by(BankQuota.id)
    return [(row[0], row[1], row[2]) for row in session.execute(query)]


def test_a_change_is_a_new_entry_and_the_old_one_stays_in_the_history(
    sign_in: SignIn, session: Session
) -> None:
    client = sign_in("approver")
    assert client.post(ADDRESS, data=WISH).status_code == 302
    raised = {"amount": "3.000.000.000", "source": "DPA perubahan 2026", "seen": "1"}
    assert client.post(ADDRESS, data=raised).status_code == 302
    assert _rows(session) == [
        (1, 2_500_000_000, "DPA 2026"),
        (2, 3_000_000_000, "DPA perubahan 2026"),
    ]
    page = client.get(ADDRESS).get_data(as_text=True)
    assert "Rp3.000.000.000 (berlaku)" in page
    assert "Rp2.500.000.000" in page
    assert 'name="seen" type="hidden" value="2"' in page
    trail = select(TrailEntry.detail).where(TrailEntry.action == "quota_set")
    assert list(session.scalars(trail.order_by(TrailEntry.id)))[1] == (
        "Bank Pasar 2026: Rp2.500.000.000 → Rp3.000.000.000 (DPA perubahan 2026)"
    )


def test_the_same_form_twice_leaves_one_entry(sign_in: SignIn, session: Session) -> None:
    client = sign_in("approver")
    assert [client.post(ADDRESS, data=WISH).status_code for _ in range(2)] == [302, 302]
    assert len(_rows(session)) == 1


def test_a_change_over_one_that_was_not_seen_is_refused(sign_in: SignIn, session: Session) -> None:
    client = sign_in("approver")
    client.post(ADDRESS, data=WISH)
    answer = client.post(ADDRESS, data=WISH | {"amount": "1"})
    assert answer.status_code == 409
    page = answer.get_data(as_text=True)
    assert "baru saja diubah orang lain" in page
    assert 'name="seen" type="hidden" value="1"' in page
    assert len(_rows(session)) == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"amount": "banyak"}, "jumlah tidak terbaca"),
        ({"amount": ""}, "Isian ini wajib diisi."),
        ({"source": "   "}, "Isian ini wajib diisi."),
        ({"source": "DPA"}, "Tulis 5 sampai 200 karakter."),
    ],
)
def test_a_mistake_is_answered_at_the_field(
    changes: dict[str, str], said: str, sign_in: SignIn, session: Session
) -> None:
    answer = sign_in("approver").post(ADDRESS, data=WISH | changes)
    assert said in answer.get_data(as_text=True)
    assert _rows(session) == []


@pytest.mark.parametrize(
    "statement", ["UPDATE bank_quotas SET amount = 1", "DELETE FROM bank_quotas"]
)
def test_no_entry_can_be_changed_or_deleted(
    statement: str, sign_in: SignIn, session: Session
) -> None:
    sign_in("approver").post(ADDRESS, data=WISH)
    with pytest.raises(DBAPIError, match="append-only"):
        session.execute(text(statement))


def test_a_bank_or_year_that_cannot_be_is_not_found(sign_in: SignIn) -> None:
    client = sign_in("approver")
    assert client.get("/pengaturan/kuota/2026/99").status_code == 404
    assert client.get("/pengaturan/kuota/1/2").status_code == 404
