"""Every page states who may open it, and every page is tried by every role, at both banks.

`PAGES` and `MATRIX` are written out by hand on purpose: whoever adds a page or widens a role says
so here too. The tries themselves are made from the application's own list of URLs.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Event
from typing import Any, cast

import pytest
import time_machine
from flask import Flask, request
from flask.testing import FlaskClient
from flask_login import current_user
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from tests import factories
from tests.access.steps import long_since_proved
from tests.conftest import TODAY, dispose, make_app, unnumbered
from tests.jobs.kinds import ask, know
from wibawa.access.models import User
from wibawa.access.permissions import ROLE_PERMISSIONS, Permission, Role
from wibawa.access.personal_data import seal_bytes
from wibawa.access.sealed import place_of
from wibawa.access.sessions import open_session
from wibawa.applications.actions import keep_draft
from wibawa.arrears.models import Reminder
from wibawa.banks.models import Bank
from wibawa.database import db, sqlite_module, writing
from wibawa.disbursements.models import Disbursement
from wibawa.indicators.locks import queries as year_locks
from wibawa.jobs import runner
from wibawa.layouts.models import LayoutExample
from wibawa.layouts.queries import EXAMPLE_PLACE
from wibawa.letters.actions import issue as issue_letter
from wibawa.letters.actions import keep_logo
from wibawa.letters.documents import Heading, PaperKind, letter_data, sample_letter
from wibawa.loans.models import LoanRequest
from wibawa.merging.models import BorrowerMerge
from wibawa.papers.actions import Clerk
from wibawa.papers.actions import issue as issue_paper
from wibawa.papers.models import UploadPaper
from wibawa.privacy.actions import NewIncident, record_incident
from wibawa.reconciliation.actions import issue as issue_minutes
from wibawa.reconciliation.queries import closed_month
from wibawa.rules.reconciliation import Month
from wibawa.scans.queries import kinds_of_requests, kinds_on
from wibawa.uploads.models import Upload
from wibawa.web import errors
from wibawa.web.clock import now, today

OPENED = {"dashboard.open_figures", "dashboard.open_download"}  # once the office has opened them
PUBLIC = {
    "access.sign_in",
    "access.sign_in_code",
    "access.health",
    "letters.check",
    "static",
    "keeping.metrics",
    "keeping.ready",
    *OPENED,
}

# Approvals about money, and what one person alone may set of them, ask for a fresh proof of who is
# there.
PROVEN = {
    "access.access_settings", "access.drop_second_factor", "access.enable_user",
    "access.new_user", "access.recovery_codes", "access.reset_password",
    "access.reset_second_factor", "access.second_factor", "banks.approve_limits",
    "banks.approve_terms", "banks.edit_bank", "changes.approve",
    "decisions.apply_upload", "decisions.approve", "disbursements.approve",
    "disbursements.confirm_upload", "indicators.approve_lock", "privacy.decide_pseudonym",
    "reconciliation.close",
}  # fmt: skip

# Files in which there is nothing of anybody: templates, and a sample of the letterhead.
BLANK = {"audit.verifier", "decisions.template_file", "disbursements.template_file",
         "printing.office_sample", "repayments.template_file", "siumi.template_file"}  # fmt: skip

PAGES = {
    "access.access_settings": "manage_users",
    "access.change_password": "signed_in",
    "access.device_list": "signed_in",
    "access.disable_user": "manage_users",
    "access.drop_second_factor": "signed_in",
    "access.enable_user": "manage_users",
    "access.end_all_devices": "signed_in",
    "access.end_device": "signed_in",
    "access.new_user": "manage_users",
    "access.recovery_codes": "signed_in",
    "access.reset_password": "manage_users",
    "access.reset_second_factor": "manage_users",
    "access.role_list": "manage_users",
    "access.second_factor": "signed_in",
    "access.sign_out": "signed_in",
    "access.stay": "signed_in",
    "access.user": "manage_users",
    "access.user_list": "manage_users",
    "applications.application": "see_applications",
    "applications.application_list": "see_applications",
    "applications.choose_borrower": "record_application",
    "applications.deadlines": "manage_office",
    "applications.drop_draft": "record_application",
    "applications.edit_application": "record_application",
    "applications.export_list": "see_applications",
    "applications.new_application": "record_application",
    "applications.preview": "record_application",
    "applications.recommend": "decide_application",
    "applications.refuse": "decide_application",
    "applications.send_back": "return_application",
    "applications.submit": "record_application",
    "applications.visit": "record_application",
    "applications.withdraw": "record_application",
    "arrears.arrears_list": "see_loans",
    "arrears.assign_officer": "follow_arrears",
    "arrears.export_list": "see_loans",
    "arrears.late_loan": "see_arrears",
    "arrears.record_contact": "follow_arrears",
    "arrears.issue_reminders": "issue_letter",
    "arrears.reminder_batch": "see_letters",
    "arrears.reminder_days": "manage_office",
    "arrears.reminder_list": "see_letters",
    "arrears.review_reminders": "issue_letter",
    "arrears.strike_contact": "follow_arrears",
    "audit.chain_file": "export_chain",
    "audit.chain_list": "see_trail",
    "audit.export_chain": "see_trail",
    "audit.export_trail": "see_trail",
    "audit.trail_list": "see_trail",
    "audit.verifier": "export_chain",
    "banks.approve_limits": "approve_terms",
    "banks.approve_terms": "approve_terms",
    "banks.bank_list": "manage_banks",
    "banks.confirm_terms": "approve_terms",
    "banks.edit_bank": "manage_banks",
    "banks.edit_permit": "manage_banks",
    "banks.edit_quota": "set_quota",
    "banks.holiday_list": "manage_banks",
    "banks.limits_list": "see_terms",
    "banks.limits_version": "see_terms",
    "banks.new_limits": "propose_terms",
    "banks.new_terms": "propose_terms",
    "banks.quota": "see_reports",
    "banks.refuse_limits": "approve_terms",
    "banks.refuse_terms": "approve_terms",
    "banks.remove_holiday": "manage_banks",
    "banks.terms_list": "see_terms",
    "banks.terms_version": "see_terms",
    "borrowers.borrower": "see_borrowers",
    "borrowers.borrower_list": "see_borrowers",
    "borrowers.duplicate_list": "see_borrowers",
    "borrowers.edit_borrower": "edit_borrower",
    "borrowers.export_list": "see_borrowers",
    "borrowers.mark_distinct": "edit_borrower",
    "borrowers.reveal_nik": "reveal_nik",
    "borrowers.unmark_distinct": "edit_borrower",
    "changes.approve": "decide_change",
    "changes.ask_file": "request_change",
    "changes.ask_suspense": "request_change",
    "changes.change": "see_loans",
    "changes.change_list": "see_loans",
    "changes.choose_kind": "request_change",
    "changes.document_rules": "manage_office",
    "changes.export_list": "see_loans",
    "changes.new_change": "request_change",
    "changes.refuse": "decide_change",
    "dashboard.dashboard": "see_indicators",
    "dashboard.open_switch": "approve_figures",
    "decisions.apply_upload": "answer_application",
    "decisions.approve": "answer_application",
    "decisions.check_upload": "see_uploads",
    "decisions.choose_upload": "answer_application",
    "decisions.decision": "answer_application",
    "decisions.decline": "answer_application",
    "decisions.marked_file": "see_uploads",
    "decisions.original_file": "see_uploads",
    "decisions.reveal_nik": "reveal_applicant_nik",
    "decisions.template_file": "answer_application",
    "decisions.upload": "answer_application",
    "decisions.upload_list": "see_uploads",
    "decisions.withdraw_upload": "answer_application",
    "disbursements.approve": "approve_disbursement",
    "disbursements.check_upload": "see_uploads",
    "disbursements.choose_application": "see_disbursements",
    "disbursements.choose_borrower": "record_disbursement",
    "disbursements.confirm_upload": "approve_disbursement",
    "disbursements.disbursement": "see_disbursements",
    "disbursements.disbursement_list": "see_disbursements",
    "disbursements.export_approved": "see_disbursements",
    "disbursements.marked_file": "see_uploads",
    "disbursements.new_disbursement": "record_disbursement",
    "disbursements.original_file": "see_uploads",
    "disbursements.preview": "record_disbursement",
    "disbursements.refuse": "approve_disbursement",
    "disbursements.submit_upload": "upload_disbursements",
    "disbursements.template_file": "upload_disbursements",
    "disbursements.upload": "upload_disbursements",
    "disbursements.upload_list": "see_uploads",
    "disbursements.withdraw_upload": "upload_disbursements",
    "home.components": "manage_users",
    "home.index": "signed_in",
    "home.search": "see_loans",
    "indicators.approve_definition": "approve_figures",
    "indicators.approve_lock": "approve_figures",
    "indicators.definition": "see_indicators",
    "indicators.definition_search": "see_indicators",
    "indicators.export_funnel": "see_indicators",
    "indicators.export_growth": "see_indicators",
    "indicators.export_inputs": "see_indicators",
    "indicators.export_lock": "see_indicators",
    "indicators.export_members": "see_borrowers",
    "indicators.export_moved": "see_borrowers",
    "indicators.export_splits": "see_indicators",
    "indicators.export_variants": "see_indicators",
    "indicators.funnel": "see_indicators",
    "indicators.growth": "see_indicators",
    "indicators.indicator": "see_indicators",
    "indicators.indicator_list": "see_indicators",
    "indicators.input_list": "see_indicators",
    "indicators.lock": "see_indicators",
    "indicators.locked_year": "see_indicators",
    "indicators.member_list": "see_borrowers",
    "indicators.metadata_sheet": "see_indicators",
    "indicators.new_definition": "manage_figures",
    "indicators.new_input": "manage_figures",
    "indicators.refuse_definition": "approve_figures",
    "indicators.refuse_lock": "approve_figures",
    "indicators.request_lock": "manage_figures",
    "indicators.request_unlock": "manage_figures",
    "indicators.split_list": "see_indicators",
    "indicators.variant_list": "see_indicators",
    "keeping.backup_list": "keep_backups",
    "keeping.new_backup": "keep_backups",
    "jobs.cancel": "signed_in",
    "jobs.job": "signed_in",
    "jobs.job_list": "signed_in",
    "jobs.result": "signed_in",
    "jobs.state": "signed_in",
    "layouts.drop_example": "manage_banks",
    "layouts.edit_layout": "manage_banks",
    "layouts.layout_list": "manage_banks",
    "layouts.new_example": "manage_banks",
    "layouts.preview": "manage_banks",
    "letters.export_list": "see_letters",
    "letters.logo": "manage_office",
    "letters.office": "manage_office",
    "letters.paper": "see_letters",
    "letters.paper_list": "see_letters",
    "letters.withdraw": "issue_letter",
    "loans.due_list": "see_loans",
    "loans.entry_list": "see_loans",
    "loans.export_due": "see_loans",
    "loans.export_entries": "see_loans",
    "loans.export_list": "see_loans",
    "loans.export_moved": "see_loans",
    "loans.loan": "see_loans",
    "loans.loan_list": "see_loans",
    "loans.moved_list": "see_loans",
    "loans.export_suspense": "see_suspense",
    "loans.suspense": "see_suspense",
    "loans.suspense_list": "see_suspense",
    "merging.approve": "approve_merge",
    "merging.choose_other": "edit_borrower",
    "merging.merge": "see_borrowers",
    "merging.merge_list": "see_borrowers",
    "merging.new_merge": "edit_borrower",
    "merging.refuse": "approve_merge",
    "merging.split": "edit_borrower",
    "notices.issue": "issue_letter",
    "notices.notice": "see_letters",
    "papers.issue": "issue_letter",
    "papers.issue_upload_receipt": "issue_upload_receipt",
    "papers.loan_papers": "print_schedule",
    "papers.paper_file": "print_schedule",
    "papers.upload_receipt": "see_uploads",
    "printing.batch": "print_schedule",
    "printing.batch_download": "print_schedule",
    "printing.office_sample": "manage_office",
    "printing.paper": "see_letters",
    "printing.proposal_letter": "see_proposals",
    "printing.reminder": "see_arrears",
    "printing.reminders": "see_letters",
    "printing.schedule": "print_schedule",
    "printing.schedules": "print_schedule",
    "privacy.add_step": "keep_incidents",
    "privacy.ask_pseudonym": "request_pseudonym",
    "privacy.decide_pseudonym": "approve_pseudonym",
    "privacy.export_processing": "see_privacy",
    "privacy.export_retention": "see_privacy",
    "privacy.incident": "see_privacy",
    "privacy.incident_list": "see_privacy",
    "privacy.new_incident": "keep_incidents",
    "privacy.processing": "see_privacy",
    "privacy.retention_list": "see_privacy",
    "privacy.set_retention": "approve_pseudonym",
    "privacy.subject": "export_subject",
    "proposals.export_list": "see_proposals",
    "proposals.new_proposal": "send_proposal",
    "proposals.proposal": "see_proposals",
    "proposals.proposal_list": "see_proposals",
    "proposals.review_proposal": "send_proposal",
    "proposals.send_proposal": "send_proposal",
    "proposals.sent_file": "see_proposals",
    "reconciliation.close": "close_month",
    "reconciliation.export": "see_reconciliation",
    "reconciliation.give_back": "close_month",
    "reconciliation.issue": "issue_letter",
    "reconciliation.later_list": "see_reconciliation",
    "reconciliation.minutes": "see_personal_data",
    "reconciliation.month": "see_reconciliation",
    "reconciliation.month_list": "see_reconciliation",
    "reconciliation.note_difference": "prepare_reconciliation",
    "reconciliation.propose": "prepare_reconciliation",
    "reconciliation.strike_note": "prepare_reconciliation",
    "repayments.allocation": "see_uploads",
    "repayments.bad_rows_file": "see_uploads",
    "repayments.cancel_step": "see_uploads",
    "repayments.check_again": "upload_repayments",
    "repayments.check_upload": "see_uploads",
    "repayments.choose_upload": "upload_repayments",
    "repayments.export_allocation": "see_uploads",
    "repayments.marked_file": "see_uploads",
    "repayments.original_file": "see_uploads",
    "repayments.post_upload": "post_repayments",
    "repayments.step_state": "see_uploads",
    "repayments.submit_upload": "upload_repayments",
    "repayments.template_file": "upload_repayments",
    "repayments.upload": "upload_repayments",
    "repayments.upload_list": "see_uploads",
    "repayments.withdraw_upload": "upload_repayments",
    "reports.download": "see_reports",
    "reports.report": "see_reports",
    "reports.report_list": "see_reports",
    "scans.add_photos": "keep_documents",
    "scans.content": "see_documents",
    "scans.document": "see_documents",
    "scans.open_document": "open_document",
    "scans.thumbnail": "see_documents",
    "scans.upload": "keep_documents",
    "scans.withdraw": "keep_documents",
    "siumi.apply_upload": "edit_borrower",
    "siumi.cancel_step": "see_borrowers",
    "siumi.check_again": "edit_borrower",
    "siumi.check_upload": "see_borrowers",
    "siumi.choose_upload": "edit_borrower",
    "siumi.confirm_names": "edit_borrower",
    "siumi.export_lines": "see_borrowers",
    "siumi.marked_file": "edit_borrower",
    "siumi.original_file": "edit_borrower",
    "siumi.step_state": "see_borrowers",
    "siumi.template_file": "edit_borrower",
    "siumi.upload": "edit_borrower",
    "siumi.upload_list": "see_borrowers",
    "siumi.withdraw_upload": "edit_borrower",
}

# Who may what (domain rules §6).
MATRIX = """
    signed_in            staff approver bank leader auditor admin
    see_reports          staff approver      leader auditor
    see_loans            staff approver bank leader auditor
    see_personal_data    staff approver bank        auditor
    see_contacts         staff approver bank
    see_borrowers        staff approver             auditor
    edit_borrower        staff
    approve_merge              approver
    reveal_nik           staff approver
    reveal_applicant_nik                bank
    see_documents        staff approver bank        auditor
    open_document        staff approver bank
    keep_documents       staff
    see_uploads          staff approver bank        auditor
    upload_repayments                   bank
    post_repayments      staff
    see_suspense         staff approver bank        auditor
    see_arrears          staff approver bank        auditor
    follow_arrears       staff approver
    see_applications     staff approver bank        auditor
    record_application   staff
    return_application   staff approver
    decide_application         approver
    answer_application                  bank
    see_proposals        staff approver bank        auditor
    send_proposal        staff
    see_letters          staff approver             auditor
    issue_letter         staff
    see_disbursements    staff approver             auditor
    record_disbursement  staff
    approve_disbursement       approver
    upload_disbursements staff          bank
    request_change       staff
    decide_change              approver
    print_schedule       staff approver bank
    issue_upload_receipt staff          bank
    see_reconciliation   staff approver bank leader auditor
    prepare_reconciliation staff
    close_month                approver
    see_indicators       staff approver      leader auditor
    manage_figures       staff approver
    approve_figures            approver
    see_trail                                       auditor admin
    export_chain                                    auditor
    manage_users                                            admin
    keep_backups                                            admin
    manage_banks                                            admin
    manage_office                                           admin
    see_terms            staff approver      leader auditor admin
    propose_terms        staff approver
    approve_terms              approver
    set_quota                  approver
    see_privacy          staff approver             auditor admin
    keep_incidents       staff approver                     admin
    export_subject       staff approver
    request_pseudonym    staff
    approve_pseudonym          approver
