"""A year that two persons locked keeps its figures and its list, whatever is booked later."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from tests import factories
from tests.conftest import SOAK_ON_BOTH
from tests.indicators.office import Office, borrower, form_at, lend
from tests.indicators.test_input_list import said
from wibawa.indicators.inputs.actions import write_down
from wibawa.indicators.locks import actions, queries
from wibawa.indicators.locks.document import fingerprint, members_bytes
from wibawa.indicators.models import LockDecision, YearLock
from wibawa.indicators.queries import figures_now, figures_of_year
from wibawa.rules.indicators import Rule
from wibawa.rules.refused import Refused
from wibawa.web.clock import now

SignIn = Callable[[str], factories.Client]
TODAY = dt.date(2026, 11, 24)


def locked_2025(session: Session, people: dict[str, int]) -> queries.Lock:
    factories.lock_year(session, people, 2025)
    return queries.locks_in_force(session, [2025])[2025]


def test_what_is_locked_is_what_was_shown_with_its_hash_and_its_list(
    office: Office, session: Session, people: dict[str, int]
) -> None:
    write_down(session, said(1_000), 0, people["staff"], now())
    lock = locked_2025(session, people)
    assert hashlib.sha256(lock.data).hexdigest() == lock.data_hash
    document = lock.document
    counts = document["counts"]
    both = {rule: (each["people"]["all"], each["accounts"]["all"]) for rule, each in counts.items()}
    assert both == {
        "cumulative": (4, 5), "running": (4, 4), "served": (3, 3), "new": (2, 2),
        "restructured": (0, 0),
    }  # fmt: skip
    tpb = document["figures"][0]
    assert (tpb["numerator"], tpb["denominator"], tpb["realised"]) == (4, 1_000, 40)
    kept = queries.members_kept(session, lock.id)
    assert len(kept) == document["members"] == 5 + 4 + 3 + 2
    assert fingerprint(members_bytes(kept)) == document["members_sha256"]


def test_later_and_back_dated_entries_and_reversals_move_nothing_and_stand_as_differences(
    office: Office, session: Session, people: dict[str, int]
) -> None:
    pair = (people["staff"], people["approver"])
    write_down(session, said(1_000), 0, people["staff"], now())
    lock = locked_2025(session, people)
    kept = members_bytes(queries.members_kept(session, lock.id))
    assert queries.moved(session, lock) == ([], 0)

    late = lend(session, people, borrower(session, people["staff"], 31, "Eka"), dt.date(2025, 6, 1))
    factories.reversal(session, office.loans[4], 1, dt.date(2025, 5, 6), *pair)
    factories.paid(session, office.loans[3], 5_300_000, dt.date(2024, 12, 31), *pair)
    write_down(session, said(2_000, reason="Ekspor ulang"), 1, people["staff"], now())
    session.expire_all()

    again = queries.locks_in_force(session, [2025])[2025]
    assert (again.data, again.data_hash) == (lock.data, lock.data_hash)
    assert members_bytes(queries.members_kept(session, lock.id)) == kept
    shown = figures_of_year(session, 2025, TODAY)[0]
    assert (shown.numerator, shown.denominator, shown.realised, shown.lock) == (4, 1_000, 40, 1)
    fresh = figures_now(session, [2025], TODAY)[0]
    assert (fresh.numerator, fresh.denominator, fresh.realised) == (4, 2_000, 20)
    found, count = queries.moved(session, lock)
    assert count == len(found)
    gone, debt = office.loans[4], office.loans[3]
    assert {(each.rule, each.came, each.loan_id) for each in found} == {
        *((rule, True, late) for rule in (Rule.CUMULATIVE, Rule.RUNNING, Rule.SERVED, Rule.NEW)),
        *((rule, False, gone) for rule in (Rule.CUMULATIVE, Rule.RUNNING, Rule.SERVED, Rule.NEW)),
        (Rule.RUNNING, False, debt),
    }


def test_unlocking_needs_a_reason_and_a_second_person_and_a_new_lock_is_the_next_version(
    office: Office, session: Session, people: dict[str, int]
) -> None:
    by, second = people["staff"], people["approver"]
    first = locked_2025(session, people)
    actions.ask_to_unlock(session, 2025, "Berkas bank terlambat", by, now())
    with pytest.raises(Refused) as caught:
        actions.approve(session, 2025, first.data_hash, by, now())
    assert caught.value.code == "same_person"
    actions.approve(session, 2025, first.data_hash, second, now())
    assert queries.locks_in_force(session, [2025]) == {}
    lend(session, people, borrower(session, by, 31, "Eka"), dt.date(2025, 6, 1))
    factories.lock_year(session, people, 2025)
    newest, oldest = queries.locks_of(session, 2025)
    assert (newest.version, newest.in_force, oldest.version, oldest.in_force) == (2, True, 1, False)
    assert oldest.data == first.data
    assert newest.document["counts"]["cumulative"]["people"]["all"] == 5
    assert [each.kind for each in queries.requests_of(session, 2025)] == ["lock", "unlock", "lock"]


def test_figures_that_changed_since_they_were_shown_are_not_locked(
    office: Office, session: Session, people: dict[str, int]
) -> None:
    by, second = people["staff"], people["approver"]
    seen = actions.shown(actions.document_now(session, 2025)[0])
    actions.ask_to_lock(session, 2025, seen, "", by, now())
    lend(session, people, borrower(session, by, 31, "Eka"), dt.date(2025, 6, 1))
    with pytest.raises(Refused) as caught:
        actions.approve(session, 2025, seen, second, now())
    assert caught.value.code == "changed"


@pytest.mark.parametrize(
    ("year", "code"), [(2026, "not_over"), (2025, "changed"), (2024, "waiting")]
)
def test_what_cannot_be_locked_is_refused(
    year: int, code: str, office: Office, session: Session, people: dict[str, int]
) -> None:
    seen = actions.shown(actions.document_now(session, 2024)[0])
    actions.ask_to_lock(session, 2024, seen, "", people["staff"], now())
    with pytest.raises(Refused) as caught:
        actions.ask_to_lock(session, year, seen, "", people["staff2"], now())
    assert caught.value.code == code


TABLES = ("lock_requests", "lock_decisions", "year_locks", "year_unlocks", "locked_members")


def test_nothing_of_a_lock_can_be_altered_or_deleted(
    office: Office, session: Session, people: dict[str, int]
) -> None:
    lock = locked_2025(session, people)
    actions.ask_to_unlock(session, 2025, "Berkas bank terlambat", people["staff"], now())
    actions.approve(session, 2025, lock.data_hash, people["approver"], now())
    session.commit()
    columns = ("reason", "reason", "data_hash", "unlocked_at", "sex")
    for table, column in zip(TABLES, columns, strict=True):
        for statement in (f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}"):
            with pytest.raises(DBAPIError, match="append-only"):
                session.execute(text(statement))
            session.rollback()


def test_the_database_takes_no_decision_of_one_person_and_no_second_lock_in_force(
    office: Office, session: Session, people: dict[str, int]
) -> None:
    by = people["staff"]
    lock = locked_2025(session, people)
    request = queries.requests_of(session, 2025)[0]
    session.commit()
    again = YearLock(year=2025, version=2, after=lock.id, request_id=request.id, kind="lock",
                     data=b"x", data_hash="0" * 64, locked_at=now())  # fmt: skip
    session.add(again)
    with pytest.raises(IntegrityError):
        session.flush()
    session.rollback()
    actions.ask_to_unlock(session, 2025, "Berkas bank terlambat", by, now())
    asked = queries.requests_of(session, 2025)[0]
    session.add(LockDecision(request_id=asked.id, requested_by=by, approved=True, reason="",
                             decided_by=by, decided_at=now()))  # fmt: skip
    with pytest.raises(IntegrityError, match="two_persons"):
        session.flush()


def press(client: factories.Client, year: int, how: str, **typed: str) -> int:
    address = f"/indikator/kunci/{year}"
    page = client.get(address).get_data(as_text=True)
    data = form_at(page, f"{address}/{how}") | typed
    return int(client.post(f"{address}/{how}", data=data).status_code)


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
def test_the_page_leads_two_persons_through_locking_and_unlocking(
    office: Office, sign_in: SignIn
) -> None:
    staff, head = sign_in("staff"), sign_in("approver")
    assert press(staff, 2025, "usulkan", note="Sudah direkonsiliasi") == 302
    assert "Sudah direkonsiliasi" in head.get("/indikator/kunci/2025").get_data(as_text=True)
    assert press(head, 2025, "setujui") == 302
    leader = sign_in("leader").get("/indikator/kunci/2025").get_data(as_text=True)
    assert "Tidak ada selisih" in leader
    assert "dikunci" in sign_in("leader").get("/indikator?tahun=2025").get_data(as_text=True)
    assert press(staff, 2025, "usulkan-buka", reason="") == 422
    assert press(staff, 2025, "usulkan-buka", reason="Berkas terlambat") == 302
    assert press(head, 2025, "tolak", reason="Tunggu berkas bank") == 302
    page = staff.get("/indikator/kunci/2025").get_data(as_text=True)
    assert "Tunggu berkas bank" in page
    assert "belum berakhir" in staff.get("/indikator/kunci/2026").get_data(as_text=True)
