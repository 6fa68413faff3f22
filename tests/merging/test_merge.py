from __future__ import annotations

import html
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from tests import factories
from tests.borrowers.test_borrower_list import cooperative
from tests.borrowers.test_edit_borrower import SITI, opened
from tests.borrowers.test_reveal_nik import trail
from tests.merging.steps import GONE, KEPT, REASON, asked, decide, hidden, key, lend, merged, twins
from wibawa.access.permissions import Role
from wibawa.access.users import add_user
from wibawa.applications.models import Application
from wibawa.banks.queries import thresholds_on
from wibawa.borrowers.actions import NewBorrower, add_borrowers, give_nik, nik_of
from wibawa.borrowers.models import Borrower, BorrowerChange
from wibawa.borrowers.queries import registered
from wibawa.disbursements.models import Disbursement
from wibawa.home.queries import loans_of_borrower
from wibawa.loans.models import Loan
from wibawa.merging.models import BorrowerMerge, BorrowerMove
from wibawa.rules.facts import BorrowerKind
from wibawa.rules.statuses import State
from wibawa.web.clock import now, today

SignIn = Callable[[str], factories.Client]
OLD, NEW = "3374014804850001", "3374014804850002"


@pytest.fixture
def pair(app: Flask, people: dict[str, int]) -> tuple[int, int]:
    return twins(app, people)


def page_of(client: factories.Client, place: str) -> str:
    return html.unescape(client.get(place).get_data(as_text=True))


def split_asked(client: factories.Client, number: int) -> int:
    action = f"/peminjam/gabung/{number}/pisahkan"
    body = hidden(page_of(client, f"/peminjam/gabung/{number}"), action)
    answer = client.post(action, data=body | {"reason": "Ternyata dua orang"})
    assert answer.status_code == 302, answer.get_data(as_text=True)
    return int(answer.headers["Location"].rsplit("/", 1)[1])


def test_after_two_persons_the_loans_stand_under_the_record_that_stays(
    pair: tuple[int, int], sign_in: SignIn, session: Session, people: dict[str, int], app: Flask
) -> None:
    number = merged(sign_in)
    session.rollback()
    assert session.scalar(select(Loan.borrower_id)) == KEPT
    assert session.get_one(Borrower, GONE).merged_into_id == KEPT
    move = session.scalars(select(BorrowerMove)).one()
    assert (move.merge_id, move.object_kind, move.from_id, move.to_id) == (
        number, "loan", GONE, KEPT,
    )  # fmt: skip
    page = page_of(sign_in("auditor"), f"/peminjam/{KEPT}")
    assert "KW-000001" in page
    assert "220.833" in page
    assert "Catatan yang digabung" in page
    assert "Didaftarkan sebagai Siti Aminah Binti Karto, catatan yang sudah digabung" in page
    assert trail(app, "merge_approved") == [
        (people["approver"], number, f"Nomor {number}, peminjam {GONE} ke {KEPT}")
    ]


def test_the_merged_record_leads_to_the_kept_one_and_stands_in_no_list(
    pair: tuple[int, int], sign_in: SignIn, session: Session
) -> None:
    merged(sign_in)
    client = sign_in("staff")
    for place in (f"/peminjam/{GONE}", f"/peminjam/{GONE}/ubah"):
        assert client.get(place).headers["Location"] == f"/peminjam/{KEPT}"
    reveal = client.post(f"/peminjam/{GONE}/nik", data={"reason": "Cocokkan KTP"})
    assert reveal.headers["Location"] == f"/peminjam/{KEPT}"
    assert "sudah digabung ke Siti Aminah" in page_of(client, f"/peminjam/{KEPT}")
    register = page_of(client, "/peminjam")
    assert "Jumlah 1 peminjam" in register
    assert "Binti Karto" not in register
    assert "Binti Karto" not in client.get("/peminjam/ekspor.csv").get_data(as_text=True)
    assert "Tidak ada yang mirip" in page_of(client, "/peminjam/ganda")
    found = html.unescape(client.post("/cari", data={"q": NEW}).get_data(as_text=True))
    assert f'href="/peminjam/{KEPT}"' in found
    assert f'href="/peminjam/{GONE}"' not in found
    assert "KW-000001" in found
    assert f'href="/peminjam/{KEPT}"' in client.post("/cari", data={"q": "karto"}).text
    session.rollback()
    line = registered(session, BorrowerKind.MICRO, NEW, None)
    assert line is not None
    assert line.id == KEPT


