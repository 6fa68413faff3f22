"""The worker that runs beside the embedded server, as a process of its own.

A process and not a thread: drawing thousands of papers must not slow the pages down, and what it
does to memory ends with it. It ends with the server, however that ends: when the server is gone,
the pipe on the worker's standard input closes.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

COMMAND = (sys.executable, "-m", "wibawa", "work", "--beside")
AGAIN_SECONDS = 5  # a worker that died is started again, but not in a frenzy
LAST_SECONDS = 10


@contextmanager
def worker_beside(command: Sequence[str] = COMMAND) -> Iterator[None]:
    """Keep a worker running as long as the block runs."""
    stop = threading.Event()
    watch = threading.Thread(target=_keep_running, args=(command, stop), daemon=True)
    watch.start()
    try:
        yield
    finally:
        stop.set()
        watch.join(LAST_SECONDS + AGAIN_SECONDS)


def _keep_running(command: Sequence[str], stop: threading.Event) -> None:
    while not stop.is_set():
        process = subprocess.Popen(command, stdin=subprocess.PIPE)  # noqa: S603 - our own command
        assert process.stdin is not None
        while process.poll() is None and not stop.wait(0.2):
            pass
        with suppress(OSError):
            process.stdin.close()
        try:
            process.wait(LAST_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        stop.wait(AGAIN_SECONDS)


def stop_when_asked(stop: threading.Event, *, beside: bool) -> None:
    """Set `stop` on SIGTERM and Ctrl+C, and `beside` a server when that is gone. For the main
    thread."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    if beside:
        threading.Thread(target=_until_closed, args=(stop,), daemon=True).start()


def _until_closed(stop: threading.Event) -> None:
    """Nobody writes to the pipe: reading it ends when its other end is gone."""
    with suppress(OSError):
        while os.read(0, 1):
            pass
    stop.set()
