from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from tests import factories
from tests.applications.forms import act, text_of
from tests.conftest import prepared
from tests.scans.steps import FILES, key, kind_id, send, stored, told
from wibawa.access.personal_data import WrongKey, unseal_bytes
from wibawa.rules.statuses import State
from wibawa.scans.models import Document, DocumentContent
from wibawa.scans.queries import content_of, content_place
from wibawa.scans.reader import ScanLimits, read_scan

SignIn = Callable[[str], factories.Client]
NIK = "3374014804850501"


def _application(session: Session, people: dict[str, int]) -> int:
    """An application of Siti Aminah that was submitted."""
    return factories.application(session, people, to=State.SUBMITTED)


application = prepared(_application)


def _address(session: Session, application: int, code: str = "ktp") -> str:
    return f"/permohonan/{application}/dokumen/{kind_id(session, code)}"


def test_a_ktp_is_kept_and_the_checklist_says_who_kept_it_when(
    sign_in: SignIn, session: Session, people: dict[str, int], application: int
) -> None:
    client = sign_in("staff2")
    page = text_of(client, f"/permohonan/{application}")
    assert page.count("Belum ada") == 6
    address = _address(session, application)
    form = text_of(client, address)
    assert "Unggah KTP pemohon" in form
    assert 'capture="environment"' in form
    answer = send(client, address)
    assert answer.headers["Location"] == f"/permohonan/{application}#dokumen"
    page = text_of(client, f"/permohonan/{application}")
    assert "KTP pemohon tersimpan." in page
    assert page.count("Belum ada") == 5
    assert "Staff2, 24 November 2026 10.00" in page
    (kept,) = stored(session)
    assert (kept.recorded_by, kept.media_type) == (people["staff2"], "image/jpeg")
    assert (kept.borrower_id is None, kept.application_id) == (False, None), "a KTP is the person's"
    assert told(session, "document_added") == [(people["staff2"], kept.id, "KTP pemohon")]


def test_the_bytes_are_sealed_for_their_row_and_open_as_they_were_drawn(
    sign_in: SignIn, session: Session, application: int
) -> None:
    address = _address(session, application)
    for name in ("good_gps.jpg", "good.png"):
        assert send(sign_in("staff"), address, name).status_code == 302
    first, second = (each.id for each in stored(session))
    sealed = session.scalar(select(DocumentContent.content).where(DocumentContent.document_id == 1))
    assert sealed is not None
    assert b"JFIF" not in sealed
    drawn = read_scan((FILES / "good_gps.jpg").read_bytes(), ScanLimits()).content
    assert content_of(session, first) == drawn
    assert unseal_bytes(sealed, content_place(first)) == drawn
    with pytest.raises(WrongKey):
        unseal_bytes(sealed, content_place(second))


def test_what_shows_a_nik_has_no_small_picture_a_photo_has(
    sign_in: SignIn, session: Session, application: int
) -> None:
    client = sign_in("staff")
    for code in ("ktp", "business_photo"):
        assert send(client, _address(session, application, code)).status_code == 302
    small = session.scalars(
        select(DocumentContent.thumbnail).order_by(DocumentContent.document_id)
    ).all()
    assert [each is None for each in small] == [True, False]


def test_the_name_of_a_file_is_kept_nowhere(
    sign_in: SignIn, session: Session, application: int
) -> None:
    client = sign_in("staff")
    address = _address(session, application)
    assert send(client, address, sent_as=f"KTP {NIK} Siti.jpg").status_code == 302
    refused = send(client, address, "broken--cut.jpg", sent_as=f"KTP {NIK}.jpg")
    assert NIK not in refused.get_data(as_text=True)
    for page in (f"/permohonan/{application}", "/dokumen/1"):
        assert NIK not in text_of(client, page)
    assert NIK not in str([vars(each) for each in stored(session)])
    assert NIK not in str(session.execute(text("SELECT detail FROM trail_entries")).all())


def test_the_same_form_sent_twice_keeps_one_document(
    sign_in: SignIn, session: Session, application: int
) -> None:
    client, address, form = sign_in("staff"), _address(session, application), key()
    for _ in range(2):
        assert send(client, address, request_key=form).status_code == 302
    assert len(stored(session)) == 1
    other = send(client, address, "good.png", request_key=form)
    assert "sudah dikirim dengan isi yang lain" in other.get_data(as_text=True)
    assert len(stored(session)) == 1


def test_the_same_scan_again_is_told_and_not_kept(
    sign_in: SignIn, session: Session, application: int
) -> None:
    client, address = sign_in("staff"), _address(session, application)
    send(client, address)
    again = send(client, address)
    assert again.status_code == 422
    assert "sama dengan yang sudah tersimpan" in again.get_data(as_text=True)
    assert len(stored(session)) == 1


def test_a_new_scan_replaces_the_old_one_which_stays_readable(
    sign_in: SignIn, session: Session, people: dict[str, int], application: int
) -> None:
    client, address = sign_in("staff"), _address(session, application)
    send(client, address)
    form = text_of(client, address)
    assert "Ganti KTP pemohon" in form
    assert "Yang lama tetap tersimpan" in form
    assert send(client, address, "good.pdf").status_code == 302
    old, new = stored(session)
    assert new.replaces_id == old.id
    page = text_of(client, f"/permohonan/{application}")
    assert f'"/dokumen/{new.id}"' in page
    assert f'"/dokumen/{old.id}"' not in page
    assert "Sudah diganti" in text_of(client, f"/dokumen/{old.id}")
    assert f'"/dokumen/{old.id}"' in text_of(client, f"/dokumen/{new.id}")
    assert told(session, "document_replaced") == [(people["staff"], new.id, "KTP pemohon")]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("broken--cut.jpg", "rusak atau terpotong"),
        ("not_a_scan--html.jpg", "halaman web"),
        ("pdf_active--javascript.pdf", "memuat skrip"),
        ("pixels--bomb.png", "60000 × 60000 piksel"),
    ],
)
def test_an_unfit_file_is_told_at_its_field_and_nothing_is_kept(
    sign_in: SignIn, session: Session, application: int, name: str, sentence: str
) -> None:
    answer = send(sign_in("staff"), _address(session, application), name)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert 'class="error-summary"' in page
    assert sentence in page
    assert stored(session) == []


