"""A believable office for a first look: both banks, three years of loans and payments, every role.

Everything goes through the program's own doors: borrowers, disbursements with their two persons,
and one file per bank and month, so that each figure leads to a file and a row. The same day gives
the same office (a seeded generator); nobody in it is real.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import xlsxwriter
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wibawa.access.permissions import Role
from wibawa.access.queries import DEMO_PASSWORD, demo_users
from wibawa.access.users import add_user
from wibawa.applications.models import Application
from wibawa.applications.queries import case
from wibawa.banks.models import Bank, Kelurahan
from wibawa.banks.queries import bank_by_code, terms_on, thresholds_on
from wibawa.borrowers.actions import NewBorrower, add_borrowers
from wibawa.borrowers.models import Borrower
from wibawa.demo_applications import add_applications
from wibawa.demo_arrears import add_arrears
from wibawa.demo_changes import add_changes
from wibawa.demo_indicators import add_indicators
from wibawa.demo_reconciliation import DAYS_TO_CLOSE, add_closing, add_differences
from wibawa.demo_register import register_file
from wibawa.disbursements.actions import record as record_disbursement
from wibawa.disbursements.checks import Draft, applicant_of
from wibawa.disbursements.lists import waits_to_be_paid_out
from wibawa.disbursements.models import Disbursement
from wibawa.loans.chain.actions import append
from wibawa.loans.chain.lines import DISBURSEMENT
from wibawa.loans.journal import Author, NewLoan, open_loans
from wibawa.loans.models import LedgerEntry, Loan
from wibawa.repayments.actions import import_at_once, receive, submit
from wibawa.repayments.facts import Options, layout_of
from wibawa.repayments.reader import read_repayments
from wibawa.rules.dates import add_months
from wibawa.rules.facts import BankKind, BorrowerKind, Health, Installment, Method, Terms
from wibawa.rules.money import number
from wibawa.rules.position import position
from wibawa.rules.reconciliation import Month
from wibawa.rules.schedule import schedule
from wibawa.rules.statuses import State
from wibawa.uploads.models import Upload
from wibawa.web.clock import WIB, in_wib

PEOPLE = (
    ("ani", "Ani Lestari", Role.OFFICE_STAFF, None),
    ("budi", "Budi Hartono", Role.APPROVER, None),
    ("citra", "Citra Dewanti", Role.BANK_OFFICER, "JATENG"),
    ("dewi", "Dewi Anggraini", Role.BANK_OFFICER, "PASAR"),
    ("eka", "Eka Wijayanto", Role.LEADER, None),
    ("fajar", "Fajar Nugroho", Role.AUDITOR, None),
    ("gita", "Gita Permata", Role.ADMINISTRATOR, None),
)
GIVEN = {
    "P": "Aminah Dwi Endah Fitri Hartini Indah Juwita Kartika Lestari Murni Ningsih Puji Ratna Sri "
    "Sulastri Tutik Umi Wahyuni Yuliana Zubaidah",
    "L": "Agus Bambang Cahyo Darmo Eko Gunawan Hadi Imam Joko Kuncoro Lukman Mulyono Nur Prasetyo "
    "Rudi Slamet Sutrisno Teguh Untung Yanto",
}
FAMILY = (
    "Handayani Hidayat Kusuma Maryati Mulyani Nugroho Prabowo Purnomo Rahayu Raharjo Santoso "
    "Saputra Setiawan Suryani Susanto Utomo Wibowo Widodo Wijaya Yulianto"
)
TRADES = (
    ("Warung makan", "Kuliner"),
    ("Lumpia", "Kuliner"),
    ("Katering", "Kuliner"),
    ("Bandeng presto", "Kuliner"),
    ("Batik", "Fesyen"),
    ("Jahit", "Fesyen"),
    ("Toko kelontong", "Perdagangan"),
    ("Sembako", "Perdagangan"),
    ("Bengkel motor", "Jasa"),
    ("Salon", "Jasa"),
    ("Laundry", "Jasa"),
    ("Kerajinan bambu", "Kerajinan"),
    ("Tanaman hias", "Pertanian"),
)
STREETS = "Handayani Mawar Melati Kenanga Anggrek Merpati Cendrawasih Pandanaran Gajah Kelud"
AMOUNTS = (2, 3, 4, 5, 5, 5, 5, 7, 8, 10, 10, 12, 15, 20, 25, 30, 40, 50)
LOANS_A_MONTH = 11
MONTHS_BACK = 36


@dataclass
class _Life:
    """One loan and how it pays: the payments are (day, amount) in order."""

    bank: Bank
    account: str
    name: str
    terms: Terms
    rows: list[Installment]
    payments: list[tuple[dt.date, int]] = field(default_factory=list)


@dataclass(frozen=True)
class Office:
    """What was made, and files that the bank officers may try: file name → bytes."""

    loans: int
    entries: int
    files: int
    to_try: dict[str, bytes]


def has_content(session: Session) -> bool:
    """Whether this database holds any loan or borrower."""
    return bool(session.scalar(select(func.count()).select_from(Borrower)))


def sign_in_help(session: Session) -> list[str]:
    """How to sign in, for the terminal: the demo people, or what to do without any."""
    people = demo_users(session)
    if not people:
        return ["Tambah pengguna: wibawa user add NAMA --name … --role office_staff"]
    return [f"  {p.username:<8} {p.password}   {p.role_label}" for p in people]


def write_sample_files(office: Office, folder: Path) -> list[Path]:
    """Put the files to try into `folder`/contoh."""
    target = folder / "contoh"
    target.mkdir(parents=True, exist_ok=True)
    written = []
    for name, content in office.to_try.items():
        (target / name).write_bytes(content)
        written.append(target / name)
    return written


def fill(session: Session, now: dt.datetime) -> Office:
    """Fill an empty database with the demo office as of `now`."""
    random = Random(2026)  # noqa: S311 - a believable office, not a secret
    today = in_wib(now).date()
    people = _people(session, add_months(today, -MONTHS_BACK))
    lives = _lives(session, random, today, people)
    _past_files(session, lives, today, people)
    to_try = _this_month(session, lives, today, now, people)
    add_arrears(session, people, now)
    add_applications(session, random, today, people, _applicant_maker(session, random))
    _waiting_disbursements(session, random, today, now, people)
    add_changes(session, now, people)
    add_indicators(session, now, people)
    to_try |= _payments_to_try(session, random, today)
    name, content = register_file(session, _applicant_maker(session, random), today)
    to_try[name] = content
    entries = session.scalar(select(func.count()).select_from(LedgerEntry)) or 0
    loans = session.scalar(select(func.count()).select_from(Loan)) or 0
    files = session.scalar(select(func.count()).select_from(Upload)) or 0
    return Office(loans, entries, files, to_try)


def _applicant_maker(session: Session, random: Random) -> Callable[[int, dt.date], NewBorrower]:
    kelurahan = list(session.scalars(select(Kelurahan.code).order_by(Kelurahan.code)))
    return lambda count, day: _borrower(random, count, day, kelurahan)


def _at(day: dt.date, hour: int = 9, minute: int = 0) -> dt.datetime:
    return dt.datetime(day.year, day.month, day.day, hour, minute, tzinfo=WIB)


def _people(session: Session, since: dt.date) -> dict[str, int]:
    made = {}
    for username, name, role, code in PEOPLE:
        bank = bank_by_code(session, code) if code else None
        made[username] = add_user(
            session,
            username=username,
            name=name,
            role=role,
            password=DEMO_PASSWORD,
            checked=False,  # it is published, so the policy refuses it to everybody else
            bank_id=bank.id if bank else None,
            now=_at(since),
        ).id
    return made


# — borrowers and loans —


def _lives(session: Session, random: Random, today: dt.date, people: dict[str, int]) -> list[_Life]:
    banks = [bank_by_code(session, code) for code in ("JATENG", "PASAR")]
    kelurahan = list(session.scalars(select(Kelurahan.code).order_by(Kelurahan.code)))
    first = add_months(today.replace(day=1), -MONTHS_BACK + 1)
    days = sorted(
        day
        for month in range(MONTHS_BACK)
        for day in _working_days(random, add_months(first, month), LOANS_A_MONTH)
        if day < today - dt.timedelta(days=2)
    )
    people_wanted = [_borrower(random, n, day, kelurahan) for n, day in enumerate(days, 1)]
    ids = add_borrowers(session, people_wanted, people["ani"], _at(days[0])).ids
    lives = []
    for count, (day, borrower, borrower_id) in enumerate(
        zip(days, people_wanted, ids, strict=True), 1
    ):
        bank = banks[random.random() < 0.45]
        assert bank is not None
        lives.append(_open(session, random, bank, borrower, borrower_id, day, count, people))
        lives[-1].payments = _payments(random, lives[-1].rows, today)
    return lives


def _working_days(random: Random, month: dt.date, count: int) -> list[dt.date]:
    days = [month + dt.timedelta(days=random.randrange(28)) for _ in range(count)]
    return [day - dt.timedelta(days=max(0, day.weekday() - 4)) for day in days if day.day > 2]


def _borrower(random: Random, count: int, day: dt.date, kelurahan: list[str]) -> NewBorrower:
    sex = "P" if random.random() < 0.62 else "L"
    name = f"{random.choice(GIVEN[sex].split())} {random.choice(FAMILY.split())}"
    born = dt.date(random.randrange(1962, 2003), random.randrange(1, 13), random.randrange(1, 29))
    place = random.choice(kelurahan)
    birth = f"{born.day + (40 if sex == 'P' else 0):02d}{born:%m%y}"
    trade, sector = random.choice(TRADES)
    cooperative = count % 14 == 0
    return NewBorrower(
        kind=BorrowerKind.COOPERATIVE if cooperative else BorrowerKind.MICRO,
        name=f"Koperasi {random.choice(FAMILY.split())} Makmur {count}" if cooperative else name,
        nik=f"{place[:8].replace('.', '')}{birth}{count:04d}",
        sex=sex,
        birth_date=born,
        kelurahan_code=place,
        business_name="" if cooperative else f"{trade} {name.split(maxsplit=1)[0]}",
        sector="Koperasi" if cooperative else sector,
        business_started_on=day - dt.timedelta(days=random.randrange(800, 5000)),
        address=f"Jl. {random.choice(STREETS.split())} No. {random.randrange(1, 220)}",
        phone=f"08{random.randrange(10**8, 10**10 - 1)}",
        cooperative_number=f"3374{count:09d}" if cooperative else None,
        chair_name=name if cooperative else "",
        members_male=random.randrange(8, 60) if cooperative else None,
        members_female=random.randrange(8, 60) if cooperative else None,
        **(_standing(count, day) if cooperative else {}),
    )


def _standing(count: int, day: dt.date) -> dict[str, Any]:
    """How a cooperative stands; of every fifth one nobody has asked yet."""
    if count % 5 == 0:
        return {}
    meeting = dt.date(day.year - (day.month <= 6), 3, 1 + count % 28)
    return {
        "active": True,
        "health": Health.FAIRLY_HEALTHY if count % 4 == 0 else Health.HEALTHY,
        "health_assessed_on": meeting + dt.timedelta(days=40),
        "annual_meeting_on": meeting,
    }


def _open(
    session: Session,
    random: Random,
    bank: Bank,
    borrower: NewBorrower,
    borrower_id: int,
    day: dt.date,
    count: int,
    people: dict[str, int],
) -> _Life:
    """A disbursement recorded by Ani, approved by Budi the same afternoon."""
    product = terms_on(session, day)
    principal = random.choice(AMOUNTS) * 1_000_000
    terms = Terms(principal, product.rate, product.months, Method(bank.method), day, bank.multiple)
    account = f"{'3' if bank.code == 'JATENG' else '0'}{random.randrange(10**9, 10**10)}{count:03d}"
    agreement = f"PK/{bank.code[0]}/{day.year}/{count:04d}"
    author = Author(people["ani"], people["budi"], _at(day, 15, count % 60))
    loan_id = open_loans(
        session, [NewLoan(bank.id, borrower_id, account, agreement, terms)], author
    )[0]
    session.add(
        Disbursement(
            status="approved",
            borrower_id=borrower_id,
            bank_id=bank.id,
            account_number=account,
            agreement_number=agreement,
            disbursed_on=day,
            principal=principal,
            rate=terms.rate,
            months=terms.months,
            method=terms.method.value,
            multiple=terms.multiple,
            collateral="BPKB sepeda motor" if principal > 5_000_000 else "",
            entered_by=people["ani"],
            entered_at=_at(day, 10, count % 60),
            decided_by=people["budi"],
            decided_at=author.now,
            loan_id=loan_id,
            direct_reason="Dicatat sebelum permohonan dihubungkan",
        )
    )
    append(session, bank.id, DISBURSEMENT, loan_id, author.now)
    name = borrower.chair_name or borrower.name
    return _Life(bank, account, name, terms, schedule(terms))


def _payments(random: Random, rows: list[Installment], today: dt.date) -> list[tuple[dt.date, int]]:
    """Most pay within days of the due date, some late, a few stop for months or for good."""
    habit = random.random()
    late = 0 if habit < 0.74 else random.randrange(8, 50) if habit < 0.92 else 2
    stops = random.randrange(4, 22) if habit >= 0.92 else 99
    pause = random.randrange(3, 14) if habit < 0.975 else 99
    payments: list[tuple[dt.date, int]] = []
    short = 0
    for row in rows:
        if stops <= row.number < stops + pause:
            continue
        behind = 12 * (row.number > stops)
        day = row.due_on + dt.timedelta(days=random.randrange(-4, 3) + late + behind)
        amount, short = row.total + short, 0
        if random.random() < 0.03 and row.number < len(rows):
            short = amount % 50_000  # a round sum at the counter, made good the next month
            amount -= short
        if amount > 0:
            payments.append((day, amount))
    return sorted(payment for payment in payments if payment[0] < today)


# — the banks' files —


def _past_files(
    session: Session, lives: list[_Life], today: dt.date, people: dict[str, int]
) -> None:
    """One file per bank and past month, uploaded by the bank on the 2nd, posted on the 3rd."""
    first = add_months(today.replace(day=1), -MONTHS_BACK + 1)
    for back, month in (
        (MONTHS_BACK - 1 - n, add_months(first, n)) for n in range(MONTHS_BACK - 1)
    ):
        end = add_months(month, 1)
        for code, officer in (("JATENG", "citra"), ("PASAR", "dewi")):
            rows = _rows(session, lives, code, month, end)
            if not rows:
                continue
            bank = bank_by_code(session, code)
            assert bank is not None
            if month.month == 5:  # somebody paid to an account that nobody knows
                rows.append(_Paid(end - dt.timedelta(days=3), "0999000111222", "Tanpa Nama",
                                  250_000, 0, 0, 0, 1, f"X{month:%y%m}{code[0]}"))  # fmt: skip
            name, content = bank_file(code, month, add_differences(rows, code, back))
            author = Author(people[officer], people["ani"], _at(end + dt.timedelta(days=2), 10))
            import_at_once(
                session, bank, content, name, author, Options(suspend_unknown=month.month == 5)
            )
            at = _at(end + dt.timedelta(days=DAYS_TO_CLOSE))
            add_closing(session, bank, Month.of(month), at, back, people)


def _this_month(
    session: Session,
    lives: list[_Life],
    today: dt.date,
    now: dt.datetime,
    people: dict[str, int],
) -> dict[str, bytes]:
    """Jateng has submitted its file, Pasar's has problems; both have another one to try."""
    month = today.replace(day=1)
    early = max(month, today - dt.timedelta(days=8))
    middle = max(month, today - dt.timedelta(days=4))
    jateng, pasar = bank_by_code(session, "JATENG"), bank_by_code(session, "PASAR")
    assert jateng is not None
    assert pasar is not None
    for bank, officer in ((jateng, "citra"), (pasar, "dewi")):
        rows = _rows(session, lives, bank.code, month, early)
        if rows:
            name, content = bank_file(bank.code, month, rows, "_1")
            author = Author(people[officer], people["ani"], now)
            import_at_once(session, bank, content, name, author, Options())
    to_try: dict[str, bytes] = {}
    rows = _rows(session, lives, "JATENG", early, middle)
    if rows:
        name, content = bank_file("JATENG", month, rows, "_2")
        author = Author(people["citra"], None, now)
        file = read_repayments(content, name, layout_of(session, jateng, today))
        upload = receive(session, jateng, content, name, file, author).upload
        submit(session, upload, jateng, author, file)
    rows = _rows(session, lives, "JATENG", middle, today)
    if rows:
        to_try |= [bank_file("JATENG", month, rows, "_3")]
    rows = _rows(session, lives, "PASAR", early, today)
    if len(rows) > 5:
        name, content = bank_file("PASAR", month, rows, "_2")
        spoiled, author = _spoiled(content), Author(people["dewi"], None, now)
        file = read_repayments(spoiled, name, layout_of(session, pasar, today))
        receive(session, pasar, spoiled, name, file, author)
        to_try[name.replace(".csv", "_sudah_diperbaiki.csv")] = content
    return to_try


