from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from tests import factories
from tests.borrowers.test_borrower_list import cooperative
from tests.borrowers.test_reveal_nik import trail
from wibawa.access.personal_data import WrongKey, unseal
from wibawa.access.sealed import Placed
from wibawa.borrowers.actions import nik_of
from wibawa.borrowers.models import Borrower, BorrowerChange
from wibawa.database import db, writing
from wibawa.web.clock import now

SignIn = Callable[[str], factories.Client]
OLD, NEW = "3374014804850001", "3374014804850077"
SITI = {
    "name": "Siti Aminah",
    "nik": "",
    "sex": "P",
    "birth_date": "08/04/1985",
    "business_name": "Roti Siti",
    "sector": "Kuliner",
    "business_started_on": "01/01/2018",
    "kelurahan_code": "33.74.01.1001",
    "address": "Jl. Pekunden No. 1",
    "phone": "081234567890",
    "nib": "",
}


@pytest.fixture
def siti(app: Flask, people: dict[str, int]) -> str:
    """The address of the form for Siti."""
    number = factories.saved(app, lambda s: factories.borrower(s, people["staff"]))
    return f"/peminjam/{number}/ubah"


def opened(client: factories.Client, address: str) -> dict[str, str]:
    """The hidden fields of the form as it is shown now."""
    page = client.get(address).get_data(as_text=True)
    return hidden(page)


def hidden(page: str) -> dict[str, str]:
    found = {}
    for name in ("shown", "request_key"):
        tag = re.search(rf'<input[^>]*name="{name}"[^>]*>', page)
        assert tag
        value = re.search(r'value="(\w*)"', tag[0])
        assert value
        found[name] = value[1]
    return found


def changes(app: Flask) -> list[tuple[str, str, str]]:
    with app.app_context():
        query = select(BorrowerChange).order_by(BorrowerChange.id)
        found = [(c.field, c.before, c.after) for c in db.session.scalars(query)]
        db.session.remove()
    return found


def test_each_change_is_one_row_shown_before_and_after_with_who_and_when(
    app: Flask, people: dict[str, int], siti: str, sign_in: SignIn
) -> None:
    client = sign_in("staff")
    body = SITI | opened(client, siti)
    body |= {"name": "Siti  Aminah Putri", "birth_date": "8-4-1985", "phone": "+62 813 1111 2222"}
    body |= {"kelurahan_code": "33.74.01.1002"}
    answer = client.post(siti, data=body)
    assert answer.headers["Location"] == "/peminjam/1", answer.get_data(as_text=True)
    assert changes(app) == [
        ("name", "Siti Aminah", "Siti Aminah Putri"),
        ("kelurahan_code", "33.74.01.1001", "33.74.01.1002"),
        ("phone", "081234567890", "081311112222"),
    ]
    page = client.get("/peminjam/1").get_data(as_text=True)
    assert "Data peminjam disimpan. Yang berubah: nama, kelurahan, telepon." in page
    assert "<del>Siti Aminah</del>" in page
    assert "<ins>Siti Aminah Putri</ins>" in page
    assert "<del>Miroto, Kecamatan Semarang Tengah</del>" in page
    assert "Staff, 24 November 2026 10.00" in page
    told = "Nama: diubah; Kelurahan: 33.74.01.1001 → 33.74.01.1002; Telepon: diubah"
    assert trail(app, "borrower_changed") == [(people["staff"], 1, told)]
    assert ">Siti Aminah Putri</a>" in client.get("/peminjam?q=putri").get_data(as_text=True)


def test_saving_what_stands_there_changes_nothing(app: Flask, siti: str, sign_in: SignIn) -> None:
    client = sign_in("staff")
    assert client.post(siti, data=SITI | opened(client, siti)).status_code == 302
    assert "Tidak ada yang berubah." in client.get("/peminjam/1").get_data(as_text=True)
    assert changes(app) == []
    assert trail(app, "borrower_changed") == []


def test_a_corrected_nik_is_kept_masked_and_sealed_and_can_be_found(
    app: Flask, siti: str, sign_in: SignIn
) -> None:
    client = sign_in("staff")
    body = SITI | opened(client, siti) | {"nik": "3374 0148 0485 0077"}
    assert client.post(siti, data=body).status_code == 302
    assert changes(app) == [("nik", "************0001", "************0077")]
    with app.app_context():
        one = db.session.scalar(select(BorrowerChange))
        stored = db.session.scalar(select(Borrower))
        assert one is not None
        assert stored is not None
        place = f"borrower_changes.{{}}_sealed:{one.id}"
        assert unseal(one.before_sealed or b"", place.format("before")) == OLD
        assert unseal(one.after_sealed or b"", place.format("after")) == NEW
        assert nik_of(stored) == NEW
        with pytest.raises(WrongKey):
            unseal(one.after_sealed or b"", f"borrowers.nik:{stored.id}")
        db.session.remove()
    page = client.get("/peminjam/1").get_data(as_text=True)
    assert "<ins>************0077</ins>" in page
    assert OLD not in page
    assert NEW not in page
    found = client.post("/cari", data={"q": NEW}).get_data(as_text=True)
    assert 'href="/peminjam/1"' in found


