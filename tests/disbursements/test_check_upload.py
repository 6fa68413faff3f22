"""A file of disbursements on its way: checked, submitted, confirmed as a whole by the approver."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable

import openpyxl
import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy import text as sql
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from tests import factories
from tests.applications.forms import act, moves, state
from tests.banks.forms import approve, proposed
from tests.conftest import prepared
from tests.disbursements.forms import counts
from tests.disbursements.payments import line, press, shown_on, text, upload
from wibawa.access.models import TrailEntry
from wibawa.access.permissions import Role
from wibawa.access.users import add_user
from wibawa.banks.queries import quota_lines
from wibawa.disbursements.models import Disbursement
from wibawa.loans.invariants import run_checks
from wibawa.loans.models import LedgerEntry, Loan
from wibawa.rules.facts import BankKind
from wibawa.rules.money import rupiah
from wibawa.rules.statuses import State
from wibawa.uploads.models import Upload
from wibawa.web.clock import now, today
from wibawa.web.formats import METHODS, rate

SignIn = Callable[[str], factories.Client]
CLASSES = {BankKind.COMMERCIAL: (0, 90, 120, 180), BankKind.RURAL: (30, 90, 180, 360)}
GOOD = line(1) + line(2, amount="3.500.000")


@prepared
def approved(session: Session, people: dict[str, int]) -> list[int]:
    """Two applications at Bank Pasar, each approved for Rp4.000.000 of Rp5.000.000."""
    made = [
        factories.application(session, people, number=number, to=State.APPROVED, approved=4_000_000)
        for number in (1, 2)
    ]
    assert made == [1, 2]
    return made


def whole(session: Session) -> None:
    session.rollback()
    assert [each for each in run_checks(session, today(), CLASSES) if not each.ok] == []


def submitted(client: factories.Client, rows: str = GOOD, **more: int) -> str:
    url = upload(client, rows, **more).partition("?")[0]  # type: ignore[arg-type]
    assert "sudah diajukan ke kepala bidang" in press(client, url, "ajukan")
    return url


def test_the_loans_open_only_when_the_approver_confirms_all(
    sign_in: SignIn, session: Session, people: dict[str, int], approved: list[int]
) -> None:
    officer, approver = sign_in("pasar"), sign_in("approver")
    url = upload(officer, GOOD).partition("?")[0]
    page = text(officer, url)
    assert "Berkas siap diajukan" in page
    assert "Setujui semua" not in text(approver, url)
    press(officer, url, "ajukan")
    assert counts(session) == (0, 0, 0)
    assert "berkas pencairan menunggu persetujuan" in text(approver, "/")
    page = text(approver, url)
    for said in ("PM-000001", "012300001", "Rp7.500.000", "24/11/2028",
                 "disetujui bank Rp4.000.000"):  # fmt: skip
        assert said in page
    assert "pinjamannya terbuka" in press(approver, url, "setujui")
    assert counts(session) == (2, 2, 2)
    for number in approved:
        assert state(session, number) == "disbursed"
        assert moves(session, number)[-2:] == ["approve", "disburse"]
    rows = session.scalars(select(Disbursement).order_by(Disbursement.id)).all()
    assert [(each.upload_id, each.row_number, each.principal) for each in rows] == [
        (1, 2, 4_000_000), (1, 3, 3_500_000),
    ]  # fmt: skip
    assert {(each.entered_by, each.decided_by, each.months, each.method) for each in rows} == {
        (people["pasar"], people["approver"], 24, "flat")
    }
    assert {each.agreement_on for each in rows} == {today()}
    entry = session.scalars(select(LedgerEntry).order_by(LedgerEntry.loan_id)).all()[0]
    assert (entry.kind, entry.upload_id, entry.row_number) == ("disbursement", 1, 2)
    assert (entry.entered_by, entry.approved_by) == (people["pasar"], people["approver"])
    trail = select(TrailEntry.detail).where(TrailEntry.action == "disbursements_paid")
    assert session.scalar(trail) == "pencairan.csv: 2 pinjaman, Rp7.500.000"
    whole(session)


def test_file_row_loan_and_application_lead_to_each_other(
    sign_in: SignIn, session: Session, approved: list[int]
) -> None:
    url = submitted(sign_in("pasar"))
    press(sign_in("approver"), url, "setujui")
    loan_id = session.scalar(select(Loan.id).order_by(Loan.id))
    for who in ("staff", "pasar", "auditor"):
        client = sign_in(who)
        page = text(client, url)
        assert f'href="/pinjaman/{loan_id}"' in page
        assert 'href="/permohonan/1"' in page
        assert f'href="{url}?baris=2#baris-2"' in text(client, f"/pinjaman/{loan_id}")
    page = text(sign_in("staff"), "/pencairan/1")
    assert "pencairan.csv</a>, baris 2" in page


def test_the_office_may_send_a_banks_file_too(
    sign_in: SignIn, session: Session, people: dict[str, int], approved: list[int]
) -> None:
    url = submitted(sign_in("staff"), bank_id=factories.PASAR)
    press(sign_in("approver"), url, "setujui")
    assert counts(session) == (2, 2, 2)
    assert set(session.scalars(select(Disbursement.entered_by))) == {people["staff"]}
    whole(session)


def test_the_other_banks_application_is_unknown_and_its_officer_finds_nothing(
    sign_in: SignIn, session: Session, people: dict[str, int], approved: list[int]
) -> None:
    jateng = sign_in("jateng")
    url = upload(jateng, line(1)).partition("?")[0]
    page = text(jateng, url)
    assert "Permohonan PM-000001 tidak ada di antara permohonan yang dikirim ke bank ini" in page
    same = page.replace("PM-000001", "PM-000777")
    unknown = text(jateng, upload(jateng, line(777)))
    sentence = "tidak ada di antara permohonan yang dikirim ke bank ini; periksa nomornya"
    assert same.count(sentence) == unknown.count(sentence) == 1
    url = upload(sign_in("pasar"), line(1)).partition("?")[0]
    for address in (url, f"{url}/asli", f"{url}/hasil.xlsx"):
        assert jateng.get(address).status_code == 404
    for verb in ("ajukan", "tarik"):
        assert jateng.post(f"{url}/{verb}").status_code == 404
    session.rollback()
    denied = select(TrailEntry.id).where(
        TrailEntry.action == "denied", TrailEntry.user_id == people["jateng"]
    )
    assert len(session.scalars(denied).all()) == 5


def test_one_faulty_row_stops_the_whole_file_and_tells_every_problem(
    sign_in: SignIn, session: Session, approved: list[int]
) -> None:
    client = sign_in("pasar")
    url = upload(client, line(1) + line(2, amount="4.000.001", disbursed_on="25-11-2026"))
    page = text(client, url)
    assert "Berkas perlu diperbaiki" in page
    assert "melebihi yang disetujui bank, Rp4.000.000" in page
    assert "sesudah hari ini (24 November 2026)" in page
    assert "Ajukan ke kepala bidang" not in page
    assert "Berkas ini masih bermasalah" in press(client, url, "ajukan", "")
    assert counts(session) == (0, 0, 0)
    mended = upload(client, GOOD, "perbaikan.csv", replaces="1")
    assert "Berkas siap diajukan" in text(client, mended)
    session.rollback()
    assert session.get_one(Upload, 1).status == "withdrawn"


def test_the_senders_own_file_comes_back_marked(
    sign_in: SignIn, session: Session, approved: list[int]
) -> None:
    client = sign_in("pasar")
    url = upload(client, line(1) + line(2, amount="x")).partition("?")[0]
    sheet = openpyxl.load_workbook(io.BytesIO(client.get(f"{url}/hasil.xlsx").data)).active
    assert sheet is not None
    told = [[str(cell.value or "") for cell in row] for row in sheet.iter_rows()]
    assert any("PM-000002" in row and "tidak dapat dibaca" in " ".join(row) for row in told)
    assert client.get(f"{url}/asli").data.startswith(b"Nomor Permohonan")


def test_a_second_press_changes_nothing(
    sign_in: SignIn, session: Session, approved: list[int]
) -> None:
    officer, approver = sign_in("pasar"), sign_in("approver")
    url = submitted(officer)
    press(officer, url, "ajukan", "")
    shown = shown_on(text(approver, url))
    press(approver, url, "setujui", shown)
    press(approver, url, "setujui", shown)
    assert counts(session) == (2, 2, 2)
    whole(session)


def test_two_approvers_at_the_same_moment_open_the_loans_once(
    sign_in: SignIn, session: Session, people: dict[str, int], approved: list[int]
) -> None:
    add_user(session, username="kabid2", name="Kabid Dua", role=Role.APPROVER,
             password=factories.PASSWORD, bank_id=None, now=now())  # fmt: skip
    session.commit()
    url = submitted(sign_in("pasar"))
    clients = [sign_in("approver"), sign_in("kabid2")]
    shown = shown_on(text(clients[0], url))
    session.rollback()
    answers: list[int] = []

    def push(client: factories.Client) -> None:
        answer = client.post(f"{url}/setujui", data={"shown": shown})
        answers.append(answer.status_code)

    threads = [threading.Thread(target=push, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [302, 302]
    assert counts(session) == (2, 2, 2)
    assert moves(session, 1).count("disburse") == 1
    whole(session)


def test_an_application_withdrawn_meanwhile_stops_all_and_is_told(
    sign_in: SignIn, session: Session, approved: list[int]
) -> None:
    url = submitted(sign_in("pasar"))
    approver = sign_in("approver")
    shown = shown_on(text(approver, url))
    assert act(sign_in("staff"), 2, "batalkan") == 302
    page = press(approver, url, "setujui", shown)
    assert "Belum ada yang dicairkan" in page
    assert "PM-000002 berstatus dibatalkan" in page
    assert counts(session) == (0, 0, 0)
    assert state(session, 1) == "approved"
    assert session.get_one(Upload, 1).status == "faulty"


def test_what_changed_since_it_was_shown_is_shown_again(
    sign_in: SignIn, session: Session, approved: list[int]
) -> None:
    url = submitted(sign_in("pasar"))
    page = press(sign_in("approver"), url, "setujui", "0" * 64)
    assert "Hasil pemeriksaan berubah" in page
    assert "Setujui semua" in page
    assert counts(session) == (0, 0, 0)


def annuity(_: SignIn, session: Session) -> None:
    session.execute(sql("UPDATE banks SET method = 'annuity'"))
    session.commit()


def in_500s(_: SignIn, session: Session) -> None:
    session.execute(sql("UPDATE banks SET multiple = 500"))
    session.commit()


def dearer_from_today(sign_in: SignIn, _: Session) -> None:
    approve(sign_in, proposed(sign_in("staff"), valid_from="24/11/2026", rate="4,5"))


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (annuity, '3,00% per tahun<span class="sub">Anuitas</span>'),
        (in_500s, '3,00% per tahun<span class="sub">Flat, kelipatan Rp500</span>'),
        (dearer_from_today, '4,50% per tahun<span class="sub">Flat</span>'),
    ],
)
def test_terms_that_changed_since_the_approver_looked_are_shown_before_any_loan_opens(
    sign_in: SignIn,
    session: Session,
    approved: list[int],
    changed: Callable[[SignIn, Session], None],
    told: str,
) -> None:
    url = submitted(sign_in("pasar"))
    approver = sign_in("approver")
    page = text(approver, url)
    assert page.count('3,00% per tahun<span class="sub">Flat</span>') == 2
    changed(sign_in, session)
    page = press(approver, url, "setujui", shown_on(page))
    assert "Hasil pemeriksaan berubah" in page
    assert page.count(told) == 2
    assert counts(session) == (0, 0, 0)
    session.rollback()
    assert "pinjamannya terbuka" in press(approver, url, "setujui", shown_on(page))
    session.rollback()
    for loan in session.scalars(select(Loan)):
        said = f", kelipatan {rupiah(loan.multiple)}" if loan.multiple > 1 else ""
        method = f'<span class="sub">{METHODS[loan.method]}{said}</span>'
        assert told == f"{rate(loan.rate)}{method}"
    whole(session)


def test_one_recorded_on_screen_meanwhile_stops_all(
    sign_in: SignIn, session: Session, people: dict[str, int], approved: list[int]
) -> None:
    url = submitted(sign_in("pasar"))
    session.rollback()
    factories.recorded_payment(session, people, 1)
    session.commit()
    page = press(sign_in("approver"), url, "setujui")
    assert "sudah dicatat dinas dan menunggu persetujuan" in page
    assert counts(session) == (1, 0, 0)


def test_nobody_confirms_what_he_sent_and_the_database_refuses_it_too(
    sign_in: SignIn, session: Session, people: dict[str, int], approved: list[int]
) -> None:
    url = submitted(sign_in("pasar"))
    session.execute(sql("UPDATE uploads SET submitted_by = :by"), {"by": people["approver"]})
    session.commit()
    approver = sign_in("approver")
    page = text(approver, url)
    assert "harus diberikan orang lain" in page
    assert "Setujui semua" not in page
    assert "Anda sendiri yang mengirim" in press(approver, url, "setujui", "x")
    assert counts(session) == (0, 0, 0)
    with pytest.raises(DBAPIError, match="two_persons"):
        session.execute(
            sql("UPDATE uploads SET status = 'posted', posted_by = submitted_by, posted_at = :at"),
            {"at": "2026-11-24 03:00:00"},
        )


@pytest.mark.parametrize("who", ["staff", "pasar", "auditor", "leader", "admin"])
def test_only_an_approver_confirms(
    sign_in: SignIn, session: Session, approved: list[int], who: str
) -> None:
    url = submitted(sign_in("pasar"))
    assert sign_in(who).post(f"{url}/setujui", data={"shown": "x"}).status_code == 403
    assert counts(session) == (0, 0, 0)


def test_a_withdrawn_file_is_not_confirmed_and_may_come_again(
    sign_in: SignIn, session: Session, approved: list[int]
) -> None:
    client = sign_in("pasar")
    url = submitted(client)
    assert "ditarik" in press(client, url, "tarik", "")
    assert "sudah ditarik" in press(sign_in("approver"), url, "setujui", "x")
    again = upload(client, GOOD)
    assert again != f"{url}?sama=1"
    assert counts(session) == (0, 0, 0)


def test_the_same_file_again_leads_to_the_earlier_one(
    sign_in: SignIn, session: Session, approved: list[int]
) -> None:
    client = sign_in("pasar")
    url = submitted(client)
    press(sign_in("approver"), url, "setujui")
    assert upload(client, GOOD) == f"{url}?sama=1"
    assert upload(client, GOOD.replace("4.000.000", "Rp4.000.000,00"), "salinan.csv") == (
        f"{url}?sama=1"
    )
    assert "sudah pernah diunggah" in text(client, f"{url}?sama=1")
    assert counts(session) == (2, 2, 2)
    later = text(client, upload(client, line(1, account="'77777"), "lain.csv"))
    assert "PM-000001 sudah dicairkan" in later


def test_the_quota_counts_each_loan_of_a_file_once(
    sign_in: SignIn, session: Session, approved: list[int]
) -> None:
    def figures() -> tuple[int, ...]:
        session.rollback()
        found = next(each for each in quota_lines(session, 2026) if each.code == "PASAR")
        return found.sent, found.reserved, found.used

    assert figures() == (8_000_000, 0, 0)
    url = submitted(sign_in("pasar"))
    assert figures() == (8_000_000, 0, 0)
    press(sign_in("approver"), url, "setujui")
    assert figures() == (0, 0, 7_500_000)


def test_the_number_of_queries_does_not_grow_with_the_file(
    app: Flask, sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    officer, approver = sign_in("pasar"), sign_in("approver")

    def asked(first: int, count: int) -> int:
        numbers = [
            factories.application(
                session, people, number=number, to=State.APPROVED, approved=4_000_000
            )
            for number in range(first, first + count)
        ]
        session.commit()
        url = submitted(officer, "".join(line(number) for number in numbers))
        shown = shown_on(text(approver, url))
        with factories.counted_queries(app) as seen:
            approver.post(f"{url}/setujui", data={"shown": shown})
        session.rollback()
        assert session.scalar(select(Upload.status).order_by(Upload.id.desc())) == "posted"
        return len(seen)

    assert asked(1, 2) == asked(10, 9)


def test_the_database_keeps_a_row_to_its_file_and_bank(
    sign_in: SignIn, session: Session, approved: list[int]
) -> None:
    press(sign_in("approver"), submitted(sign_in("pasar")), "setujui")
    session.rollback()
    for change in ("upload_id = NULL, row_number = NULL", "row_number = 9", "agreement_on = NULL"):
        with pytest.raises(DBAPIError):
            session.execute(sql(f"UPDATE disbursements SET {change}"))
        session.rollback()
