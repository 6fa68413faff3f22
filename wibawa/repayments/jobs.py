"""A bank's large file: its check, the officer's choice, its submission and its posting as jobs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar

from sqlalchemy.orm import Session

from wibawa.access.permissions import Permission
from wibawa.banks.models import Bank
from wibawa.jobs.kind import Work
from wibawa.loans.journal import Author
from wibawa.repayments import actions
from wibawa.repayments.facts import Options
from wibawa.repayments.kind import REPAYMENTS
from wibawa.repayments.reader import read_repayments
from wibawa.repayments.rows import RepaymentFile
from wibawa.uploads.actions import choice_recorded, only
from wibawa.uploads.kinds import OPEN
from wibawa.uploads.models import Upload
from wibawa.uploads.steps import FileStep, FirstCheck, noted, opened_reason, sealed_reason
from wibawa.web import clock


class RepaymentStep(FileStep):
    file = REPAYMENTS
    endpoint = ("repayments.check_upload", "upload_id")
    permission: ClassVar[Permission] = Permission.UPLOAD_REPAYMENTS

    def reader(self, session: Session, upload: Upload) -> Callable[[bytes, str], RepaymentFile]:
        layout = actions.layout_then(session, upload, _bank(session, upload))
        return partial(read_repayments, layout=layout)


class CheckFile(RepaymentStep, FirstCheck):
    code = "repayments_check"

    def carry_out(self, work: Work, upload: Upload, read: RepaymentFile) -> str:
        bank, replaces = _bank(work.session, upload), work.params["replaces"]
        actions.take_in(work.session, upload, bank, clock.today(), read, replaces)
        return ""


class ChooseForFile(RepaymentStep):
    """What the officer wrote as a reason is sealed in the params."""

    code = "repayments_choose"
    title = "Pemeriksaan ulang"
    doing = "memeriksa dengan pilihan Anda dan menyimpan hasilnya"

    def may_begin(
        self, session: Session, upload: Upload, by: int, params: Mapping[str, Any]
    ) -> bool:
        only(REPAYMENTS, upload, *OPEN)
        return True

    def carry_out(self, work: Work, upload: Upload, read: RepaymentFile) -> str:
        asked, bank = work.params, _bank(work.session, upload)
        options = Options(asked["skip"], asked["suspend"])
        reason = opened_reason(asked["reason"])
        with choice_recorded(work.session, upload, work.asked_by, clock.now()):
            actions.choose(work.session, upload, bank, clock.today(), read, options, reason)
        return ""


class SubmitFile(RepaymentStep):
    code = "repayments_submit"
    title = "Pengajuan"
    doing = "memeriksa sekali lagi dan mengajukan ke dinas"

    def may_begin(
        self, session: Session, upload: Upload, by: int, params: Mapping[str, Any]
    ) -> bool:
        if upload.status in ("submitted", "posted"):
            return False
        only(REPAYMENTS, upload, "clean")
        return True

    def carry_out(self, work: Work, upload: Upload, read: RepaymentFile) -> str:
        author, bank = _author(work), _bank(work.session, upload)
        if actions.submit(work.session, upload, bank, author, read):
            noted(work, "file_submitted", upload)
        return ""


class PostFile(RepaymentStep):
    code = "repayments_post"
    permission = Permission.POST_REPAYMENTS
    title = "Pembukuan"
    doing = "memeriksa sekali lagi dan membukukan"

    def may_begin(
        self, session: Session, upload: Upload, by: int, params: Mapping[str, Any]
    ) -> bool:
        return actions.may_post(upload, by, params["shown"])

    def carry_out(self, work: Work, upload: Upload, read: RepaymentFile) -> str:
        author, bank = _author(work), _bank(work.session, upload)
        posted = actions.post(work.session, upload, bank, author, read, work.params["shown"])
        if posted.booked:
            noted(work, "file_posted", upload)
        return posted.sentence


CHECK, CHOOSE, SUBMIT, POST = CheckFile(), ChooseForFile(), SubmitFile(), PostFile()


def choice(options: Options, reason: str) -> dict[str, Any]:
    """The params of `CHOOSE`."""
    return {
        "skip": options.skip_problems,
        "suspend": options.suspend_unknown,
        "reason": sealed_reason(reason),
    }


def _author(work: Work) -> Author:
    return Author(work.asked_by, None, clock.now())


def _bank(session: Session, upload: Upload) -> Bank:
    return session.get_one(Bank, upload.bank_id)