def test_a_file_with_the_number_of_the_merged_record_finds_the_kept_one(
    pair: tuple[int, int], sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    merged(sign_in)
    session.rollback()
    again = NewBorrower(
        BorrowerKind.MICRO, "Siti", NEW, "P", today().replace(year=1985), "33.74.01.1001"
    )
    added = add_borrowers(session, [again], people["staff"], now())
    assert (added.ids, added.new) == ([KEPT], 0)


def test_chosen_facts_are_taken_over_and_numbers_exchanged_with_their_history(
    pair: tuple[int, int], sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    merged(sign_in, pilih_name="lain", pilih_nik="lain")
    session.rollback()
    kept, gone = session.get_one(Borrower, KEPT), session.get_one(Borrower, GONE)
    assert (kept.name, kept.name_key) == ("Siti Aminah Binti Karto", "siti aminah binti karto")
    assert nik_of(kept) == NEW
    assert nik_of(gone) == OLD
    assert (kept.nik_tail, gone.nik_tail) == ("0002", "0001")
    rows = session.scalars(select(BorrowerChange).order_by(BorrowerChange.id))
    assert [(c.borrower_id, c.field, c.before, c.after, c.user_id) for c in rows] == [
        (KEPT, "name", "Siti Aminah", "Siti Aminah Binti Karto", people["approver"]),
        (KEPT, "nik", "************0001", "************0002", people["approver"]),
        (GONE, "nik", "************0002", "************0001", people["approver"]),
    ]
    for nik in (OLD, NEW):
        line = registered(session, BorrowerKind.MICRO, nik, None)
        assert line is not None
        assert line.id == KEPT
    page = page_of(sign_in("staff"), f"/peminjam/{KEPT}")
    assert "<ins>Siti Aminah Binti Karto</ins>" in page
    assert "Data diubah pada catatan Siti Aminah Binti Karto yang sudah digabung" in page


def test_applications_and_waiting_disbursements_go_along(
    pair: tuple[int, int], sign_in: SignIn, session: Session, app: Flask, people: dict[str, int]
) -> None:
    third = factories.saved(app, lambda s: factories.borrower(s, people["staff"], 3, "Siti Amina"))
    client = sign_in("staff")
    made = factories.application(session, people, to=State.APPROVED, borrower_id=third)
    factories.recorded_payment(session, people, made)
    session.commit()
    number = asked(client, f"/peminjam/gabung/baru?tetap={KEPT}&lain={third}")
    assert decide(sign_in("approver"), number) == 302
    session.rollback()
    assert session.scalar(select(Application.borrower_id)) == KEPT
    assert session.scalar(select(Disbursement.borrower_id)) == KEPT
    page = page_of(client, f"/peminjam/{KEPT}")
    assert "PM-000001" in page
    assert "Pencairan menunggu persetujuan" in page
    assert "PM-000001" in page_of(client, f"/peminjam/gabung/{number}")


def test_what_came_of_an_application_after_the_merge_goes_back_with_it(
    pair: tuple[int, int], sign_in: SignIn, session: Session, people: dict[str, int], app: Flask
) -> None:
    third = factories.saved(app, lambda s: factories.borrower(s, people["staff"], 3, "Siti Amina"))
    made = factories.application(session, people, to=State.APPROVED, borrower_id=third)
    session.commit()
    client = sign_in("staff")
    stays = factories.saved(app, lambda s: factories.borrower(s, people["staff"], 4, "Siti Amina"))
    number = asked(client, f"/peminjam/gabung/baru?tetap={stays}&lain={third}")
    assert decide(sign_in("approver"), number) == 302
    session.rollback()
    loan_id = factories.pay_out(session, people, made)
    session.commit()
    assert session.get_one(Loan, loan_id).borrower_id == stays
    assert decide(sign_in("approver"), split_asked(client, number)) == 302
    session.rollback()
    owner = select(Disbursement.borrower_id).where(Disbursement.application_id == made)
    assert session.scalar(owner) == third
    assert session.get_one(Loan, loan_id).borrower_id == third
    assert session.get_one(Application, made).borrower_id == third


def test_the_requester_never_decides_and_the_try_is_recorded(
    pair: tuple[int, int], sign_in: SignIn, session: Session, people: dict[str, int], app: Flask
) -> None:
    number = asked(sign_in("staff"))
    factories.saved(
        app,
        lambda s: (
            s.execute(text("UPDATE users SET role = 'approver' WHERE name = 'Staff'")) and None
        ),
    )
    client = sign_in("staff")
    assert "harus diambil orang lain" in page_of(client, f"/peminjam/gabung/{number}")
    for verb in ("setujui", "tolak"):
        body = {"shown": "0" * 64, "request_key": key(), "reason": "Alasan apa saja"}
        answer = client.post(f"/peminjam/gabung/{number}/{verb}", data=body)
        assert answer.status_code == 409
        assert "Anda buat sendiri" in answer.get_data(as_text=True)
    assert len(trail(app, "denied")) == 2
    session.rollback()
    assert session.get_one(BorrowerMerge, number).status == "recorded"


def test_the_database_refuses_one_person_in_both_places(
    pair: tuple[int, int], sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    number = asked(sign_in("staff"))
    session.rollback()
    decided = {"status": "approved", "decided_by": people["staff"], "decided_at": now()}
    with pytest.raises(IntegrityError):
        session.execute(update(BorrowerMerge).where(BorrowerMerge.id == number).values(**decided))


@pytest.mark.parametrize(
    "deed",
    [
        "UPDATE loans SET borrower_id = 1",
        "UPDATE loans SET borrower_id = borrower_id",
        "UPDATE loans SET number = number",
    ],
)
def test_no_loan_changes_its_borrower_without_a_decided_merge(
    pair: tuple[int, int], sign_in: SignIn, session: Session, deed: str
) -> None:
    asked(sign_in("staff"))  # a request alone moves nothing
    session.rollback()
    with pytest.raises(DBAPIError):
        session.execute(text(deed))
    session.rollback()


def test_a_move_written_down_for_an_undecided_request_moves_nothing(
    pair: tuple[int, int], sign_in: SignIn, session: Session
) -> None:
    number = asked(sign_in("staff"))
    session.rollback()
    move = {"object_kind": "loan", "object_id": 1, "from_id": GONE, "to_id": KEPT}
    session.add(BorrowerMove(merge_id=number, **move))
    session.flush()
    with pytest.raises(DBAPIError, match="merge moves"):
        session.execute(text("UPDATE loans SET borrower_id = 1"))
    session.rollback()


@pytest.mark.parametrize(
    "deed",
    [
        "UPDATE borrower_merges SET reason = 'Lain'",
        "UPDATE borrower_merges SET status = 'refused'",
        "DELETE FROM borrower_merges",
        "UPDATE borrower_moves SET to_id = to_id",
        "DELETE FROM borrower_moves",
    ],
)
def test_what_was_decided_and_moved_stays_written_down(
    pair: tuple[int, int], sign_in: SignIn, session: Session, deed: str
) -> None:
    merged(sign_in)
    session.rollback()
    with pytest.raises(DBAPIError, match="append-only"):
        session.execute(text(deed))
    session.rollback()


def test_a_merge_begins_as_a_request(
    pair: tuple[int, int], session: Session, people: dict[str, int]
) -> None:
    decided = {"status": "approved", "decided_by": people["approver"], "decided_at": now()}
    session.add(
        BorrowerMerge(kind="merge", kept_id=KEPT, gone_id=GONE, reason=REASON,
                      entered_by=people["staff"], entered_at=now(), **decided)
    )  # fmt: skip
    with pytest.raises(DBAPIError, match="begins as a request"):
        session.flush()
    session.rollback()


def test_what_changed_since_it_was_shown_is_not_approved_unseen(
    pair: tuple[int, int], sign_in: SignIn, session: Session
) -> None:
    staff, client = sign_in("staff"), sign_in("approver")
    number = asked(staff)
    action = f"/peminjam/gabung/{number}/setujui"
    late = hidden(page_of(client, f"/peminjam/gabung/{number}"), action)
    place = f"/peminjam/{GONE}/ubah"
    typed = SITI | opened(staff, place) | {"name": "Siti Aminah Binti Karto", "phone": "0811223344"}
    assert staff.post(place, data=typed).status_code == 302
    answer = client.post(action, data=late)
    assert answer.status_code == 409
    assert "berubah sejak ditampilkan" in answer.get_data(as_text=True)
    assert client.post(action, data=late | {"shown": "", "request_key": key()}).status_code == 409
    session.rollback()
    assert session.get_one(BorrowerMerge, number).status == "recorded"
    assert decide(client, number) == 302  # on what is shown now


def test_a_refusal_needs_a_reason_and_changes_nothing(
    pair: tuple[int, int], sign_in: SignIn, session: Session
) -> None:
    number = asked(sign_in("staff"))
    client = sign_in("approver")
    assert decide(client, number, "tolak", reason="") == 200
    assert decide(client, number, "tolak", reason="Dua orang bersaudara") == 302
    assert "Dua orang bersaudara" in page_of(sign_in("staff"), f"/peminjam/gabung/{number}")
    session.rollback()
    assert session.scalar(select(Loan.borrower_id)) == GONE
    body = {"shown": "0" * 64, "request_key": key()}
    again = client.post(f"/peminjam/gabung/{number}/setujui", data=body)
    assert "sudah diputuskan oleh Approver, yang menolaknya" in again.get_data(as_text=True)


def test_the_same_click_twice_merges_once(
    pair: tuple[int, int], sign_in: SignIn, session: Session
) -> None:
    number = asked(sign_in("staff"))
    client, action = sign_in("approver"), f"/peminjam/gabung/{number}/setujui"
    body = hidden(page_of(client, f"/peminjam/gabung/{number}"), action)
    first, again = client.post(action, data=body), client.post(action, data=body)
    assert first.headers["Location"] == again.headers["Location"] == f"/peminjam/{KEPT}"
    session.rollback()
    assert len(session.scalars(select(BorrowerMove)).all()) == 1


def test_a_merge_that_was_wrong_is_taken_apart_by_two_persons(
    pair: tuple[int, int], sign_in: SignIn, session: Session, app: Flask, people: dict[str, int]
) -> None:
    number = merged(sign_in, pilih_name="lain", pilih_nik="lain")
    newer = factories.saved(app, lambda s: lend(s, people, KEPT, 5))
    other = split_asked(sign_in("staff"), number)
    assert "sudah menunggu keputusan" in page_of(sign_in("staff"), f"/peminjam/gabung/{number}")
    session.rollback()
    assert session.scalar(select(Loan.borrower_id).where(Loan.id == 1)) == KEPT
    assert decide(sign_in("approver"), other) == 302
    session.rollback()
    assert session.scalar(select(Loan.borrower_id).where(Loan.id == 1)) == GONE
    assert session.scalar(select(Loan.borrower_id).where(Loan.id == newer)) == KEPT
    kept, gone = session.get_one(Borrower, KEPT), session.get_one(Borrower, GONE)
    assert (kept.name, gone.name) == ("Siti Aminah", "Siti Aminah Binti Karto")
    assert (kept.nik_tail, gone.nik_tail, gone.merged_into_id) == ("0001", "0002", None)
    assert nik_of(kept) == OLD
    client = sign_in("staff")
    assert client.get(f"/peminjam/{GONE}").status_code == 200
    assert "sudah dipisahkan lagi" in page_of(client, f"/peminjam/gabung/{number}")
    again = asked(client)  # and they may be asked for anew
    assert decide(sign_in("approver"), again) == 302


def test_a_record_merged_into_a_merged_one_leads_to_the_last_and_comes_back_in_order(
    pair: tuple[int, int], sign_in: SignIn, session: Session, app: Flask, people: dict[str, int]
) -> None:
    third = factories.saved(app, lambda s: factories.borrower(s, people["staff"], 3))
    staff, approver = sign_in("staff"), sign_in("approver")
    first = merged(sign_in)  # 2 into 1
    second = asked(staff, f"/peminjam/gabung/baru?tetap={third}&lain={KEPT}")  # 1 into 3
    assert decide(approver, second) == 302
    assert staff.get(f"/peminjam/{GONE}").headers["Location"] == f"/peminjam/{third}"
    said = page_of(staff, f"/peminjam/gabung/{first}")
    assert "sendiri sudah digabung ke catatan lain" in said
    assert decide(approver, split_asked(staff, second)) == 302
    assert staff.get(f"/peminjam/{GONE}").headers["Location"] == f"/peminjam/{KEPT}"
    assert decide(approver, split_asked(staff, first)) == 302
    assert staff.get(f"/peminjam/{GONE}").status_code == 200
    session.rollback()
    assert session.scalar(select(Loan.borrower_id)) == GONE


def test_two_cooperatives_exchange_their_numbers(
    app: Flask, people: dict[str, int], sign_in: SignIn, session: Session
) -> None:
    def make(s: Session) -> None:
        cooperative(s, people["staff"])
        first = s.get_one(Borrower, 1)
        s.flush()
        values = {c.name: getattr(first, c.name) for c in Borrower.__table__.columns}
        second = Borrower(**values | {"id": 2, "cooperative_number": "3374110020009"})
        give_nik(second, nik_of(first))  # sealed for its own row
        s.add(second)

    factories.saved(app, make)
    number = asked(sign_in("staff"), pilih_cooperative_number="lain")
    assert decide(sign_in("approver"), number) == 302
    session.rollback()
    assert session.get_one(Borrower, 1).cooperative_number == "3374110020009"
    assert session.get_one(Borrower, 2).cooperative_number == "3374110020001"
    for value in ("3374110020009", "3374110020001"):
        line = registered(session, BorrowerKind.COOPERATIVE, "", value)
        assert line is not None
        assert line.id == 1


def test_the_page_of_the_kept_borrower_takes_a_fixed_number_of_queries(
    pair: tuple[int, int], sign_in: SignIn, app: Flask, people: dict[str, int]
) -> None:
    merged(sign_in)
    client = sign_in("staff")
    client.get(f"/peminjam/{KEPT}")
    with factories.counted_queries(app) as few:
        client.get(f"/peminjam/{KEPT}")
    factories.saved(app, lambda s: [lend(s, people, KEPT, n) for n in range(20, 26)])
    with factories.counted_queries(app) as many:
        client.get(f"/peminjam/{KEPT}")
    assert len(many) == len(few)


def test_the_positions_of_the_loans_are_those_from_before(
    pair: tuple[int, int], sign_in: SignIn, session: Session
) -> None:
    classes = thresholds_on(session, today())
    before = [each.position for each in loans_of_borrower(session, GONE, today(), classes)]
    session.rollback()
    merged(sign_in)
    session.rollback()
    after = [each.position for each in loans_of_borrower(session, KEPT, today(), classes)]
    assert after == before
    assert len(after) == 1


def test_a_second_approver_is_told_who_decided(
    pair: tuple[int, int], sign_in: SignIn, session: Session
) -> None:
    add_user(session, username="kabid2", name="Kabid Dua", role=Role.APPROVER,
             password=factories.PASSWORD, bank_id=None, now=now())  # fmt: skip
    session.commit()
    number = asked(sign_in("staff"))
    action = f"/peminjam/gabung/{number}/setujui"
    second = sign_in("kabid2")
    late = hidden(page_of(second, f"/peminjam/gabung/{number}"), action)
    assert decide(sign_in("approver"), number) == 302
    answer = second.post(action, data=late)
    assert answer.status_code == 409
    assert "diputuskan oleh Approver, yang menyetujuinya" in answer.get_data(as_text=True)
