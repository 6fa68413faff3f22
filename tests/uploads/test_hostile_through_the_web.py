"""Files that try to break the server are refused through the web while others go on working.

The server is a process of its own, and the worker that reads large files another, as in daily use;
their processor time and memory, and their reading children's, are what the system counts. Times on
the wall are told, not asked for: the machine may be busy.
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
import sys, waitress
from tests.conftest import make_app
server = waitress.create_server(make_app(sys.argv[1]), host="127.0.0.1", port=0, threads=4)
print(server.effective_port, flush=True)
server.run()
"""
WORKER = """
import sys, threading
from tests.conftest import make_app
from wibawa.jobs import runner
runner.work(make_app(sys.argv[1]), threading.Event())
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
    """The processes of server and worker, and the most memory that any of their children took
    (kB)."""

    url: str
    pids: tuple[int, int]
    children: dict[int, int] = field(default_factory=dict)

    def memory(self, name: str = "VmRSS") -> list[int]:
        """Of the server and of the worker, kB."""
        return [status(pid)[name] for pid in self.pids]

    def processor_seconds(self) -> tuple[float, float]:
        """Of both, and of their children that have ended."""
        used = [0, 0]
        for pid in self.pids:
            stat = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            own, kernel, children, childrens_kernel = map(int, stat[11:15])
            used = [used[0] + own + kernel, used[1] + children + childrens_kernel]
        return used[0] / TICKS, used[1] / TICKS

    def watch(self, stop: threading.Event) -> None:
        while not stop.wait(0.005):
            for own in self.pids:
                for child in Path(f"/proc/{own}/task").glob("*/children"):
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
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    server, worker = (
        subprocess.Popen(
            [sys.executable, "-c", code, database_url], stdout=subprocess.PIPE, env=environment
        )
        for code in (SERVER, WORKER)
    )
    assert server.stdout is not None
    port = server.stdout.readline().decode().strip()
    found = Live(f"http://127.0.0.1:{port}", (server.pid, worker.pid))
    stop = threading.Event()
    watcher = threading.Thread(target=found.watch, args=(stop,))
    watcher.start()
    yield found
    stop.set()
    watcher.join()
    for process in (server, worker):
        process.kill()
        process.wait()
        assert process.stdout is not None
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
    """Upload each of these files and hold both to their limits: each may grow by `most` MB.
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
                f"{name}: {children:.2f} s of processor to read, {own:.2f} s in the two with "
                f"{len(waits) - seen} other answers, {took:.2f} s on the wall, slowest other "
                f"answer {max(waits[seen:], default=0):.2f} s, {_megabytes(live.memory())}"
            )
            if name not in hostile.HEAVY:
                assert any(words in page for words in REFUSED), name
            assert children < 3, name  # two seconds, and what starting a process takes
        grown = [now - then for now, then in zip(live.memory(), before, strict=True)]
    say(
        f"grown by {_megabytes(grown)}, to {_megabytes(live.memory())}; the largest child "
        f"took {max(live.children.values()) // 1024} MB; {len(waits)} other answers, slowest "
        f"{max(waits):.2f} s, half of them within {sorted(waits)[len(waits) // 2]:.2f} s"
    )
    assert max(grown) < most * 1024
    assert max(live.children.values()) < 300 * 1024
    return waits


def _megabytes(both: Sequence[int]) -> str:
    server, worker = (size // 1024 for size in both)
    return f"server {server} MB, worker {worker} MB"


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
    waits = campaign(live, workbooks, 80, say)
    # What is left behind does not add up: a thread keeps what it once needed, and there are four.
    campaign(live, [*SOME, "a fitting text repeated", "zip bomb"], 30, say)
    assert sorted(waits)[len(waits) // 2] < 1
    officer = Person(live.url, "pasar")
    for name in sorted(ALL.keys() - set(workbooks)):
        start, spent = time.perf_counter(), sum(live.processor_seconds())
        page = officer.upload(ALL[name]())
        took, spent = time.perf_counter() - start, sum(live.processor_seconds()) - spent
        say(
            f"{name}: {spent:.2f} s of processor, {took:.2f} s on the wall, at most "
            f"{_megabytes(live.memory('VmHWM'))}"
        )
        assert any(words in page for words in REFUSED), name
        assert spent < 3, name
    assert max(live.memory("VmHWM")) < 300 * 1024