MISTAKES = {
    "nik-short": ({"nik": "33740148048500"}, "diperlukan tepat 16 angka"),
    "nik-of-a-man": ({"nik": "3374010804850001"}, "sedangkan menurut NIK laki-laki"),
    "nik-other-day": ({"nik": "3374014904850001"}, "tidak cocok dengan NIK"),
    "sex": ({"sex": "L"}, "Jenis kelamin tertulis laki-laki, sedangkan menurut NIK perempuan"),
    "birth-date": ({"birth_date": "09/04/1985"}, "tidak cocok dengan NIK"),
    "birth-date-to-come": ({"birth_date": "08/04/2085"}, "sesudah hari ini"),
    "business-to-come": ({"business_started_on": "01/01/2030"}, "sesudah hari ini"),
    "no-name": ({"name": ""}, "Isian ini wajib diisi."),
    "phone": ({"phone": "12"}, "tulis 7 sampai 15 angka"),
    "place": ({"kelurahan_code": "33.74.99.9999"}, "Pilihan ini tidak ada dalam daftar."),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_said_at_its_field_and_nothing_is_saved(
    app: Flask, siti: str, sign_in: SignIn, mistake: str
) -> None:
    wrong, said = MISTAKES[mistake]
    client = sign_in("staff")
    answer = client.post(siti, data=SITI | opened(client, siti) | wrong | {"nib": "1234567890123"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert said in page
    assert 'value="1234567890123"' in page  # what was typed stays
    assert changes(app) == []


def test_a_nik_of_another_person_is_refused_and_names_that_person(
    app: Flask, people: dict[str, int], siti: str, sign_in: SignIn
) -> None:
    factories.saved(app, lambda s: factories.borrower(s, people["staff"], 77, "Dewi Lestari"))
    client = sign_in("staff")
    answer = client.post(siti, data=SITI | opened(client, siti) | {"nik": NEW})
    assert "sudah terdaftar atas nama Dewi Lestari" in answer.get_data(as_text=True)
    assert changes(app) == []


def test_limits_for_a_loan_are_warnings_here(app: Flask, siti: str, sign_in: SignIn) -> None:
    client = sign_in("staff")
    body = SITI | opened(client, siti) | {"business_started_on": "01/06/2026"}
    assert client.post(siti, data=body).status_code == 302
    assert "Usaha baru berjalan 5 bulan" in client.get("/peminjam/1").get_data(as_text=True)
    assert changes(app) == [("business_started_on", "2018-01-01", "2026-06-01")]


def test_what_was_never_known_or_never_agreed_does_not_stop_a_new_phone(
    app: Flask, siti: str, sign_in: SignIn
) -> None:
    odd = {"business_name": "", "address": "", "sex": "L", "business_started_on": None}
    factories.saved(app, lambda s: s.execute(update(Borrower).values(**odd)) and None)
    client = sign_in("staff")
    body = SITI | opened(client, siti) | {"phone": "0811", "sex": "L"}
    body |= {"business_name": "", "address": "", "business_started_on": ""}
    assert "tulis 7 sampai 15 angka" in client.post(siti, data=body).get_data(as_text=True)
    answer = client.post(siti, data=body | {"phone": "081199998888"})
    assert answer.status_code == 302, answer.get_data(as_text=True)
    assert changes(app) == [("phone", "081234567890", "081199998888")]


def test_a_cooperative_with_a_new_chair_is_changed_the_same_way(
    app: Flask, people: dict[str, int], sign_in: SignIn
) -> None:
    number = factories.saved(app, lambda s: cooperative(s, people["staff"]))
    client = sign_in("staff2")
    address = f"/peminjam/{number}/ubah"
    body = opened(client, address) | {
        "name": "Koperasi Maju Bersama",
        "cooperative_number": "3374110020001",
        "business_started_on": "01/05/2015",
        "sector": "Simpan pinjam",
        "kelurahan_code": "33.74.02.1001",
        "address": "Jl. Mataram No. 9",
        "phone": "0248311111",
        "nib": "",
        "chair_name": "Siti Aminah",
        "nik": OLD,
        "sex": "P",
        "birth_date": "08/04/1985",
        "members_male": "41",
        "members_female": "60",
        "active": "ya",
        "health": "healthy",
        "health_assessed_on": "20/04/2026",
        "annual_meeting_on": "14/03/2026",
    }
    answer = client.post(address, data=body)
    assert answer.status_code == 302, answer.get_data(as_text=True)
    assert {field for field, _, _ in changes(app)} == {
        "chair_name", "nik", "sex", "birth_date", "members_male",
    }  # fmt: skip
    page = client.get(f"/peminjam/{number}").get_data(as_text=True)
    assert "NIK ketua: <del>************0009</del>" in page
    assert "Jenis kelamin ketua: <del>Laki-laki</del>" in page


COOPERATIVE = {
    "name": "Koperasi Maju Bersama",
    "cooperative_number": "3374110020001",
    "business_started_on": "01/05/2015",
    "sector": "Simpan pinjam",
    "kelurahan_code": "33.74.02.1001",
    "address": "Jl. Mataram No. 9",
    "phone": "0248311111",
    "nib": "",
    "chair_name": "Agus Salim",
    "nik": "",
    "sex": "L",
    "birth_date": "01/01/1970",
    "members_male": "40",
    "members_female": "60",
    "active": "ya",
    "health": "healthy",
    "health_assessed_on": "20/04/2026",
    "annual_meeting_on": "14/03/2026",
}


def test_how_a_cooperative_stands_is_changed_with_its_history(
    app: Flask, people: dict[str, int], sign_in: SignIn
) -> None:
    number = factories.saved(app, lambda s: cooperative(s, people["staff"]))
    client, address = sign_in("staff"), f"/peminjam/{number}/ubah"
    same = client.post(address, data=COOPERATIVE | opened(client, address))
    assert same.status_code == 302, same.get_data(as_text=True)
    assert changes(app) == []
    new = {"active": "tidak", "health": "watched", "health_assessed_on": "02/11/2026"}
    assert client.post(address, data=COOPERATIVE | opened(client, address) | new).status_code == 302
    assert changes(app) == [
        ("active", "ya", "tidak"),
        ("health", "healthy", "watched"),
        ("health_assessed_on", "2026-04-20", "2026-11-02"),
    ]
    page = client.get(f"/peminjam/{number}").get_data(as_text=True)
    assert "Koperasi masih aktif: <del>Ya</del>" in page
    assert "<ins>Dalam pengawasan</ins>" in page
    assert "<ins>02/11/2026</ins>" in page
    assert "Dalam pengawasan, 2 November 2026" in page
    assert "Koperasi tercatat tidak aktif" in page  # a warning: it matters for a loan only
    unknown = {"active": "", "health": "", "health_assessed_on": "", "annual_meeting_on": ""}
    answer = client.post(address, data=COOPERATIVE | opened(client, address) | unknown)
    assert answer.status_code == 302
    assert ("annual_meeting_on", "2026-03-14", "") in changes(app)
    assert "Belum tercatat" in client.get(f"/peminjam/{number}").get_data(as_text=True)


def test_a_grade_without_its_day_is_refused_at_the_field(
    app: Flask, people: dict[str, int], sign_in: SignIn
) -> None:
    number = factories.saved(app, lambda s: cooperative(s, people["staff"]))
    client, address = sign_in("staff"), f"/peminjam/{number}/ubah"
    body = COOPERATIVE | opened(client, address) | {"health_assessed_on": ""}
    page = client.post(address, data=body).get_data(as_text=True)
    assert "Isi tanggal penilaiannya, karena kesehatannya diisi." in page
    assert changes(app) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"health": "healthy"},
        {"health": "fine", "health_assessed_on": "2026-04-20"},
        {"health_assessed_on": "2026-04-20"},
        {"kind": "micro"},
    ],
)
def test_the_database_keeps_a_grade_with_its_day_and_for_cooperatives_only(
    app: Flask, people: dict[str, int], wrong: dict[str, str]
) -> None:
    def unknown(session: Session) -> None:
        cooperative(session, people["staff"])
        nothing = {"health": None, "health_assessed_on": None}
        session.execute(update(Borrower).values(**nothing))

    factories.saved(app, unknown)
    places = ", ".join(f"{name} = '{value}'" for name, value in wrong.items())
    with app.app_context(), writing():
        with pytest.raises(IntegrityError):
            db.session.execute(text(f"UPDATE borrowers SET {places}"))
        db.session.rollback()
        db.session.remove()


