"""The menu by task: only what the role may do, with counts of what waits."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from flask import url_for
from sqlalchemy import ColumnElement, Select, func, select, true
from sqlalchemy.orm import Session

from wibawa.access.permissions import Permission, Role
from wibawa.access.sessions import SignedIn
from wibawa.applications.lists import waits_for
from wibawa.applications.models import Application
from wibawa.arrears.queries import unkept_count
from wibawa.arrears.reminders.queries import due_count
from wibawa.banks.models import CollectibilityRule, LoanTerms
from wibawa.banks.queries import thresholds_on
from wibawa.disbursements.lists import waits_to_be_paid_out
from wibawa.disbursements.models import Disbursement
from wibawa.loans.models import LoanRequest, SuspenseEntry
from wibawa.loans.undone import open_of
from wibawa.merging.models import BorrowerMerge
from wibawa.reconciliation.months import open_months, waiting_proposals
from wibawa.rules.statuses import State
from wibawa.uploads.kinds import OPEN, READING
from wibawa.uploads.models import Upload
from wibawa.web import clock

P = Permission
LEFT_OUT = {("home.index", Role.LEADER)}  # nothing waits for them; they begin with the dashboard
ANY_TIME = dt.datetime.min.replace(tzinfo=dt.UTC)


@dataclass(frozen=True)
class MenuItem:
    label: str
    url: str
    icon: str
    active: bool
    count: int | None


@dataclass(frozen=True)
class Task:
    """One thing on Beranda that waits for this person, or that only this person may do."""

    label: str
    count: int | None
    url: str
    hint: str


@dataclass(frozen=True)
class Waiting:
    """What waits for this person: files to post or to mend, applications to carry on, disbursements
    to decide, titipan, settings, merges, what is to be sent to a bank, applications past their
    deadline among those to carry on, files of a bank's answers, what a bank approved, files of
    SI-UMI and of disbursements, requests of others that wait for a decision, promises about late
    loans that passed unkept, months that are over and not closed."""

    uploads: int
    disbursements: int
    suspense: int
    applications: int
    terms: int
    merges: int
    proposals: int
    late: int
    answers: int
    approved: int
    register: int
    payment_files: int
    changes: int
    unkept: int
    months: int

    @property
    def payments(self) -> int:
        """What there is to do about disbursements: to record one, or to decide on one."""
        return self.disbursements + self.approved


ITEMS: tuple[tuple[str, str, str, P, str | None], ...] = (
    ("Beranda", "home.index", "home", P.SIGNED_IN, None),
    ("Dasbor", "dashboard.dashboard", "dashboard", P.SEE_INDICATORS, None),
    ("Permohonan", "applications.application_list", "application", P.SEE_APPLICATIONS,
     "applications"),
    ("Usulan", "proposals.proposal_list", "upload", P.SEE_PROPOSALS, "proposals"),
    ("Surat keluar", "letters.paper_list", "print", P.SEE_LETTERS, None),
    (
        "Pencairan",
        "disbursements.disbursement_list",
        "disbursement",
        P.SEE_DISBURSEMENTS,
        "payments",
    ),
    ("Berkas pencairan", "disbursements.upload_list", "upload", P.SEE_UPLOADS, "payment_files"),
    ("Peminjam", "borrowers.borrower_list", "borrower", P.SEE_BORROWERS, "merges"),
    ("Impor SI-UMI", "siumi.upload_list", "upload", P.SEE_BORROWERS, "register"),
    ("Pinjaman", "loans.loan_list", "loan", P.SEE_LOANS, None),
    ("Permintaan", "changes.change_list", "edit", P.SEE_LOANS, "changes"),
    ("Angsuran", "repayments.upload_list", "payment", P.SEE_UPLOADS, "uploads"),
    ("Tunggakan", "arrears.arrears_list", "calendar", P.SEE_LOANS, "unkept"),
    ("Titipan", "loans.suspense_list", "suspense", P.SEE_SUSPENSE, "suspense"),
    ("Rekonsiliasi", "reconciliation.month_list", "check", P.SEE_RECONCILIATION, "months"),
    ("Laporan", "reports.report_list", "report", P.SEE_REPORTS, None),
    ("Indikator", "indicators.indicator_list", "indicator", P.SEE_INDICATORS, None),
    ("Ketentuan", "banks.terms_list", "settings", P.SEE_TERMS, "terms"),
    ("Pengguna", "access.user_list", "users", P.MANAGE_USERS, None),
    ("Bank", "banks.bank_list", "bank", P.MANAGE_BANKS, None),
    ("Jejak kegiatan", "access.trail_list", "history", P.SEE_TRAIL, None),
    ("Rantai pembukuan", "loans.chain_list", "lock", P.SEE_TRAIL, None),
)  # fmt: skip


def waiting_for(session: Session, person: SignedIn) -> Waiting:
    """Counts of what waits, in two queries; a bank officer's are of the own bank."""
    whoever = SignedIn(person.id, "", "", person.role, person.bank_id, None, None, "", ANY_TIME)
    row = session.execute(_counts(whoever, clock.today())).one()
    decides = person.may(P.APPROVE_DISBURSEMENT)
    may_upload = person.may(P.POST_REPAYMENTS) or person.may(P.UPLOAD_REPAYMENTS)
    return Waiting(
        row[0] if may_upload else 0,
        row[1] if decides else 0,
        row[2],
        row[3],
        row[4] if person.may(P.APPROVE_TERMS) else 0,
        row[5] if person.may(P.APPROVE_MERGE) else 0,
        row[6] if person.may(P.SEND_PROPOSAL) else 0,
        row[7],
        row[8] if person.may(P.ANSWER_APPLICATION) else 0,
        row[9] if person.may(P.RECORD_DISBURSEMENT) else 0,
        row[10] if person.may(P.EDIT_BORROWER) else 0,
        row[11] if decides or person.may(P.UPLOAD_DISBURSEMENTS) else 0,
        row[12] if person.may(P.DECIDE_CHANGE) else 0,
        row[13] if person.may(P.FOLLOW_ARREARS) else 0,
        _months(session, person),
    )


