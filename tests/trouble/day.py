"""A day at the office before two app processes and a worker, any of which is killed at any time:
`python -m tests.trouble.day URL FOLDER SECONDS SEED`.

Everybody uses a browser: a request that gets no answer, or a page that says so, is sent again as
it was, to whichever process answers. Prints one JSON object: what was pressed, how often it had to
be sent again, who was killed how often, and what the people believe to have done.

As a proxy in front does, a browser goes on to the other process when one cannot be reached; what
broke off while it was answered, or was answered with an error of ours, is a page that asks her to
press again. The killer leaves one of the two app processes alive, which systemd's restart does.
"""

from __future__ import annotations

import datetime as dt
import http.client
import http.cookiejar
import json
import os
import random
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from html import unescape
from pathlib import Path

from tests.factories import PASSWORD
from tests.trouble.deeds import Desk
from tests.trouble.office import hidden

LARGE = 4_000  # bytes; what is larger waits for the worker
PATIENCE = 90.0  # seconds for which a request is sent again


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def wait_for(port: int) -> None:
    """Until somebody answers there."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.1)


class Part:
    """A process of the program that is started again whenever it was killed, as systemd does."""

    def __init__(self, environment: dict[str, str], *words: str, log: Path) -> None:
        self.words, self.environment, self.log = words, environment, log
        self.killed = 0
        self.start()

    def start(self) -> None:
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-W", "ignore", "-m", "wibawa", *self.words],
                env=self.environment, stdout=out, stderr=out,
            )  # fmt: skip

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.killed += 1
        self.start()

    def end(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Stay(urllib.request.HTTPRedirectHandler):
    """Redirects are answers here."""

    def redirect_request(self, *given: object) -> None:
        return None


class Browser:
    """Somebody whose browser keeps cookies and whose finger presses again."""

    def __init__(self, ports: list[int], name: str, told: Counter[str]) -> None:
        self.ports, self.told, self.most = ports, told, 0
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self.opener = urllib.request.build_opener(cookies, Stay)
        self.token = ""  # of the newest page: it belongs to the session
        self.get("/masuk")
        assert self.post("/masuk", username=name, password=PASSWORD).startswith("/"), name
        self.get("/")

    def get(self, address: str) -> str:
        return self.send(address, None, {})[1]

    def post(self, address: str, /, **fields: str) -> str:
        """Where it led, or the page; a question who she is is answered."""
        sent = fields
        while True:
            body = urllib.parse.urlencode(sent | {"csrf_token": self.token}).encode()
            said = self.send(address, body, {})[1]
            if "Pastikan ini Anda" not in said or "proof_password" in sent:
                return said
            sent = fields | {"proof_back": "/", "proof_password": PASSWORD}

    def upload(self, address: str, content: bytes, **fields: str) -> str:
        edge = secrets.token_hex(12)
        parts = [
            f'--{edge}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in (fields | {"csrf_token": self.token}).items()
        ]
        head = (
            f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n'
            "Content-Type: text/csv\r\n\r\n"
        )
        body = ("".join(parts) + head).encode() + content + f"\r\n--{edge}--\r\n".encode()
        kind = {"Content-Type": f"multipart/form-data; boundary={edge}"}
        return self.send(address, body, kind)[1]

    def send(self, address: str, body: bytes | None, headers: dict[str, str]) -> tuple[int, str]:
        """Send it until a process answers with anything but an error of ours."""
        pressed, at, end = 0, random.randrange(2), time.monotonic() + PATIENCE
        while True:
            asked = urllib.request.Request(
                f"http://127.0.0.1:{self.ports[at]}{address}", body, headers
            )
            try:
                status, said = self._answer(asked)
            except ConnectionRefusedError:
                status, said = -1, ""
            except (OSError, http.client.HTTPException) as error:
                refused = isinstance(getattr(error, "reason", None), ConnectionRefusedError)
                status, said = -1 if refused else 0, ""
            if 0 < status < 500:
                break
            assert time.monotonic() < end, f"{address}: {status}"
            pressed += status >= 0
            self.told["went on to the other"] += status < 0
            self.told[f"page {status or 502}"] += status >= 0
            at = 1 - at
            time.sleep(0.05)
        self.told["requests"] += 1
        self.told["pressed again"] += pressed > 0
        self.most = max(self.most, pressed)
        self.token = hidden(said, "csrf_token") or self.token
        return status, said

    def _answer(self, asked: urllib.request.Request) -> tuple[int, str]:
        try:
            with self.opener.open(asked, timeout=30) as answer:
                return int(answer.status), unescape(answer.read().decode())
        except urllib.error.HTTPError as error:
            with error:
                page = unescape(error.read().decode())
                return error.code, error.headers.get("Location", page)


def main(url: str, folder: str, seconds: int, seed: int) -> None:
    dice, place = random.Random(seed), Path(folder)
    ports = [free_port(), free_port()]
    environment = os.environ | {
        "WIBAWA_DATABASE_URL": url, "WIBAWA_INSTANCE": folder, "WIBAWA_BACKUP_AT": "-",
        "WIBAWA_LARGE_FILE": str(LARGE),
        "WIBAWA_SECRET_KEY": "secret key of the tests, not of anything real",
        "WIBAWA_DATA_KEY": "data key of the tests, not of anything real",
    }  # fmt: skip
    serve = [("serve", "--no-worker", "--threads", "4", "--port", str(port)) for port in ports]
    parts = [
        Part(environment, *words, log=place / f"{n}.log")
        for n, words in enumerate([*serve, ("work",)])
    ]
    told, did, stop, went_wrong = Counter[str](), Counter[str](), threading.Event(), list[str]()
    browsers = list[Browser]()

    def killer() -> None:
        next_ones: list[Part] = []
        while not stop.wait(dice.uniform(4, 14)):
            next_ones = next_ones or dice.sample(parts, len(parts))
            victim = next_ones.pop()
            if victim in parts[:2]:
                wait_for(ports[1 - parts.index(victim)])
            victim.kill()

    def browser(name: str) -> Browser:
        browsers.append(Browser(ports, name, told))
        return browsers[-1]

    def day(desk: Desk) -> None:
        try:
            turn = 0
            while time.monotonic() < end:
                desk.work(turn)
                turn += 1
                time.sleep(0.2)
        except BaseException as error:
            went_wrong.append(f"{type(error).__name__}: {str(error)[-1800:]}")

    desks = [Desk(number, browser, did) for number in range(2)]
    end = time.monotonic() + seconds
    threads = [threading.Thread(target=day, args=(desk,)) for desk in desks]
    threads.append(threading.Thread(target=killer))
    for thread in threads:
        thread.start()
    for thread in threads[:-1]:
        thread.join()
    stop.set()
    threads[-1].join()
    Browser(ports, "admin", Counter()).get("/cadangan")
    killed = [part.killed for part in parts]
    for part in parts:
        part.end()
    told["most"] = max(browser.most for browser in browsers)
    found = {"told": told, "did": did, "killed": killed, "wrong": went_wrong}
    json.dump(found | {"ended_at": dt.datetime.now(dt.UTC).isoformat()}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
