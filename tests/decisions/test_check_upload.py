"""A file of answers on its way: checked, sent by the bank's officer, seen by the office."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest
from flask import Flask
from sqlalchemy import event, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from tests import factories
from tests.applications.forms import act, moves, state, text_of
from tests.conftest import prepared
from tests.decisions.files import GOOD, HEAD, send, shown_on, text, upload
from tests.decisions.forms import answer, kept
from tests.proposals.test_sent_file import HEADINGS
from wibawa.access.models import TrailEntry
from wibawa.access.permissions import Role
from wibawa.access.users import add_user
from wibawa.applications.models import Application, ApplicationMove
from wibawa.applications.moves import Author
from wibawa.applications.queries import case
from wibawa.banks.models import Bank
from wibawa.decisions.models import BankDecision
from wibawa.proposals.actions import send as send_proposal
from wibawa.rules.statuses import State
from wibawa.uploads.models import Upload
from wibawa.web.clock import now

SignIn = Callable[[str], factories.Client]


@prepared
def sent(session: Session, people: dict[str, int]) -> list[int]:
    """Three applications at Bank Pasar that wait for its answer, Rp5.000.000 each."""
    return [
        factories.application(session, people, number=number, name=name)
        for number, name in enumerate(("Siti Aminah", "Joko", "Rini"), 1)
    ]


def test_the_answers_of_a_file_are_given_only_when_the_officer_sends_them(
    sign_in: SignIn, session: Session, people: dict[str, int], sent: list[int]
) -> None:
    client = sign_in("pasar")
    url = upload(client, GOOD)
    page = text(client, url)
    assert "Keputusan siap dikirim" in page
    assert "Rp4.000.000" in page
    assert "PM-000003 belum dijawab" in page
    assert kept(session) == []
    assert "sudah dikirim; dinas melihatnya" in send(client, url)
    assert kept(session) == [
        (sent[0], "approved", 4_000_000, None, "", people["pasar"]),
        (sent[1], "refused", None, "slik", "kol 5", people["pasar"]),
    ]
    assert [state(session, each) for each in sent] == ["approved", "refused_by_bank", "sent"]
    assert moves(session, sent[0])[-2:] == ["send", "approve"]
    found = session.get_one(Application, sent[0])
    assert (found.approved_amount, found.amount) == (4_000_000, 5_000_000)
    rows = session.execute(select(BankDecision.upload_id, BankDecision.row_number))
    assert sorted(tuple(row) for row in rows) == [(1, 2), (1, 3)]
    move = session.scalars(select(ApplicationMove).where(ApplicationMove.action == "decline")).one()
    assert (move.bank_id, move.reason) == (
        factories.PASAR, "Riwayat kredit pada SLIK buruk: kol 5",
    )  # fmt: skip
    upload_ = session.get_one(Upload, 1)
    assert (upload_.status, upload_.posted_by) == ("posted", people["pasar"])
    assert (upload_.posted_rows, upload_.posted_total) == (2, 4_000_000)


def test_the_office_reads_the_file_and_row_on_the_application(
    sign_in: SignIn, session: Session, people: dict[str, int], sent: list[int]
) -> None:
    client = sign_in("pasar")
    url = upload(client, GOOD, "dari_komite.csv").partition("?")[0]
    send(client, url)
    for who in ("staff", "approver", "auditor", "pasar"):
        reader = sign_in(who)
        page = text_of(reader, f"/permohonan/{sent[1]}")
        assert "dari_komite.csv</a>, baris 3." in page
        assert "Riwayat kredit pada SLIK buruk: kol 5" in page
        page = text(reader, url)
        assert "PM-000002" in page
        assert "Kirim keputusan</button>" not in page
    session.rollback()
    trail = select(TrailEntry.user_id, TrailEntry.detail).where(
        TrailEntry.action == "decisions_sent"
    )
    assert [tuple(row) for row in session.execute(trail)] == [
        (people["pasar"], "dari_komite.csv: 1 disetujui, Rp4.000.000; 1 ditolak")
    ]


def test_exactly_the_list_that_was_sent_is_taken_back_filled_in(
    sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    made = factories.application(session, people, to=State.RECOMMENDED)
    found = case(session, made)
    assert found is not None
    clerk = Author(people["staff"], Role.OFFICE_STAFF, now())
    bank = session.get_one(Bank, factories.PASAR)
    batch = send_proposal(session, bank, {made: found.facts.version}, clerk)
    session.commit()
    client = sign_in("pasar")
    assert "Unggah keputusan" in text(client, f"/usulan/{batch}")
    book = openpyxl.load_workbook(io.BytesIO(client.get(f"/usulan/{batch}/daftar.xlsx").data))
    sheet: Any = book.active
    head = next(row for row in sheet.iter_rows() if row[0].value == "No.")
    places = {cell.value: cell.column for cell in head}
    assert tuple(places) == HEADINGS
    line = head[0].row + 1
    for heading, value in (("KEPUTUSAN", "DISETUJUI"), ("JUMLAH DISETUJUI", 4_500_000)):
        sheet.cell(line, places[heading]).value = value
    filled = io.BytesIO()
    book.save(filled)
    url = upload(client, filled.getvalue(), "daftar.xlsx")
    assert "Kirim keputusan" in text(client, url)
    send(client, url)
    assert [row[:3] for row in kept(session)] == [(made, "approved", 4_500_000)]


def test_pressing_twice_answers_once(sign_in: SignIn, session: Session, sent: list[int]) -> None:
    client = sign_in("pasar")
    url = upload(client, GOOD)
    shown = shown_on(text(client, url))
    for _ in range(3):
        assert "sudah dikirim" in send(client, url, shown)
    assert len(kept(session)) == 2
    assert moves(session, sent[0]).count("approve") == 1


def test_a_faulty_file_shows_each_problem_in_the_officers_own_row_and_cannot_be_sent(
    sign_in: SignIn, session: Session, sent: list[int]
) -> None:
    client = sign_in("pasar")
    url = upload(client, "PM-000001;Siti Aminah;SETUJU;5.000.001;\nPM-000009;X;TOLAK;;slik\n")
    page = text(client, url)
    assert "2 masalah dalam 2 baris" in page
    assert "paling banyak Rp5.000.000" in page
    assert "PM-000009 tidak ada di antara permohonan yang dikirim ke bank ini" in page
    assert "Kirim keputusan</button>" not in page
    assert "masih bermasalah" in send(client, url, "x")
    assert kept(session) == []
    assert state(session, sent[0]) == "sent"


def test_another_banks_number_is_told_like_one_that_nobody_has(
    sign_in: SignIn, session: Session, people: dict[str, int], sent: list[int]
) -> None:
    hidden = factories.application(session, people, number=4, to=State.RECOMMENDED)
    theirs = factories.application(session, people, number=5, bank_id=factories.JATENG)
    session.commit()
    numbers = [f"PM-{number:06d}" for number in (hidden, theirs, 999_999)]
    client = sign_in("pasar")
    page = text(client, upload(client, "".join(f"{n};X;TOLAK;;slik\n" for n in numbers)))
    said = [page.partition(f"Permohonan {n} ")[2].partition("<")[0] for n in numbers]
    assert said[0]
    assert said[0] == said[1] == said[2]
    assert "Jateng" not in page


def test_another_banks_file_is_not_there(sign_in: SignIn, session: Session) -> None:
    url = upload(sign_in("pasar"), GOOD).partition("?")[0]
    other = sign_in("jateng")
    for address in (url, f"{url}/hasil.xlsx", f"{url}/asli"):
        assert other.get(address).status_code == 404
    for action in ("kirim", "tarik", "pilihan"):
        assert other.post(f"{url}/{action}", data={"shown": ""}).status_code == 404
    session.rollback()
    denied = select(TrailEntry.id).where(TrailEntry.action == "denied")
    assert len(session.scalars(denied).all()) == 6


def test_the_marked_file_has_the_officers_columns_first_then_status_and_explanation(
    sign_in: SignIn, sent: list[int]
) -> None:
    client = sign_in("pasar")
    url = upload(client, "PM-000001;Siti Aminah;SETUJU;;\nPM-000002;Joko;TOLAK;;slik\n")
    answer = client.get(f"{url.partition('?')[0]}/hasil.xlsx")
    sheet: Any = openpyxl.load_workbook(io.BytesIO(answer.data)).active
    rows = [list(row) for row in sheet.iter_rows(values_only=True)]
    assert rows[0] == [*HEAD.strip().split(";"), "STATUS", "KETERANGAN", "BARIS"]
    assert (rows[1][5], rows[1][7]) == ("PERBAIKI", 2)
    assert "Jumlah yang disetujui kosong" in rows[1][6]
    assert rows[2][5] == "BENAR"


def test_the_marked_file_may_be_mended_and_sent_again(
    sign_in: SignIn, session: Session, sent: list[int]
) -> None:
    client = sign_in("pasar")
    first = upload(client, "PM-000001;Siti Aminah;SETUJU;;\n").partition("?")[0]
    marked = client.get(f"{first}/hasil.xlsx").data
    book = openpyxl.load_workbook(io.BytesIO(marked))
    sheet: Any = book.active
    sheet.cell(2, 4).value = 4_000_000
    mended = io.BytesIO()
    book.save(mended)
    url = upload(client, mended.getvalue(), "diperbaiki.xlsx", replaces=first.rsplit("/", 1)[1])
    assert "Berkas ditarik" in text(client, first)
    send(client, url)
    assert [row[2] for row in kept(session)] == [4_000_000]


def test_leaving_bad_rows_out_needs_a_reason_and_then_sends_the_right_ones(
    sign_in: SignIn, session: Session, sent: list[int]
) -> None:
    client = sign_in("pasar")
    url = upload(client, "PM-000001;Siti Aminah;SETUJU;1;\nPM-000002;Joko;TOLAK;;\n")
    url = url.partition("?")[0]
    client.post(f"{url}/pilihan", data={"skip_problems": "y", "reason": " "})
    assert "Kirim keputusan</button>" not in text(client, url)
    data = {"skip_problems": "y", "reason": "menunggu komite"}
    client.post(f"{url}/pilihan", data=data)
    page = text(client, url)
    assert "1 baris bermasalah dilewati dengan alasan: menunggu komite" in page
    send(client, url)
    assert [row[0] for row in kept(session)] == [sent[0]]
    assert state(session, sent[1]) == "sent"


def test_what_was_decided_on_screen_meanwhile_stops_the_whole_file(
    sign_in: SignIn, session: Session, sent: list[int]
) -> None:
    client = sign_in("pasar")
    url = upload(client, GOOD)
    shown = shown_on(text(client, url))
    assert answer(client, sent[1], "setujui", amount="3.000.000").status_code == 302
    page = send(client, url, shown)
    assert "Keputusan belum dikirim" in page
    assert "sudah disetujui Rp3.000.000 oleh Pasar pada 24 November 2026" in page
    assert [row[:3] for row in kept(session)] == [(sent[1], "approved", 3_000_000)]
    assert state(session, sent[0]) == "sent"


def test_what_the_office_withdrew_meanwhile_is_told(
    sign_in: SignIn, session: Session, sent: list[int]
) -> None:
    client = sign_in("pasar")
    url = upload(client, GOOD)
    shown = shown_on(text(client, url))
    assert act(sign_in("staff"), sent[0], "batalkan") == 302
    page = send(client, url, shown)
    assert "PM-000001 sudah dibatalkan dinas pada 24 November 2026" in page
    assert kept(session) == []


def test_answers_that_were_not_shown_are_shown_before_they_are_sent(
    sign_in: SignIn, session: Session, sent: list[int]
) -> None:
    client = sign_in("pasar")
    url = upload(client, GOOD)
    shown = shown_on(text(client, url))
    assert answer(client, sent[1], "tolak", explanation="kol 5").status_code == 302
    page = send(client, url, shown)
    assert "berubah sejak halaman ini dibuka" in page
    assert "PM-000002 sudah ditolak oleh Pasar" in page
    assert state(session, sent[0]) == "sent"
    send(client, url)
    assert state(session, sent[0]) == "approved"
    assert len(kept(session)) == 2


def test_the_rest_may_follow_in_the_same_list(
    sign_in: SignIn, session: Session, sent: list[int]
) -> None:
    client = sign_in("pasar")
    send(client, upload(client, GOOD))
    later = GOOD.replace("Rini;;;", "Rini;DISETUJUI;5.000.000;")
    url = upload(client, later, "lengkap.csv")
    page = text(client, url)
    assert "PM-000001 sudah disetujui Rp4.000.000 oleh Pasar" in page
    send(client, url)
    assert [row[0] for row in kept(session)] == sent
    rows = select(BankDecision.upload_id).order_by(BankDecision.application_id)
    assert list(session.scalars(rows)) == [1, 1, 2]


def test_a_withdrawn_file_answers_nothing_and_may_come_again(
    sign_in: SignIn, session: Session, sent: list[int]
) -> None:
    client = sign_in("pasar")
    url = upload(client, GOOD).partition("?")[0]
    shown = shown_on(text(client, url))
    client.post(f"{url}/tarik")
    assert "sudah ditarik" in send(client, url, shown)
    assert kept(session) == []
    assert upload(client, GOOD).partition("?")[0] != url


def test_a_nik_in_the_file_is_shown_and_kept_masked(
    sign_in: SignIn, session: Session, sent: list[int]
) -> None:
    client = sign_in("pasar")
    nik = "3374014804850501"
    rows = f"PM-000001;Siti Aminah {nik};SETUJU;1;NIK {nik}\nPM-000002;{nik};TOLAK;;{nik}\n"
    page = text(client, upload(client, rows, f"{nik}.csv"))
    assert nik not in page
    assert "************0501" in page


def test_many_answers_take_as_many_statements_as_few(
    app: Flask, sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    many = [factories.application(session, people, number=number) for number in range(1, 31)]
    session.commit()
    client = sign_in("pasar")

    def statements(numbers: list[int]) -> int:
        rows = "".join(
            f"PM-{n:06d};Siti Aminah;{'SETUJU;1;' if n % 2 else 'TOLAK;;slik'}\n" for n in numbers
        )
        url = upload(client, rows)
        shown, seen = shown_on(text(client, url)), []

        def note(_: object, __: object, statement: str, *___: object) -> None:
            seen.append(statement)

        engine = session.get_bind()
        event.listen(engine, "before_cursor_execute", note)
        client.post(f"{url.partition('?')[0]}/kirim", data={"shown": shown})
        event.remove(engine, "before_cursor_execute", note)
        return len(seen)

    few = statements(many[:4])
    assert statements(many[4:]) == few
    assert len(kept(session)) == 30


@pytest.mark.parametrize("engine_name", ["postgresql"], indirect=True)
def test_of_a_file_and_a_screen_at_once_one_wins(
    app: Flask, sign_in: SignIn, session: Session, sent: list[int]
) -> None:
    add_user(session, username="pasar2", name="Pasar Dua", role=Role.BANK_OFFICER,
             password=factories.PASSWORD, bank_id=factories.PASAR, now=now())  # fmt: skip
    session.commit()
    first, second = sign_in("pasar"), sign_in("pasar2")
    url = upload(first, GOOD)
    shown, gate = shown_on(text(first, url)), threading.Barrier(2)
    deeds = (
        lambda: send(first, url, shown),
        lambda: answer(second, sent[0], "tolak", reason_code="slik"),
    )

    def run(deed: Callable[[], object]) -> None:
        gate.wait()
        deed()

    session.rollback()
    threads = [threading.Thread(target=run, args=(deed,)) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    found = {row[0]: row[1] for row in kept(session)}
    assert found in ({sent[0]: "approved", sent[1]: "refused"}, {sent[0]: "refused"})
    assert len([each for each in moves(session, sent[0]) if each in ("approve", "decline")]) == 1


@pytest.mark.usefixtures("sent")
def test_the_database_keeps_a_file_from_another_banks_application(
    sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    theirs = factories.application(session, people, number=5, bank_id=factories.JATENG)
    session.commit()
    upload(sign_in("pasar"), GOOD)
    session.rollback()
    session.add(
        BankDecision(application_id=theirs, bank_id=factories.JATENG, outcome="approved", amount=1,
                     note="", user_id=people["pasar"], decided_at=now(), upload_id=1, row_number=2)
    )  # fmt: skip
    with pytest.raises(IntegrityError):
        session.flush()
