"""A file of SI-UMI: received and checked, its changed names confirmed, then applied as a whole."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from wibawa.access.personal_data import index_of
from wibawa.access.sealed import sealed_text
from wibawa.borrowers.actions import (
    NewBorrower,
    RowOfFile,
    add_borrowers,
    change_borrowers,
    name_key,
)
from wibawa.borrowers.models import Borrower, search_text
from wibawa.database import bulk_insert
from wibawa.loans.journal import Author
from wibawa.rules.dates import short_date
from wibawa.rules.facts import BorrowerKind
from wibawa.rules.nik import mask_nik, mask_written_niks
from wibawa.rules.refused import Refused
from wibawa.siumi.checks import Checked, Line
from wibawa.siumi.facts import check_against_books, confirmed_rows
from wibawa.siumi.kind import REGISTER
from wibawa.siumi.models import RegisterChange, RegisterLine
from wibawa.siumi.reader import RegisterFile, RegisterRow, read_register
from wibawa.uploads import actions as files
from wibawa.uploads.actions import Found, Received, Sent, only, shown_cell
from wibawa.uploads.garbage import collector_paused
from wibawa.uploads.kinds import OPEN
from wibawa.uploads.models import Upload

COUNTS = ("new", "changed", "unchanged", "repeated", "faulty", "renames")
LINE_COLUMNS = (
    "upload_id", "row_number", "outcome", "borrower_id", "confirmed", "name", "name_key",
    "nik_tail", "business_name", "sector", "kelurahan_code", "phone", "like_id", "like_row",
)  # fmt: skip
CHANGE_COLUMNS = ("upload_id", "row_number", "field", "before", "after")
CHANGED_MEANWHILE = (
    "Data peminjam berubah sejak halaman ini dibuka, sehingga hasilnya lain dari yang Anda lihat. "
    "Belum ada yang diterapkan. Periksa angka yang baru, lalu terapkan."
)


def rows_hash(file: RegisterFile) -> str:
    """What the rows say, under the installation's key: a NIK can be guessed, its bare hash too."""
    return index_of(file.said).hex()


def receive(
    session: Session,
    content: bytes,
    filename: str,
    file: RegisterFile,
    author: Author,
    replaces: int | None = None,
) -> Received:
    """Store a file that was read before and check it against the borrowers."""

    def check(upload: Upload) -> Found:
        checked = _checked(session, upload, file, author)
        _keep_lines(session, upload.id, checked)
        return _found(file, checked)

    sent = Sent(content, filename, author.entered_by, author.now)
    return files.receive(session, REGISTER, None, sent, rows_hash(file), check, replaces)


def take_in(
    session: Session,
    upload: Upload,
    file: RegisterFile,
    author: Author,
    replaces: int | None = None,
) -> None:
    """Check a large file, stored unread, that was read meanwhile as `file`."""

    def check(which: Upload) -> Found:
        checked = _checked(session, which, file, author)
        _keep_lines(session, which.id, checked)
        return _found(file, checked)

    files.take_in(session, REGISTER, upload, rows_hash(file), check, replaces)


def _checked(session: Session, upload: Upload, file: RegisterFile, author: Author) -> Checked:
    ticked = confirmed_rows(session, upload.id)
    return check_against_books(
        session, file, author.booked_on, skip=upload.skip_problems, renames=ticked
    )


def _recheck(session: Session, upload: Upload, file: RegisterFile, author: Author) -> Checked:
    checked = _checked(session, upload, file, author)
    files.keep(session, upload, _found(file, checked))
    return checked


def choose(
    session: Session, upload: Upload, file: RegisterFile, author: Author, skip: bool, reason: str
) -> None:
    """Leave bad rows out, for a reason; the file is checked again with that."""
    files.lock_upload(session, REGISTER, upload)
    only(REGISTER, upload, *OPEN)
    files.choose_skipping(upload, skip, reason)
    _keep_lines(session, upload.id, _recheck(session, upload, file, author))


