"""The page of one bank's month: its figures, its notes, and the way to its closing."""

from __future__ import annotations

import datetime as dt
import io
import re
from collections.abc import Callable

import openpyxl
import pypdf
import time_machine
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tests import factories
from tests.factories import Client
from tests.reconciliation.steps import (
    INSTALLMENT,
    OCTOBER,
    PRINCIPAL,
    SEPTEMBER,
    left,
    post,
    row,
    two_loans,
)
from wibawa.access.models import TrailEntry, User
from wibawa.database import db

PAGE = "/rekonsiliasi/PASAR/2026-10"
PAID = dt.date(2026, 10, 27)


def _october(app: Flask, people: dict[str, int]) -> tuple[int, int]:
    """Two loans; the bank's October says one installment too many for the first."""

    def make(session: Session) -> tuple[int, int]:
        one, two = two_loans(session, people)
        factories.close_month(session, people, factories.PASAR, SEPTEMBER)
        post(session, people, "oktober.csv", row(session, one, PAID, left(10), "B1"),
             row(session, two, PAID, left(9), "B2"))  # fmt: skip
        return one, two

    return factories.saved(app, make)


def _shown(page: str) -> str:
    found = re.search(r'name="shown" value="(\w{64})"', page)
    assert found, "the page offers no step"
    return found[1]


def _send(client: Client, path: str, key: str, **fields: str) -> str:
    answer = client.post(f"{PAGE}/{path}", data={"request_key": f"a key of tests {key}", **fields})
    assert answer.status_code == 302, answer.get_data(as_text=True)
    return client.get(PAGE).get_data(as_text=True)


def _number(value: int) -> str:
    return f"{value:,}".replace(",", ".")


def test_the_statement_stands_beside_what_the_bank_says(
    app: Flask, people: dict[str, int], sign_in: Callable[[str], Client]
) -> None:
    _october(app, people)
    page = sign_in("staff").get(PAGE).get_data(as_text=True)
    for figure in (2 * left(8), -2 * PRINCIPAL, 2 * left(9), left(10), 2 * INSTALLMENT):
        assert _number(figure) in page
    assert "Baris angsuran tidak ada" in page
    assert "Siti Aminah" in page
    assert "oktober.csv" in page


def test_two_persons_close_a_month_and_print_what_both_sides_sign(
    app: Flask, people: dict[str, int], sign_in: Callable[[str], Client]
) -> None:
    one, _ = _october(app, people)
    staff, head = sign_in("staff"), sign_in("approver")
    note = "Bank mencari slip setoran 29 Oktober"
    page = _send(staff, f"selisih/{one}", "1", text=note)
    assert note in page
    page = _send(staff, "usulkan", "2", shown=_shown(page), note="Satu selisih")
    assert "Diusulkan" in page
    page = head.get(PAGE).get_data(as_text=True)
    assert "Satu selisih" in page
    page = _send(head, "tutup", "3", shown=_shown(page))
    assert "Ditutup" in page
    assert "Usulkan penutupan" not in page
    page = _send(staff, "berita-acara", "4")
    link = re.search(r'href="(/rekonsiliasi/PASAR/2026-10/berita-acara/\d+\.pdf)"', page)
    assert link
    for client in (staff, sign_in("pasar")):
        answer = client.get(link[1])
        text = " ".join(
            page.extract_text() for page in pypdf.PdfReader(io.BytesIO(answer.data)).pages
        )
        for said in ("BERITA ACARA REKONSILIASI", "Oktober 2026", _number(2 * left(9)), note,
                     "Untuk Bank Pasar", "Sidik dokumen bulan"):  # fmt: skip
            assert said in text.replace("\n", " "), said
    assert sign_in("leader").get(link[1]).status_code == 403


def test_who_proposed_a_closing_and_tries_to_close_it_stands_in_the_trail(
    app: Flask, people: dict[str, int], sign_in: Callable[[str], Client]
) -> None:
    _october(app, people)
    staff = sign_in("staff")
    shown = _shown(staff.get(PAGE).get_data(as_text=True))
    page = _send(staff, "usulkan", "1", shown=shown)
    factories.saved(
        app, lambda s: s.execute(update(User).where(User.id == people["staff"])
                                 .values(role="approver"))
    )  # fmt: skip
    answer = staff.post(f"{PAGE}/tutup", data={"request_key": "a key of tests 2", "shown": shown})
    assert answer.status_code == 409
    page = answer.get_data(as_text=True)
    assert "Anda sendiri yang mengusulkan" in page
    assert "Ditutup" not in page
    with app.app_context():
        denied = select(TrailEntry).where(TrailEntry.action == "denied")
        entry = db.session.scalars(denied).one()
    assert (entry.user_id, entry.object_kind) == (people["staff"], "reconciliation")
    assert entry.detail == "Oktober 2026"


def test_a_head_gives_a_proposal_back_with_a_reason(
    app: Flask, people: dict[str, int], sign_in: Callable[[str], Client]
) -> None:
    _october(app, people)
    staff, head = sign_in("staff"), sign_in("approver")
    page = _send(staff, "usulkan", "1", shown=_shown(staff.get(PAGE).get_data(as_text=True)))
    page = _send(head, "kembalikan", "2", reason="Catat dahulu selisihnya")
    assert "Catat dahulu selisihnya" in page
    assert "Usulkan penutupan" in staff.get(PAGE).get_data(as_text=True)


