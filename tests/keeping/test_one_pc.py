"""The program on one PC as docs/operations.md says, step by step, then what happens to a PC.

The PC is one of the kernel's namespaces (`machine.py`) with a disk that stays when it is switched
off; where it cannot be, these tests are skipped, and say why. They tell one story, in this order.
"""

from __future__ import annotations

import datetime as dt
import http.client
import json
import os
import re
import shlex
import shutil
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.keeping.machine import JOURNAL, Machine, booted, hindrance, until
from tests.keeping.test_operations_files import GUIDE, HOST, PC, SEARCHED, unit
from tests.keeping.test_operations_files import JOURNAL as RETENTION
from tests.keeping.test_under_systemd import (
    AS_ITS_USER,
    FURNISHED,
    PATIENCE,
    Visitor,
    program,
    ready,
    workbook,
)
from tests.trouble.office import hidden
from wibawa.web.clock import WIB

pytestmark = pytest.mark.soak

DISK = "tmpfs /var/backups/wibawa tmpfs nofail,mode=0700,uid={uid},gid={gid} 0 0"
QUESTION = (
    "import sqlite3, sys; "
    "print(sqlite3.connect('/var/lib/wibawa/wibawa.sqlite3').execute(sys.argv[1]).fetchone()[0])"
)
BACKUPS = "SELECT count(*) FROM backups"


def steps() -> dict[str, str]:
    """What is typed in each step of "Install on one PC", by its name."""
    chapter = GUIDE.split("## Install on one PC")[1].split("\n## ")[0]
    found = re.findall(r"^\d\. \*\*([\w ,]+)\.?\*\*(.*?)(?=^\d\. |\Z)", chapter, re.M | re.S)
    return {name: "".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL)) for name, text in found}


class Office:
    """The PC, which is switched off and on again."""

    def __init__(self, folder: Path, disk: Path) -> None:
        self.folder, self.disk, self.running = folder, disk, ExitStack()
        self.said: dict[str, str] = {}
        self.start()

    def start(self) -> None:
        self.machine: Machine = self.running.enter_context(booted(self.folder, self.disk))

    def cut(self) -> None:
        """The power fails: everything ends in the same moment."""
        self.running.close()

    def switch_off(self) -> None:
        machine = self.machine
        machine("systemctl poweroff --no-block")
        for _ in until(PATIENCE, "the PC is off"):
            if "populated 0" in (machine.group / "cgroup.events").read_text():
                break
        self.running.close()

    def install(self) -> None:
        """What the guide says, word for word. Not done are what is fetched from elsewhere, for it
        is here already, and the second disk, which is memory."""
        typed = steps()
        name = re.search(r"^ *NAME=.*$", typed["Packages"], re.MULTILINE)
        assert name
        self.machine("mkdir /var/log/nginx; systemctl enable --now nginx")  # as its package does
        program(self.machine)
        disk = r"^.*UUID=PUT-IT-HERE.*$"
        assert re.search(disk, typed["User, folders, second disk"], re.MULTILINE)
        memory = DISK.format(uid="$(id -u wibawa)", gid="$(id -g wibawa)")
        typed["User, folders, second disk"] = re.sub(
            disk, f'echo "{memory}" >> /etc/fstab', typed["User, folders, second disk"], flags=re.M
        )
        for step in list(typed)[2:]:
            self.said[step] = self.machine(f"set -e; cd /opt/wibawa; {name[0]}; {typed[step]}")

    def asks(self, question: str) -> str:
        """What the books answer."""
        return self.machine(f"python3 -c {shlex.quote(QUESTION)} {shlex.quote(question)}").strip()

    def backups(self, count: int) -> None:
        for _ in until(PATIENCE, f"{count} backups"):
            if self.asks(BACKUPS) == str(count):
                return


class Browser(Visitor):
    """In the office, before the proxy; it trusts the PC's own authority and no other."""

    def connection(self, timeout: float = 60) -> http.client.HTTPConnection:
        authority = self.server("cat /etc/ssl/wibawa/wibawa-ca.crt")
        trusted = ssl.create_default_context(cadata=authority)
        connection = http.client.HTTPConnection(HOST, timeout=timeout)
        connection.sock = trusted.wrap_socket(
            self.server.socket(443, timeout), server_hostname=HOST
        )
        return connection


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    if hindered := hindrance():
        pytest.skip(hindered)
    if not shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin"):
        pytest.skip("apt-get install nginx-light")
    disk = Path(f"/dev/shm/wibawa-test-disk-{os.getpid()}")
    disk.mkdir()
    try:
        office = Office(tmp_path_factory.mktemp("pc"), disk)
        with office.running:
            office.install()
            yield office
            office.running.close()
    finally:
        shutil.rmtree(disk)