def test_one_file_must_be_chosen_not_none_and_not_two(
    sign_in: SignIn, session: Session, application: int
) -> None:
    client, address = sign_in("staff"), _address(session, application)
    none = client.post(address, data={"request_key": key()})
    assert (none.status_code, "Belum ada berkas" in none.get_data(as_text=True)) == (422, True)
    camera = (io.BytesIO((FILES / "good.png").read_bytes()), "kamera.png")
    two = send(client, address, camera=camera)
    assert (two.status_code, "Pilih satu saja" in two.get_data(as_text=True)) == (422, True)
    assert stored(session) == []
    assert send(client, address, field="camera").status_code == 302


def test_a_photo_is_asked_where_a_photo_is_needed(
    sign_in: SignIn, session: Session, application: int
) -> None:
    answer = send(sign_in("staff"), _address(session, application, "business_photo"), "good.pdf")
    assert "pilih foto JPEG atau PNG" in answer.get_data(as_text=True)


def test_a_borrowers_own_paper_serves_the_next_application_too(
    sign_in: SignIn, session: Session, people: dict[str, int], application: int
) -> None:
    client = sign_in("staff")
    for code in ("ktp", "business_photo"):
        send(client, _address(session, application, code))
    assert act(client, application, "batalkan") == 302
    session.rollback()
    (borrower_id,) = {each.borrower_id for each in stored(session)} - {None}
    later = factories.application(session, people, to=State.SUBMITTED, borrower_id=borrower_id)
    session.commit()
    page = text_of(client, f"/permohonan/{later}")
    assert '"/dokumen/1"' in page
    assert '"/dokumen/2"' not in page


def test_it_is_kept_from_the_borrowers_page_too_but_not_an_applications_paper(
    sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    borrower_id = factories.borrower(session, people["staff"])
    session.commit()
    client = sign_in("staff")
    answer = send(client, f"/peminjam/{borrower_id}/dokumen/{kind_id(session, 'ktp')}")
    assert answer.headers["Location"] == f"/peminjam/{borrower_id}#dokumen"
    photo = kind_id(session, "business_photo")
    assert send(client, f"/peminjam/{borrower_id}/dokumen/{photo}").status_code == 404
    assert [each.borrower_id for each in stored(session)] == [borrower_id]


def test_a_kind_of_another_sort_of_borrower_is_not_found(
    sign_in: SignIn, session: Session, application: int
) -> None:
    deed = kind_id(session, "deed", "cooperative")
    assert sign_in("staff").get(f"/permohonan/{application}/dokumen/{deed}").status_code == 404


def test_an_application_that_has_ended_takes_no_more_documents(
    sign_in: SignIn, session: Session, application: int
) -> None:
    client, address = sign_in("staff"), _address(session, application)
    assert act(client, application, "batalkan") == 302
    answer = send(client, address)
    assert answer.status_code == 409
    assert "sudah selesai" in answer.get_data(as_text=True)
    assert "/dokumen/" not in text_of(client, f"/permohonan/{application}")
    assert stored(session) == []


def test_there_is_room_for_so_much_and_no_more(
    app: Flask, sign_in: SignIn, session: Session, application: int
) -> None:
    app.config["SCANS_ROOM_BYTES"] = 20_000
    client, address = sign_in("staff"), _address(session, application)
    assert send(client, address).status_code == 302
    answer = send(client, address, "pdf_active--javascript.pdf")
    assert answer.status_code == 422
    app.config["SCANS_ROOM_BYTES"] = 1_000
    assert "batas untuk satu permohonan" in send(client, address, "good.pdf").get_data(as_text=True)
    assert len(stored(session)) == 1


@pytest.mark.parametrize(
    ("place", "length", "status"),
    [("dokumen/1", 400_000, 422), ("ajukan", 400_000, 413), ("dokumen/1", 11_000_000, 413)],
)
def test_only_the_upload_page_takes_what_is_larger_than_a_form(
    sign_in: SignIn, application: int, place: str, length: int, status: int
) -> None:
    part = (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n'
        b"Content-Type: image/jpeg\r\n\r\n"
    )
    body = part + b"\xff\xd8\xff" + b"\0" * length + b"\r\n--x--\r\n"
    answer = sign_in("staff").post(
        f"/permohonan/{application}/{place}", data=body,
        content_type="multipart/form-data; boundary=x",
    )  # fmt: skip
    assert answer.status_code == status


def test_a_second_first_version_is_refused_by_the_database(
    session: Session, people: dict[str, int], application: int
) -> None:
    factories.document(session, people["staff"], "business_photo", application_id=application)
    first = session.scalars(select(Document)).one()
    values = {name: getattr(first, name) for name in Document.__mapper__.columns.keys()}  # noqa: SIM118
    session.add(Document(**values | {"id": first.id + 1}))
    with pytest.raises(Exception, match=r"uq_documents_first_of_application|UNIQUE"):
        session.flush()