def confirm_names(
    session: Session,
    upload: Upload,
    file: RegisterFile,
    author: Author,
    shown: Collection[int],
    ticked: Collection[int],
) -> None:
    """Of the rows that were `shown` to the officer, those that are `ticked` may change the name of
    a borrower with a running loan; the file is checked again with that."""
    files.lock_upload(session, REGISTER, upload)
    only(REGISTER, upload, *OPEN)
    of_file = RegisterLine.upload_id == upload.id
    for rows, yes in ((set(shown) - set(ticked), False), (set(shown) & set(ticked), True)):
        if rows:
            session.execute(
                update(RegisterLine)
                .where(
                    of_file,
                    RegisterLine.outcome.in_(("held", "changed")),
                    RegisterLine.row_number.in_(sorted(rows)),
                )
                .values(confirmed=yes, outcome="changed" if yes else RegisterLine.outcome)
            )
    _keep_lines(session, upload.id, _recheck(session, upload, file, author))


@dataclass(frozen=True)
class Applied:
    """`done` now, by this call. `sentence` says why the file is not applied, else ""."""

    done: bool
    sentence: str = ""


def apply(
    session: Session, upload: Upload, file: RegisterFile, author: Author, shown: str
) -> Applied:
    """Put a checked file into the register of borrowers: all that was shown or nothing, once only.

    The stored file, read again as `file`, is checked inside the transaction; when that gives
    another plan than the officer saw, the new one is kept and shown and nothing is applied.
    """
    files.lock_upload(session, REGISTER, upload)
    if upload.status == "posted":
        return Applied(done=False)  # a second press of the button
    only(REGISTER, upload, "clean")
    before = shown_plan(upload)
    _hold_borrowers(session, upload.id)
    checked = _recheck(session, upload, file, author)
    if checked.blocked or not before == shown == shown_plan(upload):
        _keep_lines(session, upload.id, checked)
        blocked = "Data peminjam berubah sehingga berkas ini bermasalah lagi; lihat di bawah."
        return Applied(False, blocked if checked.blocked else CHANGED_MEANWHILE)
    _put_into_books(session, upload, checked, author)
    return Applied(done=True)


def shown_plan(upload: Upload) -> str:
    """A fingerprint of everything that the file would do, as its check found it."""
    return str(json.loads(upload.summary).get("plan", ""))


def _hold_borrowers(session: Session, upload_id: int) -> None:
    """Nobody may change the records that the file changes; a NIK that somebody else registers
    meanwhile is refused by the database. (On SQLite nobody else writes.)"""
    changed = select(RegisterLine.borrower_id).where(RegisterLine.upload_id == upload_id)
    held = select(Borrower.id).where(Borrower.id.in_(changed)).order_by(Borrower.id)
    session.execute(held.with_for_update())


def _put_into_books(session: Session, upload: Upload, checked: Checked, author: Author) -> None:
    lines = checked.applied
    fresh = [line for line in lines if line.stored is None]
    now, by = author.now, author.entered_by
    with collector_paused():
        try:
            added = add_borrowers(session, [_new_borrower(line) for line in fresh], by, now)
        except IntegrityError as error:
            raise Refused("number_taken", CHANGED_MEANWHILE) from error
        if added.new != len(fresh):
            raise Refused("number_taken", CHANGED_MEANWHILE)
        rows = [_row_of_file(line) for line in lines if line.stored]
        change_borrowers(session, rows, upload.id, by, now)
        ids = {line.row: number for line, number in zip(fresh, added.ids, strict=True)}
        _keep_lines(session, upload.id, checked, ids)
    upload.status = "posted"
    upload.posted_by, upload.posted_at = by, now
    session.flush()


def _new_borrower(line: Line) -> NewBorrower:
    return NewBorrower(kind=BorrowerKind.MICRO, nik=line.nik, **line.facts)


def _row_of_file(line: Line) -> RowOfFile:
    assert line.stored is not None
    known, facts = line.stored.facts, line.facts
    names = [facts.get(name, known[name]) for name in ("name", "business_name")]
    renamed = facts.keys() & {"name", "business_name"}
    text = search_text(names[0], names[1], "") if renamed else None
    return RowOfFile(line.stored.id, line.row, facts, line.changes, text)


