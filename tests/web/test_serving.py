"""The embedded server ends as gunicorn does: whom it is answering is answered, nobody else."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from flask import Flask, request

from tests.trouble.day import free_port, wait_for
from wibawa import serving

BODY = b"x" * 1000


@contextmanager
def running(app: Flask) -> Iterator[tuple[int, Callable[[], float]]]:
    """The port, and what asks the server to end and says how long it took."""
    port, stop = free_port(), threading.Event()
    thread = threading.Thread(
        target=serving.serve, args=(app, stop), kwargs={"host": "127.0.0.1", "port": port}
    )
    thread.start()

    def ended() -> float:
        begin = time.monotonic()
        stop.set()
        thread.join(20)
        assert not thread.is_alive()
        return time.monotonic() - begin

    try:
        wait_for(port)
        yield port, ended
    finally:
        stop.set()
        thread.join(20)


@pytest.fixture
def slow() -> tuple[Flask, threading.Event, threading.Event]:
    """Pages of which one takes as long as the test wants: it began, and it may go on."""
    app, began, go_on = Flask("slow"), threading.Event(), threading.Event()

    @app.post("/")
    def index() -> bytes:
        return str(len(request.get_data())).encode()

    @app.get("/long")
    def long() -> bytes:
        began.set()
        go_on.wait(20)
        return BODY * 3000

    return app, began, go_on


def test_what_was_begun_is_answered_and_nobody_else_comes_in(
    slow: tuple[Flask, threading.Event, threading.Event],
) -> None:
    """A page that is being made, a body half of which has arrived, and somebody who waits."""
    app, began, go_on = slow
    with running(app) as (port, ended):
        asked, half, idle = (http.client.HTTPConnection("127.0.0.1", port) for _ in range(3))
        asked.request("GET", "/long")
        half.putrequest("POST", "/")
        half.putheader("Content-Length", str(len(BODY)))
        half.endheaders(BODY[:500])
        idle.connect()
        began.wait(20)
        end = threading.Thread(target=ended)
        end.start()
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
            except ConnectionRefusedError:
                break
            time.sleep(0.05)
        half.send(BODY[500:])
        assert half.getresponse().read() == b"1000"
        go_on.set()
        assert asked.getresponse().read() == BODY * 3000
        end.join(20)
        assert not end.is_alive(), "who has asked nothing holds nobody up"
        for each in (asked, half, idle):
            each.close()


def test_who_takes_too_long_is_not_waited_for(
    slow: tuple[Flask, threading.Event, threading.Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    app, began, go_on = slow
    monkeypatch.setattr(serving, "LAST_SECONDS", 0.3)
    with running(app) as (port, ended):
        asked = http.client.HTTPConnection("127.0.0.1", port)
        asked.request("GET", "/long")
        began.wait(20)
        assert 0.3 < ended() < 5
        with pytest.raises((http.client.HTTPException, ConnectionError)):
            asked.getresponse()
        go_on.set()
