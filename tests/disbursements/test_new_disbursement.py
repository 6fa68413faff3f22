from __future__ import annotations

import html
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests import factories
from tests.disbursements.forms import MICRO, NIK, PERSON, WISH, counts, entry, recorded
from wibawa.access.models import TrailEntry
from wibawa.borrowers.models import Borrower
from wibawa.disbursements.models import Disbursement

SignIn = Callable[[str], factories.Client]
pytestmark = pytest.mark.usefixtures("direct_allowed")
COOPERATIVE = {
    "name": "Koperasi Maju Bersama",
    "cooperative_number": "3374010010001",
    "business_started_on": "01/01/2015",
    "sector": "Simpan pinjam",
    "kelurahan_code": "33.74.01.1001",
    "address": "Jl. Pemuda 1",
    "phone": "",
    "nib": "",
    "chair_name": "Siti Aminah",
    "nik": NIK,
    "sex": "P",
    "birth_date": "08/04/1985",
    "members_male": "20",
    "members_female": "35",
    "active": "ya",
    "health": "healthy",
    "health_assessed_on": "31/03/2026",
    "annual_meeting_on": "14/03/2026",
}


def text_of(client: factories.Client, data: dict[str, str], address: str = MICRO) -> str:
    return html.unescape(client.post(address, data=data).get_data(as_text=True))


