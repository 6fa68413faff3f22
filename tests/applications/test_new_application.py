from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from tests import factories
from tests.applications.forms import MICRO, NIK, PERSON, act, entry, key, recorded, state, text_of
from tests.borrowers.test_edit_borrower import opened
from wibawa.access.models import TrailEntry
from wibawa.applications.models import Application, ApplicationDraft, ApplicationMove
from wibawa.borrowers.models import Borrower
from wibawa.web.clock import now

SignIn = Callable[[str], factories.Client]
NEW_COOPERATIVE = "/permohonan/baru?jenis=koperasi"
COOPERATIVE = {
    "name": "Koperasi Maju Bersama",
    "cooperative_number": "3374010010001",
    "business_started_on": "01/01/2015",
    "sector": "Simpan pinjam",
    "address": "Jl. Pemuda 1",
    "phone": "",
    "chair_name": "Siti Aminah",
    "members_male": "20",
    "members_female": "35",
    "active": "ya",
    "health": "healthy",
    "health_assessed_on": "31/03/2026",
    "annual_meeting_on": "14/03/2026",
}


def count(session: Session, table: type) -> int:
    session.rollback()
    return int(session.scalar(select(func.count()).select_from(table)) or 0)


def test_a_submitted_application_waits_for_the_visit_under_the_terms_of_the_day(
    sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    number = recorded(sign_in("staff"))
    found = session.get_one(Application, number)
    assert (found.state, found.amount, found.months) == ("submitted", 5_000_000, 24)
    assert (found.number, found.terms_id) == ("PM-000001", 1)
    assert (found.created_by, found.submitted_by) == (people["staff"], people["staff"])
    assert found.visited_by is None
    assert count(session, Borrower) == 1


def test_without_a_borrower_chosen_the_choice_comes_first(sign_in: SignIn) -> None:
    client = sign_in("staff")
    assert client.get("/permohonan/baru").headers["Location"] == "/permohonan/baru/peminjam"
    assert client.get("/permohonan/baru?peminjam=999").status_code == 404
    assert client.get("/permohonan/baru?jenis=mikro&draf=999").status_code == 404


def test_a_registered_borrower_needs_no_personal_data_again(
    sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    borrower = factories.borrower(session, people["staff"])
    session.commit()
    address = f"/permohonan/baru?peminjam={borrower}"
    client = sign_in("staff")
    page = text_of(client, address)
    assert "************0001" in page
    assert 'name="nik"' not in page
    number = recorded(client, address)
    assert session.get_one(Application, number).borrower_id == borrower


def test_a_cooperative_is_recorded_with_how_it_stands(sign_in: SignIn, session: Session) -> None:
    client = sign_in("staff")
    number = recorded(client, NEW_COOPERATIVE, **COOPERATIVE)
    page = text_of(client, f"/permohonan/{number}")
    assert "Koperasi Maju Bersama" in page
    assert "Semua syarat yang diperiksa terpenuhi hari ini." in page
    assert "Sehat, 31 Maret 2026" in page
    assert "14 Maret 2026" in page
    found = session.scalars(select(Borrower)).one()
    assert (found.active, found.health) == (True, "healthy")
    assert found.health_assessed_on == dt.date(2026, 3, 31)
    assert found.annual_meeting_on == dt.date(2026, 3, 14)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"active": "tidak"}, "Koperasi tercatat tidak aktif"),
        ({"active": ""}, "Belum tercatat apakah koperasi masih aktif"),
        ({"health": "watched"}, "(31 Maret 2026): dalam pengawasan; diperlukan predikat sehat"),
        ({"health": "", "health_assessed_on": ""}, "Belum tercatat hasil penilaian kesehatan"),
        ({"health_assessed_on": ""}, "Isi tanggal penilaiannya, karena kesehatannya diisi."),
        ({"health": ""}, "Pilih juga kesehatan koperasinya"),
        ({"health_assessed_on": "31/03/2027"}, "sesudah hari ini; periksa tahunnya"),
        ({"annual_meeting_on": "31/03/2027"}, "sesudah hari ini; periksa tahunnya"),
        ({"health": "very well"}, "Pilihan ini tidak ada dalam daftar."),
    ],
)
def test_a_cooperative_that_does_not_stand_well_is_not_submitted(
    sign_in: SignIn, session: Session, changes: dict[str, str], sentence: str
) -> None:
    client = sign_in("staff")
    body = entry(**COOPERATIVE | changes)
    assert sentence in text_of(client, NEW_COOPERATIVE, body)
    assert count(session, Application) == 0