def _spoiled(content: bytes) -> bytes:
    """Three mistakes that every officer has made once."""
    lines = content.decode("cp1252").split("\r\n")
    lines[2] = lines[2].replace("Rp ", "Rp 1.0", 1)
    lines[4] = lines[4].replace("-20", "-19", 1) if "-20" in lines[4] else lines[4]
    lines[6] = lines[6].replace(";'0", ";'9", 1)
    return "\r\n".join(lines).encode("cp1252")


@dataclass(frozen=True)
class _Paid:
    day: dt.date
    account: str
    name: str
    amount: int
    principal: int
    interest: int
    outstanding: int
    collectibility: int
    reference: str


def _rows(
    session: Session, lives: Iterable[_Life], code: str, start: dt.date, end: dt.date
) -> list[_Paid]:
    """What a bank would state of the payments from `start` up to, not including, `end`."""
    classes = thresholds_on(session, start)
    rows = []
    for life in lives:
        if life.bank.code != code:
            continue
        limits = classes[BankKind(life.bank.kind)]
        poured = 0
        for day, amount in life.payments:
            stood, poured = poured, poured + amount
            if start <= day < end:
                before = position(life.terms.principal, life.rows, stood, day, limits)
                after = position(life.terms.principal, life.rows, poured, day, limits)
                principal = after.principal_paid - before.principal_paid
                rows.append((day, life, amount, principal, after))
    rows.sort(key=lambda row: (row[0], row[1].account))
    return [
        _Paid(day, life.account, life.name, amount, principal, amount - principal,
              after.outstanding_principal, after.collectibility,
              f"{code[:1]}{start:%y%m%d}{index:04d}")
        for index, (day, life, amount, principal, after) in enumerate(rows, 1)
    ]  # fmt: skip


