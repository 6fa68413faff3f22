"""The program on a server as docs/operations.md says, its services started by systemd itself.

The server is one of the kernel's namespaces (`machine.py`); where it cannot be, these tests are
skipped, and say why. They tell one story, in this order.
"""

from __future__ import annotations

import http.client
import io
import json
import re
import shlex
import threading
import time
import urllib.parse
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress

import pytest
from openpyxl import Workbook

from tests.factories import PASSWORD
from tests.keeping.machine import ROOT, Machine, booted, hindrance, interpreter, until
from tests.keeping.test_operations_files import HOST, SEARCHED, SITE, UNITS, unit
from tests.scans.steps import FILES
from tests.trouble.office import file_of, hidden

pytestmark = pytest.mark.soak

PORT = 8000
SERVICES = tuple(f"wibawa-{name}" for name in UNITS)
AS_ITS_USER = "cd /opt/wibawa && set -a && . /etc/wibawa/wibawa.env && set +a && "
GUIDE = (ROOT / "docs" / "operations.md").read_text()
FURNISHED = """
import config
from tests import factories
from tests.trouble.office import furnish
from wibawa.app import create_app
from wibawa.database import db, writing
app = create_app(config.load())
with app.app_context(), writing():
    furnish(db.session(), factories.people(db.session()))
    db.session.commit()
"""
EDGE = "edge"
PATIENCE = 120  # seconds, beside much other work