"""
ROLES = {
    "staff": Role.OFFICE_STAFF,
    "approver": Role.APPROVER,
    "bank": Role.BANK_OFFICER,
    "leader": Role.LEADER,
    "auditor": Role.AUDITOR,
    "admin": Role.ADMINISTRATOR,
}
TRYING = ("staff", "approver", "jateng", "pasar", "leader", "auditor", "admin")
BANKS = {"jateng": factories.JATENG, "pasar": factories.PASAR}

# Objects that belong to one bank: asking for the other bank's gives 404, and leaves a record.
OWNED = {"loan_id", "upload_id", "disbursement_id", "suspense_id", "application_id", "proposal_id",
         "document_id", "change_id", "request_id"}  # fmt: skip
OWNED_AT = {("printing.schedules", "code")}
OWNED_AT |= {(page, "code") for page in PAGES if page.startswith("reconciliation.")}


def allowed(permission: str) -> set[Role]:
    line = next(line.split() for line in MATRIX.splitlines() if line.split()[:1] == [permission])
    return {ROLES[word] for word in line[1:]}


def _rules() -> list[Rule]:
    app = make_app("sqlite://")
    found = [rule for rule in app.url_map.iter_rules() if rule.endpoint not in PUBLIC]
    dispose(app)
    return sorted(found, key=lambda rule: (rule.endpoint, rule.rule))


TRIES = [
    pytest.param(rule, method, id=f"{method} {rule.endpoint}")
    for rule in _rules()
    for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
]


@dataclass(frozen=True)
class Office:
    """One filled database that is put back before each try, and what is in it."""

    app: Flask
    filled: Path
    live: Path
    tokens: dict[str, str]
    values: dict[int, dict[str, Any]]  # bank → argument name → value
    jobs: dict[str, int]  # person → a job of that person, which is done
    sessions: dict[str, int]  # person → the session of that person

    def again(self) -> None:
        dispose(self.app)
        for extra in ("-wal", "-shm"):
            Path(f"{self.live}{extra}").unlink(missing_ok=True)
        shutil.copyfile(self.filled, self.live)

    def client(self, name: str | None) -> FlaskClient:
        client = self.app.test_client()
        if name is not None:
            client.set_cookie("wibawa", _cookie(self.app, self.tokens[name]))
        return client

    def changed(self) -> list[str]:
        """The tables that hold something else than at the beginning; the trail may grow."""
        before, after = _digests_of_the_filled(self.filled), _digests(self.live)
        return [table for table in before if before[table] != after[table]]

    def denials(self) -> int:
        return self.lines()[0]

    def lines(self) -> tuple[int, int]:
        """How many refusals, and how many other deeds, the trail holds."""
        asked = "SELECT action = 'denied', count(*) FROM trail_entries GROUP BY 1"
        with self.app.app_context(), closing(db.engine.raw_connection()) as connection:
            counts = dict(connection.cursor().execute(asked).fetchall())
        return int(counts.get(1, 0)), int(counts.get(0, 0))


@cache
def _cookie(app: Flask, token: str) -> str:
    """What the browser keeps of a session: the same until the session ends."""
    client = app.test_client()
    with client.session_transaction() as kept:
        kept["_user_id"], kept["_fresh"] = token, True
    made = client.get_cookie("wibawa")
    assert made is not None
    return made.value


def _digests(path: Path) -> dict[str, str]:
    """A digest of each table but the trail."""
    with closing(sqlite_module().connect(path)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        return {
            name: hashlib.sha256(
                repr(connection.execute(f'SELECT * FROM "{name}"').fetchall()).encode()
            ).hexdigest()
            for (name,) in sorted(tables)
            if name != "trail_entries"
        }


@cache
def _digests_of_the_filled(path: Path) -> dict[str, str]:
    return _digests(path)


def _file(bank: Bank, account: str, officer: int) -> Upload:
    """A clean file of one payment, as the bank's officer sent it."""
    head = "No Rekening;Nama;Tanggal Bayar;Jumlah;No Referensi"
    if bank.code == "PASAR":
        head = "Nomor Rekening;Nama;Tanggal Bayar;Jumlah Bayar;No Bukti"
    content = f"{head}\r\n'{account};Siti Aminah;15-11-2026;220.833,00;R1\r\n".encode()
    return Upload(
        bank_id=bank.id,
        kind="repayments",
        status="clean",
        filename=f"angsuran_{bank.code.lower()}.csv",
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        content=content,
        uploaded_by=officer,
        uploaded_at=now(),
        row_count=1,
        total=220_833,
        control_total=220_833,
        posted_rows=1,
        posted_total=220_833,
    )