def test_what_is_missing_or_refused_is_said_in_words(
    app: Flask, people: dict[str, int], sign_in: Callable[[str], Client]
) -> None:
    one, _ = _october(app, people)
    staff, head = sign_in("staff"), sign_in("approver")
    key = {"request_key": "a key of the tests"}
    answer = staff.post(f"{PAGE}/selisih/{one}", data={**key, "text": "x"})
    assert answer.status_code == 422
    assert "5 sampai 500" in answer.get_data(as_text=True)
    answer = staff.post(f"{PAGE}/usulkan", data={**key, "shown": "0" * 64})
    assert answer.status_code == 409
    assert "Angkanya berubah" in answer.get_data(as_text=True)
    answer = head.post(f"{PAGE}/tutup", data={**key, "shown": "0" * 64})
    assert answer.status_code == 409
    assert "Tidak ada usulan" in answer.get_data(as_text=True)
    assert head.post(f"{PAGE}/kembalikan", data={**key, "reason": ""}).status_code == 422
    assert staff.post(f"{PAGE}/berita-acara", data=key).status_code == 409


def test_a_closed_month_gives_the_same_bytes_whatever_is_booked_later(
    app: Flask,
    people: dict[str, int],
    sign_in: Callable[[str], Client],
    clock: time_machine.Traveller,
) -> None:
    one, two = _october(app, people)
    factories.saved(app, lambda s: factories.close_month(s, people, factories.PASAR, OCTOBER))
    staff = sign_in("staff")
    page = _send(staff, "berita-acara", "1")
    paper = re.search(r"berita-acara/\d+\.pdf", page)
    assert paper
    files = [f"{PAGE}/{which}.{kind}" for which in ("pernyataan", "pinjaman", "selisih")
             for kind in ("xlsx", "csv")]  # fmt: skip
    files.append(f"{PAGE}/{paper[0]}")
    before = [staff.get(each).data for each in files]
    by, second = people["staff"], people["approver"]

    def later(session: Session) -> None:
        post(session, people, "susulan.csv", row(session, one, PAID, left(10), "B9"))
        factories.reversal(session, two, 2, dt.date(2026, 9, 1), by, second)

    clock.move_to(dt.datetime(2026, 11, 30, 3, tzinfo=dt.UTC))
    factories.saved(app, later)
    staff = sign_in("staff")
    assert [staff.get(each).data for each in files] == before
    now = staff.get(PAGE).get_data(as_text=True)
    for part in ("pernyataan", "tabel-selisih", "per-pinjaman"):
        assert _part(now, part) == _part(page, part)
    assert "1 entri bertanggal Oktober 2026" in now
    november = staff.get("/rekonsiliasi/PASAR/2026-11").get_data(as_text=True)
    assert "susulan.csv" in november
    assert "entri bulan lalu yang dibukukan kemudian" in november


def _part(page: str, name: str) -> str:
    found = re.search(rf'id="{name}".*?</table>', page, re.DOTALL)
    assert found, name
    return found[0]


def test_the_exports_say_what_the_page_says(
    app: Flask, people: dict[str, int], sign_in: Callable[[str], Client]
) -> None:
    _october(app, people)
    staff = sign_in("staff")
    book = openpyxl.load_workbook(io.BytesIO(staff.get(f"{PAGE}/pernyataan.xlsx").data))
    rows = {line[0].value: line[1].value for line in book.active.iter_rows(max_col=2)}
    assert rows["Baki debet awal"] == 2 * left(8)
    assert rows["Pokok yang dibayar"] == -2 * PRINCIPAL
    assert rows["Baki debet akhir"] == 2 * left(9)
    lines = staff.get(f"{PAGE}/pinjaman.csv?urut=-akhir").get_data(as_text=True).splitlines()
    assert len(lines) == 3
    found = staff.get(f"{PAGE}/selisih.csv?sebab=baris").get_data(as_text=True).splitlines()
    assert len(found) == 2
    assert len(staff.get(f"{PAGE}/selisih.csv?sebab=waktu").get_data(as_text=True).split("\n")) == 2


def test_leadership_sees_figures_and_no_names_and_a_bank_its_own_months(
    app: Flask, people: dict[str, int], sign_in: Callable[[str], Client]
) -> None:
    one, _ = _october(app, people)
    staff = sign_in("staff")
    _send(staff, f"selisih/{one}", "1", text="Ditanyakan kepada Siti Aminah")
    leader = sign_in("leader")
    for address in (PAGE, f"{PAGE}/pinjaman.csv", f"{PAGE}/selisih.csv"):
        said = leader.get(address).get_data(as_text=True)
        assert "Siti Aminah" not in said
        assert "Disamarkan" in said
    assert _number(2 * left(9)) in leader.get(PAGE).get_data(as_text=True)
    assert "Siti Aminah" in sign_in("auditor").get(PAGE).get_data(as_text=True)
    assert "Siti Aminah" in sign_in("pasar").get(PAGE).get_data(as_text=True)
    assert sign_in("jateng").get(PAGE).status_code == 404
    for odd in ("2026-12", "2026-13", "besok"):
        assert staff.get(f"/rekonsiliasi/PASAR/{odd}").status_code == 404


def test_the_number_of_queries_does_not_grow_with_the_loans(
    app: Flask, people: dict[str, int], sign_in: Callable[[str], Client]
) -> None:
    _october(app, people)
    staff = sign_in("staff")
    staff.get(PAGE)
    with factories.counted_queries(app) as few:
        staff.get(PAGE)
    by, second = people["staff"], people["approver"]
    factories.saved(
        app, lambda s: [factories.loan(s, by, second, number=number) for number in range(10, 40)]
    )
    with factories.counted_queries(app) as many:
        staff.get(PAGE)
    assert len(many) == len(few)