def test_what_somebody_else_changed_meanwhile_is_refused_with_both_values(
    app: Flask, siti: str, sign_in: SignIn
) -> None:
    ani, other = sign_in("staff"), sign_in("staff2")
    mine, theirs = opened(ani, siti), opened(other, siti)
    first = SITI | theirs | {"phone": "081300000001", "address": "Jl. Baru No. 2"}
    assert other.post(siti, data=first).status_code == 302
    answer = ani.post(siti, data=SITI | mine | {"phone": "081300000009", "sector": "Jasa"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert "Data ini diubah orang lain sejak formulir dibuka" in page
    assert "081300000001" in page
    assert "<strong>081300000009</strong>" in page
    assert "Staff2, 24 November 2026 10.00" in page
    assert 'value="081300000009"' in page  # mine stays in the field
    assert 'value="Jl. Baru No. 2"' in page  # what I had not touched follows
    assert 'value="Jasa"' in page
    assert len(changes(app)) == 2
    again = SITI | hidden(page) | {"phone": "081300000009", "sector": "Jasa"}
    assert ani.post(siti, data=again | {"address": "Jl. Baru No. 2"}).status_code == 302
    assert changes(app)[2:] == [
        ("sector", "Kuliner", "Jasa"),
        ("phone", "081300000001", "081300000009"),
    ]


def test_the_same_form_sent_twice_is_saved_once(app: Flask, siti: str, sign_in: SignIn) -> None:
    client = sign_in("staff")
    body = SITI | opened(client, siti) | {"phone": "081300000001"}
    assert client.post(siti, data=body).status_code == 302
    assert client.post(siti, data=body).status_code == 302
    assert "sudah dikirim sebelumnya" in client.get("/peminjam/1").get_data(as_text=True)
    assert len(changes(app)) == 1


def test_a_waiting_disbursement_cannot_be_approved_on_facts_that_changed_since(
    app: Flask, people: dict[str, int], siti: str, sign_in: SignIn
) -> None:
    from tests.disbursements.forms import decision, entry

    factories.saved(app, lambda s: factories.allow_direct(s, people))
    staff, approver = sign_in("staff"), sign_in("approver")
    answer = staff.post("/pencairan/baru?peminjam=1", data=entry())
    assert answer.status_code == 302
    number = int(answer.headers["Location"].rsplit("/", 1)[1])
    seen = decision(approver, number, "setujui")
    staff.post(siti, data=SITI | opened(staff, siti) | {"address": "Jl. Lain No. 3"})
    said = approver.post(f"/pencairan/{number}/setujui", data=seen)
    assert said.status_code == 409
    assert "berubah sejak ditampilkan" in said.get_data(as_text=True)


@pytest.mark.parametrize("who", ["approver", "auditor", "pasar", "leader", "admin"])
def test_only_office_staff_may_change_a_borrower(
    app: Flask, siti: str, sign_in: SignIn, who: str
) -> None:
    client = sign_in(who)
    assert client.get(siti).status_code == 403
    assert client.post(siti, data=SITI | {"name": "Lain"}).status_code == 403
    assert changes(app) == []


def test_what_is_typed_is_shown_and_never_run(app: Flask, siti: str, sign_in: SignIn) -> None:
    client = sign_in("staff")
    evil = "<img src=x onerror=alert(1)>"
    client.post(siti, data=SITI | opened(client, siti) | {"address": evil, "name": evil})
    for address in ("/peminjam/1", siti, "/peminjam"):
        page = client.get(address).get_data(as_text=True)
        assert "<img src=x" not in page
        assert "&lt;img src=x" in page


def _one_change(session: Session, by: int, **values: object) -> None:
    kept = {"borrower_id": 1, "at": now(), "user_id": by, "field": "phone", "before": "1"}
    given = kept | {"after": "2"} | values
    sides = {name: Placed(str(given[name]), 1) for name in ("before", "after")}
    session.add(BorrowerChange(id=1, **(given | sides)))
    session.flush()


@pytest.mark.parametrize("deed", ["UPDATE borrower_changes SET after = after", "DELETE FROM"])
def test_the_history_cannot_be_changed_or_deleted(
    app: Flask, people: dict[str, int], siti: str, deed: str
) -> None:
    factories.saved(app, lambda s: _one_change(s, people["staff"]))
    statement = deed if deed.startswith("UPDATE") else "DELETE FROM borrower_changes"
    with app.app_context(), writing():
        with pytest.raises(DBAPIError, match="append-only"):
            db.session.execute(text(statement))
        db.session.rollback()
        db.session.remove()
    assert len(changes(app)) == 1


def test_the_database_refuses_a_nik_that_is_not_sealed_and_a_change_of_nothing(
    app: Flask, people: dict[str, int], siti: str
) -> None:
    for wrong in (
        {"field": "nik"},
        {"before": "", "after": ""},
        {"before_sealed": b"x", "after_sealed": b"y"},
    ):
        with app.app_context(), writing():
            with pytest.raises(IntegrityError):
                _one_change(db.session(), people["staff"], **wrong)
            db.session.rollback()
            db.session.remove()
