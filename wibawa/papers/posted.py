"""What a posted file came to, out of the books, for its receipt."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.orm import Session

from wibawa.papers.filed import Goal, PostedFile, Step, Suspended
from wibawa.repayments.kind import REASON_WORDS
from wibawa.repayments.queries import suspended_lines
from wibawa.uploads.models import Upload
from wibawa.uploads.queries import all_problems, people_of
from wibawa.web.clock import in_wib

MOST_ROWS = 100_000
BY_ITSELF = "Langsung menurut pengaturan bank"


def posted_file(session: Session, upload: Upload) -> PostedFile:
    """Three queries; the rows left out are those whose problems the last check kept."""
    people = people_of(session, upload)
    skipped: dict[int, str] = {}
    if upload.skipped_rows:
        for each in all_problems(session, upload.id):
            if each.blocking and each.row:
                skipped[each.row] = f"{skipped.get(each.row, '')} {each.message}".strip()
    return PostedFile(
        filename=upload.filename,
        sha256=upload.sha256,
        bank=people.bank or "",
        uploaded=_step(people.uploaded_by, upload.uploaded_at),
        submitted=_step(people.submitted_by or "", upload.submitted_at)
        if upload.submitted_at
        else None,
        posted=_step(people.posted_by or BY_ITSELF, upload.posted_at),
        rows=upload.row_count,
        stated=upload.control_total_stated,
        total=upload.control_total,
        goals=(
            Goal("Dibukukan ke pinjaman", upload.posted_rows, upload.posted_total),
            Goal("Masuk titipan", upload.suspense_rows, upload.suspense_total),
            Goal(
                "Sudah dibukukan sebelumnya",
                upload.already_posted_rows,
                upload.already_posted_total,
            ),
            Goal("Dilewati", upload.skipped_rows, upload.skipped_total),
        ),
        suspended=[
            Suspended(
                line.row,
                line.account_text,
                line.effective_on,
                line.amount,
                REASON_WORDS[line.reason],
            )
            for line in suspended_lines(session, upload.id, MOST_ROWS)
        ],
        skipped=sorted(skipped.items()),
        skip_reason=upload.skip_reason,
    )


def _step(who: str, at: dt.datetime | None) -> Step:
    assert at is not None, "a posted file has its moments"
    return Step(who, in_wib(at))
