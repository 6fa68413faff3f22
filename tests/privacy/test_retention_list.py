"""What has been kept long enough is listed, asked for by one person and decided by another; then
nothing says who it was, and every figure is what it was."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from tests import factories
from tests.access.steps import long_since_proved
from tests.conftest import prepared
from tests.house.test_no_nik_anywhere import _stored
from tests.privacy.people import ADDRESS, NAME, NIK, PHONE, Known, known
from wibawa.access.models import TrailEntry
from wibawa.banks.queries import thresholds_on
from wibawa.borrowers.models import Borrower, BorrowerChange
from wibawa.borrowers.queries import find_borrowers
from wibawa.database import db, writing
from wibawa.indicators.counted.queries import Source, splits
from wibawa.loans.invariants import run_checks
from wibawa.loans.portfolio import portfolio
from wibawa.privacy.queries import KINDS, due_page
from wibawa.rules.indicators import Kinds, Rule, Unit, span_of
from wibawa.scans.models import DocumentContent
from wibawa.web.clock import today
from wibawa.web.pages import Wanted

PAGE = "/pelindungan-data/masa-simpan"
SignIn = Callable[[str], factories.Client]


them = prepared(known)


def asked(client: factories.Client, borrower_id: int, reason: str = "Masa simpan lewat") -> int:
    body = {"reason": reason, "request_key": f"key of the test {borrower_id:06d}"}
    return client.post(f"{PAGE}/minta/{borrower_id}", data=body).status_code


def decided(client: factories.Client, number: int, decision: str, reason: str = "") -> str:
    answer = client.post(f"{PAGE}/{number}/{decision}", data={"reason": reason})
    assert answer.status_code == 302
    return client.get(PAGE).get_data(as_text=True)


def figures() -> list[Any]:
    """The portfolio on two days, every split of the borrowers, and the laws of the books."""
    session = db.session()
    day = today()
    found: list[Any] = [
        portfolio(session, on, thresholds_on(session, on)) for on in (dt.date(2013, 6, 30), day)
    ]
    for unit in Unit:
        source = Source(Rule.CUMULATIVE, span_of(day.year, day), unit, Kinds.ALL)
        found.append(splits(session, source))
    found.append(
        [(check.name, check.ok) for check in run_checks(session, day, thresholds_on(session, day))]
    )
    db.session.remove()
    return found


def test_only_who_owes_nothing_and_waited_long_enough_is_listed(app: Flask, them: Known) -> None:
    with app.app_context():
        found = {
            kind: [
                (row.borrower_id, row.last_on, row.due_on)
                for row in due_page(db.session(), kind, today(), Wanted(1, 50, "", False)).rows
            ]
            for kind in KINDS
        }
    assert found == {
        "without_loan": [(them.old, dt.date(2013, 3, 1), dt.date(2018, 3, 1))],
        "after_loan": [(them.paid, dt.date(2014, 1, 31), dt.date(2024, 1, 31))],
    }


def test_the_list_is_filtered_sorted_and_exported_as_it_stands(
    them: Known, sign_in: SignIn
) -> None:
    staff = sign_in("staff")
    assert "1–1 dari 1 peminjam" in staff.get(PAGE).get_data(as_text=True)
    for filters, there in {
        "q=siti lama": True, "q=tidak ada": False, "permintaan=belum": True,
        "permintaan=menunggu": False, "urut=-nama": True, f"q={PHONE}": True,
    }.items():  # fmt: skip
        page = staff.get(f"{PAGE}?{filters}").get_data(as_text=True)
        exported = staff.get(f"{PAGE}/ekspor.csv?{filters}").get_data(as_text=True)
        assert (NAME in page, NAME in exported) == (there, there), filters
    assert asked(staff, them.old) == 302
    told = staff.get(f"{PAGE}/ekspor.csv?permintaan=menunggu").get_data(as_text=True)
    assert "2018-03-01" in told or "01/03/2018" in told or "1 Maret 2018" in told
    assert "Masa simpan lewat" in told
    paid = staff.get(f"{PAGE}/ekspor.xlsx?jenis=after_loan")
    assert paid.data.startswith(b"PK")


def test_nothing_says_who_it_was_and_every_figure_stays(
    app: Flask, people: dict[str, int], them: Known, sign_in: SignIn, database_url: str
) -> None:
    staff, approver = sign_in("staff"), sign_in("approver")
    with app.app_context():
        before = figures()
    assert NAME in _stored(database_url)
    for borrower_id in (them.old, them.paid):
        assert asked(staff, borrower_id) == 302
    first = approver.get("/").get_data(as_text=True)
    for kind in ("without_loan", "after_loan"):
        assert f'href="{PAGE}?jenis={kind}"' in first, "each leads to where it can be decided"
    for number in (1, 2):
        said = decided(approver, number, "setuju")
        assert "Identitas peminjam sudah disamarkan" in said
    with app.app_context():
        session = db.session()
        one = session.get_one(Borrower, them.old)
        assert one.name == f"Peminjam {them.old} (disamarkan)"
        assert (one.phone, one.address, one.nik_tail, one.business_name) == ("", "", "", "")
        assert (one.sex, one.birth_date, one.kelurahan_code) == (
            "P", dt.date(1985, 1, 1), "33.74.01.1001",
        )  # fmt: skip
        assert session.scalar(select(func.count()).select_from(BorrowerChange)) == 0
        assert session.scalar(select(func.count()).select_from(DocumentContent)) == 0
        for known_by in (NIK, PHONE, "siti lama"):
            assert them.old not in {line.id for line in find_borrowers(session, known_by)}
        db.session.remove()
        assert figures() == before
    stored = _stored(database_url)
    assert ADDRESS not in stored
    if not database_url.startswith("sqlite"):  # whose journal is overwritten a little later
        assert NAME not in stored
    page = staff.get(f"/peminjam/{them.old}").get_data(as_text=True)
    assert NAME not in page
    assert PHONE not in page
    assert "Mencocokkan KTP" in page, "who looked at it is still known"


def test_who_may_not_see_names_sees_none_finds_none_and_takes_none_away(
    them: Known, sign_in: SignIn
) -> None:
    reason = "Siti Lama pindah ke Solo"
    assert asked(sign_in("staff"), them.old, reason) == 302
    for who, sees in (("admin", False), ("auditor", True)):
        client = sign_in(who)
        for address in (PAGE, f"{PAGE}/ekspor.csv"):
            page = client.get(address).get_data(as_text=True)
            assert (NAME in page, reason in page) == (sees, sees), (who, address)
            assert ("Disamarkan" in page) != sees
    admin = sign_in("admin")
    assert "Menunggu keputusan" in admin.get(f"{PAGE}?q=tidak ada").get_data(as_text=True)
    assert "urut=nama" not in admin.get(PAGE).get_data(as_text=True)


def test_what_nothing_undoes_asks_who_is_there_and_names_whom_it_is_about(
    app: Flask, them: Known, sign_in: SignIn
) -> None:
    assert asked(sign_in("staff"), them.old) == 302
    approver = sign_in("approver")
    long_since_proved(app)
    question = approver.post(f"{PAGE}/1/setuju").get_data(as_text=True)
    assert "Pastikan ini Anda" in question
    assert "tidak dapat dibatalkan" in question
    assert NAME in question
    assert NAME in approver.get(PAGE).get_data(as_text=True)
    proof = {"proof_password": factories.PASSWORD}
    assert approver.post(f"{PAGE}/1/setuju", data=proof).status_code == 302
    assert NAME not in approver.get(PAGE).get_data(as_text=True)


def test_who_asked_does_not_decide(
    app: Flask, people: dict[str, int], them: Known, sign_in: SignIn
) -> None:
    staff = sign_in("staff")
    assert asked(staff, them.old) == 302
    assert staff.post(f"{PAGE}/1/setuju").status_code == 403
    with app.app_context(), writing():
        same = "UPDATE pseudonymisations SET status = 'approved', decided_by = entered_by"
        with pytest.raises(DBAPIError, match="two_persons"):
            db.session.execute(text(same))
        db.session.rollback()
        db.session.execute(text(f"UPDATE users SET role = 'approver' WHERE id = {people['staff']}"))
        db.session.commit()
        db.session.remove()
    page = staff.post(f"{PAGE}/1/setuju", follow_redirects=True).get_data(as_text=True)
    assert "Permintaan Anda sendiri diputuskan oleh orang lain" in page
    with app.app_context():
        denied = select(TrailEntry.object_id).where(TrailEntry.object_kind == "pseudonym")
        assert db.session.scalars(denied).all() == [1]


@pytest.mark.parametrize("who", ["running", "fresh"])
def test_a_running_loan_or_a_short_time_is_never_asked_for(
    app: Flask, them: Known, sign_in: SignIn, who: str
) -> None:
    staff = sign_in("staff")
    assert asked(staff, getattr(them, who)) == 302
    assert "belum boleh disamarkan" in staff.get(PAGE).get_data(as_text=True)


def test_a_refusal_needs_a_reason_and_changes_nothing(
    app: Flask, people: dict[str, int], them: Known, sign_in: SignIn
) -> None:
    staff, approver = sign_in("staff"), sign_in("approver")
    asked(staff, them.old)
    assert "Tulis alasan penolakannya" in decided(approver, 1, "tolak")
    assert "ditolak" in decided(approver, 1, "tolak", "Masih ada sengketa")
    assert NAME in staff.get(f"/peminjam/{them.old}").get_data(as_text=True)
    with app.app_context():
        actions = db.session.scalars(select(TrailEntry.action).order_by(TrailEntry.id)).all()
        assert [a for a in actions if a.startswith("pseudonym")] == [
            "pseudonym_requested", "pseudonym_refused",
        ]  # fmt: skip


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE borrowers SET pseudonymised_at = '2026-01-01' WHERE id = {old}",
        "DELETE FROM borrower_changes",
        "DELETE FROM document_contents",
        "DELETE FROM pseudonymisations",
        "UPDATE pseudonymisations SET reason = 'lain'",
        "UPDATE retention_settings SET years = 1",
    ],
)
def test_nothing_is_forgotten_past_two_persons(
    app: Flask, them: Known, sign_in: SignIn, statement: str
) -> None:
    asked(sign_in("staff"), them.old)
    with app.app_context(), writing():
        with pytest.raises(DBAPIError, match=r"append-only|two persons"):
            db.session.execute(text(statement.format(old=them.old)))
        db.session.rollback()
        db.session.remove()
