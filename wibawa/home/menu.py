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
from wibawa.banks.models import CollectibilityRule, LoanTerms
from wibawa.disbursements.lists import waits_to_be_paid_out
from wibawa.disbursements.models import Disbursement
from wibawa.indicators.locks.queries import undecided
from wibawa.indicators.models import IndicatorDefinition, LockRequest
from wibawa.keeping.queries import alarms
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
class Waiting:
    """What waits for this person: files to post or to mend, applications to carry on, disbursements
    to decide, titipan, settings, merges, what is to be sent to a bank, applications past their
    deadline among those to carry on, files of a bank's answers, what a bank approved, files of
    SI-UMI and of disbursements, requests of others that wait for a decision, promises about late
    loans that passed unkept, months that are over and not closed, definitions of indicators and
    years to be locked or unlocked that others proposed, backups to be looked at."""

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
    definitions: int
    years: int
    backups: int

    @property
    def payments(self) -> int:
        """What there is to do about disbursements: to record one, or to decide on one."""
        return self.disbursements + self.approved

    @property
    def figures(self) -> int:
        """What there is to decide about the indicators."""
        return self.definitions + self.years


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
    ("Indikator", "indicators.indicator_list", "indicator", P.SEE_INDICATORS, "figures"),
    ("Ketentuan", "banks.terms_list", "settings", P.SEE_TERMS, "terms"),
    ("Pengguna", "access.user_list", "users", P.MANAGE_USERS, None),
    ("Bank", "banks.bank_list", "bank", P.MANAGE_BANKS, None),
    ("Cadangan", "keeping.backup_list", "download", P.KEEP_BACKUPS, "backups"),
    ("Pelindungan data", "privacy.processing", "lock", P.SEE_PRIVACY, None),
    ("Jejak kegiatan", "audit.trail_list", "history", P.SEE_TRAIL, None),
    ("Rantai pembukuan", "audit.chain_list", "lock", P.SEE_TRAIL, None),
)  # fmt: skip


def waiting_for(session: Session, person: SignedIn) -> Waiting:
    """Counts of what waits, in two queries; a bank officer's are of the own bank."""
    whoever = SignedIn(person.id, "", "", person.role, person.bank_id, None, None, "", ANY_TIME)
    row = session.execute(_counts(whoever, clock.today())).one()
    decides = person.may(P.APPROVE_DISBURSEMENT)
    figures = person.may(P.APPROVE_FIGURES)
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
        row[14] if figures else 0,
        row[15] if figures else 0,
        alarms(session, clock.now()) if person.may(P.KEEP_BACKUPS) else 0,
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
        _count(
            IndicatorDefinition,
            IndicatorDefinition.status == "proposed",
            IndicatorDefinition.proposed_by != person.id,
        ),
        _count(LockRequest, undecided(), LockRequest.requested_by != person.id),
    )


def _files(kind: str, statuses: tuple[str, ...], of_bank: ColumnElement[bool]) -> Any:
    """How many files of a kind stand where somebody must go on with them."""
    return _count(Upload, Upload.kind == kind, Upload.status.in_(statuses), of_bank)


def _proposed(model: type[LoanTerms] | type[CollectibilityRule]) -> Any:
    """How many proposed versions of a dated setting wait for a decision."""
    return _count(model, model.status == "proposed")


def _count(model: Any, *conditions: ColumnElement[bool]) -> Any:
    return select(func.count()).select_from(model).where(*conditions).scalar_subquery()


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


BELOW = {
    "banks.terms_list": "banks.new_terms banks.terms_version banks.limits_list banks.new_limits "
    "banks.limits_version banks.quota banks.edit_quota dashboard.open_switch",
    "access.user_list": "access.access_settings access.new_user access.reset_password "
    "access.role_list access.user",
    "banks.bank_list": "letters.office arrears.reminder_days applications.deadlines "
    "banks.edit_bank banks.edit_permit banks.holiday_list",
    "disbursements.upload_list": "disbursements.check_upload disbursements.upload "
    "disbursements.upload_list",
    "borrowers.borrower_list": "merging.choose_other merging.merge merging.merge_list "
    "merging.new_merge privacy.subject",
    "proposals.proposal_list": "decisions.check_upload decisions.upload decisions.upload_list",
}


def _is_home_of(target: str, endpoint: str | None) -> bool:
    """A page below a list keeps the list's menu item lit."""
    loans = ("loans.loan", "loans.entry_list", "loans.moved_list", "loans.due_list")
    below = {
        **dict.fromkeys(loans, "loans.loan_list"),
        "loans.suspense": "loans.suspense_list",
        "decisions.decision": "applications.application_list",
        "decisions.reveal_nik": "applications.application_list",
        "changes.choose_kind": "loans.loan_list",
        "changes.new_change": "loans.loan_list",
        "changes.change": "changes.change_list",
        "notices.notice": "applications.application_list",
        **{page: home for home, pages in BELOW.items() for page in pages.split()},
    }
    if endpoint in below:
        return below[endpoint] == target
    return target.split(".", maxsplit=1)[0] == (endpoint or "").split(".")[0] and target in (
        "applications.application_list",
        "arrears.arrears_list",
        "borrowers.borrower_list",
        "disbursements.disbursement_list",
        "indicators.indicator_list",
        "privacy.processing",
        "proposals.proposal_list",
        "reconciliation.month_list",
        "reports.report_list",
        "repayments.upload_list",
        "siumi.upload_list",
    )