def _incident(session: Session, by: int) -> int:
    new = NewIncident("Berkas terkirim salah", None, now(), "nama", 3, "Terkirim ke alamat lain.")
    return record_incident(session, new, by, now())


def _register(officer: int) -> Upload:
    """A checked file of SI-UMI, the office's own."""
    content = b"NIK;NAMA;KELURAHAN\r\n3374014804850999;Siti Aminah;Pekunden\r\n"
    return Upload(
        kind="register",
        status="clean",
        filename="siumi.csv",
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        content=content,
        uploaded_by=officer,
        uploaded_at=now(),
        row_count=1,
    )


def _answers(bank: Bank, officer: int) -> Upload:
    """A clean file of a bank's answers; its application is nobody's."""
    content = b"Nomor Permohonan;KEPUTUSAN;ALASAN\r\nPM-000999;TOLAK;slik\r\n"
    name = f"keputusan_{bank.code.lower()}.csv"
    return Upload(bank_id=bank.id, kind="decisions", status="clean", filename=name, content=content,
                  size=len(content), sha256=hashlib.sha256(content).hexdigest(),
                  uploaded_by=officer, uploaded_at=now(),
                  summary='{"approved": 0, "refused": 1, "unanswered": 0}')  # fmt: skip


def _payments(bank: Bank, officer: int) -> Upload:
    """A clean file of disbursements; its application is nobody's."""
    content = (
        b"Nomor Permohonan;Nomor Rekening;Nomor Perjanjian;Tanggal Pencairan;Jumlah Pencairan\r\n"
        b"PM-000999;0123456789;PK/1;24-11-2026;1000\r\n"
    )
    name = f"pencairan_{bank.code.lower()}.csv"
    return Upload(bank_id=bank.id, kind="disbursements", status="clean", filename=name,
                  content=content, size=len(content), sha256=hashlib.sha256(content).hexdigest(),
                  uploaded_by=officer, uploaded_at=now())  # fmt: skip


