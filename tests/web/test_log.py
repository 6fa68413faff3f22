"""One line of the log is one event, whatever somebody sent."""

from __future__ import annotations

import json
import logging
import sys

import pytest
import structlog
from gunicorn.config import Config

from tests.conftest import dispose, make_app
from wibawa import starting
from wibawa.web import log

FORGED = 'x\r\n{"event": "sign_in", "who": "admin"}\u2028\x1b[2J'


def test_what_the_program_says_is_one_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    before = structlog.get_config()
    app = make_app("sqlite://")
    app.testing = False
    log.register(app)
    try:
        structlog.get_logger("wibawa.errors").error("crash", path=FORGED)
    finally:
        structlog.configure(**before)
        dispose(app)
    lines = [line for line in capsys.readouterr().err.splitlines() if line]
    told = [json.loads(line) for line in lines]
    assert [(each["event"], each["path"]) for each in told] == [("crash", FORGED)]
    assert told[0]["timestamp"].endswith("Z")


def test_what_a_library_says_is_one_line_of_json_with_its_trace() -> None:
    try:
        raise ValueError(FORGED)
    except ValueError:
        record = logging.LogRecord(
            "waitress", logging.ERROR, "", 1, "for %s", (FORGED,), sys.exc_info()
        )
    said = log._Masked().format(record)
    assert len(said.splitlines()) == 1
    told = json.loads(said)
    assert (told["event"], told["level"], told["logger"]) == (f"for {FORGED}", "error", "waitress")
    assert told["timestamp"].endswith("Z")
    assert "Traceback" in told["exception"]


def test_the_line_of_a_request_stays_one_whatever_its_address_means() -> None:
    config = Config()
    for name, value in vars(starting).items():  # as gunicorn reads the file that its unit names
        if name in config.settings:
            config.set(name, value)
    sent = {"U": f"/a\n{FORGED}\\", "m": "GET", "B": 5}
    atoms = config.logger_class.atoms_wrapper_class(sent)
    line = logging.LogRecord("", logging.INFO, "", 1, '"%(m)s %(U)s" %(B)s %(q)s', (atoms,), None)
    said = line.getMessage()
    assert said.isprintable(), said
    assert said.startswith('"GET /a\\nx\\r\\n{')
    assert said.endswith('\\u2028\\x1b[2J\\" 5 -')
