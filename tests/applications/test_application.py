from __future__ import annotations

import html
import threading
from collections.abc import Callable
from itertools import product

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from tests import factories
from tests.applications.forms import (
    REASON,
    VISIT,
    act,
    body,
    key,
    moves,
    recorded,
    second_approver,
    state,
    text_of,
    visited,
)
from wibawa.access.models import TrailEntry
from wibawa.applications.models import Application, ApplicationMove
from wibawa.rules.statuses import MOVES, STATE_WORDS, State

SignIn = Callable[[str], factories.Client]
# Address, what it is in the table of moves, and who has the page.
POSTED = {
    "ajukan": ("submit", {"staff"}),
    "kunjungan": ("visit", {"staff"}),
    "rekomendasikan": ("recommend", {"approver"}),
    "kembalikan": ("return", {"staff", "approver"}),
    "tolak": ("refuse", {"approver"}),
    "batalkan": ("withdraw", {"staff"}),
}


def test_the_whole_way_from_the_counter_to_the_recommendation(
    sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    clerk, visitor, head = sign_in("staff"), sign_in("staff2"), sign_in("approver")
    number = recorded(clerk, simpan="1")
    assert state(session, number) == "draft"
    assert act(clerk, number, "ajukan") == 302
    visited(visitor, number)
    assert act(head, number, "rekomendasikan") == 302
    found = session.get_one(Application, number)
    assert (found.number, found.state, found.version) == ("PM-000001", "recommended", 4)
    by = (found.created_by, found.submitted_by, found.visited_by, found.recommended_by)
    assert by == (people["staff"], people["staff"], people["staff2"], people["approver"])
    assert moves(session, number) == ["record", "submit", "visit", "recommend"]
    page = text_of(clerk, f"/permohonan/{number}")
    for words in ("Direkomendasikan", "Rp4.500.000", "4 dari 4, sangat baik", "Approver"):
        assert words in page
    trail = session.scalars(
        select(TrailEntry.action).where(TrailEntry.object_kind == "application")
    )
    assert list(trail) == [
        f"application_{each}" for each in ("record", "submit", "visit", "recommend")
    ]


def test_a_returned_application_is_completed_and_goes_round_again(
    sign_in: SignIn, session: Session
) -> None:
    clerk, head = sign_in("staff"), sign_in("approver")
    number = recorded(clerk)
    visited(clerk, number)
    assert act(head, number, "kembalikan") == 302
    page = text_of(clerk, f"/permohonan/{number}")
    assert f"Alasan: {REASON}" in page
    assert "Dikembalikan oleh Approver, 24 November 2026 10.00" in page
    assert act(clerk, number, "ajukan") == 302
    visited(clerk, number, notes="Kunjungan kedua, berkas sudah lengkap.")
    page = text_of(head, f"/permohonan/{number}")
    assert "Kunjungan lapangan ke-2" in page
    assert act(head, number, "rekomendasikan") == 302


@pytest.mark.parametrize(
    ("who", "action", "to"),
    [("approver", "tolak", "refused_by_office"), ("staff", "batalkan", "withdrawn")],
)
def test_an_end_needs_a_reason_and_stays(
    sign_in: SignIn, session: Session, who: str, action: str, to: str
) -> None:
    number = recorded(sign_in("staff"))
    client = sign_in(who)
    answer = client.post(f"/permohonan/{number}/{action}", data=body(client, number, reason=" a "))
    assert "Tulis alasan dengan 5 sampai 300 karakter." in answer.get_data(as_text=True)
    assert state(session, number) == "submitted"
    assert act(client, number, action) == 302
    assert state(session, number) == to
    page = text_of(client, f"/permohonan/{number}")
    assert f"Alasan: {REASON}" in page
    assert 'name="reason"' not in page, "nothing more can be done"


def _put(session: Session, people: dict[str, int], number: int, to: State) -> None:
    """Set a state as the database allows it, past the table of moves."""
    session.execute(
        update(Application)
        .where(Application.id == number)
        .values(
            state=to,
            due_on=None,
            submitted_by=people["staff2"],
            visited_by=people["staff2"],
            recommended_by=people["approver"] if to in LATER else None,
            approved_amount=1 if to in ANSWERED else None,
        )
    )
    session.commit()


LATER = {State.RECOMMENDED, State.SENT, State.APPROVED, State.DISBURSED}
ANSWERED = {State.APPROVED, State.DISBURSED}


@pytest.mark.parametrize("address", POSTED)
def test_every_illegal_move_is_refused_in_words_and_changes_nothing(
    sign_in: SignIn, session: Session, people: dict[str, int], address: str
) -> None:
    action, having = POSTED[address]
    row = next(move for each, move in MOVES.items() if each == action)
    clients = {name: sign_in(name) for name in ("staff", "approver")}
    number = recorded(clients["staff"], simpan="1")
    data = {"shown": "0" * 64, "reason": REASON} | VISIT
    for to, (name, client) in product(State, clients.items()):
        if name in having and to in row.sources:
            continue
        _put(session, people, number, to)
        answer = client.post(f"/permohonan/{number}/{address}", data=data | {"request_key": key()})
        said = html.unescape(answer.get_data(as_text=True))
        if name in having:
            assert answer.status_code == 409, (to, name)
            assert f"Permohonan ini berstatus {STATE_WORDS[to].lower()}" in said, (to, name)
        else:
            assert answer.status_code == 403, (to, name)
            assert "Bukan wewenang Anda" in said
        assert state(session, number) == to
        assert moves(session, number) == ["record"]


def test_nobody_recommends_or_refuses_what_she_prepared(
    sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    clerk = sign_in("staff")
    number = recorded(clerk)
    visited(clerk, number)
    session.execute(text("UPDATE users SET role = 'approver' WHERE username = 'staff'"))
    session.commit()
    page = text_of(clerk, f"/permohonan/{number}")
    assert "Keputusannya harus diambil orang lain" in page
    assert "/rekomendasikan" not in page
    for action in ("rekomendasikan", "tolak"):
        data = {"shown": "x", "request_key": key(), "reason": REASON}
        answer = clerk.post(f"/permohonan/{number}/{action}", data=data)
        assert answer.status_code == 409
        assert "Anda ikut menyiapkan permohonan ini" in answer.get_data(as_text=True)
    assert state(session, number) == "visited"
    denied = select(TrailEntry.object_id).where(TrailEntry.action == "denied")
    assert list(session.scalars(denied)) == [number, number]


@pytest.mark.parametrize("column", ["created_by", "submitted_by", "visited_by"])
def test_the_database_refuses_the_same_person_too(
    sign_in: SignIn, session: Session, column: str
) -> None:
    clerk = sign_in("staff")
    visited(clerk, recorded(clerk))
    with pytest.raises(IntegrityError, match="two_persons"):
        session.execute(
            text(f"UPDATE applications SET state = 'recommended', recommended_by = {column}")
        )


@pytest.mark.parametrize("to", ["visited", "recommended", "sent", "approved", "disbursed"])
def test_the_database_refuses_a_state_that_nobody_led_to(
    sign_in: SignIn, session: Session, to: str
) -> None:
    recorded(sign_in("staff"))
    amount = 1 if to in ANSWERED else "NULL"
    with pytest.raises(IntegrityError, match="by_somebody"):
        session.execute(
            text(
                f"UPDATE applications SET state = '{to}', approved_amount = {amount}, due_on = NULL"
            )
        )


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE application_moves SET reason = 'lain'",
        "DELETE FROM application_moves",
        "UPDATE site_visits SET feasible = feasible",
        "DELETE FROM site_visits",
        "UPDATE applications SET borrower_id = borrower_id",
        "UPDATE applications SET created_by = created_by",
        "DELETE FROM applications",
    ],
)
def test_what_was_written_down_stays(sign_in: SignIn, session: Session, statement: str) -> None:
    clerk = sign_in("staff")
    visited(clerk, recorded(clerk))
    with pytest.raises(DBAPIError, match=r"append-only|never|only a decided merge"):
        session.execute(text(statement))


