"""All that is held about one person, and who looked at it: what a person may ask for by law."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from wibawa.access.models import TrailEntry, User
from wibawa.applications.models import Application, SiteVisit
from wibawa.arrears.models import ArrearsContact
from wibawa.arrears.queries import KIND_WORDS, OUTCOME_WORDS
from wibawa.audit.words import ACTIONS
from wibawa.banks.models import Bank
from wibawa.borrowers.checks import SEX_WORDS, label_of
from wibawa.borrowers.history import Record, changes_of, records_of
from wibawa.borrowers.queries import BorrowerFacts
from wibawa.loans.models import LedgerEntry, Loan, LoanRequest
from wibawa.printing.statements import Part, Statement, fitted
from wibawa.rules.dates import short_date
from wibawa.rules.money import number
from wibawa.rules.statuses import STATE_WORDS, State
from wibawa.scans.models import Document, DocumentKind
from wibawa.siumi.models import RegisterLine
from wibawa.uploads.models import Upload
from wibawa.uploads.workbook import Sheet
from wibawa.web.formats import moment

Rows = list[tuple[Any, ...]]


def sheets_of(session: Session, facts: BorrowerFacts) -> list[Sheet]:
    """One sheet for each kind of data: a fixed number of queries."""
    records = records_of(session, facts.id)
    ids = [each.id for each in records]
    applications = _ids(session, select(Application.id).where(Application.borrower_id.in_(ids)))
    loans = _ids(session, select(Loan.id).where(Loan.borrower_id.in_(ids)))
    requests = _ids(session, select(LoanRequest.id).where(LoanRequest.loan_id.in_(loans)))
    documents = _documents(session, ids, applications, requests)
    return [
        Sheet("Data diri", ("Data", "Isi"), _own(facts)),
        Sheet("Asal data", ("Tanggal", "Asal"), _origins(session, records)),
        Sheet(
            "Perubahan", ("Waktu", "Oleh", "Data", "Semula", "Menjadi"),
            [(moment(c.at), c.who, label_of(facts.kind, c.field), c.before, c.after)
             for c in changes_of(session, ids)],
        ),
        Sheet(
            "Permohonan",
            ("Nomor", "Dicatat", "Bank", "Jumlah (Rp)", "Bulan", "Tujuan", "Agunan", "Keadaan"),
            _applications(session, applications),
        ),
        Sheet(
            "Kunjungan", ("Tanggal", "Petugas", "Layak", "Catatan"),
            _visits(session, applications),
        ),
        Sheet(
            "Pinjaman",
            ("Nomor", "Bank", "Rekening", "Perjanjian", "Cair", "Plafon (Rp)", "Bulan"),
            _loans(session, loans),
        ),
        Sheet(
            "Buku pinjaman", ("Pinjaman", "Entri", "Tanggal", "Jenis", "Jumlah (Rp)", "Referensi"),
            _entries(session, loans),
        ),
        Sheet(
            "Penagihan", ("Tanggal", "Cara", "Hasil", "Bertemu", "Catatan"),
            _contacts(session, loans),
        ),
        Sheet("Dokumen", ("Nomor", "Jenis", "Disimpan"), [row[:3] for row in documents]),
        Sheet(
            "Siapa melihat atau mengubah", ("Waktu", "Oleh", "Kegiatan", "Keterangan"),
            _looked(session, ids, applications, loans, [row[0] for row in documents]),
        ),
    ]  # fmt: skip


def _ids(session: Session, query: Any) -> list[int]:
    return list(session.scalars(query))


def _own(facts: BorrowerFacts) -> Rows:
    return [
        ("Nama", facts.name),
        ("NIK", facts.nik),
        ("Jenis kelamin", SEX_WORDS[facts.sex]),
        ("Tanggal lahir", facts.birth_date),
        ("Nama usaha", facts.business_name),
        ("Bidang usaha", facts.sector),
        ("Usaha sejak", facts.business_started_on),
        ("Alamat", facts.address),
        ("Kelurahan", facts.kelurahan),
        ("Kecamatan", facts.kecamatan),
        ("Telepon", facts.phone),
        ("NIB", facts.nib),
        ("Nomor induk koperasi", facts.cooperative_number),
        ("Ketua", facts.chair_name),
        ("Terdaftar", moment(facts.created_at)),
    ]


def _origins(session: Session, records: Sequence[Record]) -> Rows:
    line = RegisterLine
    rows = session.execute(
        select(Upload.uploaded_at, Upload.filename, line.row_number)
        .join(line, line.upload_id == Upload.id)
        .where(line.borrower_id.in_([each.id for each in records]))
        .order_by(Upload.id, line.row_number)
    )
    found: Rows = [
        (moment(each.registered_at), f"Dicatat oleh {each.registered_by}") for each in records
    ]
    return found + [(moment(at), f"Berkas SI-UMI {name}, baris {row}") for at, name, row in rows]


def _applications(session: Session, ids: Sequence[int]) -> Rows:
    one = Application
    rows = session.execute(
        select(one.number, one.created_at, Bank.name, one.amount, one.months, one.purpose,
               one.collateral, one.state)
        .join(Bank, Bank.id == one.bank_id)
        .where(one.id.in_(ids))
        .order_by(one.id)
    )  # fmt: skip
    return [(row[0], moment(row[1]), *row[2:7], STATE_WORDS[State(row[7])]) for row in rows]


def _visits(session: Session, applications: Sequence[int]) -> Rows:
    one = SiteVisit
    rows = session.execute(
        select(one.visited_on, User.name, one.feasible, one.notes)
        .join(User, User.id == one.visitor_id)
        .where(one.application_id.in_(applications))
        .order_by(one.visited_on, one.number)
    )
    return [(day, who, "ya" if feasible else "tidak", notes) for day, who, feasible, notes in rows]


def _loans(session: Session, ids: Sequence[int]) -> Rows:
    rows = session.execute(
        select(Loan.number, Bank.name, Loan.account_number, Loan.agreement_number,
               Loan.disbursed_on, Loan.principal, Loan.months)
        .join(Bank, Bank.id == Loan.bank_id)
        .where(Loan.id.in_(ids))
        .order_by(Loan.id)
    )  # fmt: skip
    return [tuple(row) for row in rows]


def _entries(session: Session, loans: Sequence[int]) -> Rows:
    one = LedgerEntry
    rows = session.execute(
        select(Loan.number, one.sequence, one.effective_on, one.kind, one.amount,
               one.bank_reference)
        .join(Loan, Loan.id == one.loan_id)
        .where(one.loan_id.in_(loans))
        .order_by(one.loan_id, one.sequence)
    )  # fmt: skip
    return [(*row[:3], ENTRY_WORDS[row[3]], *row[4:]) for row in rows]


ENTRY_WORDS = {
    "opening": "Saldo awal",
    "disbursement": "Pencairan",
    "repayment": "Pembayaran",
    "settlement": "Pelunasan dipercepat",
    "write_off": "Hapus buku",
    "recovery": "Penerimaan setelah hapus buku",
    "reversal": "Pembatalan",
}


def _contacts(session: Session, loans: Sequence[int]) -> Rows:
    one = ArrearsContact
    rows = session.execute(
        select(one.contacted_on, one.kind, one.outcome, one.met, one.note)
        .where(one.loan_id.in_(loans))
        .order_by(one.contacted_on, one.id)
    )
    return [(row[0], KIND_WORDS[row[1]], OUTCOME_WORDS[row[2]], *row[3:]) for row in rows]


def _documents(
    session: Session, ids: Sequence[int], applications: Sequence[int], requests: Sequence[int]
) -> Rows:
    one = Document
    mine = or_(
        one.borrower_id.in_(ids), one.application_id.in_(applications), one.request_id.in_(requests)
    )
    rows = session.execute(
        select(one.id, DocumentKind.name, one.recorded_at)
        .join(DocumentKind, DocumentKind.id == one.kind_id)
        .where(mine)
        .order_by(one.id)
    )
    return [(number, name, moment(at)) for number, name, at in rows]


def _looked(
    session: Session,
    ids: Sequence[int],
    applications: Sequence[int],
    loans: Sequence[int],
    documents: Sequence[int],
) -> Rows:
    entry = TrailEntry
    objects = (
        ("borrower", ids), ("application", applications), ("loan", loans), ("document", documents)
    )  # fmt: skip
    rows = session.execute(
        select(entry.at, User.name, entry.action, entry.detail)
        .outerjoin(User, User.id == entry.user_id)
        .where(or_(*(and_(entry.object_kind == kind, entry.object_id.in_(numbers))
                     for kind, numbers in objects)))
        .order_by(entry.id)
    )  # fmt: skip
    return [
        (moment(at), who or "–", ACTIONS.get(action, action), detail)
        for at, who, action, detail in rows
    ]


def paper_of(sheets: Sequence[Sheet], title: str, notes: Sequence[str], day: dt.date) -> Statement:
    """The same as a paper that can be handed over: a table for each kind of data of which anything
    is held, and what is not held in words."""
    nothing = [sheet.title for sheet in sheets if not sheet.rows]
    said = f"Tidak ada catatan tentang: {', '.join(nothing)}." if nothing else ""
    return Statement(
        title=title,
        subtitle="Untuk orang yang datanya disimpan",
        about=said,
        notes=tuple(notes),
        parts=tuple(_part(sheet) for sheet in sheets if sheet.rows),
        imprint="Memuat data pribadi tanpa samaran",
        day=day,
    )


def _part(sheet: Sheet) -> Part:
    rows = list(sheet.rows)
    amounts = [all(isinstance(cell, int) for cell in column) for column in zip(*rows, strict=True)]
    written = [tuple(_written(cell) for cell in row) for row in rows]
    return Part(sheet.title, fitted(sheet.headings, amounts, written))


def _written(value: Any) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, int):
        return number(value)
    return short_date(value) if isinstance(value, dt.date) else str(value)


def file_name(borrower_id: int, today: dt.date) -> str:
    return f"data-pribadi-{borrower_id}-{today.isoformat()}"