def import_at_once(
    session: Session,
    content: bytes,
    filename: str,
    author: Author,
    *,
    skip: bool,
    renames: Collection[int] = (),
) -> tuple[Checked | None, Upload | None]:
    """The command line's way: check and apply in one go. Nothing is kept when the check blocks.

    Returns (checked, upload); checked None means that `upload` is the same file of an earlier day.
    `renames` are the rows that may change the name of a borrower with a running loan.
    """
    files.lock_files(session, None)
    sent = Sent(content, filename, author.entered_by, author.now)
    known = files.earlier(session, REGISTER, None, Upload.sha256 == sent.digest)
    file = None
    if known is None or known.status != "posted":
        file = read_register(content, filename)
        known = files.earlier(session, REGISTER, None, Upload.rows_hash == rows_hash(file))
    if known is not None and known.status == "posted":
        return None, known
    assert file is not None
    checked = check_against_books(session, file, author.booked_on, skip=skip, renames=renames)
    if checked.blocked:
        return checked, None
    if known is not None:
        known.status = "withdrawn"
    upload = files.store(
        session,
        REGISTER,
        None,
        sent,
        rows_hash=rows_hash(file),
        status="clean",
        skip_problems=skip,
        skip_reason="Dipilih di baris perintah" if skip else "",
    )
    files.keep(session, upload, _found(file, checked))
    _put_into_books(session, upload, checked, author)
    return checked, upload


# — what is kept of a check —


def _found(file: RegisterFile, checked: Checked) -> Found:
    """What is kept of a check beside the file; every NIK in it is masked."""
    summary = {name: getattr(checked, name) for name in COUNTS} | {"plan": _plan(checked)}
    return Found(
        checked.problems,
        checked.blocked,
        file.headings,
        [_understood(row) for row in file.rows[: files.FIRST_ROWS]],
        lambda row: file.shown_cells(row, shown_cell),
        {
            "row_count": checked.rows,
            "posted_rows": checked.new + checked.changed,
            "skipped_rows": checked.skipped,
            "summary": json.dumps(summary),
        },
    )


def _understood(row: RegisterRow) -> dict[str, Any]:
    facts = row.facts
    texts = {
        key: mask_written_niks(str(facts.get(key, "")))
        for key in ("name", "sex", "business_name", "sector", "kelurahan_code", "phone")
    }
    born = facts.get("birth_date")
    return {
        "row": row.row,
        "nik": mask_nik(row.nik),
        "birth_date": short_date(born) if born else "",
        **texts,
    }


def _plan(checked: Checked) -> str:
    """A keyed fingerprint of every line, whatever the order of its facts."""
    lines = [
        f"{line.row}|{line.outcome}|{line.nik}|{line.stored.id if line.stored else ''}|"
        f"{line.changes or sorted(line.facts.items())}"
        for line in checked.lines
    ]
    return index_of("\n".join((*lines, str(checked.skipped)))).hex()


def _keep_lines(
    session: Session, upload_id: int, checked: Checked, ids: Mapping[int, int] | None = None
) -> None:
    """Write what each row would do, in place of what an earlier check found; `ids` are those of
    new borrowers, by row, once they are registered."""
    for table in (RegisterChange, RegisterLine):
        session.execute(delete(table).where(table.upload_id == upload_id))
    given = ids or {}
    lines = checked.lines
    bulk_insert(
        session,
        "register_lines",
        LINE_COLUMNS,
        [_kept_line(upload_id, line, given.get(line.row)) for line in lines],
    )
    changes = [
        _kept_change((upload_id, line.row, change[0]), *map(mask_written_niks, change[1:]))
        for line in lines
        for change in line.changes
    ]
    bulk_insert(session, "register_changes", CHANGE_COLUMNS, changes)


def _kept_change(key: tuple[int, int, str], before: str, after: str) -> tuple[Any, ...]:
    return (
        *key,
        sealed_text(before, "register_changes.before", *key),
        sealed_text(after, "register_changes.after", *key),
    )


def _kept_line(upload_id: int, line: Line, new_id: int | None) -> tuple[Any, ...]:
    known = line.stored.facts if line.stored else {}
    name = mask_written_niks(known.get("name") or line.facts["name"])
    now = {**line.facts, **known}
    here = (upload_id, line.row)
    return (
        *here,
        line.outcome,
        line.stored.id if line.stored else new_id,
        line.confirmed,
        name,
        name_key(name),
        sealed_text(line.nik[-4:], "register_lines.nik_tail", *here),
        *(mask_written_niks(now.get(key) or "") for key in ("business_name", "sector")),
        now["kelurahan_code"],
        sealed_text(mask_written_niks(now.get("phone") or ""), "register_lines.phone", *here),
        line.like_id,
        line.like_row,
    )