def _upload_receipt(session: Session, upload: Upload, by: int) -> int:
    """A paper of the bank's file, whatever it says."""

    def compose(heading: Heading) -> dict[str, Any]:
        return {"letter": letter_data(sample_letter(heading))}

    kind = PaperKind.UPLOAD_RECEIPT
    paper = issue_letter(session, kind, upload.bank_id, "Berkas", compose, by, now())
    session.add(UploadPaper(paper_id=paper, upload_id=upload.id, bank_id=upload.bank_id))
    session.flush()
    return paper


def _change(bank_id: int, loan_id: int, asked_by: int) -> LoanRequest:
    """A payment holiday of the bank's loan that waits for the approver."""
    return LoanRequest(kind="holiday", status="recorded", bank_id=bank_id, loan_id=loan_id,
                       data='{"first": 11, "interest": "spread", "months": 3}',
                       reason="Toko kebanjiran", entered_by=asked_by, entered_at=now(),
                       shown="")  # fmt: skip


def _closed_month(session: Session, people: dict[str, int], bank: Bank) -> int:
    """October 2026 of a bank, closed; its Berita Acara."""
    factories.close_month(session, people, bank.id, Month(2026, 10))
    closed = closed_month(session, bank.id, Month(2026, 10))
    assert closed is not None
    return issue_minutes(session, closed, bank, people["staff"], now())