def bank_file(code: str, month: dt.date, rows: list[_Paid], part: str = "") -> tuple[str, bytes]:
    """(file name, bytes) as that bank's core system would export them."""
    if code == "JATENG":
        return f"angsuran_jateng_{month:%Y-%m}{part}.xlsx", _jateng(month, rows)
    return f"angsuran_pasar_{month:%Y-%m}{part}.csv", _pasar(rows)


def _jateng(month: dt.date, rows: list[_Paid]) -> bytes:
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True})
    sheet = book.add_worksheet("Angsuran")
    day_format = book.add_format({"num_format": "dd-mm-yyyy"})
    sheet.write_string(0, 0, "PT BANK PEMBANGUNAN DAERAH JAWA TENGAH")
    sheet.write_string(1, 0, "LAPORAN PEMBAYARAN ANGSURAN KREDIT WIBAWA")
    sheet.write_string(2, 0, f"PERIODE {month:%m-%Y}")
    headings = ("NO", "NO REKENING", "NAMA DEBITUR", "TGL BAYAR", "POKOK", "BUNGA", "DENDA",
                "JUMLAH", "BAKI DEBET", "KOL", "NO REFERENSI")  # fmt: skip
    for column, heading in enumerate(headings):
        sheet.write_string(4, column, heading)
    for index, row in enumerate(rows, 1):
        line = 4 + index
        sheet.write_number(line, 0, index)
        sheet.write_string(line, 1, row.account)
        sheet.write_string(line, 2, row.name.upper())
        sheet.write_datetime(line, 3, dt.datetime.combine(row.day, dt.time()), day_format)
        for column, value in enumerate(
            (row.amount - row.interest, row.interest, 0, row.amount, row.outstanding,
             row.collectibility), 4
        ):  # fmt: skip
            sheet.write_number(line, column, value)
        sheet.write_string(line, 10, row.reference)
    line = 5 + len(rows)
    sheet.write_string(line, 2, "JUMLAH")
    interest = sum(row.interest for row in rows)
    total = sum(row.amount for row in rows)
    for column, value in enumerate((total - interest, interest, 0, total), 4):
        sheet.write_number(line, column, value)
    book.close()
    return stream.getvalue()


