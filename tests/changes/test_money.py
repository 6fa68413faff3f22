"""Money by hand on the pages: asked for by one person, shown before, booked by a second one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests import factories
from tests.changes.steps import (
    REASON,
    approve,
    approved,
    ask,
    broken,
    decision,
    form_for,
    preview,
    status,
    text_of,
)
from tests.factories import Client
from tests.loans.steps import journal, post, stand, titipan, versions
from wibawa.access.models import TrailEntry
from wibawa.changes import actions
from wibawa.loans.models import LedgerEntry
from wibawa.loans.queries import schedule_on
from wibawa.loans.settlements import kept_quote
from wibawa.rules.changes import Plan, settled
from wibawa.rules.facts import Method
from wibawa.rules.refused import Refused
from wibawa.uploads.models import Upload
from wibawa.web.clock import now

SignIn = Callable[[str], Client]
TODAY = dt.date(2026, 11, 24)
PAYMENT = {
    "paid_on": "20/11/2026",
    "amount": "230.833",
    "penalty": "10.000",
    "reference": "",
    "source": "Rina, Bank Pasar, telepon",
}
REVERSAL = {"entry": "2", "on": ""}
MOVE = {"entry": "2", "to": "KW-000002"}
GIVE = {"loan": "KW-000003", "amount": "400.000", "on": "05/10/2026"}
RETURN = {"amount": "400.000", "on": "24/11/2026", "reference": "BA-7"}


def ask_at(client: Client, address: str, wish: dict[str, str]) -> int:
    answer = client.post(address, data=form_for(client, address, wish))
    assert answer.status_code == 302, text_of(answer)
    return int(answer.headers["Location"].rsplit("/", 1)[1])


@pytest.fixture
def file(app: Flask, loans: dict[str, int], people: dict[str, int]) -> int:
    """A posted file of Bank Pasar: Rp44.000 for the loan "pasar", Rp9.000 for nobody."""
    return factories.saved(
        app,
        lambda session: post(
            session,
            "0200000000002;Joko Susilo;05-11-2026;44.000;B1",
            "0299;Lain;06-11-2026;9.000;B2",
        )[1],
    )


# The kind, its address and wish; `late` is the loan that lacks October's installment, the titipan
# of Rp400.000 has the number 2.
CASES = {
    "payment": ("/pinjaman/{pasar_late}/ubah/pembayaran", PAYMENT),
    "reversal": ("/pinjaman/{pasar_late}/ubah/batalkan-entri", REVERSAL),
    "move": ("/pinjaman/{pasar_late}/ubah/pindahkan", MOVE),
    "suspense_loan": ("/titipan/2/jadi-angsuran", GIVE),
    "suspense_return": ("/titipan/2/kembalikan", RETURN),
    "upload_reversal": ("/angsuran/berkas/{file}/batalkan-berkas", {}),
}


@pytest.fixture(params=CASES)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def address(kind: str, loans: dict[str, int], file: int) -> str:
    return CASES[kind][0].format(**loans, file=file)


def entries(session: Session) -> int:
    session.rollback()
    return session.scalar(select(func.count()).select_from(LedgerEntry)) or 0


def test_nothing_is_written_before_the_second_person_approves_and_then_once(
    kind: str, address: str, sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    before, sums = entries(session), titipan(session)
    staff = sign_in("staff")
    body = form_for(staff, address, CASES[kind][1])
    first = staff.post(address, data=body)
    assert first.status_code == 302, text_of(first)
    again = staff.post(address, data=body)
    assert again.headers["Location"] == first.headers["Location"]
    number = int(first.headers["Location"].rsplit("/", 1)[1])
    assert (entries(session), titipan(session)) == (before, sums)
    client = sign_in("approver")
    seen = decision(client, number)
    assert [approve(client, number, seen).status_code for _ in range(2)] == [302, 302]
    assert status(session, number) == "approved"
    assert (entries(session), titipan(session)) != (before, sums)
    made = session.scalars(select(LedgerEntry).where(LedgerEntry.request_id == number)).all()
    assert {(each.entered_by, each.approved_by, each.note) for each in made} <= {
        (people["staff"], people["approver"], REASON)
    }
    for action in ("change_requested", "change_approved"):
        trail = select(TrailEntry.object_id).where(TrailEntry.action == action)
        assert list(session.scalars(trail)) == [number]
    assert broken(session) == []
    assert REASON in text_of(client.get(f"/permintaan/{number}"))


def test_the_approval_of_what_changed_since_it_was_shown_is_refused(
    kind: str,
    address: str,
    app: Flask,
    sign_in: SignIn,
    session: Session,
    loans: dict[str, int],
    file: int,
) -> None:
    number = ask_at(sign_in("staff"), address, CASES[kind][1])
    client = sign_in("approver")
    seen = decision(client, number)
    # Something else about the same thing happens meanwhile.
    other = {
        "suspense_loan": ("/titipan/2/kembalikan", RETURN | {"amount": "1.000"}),
        "suspense_return": ("/titipan/2/kembalikan", RETURN | {"amount": "1.000"}),
        "upload_reversal": (
            f"/pinjaman/{loans['pasar']}/ubah/batalkan-entri",
            {"entry": "3", "on": ""},
        ),
    }.get(kind, (f"/pinjaman/{loans['pasar_late']}/ubah/pembayaran", PAYMENT))
    between = ask_at(sign_in("staff2"), *other)
    approved(client, between)
    before = entries(session), titipan(session)
    page = text_of(approve(client, number, seen), 409)
    assert "berubah sejak ditampilkan" in page or "Jumlah Rp400.000 tidak dapat dipakai" in page
    assert (entries(session), titipan(session)) == before
    assert status(session, number) == "recorded"
    assert broken(session) == []


def test_who_asked_may_not_decide(
    kind: str, address: str, sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    number = ask_at(sign_in("staff"), address, CASES[kind][1])
    shown = decision(sign_in("approver"), number)["shown"]
    session.rollback()
    with pytest.raises(Refused, match="Anda ajukan sendiri"):
        actions.approve(session, number, shown, people["staff"], now())


def test_another_banks_officer_finds_no_request_and_the_own_one_reads_it(
    kind: str, address: str, sign_in: SignIn
) -> None:
    number = ask_at(sign_in("staff"), address, CASES[kind][1])
    assert sign_in("jateng").get(f"/permintaan/{number}").status_code == 404
    page = text_of(sign_in("pasar").get(f"/permintaan/{number}"))
    assert "Setujui<" not in page


def test_a_payment_by_phone_shows_where_the_loan_stands_before_and_after(
    loans: dict[str, int], sign_in: SignIn, session: Session
) -> None:
    """Eight installments are paid; the ninth fell due on 31 October, 24 days ago: with its 220.833
    the arrears are gone, and 5.000.000 − 9 × 208.333 = 3.125.003 remains."""
    address = f"/pinjaman/{loans['pasar_late']}/ubah/pembayaran"
    page = preview(sign_in("staff"), address, PAYMENT)
    for said in (
        "Angsuran Rp230.833, denda Rp10.000, 20/11/2026",
        "Rp3.333.336",
        "Rp3.125.003 (kurang Rp208.333)",
        "24 hari",
        "Rp0 (kurang Rp220.833)",
    ):
        assert said in page, said
    approved(sign_in("approver"), ask(sign_in("staff"), loans["pasar_late"], "pembayaran", PAYMENT))
    assert journal(session, loans["pasar_late"])[-1] == ("repayment", 230_833, 220_833)
    page = text_of(sign_in("staff").get(f"/pinjaman/{loans['pasar_late']}"))
    assert REASON in page
    assert "Permintaan nomor 1" in page
    assert "batalkan-entri?entri=3" in page


def test_a_payment_of_the_same_day_and_amount_is_pointed_out(
    loans: dict[str, int], sign_in: SignIn
) -> None:
    address = f"/pinjaman/{loans['pasar_late']}/ubah/pembayaran"
    same = PAYMENT | {"paid_on": "30/09/2026", "amount": str(8 * 220_833), "penalty": ""}
    page = preview(sign_in("staff"), address, same)
    assert "Entri 2 sudah mencatat Rp1.766.664 pada 30 September 2026" in page


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"paid_on": "25/11/2026"}, "sesudah hari ini"),
        ({"paid_on": "30/01/2026"}, "sebelum pinjaman KW-000003 dicairkan"),
        ({"penalty": "999.999"}, "denda paling banyak sebesar jumlahnya"),
        ({"amount": "1.5"}, "Tertulis “1.5”"),
        ({"amount": ""}, "Isian ini wajib diisi."),
    ],
)
def test_what_cannot_be_true_is_told_and_nothing_is_shown(
    loans: dict[str, int], sign_in: SignIn, wrong: dict[str, str], said: str
) -> None:
    address = f"/pinjaman/{loans['pasar_late']}/ubah/pembayaran"
    page = preview(sign_in("staff"), address, PAYMENT | wrong)
    assert said in page
    assert "Ajukan permintaan" not in page


def test_more_than_the_loan_owes_is_shown_as_titipan(
    loans: dict[str, int], sign_in: SignIn, session: Session
) -> None:
    wish = PAYMENT | {"amount": "4.000.000", "penalty": ""}
    # 5.300.000 in all less 8 × 220.833.
    address = f"/pinjaman/{loans['pasar_late']}/ubah/pembayaran"
    assert "Rp466.664, melebihi sisa tagihan" in preview(sign_in("staff"), address, wish)
    approved(sign_in("approver"), ask(sign_in("staff"), loans["pasar_late"], "pembayaran", wish))
    assert titipan(session)[-1] == (466_664, 466_664)
    page = text_of(sign_in("staff").get("/titipan/3"))
    assert "Sisa entri 3 buku pinjaman" in page
    assert broken(session) == []


def test_a_moved_payment_shows_both_loans(
    loans: dict[str, int], sign_in: SignIn, session: Session
) -> None:
    address = f"/pinjaman/{loans['pasar_late']}/ubah/pindahkan"
    page = preview(sign_in("staff"), address, MOVE)
    for said in ("Joko Susilo", "KW-000002: baki debet", "KW-000003: hari tunggakan"):
        assert said in page, said
    approved(sign_in("approver"), ask(sign_in("staff"), loans["pasar_late"], "pindahkan", MOVE))
    assert stand(session, loans["pasar_late"], TODAY)[0] == 5_000_000
    assert stand(session, loans["pasar"], TODAY)[0] == 5_000_000 - 17 * 208_333
    page = text_of(sign_in("staff").get(f"/pinjaman/{loans['pasar_late']}"))
    assert "Pembatalan entri 2" in page
    assert "dibatalkan entri 3" in page


@pytest.mark.parametrize("to", ["KW-000001", "KW-000003", "KW-999999", "0100000000001"])
def test_money_is_not_moved_to_another_bank_to_itself_or_to_nowhere(
    loans: dict[str, int], sign_in: SignIn, to: str
) -> None:
    """KW-000001 and the account of its loan are at Bank Jateng."""
    address = f"/pinjaman/{loans['pasar_late']}/ubah/pindahkan"
    page = preview(sign_in("staff"), address, MOVE | {"to": to})
    assert "di bank ini" in page or "Pilih pinjaman lain di bank yang sama" in page
    assert "Ajukan permintaan" not in page


def test_a_reversal_of_a_settlement_says_that_the_loan_opens_again(
    app: Flask, loans: dict[str, int], sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    late = loans["pasar_late"]

    def quote(session: Session) -> int:
        found = schedule_on(session, late, TODAY)
        assert found is not None
        plan = settled(Plan(found.rows, 300, Method.FLAT, 1, 31, 8 * 220_833), TODAY)
        asked = factories.request(
            session, "settlement", people["staff"], people["approver"], loan_id=late,
            valid_until=TODAY, result=kept_quote(1, plan),
        )  # fmt: skip
        factories.linked(session, asked)
        return plan.owed

    owed = factories.saved(app, quote)
    wish = PAYMENT | {"amount": str(owed), "penalty": ""}
    page = preview(sign_in("staff"), f"/pinjaman/{late}/ubah/pembayaran", wish)
    assert "Pelunasan dipercepat selesai" in page
    approved(sign_in("approver"), ask(sign_in("staff"), late, "pembayaran", wish))
    assert versions(session, late)[-1] == ("settlement", dt.date(2026, 11, 20))
    undo = {"entry": "3", "on": ""}
    page = preview(sign_in("staff"), f"/pinjaman/{late}/ubah/batalkan-entri", undo)
    assert "terbuka lagi" in page
    assert "Rp3.333.336 (lebih Rp3.333.336)" in page
    approved(sign_in("approver"), ask(sign_in("staff"), late, "batalkan-entri", undo))
    session.rollback()
    assert versions(session, late)[-1] == ("reopen", dt.date(2026, 11, 21))
    assert stand(session, late, TODAY)[0] == 3_333_336
    assert broken(session) == []


def test_a_file_is_undone_and_says_so_and_the_corrected_one_can_be_posted(
    app: Flask, file: int, loans: dict[str, int], sign_in: SignIn, session: Session
) -> None:
    address = f"/angsuran/berkas/{file}/batalkan-berkas"
    page = preview(sign_in("staff"), address, {})
    for said in ("1 entri, Rp44.000", "1 titipan, Rp9.000", "Rp3.125.003 (lebih Rp31.500)"):
        assert said in page, said
    number = ask_at(sign_in("staff"), address, {})
    page = text_of(sign_in("staff").get(f"/angsuran/berkas/{file}"))
    assert "menunggu keputusan" in page
    assert "Batalkan berkas<" not in page
    approved(sign_in("approver"), number)
    page = text_of(sign_in("pasar").get(f"/angsuran/berkas/{file}"))
    assert "Berkas ini dibatalkan" in page
    assert "dibatalkan entri 4" in page
    assert "Dibatalkan" in text_of(sign_in("pasar").get("/angsuran/berkas"))
    session.rollback()
    assert session.get_one(Upload, file).reversed_at is not None
    session.rollback()
    again = factories.saved(
        app, lambda s: post(s, "0200000000002;Joko Susilo;05-11-2026;40.000;B1")[0].posted_total
    )
    assert again == 40_000
    assert broken(session) == []


def test_only_a_posted_file_of_payments_can_be_undone(
    loans: dict[str, int], sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    session.rollback()
    session.get_one(Upload, 1)
    session.add(
        Upload(bank_id=factories.PASAR, kind="repayments", status="clean", filename="b.csv",
               size=1, sha256="0" * 64, content=b"x", uploaded_by=people["pasar"],
               uploaded_at=now())
    )  # fmt: skip
    session.commit()
    page = text_of(sign_in("staff").get("/angsuran/berkas/3/batalkan-berkas"))
    assert "Hanya berkas yang sudah dibukukan yang dapat dibatalkan." in page
    assert sign_in("staff").get("/angsuran/berkas/99/batalkan-berkas").status_code == 404


def test_titipan_of_another_bank_cannot_go_to_a_loan_here(
    loans: dict[str, int], sign_in: SignIn
) -> None:
    page = preview(sign_in("staff"), "/titipan/1/jadi-angsuran", GIVE)  # of Bank Jateng
    assert "tidak ada di bank ini" in page
