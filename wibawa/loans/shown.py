"""What of a loan the person who asks may see, and which page of a file that person may open."""

from __future__ import annotations

from flask import current_app, url_for

from wibawa.access.guard import me
from wibawa.access.permissions import Permission

HIDDEN = "Disamarkan"


def sees_people() -> bool:
    return me().may(Permission.SEE_PERSONAL_DATA)


def file_url(kind: str | None, upload_id: int | None, row: int | None = None) -> str | None:
    """The page of the file behind an entry, at its row when one is named; None when there is no
    such page or this person may not open it."""
    checked = f"{kind}.check_upload"
    if kind not in ("repayments", "disbursements") or checked not in current_app.view_functions:
        return None
    if not me().may(Permission.SEE_UPLOADS):
        return None
    anchor = None if row is None else f"baris-{row}"
    return url_for(checked, upload_id=upload_id, baris=row, _anchor=anchor)
