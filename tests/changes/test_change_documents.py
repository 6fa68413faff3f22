"""Documents of a request: attached until it is decided, seen before it is, fixed by it."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import delete, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from tests.changes.steps import (
    HOLIDAY,
    approve,
    approved,
    ask,
    decision,
    form_for,
    hidden,
    status,
    text_of,
)
from tests.conftest import unnumbered
from tests.factories import Client
from tests.scans.steps import FILES, REASON, key, kind_id, send, stored, told
from wibawa.scans.models import Document, DocumentContent, DocumentWithdrawal

SignIn = Callable[[str], Client]


@pytest.fixture
def number(loans: dict[str, int], sign_in: SignIn) -> int:
    """A payment holiday at Bank Pasar, asked for by the staff without a document."""
    return ask(sign_in("staff"), loans["pasar_late"], "jeda", HOLIDAY)


def _address(session: Session, number: int, code: str = "borrower_letter") -> str:
    return f"/permintaan/{number}/dokumen/{kind_id(session, code, 'any')}"


def _attach(
    session: Session, client: Client, number: int, code: str = "borrower_letter", *name: str
) -> int:
    answer = send(client, _address(session, number, code), *name)
    assert answer.status_code == 302, text_of(answer, 422)
    return stored(session)[-1].id


def _withdraw(client: Client, document_id: int) -> Any:
    form = {"withdraw_reason": "Surat orang lain", "request_key": key()}
    return client.post(f"/dokumen/{document_id}/tarik", data=form)


def test_documents_are_attached_while_the_request_is_written(
    loans: dict[str, int], sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    client, address = sign_in("staff"), f"/pinjaman/{loans['pasar_late']}/ubah/jeda"
    files = {
        "borrower_letter": (io.BytesIO((FILES / "good.pdf").read_bytes()), "surat.pdf"),
        "request_photo": [
            (io.BytesIO((FILES / name).read_bytes()), name) for name in ("good.png", "good_gps.jpg")
        ],
    }
    form: dict[str, Any] = form_for(client, address, HOLIDAY) | files
    answer = client.post(address, data=form, content_type="multipart/form-data")
    assert answer.status_code == 302, text_of(answer)
    number = int(answer.headers["Location"].rsplit("/", 1)[1])
    kept = stored(session)
    assert [(each.request_id, each.media_type) for each in kept] == [
        (number, "application/pdf"),
        (number, "image/jpeg"),
        (number, "image/jpeg"),
    ]
    assert {each.recorded_by for each in kept} == {people["staff"]}
    assert told(session, "document_added")[0] == (people["staff"], kept[0].id, "Surat peminjam")
    page = text_of(sign_in("approver").get(f"/permintaan/{number}"))
    assert page.count(">Buka<") == 3
    assert "dengan 3 dokumennya" in page
    assert page.count("/kecil") == 2, "photos are shown small, a letter may hold a NIK"


def test_an_unfit_document_stops_the_request_and_says_to_choose_again(
    loans: dict[str, int], sign_in: SignIn, session: Session
) -> None:
    client, address = sign_in("staff"), f"/pinjaman/{loans['pasar_late']}/ubah/jeda"
    form: dict[str, Any] = form_for(client, address, HOLIDAY)
    form["bank_letter"] = (io.BytesIO(b"MZ\x90 a program"), "surat.pdf")
    page = text_of(client.post(address, data=form, content_type="multipart/form-data"))
    assert "Isinya sebuah program Windows" in page
    assert "pilih lagi semuanya" in page
    assert hidden(page, "shown") == form["shown"]
    form["bank_letter"] = (io.BytesIO((FILES / "good.pdf").read_bytes()), "surat.pdf")
    page = text_of(
        client.post(address, data=form | {"months": "2", "lihat": "1"},
                    content_type="multipart/form-data")
    )  # fmt: skip
    assert "pilih lagi semuanya" in page, "a browser forgets what was chosen for another look"
    assert stored(session) == []


def test_the_same_press_with_the_same_documents_is_one_request(
    loans: dict[str, int], sign_in: SignIn, session: Session
) -> None:
    client, address = sign_in("staff"), f"/pinjaman/{loans['pasar_late']}/ubah/jeda"
    form: dict[str, Any] = form_for(client, address, HOLIDAY)

    def press(name: str) -> Any:
        sent = form | {"bank_letter": (io.BytesIO((FILES / name).read_bytes()), "a")}
        return client.post(address, data=sent, content_type="multipart/form-data")

    first, second, other = press("good.pdf"), press("good.pdf"), press("good.png")
    assert first.headers["Location"] == second.headers["Location"]
    assert "sudah dikirim dengan isi yang lain" in text_of(other, 409)
    assert len(stored(session)) == 1


def test_an_approver_who_saw_one_document_does_not_approve_when_there_are_two(
    number: int, sign_in: SignIn, session: Session
) -> None:
    clerk, head = sign_in("staff"), sign_in("approver")
    first = _attach(session, clerk, number)
    seen = decision(head, number)
    second = _attach(session, clerk, number, "request_photo", "good.png")
    page = text_of(approve(head, number, seen), 409)
    assert "Dokumen permintaan ini berubah sejak ditampilkan" in page
    assert "sekarang ada 2" in page
    seen = decision(head, number)
    assert _withdraw(clerk, first).status_code == 302
    assert "sekarang ada 1" in text_of(approve(head, number, seen), 409)
    seen = decision(head, number)
    assert _withdraw(clerk, second).status_code == 302
    _attach(session, clerk, number, "bank_letter", "good.png")
    page = text_of(approve(head, number, seen), 409)
    assert "sekarang ada 1" in page, "another one is not the one that was seen"
    assert status(session, number) == "recorded"
    approved(head, number)


def test_the_request_and_the_loan_tell_what_was_attached_and_withdrawn(
    number: int, loans: dict[str, int], sign_in: SignIn, session: Session
) -> None:
    clerk = sign_in("staff")
    wrong = _attach(session, clerk, number)
    right = _attach(session, clerk, number, "bank_letter", "good.pdf")
    assert _withdraw(clerk, wrong).status_code == 302
    page = text_of(clerk.get(f"/permintaan/{number}"))
    assert "Surat peminjam ditarik" in page
    assert "Alasan: Surat orang lain" in page
    assert f'"/dokumen/{wrong}"' not in page
    assert f'"/dokumen/{right}"' in page
    loan = text_of(clerk.get(f"/pinjaman/{loans['pasar_late']}"))
    assert f'<a href="/dokumen/{right}">Surat bank</a>' in loan
    assert f'"/dokumen/{wrong}"' not in loan
    assert "1 dokumen" in text_of(clerk.get("/permintaan"))
    sheet = clerk.get("/permintaan/ekspor.csv").get_data(as_text=True)
    assert sheet.splitlines()[-1].endswith(";1")


def test_after_the_decision_nothing_is_added_and_nothing_withdrawn(
    number: int, sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    clerk, head = sign_in("staff"), sign_in("approver")
    kept = _attach(session, clerk, number)
    address = _address(session, number, "bank_letter")
    assert clerk.get(address).status_code == 200
    approved(head, number)
    for answer in (send(clerk, address, "good.png"), _withdraw(clerk, kept)):
        page = text_of(answer, 409)
        assert f"Permintaan nomor {number} sudah diputuskan" in page
    page = text_of(clerk.get(f"/permintaan/{number}"))
    assert f'"/dokumen/{kept}"' in page
    assert "Tambah dokumen" not in page
    assert "Tarik<" not in text_of(clerk.get(f"/dokumen/{kept}"))
    session.rollback()
    row = session.get_one(Document, kept)
    values = {name: getattr(row, name) for name in Document.__mapper__.columns.keys()}  # noqa: SIM118
    session.add(Document(**values | {"id": kept + 1, "digest": b"another"}))
    with pytest.raises(DBAPIError, match="fixed by its decision"):
        session.flush()
    session.rollback()
    session.add(DocumentWithdrawal(document_id=kept, withdrawn_by=people["staff"],
                                   withdrawn_at=row.recorded_at, reason="Salah"))  # fmt: skip
    with pytest.raises(DBAPIError, match="fixed by its decision"):
        session.flush()


def test_the_database_knows_one_owner_and_no_versions_of_a_requests_document(
    number: int, sign_in: SignIn, session: Session
) -> None:
    kept = _attach(session, sign_in("staff"), number)
    row = session.get_one(Document, kept)
    values = {name: getattr(row, name) for name in Document.__mapper__.columns.keys()}  # noqa: SIM118
    for wrong in ({"borrower_id": 1}, {"request_id": None}, {"replaces_id": kept}):
        session.add(Document(**values | {"id": kept + 1, "digest": b"another"} | wrong))
        with pytest.raises(DBAPIError, match=r"one_owner|replaces_older"):
            session.flush()
        session.rollback()
    for change in (update(Document).values(request_id=None), delete(DocumentContent)):
        with pytest.raises(DBAPIError, match="append-only"):
            session.execute(change)
        session.rollback()


def test_every_opening_is_recorded_and_after_the_decision_a_letter_needs_a_reason(
    number: int, sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    clerk, head = sign_in("staff"), sign_in("approver")
    letter = _attach(session, clerk, number)
    answer = head.get(f"/dokumen/{letter}/isi")
    assert Image.open(io.BytesIO(answer.data), formats=("JPEG",)).size == (400, 640)
    line = (people["approver"], letter, f"Surat peminjam, permintaan nomor {number}")
    assert told(session, "document_opened") == [line]
    page = text_of(head.get(f"/dokumen/{letter}"))
    assert f"Dibuka untuk permintaan nomor {number}." in page
    assert f'href="/permintaan/{number}#dokumen"' in page
    approved(head, number)
    assert head.get(f"/dokumen/{letter}/isi").status_code == 302
    why = {"reason": REASON, "request_key": key()}
    assert head.post(f"/dokumen/{letter}/buka", data=why).status_code == 200
    assert told(session, "document_opened")[-1][2] == f"Surat peminjam: {REASON}"


def test_who_reads_the_request_reads_its_documents_and_nobody_else_does(
    number: int, sign_in: SignIn, session: Session
) -> None:
    clerk, own, other = sign_in("staff"), sign_in("pasar"), sign_in("jateng")
    letter = _attach(session, clerk, number)
    assert f'"/dokumen/{letter}"' in text_of(own.get(f"/permintaan/{number}"))
    assert own.get(f"/dokumen/{letter}/isi").status_code == 200
    assert own.get(_address(session, number)).status_code == 403
    for address in ("", "/isi", "/kecil"):
        missing = other.get(f"/dokumen/{letter}{address}")
        nobody = other.get(f"/dokumen/99999{address}")
        assert missing.status_code == 404
        assert unnumbered(missing) == unnumbered(nobody)
    assert [each[1] for each in told(session, "denied")].count(letter) == 3
    auditor = sign_in("auditor")
    assert "Isinya tidak ditampilkan" in text_of(auditor.get(f"/dokumen/{letter}"))
    assert auditor.get(f"/dokumen/{letter}/isi").status_code == 302
    leader = sign_in("leader")
    page = text_of(leader.get(f"/permintaan/{number}"))
    assert "Surat peminjam" not in page
    assert leader.get(f"/dokumen/{letter}").status_code == 403
    assert _withdraw(clerk, letter).status_code == 302
    assert own.get(f"/dokumen/{letter}").status_code == 404, "a bank sees what counts"
    assert clerk.get(f"/dokumen/{letter}").status_code == 200


def test_the_same_scan_twice_and_a_kind_of_somewhere_else_are_refused(
    number: int, sign_in: SignIn, session: Session
) -> None:
    clerk = sign_in("staff")
    _attach(session, clerk, number)
    again = send(clerk, _address(session, number))
    assert "sama dengan yang sudah tersimpan" in text_of(again, 422)
    assert clerk.get(f"/permintaan/{number}/dokumen/{kind_id(session, 'ktp')}").status_code == 404
    assert clerk.get(_address(session, 99999)).status_code == 404
    assert len(stored(session)) == 1


def test_a_borrowers_history_tells_of_documents_of_requests_about_the_loans(
    number: int, loans: dict[str, int], sign_in: SignIn, session: Session
) -> None:
    from wibawa.loans.models import Loan

    clerk = sign_in("staff")
    _attach(session, clerk, number)
    session.rollback()
    borrower = session.scalar(select(Loan.borrower_id).where(Loan.id == loans["pasar_late"]))
    assert "Surat peminjam disimpan" in text_of(clerk.get(f"/peminjam/{borrower}"))
