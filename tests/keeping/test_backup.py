"""`wibawa backup` and `wibawa restore`: a backup comes back as it was, or nothing does."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask_migrate import downgrade
from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from tests import factories
from tests.commands.conftest import CommandLine
from tests.commands.test_command_trail import lines
from tests.conftest import SOAK_ON_BOTH
from tests.keeping.conftest import app_at, content, url_of, without_trail
from wibawa import schema
from wibawa.access import trail
from wibawa.access.personal_data import index_of
from wibawa.access.users import command_line_user
from wibawa.database import allocate_ids, db, writing
from wibawa.keeping import backups, restoring
from wibawa.keeping.archive import Manifest, opened
from wibawa.keeping.backups import backup
from wibawa.keeping.restoring import restore
from wibawa.rules.refused import Refused
from wibawa.web import clock

OTHER = {"sqlite": "postgresql", "postgresql": "sqlite"}
ON_SQLITE = pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
ON_POSTGRESQL = pytest.mark.parametrize("engine_name", ["postgresql"], indirect=True)


@pytest.fixture
def made(books: Flask, tmp_path: Path) -> Path:
    """A backup of the office."""
    path = tmp_path / "cadangan.zip"
    with books.app_context():
        backup(db.engine, path)
        db.session.remove()
    return path


def refused(app: Flask, path: Path, code: str) -> str:
    """What is said; nothing is in the database afterwards."""
    with app.app_context():
        with pytest.raises(Refused) as told:
            restore(db.engine, path)
        with db.engine.connect() as connection:
            assert inspect(connection).get_table_names() == []
    assert told.value.code == code
    return told.value.sentence


@ON_SQLITE
def test_books_go_to_the_other_engine_and_back_without_a_difference(
    books: Flask, empty: Callable[[str], str], tmp_path: Path
) -> None:
    """One command after the other: a report of the empty PostgreSQL, move there, back it up,
    restore it to SQLite."""
    before = content(url_of(books))
    assert sum(rows for rows, _ in before.values()) > 100
    server = empty("postgresql")
    with app_at(server) as place:
        CommandLine(lambda: place)("report", "portfolio")  # two lines: that it was made, and this
    told = CommandLine(lambda: books).json("move", server)
    assert (told["ok"], told["rows"]) == (True, sum(rows for rows, _ in before.values()))
    assert without_trail(content(server)) == without_trail(before)
    assert content(server)["trail_entries"][0] == before["trail_entries"][0] + 3
    path = tmp_path / "cadangan.zip"
    with app_at(server) as there:
        _lives(there)
        told = CommandLine(lambda: there).json("backup", path)
        assert told["checked"]
        assert told["chain_heads"].keys() == {"JATENG", "PASAR"}
    with app_at(empty("sqlite")) as again:
        told = CommandLine(lambda: again).json("restore", path)
        assert told["ok"]
        assert {check["ok"] for check in told["checks"]} == {True}
        there_now = content(url_of(again))
        assert without_trail(there_now) == without_trail(before)
        assert there_now["trail_entries"][0] == before["trail_entries"][0] + 4  # moved, restored
        _lives(again)
        said = CommandLine(lambda: again)("restore", path, code=1).stderr
        assert said.startswith("Basis data tujuan tidak kosong: ada 8 pengguna")


def _lives(app: Flask) -> None:
    """Triggers refuse again, and new numbers follow the old ones."""
    with app.app_context(), writing():
        assert schema.state(db.engine) is None
        with pytest.raises(DBAPIError, match="append-only"):
            db.session.execute(text("UPDATE ledger_entries SET amount = amount + 1"))
        db.session.rollback()
        most = db.session.scalar(text("SELECT MAX(id) FROM loans"))
        assert allocate_ids(db.session(), "loans", 1) == [most + 1]
        db.session.rollback()
        db.session.remove()


def test_a_backup_of_an_older_version_comes_back_as_the_newest(
    books: Flask, empty: Callable[[str], str], engine_name: str, tmp_path: Path
) -> None:
    path, old = tmp_path / "lama.zip", f"{int(schema.head_revision()) - 1:04d}"
    with books.app_context(), writing():
        downgrade(revision=old)
        assert backup(db.engine, path).manifest.revision == old
        db.session.remove()
    with app_at(empty(engine_name)) as again, again.app_context():
        assert restore(db.engine, path).revision == schema.head_revision()
        assert schema.state(db.engine) is None
        assert content(url_of(again))["loans"] == content(url_of(books))["loans"]


@pytest.mark.soak
def test_books_come_back_on_their_own_engine(
    made: Path, books: Flask, empty: Callable[[str], str], engine_name: str
) -> None:
    with app_at(empty(engine_name)) as again, again.app_context():
        restore(db.engine, made)
        assert without_trail(content(url_of(again))) == without_trail(content(url_of(books)))


@pytest.mark.parametrize("engine_name", SOAK_ON_BOTH, indirect=True)
def test_what_breaks_off_in_the_middle_leaves_the_place_as_empty_as_it_was(
    made: Path,
    empty: Callable[[str], str],
    engine_name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The proof comes last: all rows are in by then."""

    def no(*given: object) -> None:
        raise Refused("rows_differ", "Tidak sama.")

    monkeypatch.setattr(restoring, "_same_rows", no)
    with app_at(empty(engine_name)) as again:
        refused(again, made, "rows_differ")