def _locked_year(session: Session, people: dict[str, int]) -> int:
    """2024 of the indicators, locked; the lock's version."""
    locked = year_locks.locks_of(session, 2024)
    if not locked:
        factories.lock_year(session, people, 2024)
    return year_locks.locks_of(session, 2024)[0].version


def _objects(session: Session, people: dict[str, int], bank_id: int) -> dict[str, Any]:
    """A loan, a checked file, an application and a disbursement to decide, at one bank."""
    bank = session.get(Bank, bank_id)
    assert bank is not None
    officer = people["jateng" if bank_id == factories.JATENG else "pasar"]
    account = f"0{bank_id}00000000001"
    loan_id = factories.loan(
        session,
        people["staff"],
        people["approver"],
        number=bank_id,
        bank_id=bank_id,
        account=account,
    )
    borrower_id = factories.borrower(session, people["staff"], 100 + bank_id)
    upload = _file(bank, account, officer)
    waiting = Disbursement(
        status="recorded",
        borrower_id=borrower_id,
        bank_id=bank_id,
        account_number=f"0{bank_id}00000000002",
        agreement_number=f"PK/{bank_id}/0002",
        disbursed_on=dt.date(2026, 11, 23),
        principal=5_000_000,
        rate=300,
        months=24,
        method="flat",
        multiple=1,
        entered_by=people["staff2"],
        entered_at=now(),
        direct_reason="Masa peralihan",
    )
    register = _register(people["staff2"])
    answers, payments = _answers(bank, officer), _payments(bank, officer)
    session.add_all((upload, register, waiting, answers, payments))
    session.flush()
    sent = factories.application(session, people, bank_id=bank_id, borrower_id=borrower_id)
    batch = factories.proposal(session, people, bank_id=bank_id, number=300 + bank_id)
    suspense = factories.suspense(session, officer, bank_id=bank_id, number=bank_id)
    twins = [factories.borrower(session, people["staff"], 200 + bank_id + n) for n in (0, 10)]
    merge = BorrowerMerge(kind="merge", kept_id=twins[0], gone_id=twins[1], reason="Satu orang",
                          entered_by=people["staff2"], entered_at=now())  # fmt: skip
    session.add(merge)
    session.flush()
    next(each for each in kinds_on(session, "micro", today()) if each.code == "ktp")
    change = _change(bank_id, loan_id, people["staff2"])
    session.add(change)
    session.flush()
    reminders = factories.reminders(session, people["staff"], loan_id)
    reminder = session.scalar(select(Reminder.paper_id).where(Reminder.batch_id == reminders))
    place = place_of(EXAMPLE_PLACE, bank_id)
    example = LayoutExample(id=bank_id, bank_id=bank_id, kind="repayments", filename="contoh.csv",
                            content=seal_bytes(b"NO KONTRAK;TGL;NILAI\r\n1;2;3\r\n", place),
                            uploaded_by=people["admin"], uploaded_at=now())  # fmt: skip
    session.add(example)
    session.flush()
    return {
        "example_id": example.id,
        "change_id": change.id,
        "request_id": change.id,
        "request_id.kind_id": kinds_of_requests(session, today())[0].id,
        "loan_id": loan_id,
        "upload_id": upload.id,
        "register_id": register.id,
        "decisions.upload_id": answers.id,
        "disbursements.upload_id": payments.id,
        "disbursement_id": waiting.id,
        "borrower_id": borrower_id,
        "merge_id": merge.id,
        "application_id": sent,
        "proposal_id": batch,
        "paper_id": 1,
        "batch_id": reminders,
        "printing.paper_id": reminder,
        "profile_id": 1,
        "digest": keep_logo(session, b"a picture", people["staff"], now()),
        "receipt_id": _upload_receipt(session, upload, people["staff"]),
        "papers.paper_id": issue_paper(
            session, loan_id, PaperKind.SCHEDULE, Clerk(people["staff"], "Staff", now())
        ),
        "document_id": factories.document(
            session, people["staff"], "business_photo", application_id=sent
        ),
        "number": 1,
        "kind_id": next(
            each.id for each in kinds_on(session, "micro", today()) if each.of_borrower
        ),
        "draft_id": keep_draft(session, None, "mikro", "", "[]", people["staff"], now()),
        "suspense_id": suspense,
        "contact_id": factories.contact(session, loan_id, bank_id, people["staff"]),
        "bank_id": bank_id,
        "user_id": people["staff2"],
        "text": "2026-10",
        "note_id": 1,
        "reconciliation.paper_id": _closed_month(session, people, bank),
        "terms_id": 1,
        "incident_id": _incident(session, people["staff"]),
        "pseudonym_id": 1,
        "limits_id": 1,
        "code": bank.code,
        "year": 2024,
        "indicators.word": "tpb-8-3-1-c",
        "definition_id": 1,
        "indicators.version": _locked_year(session, people),
    }


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, templates: Any) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("access")
    filled, live = folder / "filled.sqlite3", folder / "live.sqlite3"
    shutil.copyfile(templates("sqlite", None).removeprefix("sqlite:///"), filled)
    with time_machine.travel(TODAY, tick=False):
        maker = make_app(f"sqlite:///{filled}")
        with maker.app_context(), writing():
            session = db.session()
            people = factories.people(session)
            values = {bank: _objects(session, people, bank) for bank in BANKS.values()}
            tokens, sessions = {}, {}
            for name in TRYING:
                user = session.get(User, people[name])
                assert user is not None
                opened = open_session(session, user, now(), 12, "")
                tokens[name], sessions[name] = opened.token, opened.session_id
            jobs = {name: ask(session, "counting", people[name], bank=BANKS.get(name))
                    for name in TRYING}  # fmt: skip
            session.commit()
        runner.work(know(maker), Event(), until_idle=True)
        dispose(maker)
        app = know(make_app(f"sqlite:///{live}"))
        yield Office(app, filled, live, tokens, values, jobs, sessions)
        dispose(app)