class Visitor:
    """Somebody's browser, behind the proxy in front, which is not on this server."""

    def __init__(self, server: Machine, name: str = "") -> None:
        self.server, self.token = server, ""
        self.kept: dict[str, str] = {}
        if name:
            self.token = hidden(self.get("/masuk"), "csrf_token")
            status, said = self.post("/masuk", username=name, password=PASSWORD)
            assert status == 302, said
            self.token = hidden(self.get("/"), "csrf_token")

    def connection(self, timeout: float = 60) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection(HOST, timeout=timeout)
        connection.sock = self.server.socket(PORT, timeout)
        return connection

    def head(self, **more: str) -> dict[str, str]:
        cookies = "; ".join(f"{name}={value}" for name, value in self.kept.items())
        told = {"X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "https", "Cookie": cookies}
        return told | {"Host": HOST, "Referer": f"{SITE}/"} | more

    def send(self, method: str, address: str, body: bytes | None, **head: str) -> tuple[int, bytes]:
        connection = self.connection()
        try:
            connection.request(method, address, body, self.head(**head))
            return self.answer(connection)
        finally:
            connection.close()

    def answer(self, connection: http.client.HTTPConnection) -> tuple[int, bytes]:
        answer = connection.getresponse()
        for given in answer.headers.get_all("Set-Cookie", ()):
            name, _, value = given.partition(";")[0].partition("=")
            self.kept[name] = value
        where = answer.getheader("Location")
        page = answer.read()
        return answer.status, where.encode() if where else page

    def get(self, address: str) -> str:
        status, page = self.send("GET", address, None)
        assert status == 200, (address, status, page[-500:])
        return page.decode()

    def post(self, address: str, **fields: str) -> tuple[int, str]:
        body = urllib.parse.urlencode({"csrf_token": self.token} | fields).encode()
        status, said = self.send(
            "POST", address, body, **{"Content-Type": "application/x-www-form-urlencoded"}
        )
        return status, said.decode()

    def form(self, address: str, name: str, content: bytes) -> tuple[bytes, dict[str, str]]:
        """The body that sends a file by the form of a page, and its head."""
        page = self.get(address)
        asked = ("csrf_token", "bank", "request_key")
        fields = {each: hidden(page, each) for each in asked if hidden(page, each)}
        parts = [
            f'--{EDGE}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
            for key, value in fields.items()
        ]
        parts.append(
            f'--{EDGE}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        )
        body = "".join(parts).encode() + content + f"\r\n--{EDGE}--\r\n".encode()
        return body, {"Content-Type": f"multipart/form-data; boundary={EDGE}"}


def workbook(mark: str, rows: int) -> bytes:
    """A bank's file as a workbook: a reader of its own reads it."""
    book = Workbook()
    assert book.active is not None
    for line in file_of(mark, rows)[0].decode().splitlines():
        book.active.append(line.split(";"))
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def ready(server: Machine) -> dict[str, object]:
    """What /readyz says once pages and worker are there."""
    said: dict[str, object] = {}
    for _ in until(PATIENCE, f"ready: {said}"):
        try:
            status, page = Visitor(server).send("GET", "/readyz", None)
        except OSError:
            continue
        if status == 200 and json.loads(page)["workers"]:
            said = json.loads(page)
            break
    return said


def program(server: Machine) -> None:
    """The program in /opt/wibawa. Not done anew is what pip would fetch: the libraries are those
    that run these tests."""
    server(
        "mkdir -p /opt/wibawa && cd /media/wibawa && cp -r *.py wibawa migrations docs tests "
        "/opt/wibawa/ && chmod -R go+rX /opt/wibawa && cd /opt/wibawa && "
        f"{interpreter()} -m venv --without-pip .venv && "
        "printf '/opt/wibawa\\n/opt/packages\\n' > $(ls -d .venv/lib/*/site-packages)/wibawa.pth"
    )
    for name, module in (("gunicorn", "gunicorn.app.wsgiapp"), ("wibawa", "wibawa.app")):
        deed = "run" if name == "gunicorn" else "main"
        script = f"#!/opt/wibawa/.venv/bin/python3\nfrom {module} import {deed}\n{deed}()\n"
        path = f"/opt/wibawa/.venv/bin/{name}"
        server(f"printf %s {shlex.quote(script)} > {path} && chmod 755 {path}")
    compiled = re.search(r"\.venv/bin/python3 -m compileall -q [\w. ]+\.py", GUIDE)
    assert compiled
    server(f"cd /opt/wibawa && {compiled[0]}")


def installed(server: Machine) -> None:
    """What docs/operations.md tells an administrator to do, in its order."""
    server(f"pg_createcluster {server('ls /usr/lib/postgresql').split()[-1]} main")
    server("systemctl enable --now postgresql")
    for line in ("CREATE ROLE wibawa LOGIN PASSWORD '", "CREATE DATABASE wibawa OWNER wibawa"):
        assert line in GUIDE
        server.asks(f"{line}kunci-basis-data'" if line.endswith("'") else line, "postgres")
    user = re.search(r"`(adduser --system [^`]+)`", GUIDE)
    folders = re.search(r"`(install -d -o wibawa [^`]+)`", GUIDE)
    assert user
    assert folders
    server(user[1])
    program(server)
    server(folders[1])
    key = "$(python3 -c 'import secrets; print(secrets.token_hex(32))')"
    url = '"postgresql://wibawa:kunci-basis-data@localhost/wibawa"'
    server(
        "install -d /etc/wibawa && install -m 0640 -g wibawa "
        "/opt/wibawa/docs/operations/wibawa.env.example /etc/wibawa/wibawa.env && "
        f"sed -i -e 's|^WIBAWA_DATABASE_URL=.*|WIBAWA_DATABASE_URL={url}|'"
        f' -e "s|^WIBAWA_SECRET_KEY=|&{key}|" -e "s|^WIBAWA_DATA_KEY=|&{key}|"'
        " /etc/wibawa/wibawa.env"
    )
    server(f"{AS_ITS_USER} .venv/bin/wibawa upgrade", user="wibawa")
    server(f"{AS_ITS_USER} .venv/bin/python3 -c {shlex.quote(FURNISHED)}", user="wibawa")
    server(
        "cd /opt/wibawa/docs/operations && cp wibawa-*.service /etc/systemd/system/ && "
        "cp journald@wibawa.conf /etc/systemd/"
    )
    start = re.search(r"`(systemctl daemon-reload && [^`]+)`", GUIDE)
    assert start
    server(start[1])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    if hindered := hindrance():
        pytest.skip(hindered)
    with booted(tmp_path_factory.mktemp("systemd")) as machine:
        installed(machine)
        yield machine


@pytest.fixture
def whole(server: Machine) -> Machine:
    """The server with both services at work, whatever the test before left."""
    server("systemctl reset-failed; systemctl start wibawa-web wibawa-work")
    ready(server)
    return server


def test_both_services_are_up_after_the_last_step_of_the_guide(server: Machine) -> None:
    assert ready(server) == {"status": "ready", "workers": 1}
    for name in SERVICES:
        assert server(f"systemctl is-active {name}").strip() == "active"
        assert server(f"systemctl is-enabled {name}").strip() == "enabled"
        assert "postgresql.service" in server.shows(name, "After")
    assert server("systemctl --failed --plain --no-legend") == ""


def test_what_people_do_passes_the_walls_around_the_services(whole: Machine) -> None:
    """A workbook and a photo, each read by a process of its own; an XLSX, a PDF, and backups."""
    officer, clerk = Visitor(whole, "pasar"), Visitor(whole, "staff")
    body, head = officer.form("/angsuran/berkas/baru", "angsuran.xlsx", workbook("W", 24))
    status, where = officer.send("POST", "/angsuran/berkas/baru", body, **head)
    address = where.decode().partition("?")[0]
    assert status == 302, where
    status, book = officer.send("GET", f"{address}/hasil.xlsx", None)
    assert (status, book[:2]) == (200, b"PK")
    status, paper = clerk.send("GET", "/pinjaman/1/jadwal.pdf", None)
    assert (status, paper[:4]) == (200, b"%PDF")
    photo = (FILES / "good_gps.jpg").read_bytes()
    body, head = clerk.form("/peminjam/1/dokumen/1", "ktp.jpg", photo)
    status, where = clerk.send("POST", "/peminjam/1/dokumen/1", body, **head)
    assert status == 302, where
    admin = Visitor(whole, "admin")
    page = admin.get("/cadangan")
    status, job = admin.post("/cadangan/baru", request_key=hidden(page, "request_key"))
    assert (status, job[:11]) == (302, "/pekerjaan/")
    for _ in until(
        PATIENCE, "two backups, the night's, which was never made, and the one asked for"
    ):
        if whole.asks("SELECT count(*) FROM backups") == "2":
            break
    kept = whole("stat -c '%U %a %n' /var/backups/wibawa/*.zip").splitlines()
    assert kept
    assert all(line.startswith("wibawa 600 ") for line in kept), kept


def test_nothing_but_its_own_folders_can_be_written_by_a_service(whole: Machine) -> None:
    for name in UNITS:
        first = whole.shows(f"wibawa-{name}", "MainPID")
        mounts = [line.split() for line in whole(f"cat /proc/{first}/mountinfo").splitlines()]
        writable = {mount[4] for mount in mounts if mount[5].startswith("rw")}
        own = {path for path in writable if not path.startswith(("/dev", "/proc", "/sys", "/run"))}
        assert own == {*unit(name)["ReadWritePaths"].split(), "/tmp", "/var/tmp"}, name
        assert "NoNewPrivs:\t1" in whole(f"cat /proc/{first}/status")
        for hidden_there in ("/root", "/home"):
            seen = whole(f"nsenter -t {first} -m ls -A {hidden_there}", check=False)
            assert seen == "", hidden_there


@pytest.mark.parametrize("name", SERVICES)
def test_a_killed_service_comes_again_by_itself(whole: Machine, name: str) -> None:
    before = whole.shows(name, "MainPID")
    whole(f"systemctl kill -s KILL {name}")
    for _ in until(PATIENCE, f"{name} has come again"):
        if whole.shows(name, "MainPID") not in ("0", before):
            break
    ready(whole)
    assert whole(f"systemctl is-active {name}").strip() == "active"


class Reading(threading.Thread):
    """Sends a workbook whose reading takes its time."""

    def __init__(self, officer: Visitor, mark: str) -> None:
        super().__init__()
        self.officer, self.answer = officer, (0, b"")
        content = workbook(f"L{mark}", 20_000)
        self.body, self.head = officer.form("/angsuran/berkas/baru", "besar.xlsx", content)

    def run(self) -> None:
        self.answer = self.officer.send("POST", "/angsuran/berkas/baru", self.body, **self.head)


class Asking(threading.Thread):
    """People who open pages all the time; what they were answered."""

    def __init__(self, visitor: Visitor) -> None:
        super().__init__()
        self.visitor, self.told, self.over = visitor, Counter[str](), threading.Event()

    def run(self) -> None:
        while not self.over.is_set():
            try:
                status, _ = self.visitor.send("GET", "/pinjaman", None)
                self.told[str(status)] += 1
            except Exception as error:
                self.told[type(error).__name__] += 1
                time.sleep(0.05)

    def end(self) -> Counter[str]:
        self.over.set()
        self.join()
        return self.told


def test_a_reload_loses_no_request(whole: Machine) -> None:
    first = whole.shows("wibawa-web", "MainPID")
    readers = whole(f"pgrep -P {first}").split()
    asking = [Asking(Visitor(whole, "staff")) for _ in range(3)]
    for each in asking:
        each.start()
    time.sleep(1)
    whole("systemctl reload wibawa-web")
    for _ in until(PATIENCE, "all readers are new"):
        now = whole(f"pgrep -P {first}", check=False).split()
        if len(now) == 2 and not set(now) & set(readers):
            break
    time.sleep(2)
    told = sum((each.end() for each in asking), Counter[str]())
    assert set(told) == {"200"}, told
    assert told["200"] >= 2 * len(asking)
    assert whole.shows("wibawa-web", "MainPID") == first


@pytest.mark.parametrize("verb", ["restart", "reload"])
def test_what_was_begun_is_answered_before_the_process_ends(whole: Machine, verb: str) -> None:
    """A bank's file half of which has arrived, and one that is being read."""
    rows = 12
    officer = Visitor(whole, "pasar")
    body, head = officer.form("/angsuran/berkas/baru", "angsuran.xlsx", workbook(f"B{verb}", rows))
    half = len(body) // 2
    connection = officer.connection()
    connection.putrequest("POST", "/angsuran/berkas/baru", skip_host=True)
    for key, value in officer.head(**head, **{"Content-Length": str(len(body))}).items():
        connection.putheader(key, value)
    connection.endheaders(body[:half])
    time.sleep(1)
    large = Visitor(whole, "jateng")
    reading = Reading(large, verb)
    reading.start()
    _wait_for_child(whole)
    deed = threading.Thread(target=whole, args=(f"systemctl {verb} wibawa-web",))
    deed.start()
    time.sleep(1.5)
    connection.send(body[half:])
    status, where = officer.answer(connection)
    connection.close()
    deed.join()
    reading.join()
    assert status == 302, where
    assert reading.answer[0] == 302, reading.answer
    ready(whole)
    for visitor, address in ((officer, where), (large, reading.answer[1])):
        assert "csrf_token" in visitor.get(address.decode().partition("?")[0])


def _wait_for_child(server: Machine) -> None:
    for _ in until(PATIENCE, "the workbook is being read"):
        if "xlsx_child" in server("pgrep -af xlsx_child", check=False):
            return


@pytest.mark.parametrize("name", SERVICES)
def test_a_stop_is_clean(whole: Machine, name: str) -> None:
    begin = time.monotonic()
    whole(f"systemctl stop {name}")
    took = time.monotonic() - begin
    assert took < float(unit(name.removeprefix("wibawa-"))["TimeoutStopSec"]) / 2
    assert whole.shows(name, "Result") == "success"
    assert whole.shows(name, "ActiveState") == "inactive"
    left = "gunicorn" if name == "wibawa-web" else "wibawa.work"
    assert whole(f"pgrep -u wibawa -f {left}", check=False) == ""


def test_another_key_stops_both_services_in_words_and_for_good(whole: Machine) -> None:
    begin = whole.cursor()
    whole(
        "systemctl stop wibawa-web wibawa-work; cp -p /etc/wibawa/wibawa.env /etc/wibawa/kept.env"
    )
    whole(f"sed -i 's|^WIBAWA_DATA_KEY=.*|WIBAWA_DATA_KEY={'0' * 64}|' /etc/wibawa/wibawa.env")
    try:
        whole("systemctl start wibawa-web wibawa-work")
        for name in SERVICES:
            for _ in until(PATIENCE, f"{name} has given up"):
                if whole.shows(name, "ActiveState") == "failed":
                    break
        time.sleep(1 + max(int(unit(name)["RestartSec"]) for name in UNITS))
        for name in SERVICES:
            said = whole.journal(name, begin)
            assert said.count("Kunci data bukan kunci basis data ini") == 1
            assert "Traceback" not in said, said
            assert whole.shows(name, "ActiveState") == "failed"
            assert whole.shows(name, "NRestarts") == "0"
            assert "Kunci data bukan" in whole(f"systemctl status --no-pager {name}", check=False)
    finally:
        whole("mv /etc/wibawa/kept.env /etc/wibawa/wibawa.env")
    whole("systemctl start wibawa-web wibawa-work")
    ready(whole)


def test_a_database_that_is_away_is_waited_for(whole: Machine) -> None:
    begin = whole.cursor()
    whole("systemctl stop wibawa-web wibawa-work postgresql")
    whole("systemctl start wibawa-web wibawa-work")
    for name in SERVICES:
        for _ in until(PATIENCE, f"{name} was started again"):
            if int(whole.shows(name, "NRestarts")):
                break
        said = whole.journal(name, begin)
        assert "Basis data tidak dapat dihubungi" in said
        assert "Traceback" not in said, said
    whole("systemctl start postgresql")
    ready(whole)


def test_started_together_the_services_come_after_the_database(whole: Machine) -> None:
    """In one transaction, as at boot: systemd puts it in order, whatever was named first."""
    everything = "wibawa-work wibawa-web postgresql"
    whole(f"systemctl stop {everything}; systemctl reset-failed")
    begin = whole.cursor()
    whole(f"systemctl start {everything}")
    ready(whole)
    for name in SERVICES:
        assert "tidak dapat dihubungi" not in whole.journal(name, begin)
        assert whole.shows(name, "NRestarts") == "0"


def test_an_older_schema_is_told_in_words_until_it_is_upgraded(whole: Machine) -> None:
    newest = whole.asks("SELECT version_num FROM alembic_version")
    older = f"{int(newest) - 1:04d}"
    begin = whole.cursor()
    whole("systemctl stop wibawa-web wibawa-work")
    whole.asks(f"UPDATE alembic_version SET version_num = '{older}'")
    try:
        whole("systemctl start wibawa-web wibawa-work")
        for _ in until(PATIENCE, "the worker has given up"):
            if whole.shows("wibawa-work", "ActiveState") == "failed":
                break
        assert f"Basis data berversi {older}" in whole.journal("wibawa-work", begin)
        for _ in until(PATIENCE, "the pages listen"):  # they ask first whether they may start
            with suppress(ConnectionRefusedError):
                status, page = Visitor(whole).send("GET", "/masuk", None)
                break
        assert status == 503
        assert f"Basis data berversi {older}" in page.decode()
    finally:
        whole.asks(f"UPDATE alembic_version SET version_num = '{newest}'")
    whole("systemctl start wibawa-web wibawa-work")
    ready(whole)


def test_no_journal_keeps_a_telephone_number(whole: Machine) -> None:
    staff = Visitor(whole, "staff")
    for address in ("/peminjam", "/cari"):
        staff.send("GET", f"{address}?q={SEARCHED}", None)
    said = "".join(whole.journal(name) for name in SERVICES)
    assert '"GET /cari" 200' in said
    assert SEARCHED[1:] not in said


def test_systemd_finds_little_that_a_service_could_do_harm_with(whole: Machine) -> None:
    for name in SERVICES:
        said = whole(f"systemd-analyze security --no-pager {name} | tail -1")
        score = re.search(r"exposure level for \S+: (\d+\.\d)", said)
        assert score, said
        assert float(score[1]) <= 1.5, said
        assert f"says {score[1]} of 10" in GUIDE
