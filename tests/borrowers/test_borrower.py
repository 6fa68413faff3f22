from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable

from flask import Flask
from sqlalchemy.orm import Session

from tests import factories
from tests.borrowers.test_edit_borrower import opened
from wibawa.banks.queries import thresholds_on
from wibawa.home.queries import loans_of_borrower, running_by_borrower
from wibawa.loans.journal import Author, NewLoan, open_loans
from wibawa.loans.positions import positions
from wibawa.rules.facts import Method, Terms
from wibawa.scans.actions import Keeper, keep_photos, withdraw
from wibawa.scans.queries import Owner
from wibawa.scans.reader import JPEG, Scan
from wibawa.web.clock import now, today

SignIn = Callable[[str], factories.Client]


def another_loan(
    session: Session, people: dict[str, int], borrower_id: int, number: int, on: dt.date
) -> int:
    terms = Terms(5_000_000, 300, 24, Method.FLAT, on)
    loan = NewLoan(
        bank_id=factories.JATENG,
        borrower_id=borrower_id,
        account_number=f"0199{number:09d}",
        agreement_number=f"PK/L/{number}",
        terms=terms,
    )
    return open_loans(session, [loan], Author(people["staff"], people["approver"], now()))[0]


def test_the_page_shows_facts_loans_with_position_and_history(
    app: Flask, people: dict[str, int], sign_in: SignIn
) -> None:
    made = factories.two_banks(app, people)
    assert made["pasar_late"] == 3
    page = sign_in("auditor").get("/peminjam/3").get_data(as_text=True)
    assert "Rahayu Lestari" in page
    assert "************0003" in page
    assert "3374014804850003" not in page
    assert "KW-000003" in page
    assert "220.837" in page or "220.833" in page  # one installment in arrears
    assert "2 Dalam Perhatian Khusus" in page or "1 Lancar" in page
    assert "Didaftarkan" in page
    assert "Staff, 24 November 2026 10.00" in page
    assert "Tampilkan NIK" not in page  # an auditor reads, masked


def test_the_positions_are_those_of_the_books_for_every_loan_and_day(
    app: Flask, people: dict[str, int]
) -> None:
    factories.two_banks(app, people)

    def make(session: Session) -> None:
        old = another_loan(session, people, 2, 1, dt.date(2024, 1, 31))
        by, second = people["staff"], people["approver"]
        factories.payment(session, old, 5_300_000, dt.date(2026, 2, 1), by, second)

    factories.saved(app, make)
    with app.app_context():
        from wibawa.database import db

        for on in (dt.date(2026, 1, 31), dt.date(2026, 10, 31), today()):
            classes = thresholds_on(db.session(), on)
            books = {
                row.loan_id: (row.outstanding, row.arrears, row.collectibility)
                for row in db.session.execute(positions(on, classes))
            }
            shown = {
                loan.id: (
                    loan.position.outstanding_principal,
                    loan.position.arrears,
                    loan.position.collectibility,
                )
                for borrower_id in (1, 2, 3)
                for loan in loans_of_borrower(db.session(), borrower_id, on, classes)
                if loan.position is not None
            }
            assert shown == books
            running = db.session.execute(running_by_borrower(on, classes).select()).all()
            by_sum = {row.borrower_id: (row.loans, int(row.outstanding)) for row in running}
            for borrower_id in (1, 2, 3):
                theirs = [
                    loan.position.outstanding_principal
                    for loan in loans_of_borrower(db.session(), borrower_id, on, classes)
                    if loan.position and loan.position.outstanding_principal
                ]
                assert by_sum.get(borrower_id, (0, 0)) == (len(theirs), sum(theirs))
        db.session.remove()


def test_a_disbursement_that_waits_is_shown_with_who_recorded_it(
    app: Flask, people: dict[str, int], sign_in: SignIn
) -> None:
    from tests.disbursements.forms import entry

    factories.saved(app, lambda s: factories.allow_direct(s, people))
    client = sign_in("staff")
    client.post("/pencairan/baru?jenis=mikro", data=entry())
    page = client.get("/peminjam/1").get_data(as_text=True)
    assert "Pencairan menunggu persetujuan" in page
    assert 'href="/pencairan/1"' in page
    assert "Belum pernah mempunyai pinjaman" in page


def test_the_page_takes_the_same_number_of_queries_for_1_and_for_9_loans(
    app: Flask, people: dict[str, int], sign_in: SignIn
) -> None:
    made = factories.two_banks(app, people)
    client = sign_in("staff")
    with factories.counted_queries(app) as few:
        assert client.get("/peminjam/2").status_code == 200
    factories.saved(
        app,
        lambda s: [another_loan(s, people, 2, n, dt.date(2025, n, 5)) for n in range(1, 9)],
    )
    with factories.counted_queries(app) as many:
        page = client.get("/peminjam/2").get_data(as_text=True)
    assert "9 berjalan" in page
    assert len(many) == len(few)
    assert made