def test_it_answers_after_the_last_step_of_the_guide(office: Office) -> None:
    assert list(steps()) == [
        "Packages", "Program", "User, folders, second disk", "Settings", "Schema and first user",
        "Service", "Certificate", "Proxy", "Browsers",
    ]  # fmt: skip
    assert re.search(r"^WIBAWA_DATA_KEY=[0-9a-f]{64}$", office.said["Settings"], re.MULTILINE)
    assert "Sekali pakai: " in office.said["Schema and first user"]
    assert json.loads(office.said["Service"].splitlines()[-1]) == {"status": "ready", "workers": 1}
    assert json.loads(office.said["Proxy"].splitlines()[-1]) == {"status": "ok"}
    machine = office.machine
    assert machine("systemctl --failed --plain --no-legend") == ""
    assert machine("ls /etc/ssl/wibawa").split() == [
        "fullchain.pem",
        "privkey.pem",
        "wibawa-ca.crt",
    ]
    admin = Browser(machine)
    assert "Kata sandi" in admin.get("/masuk")
    assert all(name.startswith("__Host-") for name in admin.kept)


def test_its_authority_vouches_for_its_own_name_only(office: Office) -> None:
    machine, folder = office.machine, "/etc/ssl/wibawa"
    said = machine(f"openssl x509 -in {folder}/wibawa-ca.crt -noout -text")
    assert f"DNS:{HOST}" in said.split("X509v3 Name Constraints: critical")[1]
    machine(f"openssl verify -x509_strict -CAfile {folder}/wibawa-ca.crt {folder}/fullchain.pem")
    said = machine(f"openssl x509 -in {folder}/fullchain.pem -noout -text")
    assert "CA:FALSE" in said
    assert machine(f"stat -c %a {folder}").strip() == "700"


def test_people_work_through_the_proxy_and_the_walls(office: Office) -> None:
    office.machine(
        f"runuser -u wibawa -- bash -c {shlex.quote(f'{AS_ITS_USER} .venv/bin/python3 -c ')}"
        f"{shlex.quote(shlex.quote(FURNISHED))}"
    )
    officer, clerk = Browser(office.machine, "pasar"), Browser(office.machine, "staff")
    body, head = officer.form("/angsuran/berkas/baru", "angsuran.xlsx", workbook("W", 24))
    status, where = officer.send("POST", "/angsuran/berkas/baru", body, **head)
    assert status == 302, where
    status, paper = clerk.send("GET", "/pinjaman/1/jadwal.pdf", None)
    assert (status, paper[:4]) == (200, b"%PDF")
    clerk.send("GET", f"/peminjam?q={SEARCHED}", None)
    assert office.asks("SELECT count(*) FROM trail_entries WHERE address = '192.0.2.7'") == "0"
    first = office.machine.shows("wibawa", "MainPID")
    mounts = [line.split() for line in office.machine(f"cat /proc/{first}/mountinfo").splitlines()]
    writable = {mount[4] for mount in mounts if mount[5].startswith("rw")}
    own = {path for path in writable if not path.startswith(("/dev", "/proc", "/sys", "/run"))}
    assert own == {*unit("pc")["ReadWritePaths"].split(), "/tmp", "/var/tmp"}


def test_the_first_nights_backup_lies_on_the_second_disk(office: Office) -> None:
    office.backups(1)
    kept = office.machine("stat -c '%U %a %n' /var/backups/wibawa/*.zip").split()
    assert kept[:2] == ["wibawa", "600"]
    assert office.machine("stat -f -c %T /var/backups/wibawa").strip() == "tmpfs"


def test_killed_it_comes_again_by_itself_with_its_worker(office: Office) -> None:
    machine = office.machine
    before = machine("pgrep -u wibawa").split()
    machine("kill -KILL " + machine.shows("wibawa", "MainPID"))
    for _ in until(PATIENCE, "it has come again"):
        now = machine("pgrep -u wibawa", check=False).split()
        if len(now) >= 2 and not set(now) & set(before):
            break
    ready(machine)
    assert machine.shows("wibawa", "NRestarts") == "1"


def test_a_stop_is_clean(office: Office) -> None:
    machine, begin = office.machine, time.monotonic()
    machine("systemctl stop wibawa")
    assert time.monotonic() - begin < float(unit("pc")["TimeoutStopSec"]) / 2
    assert machine.shows("wibawa", "Result") == "success"
    assert machine("pgrep -u wibawa", check=False) == ""
    machine("systemctl start wibawa")
    ready(machine)


