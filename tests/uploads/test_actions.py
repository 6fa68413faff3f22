"""What is the same for every kind of file: stored sealed and once only, replaced, withdrawn."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests import factories
from tests.measuring import processor_seconds
from wibawa.access.models import TrailEntry
from wibawa.access.personal_data import WrongKey
from wibawa.database import db
from wibawa.rules.refused import Problem, Refused
from wibawa.uploads import actions
from wibawa.uploads.actions import Found, Sent, content_of
from wibawa.uploads.kinds import Kind
from wibawa.uploads.models import Upload, UploadProblem
from wibawa.uploads.queries import all_problems, code_counts, find_upload, people_of, upload_page
from wibawa.web.clock import now
from wibawa.web.pages import Wanted

WORDS = {
    "faulty": ("Perlu diperbaiki", "danger"),
    "clean": ("Siap", "info"),
    "submitted": ("Diajukan", "waiting"),
    "posted": ("Selesai", "success"),
    "withdrawn": ("Ditarik", "neutral"),
}
REGISTER = Kind("register", WORDS, {"name_missing": "Nama kosong"})
DECISIONS = Kind("decisions", WORDS, {})
NIK = "3374014804850012"
ASKED = Wanted(1, 50, "tanggal", True)


def found(*problems: Problem, figures: dict[str, object] | None = None) -> Found:
    blocked = any(problem.blocking for problem in problems)
    return Found(
        problems,
        blocked,
        ["Nama"],
        [{"row": 2, "name": "Siti"}],
        lambda row: [f"sel {row}"],
        figures or {},
    )


def receive(
    session: Session,
    content: bytes,
    by: int,
    *,
    kind: Kind = DECISIONS,
    bank_id: int | None = factories.PASAR,
    rows_hash: str = "",
    problems: Sequence[Problem] = (),
    replaces: int | None = None,
    filename: str = "berkas.csv",
) -> actions.Received:
    sent = Sent(content, filename, by, now())
    hashed = rows_hash or sent.digest[::-1]
    return actions.receive(
        session, kind, bank_id, sent, hashed, lambda _: found(*problems), replaces
    )


FAULT = Problem(2, "Nama", "name_missing", "", "Nama kosong.")
NOTICE = Problem(3, "Nama", "name_odd", "?", "Nama aneh.", blocking=False)


def test_a_file_is_kept_with_what_its_check_found(session: Session, people: dict[str, int]) -> None:
    upload = receive(session, b"a", people["staff"], kind=REGISTER, bank_id=None,
                     problems=[FAULT, NOTICE]).upload  # fmt: skip
    assert (upload.status, upload.problem_count, upload.notice_count) == ("faulty", 1, 1)
    assert all_problems(session, upload.id) == [FAULT, NOTICE]
    counted = [(each.label, each.count) for each in code_counts(session, REGISTER, upload.id)]
    assert counted == [("Nama kosong", 1), ("name odd", 1)]
    kept = session.scalars(select(UploadProblem.cells).order_by(UploadProblem.number))
    assert [json.loads(cells) for cells in kept] == [["sel 2"], ["sel 3"]]
    assert json.loads(upload.first_rows) == [{"row": 2, "name": "Siti"}]
    who = people_of(session, upload)
    assert (who.bank, who.uploaded_by, who.posted_by) == (None, "Staff", None)


def test_the_same_bytes_or_rows_lead_to_the_earlier_file_of_the_same_kind_and_bank(
    session: Session, people: dict[str, int]
) -> None:
    by = people["pasar"]
    first = receive(session, b"a", by, rows_hash="r").upload
    assert receive(session, b"a", by, rows_hash="s").upload is first
    again = receive(session, b"b", by, rows_hash="r", problems=[FAULT])
    assert again.earlier
    assert again.upload is first
    assert first.status == "faulty"  # it was checked again
    other_bank = receive(session, b"a", by, bank_id=factories.JATENG, rows_hash="r")
    other_kind = receive(session, b"a", by, kind=REGISTER, bank_id=None, rows_hash="r")
    assert not other_bank.earlier
    assert not other_kind.earlier
    assert receive(session, b"a", by, kind=REGISTER, bank_id=None).upload is other_kind.upload


def test_a_withdrawn_file_may_come_again(session: Session, people: dict[str, int]) -> None:
    first = receive(session, b"a", people["pasar"]).upload
    actions.withdraw(session, DECISIONS, first)
    assert not receive(session, b"a", people["pasar"]).earlier
    with pytest.raises(Refused, match="sudah ditarik"):
        actions.withdraw(session, DECISIONS, first)


def test_a_corrected_file_withdraws_only_the_open_file_of_its_own_kind_and_bank(
    session: Session, people: dict[str, int]
) -> None:
    by = people["pasar"]
    mine = receive(session, b"a", by, problems=[FAULT]).upload
    others = receive(session, b"a", by, bank_id=factories.JATENG).upload
    register = receive(session, b"a", by, kind=REGISTER, bank_id=None).upload
    for number, target in enumerate((mine, others, register)):
        receive(session, f"b{number}".encode(), by, replaces=target.id)
    session.expire_all()
    assert [each.status for each in (mine, others, register)] == ["withdrawn", "clean", "clean"]


def test_who_replaces_a_colleague_s_file_stands_in_the_trail(
    session: Session, people: dict[str, int]
) -> None:
    first = receive(session, b"a", people["pasar"], problems=[FAULT], filename="lama.csv").upload
    new = receive(session, b"b", people["staff"], replaces=first.id).upload
    session.flush()
    lines = session.execute(
        select(TrailEntry.user_id, TrailEntry.object_kind, TrailEntry.object_id, TrailEntry.detail)
        .where(TrailEntry.action == "file_withdrawn")
    ).all()  # fmt: skip
    said = f"lama.csv, diganti berkas nomor {new.id}"
    assert [tuple(line) for line in lines] == [(people["staff"], "upload", first.id, said)]
    sent = Sent(b"c", "rusak.csv", people["pasar"], now())
    unread = actions.receive_unread(session, DECISIONS, factories.PASAR, sent).upload
    unread.status = "faulty"
    actions.receive_unread(session, DECISIONS, factories.PASAR, sent)
    session.flush()
    assert session.scalar(
        select(TrailEntry.detail).where(TrailEntry.object_id == unread.id)
    ) == "rusak.csv, dikirim lagi"  # fmt: skip


def test_a_file_of_another_kind_is_not_found(session: Session, people: dict[str, int]) -> None:
    upload = receive(session, b"a", people["pasar"]).upload
    assert find_upload(session, DECISIONS, upload.id) is upload
    assert find_upload(session, REGISTER, upload.id) is None
    lines = upload_page(session, DECISIONS, factories.PASAR, None, ASKED)
    assert [(line.id, line.bank, line.summary) for line in lines.rows] == [
        (upload.id, "Bank Pasar", {})
    ]
    assert upload_page(session, DECISIONS, factories.JATENG, None, ASKED).total == 0
    assert upload_page(session, REGISTER, None, None, ASKED).total == 0


def test_a_reason_is_needed_for_leaving_rows_out(session: Session, people: dict[str, int]) -> None:
    upload = receive(session, b"a", people["pasar"], problems=[FAULT]).upload
    with pytest.raises(Refused, match="Alasan"):
        actions.choose_skipping(upload, True, "  ")
    actions.choose_skipping(upload, True, " Menunggu cabang ")
    assert (upload.skip_problems, upload.skip_reason) == (True, "Menunggu cabang")
    actions.choose_skipping(upload, False, "tetap")
    assert (upload.skip_problems, upload.skip_reason) == (False, "")


def test_the_bytes_are_sealed_and_come_out_again(
    app: Flask, session: Session, people: dict[str, int], database_url: str
) -> None:
    content = f"NIK\r\n{NIK}\r\n".encode()
    upload = receive(session, content, people["staff"], filename=f"ktp {NIK}.csv").upload
    session.commit()
    session.expire_all()
    assert upload.filename == "ktp ************0012.csv"
    assert NIK.encode() not in upload.content
    assert content_of(upload) == content
    if database_url.startswith("sqlite"):
        file = Path(database_url.removeprefix("sqlite:///"))
        stored = b"".join(path.read_bytes() for path in file.parent.glob(f"{file.name}*"))
        assert NIK.encode() not in stored
    app.config["DATA_KEY"] = "another key"
    with pytest.raises(WrongKey):
        content_of(upload)


def test_a_file_of_the_time_before_sealing_can_still_be_read(
    session: Session, people: dict[str, int]
) -> None:
    factories.suspense(session, people["pasar"])
    upload = db.session.scalars(select(Upload)).one()
    assert not upload.sealed
    assert content_of(upload) == b"x"


def test_sealing_ten_megabytes_takes_no_time_to_speak_of(app: Flask) -> None:
    content = os.urandom(10 * 1024 * 1024)
    with app.app_context():
        began = processor_seconds()
        sealed = actions.seal_bytes(content, actions.CONTENT_PLACE)
        assert actions.unseal_bytes(sealed, actions.CONTENT_PLACE) == content
        assert processor_seconds() - began < 2


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("angsuran.csv", "angsuran.csv"),
        ("../../etc/angsuran.csv", "angsuran.csv"),
        ("C:\\data\\Rekap Oktober.xlsx", "Rekap Oktober.xlsx"),
        ("a\r\nSet-Cookie: b\t.csv", "aSet-Cookie: b.csv"),
        ("angsuran\u202evsc.exe", "angsuranvsc.exe"),
        ("pembayaran 3374014804850012.csv", "pembayaran ************0012.csv"),
        ("\udcff.csv", "?.csv"),
        ("/", "berkas"),
    ],
)
def test_a_files_name_is_kept_without_folder_broken_line_hidden_sign_or_nik(
    sent: str, kept: str
) -> None:
    assert actions.stored_name(sent) == kept