@pytest.mark.soak
def test_what_was_printed_in_an_empty_place_does_not_keep_a_backup_out_and_is_not_lost(
    made: Path, books: Flask, empty: Callable[[str], str], engine_name: str, tmp_path: Path
) -> None:
    """Its lines stand behind those that came in, before the one of the return itself."""
    before = lines(books)
    head = schema.head_revision()
    url = empty(engine_name)
    with app_at(url) as place:
        run = CommandLine(lambda: place)
        run("upgrade")
        run("report", "portfolio", "--on", "2026-10-31")
        run("report", "indicators", "--year", "2026")
        run("rebuild")
        run("backup", tmp_path / "kosong.zip")
    with app_at(url) as again:
        run = CommandLine(lambda: again)
        assert run.json("restore", made)["carried_trail_lines"] == 5
        after = lines(again)
        assert after[: len(before)] == before
        *carried, last = after[len(before) :]
        assert last[0] == "books_restored"
        assert [(action, said.partition(" (sebelum pemulihan")[0]) for action, _, said in carried][
            :3
        ] == [
            ("schema_upgraded", f"Dibuat baru, versi {head}"),
            ("list_exported", "Portofolio per bank 31 Oktober 2026"),
            ("list_exported", "Indikator 2026"),
        ]
        assert [action for action, *_ in carried[3:]] == ["standings_rebuilt", "backup_made"]
        assert all(said.endswith("di basis data yang masih kosong)") for *_, said in carried)
        assert "8 pengguna" in run("restore", made, code=1).stderr


@ON_SQLITE
def test_a_place_in_which_something_was_changed_is_not_empty(session: Session) -> None:
    """Figures from outside the books are in none of the tables that are counted."""
    assert restoring.refuse_used(session.connection()) == []
    by = command_line_user(session)
    trail.record(session, clock.now(), by, "input_recorded", "indicator_input")
    session.flush()
    with pytest.raises(Refused, match=r"tidak kosong: ada 1 baris jejak kegiatan\."):
        restoring.refuse_used(session.connection())


