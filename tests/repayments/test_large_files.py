"""A large file is read, checked, submitted and posted by a worker; its page says how far it is."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from threading import Event

import openpyxl
import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from tests import factories
from tests.conftest import SOAK_ON_BOTH, prepared
from tests.factories import Client
from tests.repayments.test_check_upload import booked, shown_on
from wibawa.access.models import TrailEntry
from wibawa.banks.queries import bank_by_code, thresholds_on
from wibawa.database import db, writing
from wibawa.jobs import runner
from wibawa.jobs.actions import GAVE_UP
from wibawa.jobs.models import Job
from wibawa.loans.actions import import_portfolio
from wibawa.loans.invariants import run_checks
from wibawa.loans.journal import Author
from wibawa.repayments import jobs as steps
from wibawa.repayments.actions import import_at_once
from wibawa.repayments.facts import Options
from wibawa.uploads.models import Upload
from wibawa.web.clock import now, today

SAMPLES = Path(__file__).resolve().parent.parent / "files" / "samples"
PASAR = (SAMPLES / "angsuran_pasar_2026-10.csv").read_bytes()
FAULTY = (SAMPLES / "angsuran_pasar_salah.csv").read_bytes()
Enter = Callable[[str], Client]


def _portfolio(session: Session, people: dict[str, int]) -> None:
    """240 running loans."""
    content = (SAMPLES / "data_awal.xlsx").read_bytes()
    import_portfolio(session, content, "data_awal.xlsx", Author(1, None, now()))


running_portfolio = prepared(_portfolio, autouse=True)


@pytest.fixture(autouse=True)
def large_files(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file is a large one, and every step of progress is told."""
    app.config["LARGE_FILE_BYTES"] = 0
    monkeypatch.setattr(runner, "TELL_SECONDS", 0)


@pytest.fixture
def work(app: Flask) -> Callable[[], None]:
    """Workers do what waits; then the books are checked."""

    def do() -> None:
        while runner.run_one(app, Event()):
            pass
        with app.app_context():
            checks = run_checks(db.session(), today(), thresholds_on(db.session(), today()))
            assert [check for check in checks if not check.ok] == []
            db.session.remove()

    return do


def send(client: Client, content: bytes = PASAR, name: str = "a.csv", replaces: str = "") -> str:
    """Upload a file; the address of its page, without what it says of an earlier one."""
    data = {"file": (io.BytesIO(content), name), "replaces": replaces}
    answer = client.post("/angsuran/berkas/baru", data=data)
    assert answer.status_code == 302, answer.get_data(as_text=True)[:3000]
    return str(answer.headers["Location"]).split("?")[0]