def _pasar(rows: list[_Paid]) -> bytes:
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=";", lineterminator="\r\n")
    writer.writerow(("No.", "Nomor Rekening", "Nama", "Tanggal Bayar", "Jumlah Bayar", "Denda",
                     "Sisa Pokok", "Kolektibilitas", "No Bukti"))  # fmt: skip
    for index, row in enumerate(rows, 1):
        writer.writerow(
            (index, f"'{row.account}", row.name, f"{row.day:%d-%m-%Y}",
             f"Rp {number(row.amount)},00", 0, f"{number(row.outstanding)},00",
             row.collectibility, row.reference)
        )  # fmt: skip
    total = sum(row.amount for row in rows)
    writer.writerow(("", "", "TOTAL", "", f"Rp {number(total)},00", 0, "", "", ""))
    return stream.getvalue().encode("cp1252")


def _waiting_disbursements(
    session: Session,
    random: Random,
    today: dt.date,
    now: dt.datetime,
    people: dict[str, int],
) -> None:
    """What the banks paid out of the three oldest approved applications: Ani recorded it, Budi has
    not decided yet."""
    approved = select(Application.id).where(Application.state == State.APPROVED)
    for application_id in list(session.scalars(approved.order_by(Application.id).limit(3))):
        found = case(session, application_id)
        assert found is not None
        facts = found.facts
        draft = Draft(
            applicant_of(found.borrower),
            facts.bank_id,
            f"0{random.randrange(10**11, 10**12)}",
            f"PK/{facts.bank[5]}/{today.year}/9{application_id:03d}",
            today,
            facts.approved_amount,
            facts.collateral,
            registered_id=facts.borrower_id,
            application_id=application_id,
        )
        record_disbursement(session, draft, None, people["ani"], now)


def _payments_to_try(session: Session, random: Random, today: dt.date) -> dict[str, bytes]:
    """What each bank would send of the approved applications that nobody has recorded yet."""
    found = session.execute(
        select(Application, Borrower.name, Bank.code)
        .join(Borrower, Borrower.id == Application.borrower_id)
        .join(Bank, Bank.id == Application.bank_id)
        .where(waits_to_be_paid_out())
        .order_by(Application.id)
    )
    rows: dict[str, list[str]] = {}
    for one, name, code in found:
        account, day = f"'0{random.randrange(10**11, 10**12)}", f"{today:%d-%m-%Y}"
        cells = (one.number, name, account, f"PK/{code[0]}/{today.year}/8{one.id:03d}", day,
                 number(one.approved_amount or 0))  # fmt: skip
        rows.setdefault(code, []).append(";".join(cells))
    head = (
        "Nomor Permohonan;Nama;Nomor Rekening;Nomor Perjanjian;Tanggal Pencairan;Jumlah Pencairan"
    )
    return {
        f"pencairan_{code.lower()}_{today:%Y-%m}.csv": "\r\n".join([head, *lines, ""]).encode()
        for code, lines in rows.items()
    }