def test_a_recorded_disbursement_waits_and_is_no_loan_yet(
    sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    number = recorded(sign_in("staff"))
    assert counts(session) == (1, 0, 0)
    found = session.get_one(Disbursement, number)
    assert (found.status, found.entered_by, found.loan_id) == ("recorded", people["staff"], None)
    assert (found.account_number, found.principal) == ("30011234", 5_000_000)
    terms = (found.rate, found.months, found.method, found.multiple)
    assert terms == (300, 24, "flat", 1), "the terms in force and the bank's own method"
    trail = session.scalars(
        select(TrailEntry.object_id).where(TrailEntry.action == "disbursement_recorded")
    )
    assert list(trail) == [number]


def test_without_a_borrower_chosen_the_choice_comes_first(sign_in: SignIn) -> None:
    answer = sign_in("staff").get("/pencairan/baru")
    assert answer.headers["Location"] == "/pencairan/permohonan"
    assert sign_in("staff").get("/pencairan/baru?peminjam=999").status_code == 404


def test_a_registered_borrower_needs_no_personal_data_again(
    sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    number = factories.borrower(session, people["staff"])
    session.commit()
    address = f"/pencairan/baru?peminjam={number}"
    client = sign_in("staff")
    page = client.get(address).get_data(as_text=True)
    assert "Siti Aminah" in page
    assert "************0001" in page
    assert 'name="nik"' not in page
    recorded(client, address)
    assert session.scalar(select(Disbursement.borrower_id)) == number


def test_a_cooperative_is_recorded_with_its_chair_and_members(
    sign_in: SignIn, session: Session
) -> None:
    client, address = sign_in("staff"), "/pencairan/baru?jenis=koperasi"
    assert client.get(address).status_code == 200
    answer = client.post(address, data=COOPERATIVE | WISH | {"request_key": "a" * 32})
    page = client.get(answer.headers["Location"]).get_data(as_text=True)
    assert "Koperasi Maju Bersama" in page
    assert NIK not in page
    found = session.scalars(select(Borrower)).one()
    assert (found.kind, found.members_male, found.members_female) == ("cooperative", 20, 35)


def test_a_disbursement_to_a_cooperative_needs_the_same_standing_as_an_application(
    sign_in: SignIn, session: Session
) -> None:
    client, address = sign_in("staff"), "/pencairan/baru?jenis=koperasi"
    body = COOPERATIVE | WISH | {"active": "", "health": "watched"}
    page = text_of(client, body | {"request_key": "a" * 32}, address)
    assert "Belum tercatat apakah koperasi masih aktif" in page
    assert "dalam pengawasan; diperlukan predikat sehat" in page
    assert counts(session)[0] == 0


def test_the_same_form_sent_twice_makes_one_disbursement(sign_in: SignIn, session: Session) -> None:
    client = sign_in("staff")
    first = client.post(MICRO, data=entry())
    again = client.post(MICRO, data=entry())
    assert first.headers["Location"] == again.headers["Location"]
    assert counts(session)[0] == 1
    page = client.get(again.headers["Location"]).get_data(as_text=True)
    assert "Formulir ini sudah dikirim sebelumnya" in page


def test_another_body_under_the_same_key_is_refused_and_kept_on_the_page(
    sign_in: SignIn, session: Session
) -> None:
    client = sign_in("staff")
    recorded(client)
    answer = client.post(MICRO, data=entry(principal="4.000.000"))
    page = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert "sudah pernah dikirim dengan isi yang lain" in page
    assert 'value="4.000.000"' in page
    assert counts(session)[0] == 1


def test_a_form_without_its_key_is_refused_in_words(sign_in: SignIn, session: Session) -> None:
    answer = sign_in("staff").post(MICRO, data=entry() | {"request_key": ""})
    assert answer.status_code == 409
    assert "Muat ulang halaman" in answer.get_data(as_text=True)
    assert counts(session)[0] == 0


def test_the_same_nik_finds_the_borrower_and_keeps_the_facts(
    sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    number = factories.borrower(session, people["staff"], 12)
    session.commit()
    client = sign_in("staff")
    one = recorded(client, name=" siti  aminah ", address="Jl. Lain 9", business_name="Kue Siti")
    page = client.get(f"/pencairan/{one}").get_data(as_text=True)
    assert "sudah terdaftar" in page
    assert "tidak diubah" in page
    assert "Jl. Pekunden No. 1" in page
    assert "Jl. Lain 9" not in page
    assert list(session.scalars(select(Borrower.id))) == [number]


def test_the_same_nik_under_another_name_is_stopped(
    sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    factories.borrower(session, people["staff"], 12)
    session.commit()
    answer = sign_in("staff").post(MICRO, data=entry(name="Budi Santoso"))
    assert answer.status_code == 409
    assert "NIK ini sudah terdaftar atas nama Siti Aminah (Roti Siti)" in html.unescape(
        answer.get_data(as_text=True)
    )
    assert counts(session)[0] == 0


def test_a_running_loan_or_a_waiting_disbursement_at_either_bank_blocks(
    sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    factories.loan(session, people["staff"], people["approver"], number=12, bank_id=1)
    session.commit()
    client = sign_in("staff")
    said = text_of(client, entry())
    assert "masih mempunyai pinjaman KW-000001 di Bank Jateng dengan baki debet Rp5.000.000" in said
    other = {"nik": "3374014804850013"}
    recorded(client, key="2", **other)
    said = text_of(client, entry(key="3", bank_id="1", account_number="77777", **other))
    assert "Pencairan lain untuk peminjam ini, Rp5.000.000 di Bank Pasar, masih menunggu" in said


def test_an_account_is_used_once_at_a_bank(
    sign_in: SignIn, session: Session, people: dict[str, int]
) -> None:
    factories.loan(session, people["staff"], people["approver"], number=5, account="30011234")
    session.commit()
    client = sign_in("staff")
    assert "sudah dipakai pinjaman KW-000001" in text_of(client, entry())
    recorded(client, key="2", account_number="88888")
    said = text_of(client, entry(key="3", nik="3374014804850013", account_number="8-8888"))
    assert "sudah dipakai pencairan Siti Aminah yang menunggu persetujuan" in said
    recorded(client, key="4", nik="3374014804850013", account_number="30011234", bank_id="1")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"nik": "123"}, "NIK berisi 3 angka; diperlukan tepat 16 angka."),
        ({"sex": "L"}, "sedangkan menurut NIK perempuan"),
        ({"birth_date": "09/04/1985"}, "Tanggal lahir 9 April 1985 tidak cocok dengan NIK"),
        ({"birth_date": "31/02/1985"}, "Tertulis “31/02/1985”: tanggal tidak terbaca."),
        ({"business_started_on": "01/06/2025"}, "Usaha baru berjalan 1 tahun 5 bulan"),
        ({"kelurahan_code": "99.99.99.9999"}, "tidak ada dalam daftar"),
        (
            {"principal": "60.000.000", "collateral": "BPKB"},
            "melebihi plafon tertinggi usaha mikro",
        ),
        ({"principal": "7.500.000"}, "di atas batas tanpa agunan, Rp5.000.000"),
        ({"principal": "1.5"}, "jumlah tidak boleh memakai sen"),
        ({"principal": "0"}, "Jumlah Rp0 tidak dapat dicairkan"),
        ({"account_number": "12 34"}, "Nomor rekening “1234” tidak terbaca"),
        ({"disbursed_on": "25/11/2026"}, "sesudah hari ini (24 November 2026)"),
        ({"bank_id": ""}, "Bank penyalur: Isian ini wajib diisi."),
        ({"bank_id": "99"}, "Pilihan ini tidak ada dalam daftar."),
        ({"agreement_number": ""}, "Nomor perjanjian kredit: Isian ini wajib diisi."),
        ({"phone": "rumah"}, "tulis 7 sampai 15 angka"),
    ],
)
def test_every_obstacle_is_a_sentence_in_the_summary_and_at_the_field(
    sign_in: SignIn, session: Session, changes: dict[str, str], sentence: str
) -> None:
    said = text_of(sign_in("staff"), entry(**changes))
    assert sentence in said
    assert 'class="error-summary"' in said
    assert "field-error" in said
    assert 'value="Siti Aminah"' in said, "what was typed stays"
    assert 'value="PK/77/2026"' in said or "agreement_number" in changes
    assert counts(session)[0] == 0


def test_all_obstacles_of_form_and_rules_come_at_once(sign_in: SignIn) -> None:
    said = text_of(
        sign_in("staff"), entry(sex="L", principal="60.000.000", address="", account_number="")
    )
    for sentence in ("menurut NIK perempuan", "melebihi plafon", "uraikan agunannya"):
        assert sentence in said
    assert said.count("Isian ini wajib diisi.") == 4  # two fields, summary and field


def test_the_button_shows_the_schedule_without_scripts_and_records_nothing(
    sign_in: SignIn, session: Session
) -> None:
    said = text_of(sign_in("staff"), entry(name="", hitung="1"))
    assert "24/12/2026" in said
    assert "error-summary" not in said
    assert counts(session)[0] == 0


@pytest.mark.parametrize("who", ["jateng", "leader", "auditor", "approver", "admin"])
def test_only_office_staff_record(sign_in: SignIn, who: str) -> None:
    client = sign_in(who)
    assert client.get(MICRO).status_code == 403
    assert client.post(MICRO, data=entry()).status_code == 403


def test_the_nik_stands_in_no_address_and_in_no_byte_of_the_database(
    sign_in: SignIn, session: Session, database_url: str
) -> None:
    client = sign_in("staff")
    number = recorded(client)
    page = client.get(MICRO).get_data(as_text=True)
    assert 'data-preview-fields="bank_id disbursed_on principal"' in page
    assert '<form method="post" action="/pencairan/baru?jenis=mikro"' in page
    for address in ("/pencairan", f"/pencairan/{number}"):
        shown = client.get(address).get_data(as_text=True)
        assert NIK not in shown
    assert "************0012" in shown
    if database_url.startswith("sqlite"):
        file = Path(database_url.removeprefix("sqlite:///"))
        stored = b"".join(part.read_bytes() for part in file.parent.glob(f"{file.name}*"))
        assert NIK.encode() not in stored
        assert b"Siti Aminah" in stored


def test_two_clerks_at_once_record_a_borrower_once(
    app: Flask, sign_in: SignIn, session: Session
) -> None:
    session.rollback()
    clients = [sign_in("staff"), sign_in("staff2")]
    bodies = [entry(key="1"), entry(key="2", account_number="77777", bank_id="1")]
    answers: list[int] = []
    threads = [
        threading.Thread(target=lambda c=c, b=b: answers.append(c.post(MICRO, data=b).status_code))
        for c, b in zip(clients, bodies, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [302, 409]
    assert counts(session)[0] == 1


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        *((name, "   ") for name in (*PERSON, *WISH) if name not in ("phone", "nib", "collateral")),
        ("nik", "-"),
        ("nik", ". . ."),
        ("account_number", "---"),
        ("sex", "X"),
        ("disbursed_on", "\t"),
    ],
)
def test_what_looks_empty_is_missing(
    sign_in: SignIn, session: Session, field: str, typed: str
) -> None:
    """A NIK of a dash only would make every such borrower one person."""
    answer = sign_in("staff").post(MICRO, data=entry(**{field: typed}))
    assert answer.status_code == 200
    assert counts(session) == (0, 0, 0)


def test_a_name_that_is_longer_in_small_letters_is_stored(sign_in: SignIn) -> None:
    answer = sign_in("staff").post(MICRO, data=entry(name="ß" * 120))
    assert answer.status_code == 302
