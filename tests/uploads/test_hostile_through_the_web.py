"""Files that try to break the server are refused through the web while others go on working.

The server is a process of its own, with the worker that reads large files in it; its processor
time and memory, and its reading children's, are what the system counts. Times on the wall are told,
not asked for: the machine may be busy.
"""

from __future__ import annotations

import contextlib
import http.cookiejar
import os
import re
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests import factories
from tests.conftest import dispose, make_app
from tests.files import hostile
from wibawa.database import db, writing

SERVER = """
import sys, threading, waitress
from tests.conftest import make_app
from wibawa.jobs import runner
app = make_app(sys.argv[1])
threading.Thread(target=runner.work, args=(app, threading.Event()), daemon=True).start()
server = waitress.create_server(app, host="127.0.0.1", port=0, threads=4)
print(server.effective_port, flush=True)
server.run()
"""
# At once, by the worker that read a large one, or by its size.
REFUSED = ("perlu diperbaiki", "Berkas tidak terbaca", "Batasnya 10 MB")
TICKS = os.sysconf("SC_CLK_TCK")
ALL = hostile.TOO_LARGE | hostile.UNREADABLE | hostile.HEAVY
SOME = (
    "a cell at XFD1048576",
    "a megabyte of text repeated",
    "twenty thousand zip members",
    "xml bomb",
)


class Person:
    """Somebody with a browser, signed in."""

    def __init__(self, url: str, username: str) -> None:
        self.url = url
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self.opener = urllib.request.build_opener(cookies)
        self.open("/masuk", {"username": username, "password": factories.PASSWORD})

    def open(self, path: str, form: dict[str, str] | None = None) -> str:
        data = urllib.parse.urlencode(form).encode() if form else None
        with self.opener.open(self.url + path, data, timeout=120) as answer:
            return str(answer.read().decode())

    def upload(self, content: bytes) -> str:
        """The page that tells what became of the file, once it was read."""
        edge = uuid.uuid4().hex
        head = (
            f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="a.xlsx"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        )
        request = urllib.request.Request(
            f"{self.url}/angsuran/berkas/baru",
            b"".join([head.encode(), content, f"\r\n--{edge}--\r\n".encode()]),
            {"Content-Type": f"multipart/form-data; boundary={edge}"},
        )
        try:
            with self.opener.open(request, timeout=120) as answer:
                address, page = answer.geturl().removeprefix(self.url), str(answer.read().decode())
            until = time.monotonic() + 120
            while "Sedang diperiksa" in page and time.monotonic() < until:
                time.sleep(0.1)
                page = self.open(address)
            return page
        except urllib.error.HTTPError as error:  # 413 for what is above ten megabytes
            return str(error.read().decode())


@dataclass
class Live:
    """The server's process, and the most memory that any of its children took (kB)."""

    url: str
    pid: int
    children: dict[int, int] = field(default_factory=dict)

    def memory(self, name: str = "VmRSS") -> int:
        return status(self.pid)[name]

    def processor_seconds(self) -> tuple[float, float]:
        """Of the server itself, and of its children that have ended."""
        stat = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        own, kernel, children, childrens_kernel = map(int, stat[11:15])
        return (own + kernel) / TICKS, (children + childrens_kernel) / TICKS

    def watch(self, stop: threading.Event) -> None:
        while not stop.wait(0.005):
            for child in Path(f"/proc/{self.pid}/task").glob("*/children"):
                with contextlib.suppress(OSError):
                    for pid in map(int, child.read_text().split()):
                        self.look_at(pid)

    def look_at(self, pid: int) -> None:
        with contextlib.suppress(OSError, KeyError):
            if b"xlsx_child" in Path(f"/proc/{pid}/cmdline").read_bytes():
                self.children[pid] = status(pid)["VmHWM"]


def status(pid: int) -> dict[str, int]:
    text = Path(f"/proc/{pid}/status").read_text()
    return {name: int(size) for name, size in re.findall(r"(Vm\w+):\s+(\d+) kB", text)}


@pytest.fixture
def engine_name() -> str:
    return "sqlite"


