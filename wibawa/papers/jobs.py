from __future__ import annotations

import datetime as dt
from typing import ClassVar

from wibawa.access.permissions import Permission
from wibawa.jobs.kind import Kind, Result, Work
from wibawa.letters.queries import logos_of
from wibawa.papers.queries import printed_schedules
from wibawa.printing.batch import MIMETYPES, batch_file
from wibawa.printing.forms import JOB


class ScheduleBatch(Kind):
    """The schedules of many loans in one file, byte by byte as a request would have made it at the
    moment at which it was asked for."""

    code: ClassVar[str] = JOB
    permission: ClassVar[Permission] = Permission.PRINT_SCHEDULE

    def run(self, work: Work) -> Result:
        asked = work.params
        documents = printed_schedules(
            work.session,
            asked["loans"],
            on=dt.date.fromisoformat(asked["on"]),
            printed_on=work.asked_at,
            printed_by=work.asker,
            paper=asked["paper"],
            tell=work.tell,
        )
        logos = logos_of(work.session)
        out = batch_file(documents, asked["shape"], asked["title"], asked["site"], logos)
        return Result(asked["name"], MIMETYPES[asked["shape"]], out.getvalue())
