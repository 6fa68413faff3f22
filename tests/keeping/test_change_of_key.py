"""`wibawa key new` and `wibawa key rotate`: everything is sealed with the old key or with the new
one, whenever it is interrupted; nobody who still has the old one writes any more."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, select, text

import config
from tests import factories
from tests.commands.conftest import CommandLine
from tests.conftest import dispose, make_app
from tests.database.sealed_rows import fill_sealed, plain_of, sealed_columns
from tests.house.test_no_contact_anywhere import address, made, nik, phone
from tests.keeping.conftest import app_at, content, url_of
from wibawa.access import keys, second_factor
from wibawa.access.personal_data import DataKey, WrongKey, data_key
from wibawa.access.sealed import SealedText
from wibawa.access.second_factor import new_recovery_codes, take_recovery
from wibawa.borrowers.actions import add_borrowers
from wibawa.borrowers.queries import borrower_facts, find_borrowers
from wibawa.database import db, reading, writing
from wibawa.keeping import rekeying, sealing
from wibawa.keeping.backups import backup
from wibawa.keeping.rekeying import rotate
from wibawa.keeping.restoring import restore
from wibawa.keeping.sealing import seal_anew, sealed_tables
from wibawa.rules.refused import Refused
from wibawa.web.clock import now

OLD, NEW = "data key of the tests, not of anything real", "n" * 64


class Interrupted(Exception):
    pass


@pytest.fixture
def key_file(app: Flask, tmp_path: Path) -> Path:
    """The old key in a file, as an installation has it, and the new one waiting beside."""
    path = tmp_path / "key" / "data.key"
    path.parent.mkdir()
    path.write_text(OLD)
    path.with_name("data.key.new").write_text(NEW)
    app.config |= {"DATA_KEY_FILE": str(path), "BACKUP_FOLDER": str(tmp_path / "cadangan")}
    return path


@pytest.fixture
def few(app: Flask, people: dict[str, int]) -> list[str]:
    """Five borrowers, and the recovery codes of one clerk."""
    wanted = [made(number) for number in range(1, 6)]
    factories.saved(app, lambda s: add_borrowers(s, wanted, people["staff"], now()))
    return factories.saved(app, lambda s: new_recovery_codes(s, people["staff"]))


def _changed(app: Flask, path: Path, **more: Any) -> rekeying.Rotated:
    with app.app_context():
        folder = Path(app.config["BACKUP_FOLDER"])
        return rotate(db.engine, folder, path.with_name("data.key.new"), **more)


def _all_there(app: Flask) -> None:
    """The five borrowers, by their numbers and with them."""
    with app.app_context():
        assert keys.state(db.engine) is None
        for number in range(1, 6):
            for typed in (nik(number), phone(number)):
                assert [line.id for line in find_borrowers(db.session(), typed)] == [number]
            facts = borrower_facts(db.session(), number)
            assert facts is not None
            assert (facts.nik, facts.phone, facts.address) == (
                nik(number),
                phone(number),
                address(number),
            )
        db.session.remove()


def test_everything_is_found_and_read_with_the_new_key_and_nothing_with_the_old_one(
    app: Flask, people: dict[str, int], few: list[str], key_file: Path
) -> None:
    done = _changed(app, key_file)
    assert done.installed
    assert done.values >= 15  # five borrowers with NIK, phone and address
    assert key_file.read_text() == NEW
    assert done.old_key is not None
    assert done.old_key.read_text() == OLD
    assert done.old_key.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in key_file.parent.iterdir()) == [
        "data.key",
        done.old_key.name,
    ]
    _all_there(app)
    app.config["DATA_KEY"] = OLD
    with app.app_context(), reading():
        assert "bukan kunci basis data ini" in str(keys.state(db.engine))
        with pytest.raises(WrongKey):
            borrower_facts(db.session(), 1)
        assert find_borrowers(db.session(), nik(1)) == []
        db.session.remove()


def test_a_recovery_code_on_paper_is_good_after_the_key_was_changed_twice(
    app: Flask, people: dict[str, int], few: list[str], key_file: Path
) -> None:
    _changed(app, key_file)
    app.config["DATA_KEY"] = NEW
    key_file.with_name("data.key.new").write_text("m" * 64)
    _changed(app, key_file)
    by = people["staff"]
    assert factories.saved(app, lambda s: take_recovery(s, by, few[3], now()))
    assert not factories.saved(app, lambda s: take_recovery(s, by, few[3], now()))


def test_a_key_of_before_is_forgotten_with_the_last_code_that_needs_it(
    app: Flask, people: dict[str, int], few: list[str], key_file: Path
) -> None:
    _changed(app, key_file)
    for code in few:
        assert factories.saved(app, lambda s, c=code: take_recovery(s, people["staff"], c, now()))
    with app.app_context():
        assert db.session.scalar(text("SELECT count(*) FROM past_keys")) == 1
        db.session.remove()
    key_file.with_name("data.key.new").write_text("m" * 64)
    _changed(app, key_file)
    with app.app_context():
        assert db.session.scalar(text("SELECT count(*) FROM past_keys")) == 0
        db.session.remove()


def test_an_interruption_at_each_batch_leaves_the_old_key_whole_and_the_next_try_ends_it(
    app: Flask, few: list[str], key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "AT_ONCE", 2)
    before = content(url_of(app))
    steps: list[int] = []
    dies_at = 0

    def tell(done: int, total: int) -> None:
        if done and len(steps) == dies_at:
            raise Interrupted
        steps.append(done)

    with app.app_context():
        engine = db.engine
    while True:
        steps.clear()
        try:
            with app.app_context(), writing(), engine.begin() as connection:
                keys.hold_writers(connection)
                seal_anew(connection, data_key(OLD), data_key(NEW), tell)
            break
        except Interrupted:
            assert content(url_of(app)) == before
            dies_at += 1
    assert dies_at >= 5  # five borrowers in three batches, and other tables
    app.config["DATA_KEY"] = NEW
    _all_there(app)


def _killed(app: Flask, deed: Callable[[], Any]) -> None:
    """Run `deed` in a process that kills itself meanwhile."""
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
    child = os.fork()
    if child == 0:
        try:
            deed()
        finally:
            os._exit(1)  # it should not have come here
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)
    assert os.WTERMSIG(status) == signal.SIGKILL


def _die(*_: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize(
    "at", ["a batch", "the commit", "after the commit", "the aside", "the end"]
)
def test_a_process_that_is_killed_leaves_one_key_and_the_next_one_ends_it(
    app: Flask, few: list[str], key_file: Path, at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, settings = url_of(app), ("DATA_KEY_FILE", "BACKUP_FOLDER")
    given = {name: app.config[name] for name in settings}

    def deed() -> None:
        own = make_app(url, **given)
        if at == "after the commit":
            monkeypatch.setattr(rekeying, "_installed", _die)
        elif at == "the aside":
            monkeypatch.setattr(rekeying, "_put_aside", _die)
        elif at == "the end":
            monkeypatch.setattr(keys, "settle", _second_time())
        elif at == "the commit":
            with own.app_context():
                event.listen(db.engine, "commit", _die)
        _changed(own, key_file, tell=_die if at == "a batch" else lambda done, total: None)

    _killed(app, deed)
    with app.app_context():
        said = keys.state(db.engine)
    kept = config.load("testing", DATABASE_URL=url, DATA_KEY_FILE=str(key_file))
    fresh = make_app(url, **given)
    fresh.config["DATA_KEY"] = app.config["DATA_KEY"] = kept["DATA_KEY"] = key_file.read_text()
    if at in ("a batch", "the commit"):
        assert said is None
        _all_there(app)
    elif at != "the end":
        assert "wibawa key rotate" in str(said)
    _changed(fresh, key_file)
    assert key_file.read_text() == NEW
    assert not key_file.with_name("data.key.new").exists()
    fresh.config["DATA_KEY"] = NEW
    _all_there(fresh)
    dispose(fresh)


def _second_time() -> Callable[[Path], None]:
    """Dies when the new key has come into its place, and its waiting copy is still there."""
    seen: list[Path] = []

    def settle(folder: Path) -> None:
        seen.append(folder)
        if len(seen) == 2:
            _die()

    return settle


def test_every_sealed_column_of_the_models_is_sealed_anew(
    app: Flask, people: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_sealed(app)
    factories.saved(app, lambda session: new_recovery_codes(session, people["staff"]))
    if url_of(app).startswith("postgresql"):  # the checks of the rows that nobody could enter
        monkeypatch.setattr(sealing.schema, "differences", lambda connection: [])
    rows = "SELECT (SELECT count(*) FROM borrowers), (SELECT count(*) FROM past_keys)"
    with app.app_context(), writing(), db.engine.begin() as connection:
        values = seal_anew(connection, data_key(OLD), data_key(NEW))
        assert connection.execute(text(rows)).one() == (2, 3)
    columns = [one for one in sealed_columns() if one.table.name != "data_key_checks"]
    parts = sum(2 for each in sealed_tables().values() for _ in each.parts)
    assert values == 2 * len(columns) + parts + 2  # the word that tells the key, the past key
    with app.app_context(), db.engine.connect() as connection:
        for one in columns:
            _opens_with_the_new_key_alone(connection, one)
        index = "SELECT nik_index, phone_index FROM borrowers WHERE id = 2"
        assert [bytes(each) for each in connection.execute(text(index)).one()] == [
            DataKey(NEW).index_of("borrowers.nik 2"),
            DataKey(NEW).index_of("phone:borrowersphone2"),
        ]
        token = connection.execute(text("SELECT token_hash FROM issued_papers WHERE id = 1"))
        assert bytes(token.scalar_one()) == DataKey(NEW).index_of("issued_papers.token token 1")


def _opens_with_the_new_key_alone(connection: Any, one: Any) -> None:
    each = sealed_tables()[one.table.name]
    for batch in sealing._batches(connection, each):
        for number, row in enumerate(batch[:2], 1):
            plain = sealing._opened_value(one, row, data_key(NEW))
            assert plain == plain_of(f"{one.table.name}.{one.name}", number)
            with pytest.raises(Refused, match="tidak dapat dibuka"):
                sealing._opened_value(one, row, data_key(OLD))


def test_a_value_that_was_changed_by_hand_stops_it_in_words_and_nothing_changes(
    app: Flask, few: list[str], key_file: Path
) -> None:
    with app.app_context(), writing(), db.engine.begin() as connection:
        connection.execute(text("UPDATE borrowers SET address = phone WHERE id = 4"))
    before = content(url_of(app))
    with pytest.raises(Refused, match="tabel borrowers, kolom address, baris 4 "):
        _changed(app, key_file)
    assert content(url_of(app)) == before
    assert key_file.read_text() == OLD


def test_who_still_has_the_old_key_writes_nothing_and_is_told_so(
    app: Flask,
    few: list[str],
    people: dict[str, int],
    key_file: Path,
    sign_in: Callable[[str], factories.Client],
) -> None:
    staff = sign_in("staff")
    assert staff.get("/peminjam").status_code == 200
    with app_at(url_of(app)) as other:
        other.config |= {name: app.config[name] for name in ("DATA_KEY_FILE", "BACKUP_FOLDER")}
        _changed(other, key_file)
    for _ in range(2):
        answer = staff.post("/keluar")
        assert answer.status_code == 503
        assert "Kunci data" in answer.get_data(as_text=True)
    with app.app_context(), writing(), pytest.raises(WrongKey, match="diganti sementara"):
        db.session.execute(text("UPDATE users SET name = name"))
    with app.app_context():
        db.session.remove()


def test_a_backup_of_before_comes_back_with_its_own_key_and_takes_the_new_one_then(
    app: Flask, few: list[str], key_file: Path, empty: Callable[[str], str], engine_name: str
) -> None:
    done = _changed(app, key_file)
    assert done.backup is not None
    with app_at(empty(engine_name)) as there:
        there.config |= {"DATA_KEY": NEW, "DATA_KEY_FILE": str(key_file)}
        with there.app_context(), pytest.raises(Refused, match="bukan kunci cadangan ini"):
            restore(db.engine, done.backup)
        there.config["DATA_KEY"] = OLD
        with there.app_context():
            restore(db.engine, done.backup)
        _all_there(there)
        waiting = key_file.with_name("lain.new")
        waiting.write_text(NEW)
        there.config["BACKUP_FOLDER"] = app.config["BACKUP_FOLDER"] + "-lain"
        with there.app_context():
            again = rotate(db.engine, Path(there.config["BACKUP_FOLDER"]), waiting)
        assert not again.installed  # the old key did not come from that file
        assert waiting.read_text() == NEW
        there.config["DATA_KEY"] = NEW
        _all_there(there)


def test_a_new_backup_is_of_the_new_key(
    app: Flask, few: list[str], key_file: Path, tmp_path: Path
) -> None:
    _changed(app, key_file)
    with app.app_context():
        made_of_new = backup(db.engine, tmp_path / "baru.zip").manifest.key_check
        app.config["DATA_KEY"] = OLD
        with pytest.raises(WrongKey):
            db.session.scalars(select(_phone())).all()
        app.config["DATA_KEY"] = NEW
        assert made_of_new == DataKey(NEW).index_of("wibawa/backup/key-check").hex()
        db.session.remove()


def _phone() -> Any:
    (found,) = (one for one in sealed_columns() if str(one) == "borrowers.phone")
    assert isinstance(found.type, SealedText)
    return found


def test_the_commands_make_a_key_and_change_to_it(
    app: Flask, few: list[str], key_file: Path
) -> None:
    run = CommandLine(lambda: app)
    waiting = key_file.with_name("data.key.new")
    assert run.json("key", "new", code=1)["code"] == "new_key_waits"
    waiting.unlink()
    assert run.json("key", "rotate", code=1)["code"] == "no_new_key"
    assert run.json("key", "new")["new_key"] == str(waiting)
    made_key = waiting.read_text()
    assert len(made_key) == 64
    assert waiting.stat().st_mode & 0o777 == 0o600
    said = run("key", "rotate").output
    assert "nilai disegel dengan kunci baru" in said
    assert f"Kunci baru terpasang di {key_file}." in said
    assert key_file.read_text() == made_key
    _all_there(app)
    assert run.json("check")["ok"]
    trail = "SELECT count(*) FROM trail_entries WHERE action = 'data_key_changed'"
    with app.app_context():
        assert db.session.scalar(text(trail)) == 1
        db.session.remove()


def test_a_key_from_the_environment_is_put_there_by_hand(
    app: Flask, few: list[str], key_file: Path
) -> None:
    run = CommandLine(lambda: app)
    key_file.unlink()
    waiting = key_file.with_name("data.key.new")
    done = run.json("key", "rotate")
    assert (done["installed"], done["old_key"]) == (False, None)
    assert "wibawa key rotate" in run("check", code=1).stderr
    assert "Pasang isi" in run("key", "rotate").output
    app.config["DATA_KEY"] = NEW  # by whoever keeps the machine
    again = run.json("key", "rotate")
    assert (again["installed"], again["values"]) == (True, 0)
    assert not waiting.exists()
    _all_there(app)


def test_a_key_that_is_too_short_is_refused(app: Flask, few: list[str], key_file: Path) -> None:
    key_file.with_name("data.key.new").write_text("pendek")
    with pytest.raises(Refused, match="kurang dari 32"):
        _changed(app, key_file)
    assert len(few) == second_factor.CODES
