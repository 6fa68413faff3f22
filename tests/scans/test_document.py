from __future__ import annotations

import io
import re
from collections.abc import Callable

from PIL import Image
from sqlalchemy.orm import Session
from time_machine import Traveller

from tests import factories
from tests.applications.forms import act, text_of
from tests.conftest import prepared, unnumbered
from tests.scans.steps import REASON, key, kind_id, send, told
from wibawa.rules.statuses import State
from wibawa.scans.models import Document, DocumentContent

SignIn = Callable[[str], factories.Client]
TALK = {"reason": REASON}


def _sent(session: Session, people: dict[str, int]) -> int:
    """Siti's application, sent to Bank Pasar."""
    return factories.application(session, people)


sent = prepared(_sent)


def _kept(session: Session, client: factories.Client, application: int, code: str = "ktp") -> int:
    """A real scan that was kept from the application's page."""
    answer = send(client, f"/permohonan/{application}/dokumen/{kind_id(session, code)}")
    assert answer.status_code == 302
    return int(told(session, "document_added")[-1][1] or 0)


def _denied(session: Session, document_id: int) -> int:
    return sum(each[1] == document_id for each in told(session, "denied"))


def test_a_ktp_is_shown_inline_harmlessly_and_every_opening_is_recorded(
    sign_in: SignIn, session: Session, people: dict[str, int], sent: int
) -> None:
    client = sign_in("staff")
    number = _kept(session, client, sent)
    page = text_of(client, f"/dokumen/{number}")
    assert "Memuat NIK" in page
    assert "PM-000001" in page
    for _ in range(2):
        answer = client.get(f"/dokumen/{number}/isi")
        assert answer.status_code == 200
        assert Image.open(io.BytesIO(answer.data), formats=("JPEG",)).size == (400, 640)
    headers = answer.headers
    assert headers["Content-Type"] == "image/jpeg"
    assert headers["Content-Disposition"] == f'inline; filename="dokumen-{number:06d}.jpg"'
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert "sandbox" in headers["Content-Security-Policy"]
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    line = (people["staff"], number, "KTP pemohon, permohonan PM-000001")
    assert told(session, "document_opened") == [line, line]
    assert "KTP pemohon, permohonan PM-000001" in text_of(client, f"/dokumen/{number}")
    saved = client.get(f"/dokumen/{number}/isi?unduh=ya").headers["Content-Disposition"]
    assert saved.startswith("attachment")


def test_a_pdf_is_shown_as_one_and_may_load_nothing(
    sign_in: SignIn, session: Session, sent: int
) -> None:
    client = sign_in("staff")
    send(client, f"/permohonan/{sent}/dokumen/{kind_id(session, 'npwp')}", "good.pdf")
    answer = client.get("/dokumen/1/isi")
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"].startswith("inline")
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert client.get("/dokumen/1/kecil").status_code == 404


def test_without_an_open_application_a_reason_is_asked_and_kept(
    sign_in: SignIn, session: Session, people: dict[str, int], sent: int
) -> None:
    client = sign_in("staff")
    number = _kept(session, client, sent)
    assert act(client, sent, "batalkan") == 302
    answer = client.get(f"/dokumen/{number}/isi")
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/dokumen/{number}#buka")
    for reason, sentence in (("", "wajib"), ("ya", "5 sampai 200"),
                             ("NIK 3374014804850501", "Jangan menulis NIK")):  # fmt: skip
        data = {"reason": reason, "request_key": key()}
        refused = client.post(f"/dokumen/{number}/buka", data=data)
        assert refused.status_code == 422
        assert sentence in refused.get_data(as_text=True)
    assert told(session, "document_opened") == []
    form = TALK | {"request_key": key()}
    shown = client.post(f"/dokumen/{number}/buka", data=form)
    assert shown.headers["Content-Type"] == "image/jpeg"
    assert told(session, "document_opened") == [(people["staff"], number, f"KTP pemohon: {REASON}")]
    again = client.post(f"/dokumen/{number}/buka", data=form)
    assert again.status_code == 302
    assert len(told(session, "document_opened")) == 1
    assert REASON in text_of(client, f"/dokumen/{number}")


def test_an_auditor_reads_what_is_recorded_and_opens_only_what_shows_no_nik(
    sign_in: SignIn, session: Session, sent: int
) -> None:
    clerk, auditor = sign_in("staff"), sign_in("auditor")
    ktp, photo = _kept(session, clerk, sent), _kept(session, clerk, sent, "business_photo")
    assert "Isinya tidak ditampilkan" in text_of(auditor, f"/dokumen/{ktp}")
    assert auditor.get(f"/dokumen/{ktp}/isi").status_code == 302
    assert (
        auditor.post(f"/dokumen/{ktp}/buka", data=TALK | {"request_key": key()}).status_code == 403
    )
    assert auditor.get(f"/dokumen/{ktp}/kecil").status_code == 404
    assert auditor.get(f"/dokumen/{photo}/isi").status_code == 200
    assert auditor.get(f"/dokumen/{photo}/kecil").headers["Content-Type"] == "image/jpeg"
    assert sign_in("leader").get(f"/dokumen/{photo}").status_code == 403


