"""Many schedules in one file, drawn one loan after the other; a page takes about 3 KB of memory."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from wibawa.printing.documents import ScheduleDocument, schedule_from
from wibawa.printing.letterhead import Logos
from wibawa.printing.pdf import schedule_pdf, schedules_pdf


def as_issued(
    documents: Iterable[ScheduleDocument], issued: Mapping[str, dict[str, Any]]
) -> Iterator[ScheduleDocument]:
    """Each document, or the issued one of the same loan where there is one."""
    for document in documents:
        kept = issued.get(document.loan_number)
        yield document if kept is None else schedule_from(kept)


MIMETYPES = {"pdf": "application/pdf", "zip": "application/zip"}


def batch_file(
    documents: Iterable[ScheduleDocument], shape: str, title: str, site: str, logos: Logos
) -> io.BytesIO:
    """One PDF with bookmarks, or a ZIP with a PDF for each loan, named by its number."""
    out = io.BytesIO()
    if shape == "pdf":
        schedules_pdf(documents, out, title, site, logos)
    else:
        with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as bundle:
            for document in documents:
                moment = document.printed_on.timetuple()[:6]
                name = zipfile.ZipInfo(f"jadwal-{document.loan_number}.pdf", moment)
                bundle.writestr(name, schedule_pdf(document, site, logos))
    out.seek(0)
    return out
