"""The story of one late loan: notes, promises, who follows it."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable

from flask import Flask

from tests import factories
from tests.conftest import prepared
from wibawa.arrears.checks import NewContact, contact_problems
from wibawa.arrears.queries import contacts_of, officers_of
from wibawa.database import db
from wibawa.web.clock import today

SignIn = Callable[[str], factories.Client]


def _late(app: Flask, people: dict[str, int]) -> int:
    return factories.two_banks(app, people)["pasar_late"]


late = prepared(_late)


def _typed(people: dict[str, int], **changes: str) -> dict[str, str]:
    return {
        "kind": "visit",
        "contacted_on": "23-11-2026",
        "officer_id": str(people["staff"]),
        "met": "Suaminya",
        "outcome": "promise",
        "promise_amount": "220.833",
        "promise_on": "30-11-2026",
        "note": "Warung ramai lagi.",
        "request_key": secrets.token_hex(16),
    } | changes


def _count(app: Flask, loan: int) -> int:
    with app.app_context():
        return len(contacts_of(db.session(), loan))


def test_the_page_shows_position_open_rows_and_no_paid_ones(late: int, sign_in: SignIn) -> None:
    page = sign_in("staff").get(f"/tunggakan/{late}").get_data(as_text=True)
    for said in ("Rahayu Lestari", "31 Oktober 2026", ">220.833<", "Belum ada catatan"):
        assert said in page, said
    assert "30 September 2026" not in page


def test_a_note_with_a_promise_is_kept_once_and_told(
    app: Flask, people: dict[str, int], late: int, sign_in: SignIn
) -> None:
    client, typed = sign_in("staff"), _typed(people)
    for _ in range(2):
        answer = client.post(f"/tunggakan/{late}/catatan", data=typed)
        assert answer.status_code == 302
    assert _count(app, late) == 1
    page = client.get(f"/tunggakan/{late}").get_data(as_text=True)
    for said in ("Kunjungan, 23 November 2026", "Suaminya", "Warung ramai lagi.",
                 "Janji Rp220.833 paling lambat 30 November 2026", "Ditunggu"):  # fmt: skip
        assert said in page, said
    assert "Mencatat penagihan" in sign_in("auditor").get("/jejak").get_data(as_text=True)


WRONG: dict[str, tuple[dict[str, str], str]] = {
    "amount": ({"promise_amount": ""}, "Isi jumlah yang dijanjikan."),
    "zero": ({"promise_amount": "0"}, "harus lebih dari nol"),
    "too much": ({"promise_amount": "9.000.000"}, "padahal sisa seluruh tagihan"),
    "no day": ({"promise_on": ""}, "Isi sampai tanggal berapa."),
    "day before": ({"promise_on": "22-11-2026"}, "sebelum janji dibuat"),
    "year": ({"promise_on": "30-11-2028"}, "Periksa tahunnya"),
    "tomorrow": ({"contacted_on": "25-11-2026"}, "belum tiba"),
    "before the loan": ({"contacted_on": "30-01-2026"}, "sebelum pinjaman ini cair"),
    "not meant": ({"outcome": "absent"}, "Diisi hanya bila hasilnya"),
    "nothing said": (
        {"outcome": "other", "promise_amount": "", "promise_on": "", "note": ""},
        "Tulis dalam catatan apa hasilnya.",
    ),
}


def test_what_cannot_be_is_answered_at_its_field_and_nothing_is_kept(
    app: Flask, people: dict[str, int], late: int, sign_in: SignIn
) -> None:
    client = sign_in("staff")
    for name, (changes, said) in WRONG.items():
        answer = client.post(f"/tunggakan/{late}/catatan", data=_typed(people, **changes))
        page = answer.get_data(as_text=True)
        assert said in page, name
        assert "Warung ramai lagi." in page or name == "nothing said", name
    assert _count(app, late) == 0


def test_a_note_without_promise_needs_neither_amount_nor_day() -> None:
    new = NewContact("call", dt.date(2026, 11, 24), 1, "", "absent", None, None, "")
    assert contact_problems(new, dt.date(2026, 11, 24), dt.date(2026, 1, 31), 1) == []


def test_a_wrong_note_is_struck_once_with_a_reason_and_stays_readable(
    app: Flask, people: dict[str, int], late: int, sign_in: SignIn
) -> None:
    client = sign_in("staff")
    client.post(f"/tunggakan/{late}/catatan", data=_typed(people))
    with app.app_context():
        (note,) = contacts_of(db.session(), late)
    address = f"/tunggakan/{late}/catatan/{note.id}/coret"
    refused = client.post(address, data={"reason": "", "request_key": secrets.token_hex(16)})
    assert refused.status_code == 409
    reason = {"reason": "Salah pinjaman", "request_key": secrets.token_hex(16)}
    assert client.post(address, data=reason).status_code == 302
    again = client.post(address, data=reason | {"request_key": secrets.token_hex(16)})
    assert again.status_code == 409
    assert "sudah dicoret orang lain" in again.get_data(as_text=True)
    page = client.get(f"/tunggakan/{late}").get_data(as_text=True)
    assert "Dicoret" in page
    assert "Salah pinjaman" in page
    assert "Warung ramai lagi." in page


def test_a_note_of_another_loan_cannot_be_struck_from_here(
    app: Flask, people: dict[str, int], late: int, sign_in: SignIn
) -> None:
    other = factories.saved(
        app, lambda s: factories.contact(s, 1, factories.JATENG, people["staff"])
    )
    body = {"reason": "Salah pinjaman", "request_key": secrets.token_hex(16)}
    answer = sign_in("staff").post(f"/tunggakan/{late}/catatan/{other}/coret", data=body)
    assert answer.status_code == 409
    assert "Dicoret" not in sign_in("staff").get("/tunggakan/1").get_data(as_text=True)


def test_a_loan_is_given_to_an_officer_and_an_older_form_is_refused(
    app: Flask, people: dict[str, int], late: int, sign_in: SignIn
) -> None:
    client = sign_in("approver")

    def give(officer: str, shown: int) -> int:
        body = {"officer": officer, "shown": str(shown), "request_key": secrets.token_hex(16)}
        return client.post(f"/tunggakan/{late}/petugas", data=body).status_code

    assert give(str(people["staff"]), 0) == 302
    assert give(str(people["staff2"]), 0) == 409
    with app.app_context():
        (first,) = officers_of(db.session(), late)
    assert first.officer_id == people["staff"]
    assert give("", first.id) == 302
    with app.app_context():
        history = officers_of(db.session(), late)
    assert [line.officer_id for line in history] == [None, people["staff"]]
    assert give(str(people["pasar"]), history[0].id) == 409  # not somebody of the office


def test_a_nik_in_a_note_is_masked(
    app: Flask, people: dict[str, int], late: int, sign_in: SignIn
) -> None:
    typed = _typed(people, note="Istrinya, 3374015505800012, ikut menjamin.")
    sign_in("staff").post(f"/tunggakan/{late}/catatan", data=typed)
    with app.app_context():
        (note,) = contacts_of(db.session(), late)
    assert "3374015505800012" not in note.note
    assert "0012" in note.note


def test_a_bank_officer_reads_the_own_banks_story_and_writes_nothing(
    people: dict[str, int], late: int, sign_in: SignIn
) -> None:
    client = sign_in("pasar")
    page = client.get(f"/tunggakan/{late}").get_data(as_text=True)
    assert "Catat kunjungan" not in page
    assert client.post(f"/tunggakan/{late}/catatan", data=_typed(people)).status_code == 403
    assert client.get("/tunggakan/1").status_code == 404


def test_a_loan_that_is_not_late_keeps_its_story(
    app: Flask, people: dict[str, int], late: int, sign_in: SignIn
) -> None:
    by, second = people["staff"], people["approver"]
    factories.saved(app, lambda s: factories.contact(s, late, factories.PASAR, by))
    factories.saved(app, lambda s: factories.payment(s, late, 220_833, today(), by, second))
    page = sign_in("staff").get(f"/tunggakan/{late}").get_data(as_text=True)
    assert "pinjaman ini tidak menunggak" in page
    assert "Tidak bertemu atau tidak terhubung" in page or "tidak bertemu" in page
