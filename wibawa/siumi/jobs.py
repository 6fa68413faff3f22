"""A large file of SI-UMI: its check, the officer's choices and its application as jobs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from sqlalchemy.orm import Session

from wibawa.access.permissions import Permission
from wibawa.jobs.kind import Work
from wibawa.loans.journal import Author
from wibawa.siumi import actions
from wibawa.siumi.kind import REGISTER
from wibawa.siumi.reader import RegisterFile, read_register
from wibawa.uploads.actions import choice_recorded, only
from wibawa.uploads.kinds import OPEN
from wibawa.uploads.models import Upload
from wibawa.uploads.steps import FileStep, FirstCheck, noted, opened_reason
from wibawa.web import clock


class RegisterStep(FileStep):
    file = REGISTER
    endpoint = ("siumi.check_upload", "register_id")
    permission: ClassVar[Permission] = Permission.EDIT_BORROWER

    def reader(self, session: Session, upload: Upload) -> Callable[[bytes, str], RegisterFile]:
        return read_register


class CheckFile(RegisterStep, FirstCheck):
    code = "register_check"

    def carry_out(self, work: Work, upload: Upload, read: RegisterFile) -> str:
        actions.take_in(work.session, upload, read, _author(work), work.params["replaces"])
        return ""


class OpenStep(RegisterStep):
    """A step of a file that is neither applied nor taken back."""

    title = "Pemeriksaan ulang"
    doing = "memeriksa dengan pilihan Anda dan menyimpan hasilnya"

    def may_begin(
        self, session: Session, upload: Upload, by: int, params: Mapping[str, Any]
    ) -> bool:
        only(REGISTER, upload, *OPEN)
        return True


class ChooseForFile(OpenStep):
    """Bad rows are left out, for a reason that is sealed in the params."""

    code = "register_choose"

    def carry_out(self, work: Work, upload: Upload, read: RegisterFile) -> str:
        skip, reason = work.params["skip"], opened_reason(work.params["reason"])
        with choice_recorded(work.session, upload, work.asked_by, clock.now()):
            actions.choose(work.session, upload, read, _author(work), skip, reason)
        return ""


class ConfirmNames(OpenStep):
    """`shown` are the rows that the officer saw, `ticked` those whose new name is right."""

    code = "register_names"

    def carry_out(self, work: Work, upload: Upload, read: RegisterFile) -> str:
        shown, ticked = work.params["shown"], work.params["ticked"]
        actions.confirm_names(work.session, upload, read, _author(work), shown, ticked)
        noted(work, "register_names_confirmed", upload)
        return ""


class ApplyFile(RegisterStep):
    code = "register_apply"
    title = "Penerapan"
    doing = "memeriksa sekali lagi dan menerapkan pada data peminjam"

    def may_begin(
        self, session: Session, upload: Upload, by: int, params: Mapping[str, Any]
    ) -> bool:
        if upload.status == "posted":
            return False
        only(REGISTER, upload, "clean")
        return True

    def carry_out(self, work: Work, upload: Upload, read: RegisterFile) -> str:
        applied = actions.apply(work.session, upload, read, _author(work), work.params["shown"])
        if applied.done:
            noted(work, "register_applied", upload)
        return applied.sentence


CHECK, CHOOSE, NAMES, APPLY = CheckFile(), ChooseForFile(), ConfirmNames(), ApplyFile()


def _author(work: Work) -> Author:
    return Author(work.asked_by, None, clock.now())