@ON_SQLITE
def test_a_backup_that_is_damaged_anywhere_is_refused_in_words(
    made: Path, empty: Callable[[str], str], tmp_path: Path
) -> None:
    whole = made.read_bytes()
    bad = tmp_path / "rusak.zip"
    with app_at(empty("sqlite")) as again:
        for at in range(100, len(whole), len(whole) // 12):
            bad.write_bytes(whole[:at] + bytes([whole[at] ^ 0x40]) + whole[at + 1 :])
            assert _said_of(again, bad) in ("backup_damaged", ""), at
        for cut in (0, 10, len(whole) // 2, len(whole) - 1):
            bad.write_bytes(whole[:cut])
            assert "terpotong" in refused(again, bad, "backup_damaged")


@ON_SQLITE
def test_a_changed_byte_of_the_list_of_files_in_a_backup_is_told_in_words(
    made: Path, tmp_path: Path
) -> None:
    """What is in a zip, and how it is packed, stands behind all of it."""
    whole, bad = made.read_bytes(), tmp_path / "rusak.zip"
    codes = set()
    for at in range(whole.index(b"PK\x01\x02"), len(whole), 7):
        bad.write_bytes(whole[:at] + bytes([whole[at] ^ 0x40]) + whole[at + 1 :])
        try:
            with opened(bad) as reader:
                assert reader.seal
        except Refused as refused:
            codes.add(refused.code)
    assert codes == {"backup_damaged"}


def _said_of(app: Flask, path: Path) -> str:
    """Why a backup is refused; "" when its seal and all its rows are as they were."""
    try:
        with opened(path) as reader, app.app_context():
            reader.check()
            assert reader.seal == backups.sealed(reader.manifest_bytes)
    except Refused as refused:
        return refused.code
    return ""


@ON_SQLITE
def test_a_backup_that_somebody_changed_with_care_is_refused(
    made: Path, empty: Callable[[str], str], tmp_path: Path
) -> None:
    """A row with its hash made anew in the manifest; the seal needs the data key."""
    changed = tmp_path / "diubah.zip"
    _again(made, changed, "users", lambda line: line.replace(b"Approver", b"Aprover"))
    with app_at(empty("sqlite")) as again:
        assert "diubah sesudah cadangan dibuat" in refused(again, changed, "backup_damaged")


def _again(source: Path, target: Path, table: str, change: Callable[[bytes], bytes]) -> None:
    import hashlib

    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        manifest = json.loads(old.read("manifest.json"))
        lines = change(old.read(f"tables/{table}.jsonl"))
        next(t for t in manifest["tables"] if t["name"] == table)["sha256"] = hashlib.sha256(
            lines
        ).hexdigest()
        for name in old.namelist():
            given = lines if name == f"tables/{table}.jsonl" else old.read(name)
            new.writestr(name, json.dumps(manifest) if name == "manifest.json" else given)


@ON_SQLITE
def test_a_backup_of_another_key_or_of_a_newer_schema_is_refused(
    made: Path, books: Flask, empty: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with app_at(empty("sqlite")) as again:
        again.config["DATA_KEY"] = "another data key, also of the tests, of nothing real"
        assert "bukan kunci cadangan ini" in refused(again, made, "wrong_key")
        again.config["DATA_KEY"] = books.config["DATA_KEY"]
        monkeypatch.setattr(schema, "head_revision", lambda: "0001")
        assert "mengenal sampai 0001" in refused(again, made, "schema_newer")


def test_a_backup_is_of_one_moment_though_others_write_meanwhile(
    books: Flask, people: dict[str, int], tmp_path: Path
) -> None:
    """Somebody enters a borrower whenever the backup says how far it is; none of them is in it,
    and nobody has to wait."""
    url, entered = url_of(books), 0
    before = content(url)

    def meanwhile(done: int, total: int) -> None:
        nonlocal entered
        if entered >= 12:
            return
        entered += 1
        with app_at(url) as other:
            factories.saved(
                other, lambda s: factories.borrower(s, people["staff"], 500 + entered, "Wahyu")
            )

    with books.app_context():
        found = backup(db.engine, tmp_path / "cadangan.zip", meanwhile)
        db.session.remove()
    assert entered == 12
    assert {t.name: (t.rows, t.sha256) for t in found.manifest.tables} == before
    assert content(url)["borrowers"][0] == before["borrowers"][0] + 12


@ON_SQLITE
def test_where_a_reader_would_stop_the_writers_sqlite_makes_a_copy_first(
    books: Flask, tmp_path: Path
) -> None:
    before = content(url_of(books))
    with books.app_context():
        with db.engine.connect() as connection:
            connection.connection.execute("PRAGMA journal_mode=DELETE")  # type: ignore[attr-defined]
            found = backup(db.engine, tmp_path / "cadangan.zip")
        db.session.remove()
    assert {t.name: (t.rows, t.sha256) for t in found.manifest.tables} == before
    assert [p.name for p in tmp_path.glob("*.copy")] == []


@ON_SQLITE
def test_a_file_that_is_there_is_never_written_over_and_a_failure_leaves_none(
    books: Flask, tmp_path: Path
) -> None:
    run, there = CommandLine(lambda: books), tmp_path / "ada.zip"
    there.write_text("milik orang lain")
    assert "sudah ada dan tidak ditimpa" in run("backup", there, code=1).stderr
    assert there.read_text() == "milik orang lain"
    assert run.json("backup", tmp_path / "tiada" / "a.zip", code=1)["code"] == "backup_no_folder"

    def full(done: int, total: int) -> None:
        raise OSError(28, "No space left on device")

    with books.app_context():
        with pytest.raises(OSError, match="No space"):
            backup(db.engine, tmp_path / "penuh.zip", full)
        db.session.remove()
    assert sorted(p.name for p in tmp_path.glob("*penuh*")) == []


def test_neither_the_key_nor_a_nik_is_in_a_backup(books: Flask, made: Path) -> None:
    with zipfile.ZipFile(made) as file:
        inside = b"".join(file.read(name) for name in file.namelist())
    assert books.config["DATA_KEY"].encode() not in inside
    assert books.config["SECRET_KEY"].encode() not in inside
    assert b"3374014804850001" not in inside
    assert b"user_sessions.jsonl" not in made.read_bytes()
    assert made.stat().st_mode & 0o077 == 0
    with opened(made) as reader, books.app_context():
        assert isinstance(reader.manifest, Manifest)
        assert reader.manifest.key_check == index_of(backups.KEY_CHECK).hex()