def test_a_draft_for_a_cooperative_of_which_nothing_is_known_waits_for_its_facts(
    sign_in: SignIn, session: Session
) -> None:
    client = sign_in("staff")
    unknown = dict.fromkeys(("active", "health", "health_assessed_on", "annual_meeting_on"), "")
    number = recorded(client, NEW_COOPERATIVE, **COOPERATIVE | unknown, simpan="1")
    page = text_of(client, f"/permohonan/{number}")
    assert "lewat Ubah data di halaman peminjam" in page
    assert "Belum tercatat" in page
    assert act(client, number, "ajukan") in (200, 409)
    assert state(session, number) == "draft"
    borrower = session.scalar(select(Borrower.id))
    address = f"/peminjam/{borrower}/ubah"
    facts = COOPERATIVE | opened(client, address) | {"nik": "", "kelurahan_code": "33.74.01.1001"}
    facts |= {"sex": "P", "birth_date": "08/04/1985", "nib": ""}
    assert client.post(address, data=facts).status_code == 302
    assert act(client, number, "ajukan") == 302
    assert state(session, number) == "submitted"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"nik": "123"}, "NIK berisi 3 angka; diperlukan tepat 16 angka."),
        ({"sex": "L"}, "sedangkan menurut NIK perempuan"),
        ({"birth_date": "01/01/2027"}, "sesudah hari ini"),
        ({"business_started_on": "01/06/2025"}, "Usaha baru berjalan 1 tahun 5 bulan"),
        ({"amount": "60.000.000", "collateral": "BPKB"}, "melebihi plafon tertinggi usaha mikro"),
        ({"amount": "7.500.000"}, "di atas batas tanpa agunan, Rp5.000.000"),
        ({"amount": "1.5"}, "jumlah tidak boleh memakai sen"),
        ({"amount": "0"}, "Tulis jumlah di atas Rp0"),
        ({"months": "60"}, "Pilihan ini tidak ada dalam daftar."),
        ({"months": "60"}, "Jangka waktu 60 bulan melebihi 24 bulan"),
        ({"bank_id": ""}, "Bank yang diinginkan: Isian ini wajib diisi."),
        ({"purpose": ""}, "Tujuan penggunaan: Isian ini wajib diisi."),
        ({"kelurahan_code": "99.99.99.9999"}, "tidak ada dalam daftar"),
    ],
)
def test_every_obstacle_is_a_sentence_at_the_field_and_what_was_typed_stays(
    sign_in: SignIn, session: Session, changes: dict[str, str], sentence: str
) -> None:
    said = text_of(sign_in("staff"), MICRO, entry(**changes))
    assert sentence in said
    assert 'class="error-summary"' in said
    assert "field-error" in said
    assert 'value="Siti Aminah"' in said
    assert count(session, Application) == 0


def test_all_obstacles_come_at_once_and_warnings_stand_apart(sign_in: SignIn) -> None:
    said = text_of(
        sign_in("staff"),
        MICRO,
        entry(amount="60.000.000", business_started_on="01/06/2025", nik="3301014804850012"),
    )
    blocks, _, rest = said.partition("Perlu diperiksa; tidak menghalangi:")
    for sentence in ("melebihi plafon", "uraikan agunannya", "Usaha baru berjalan"):
        assert sentence in blocks
    assert "tidak berawalan 3374" not in blocks
    assert "tidak berawalan 3374" in rest


def test_a_draft_may_have_obstacles_and_is_submitted_only_without(
    sign_in: SignIn, session: Session
) -> None:
    client = sign_in("staff")
    number = recorded(client, simpan="1", amount="7.500.000")
    page = text_of(client, f"/permohonan/{number}")
    assert "belum memenuhi syarat" in page
    assert "uraikan agunannya" in page
    assert "/ajukan" not in page
    assert act(client, number, "ajukan") == 409
    assert state(session, number) == "draft"


