from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import openpyxl
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from tests import factories
from tests.conftest import prepared
from wibawa.access.models import TrailEntry
from wibawa.proposals.letter import HEADINGS

SignIn = Callable[[str], factories.Client]


def _batch(session: Session, people: dict[str, int]) -> int:
    return factories.proposal(session, people)


batch = prepared(_batch)


def table(client: factories.Client, batch: int) -> list[tuple[Any, ...]]:
    content = client.get(f"/usulan/{batch}/daftar.xlsx").get_data()
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    rows = list(sheet.iter_rows(values_only=True))
    return rows[rows.index(tuple(HEADINGS)) :]


def test_the_list_holds_what_the_bank_needs_and_room_for_its_answer(
    sign_in: SignIn, batch: int
) -> None:
    head, row = table(sign_in("pasar"), batch)
    sent = dict(zip(head, row, strict=True))
    assert sent["Nomor Permohonan"] == "PM-000001"
    assert (sent["Nama"], sent["Jumlah Diminta"]) == ("Siti Aminah", 5_000_000)
    assert sent["Jangka Waktu (bulan)"] == 24
    assert str(sent["NIK"]).startswith("************")
    assert head[-3:] == ("KEPUTUSAN", "JUMLAH DISETUJUI", "ALASAN")
    assert row[-3:] == (None, None, None)


def test_the_list_and_the_letter_stay_as_they_were_sent(
    sign_in: SignIn, session: Session, batch: int
) -> None:
    client = sign_in("staff")
    before = table(client, batch)
    letter = client.get(f"/usulan/{batch}/surat.pdf").get_data()
    session.execute(text("UPDATE borrowers SET name = 'Nama Baru', address = ''"))
    session.commit()
    assert table(client, batch) == before
    assert client.get(f"/usulan/{batch}/surat.pdf").get_data() == letter


def test_each_download_is_recorded(
    sign_in: SignIn, session: Session, people: dict[str, int], batch: int
) -> None:
    table(sign_in("pasar"), batch)
    session.rollback()
    kept = select(TrailEntry.user_id).where(TrailEntry.action == "proposal_exported")
    assert list(session.scalars(kept)) == [people["pasar"]]
