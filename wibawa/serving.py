"""The embedded server. It answers until it is asked to end; whom it is answering then, it answers.

waitress itself ends at once on SIGTERM, in the middle of an answer.
"""

from __future__ import annotations

import time
from threading import Event
from typing import Any

import structlog
import waitress
from flask import Flask
from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer

log = structlog.get_logger("wibawa.serving")

LAST_SECONDS = 30.0  # as long as gunicorn leaves its readers


def serve(app: Flask, stop: Event, **settings: Any) -> None:
    """Answer requests until `stop` is set; `settings` are those of waitress."""
    sockets: dict[int, Any] = {}
    server = waitress.create_server(app, map=sockets, **settings)
    while not stop.is_set():
        wasyncore.loop(timeout=1, map=sockets, count=1)
    for each in list(sockets.values()):
        if isinstance(each, BaseWSGIServer):
            wasyncore.dispatcher.close(each)  # nobody else comes in; its threads go on
    end = time.monotonic() + LAST_SECONDS
    while (left := sum(map(_is_busy, sockets.values()))) and time.monotonic() < end:
        wasyncore.loop(timeout=0.1, map=sockets, count=1)
    if left:
        log.warning("ended_before_answering", requests=left)
    server.task_dispatcher.shutdown(timeout=0 if left else 1)
    for each in list(sockets.values()):
        if isinstance(each, HTTPChannel):
            each.handle_close()  # with what it kept in files
    wasyncore.close_all(sockets)


def _is_busy(each: Any) -> bool:
    """Whether a connection has asked, or begun to ask, and has no whole answer yet."""
    return isinstance(each, HTTPChannel) and bool(
        each.request or each.requests or each.total_outbufs_len
    )