def _months(session: Session, person: SignedIn) -> int:
    """Months that are over and not closed, for who prepares them; for who closes them those that
    are proposed. One query."""
    if person.may(P.CLOSE_MONTH):
        return len(waiting_proposals(session, person.id))
    if person.may(P.PREPARE_RECONCILIATION):
        return sum(each.due for each in open_months(session, clock.today()).values())
    return 0


@lru_cache(maxsize=256)
def _counts(person: SignedIn, today: dt.date) -> Select[Any]:
    """The query of `waiting_for`. Every page asks it, and putting it together took more than half
    of the time of a simple page; so it is kept for each person and day."""

    def of_bank(column: Any) -> ColumnElement[bool]:
        return column == person.bank_id if person.bank_id is not None else true()

    statuses = ("submitted",) if person.may(P.POST_REPAYMENTS) else (READING, *OPEN)
    to_pay = ("submitted",) if person.may(P.APPROVE_DISBURSEMENT) else OPEN
    return select(
        _files("repayments", statuses, of_bank(Upload.bank_id)),
        _count(Disbursement, Disbursement.status == "recorded"),
        _count(SuspenseEntry, of_bank(SuspenseEntry.bank_id), open_of() > 0),
        _count(Application, waits_for(person)),
        _proposed(LoanTerms) + _proposed(CollectibilityRule),
        _count(BorrowerMerge, BorrowerMerge.status == "recorded"),
        _count(Application, Application.state == State.RECOMMENDED),
        _count(Application, waits_for(person), Application.due_on < today),
        _files("decisions", OPEN, of_bank(Upload.bank_id)),
        _count(Application, waits_to_be_paid_out()),
        _files("register", OPEN, true()),
        _files("disbursements", to_pay, of_bank(Upload.bank_id)),
        _count(LoanRequest, LoanRequest.status == "recorded", LoanRequest.entered_by != person.id),
        unkept_count(today),
    )


def _files(kind: str, statuses: tuple[str, ...], of_bank: ColumnElement[bool]) -> Any:
    """How many files of a kind stand where somebody must go on with them."""
    return _count(Upload, Upload.kind == kind, Upload.status.in_(statuses), of_bank)


def _proposed(model: type[LoanTerms] | type[CollectibilityRule]) -> Any:
    """How many proposed versions of a dated setting wait for a decision."""
    return _count(model, model.status == "proposed")


def _count(model: Any, *conditions: ColumnElement[bool]) -> Any:
    return select(func.count()).select_from(model).where(*conditions).scalar_subquery()


