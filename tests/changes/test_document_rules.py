"""Which kinds of requests need a document: a dated setting with its history."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.changes.steps import HOLIDAY, approve, approved, ask, decision, preview, text_of
from tests.factories import Client
from tests.scans.steps import kind_id, send, told
from wibawa.changes.models import DocumentRule

SignIn = Callable[[str], Client]
ADDRESS = "/pengaturan/dokumen-permintaan"


def entry(client: Client, *kinds: str, on: str = "24/11/2026") -> dict[str, Any]:
    found = re.search(r'name="shown"[^>]*value="(\d+)"', text_of(client.get(ADDRESS)))
    assert found
    return {"valid_from": on, "shown": found[1], "kinds": list(kinds)}


def kept(session: Session) -> int:
    session.rollback()
    return int(session.scalar(select(func.count()).select_from(DocumentRule)) or 0)


def test_without_a_rule_the_approver_is_told_and_may_approve(
    loans: dict[str, int], sign_in: SignIn
) -> None:
    number = ask(sign_in("staff"), loans["pasar_late"], "jeda", HOLIDAY)
    head = sign_in("approver")
    assert "belum dilampiri dokumen apa pun" in text_of(head.get(f"/permintaan/{number}"))
    approved(head, number)


def test_a_kind_that_needs_a_document_is_not_approved_without_one(
    loans: dict[str, int], sign_in: SignIn, session: Session
) -> None:
    clerk, head, admin = sign_in("staff"), sign_in("approver"), sign_in("admin")
    number = ask(clerk, loans["pasar_late"], "jeda", HOLIDAY)
    seen = decision(head, number)
    assert admin.post(ADDRESS, data=entry(admin, "holiday")).status_code == 302
    page = text_of(approve(head, number, seen), 409)
    assert "Jeda angsuran hanya dapat disetujui bila ada dokumennya" in page
    assert f'action="/permintaan/{number}/setujui"' not in page
    address = f"/pinjaman/{loans['pasar_late']}/ubah/jeda"
    assert "hanya dapat disetujui bila ada dokumennya" in preview(clerk, address, HOLIDAY)
    kind = kind_id(session, "bank_letter", "any")
    assert send(clerk, f"/permintaan/{number}/dokumen/{kind}").status_code == 302
    approved(head, number)


def test_a_rule_counts_from_its_day_on_and_stands_in_the_history(
    loans: dict[str, int], sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    admin = sign_in("admin")
    later = entry(admin, "payment", "suspense_return", on="25/11/2026")
    assert admin.post(ADDRESS, data=later).status_code == 302
    number = ask(sign_in("staff"), loans["pasar_late"], "pembayaran", {
        "paid_on": "20/11/2026", "amount": "220.833", "penalty": "", "source": "Rina, telepon",
    })  # fmt: skip
    approved(sign_in("approver"), number)
    page = text_of(admin.get(ADDRESS))
    assert "Mulai 25 November 2026" in page
    assert "Catat pembayaran, kembalikan titipan ke bank." in page
    ((who, _, detail),) = told(session, "document_rule_changed")
    words = (
        "Mulai 25 November 2026: Wajib berdokumen: tidak ada yang wajib → catat pembayaran, "
        "kembalikan titipan ke bank"
    )
    assert (who, detail) == (people["admin"], words)


def test_sent_twice_it_is_kept_once_and_what_makes_no_sense_is_refused(
    sign_in: SignIn, session: Session
) -> None:
    admin = sign_in("admin")
    form = entry(admin, "payment")
    assert [admin.post(ADDRESS, data=form).status_code for _ in range(2)] == [302, 302]
    assert kept(session) == 2
    assert admin.post(ADDRESS, data=form | {"kinds": ["move"]}).status_code == 409
    past = text_of(admin.post(ADDRESS, data=entry(admin, "move", on="23/11/2026")), 409)
    assert "sudah lewat" in past
    odd = text_of(admin.post(ADDRESS, data=entry(admin, "nothing")))
    assert "tidak ada dalam daftar" in odd
    assert admin.post(ADDRESS, data=entry(admin, "payment")).status_code == 302
    assert kept(session) == 2