@pytest.fixture
def live(database_url: str) -> Iterator[Live]:
    app = make_app(database_url)
    with app.app_context(), writing():
        factories.people(db.session())
        db.session.commit()
    dispose(app)
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER, database_url],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    assert process.stdout is not None
    port = process.stdout.readline().decode().strip()
    found = Live(f"http://127.0.0.1:{port}", process.pid)
    stop = threading.Event()
    watcher = threading.Thread(target=found.watch, args=(stop,))
    watcher.start()
    yield found
    stop.set()
    watcher.join()
    process.kill()
    process.wait()
    process.stdout.close()


@contextlib.contextmanager
def others_at_work(live: Live) -> Iterator[list[float]]:
    """Two other people who open pages all the time; the seconds that each answer took."""
    waits: list[float] = []
    stop = threading.Event()

    def look(person: Person, path: str) -> None:
        while not stop.is_set():
            start = time.perf_counter()
            person.open(path)
            waits.append(time.perf_counter() - start)
            stop.wait(0.1)

    people = [(Person(live.url, "staff"), "/angsuran/berkas"), (Person(live.url, "jateng"), "/")]
    threads = [threading.Thread(target=look, args=each) for each in people]
    for thread in threads:
        thread.start()
    try:
        yield waits
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def campaign(
    live: Live, names: Sequence[str], most: int, say: Callable[[str], None]
) -> list[float]:
    """Upload each of these files and hold the server to its limits: it may grow by `most` MB.
    Gives back what the others waited."""
    officer = Person(live.url, "pasar")
    officer.upload(hostile.zip_of_something_else())
    with others_at_work(live) as waits:
        while len(waits) < 4:
            time.sleep(0.05)
        before = live.memory()
        for name in names:
            content, seen = ALL[name](), len(waits)
            start, spent = time.perf_counter(), live.processor_seconds()
            page = officer.upload(content)
            took = time.perf_counter() - start
            own, children = (b - a for a, b in zip(spent, live.processor_seconds(), strict=True))
            say(
                f"{name}: {children:.2f} s of processor to read, {own:.2f} s in the server with "
                f"{len(waits) - seen} other answers, {took:.2f} s on the wall, slowest other "
                f"answer {max(waits[seen:], default=0):.2f} s, server {live.memory() // 1024} MB"
            )
            if name not in hostile.HEAVY:
                assert any(words in page for words in REFUSED), name
            assert children < 3, name  # two seconds, and what starting a process takes
        grown = live.memory() - before
    say(
        f"the server grew by {grown // 1024} MB to {live.memory() // 1024} MB; the largest child "
        f"took {max(live.children.values()) // 1024} MB; {len(waits)} other answers, slowest "
        f"{max(waits):.2f} s, half of them within {sorted(waits)[len(waits) // 2]:.2f} s"
    )
    assert grown < most * 1024
    assert max(live.children.values()) < 300 * 1024
    return waits


def test_hostile_workbooks_are_refused_while_others_are_served(live: Live) -> None:
    waits = campaign(live, SOME, 40, lambda line: None)
    assert sorted(waits)[len(waits) // 2] < 1


@pytest.mark.soak
def test_every_hostile_file_is_refused_while_others_are_served(
    live: Live, capsys: pytest.CaptureFixture[str]
) -> None:
    def say(line: str) -> None:
        with capsys.disabled():
            print(line)

    workbooks = [name for name, make in ALL.items() if make()[:2] == b"PK"]
    waits = campaign(live, workbooks, 100, say)
    campaign(
        live, [*SOME, "a fitting text repeated", "zip bomb"], 10, say
    )  # nothing is left behind
    assert sorted(waits)[len(waits) // 2] < 1
    officer = Person(live.url, "pasar")
    for name in sorted(ALL.keys() - set(workbooks)):
        start, spent = time.perf_counter(), sum(live.processor_seconds())
        page = officer.upload(ALL[name]())
        took, spent = time.perf_counter() - start, sum(live.processor_seconds()) - spent
        say(f"{name}: {spent:.2f} s of processor, {took:.2f} s on the wall")
        assert any(words in page for words in REFUSED), name
        assert spent < 3, name
    assert live.memory("VmHWM") < 300 * 1024