def text(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200
    return str(answer.get_data(as_text=True))


def after(client: Client, url: str, **data: object) -> str:
    """The page that a pressed button leads to."""
    return str(client.post(url, data=data, follow_redirects=True).get_data(as_text=True))


def upload(app: Flask, url: str) -> Upload:
    with app.app_context():
        found = db.session.get_one(Upload, int(url.rsplit("/", 1)[1]))
        db.session.expunge_all()
        db.session.remove()
    return found


def jobs(app: Flask) -> list[tuple[str, str]]:
    with app.app_context():
        found = db.session.execute(select(Job.kind, Job.state).order_by(Job.id)).all()
        db.session.remove()
    return [tuple(row) for row in found]


def submitted(officer: Client, work: Callable[[], None]) -> str:
    url = send(officer)
    work()
    officer.post(f"{url}/ajukan")
    work()
    return url


def saved_again(content: bytes) -> bytes:
    """The same rows as a workbook."""
    book = openpyxl.Workbook()
    for line in content.decode("cp1252").splitlines():
        book.active.append(line.split(";"))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_from_sending_to_posting_each_step_waits_for_a_worker(
    app: Flask, sign_in: Enter, work: Callable[[], None]
) -> None:
    officer, staff = sign_in("pasar"), sign_in("staff")
    url = send(officer)
    page = text(officer, url)
    assert "Sedang diperiksa" in page
    assert "Menunggu giliran." in page
    assert 'http-equiv="refresh"' in page
    assert officer.get(f"{url}/keadaan").get_json() == {
        "state": "queued", "done": 0, "total": 2, "text": "Menunggu giliran.",
    }  # fmt: skip
    work()
    assert "Siap diajukan" in text(officer, url)
    assert "Pengajuan berkas" in after(officer, f"{url}/ajukan")
    assert upload(app, url).status == "clean"
    work()
    page = text(staff, url)
    assert "Bukukan Rp52.022.819" in page
    assert "Pembukuan berkas" in after(staff, f"{url}/bukukan", shown=shown_on(page))
    assert booked(app) == (0, 0)
    assert "Batalkan" not in text(officer, url).split("<main", 1)[1], "the office's job"
    work()
    assert "Berkas sudah dibukukan" in text(officer, url)
    assert booked(app) == (96, 52_022_819)
    with app.app_context():
        lines = db.session.scalars(
            select(TrailEntry.action)
            .where(TrailEntry.object_kind == "upload", TrailEntry.object_id == upload(app, url).id)
            .order_by(TrailEntry.id)
        ).all()
        db.session.remove()
    assert lines[-2:] == ["file_submitted", "file_posted"]


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
def test_the_page_tells_step_and_seconds_while_a_worker_is_at_it(
    app: Flask, sign_in: Enter, clock: time_machine.Traveller
) -> None:
    officer = sign_in("pasar")
    url = send(officer)
    factories.saved(
        app,
        lambda s: s.execute(
            update(Job).values(state="running", worker="w", tries=1, lease_until=now(),
                               started_at=now(), done=1)
        ),
    )  # fmt: skip
    clock.shift(83)
    told = officer.get(f"{url}/keadaan").get_json()
    assert told["text"].startswith("Langkah 2 dari 2: mencocokkan dengan buku")
    assert told["text"].endswith("Sudah 1 menit 23 detik.")
    assert told["text"] in text(officer, url)


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
def test_pressing_twice_asks_once_and_posts_once(
    app: Flask, sign_in: Enter, work: Callable[[], None]
) -> None:
    officer, staff = sign_in("pasar"), sign_in("staff")
    url = send(officer)
    work()
    for _ in range(2):
        officer.post(f"{url}/ajukan")
    work()
    shown = shown_on(text(staff, url))
    for _ in range(2):
        staff.post(f"{url}/bukukan", data={"shown": shown})
    work()
    staff.post(f"{url}/bukukan", data={"shown": shown})
    steps = ["repayments_check", "repayments_submit", "repayments_post"]
    assert jobs(app) == [(step, "done") for step in steps]
    assert booked(app) == (96, 52_022_819)


def test_a_cancelled_check_takes_the_file_back_and_a_new_one_may_come(
    app: Flask, sign_in: Enter, work: Callable[[], None]
) -> None:
    officer = sign_in("pasar")
    url = send(officer)
    assert "berkas ditarik" in after(officer, f"{url}/batalkan")
    assert upload(app, url).status == "withdrawn"
    assert "Tidak ada yang sedang dikerjakan" in after(officer, f"{url}/batalkan")
    work()
    assert jobs(app) == [("repayments_check", "cancelled")]
    again = send(officer)
    assert again != url
    work()
    assert upload(app, again).status == "clean"


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
def test_a_check_may_be_cancelled_on_the_page_of_the_job_too(app: Flask, sign_in: Enter) -> None:
    officer = sign_in("pasar")
    url = send(officer)
    number = upload(app, url).job_id
    assert url in text(officer, f"/pekerjaan/{number}")
    officer.post(f"/pekerjaan/{number}/batalkan", data={"request_key": "k" * 32})
    assert upload(app, url).status == "withdrawn"


def test_a_posting_that_waits_may_be_cancelled_by_the_office_alone(
    app: Flask, sign_in: Enter, work: Callable[[], None]
) -> None:
    officer, staff = sign_in("pasar"), sign_in("staff")
    url = submitted(officer, work)
    shown = shown_on(text(staff, url))
    staff.post(f"{url}/bukukan", data={"shown": shown})
    assert officer.post(f"{url}/batalkan").status_code == 403
    with app.app_context():
        query = select(TrailEntry.object_kind, TrailEntry.object_id)
        tried = db.session.execute(query.where(TrailEntry.action == "denied")).all()
        db.session.remove()
    assert tried == [("upload", upload(app, url).id)]
    assert "sedang dikerjakan" in after(officer, f"{url}/tarik")
    assert "tetap seperti semula" in after(staff, f"{url}/batalkan")
    work()
    assert (upload(app, url).status, booked(app)) == ("submitted", (0, 0))
    staff.post(f"{url}/bukukan", data={"shown": shown})
    work()
    assert booked(app) == (96, 52_022_819)


def test_a_job_that_was_cancelled_while_its_worker_read_writes_nothing(
    app: Flask, sign_in: Enter, work: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    officer, staff = sign_in("pasar"), sign_in("staff")
    url = submitted(officer, work)
    staff.post(f"{url}/bukukan", data={"shown": shown_on(text(staff, url))})
    number, read = upload(app, url).job_id, steps.read_repayments

    def cancels(*args: object, **named: object) -> object:
        gone = {"state": "cancelled", "finished_at": now(), "worker": None, "lease_until": None}
        with db.engine.begin() as apart:
            apart.execute(update(Job).where(Job.id == number).values(**gone))
        return read(*args, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(steps, "read_repayments", cancels)
    work()
    assert jobs(app)[-1] == ("repayments_post", "cancelled")
    assert (upload(app, url).status, booked(app)) == ("submitted", (0, 0))


def test_the_same_bytes_lead_to_the_file_that_is_still_being_read(
    app: Flask, sign_in: Enter, work: Callable[[], None]
) -> None:
    officer = sign_in("pasar")
    url = send(officer)
    assert send(officer, name="b.csv") == url
    assert "sudah pernah diunggah" in text(officer, f"{url}?sama=1")
    work()
    assert jobs(app) == [("repayments_check", "done")]
    assert send(officer) == url
    work()
    assert jobs(app)[1:] == [("repayments_choose", "done")], "the books may have changed"
    assert upload(app, url).status == "clean"


def test_a_saved_again_copy_is_withdrawn_in_favour_of_the_earlier_file(
    app: Flask, sign_in: Enter, work: Callable[[], None]
) -> None:
    officer = sign_in("pasar")
    url, copy = send(officer), send(officer, saved_again(PASAR), "a.xlsx")
    assert copy != url
    work()
    assert [upload(app, each).status for each in (url, copy)] == ["clean", "withdrawn"]
    page = text(officer, copy)
    assert "Berkas dengan isi yang sama sudah ada" in page
    assert f'href="{url}"' in page


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
def test_what_nobody_can_read_says_why_and_may_be_replaced(
    app: Flask, sign_in: Enter, work: Callable[[], None]
) -> None:
    officer = sign_in("pasar")
    old = send(officer, FAULTY)
    work()
    url = send(officer, b"Nama;Alamat\nAni;Semarang\n" * 9, replaces=old.rsplit("/", 1)[1])
    work()
    page = text(officer, url)
    assert "Berkas tidak terbaca" in page
    assert "Kolom tidak ada" in page
    assert "Atau lanjutkan" not in page
    assert "Hasil pemeriksaan" not in page
    assert officer.get(f"{url}/hasil.xlsx").status_code == 409
    assert upload(app, old).status == "faulty", "it was not replaced by nothing"
    good = send(officer, replaces=url.rsplit("/", 1)[1])
    work()
    assert [upload(app, each).status for each in (url, good)] == ["withdrawn", "clean"]


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
def test_the_same_unreadable_file_is_read_again_since_the_layout_may_have_changed(
    app: Flask, sign_in: Enter, work: Callable[[], None]
) -> None:
    officer = sign_in("pasar")
    url = send(officer, b"Nama;Alamat\nAni;Semarang\n")
    work()
    again = send(officer, b"Nama;Alamat\nAni;Semarang\n")
    work()
    assert [upload(app, each).status for each in (url, again)] == ["withdrawn", "faulty"]


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
def test_what_is_no_table_at_first_sight_is_refused_at_once(app: Flask, sign_in: Enter) -> None:
    data = {"file": (io.BytesIO(b"%PDF-1.7\n" + b"x" * 5000), "a.csv")}
    answer = sign_in("pasar").post("/angsuran/berkas/baru", data=data)
    assert "Berkas ini PDF" in answer.get_data(as_text=True)
    assert jobs(app) == []


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
def test_the_officers_choice_is_checked_by_a_worker_and_its_reason_is_sealed_meanwhile(
    app: Flask, sign_in: Enter, work: Callable[[], None]
) -> None:
    officer = sign_in("pasar")
    url = send(officer, FAULTY)
    work()
    assert "13 masalah dalam 15 baris" in text(officer, url)
    asked = {"skip_problems": "y", "reason": "menunggu koreksi Siti Aminah"}
    assert "Pemeriksaan ulang berkas" in after(officer, f"{url}/pilihan", **asked)
    with app.app_context():
        assert "Siti" not in (db.session.scalar(select(func.max(Job.params))) or "")
        db.session.remove()
    work()
    found = upload(app, url)
    assert (found.status, found.skip_reason) == ("clean", "menunggu koreksi Siti Aminah")


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
def test_a_choice_without_a_reason_is_refused_on_the_files_own_page(
    app: Flask, sign_in: Enter, work: Callable[[], None]
) -> None:
    officer = sign_in("pasar")
    url = send(officer, FAULTY)
    work()
    officer.post(f"{url}/pilihan", data={"skip_problems": "y"})
    work()
    page = text(officer, url)
    assert "tidak terlaksana" in page
    assert "Alasan melewati baris bermasalah belum diisi" in page


def test_changed_books_between_the_shown_figures_and_the_worker_post_nothing(
    app: Flask, sign_in: Enter, work: Callable[[], None]
) -> None:
    officer, staff = sign_in("pasar"), sign_in("staff")
    url = submitted(officer, work)
    shown = shown_on(text(staff, url))
    staff.post(f"{url}/bukukan", data={"shown": shown})
    lines = PASAR.splitlines(keepends=True)
    head = next(at for at, line in enumerate(lines) if line.lower().startswith(b"no"))
    part = send(officer, b"".join(lines[: head + 2]), "satu.csv")
    with app.app_context(), writing():  # one row of it is booked first, by the command line
        bank = bank_by_code(db.session(), "PASAR")
        assert bank is not None
        content, author = b"".join(lines[: head + 2]), Author(1, None, now())
        import_at_once(db.session(), bank, content, "satu.csv", author, Options())
        db.session.commit()
        db.session.remove()
    work()
    assert booked(app)[0] == 1
    assert upload(app, part).status == "withdrawn"
    page = text(staff, url)
    assert "Hasil pemeriksaan berubah" in page
    assert shown_on(page) != shown, "the new figures are kept and shown"
    assert "berubah" in after(staff, f"{url}/bukukan", shown=shown), "refused without a job"
    staff.post(f"{url}/bukukan", data={"shown": shown_on(text(staff, url))})
    work()
    assert booked(app) == (96, 52_022_819)


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
def test_who_submitted_a_file_cannot_post_it_by_a_job_either(
    app: Flask, sign_in: Enter, people: dict[str, int], work: Callable[[], None]
) -> None:
    officer, staff = sign_in("pasar"), sign_in("staff")
    url = submitted(officer, work)
    factories.saved(app, lambda s: s.execute(update(Upload).values(submitted_by=people["staff"])))
    page = after(staff, f"{url}/bukukan", shown=shown_on(text(staff, url)))
    assert "Anda sendiri yang mengajukan" in page
    assert [kind for kind, _ in jobs(app)] == ["repayments_check", "repayments_submit"]
    with app.app_context():
        denied = select(TrailEntry.object_kind).where(TrailEntry.action == "denied")
        assert db.session.scalars(denied).all() == ["upload"]


def test_a_check_that_was_given_up_says_so_and_is_tried_again_or_taken_back(
    app: Flask, sign_in: Enter, work: Callable[[], None], clock: time_machine.Traveller
) -> None:
    officer = sign_in("pasar")
    url = send(officer)
    factories.saved(
        app,
        lambda s: s.execute(
            update(Job).values(state="running", worker="w", tries=3, lease_until=now(),
                               started_at=now())
        ),
    )  # fmt: skip
    clock.shift(200)
    work()
    page = text(officer, url)
    assert GAVE_UP in page
    assert "Belum diperiksa" in page
    assert "Nomor tiket" in page
    assert upload(app, url).status == "reading"
    assert "berkas belum diajukan" in text(officer, "/")
    officer.post(f"{url}/periksa-lagi")
    work()
    assert upload(app, url).status == "clean"
    assert "tidak berlaku lagi" in after(officer, f"{url}/periksa-lagi")


def test_another_banks_officer_finds_no_such_file_job_or_state(app: Flask, sign_in: Enter) -> None:
    url, other = send(sign_in("pasar")), sign_in("jateng")
    for path in (url, f"{url}/keadaan"):
        assert other.get(path).status_code == 404
    for path in ("batalkan", "periksa-lagi", "ajukan", "pilihan", "tarik"):
        assert other.post(f"{url}/{path}").status_code == 404
    with app.app_context():
        denied = select(func.count()).select_from(TrailEntry).where(TrailEntry.action == "denied")
        assert db.session.scalar(denied) == 7
        db.session.remove()
    assert upload(app, url).status == "reading"


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
@pytest.mark.parametrize(
    ("status", "allowed"),
    [
        ("reading", {"periksa-lagi", "tarik"}),
        ("faulty", {"pilihan", "tarik"}),
        ("clean", {"pilihan", "ajukan", "tarik"}),
        ("submitted", {"bukukan", "tarik"}),
        ("withdrawn", set()),
    ],
)
def test_each_status_allows_exactly_these_steps(
    app: Flask, sign_in: Enter, work: Callable[[], None], status: str, allowed: set[str]
) -> None:
    officer, staff = sign_in("pasar"), sign_in("staff")
    url = send(officer)
    work()
    shown = shown_on(text(staff, submitted(officer, work)))
    taken = set()
    for step in ("periksa-lagi", "pilihan", "ajukan", "bukukan", "tarik"):
        factories.saved(
            app,
            lambda s: (
                s.execute(update(Upload).where(Upload.kind == "repayments").values(status=status)),
                s.execute(
                    update(Job)
                    .where(Job.state == "queued")
                    .values(state="cancelled", finished_at=now())
                ),
            ),
        )
        client = staff if step == "bukukan" else officer
        count = len(jobs(app))
        client.post(f"{url}/{step}", data={"shown": shown})
        withdrawn = status != "withdrawn" and upload(app, url).status == "withdrawn"
        if len(jobs(app)) > count or withdrawn:
            taken.add(step)
    assert taken == allowed