def test_what_a_person_is_called_is_shown_and_never_run(
    app: Flask, people: dict[str, int], sign_in: SignIn
) -> None:
    evil = "<script>alert(1)</script>"
    factories.saved(app, lambda s: factories.borrower(s, people["staff"], 1, evil))
    client = sign_in("staff")
    for address in ("/peminjam", "/peminjam/1", "/peminjam?q=<script>"):
        page = client.get(address).get_data(as_text=True)
        assert evil not in page
        assert "&lt;script&gt;" in page


def test_a_borrower_that_nobody_has_is_not_found_and_the_try_is_recorded(sign_in: SignIn) -> None:
    assert sign_in("staff").get("/peminjam/999").status_code == 404
    assert "Akses ditolak" in sign_in("auditor").get("/jejak").get_data(as_text=True)


def test_the_page_shows_the_papers_of_the_borrower_and_of_her_applications(
    session: Session, people: dict[str, int], sign_in: SignIn
) -> None:
    by = people["staff"]
    borrower_id = factories.borrower(session, by)
    made = factories.application(session, people, borrower_id=borrower_id)
    old = factories.document(session, by, borrower_id=borrower_id, content=b"old")
    new = factories.document(session, by, borrower_id=borrower_id, content=b"new")
    photo = factories.document(session, by, "business_photo", application_id=made)
    wrong = factories.document(session, by, "collateral", application_id=made)
    withdraw(session, wrong, people["staff2"], now(), "Agunan orang lain")
    taken = [Scan(JPEG, each, each) for each in (b"one", b"two", b"three")]
    keep_photos(session, Owner(None, made, 1), "micro", taken, Keeper(by, now(), 1_000_000))
    session.commit()
    page = sign_in("staff").get(f"/peminjam/{borrower_id}").get_data(as_text=True)
    links = set(re.findall(r'href="/dokumen/(\d+)"', page))
    assert links >= {str(new), str(photo)}
    assert not links & {str(old), str(wrong)}
    assert page.count("/kecil") == 3
    kept = ("KTP pemohon disimpan", "KTP pemohon diganti", "Foto usaha disimpan")
    for words in (*kept, "3 foto kunjungan disimpan", "Bukti agunan ditarik", "Agunan orang lain"):
        assert page.count(words) == 1, words


def test_the_page_asks_the_database_as_often_with_many_papers_as_with_none(
    app: Flask, people: dict[str, int], sign_in: SignIn
) -> None:
    by = people["staff"]
    borrower_id = factories.saved(app, lambda session: factories.borrower(session, by))
    made = factories.saved(
        app, lambda session: factories.application(session, people, borrower_id=borrower_id)
    )

    def keep(session: Session) -> None:
        for code in ("ktp", "family_card", "npwp"):
            factories.document(session, by, code, borrower_id=borrower_id)
        factories.document(session, by, "business_photo", application_id=made)

    client, counts = sign_in("auditor"), []
    for fill in (lambda _: None, keep):
        factories.saved(app, fill)
        with factories.counted_queries(app) as seen:
            assert client.get(f"/peminjam/{borrower_id}").status_code == 200
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_the_day_of_birth_is_for_who_may_see_contacts(
    app: Flask, people: dict[str, int], sign_in: SignIn
) -> None:
    """With the four figures of the NIK, sex and kelurahan it would be the whole number."""
    made = factories.saved(app, lambda s: factories.borrower(s, people["staff"]))
    staff = sign_in("staff")
    facts = {"name": "Siti Aminah", "sex": "P", "birth_date": "09/04/1985", "phone": "",
             "nik": "3374014904850001", "business_name": "Roti Siti", "sector": "Kuliner",
             "business_started_on": "01/01/2018", "kelurahan_code": "33.74.01.1001",
             "address": "Jl. Pekunden No. 1", "nib": ""}  # fmt: skip
    sent = opened(staff, f"/peminjam/{made}/ubah") | facts
    assert staff.post(f"/peminjam/{made}/ubah", data=sent).status_code == 302
    whole = staff.get(f"/peminjam/{made}").get_data(as_text=True)
    assert "9 April 1985" in whole
    assert "08/04/1985" in whole  # the history
    page = sign_in("auditor").get(f"/peminjam/{made}").get_data(as_text=True)
    assert "tahun 1985" in page
    assert "************0001" in page
    assert "April 1985" not in page
    assert "/04/1985" not in page
