"""The data key: made for an empty database only, outside the data, and known again at start."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from flask import Flask

import config
from tests.conftest import dispose
from wibawa.access.keys import refuse_another_key
from wibawa.access.personal_data import WrongKey
from wibawa.app import create_app
from wibawa.database import db
from wibawa.migrating import migrate_if_empty


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv("WIBAWA_INSTANCE", str(folder))
    for name in ("WIBAWA_DATA_KEY", "WIBAWA_DATA_KEY_FILE", "WIBAWA_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    return folder


def started(*, check_schema: bool = False) -> Flask:
    return create_app(config.load("development"), check_schema=check_schema)


@pytest.mark.usefixtures("clock")
def test_a_new_installation_gets_a_key_outside_its_data(instance: Path) -> None:
    app = started()
    migrate_if_empty(app)
    dispose(app)
    key = instance.with_name("data-key") / "data.key"
    assert len(key.read_text()) == 64
    assert key.stat().st_mode & 0o777 == 0o600
    assert key.parent.stat().st_mode & 0o777 == 0o700
    assert key.read_text() == app.config["DATA_KEY"]
    assert not [path for path in instance.iterdir() if path.name == "data.key"]
    held = b"".join(path.read_bytes() for path in instance.iterdir())
    assert key.read_bytes() not in held
    again = started(check_schema=True)
    assert again.config["DATA_KEY"] == app.config["DATA_KEY"]
    dispose(again)


@pytest.mark.usefixtures("clock")
def test_an_old_database_without_its_key_is_refused_and_gets_no_new_one(instance: Path) -> None:
    app = started()
    migrate_if_empty(app)
    dispose(app)
    folder = instance.with_name("data-key")
    shutil.rmtree(folder)
    with pytest.raises(WrongKey, match="Kunci data tidak ada"):
        started()
    assert not folder.exists()


@pytest.mark.usefixtures("clock")
def test_another_key_is_refused_at_start_in_words(
    instance: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = started()
    migrate_if_empty(app)
    dispose(app)
    monkeypatch.setenv("WIBAWA_DATA_KEY", "k" * 40)
    with pytest.raises(WrongKey, match="bukan kunci basis data ini"):
        started(check_schema=True)
    app = started()
    with app.app_context(), pytest.raises(WrongKey, match="bukan kunci basis data ini"):
        refuse_another_key(db.engine)
    answer = app.test_client().get("/masuk")
    assert answer.status_code == 503
    assert "bukan kunci basis data ini" in answer.get_data(as_text=True)
    dispose(app)


def test_a_key_among_the_data_is_moved_out_with_a_message(
    instance: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (instance / "data.key").write_text("o" * 64)
    assert config.load("development")["DATA_KEY"] == "o" * 64
    moved = instance.with_name("data-key") / "data.key"
    assert moved.read_text() == "o" * 64
    assert not (instance / "data.key").exists()
    assert "Kunci data dipindahkan" in capsys.readouterr().err
    assert config.load("development")["DATA_KEY"] == "o" * 64
    assert capsys.readouterr().err == ""


def test_production_takes_the_key_from_its_variable_or_file_and_never_makes_one(
    instance: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WIBAWA_SECRET_KEY", "s" * 40)
    monkeypatch.setenv("WIBAWA_PUBLIC_URL", "https://wibawa.example")
    with pytest.raises(config.ConfigurationError, match="WIBAWA_DATA_KEY"):
        config.load("production")
    file = instance.with_name("secret")
    file.write_text("f" * 40 + "\n")
    monkeypatch.setenv("WIBAWA_DATA_KEY_FILE", str(file))
    assert config.load("production")["DATA_KEY"] == "f" * 40
    monkeypatch.setenv("WIBAWA_DATA_KEY", "v" * 40)
    assert config.load("production")["DATA_KEY"] == "v" * 40