def _value(rule: Rule, argument: str, values: dict[str, Any]) -> Any:
    """A value for an argument of a URL: ours by its name, the folder's own before all folders', or
    the first that its converter takes."""
    beside = (f"{other}.{argument}" for other in sorted(rule.arguments))
    for own in (*beside, f"{rule.endpoint.partition('.')[0]}.{argument}"):
        if own in values:
            return values[own]
    if argument in values:
        return values[argument]
    regex = rule._converters[argument].regex.replace("\\-", "-")
    choice = re.fullmatch(r"\(\?:([\w-]+)(?:\|[\w-]+)*\)", regex)
    assert choice, f"say in _objects() what {argument!r} of {rule.rule} should be"
    return choice[1]


def _address(office: Office, rule: Rule, bank_id: int, who: str = "staff", **chosen: str) -> str:
    """`chosen`: what is filled in otherwise than by `_value`."""
    values = office.values[bank_id] | {
        "job_id": office.jobs[who],
        "session_id": office.sessions[who],
    }
    given = {name: _value(rule, name, values) for name in rule.arguments} | chosen
    with office.app.test_request_context():
        return str(office.app.url_for(rule.endpoint, **given))


def _is_owned(rule: Rule) -> bool:
    return bool(rule.arguments & OWNED) or any(
        rule.endpoint == endpoint and argument in rule.arguments for endpoint, argument in OWNED_AT
    )