def test_a_half_filled_form_survives_signing_out(
    sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    client = sign_in("staff")
    data = entry(simpan="1", amount="4.250.000", purpose="", bank_id="")
    answer = client.post(MICRO, data=data)
    address = answer.headers["Location"]
    assert address == "/permohonan/baru?jenis=mikro&draf=1"
    client.post("/keluar")
    assert client.get("/permohonan").status_code == 302
    again = sign_in("staff")
    assert "Siti Aminah" in text_of(again, "/permohonan")
    page = text_of(again, address)
    assert 'value="4.250.000"' in page
    assert f'value="{NIK}"' in page, "only the one who typed it sees it, in the form itself"
    assert sign_in("staff2").get(address).status_code == 404
    number = recorded(again, address)
    assert state(session, number) == "submitted"
    assert count(session, ApplicationDraft) == 0
    dropped = select(TrailEntry.detail).where(TrailEntry.action == "draft_dropped")
    assert session.scalars(dropped).all() == ["sudah menjadi permohonan"]


def test_what_was_refused_is_kept_too_and_can_be_thrown_away(
    sign_in: SignIn, session: Session
) -> None:
    client = sign_in("staff")
    answer = client.post(MICRO, data=entry(nik="123"))
    assert answer.status_code == 409
    page = answer.get_data(as_text=True)
    assert 'data-flash="success"' in page, "the browser forgets its own copy"
    assert 'data-draft="permohonan-draf-1"' in page, "and keeps this form apart from the next one"
    page = text_of(client, "/permohonan")
    assert "Formulir Anda yang belum selesai" in page
    assert sign_in("staff2").post("/permohonan/draf/1/hapus").status_code == 404
    assert client.post("/permohonan/draf/1/hapus").status_code == 302
    assert count(session, ApplicationDraft) == 0
    told = select(TrailEntry).where(TrailEntry.object_kind == "application_draft")
    lines = session.scalars(told.order_by(TrailEntry.id)).all()
    deeds = [(each.action, each.detail) for each in lines if each.action != "denied"]
    assert deeds == [("draft_kept", ""), ("draft_dropped", "")], "of whom it tells, no line says"


def test_a_second_application_while_one_is_open_is_stopped_by_a_sentence(
    sign_in: SignIn, session: Session
) -> None:
    client = sign_in("staff")
    number = recorded(client)
    for more in ({}, {"simpan": "1", "bank_id": "1"}):
        said = text_of(client, MICRO, entry(**more))
        if not more:
            assert "Peminjam masih mempunyai permohonan PM-000001 di Bank Pasar" in said
            assert "diajukan sejak 24 November 2026" in said
        assert count(session, Application) == 1
    assert act(client, number, "batalkan") == 302
    recorded(client)
    assert count(session, Application) == 2


def test_the_index_stops_a_second_open_application_too(
    sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    first = session.get_one(Application, recorded(sign_in("staff")))
    same = {"borrower_id": first.borrower_id, "bank_id": factories.JATENG, "terms_id": 1}
    session.add(
        Application(number="PM-9", amount=1, months=1, purpose="x", state="draft",
                    state_since=now(), created_by=people["staff"], created_at=now(), **same)
    )  # fmt: skip
    with pytest.raises(IntegrityError, match=r"open_borrower|borrower_id"):
        session.flush()


def test_two_clerks_at_once_record_a_borrower_once(sign_in: SignIn, session: Session) -> None:
    clients = [sign_in("staff"), sign_in("staff2")]
    answers: list[int] = []
    threads = [
        threading.Thread(target=lambda c=c: answers.append(c.post(MICRO, data=entry()).status_code))
        for c in clients
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [302, 409]
    assert count(session, Application) == 1


def test_a_loan_at_either_bank_blocks(
    sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    factories.loan(session, people["staff"], people["approver"], number=12, bank_id=1)
    session.commit()
    said = text_of(sign_in("staff"), MICRO, entry())
    assert "masih mempunyai pinjaman KW-000001 di Bank Jateng" in said


def test_the_same_nik_under_another_name_is_stopped(
    sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    factories.borrower(session, people["staff"], 12)
    session.commit()
    client = sign_in("staff")
    said = text_of(client, MICRO, entry(name="Budi Santoso"))
    assert "NIK ini sudah terdaftar atas nama Siti Aminah (Roti Siti)" in said
    recorded(client, name=" siti  aminah ", address="Jl. Lain 9")
    assert session.scalars(select(Borrower.address)).all() == ["Jl. Pekunden No. 1"]


def test_the_same_form_sent_twice_makes_one_application(sign_in: SignIn, session: Session) -> None:
    client, data = sign_in("staff"), entry()
    first, again = client.post(MICRO, data=data), client.post(MICRO, data=data)
    assert first.headers["Location"] == again.headers["Location"]
    assert "sudah dikirim sebelumnya" in text_of(client, again.headers["Location"])
    changed = client.post(MICRO, data=data | {"amount": "4.000.000"})
    assert changed.status_code == 409
    assert "sudah pernah dikirim dengan isi yang lain" in changed.get_data(as_text=True)
    assert count(session, Application) == 1


def test_the_button_compares_installments_without_scripts_and_records_nothing(
    sign_in: SignIn, session: Session
) -> None:
    said = text_of(sign_in("staff"), MICRO, entry(name="", hitung="1"))
    assert "220.833" in said
    assert "error-summary" not in said
    assert count(session, Application) == count(session, ApplicationDraft) == 0


def test_the_nik_stands_in_no_address_no_page_and_no_byte_of_the_database(
    sign_in: SignIn, session: Session, database_url: str
) -> None:
    client = sign_in("staff")
    client.post(MICRO, data=entry(simpan="1", bank_id=""))
    number = recorded(client, name="Siti Aminah")
    for address in ("/permohonan", f"/permohonan/{number}", f"/permohonan/{number}/kunjungan"):
        assert NIK not in text_of(client, address)
    page = text_of(client, MICRO)
    assert 'data-preview-fields="bank_id amount months"' in page
    assert '<form method="post" action="/permohonan/baru?jenis=mikro"' in page
    session.rollback()
    for sealed in session.scalars(select(ApplicationDraft.body)):
        assert NIK.encode() not in sealed
    if database_url.startswith("sqlite"):
        file = Path(database_url.removeprefix("sqlite:///"))
        stored = b"".join(part.read_bytes() for part in file.parent.glob(f"{file.name}*"))
        assert NIK.encode() not in stored
        assert PERSON["address"].encode() not in stored
        assert PERSON["name"].encode() in stored


@pytest.mark.parametrize("who", ["approver", "auditor", "jateng", "leader", "admin"])
def test_only_office_staff_record(sign_in: SignIn, who: str) -> None:
    client = sign_in(who)
    assert client.get(MICRO).status_code == 403
    assert client.post(MICRO, data=entry()).status_code == 403


def test_a_change_keeps_what_was_typed_and_leaves_its_before_and_after(
    sign_in: SignIn, session: Session
) -> None:
    client = sign_in("staff")
    number = recorded(client, simpan="1")
    address = f"/permohonan/{number}/ubah"
    page = text_of(client, address)
    assert 'value="5.000.000"' in page
    shown = page.split('name="shown"')[1].split('value="')[1].split('"')[0]
    wish = {"bank_id": "1", "months": "12", "purpose": "Membeli oven", "collateral": "BPKB"}
    data = wish | {"shown": shown, "request_key": key(), "amount": "enam juta"}
    said = text_of(client, address, data)
    assert "jumlah tidak terbaca" in said
    assert 'value="enam juta"' in said
    assert ">Membeli oven</textarea>" in said.replace("\r\n", "")
    answer = client.post(address, data=data | {"amount": "6.000.000"})
    assert answer.status_code == 302
    found = session.get_one(Application, number)
    assert (found.amount, found.months, found.bank_id, found.version) == (6_000_000, 12, 1, 2)
    reason = session.scalars(
        select(ApplicationMove.reason).where(ApplicationMove.action == "revise")
    ).one()
    assert "Jumlah: Rp5.000.000 → Rp6.000.000" in reason
    late = client.post(address, data=data | {"amount": "4.000.000", "request_key": key()})
    assert late.status_code == 409
    assert "berubah sejak ditampilkan" in late.get_data(as_text=True)


def test_a_submitted_application_is_not_changed(sign_in: SignIn, session: Session) -> None:
    client = sign_in("staff")
    number = recorded(client)
    answer = client.get(f"/permohonan/{number}/ubah")
    assert answer.status_code == 409
    assert "hanya yang draf atau dikembalikan dapat diubah" in answer.get_data(as_text=True)
    assert session.get_one(Application, number).state_since.date() == dt.date(2026, 11, 24)