# Label, endpoint, permission, count of `Waiting` (None: always there), hint.
TASKS: tuple[tuple[str, str, P, str | None, str], ...] = (
    (
        "Berkas menunggu dibukukan",
        "repayments.upload_list",
        P.POST_REPAYMENTS,
        "uploads",
        "Sudah diajukan bank; periksa, lalu bukukan.",
    ),
    (
        "Berkas belum diajukan",
        "repayments.upload_list",
        P.UPLOAD_REPAYMENTS,
        "uploads",
        "Sudah diunggah; perbaiki atau ajukan ke dinas.",
    ),
    (
        "Permohonan Anda yang terlambat",
        "applications.application_list",
        P.SEE_APPLICATIONS,
        "late",
        "Sudah melewati batas waktunya; yang paling lama ada di atas.",
    ),
    (
        "Permohonan menunggu langkah Anda",
        "applications.application_list",
        P.SEE_APPLICATIONS,
        "applications",
        "Yang batas waktunya paling dekat ada di atas.",
    ),
    (
        "Berkas keputusan belum dikirim",
        "decisions.upload_list",
        P.ANSWER_APPLICATION,
        "answers",
        "Sudah diunggah; perbaiki, kirim, atau tarik.",
    ),
    (
        "Permohonan menunggu dikirim ke bank",
        "proposals.new_proposal",
        P.SEND_PROPOSAL,
        "proposals",
        "Sudah direkomendasikan; kirim bersama dalam satu usulan.",
    ),
    (
        "Permohonan disetujui bank, menunggu pencairan",
        "disbursements.choose_application",
        P.RECORD_DISBURSEMENT,
        "approved",
        "Catat pencairannya setelah uangnya cair.",
    ),
    (
        "Pencairan menunggu persetujuan",
        "disbursements.disbursement_list",
        P.APPROVE_DISBURSEMENT,
        "disbursements",
        "Dicatat petugas; setujui atau tolak dengan alasan.",
    ),
    (
        "Berkas SI-UMI belum diterapkan",
        "siumi.upload_list",
        P.EDIT_BORROWER,
        "register",
        "Sudah diunggah; perbaiki, terapkan, atau tarik.",
    ),
    (
        "Berkas pencairan menunggu persetujuan",
        "disbursements.upload_list",
        P.APPROVE_DISBURSEMENT,
        "payment_files",
        "Periksa baris-barisnya; semuanya disetujui sekaligus.",
    ),
    (
        "Berkas pencairan belum diajukan",
        "disbursements.upload_list",
        P.UPLOAD_DISBURSEMENTS,
        "payment_files",
        "Sudah diunggah; perbaiki, ajukan, atau tarik.",
    ),
    (
        "Penggabungan peminjam menunggu persetujuan",
        "merging.merge_list",
        P.APPROVE_MERGE,
        "merges",
        "Dua catatan satu orang; bandingkan, lalu setujui atau tolak.",
    ),
    (
        "Permintaan perubahan menunggu keputusan",
        "changes.change_list",
        P.DECIDE_CHANGE,
        "changes",
        "Lihat akibatnya, lalu setujui atau tolak dengan alasan.",
    ),
    (
        "Ketentuan menunggu persetujuan",
        "banks.terms_list",
        P.APPROVE_TERMS,
        "terms",
        "Usulan ketentuan pinjaman atau batas kolektibilitas.",
    ),
    (
        "Janji pembayaran yang lewat",
        "arrears.arrears_list",
        P.FOLLOW_ARREARS,
        "unkept",
        "Tanggalnya lewat dan uangnya kurang; hubungi peminjamnya lagi.",
    ),
    (
        "Titipan belum menjadi angsuran",
        "loans.suspense_list",
        P.SEE_SUSPENSE,
        "suspense",
        "Cocokkan dengan bank; berkas asal dan sebabnya ada di daftar.",
    ),
    (
        "Bulan belum direkonsiliasi",
        "reconciliation.month_list",
        P.PREPARE_RECONCILIATION,
        "months",
        "Cocokkan dengan berkas bank, catat selisihnya, lalu usulkan penutupan.",
    ),
    (
        "Bulan menunggu ditutup",
        "reconciliation.month_list",
        P.CLOSE_MONTH,
        "months",
        "Periksa angka dan selisihnya, lalu tutup atau kembalikan.",
    ),
    (
        "Pengguna",
        "access.user_list",
        P.MANAGE_USERS,
        None,
        "Tambah pengguna, atau nonaktifkan yang sudah tidak bertugas.",
    ),
    (
        "Bank penyalur",
        "banks.bank_list",
        P.MANAGE_BANKS,
        None,
        "Metode, kelipatan, aturan hari libur, dan pembukuan berkas.",
    ),
)