def test_every_page_states_exactly_one_permission_or_is_public() -> None:
    app = make_app("sqlite://")
    for endpoint, view in app.view_functions.items():
        permission = getattr(view, "wibawa_permission", None)
        is_public = getattr(view, "wibawa_public", False)
        assert (permission is not None) != is_public, endpoint
        assert is_public == (endpoint in PUBLIC), endpoint
    dispose(app)


def test_the_pages_and_their_permissions_are_those_of_the_table() -> None:
    app = make_app("sqlite://")
    stated = {
        endpoint: view.wibawa_permission.value  # type: ignore[attr-defined]
        for endpoint, view in app.view_functions.items()
        if endpoint not in PUBLIC
    }
    dispose(app)
    assert stated == PAGES


def test_the_roles_have_the_permissions_of_the_table() -> None:
    assert {line.split()[0] for line in MATRIX.splitlines() if line.strip()} == set(Permission)
    for permission in Permission:
        having = {role for role, those in ROLE_PERMISSIONS.items() if permission in those}
        assert having == allowed(permission), permission


def test_the_approvals_that_ask_for_a_proof_are_those_of_the_list() -> None:
    app = make_app("sqlite://")
    asking = {
        endpoint
        for endpoint, view in app.view_functions.items()
        if getattr(view, "wibawa_proven", False)
    }
    dispose(app)
    assert asking == PROVEN


def test_each_question_before_an_approval_names_what_it_is_for(office: Office) -> None:
    office.again()
    long_since_proved(office.app)
    asked = {}
    for rule in office.app.url_map.iter_rules():
        if rule.endpoint in PROVEN:
            folder = rule.endpoint.partition(".")[0]
            asks = {"access": "admin", "banks.edit_bank": "admin", "decisions": "pasar"}
            who = asks.get(rule.endpoint) or asks.get(folder, "approver")
            page = office.client(who).post(_address(office, rule, factories.PASAR, who))
            said = page.get_data(as_text=True)
            assert "Pastikan ini Anda" in said, (rule.endpoint, page.status_code)
            asked[rule.endpoint] = said[said.index('<div class="card-head">') :]
    assert asked.keys() == PROVEN
    for endpoint in ("decisions.apply_upload", "decisions.approve", "disbursements.approve",
                     "disbursements.confirm_upload", "changes.approve",
                     "reconciliation.close"):  # fmt: skip
        assert "Bank Pasar" in asked[endpoint], endpoint
        assert re.search(r"Rp\d", asked[endpoint]) or endpoint == "changes.approve", endpoint


def test_pages_are_read_with_get_and_written_with_post_only() -> None:
    assert {method for _, method in (param.values for param in TRIES)} <= {"GET", "POST"}


@pytest.mark.parametrize(("rule", "method"), TRIES)
def test_who_is_not_signed_in_is_sent_to_sign_in(office: Office, rule: Rule, method: str) -> None:
    office.again()
    address = _address(office, rule, factories.PASAR)
    answer = office.client(None).open(address, method=method)
    assert answer.status_code == 302
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Location"].startswith("/masuk")


REFUSALS: dict[tuple[object, ...], Any] = {}