def test_another_key_stops_it_in_words_and_for_good(office: Office) -> None:
    machine, begin = office.machine, office.machine.cursor()
    machine("cp -p /etc/wibawa/wibawa.env /etc/wibawa/kept.env")
    machine(f"sed -i 's|^WIBAWA_DATA_KEY=.*|WIBAWA_DATA_KEY={'0' * 64}|' /etc/wibawa/wibawa.env")
    try:
        machine("systemctl restart wibawa")
        for _ in until(PATIENCE, "it has given up"):
            if machine.shows("wibawa", "ActiveState") == "failed":
                break
        time.sleep(1 + int(unit("pc")["RestartSec"]))
        said = machine.journal("wibawa", begin)
        assert said.count("Kunci data bukan kunci basis data ini") == 1
        assert "Traceback" not in said
        assert machine.shows("wibawa", "NRestarts") == "0"
        assert machine("systemctl status --no-pager wibawa", check=False).count("Kunci data bukan")
    finally:
        machine("mv /etc/wibawa/kept.env /etc/wibawa/wibawa.env")
    machine("systemctl start wibawa")
    ready(machine)


def test_switched_on_again_it_is_there_and_makes_the_backup_of_its_night(office: Office) -> None:
    """The hour of the backup passes while the PC is off."""
    made = int(office.asks(BACKUPS))
    hour = dt.datetime.now(WIB) + dt.timedelta(minutes=1)
    office.machine(f"sed -i 's/^WIBAWA_BACKUP_AT=.*/WIBAWA_BACKUP_AT={hour:%H:%M}/' "
                   "/etc/wibawa/wibawa.env")  # fmt: skip
    office.switch_off()
    while dt.datetime.now(WIB) < hour.replace(second=1):
        time.sleep(1)
    office.start()
    ready(office.machine)
    assert Browser(office.machine, "staff").get("/pinjaman")
    office.backups(made + 1)
    time.sleep(35)  # a worker asks every 30 s
    assert office.asks(BACKUPS) == str(made + 1), "once"


def test_after_a_power_cut_without_the_second_disk_nothing_is_lost_and_the_page_says_so(
    office: Office,
) -> None:
    clerk = Browser(office.machine, "staff")
    clerk.get("/pinjaman")
    signed_in = office.asks("SELECT count(*) FROM trail_entries WHERE action = 'signed_in'")
    office.machine("sed -i 's|^tmpfs /var/backups|#&|' /etc/fstab; sync -f /etc/fstab")
    made = office.asks(BACKUPS)
    office.cut()
    office.start()
    machine = office.machine
    ready(machine)
    assert office.asks("SELECT count(*) FROM trail_entries WHERE action = 'signed_in'") == signed_in
    clerk.server = machine
    assert clerk.get("/pinjaman"), "who was signed in still is"
    machine(f"{AS_ITS_USER} .venv/bin/wibawa check", user="wibawa")
    admin = Browser(machine, "admin")
    admin.post("/cadangan/baru", request_key=hidden(admin.get("/cadangan"), "request_key"))
    for _ in until(PATIENCE, "the page says that the disk is away"):
        if "periksa apakah cakram itu terpasang" in admin.get("/cadangan"):
            break
    assert office.asks(BACKUPS) == made
    assert machine("ls -A /var/backups/wibawa") == "", "nothing beside the books instead"
    machine("sed -i 's|^#tmpfs|tmpfs|' /etc/fstab; systemctl daemon-reload")
    machine("mount /var/backups/wibawa && systemctl restart wibawa")
    ready(machine)
    page = admin.get("/cadangan")
    assert admin.post("/cadangan/baru", request_key=hidden(page, "request_key"))[0] == 302
    office.backups(int(made) + 1)
    assert machine("ls /var/backups/wibawa").startswith("wibawa-")


def test_its_journal_is_its_own_outlives_the_power_and_goes_as_its_file_says(
    office: Office,
) -> None:
    """Its lines of before it was switched off are there; what was searched for is nowhere. With
    seconds in the place of days what is older is gone: the file is the one that counts."""
    machine = office.machine
    said = machine.journal("wibawa")
    assert said.count("Wibawa berjalan di") >= 4
    assert "Kunci data bukan kunci basis data ini" in said
    assert "Wibawa berjalan di" not in machine("journalctl -q --no-pager -u wibawa")
    assert SEARCHED[1:] not in said + machine("cat /var/log/wibawa/proxy*.log")
    assert '"GET /peminjam" ' in machine("cat /var/log/wibawa/proxy.log")
    complaints = machine("journalctl -q --no-pager -o cat -t systemd-journald -t systemd-journal")
    assert "Unknown" not in complaints, complaints
    for name, value in re.findall(r"^(\w+)=(\d+day)$", RETENTION, re.MULTILINE):
        machine(f"sed -i 's/^{name}={value}$/{name}=1s/' /etc/systemd/journald@wibawa.conf")
    time.sleep(2)
    machine("systemctl restart systemd-journald@wibawa; systemctl restart wibawa")
    ready(machine)
    machine(f"{JOURNAL} --rotate")
    assert "Kunci data bukan kunci basis data ini" not in machine.journal("wibawa")
    assert PC["pc"].count("LogNamespace=") == 1