def test_a_bank_cannot_answer_another_banks_application(
    sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    number = recorded(sign_in("staff"))
    move = {"application_id": number, "sequence": 3, "action": "approve", "from_state": "sent"}
    for bank, user in ((factories.JATENG, "jateng"), (None, "pasar")):
        with pytest.raises(IntegrityError):
            session.execute(
                ApplicationMove.__table__.insert(),  # type: ignore[attr-defined]
                move
                | {"to_state": "approved", "user_id": people[user], "bank_id": bank}
                | {"at": session.get_one(Application, number).created_at, "reason": ""},
            )
        session.rollback()


def test_a_second_approver_is_told_who_decided(sign_in: SignIn, session: Session) -> None:
    second_approver(session)
    clerk, first, second = sign_in("staff"), sign_in("approver"), sign_in("kabid2")
    number = recorded(clerk)
    visited(clerk, number)
    late = body(second, number)
    assert act(first, number, "rekomendasikan") == 302
    said = text_of(second, f"/permohonan/{number}/rekomendasikan", late)
    assert "berstatus direkomendasikan" in said
    assert "Terakhir direkomendasikan oleh Approver pada 24 November 2026" in said


def test_two_approvers_at_the_same_moment_recommend_once(sign_in: SignIn, session: Session) -> None:
    second_approver(session)
    clerk = sign_in("staff")
    number = recorded(clerk)
    visited(clerk, number)
    clients = [sign_in("approver"), sign_in("kabid2")]
    bodies = [body(client, number) for client in clients]
    answers: list[int] = []

    def press(client: factories.Client, data: dict[str, str]) -> None:
        answers.append(client.post(f"/permohonan/{number}/rekomendasikan", data=data).status_code)

    threads = [
        threading.Thread(target=press, args=pair) for pair in zip(clients, bodies, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [302, 409]
    assert moves(session, number).count("recommend") == 1


def test_the_same_click_twice_moves_once(sign_in: SignIn, session: Session) -> None:
    clerk = sign_in("staff")
    number = recorded(clerk, simpan="1")
    data = body(clerk, number)
    for _ in range(2):
        assert clerk.post(f"/permohonan/{number}/ajukan", data=data).status_code == 302
    assert moves(session, number) == ["record", "submit"]


def test_what_changed_since_it_was_shown_is_not_recommended(
    sign_in: SignIn, session: Session
) -> None:
    clerk, head = sign_in("staff"), sign_in("approver")
    number = recorded(clerk)
    visited(clerk, number)
    data = body(head, number)
    session.execute(update(Application).values(amount=4_000_000))
    session.commit()
    said = text_of(head, f"/permohonan/{number}/rekomendasikan", data)
    assert "berubah sejak ditampilkan" in said
    assert "Rp4.000.000" in said, "the page shows what is there now"
    assert state(session, number) == "visited"


def test_a_loan_that_was_opened_meanwhile_stops_the_recommendation(
    sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    clerk, head = sign_in("staff"), sign_in("approver")
    number = recorded(clerk)
    visited(clerk, number)
    data = body(head, number)
    factories.loan(session, people["staff"], people["approver"], number=12)
    session.commit()
    said = text_of(head, f"/permohonan/{number}/rekomendasikan", data)
    assert "masih mempunyai pinjaman KW-000001" in said
    page = text_of(head, f"/permohonan/{number}")
    assert "belum memenuhi syarat" in page
    assert f'action="/permohonan/{number}/rekomendasikan"' not in page
    assert state(session, number) == "visited"


def test_a_business_that_is_not_feasible_is_not_recommended(
    sign_in: SignIn, session: Session
) -> None:
    clerk, head = sign_in("staff"), sign_in("approver")
    number = recorded(clerk)
    visited(clerk, number, feasible="tidak", recommended_amount="0")
    assert "hanya dapat dikembalikan atau ditolak" in text_of(head, f"/permohonan/{number}")
    assert act(head, number, "rekomendasikan") == 409
    assert state(session, number) == "visited"


def test_the_auditor_reads_and_others_do_not(sign_in: SignIn) -> None:
    number = recorded(sign_in("staff"))
    page = text_of(sign_in("auditor"), f"/permohonan/{number}")
    assert "Siti Aminah" in page
    assert "Perempuan, tahun 1985" in page
    assert "April 1985" not in page
    assert 'name="shown"' not in page
    for who, answer in (("jateng", 404), ("pasar", 404), ("leader", 403), ("admin", 403)):
        assert sign_in(who).get(f"/permohonan/{number}").status_code == answer
    assert sign_in("staff").get("/permohonan/99").status_code == 404