@pytest.fixture
def refusals(pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person is refused a hundred times in the same words, below the same menu: those of each
    folder are put together once, and in `make soak` each time."""
    page = errors._page

    def once(code: int, title: str, text: str, **numbers: str | None) -> tuple[str, int]:
        who = (current_user.get_id(), request.blueprint, code, title, text)
        if who not in REFUSALS:
            REFUSALS[who] = page(code, title, text, **numbers)
        return cast(tuple[str, int], REFUSALS[who])

    if pytestconfig.getoption("--hypothesis-profile") != "soak":
        monkeypatch.setattr(errors, "_page", once)


@pytest.mark.usefixtures("refusals")
@pytest.mark.parametrize(("rule", "method"), TRIES)
def test_each_role_gets_in_exactly_where_it_may(office: Office, rule: Rule, method: str) -> None:
    permission = PAGES.get(rule.endpoint)
    assert permission is not None, f"{rule.endpoint} is missing in PAGES"
    office.again()
    (known, kept), changed = office.lines(), False
    for name in TRYING:
        role, mine = factories.PEOPLE[name]
        for bank_id in sorted(BANKS.values()):
            if bank_id != factories.PASAR and not _is_owned(rule):
                continue
            if changed:  # who was refused has left a record of it and nothing else
                office.again()
                known, kept = office.lines()
            address = _address(office, rule, bank_id, name)
            answer = office.client(name).open(address, method=method)
            answer.get_data()
            said = f"{name} at bank {bank_id}: {answer.status}"
            assert answer.headers["Cache-Control"] == "no-store", f"{said}: a browser may keep it"
            before, told, (known, kept) = known, kept, office.lines()
            recorded = known - before
            changed = method == "POST" and answer.status_code not in (403, 404)
            if role not in allowed(permission):
                assert answer.status_code == 403, said
                assert recorded == 1, f"{said}: the refusal left no record"
            elif _is_owned(rule) and mine not in (None, bank_id):
                assert answer.status_code == 404, said
                assert recorded == 1, f"{said}: the try left no record"
            else:
                assert answer.status_code not in (401, 403, 404, 405), said
                assert answer.status_code < 500, said
                assert recorded == 0, f"{said}: recorded as a refusal"
                if method == "GET" and _is_file(answer) and rule.endpoint not in BLANK:
                    assert kept == told + 1, f"{said}: a file left without a line in the trail"
    if method == "GET":
        assert office.changed() == [], "a page that is only read wrote something"


def _is_file(answer: TestResponse) -> bool:
    sent = answer.headers.get("Content-Disposition", "")
    return sent.startswith("attachment") or answer.mimetype == "application/pdf"


LATER = {"static", "letters.check", "access.sign_in_code", *OPENED}  # open after something else


@pytest.mark.parametrize("endpoint", sorted(PUBLIC - LATER))
def test_a_public_page_opens_without_signing_in(office: Office, endpoint: str) -> None:
    office.again()
    with office.app.test_request_context():
        address = office.app.url_for(endpoint)
    answer = office.client(None).get(address)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_page_that_checks_a_paper_needs_no_signing_in_and_says_the_same_to_everybody(
    office: Office,
) -> None:
    office.again()
    answers = [office.client(name).get("/cek/tidak-ada") for name in (None, *TRYING)]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.get_data() for answer in answers}) == 1


JOB_TRIES = [each for each in TRIES if "job_id" in each.values[0].arguments]  # type: ignore[union-attr]


@pytest.mark.parametrize(("rule", "method"), JOB_TRIES)
def test_the_job_of_another_person_is_not_found_by_anybody_and_the_try_is_recorded(
    office: Office, rule: Rule, method: str
) -> None:
    office.again()
    for name, owner in zip(TRYING, (*TRYING[1:], TRYING[0]), strict=True):
        before = office.denials()
        address = _address(office, rule, factories.PASAR, owner)
        assert office.client(name).open(address, method=method).status_code == 404
        assert office.denials() == before + 1


@pytest.mark.parametrize(
    "address", ["/pinjaman?keadaan=semua", "/entri", "/pinjaman/perpindahan",
                "/pinjaman/jatuh-tempo?keadaan=semua"],
)  # fmt: skip
def test_a_list_shows_a_bank_officer_the_own_bank_only_whatever_the_address_asks(
    office: Office, address: str
) -> None:
    office.again()
    loans = {bank: f"/pinjaman/{office.values[bank]['loan_id']}" for bank in BANKS.values()}
    for name, mine in BANKS.items():
        for asked in ("", "JATENG", "PASAR"):
            mark = "&" if "?" in address else "?"
            page = office.client(name).get(f"{address}{mark}bank={asked}").get_data(as_text=True)
            shown = {bank for bank, path in loans.items() if re.search(f'{path}[?#"]', page)}
            assert shown == {mine}, (name, asked)


def test_an_object_that_nobody_has_is_not_found_and_tells_no_more_than_another_banks(
    office: Office,
) -> None:
    office.again()
    client = office.client("pasar")
    other = client.get(f"/pinjaman/{office.values[factories.JATENG]['loan_id']}")
    nobody = client.get("/pinjaman/999999")
    assert other.status_code == nobody.status_code == 404
    assert unnumbered(other) == unnumbered(nobody)
