"""What is asked, of whom, since when; what is missing is a warning and no obstacle."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tests import factories
from tests.applications.forms import act, recorded, text_of
from tests.merging.test_moving import decided, merge
from wibawa.merging.actions import request_split
from wibawa.rules.statuses import State
from wibawa.scans.models import DocumentKind
from wibawa.scans.queries import Holder, kinds_on, papers_of_application, papers_of_borrower
from wibawa.web.clock import now, today

SignIn = Callable[[str], factories.Client]
REQUIRED = ["KTP pemohon", "Kartu Keluarga", "Izin usaha (NIB atau SKU)", "Foto usaha"]


def _missing(session: Session, kind: str, amount: int) -> list[str]:
    holder = Holder(0, kind, 0, amount, None)
    return papers_of_application(session, holder, today()).missing


def test_a_micro_enterprise_shows_four_papers_and_collateral_above_the_limit(
    session: Session,
) -> None:
    assert _missing(session, "micro", 5_000_000) == REQUIRED
    assert _missing(session, "micro", 5_000_001) == [*REQUIRED, "Bukti agunan"]


def test_a_cooperative_shows_its_deed_its_officers_and_its_accounts(session: Session) -> None:
    assert _missing(session, "cooperative", 5_000_000) == [
        "Akta pendirian", "Pengesahan badan hukum", "NIB koperasi", "KTP pengurus",
        "Laporan RAT terakhir", "Laporan keuangan", "Penilaian kesehatan",
    ]  # fmt: skip


def test_a_kind_is_asked_from_its_day_on(session: Session) -> None:
    old = session.scalars(
        select(DocumentKind).where(
            DocumentKind.code == "family_card", DocumentKind.borrower_kind == "micro"
        )
    ).one()
    facts = {name: getattr(old, name) for name in DocumentKind.__mapper__.columns.keys()}  # noqa: SIM118
    day, last = today() + dt.timedelta(days=30), old.valid_until
    session.execute(
        update(DocumentKind)
        .where(DocumentKind.id == old.id)
        .values(valid_until=day - dt.timedelta(days=1))
    )
    new = facts | {"id": 99, "needed": "never", "valid_from": day, "valid_until": last}
    session.add(DocumentKind(**new))
    session.flush()
    for asked_on, needed in ((today(), "always"), (day, "never")):
        found = [
            each for each in kinds_on(session, "micro", asked_on) if each.code == "family_card"
        ]
        assert [each.needed for each in found] == [needed]


def test_missing_papers_are_named_and_stop_nothing(sign_in: SignIn) -> None:
    client = sign_in("staff")
    number = recorded(client, simpan="1")
    page = text_of(client, f"/permohonan/{number}")
    assert "Dokumen wajib yang belum ada" in page
    assert ", ".join(REQUIRED) in page
    assert act(client, number, "ajukan") == 302
    said = text_of(client, f"/permohonan/{number}")
    assert "Permohonan diajukan" in said
    assert "Dokumen wajib yang belum ada" in said


def test_submitting_at_once_warns_of_missing_papers_too(sign_in: SignIn) -> None:
    client = sign_in("staff")
    number = recorded(client)
    assert "Dokumen wajib yang belum ada" in text_of(client, f"/permohonan/{number}")


def test_with_all_papers_there_nothing_is_missing(
    sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    borrower_id = factories.borrower(session, people["staff"])
    made = factories.application(session, people, to=State.SUBMITTED, borrower_id=borrower_id)
    for code in ("ktp", "family_card", "business_proof"):
        factories.document(session, people["staff"], code, borrower_id=borrower_id)
    factories.document(session, people["staff"], "business_photo", application_id=made)
    session.commit()
    page = text_of(sign_in("staff"), f"/permohonan/{made}")
    assert "Dokumen wajib yang belum ada" not in page
    assert "Ganti KTP pemohon" in page


def test_the_checklist_of_an_application_asks_the_database_a_fixed_number_of_times(
    app: Flask, session: Session, people: dict[str, int]
) -> None:
    borrower_id = factories.borrower(session, people["staff"])
    made = factories.application(session, people, borrower_id=borrower_id)
    holder, counts = Holder(borrower_id, "micro", made, 5_000_000, None), []
    for codes in ((), ("ktp", "family_card", "npwp")):
        for code in codes:
            factories.document(session, people["staff"], code, borrower_id=borrower_id)
        with factories.counted_queries(app) as seen:
            papers_of_application(session, holder, today())
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 4


@pytest.mark.parametrize("both", [True, False])
def test_records_that_become_one_show_the_papers_of_both_and_part_with_their_own(
    session: Session, people: dict[str, int], both: bool
) -> None:
    by = people["staff"]
    kept, gone = (factories.borrower(session, by, n, f"Siti {n}") for n in (1, 2))
    first = factories.document(session, by, "family_card", borrower_id=gone)
    ktp = factories.document(session, by, "ktp", borrower_id=kept) if both else 0
    newer = factories.document(session, by, "ktp", borrower_id=gone, content=b"another")
    request = merge(session, people, kept, gone)

    def held(borrower_id: int) -> dict[str, int]:
        items = papers_of_borrower(session, borrower_id, "micro", today()).items
        return {each.kind.code: each.document.id for each in items if each.document}

    assert held(kept) == {"family_card": first, "ktp": newer}
    later = factories.document(session, by, "ktp", borrower_id=kept, content=b"a third")
    assert held(kept) == {"family_card": first, "ktp": later}
    decided(session, people, request_split(session, request, "Dua orang", by, now()))
    assert held(gone) == {"family_card": first, "ktp": newer}
    assert held(kept) == {"ktp": later}
    assert ktp != later
    session.rollback()