def test_a_withdrawn_document_no_longer_counts_and_stays_readable(
    sign_in: SignIn, session: Session, people: dict[str, int], sent: int
) -> None:
    client = sign_in("staff")
    number = _kept(session, client, sent)
    why = "Terunggah KTP orang lain"
    assert client.post(f"/dokumen/{number}/tarik", data={"request_key": key()}).status_code == 422
    form = {"withdraw_reason": why, "request_key": key()}
    for _ in range(2):
        answer = client.post(f"/dokumen/{number}/tarik", data=form)
        assert answer.status_code == 302
    assert told(session, "document_withdrawn") == [(people["staff"], number, why)]
    assert f'"/dokumen/{number}"' not in text_of(client, f"/permohonan/{sent}")
    page = text_of(client, f"/dokumen/{number}")
    assert "Ditarik oleh Staff" in page
    assert why in page
    assert client.get(f"/dokumen/{number}/isi").status_code == 302, "now for a reason only"
    shown = client.post(f"/dokumen/{number}/buka", data=TALK | {"request_key": key()})
    assert shown.headers["Content-Type"] == "image/jpeg"
    other = client.post(f"/dokumen/{number}/tarik", data=form | {"request_key": key()})
    assert other.status_code == 409
    later = _kept_again(session, client, sent)
    assert f'"/dokumen/{later}"' in text_of(client, f"/permohonan/{sent}")
    assert why in text_of(client, f"/dokumen/{later}")


def _kept_again(session: Session, client: factories.Client, application: int) -> int:
    """The same scan may come again after it was withdrawn: it is a new version."""
    answer = send(client, f"/permohonan/{application}/dokumen/{kind_id(session, 'ktp')}")
    assert answer.status_code == 302
    return int(told(session, "document_replaced")[-1][1] or 0)


def test_a_bank_opens_the_documents_of_what_was_sent_to_it_and_of_nothing_else(
    sign_in: SignIn, session: Session, people: dict[str, int], sent: int
) -> None:
    clerk, own, other = sign_in("staff"), sign_in("pasar"), sign_in("jateng")
    number = _kept(session, clerk, sent)
    page = text_of(own, f"/permohonan/{sent}")
    assert f'"/dokumen/{number}"' in page
    assert "Ganti" not in page
    shown = text_of(own, f"/dokumen/{number}")
    assert "Siapa yang membukanya" not in shown
    assert "Tarik" not in shown
    assert own.get(f"/dokumen/{number}/isi").status_code == 200
    assert told(session, "document_opened")[-1] == (
        people["pasar"], number, "KTP pemohon, permohonan PM-000001"
    )  # fmt: skip
    for address in ("", "/isi", "/kecil"):
        missing = other.get(f"/dokumen/{number}{address}")
        nobody = other.get(f"/dokumen/99999{address}")
        assert (missing.status_code, nobody.status_code) == (404, 404)
        assert unnumbered(missing) == unnumbered(nobody)
    answer = other.post(f"/dokumen/{number}/buka", data=TALK | {"request_key": key()})
    assert answer.status_code == 404
    assert _denied(session, number) == 4
    assert len(told(session, "document_opened")) == 1


def test_a_bank_sees_no_document_before_the_application_is_sent(
    sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    made = factories.application(session, people, to=State.SUBMITTED)
    session.commit()
    number = _kept(session, sign_in("staff"), made)
    assert sign_in("pasar").get(f"/dokumen/{number}").status_code == 404
    factories.forward(session, people, made, State.SENT)
    session.commit()
    assert sign_in("pasar").get(f"/dokumen/{number}").status_code == 200


def test_a_bank_does_not_see_what_was_replaced_or_came_after_its_application_ended(
    sign_in: SignIn, session: Session, sent: int, clock: Traveller
) -> None:
    clerk, officer = sign_in("staff"), sign_in("pasar")
    address = f"/permohonan/{sent}/dokumen/{kind_id(session, 'ktp')}"
    old = _kept(session, clerk, sent)
    clock.shift(60)
    assert send(clerk, address, "good.png").status_code == 302
    new = int(told(session, "document_replaced")[-1][1] or 0)
    assert officer.get(f"/dokumen/{old}").status_code == 404
    assert officer.get(f"/dokumen/{new}").status_code == 200
    clock.shift(60)
    assert act(clerk, sent, "batalkan") == 302
    clock.shift(60)
    back = re.search(r'href="/peminjam/(\d+)#dokumen"', text_of(clerk, f"/dokumen/{new}"))
    assert back
    borrower = back[1]
    later = send(clerk, f"/peminjam/{borrower}/dokumen/{kind_id(session, 'ktp')}", "good.pdf")
    assert later.status_code == 302
    newest = int(told(session, "document_replaced")[-1][1] or 0)
    assert officer.get(f"/dokumen/{newest}").status_code == 404
    page = text_of(officer, f"/permohonan/{sent}")
    assert f'"/dokumen/{new}"' in page, "a checklist stays as it was when the application ended"
    assert officer.get(f"/dokumen/{new}/isi").status_code == 302, "now for a reason only"
    shown = officer.post(f"/dokumen/{new}/buka", data=TALK | {"request_key": key()})
    assert shown.status_code == 200


def test_bytes_that_were_sealed_for_another_place_are_told_in_words(
    sign_in: SignIn, session: Session, people: dict[str, int], sent: int
) -> None:
    number = factories.document(session, people["staff"], "business_photo", application_id=sent)
    first = session.get_one(Document, number)
    facts = {name: getattr(first, name) for name in Document.__mapper__.columns.keys()}  # noqa: SIM118
    session.add(Document(**facts | {"id": number + 1, "replaces_id": number}))
    session.flush()
    moved = session.get_one(DocumentContent, number).content
    session.add(DocumentContent(document_id=number + 1, content=moved))
    session.commit()
    assert sign_in("staff").get(f"/dokumen/{number}/isi").data == b"a picture"
    answer = sign_in("staff").get(f"/dokumen/{number + 1}/isi")
    assert answer.status_code == 409
    assert "Kunci data tidak cocok" in answer.get_data(as_text=True)
    assert len(told(session, "document_opened")) == 1