# A task leads to exactly the rows that it counts, where the list can show them alone.
ONLY: dict[str, dict[str, Any]] = {
    "Berkas menunggu dibukukan": {"keadaan": "submitted"},
    "Permohonan Anda yang terlambat": {"keadaan": "menunggu", "batas": "lewat", "urut": "batas"},
    "Permohonan menunggu langkah Anda": {"keadaan": "menunggu", "urut": "batas"},
    "Pencairan menunggu persetujuan": {"keadaan": "menunggu"},
    "Berkas pencairan menunggu persetujuan": {"keadaan": "submitted"},
    "Penggabungan peminjam menunggu persetujuan": {"keadaan": "menunggu"},
    "Permintaan perubahan menunggu keputusan": {"keadaan": "menunggu"},
    "Janji pembayaran yang lewat": {"janji": "lewat"},
}


def tasks_for(session: Session, person: SignedIn) -> list[Task]:
    """What waits for this person; things with nothing waiting are left out."""
    counts = waiting_for(session, person)
    found = [
        Task(
            label,
            getattr(counts, counted) if counted else None,
            url_for(target, **ONLY.get(label, {})),
            hint,
        )
        for label, target, permission, counted, hint in TASKS
        if person.may(permission) and (counted is None or getattr(counts, counted))
    ]
    return [*_letters_to_send(session, person), *found]


def _letters_to_send(session: Session, person: SignedIn) -> list[Task]:
    """Reminders that are due: a look at the whole portfolio, so not in the menu of every page."""
    if not person.may(P.ISSUE_LETTER):
        return []
    count = due_count(session, clock.today(), thresholds_on(session, clock.today()))
    url, hint = url_for("arrears.reminder_list"), "Pilih, periksa isinya, lalu terbitkan bersama."
    return [Task("Surat peringatan yang perlu dikirim", count, url, hint)] if count else []


def menu_for(session: Session, person: SignedIn, endpoint: str | None) -> list[MenuItem]:
    counts = waiting_for(session, person)
    return [
        MenuItem(
            label,
            url_for(target),
            icon,
            endpoint == target or _is_home_of(target, endpoint),
            getattr(counts, counted) or None if counted else None,
        )
        for label, target, icon, permission, counted in ITEMS
        if person.may(permission) and (target, person.role) not in LEFT_OUT
    ]


def _is_home_of(target: str, endpoint: str | None) -> bool:
    """A page below a list keeps the list's menu item lit."""
    below = {
        "loans.loan": "loans.loan_list",
        "loans.suspense": "loans.suspense_list",
        "decisions.check_upload": "proposals.proposal_list",
        "decisions.decision": "applications.application_list",
        "decisions.reveal_nik": "applications.application_list",
        "decisions.upload": "proposals.proposal_list",
        "decisions.upload_list": "proposals.proposal_list",
        "changes.choose_kind": "loans.loan_list",
        "changes.new_change": "loans.loan_list",
        "changes.change": "changes.change_list",
        "disbursements.check_upload": "disbursements.upload_list",
        "disbursements.upload": "disbursements.upload_list",
        "disbursements.upload_list": "disbursements.upload_list",
        "access.access_settings": "access.user_list",
        "access.new_user": "access.user_list",
        "access.reset_password": "access.user_list",
        "access.role_list": "access.user_list",
        "access.user": "access.user_list",
        "banks.edit_bank": "banks.bank_list",
        "banks.edit_permit": "banks.bank_list",
        "banks.holiday_list": "banks.bank_list",
        "letters.office": "banks.bank_list",
        "arrears.reminder_days": "banks.bank_list",
        "notices.notice": "applications.application_list",
        "applications.deadlines": "banks.bank_list",
        "merging.choose_other": "borrowers.borrower_list",
        "merging.merge": "borrowers.borrower_list",
        "merging.merge_list": "borrowers.borrower_list",
        "merging.new_merge": "borrowers.borrower_list",
        "banks.new_terms": "banks.terms_list",
        "banks.terms_version": "banks.terms_list",
        "banks.limits_list": "banks.terms_list",
        "banks.new_limits": "banks.terms_list",
        "banks.limits_version": "banks.terms_list",
        "banks.quota": "banks.terms_list",
        "banks.edit_quota": "banks.terms_list",
        "dashboard.open_switch": "banks.terms_list",
    }
    if endpoint in below:
        return below[endpoint] == target
    folder = (endpoint or "").split(".")[0]
    return target.split(".", maxsplit=1)[0] == folder and target in (
        "applications.application_list",
        "arrears.arrears_list",
        "borrowers.borrower_list",
        "disbursements.disbursement_list",
        "proposals.proposal_list",
        "reconciliation.month_list",
        "reports.report_list",
        "repayments.upload_list",
        "siumi.upload_list",
    )
