from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests import factories
from tests.applications.forms import act, text_of
from tests.conftest import prepared
from wibawa.access.models import TrailEntry

SignIn = Callable[[str], factories.Client]


def _batch(session: Session, people: dict[str, int]) -> int:
    return factories.proposal(session, people)


batch = prepared(_batch)


def test_each_application_shows_where_it_stands_now(sign_in: SignIn, batch: int) -> None:
    clerk = sign_in("staff")
    page = text_of(clerk, f"/usulan/{batch}")
    assert "Usulan 001/USULAN/KW/XI/2026" in page
    assert "Dikirim ke bank" in page
    assert act(clerk, 1, "batalkan") == 302
    assert "Dibatalkan" in text_of(clerk, f"/usulan/{batch}")


@pytest.mark.parametrize("tail", ["", "/daftar.xlsx", "/surat.pdf"])
def test_another_banks_batch_is_not_there_and_the_try_is_recorded(
    sign_in: SignIn, session: Session, batch: int, tail: str
) -> None:
    assert sign_in("pasar").get(f"/usulan/{batch}{tail}").status_code == 200
    assert sign_in("jateng").get(f"/usulan/{batch}{tail}").status_code == 404
    assert sign_in("jateng").get(f"/usulan/999{tail}").status_code == 404
    session.rollback()
    denied = select(TrailEntry.object_id).where(
        TrailEntry.action == "denied", TrailEntry.object_kind == "proposal"
    )
    assert sorted(session.scalars(denied)) == [batch, 999]
