"""The files under docs/operations agree with the program, and the programs they are for take them.

What needs nginx, logrotate and systemd themselves is part of `make soak`, on a machine that has
them.
"""

from __future__ import annotations

import http.client
import os
import re
import shlex
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from tests.certificates import self_signed
from tests.trouble.day import free_port, wait_for
from tests.trouble.office import hidden
from wibawa import serving
from wibawa.access.models import TrailEntry
from wibawa.database import db
from wibawa.jobs import process
from wibawa.web import security
from wibawa.web.errors import TEXTS

ROOT = Path(__file__).resolve().parent.parent.parent
FILES = ROOT / "docs" / "operations"
GUIDE = (ROOT / "docs" / "operations.md").read_text()
NGINX = (FILES / "nginx.conf").read_text()
ROTATION = (FILES / "wibawa.logrotate").read_text()
UNITS = {name: (FILES / f"wibawa-{name}.service").read_text() for name in ("web", "work")}
PC = {"pc": (FILES / "wibawa.service").read_text()}
EXAMPLES = ("wibawa.env.example", "wibawa-pc.env.example")
JOURNAL = (FILES / "journald@wibawa.conf").read_text()
HOST = "wibawa.example.go.id"
SITE = "https://wibawa.example.go.id"
SEARCHED = "081234567890"
Proxied = tuple[int, int, subprocess.Popen[bytes]]


def environment(name: str = EXAMPLES[0]) -> dict[str, str]:
    lines = (FILES / name).read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def directive(name: str) -> str:
    """The value of an nginx directive that stands there once."""
    found: list[str] = re.findall(rf"^\s*{name}\s+([^;]+);", NGINX, re.MULTILINE)
    assert len(found) == 1, f"{name}: {found}"
    return found[0]


def unit(name: str) -> dict[str, str]:
    """The settings of a unit; a line that ends in a backslash goes on."""
    text = (UNITS | PC)[name].replace("\\\n", " ")
    return dict(line.split("=", 1) for line in text.splitlines() if re.match(r"[A-Za-z]+=", line))


def words(name: str) -> list[str]:
    """What the service starts, as systemd gives it: `%%` is a per cent sign."""
    return [word.replace("%%", "%") for word in shlex.split(unit(name)["ExecStart"])]


# — they agree with the program —


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
def test_the_proxy_lets_through_the_most_that_a_page_takes(app: Flask) -> None:
    settings = {getattr(view, "wibawa_takes_files", "") for view in app.view_functions.values()}
    most = max(app.config[name] for name in settings if name) + 64 * 1024
    through = directive("client_max_body_size")
    assert through.endswith("m")
    assert most <= int(through[:-1]) * 2**20 < most + 2 * 2**20
    assert f"lets {through[:-1]} MB through" in GUIDE


def test_the_proxy_reaches_the_service_and_tells_it_who_asks() -> None:
    start = words("web")
    assert re.findall(r"^\s*server (\S+:\d+)", NGINX, re.MULTILINE) == [
        start[start.index("--bind") + 1]
    ]
    told = dict(re.findall(r"proxy_set_header (\S+) ([^;]+);", NGINX))
    assert told == {
        "Host": "$host",
        "X-Forwarded-For": "$remote_addr",  # set anew: what the browser wrote there is dropped
        "X-Forwarded-Proto": "https",
    }
    for example in EXAMPLES:
        assert environment(example)["WIBAWA_PROXIES"] == "1"
        assert environment(example)["WIBAWA_PUBLIC_URL"] == SITE
    assert set(re.findall(r"server_name ([^;]+);", NGINX)) == {HOST}


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
def test_the_proxy_hides_the_addresses_for_watching(app: Flask) -> None:
    hides = re.findall(r"location = (\S+)\s*\{ return 404; \}", NGINX)
    assert hides == ["/metrics", "/readyz"]
    assert set(hides) <= {rule.rule for rule in app.url_map.iter_rules()}


def test_the_proxy_speaks_no_old_tls() -> None:
    assert directive("ssl_protocols") == "TLSv1.2 TLSv1.3"
    ciphers = directive("ssl_ciphers").split(":")
    assert all(re.fullmatch("ECDHE-.*(GCM-SHA(256|384)|POLY1305)", cipher) for cipher in ciphers)


def test_what_the_proxy_says_by_itself_carries_the_headers_of_every_page() -> None:
    own = NGINX[NGINX.index("location @own") :]
    given = dict(re.findall(r'add_header (\S+) "?([^";]+(?:; [^";]+)*)"? always;', own))
    policy = {part.split()[0] for part in given.pop("Content-Security-Policy").split("; ")}
    assert policy == {"default-src", "base-uri", "form-action", "frame-ancestors"}
    app = Flask("empty")
    security.register(app)
    app.config["SESSION_COOKIE_SECURE"] = True
    with app.test_request_context("/", base_url=SITE):
        said = app.process_response(app.make_response("")).headers
    assert {name: said[name] for name in given} == given


def test_the_services_speak_with_nobody_else_and_see_no_history_of_the_program() -> None:
    for name in UNITS | PC:
        told = unit(name)
        assert (told["IPAddressDeny"], told["IPAddressAllow"]) == ("any", "localhost")
        assert told["InaccessiblePaths"] == "-/opt/wibawa/.git -/opt/wibawa/tests"


def test_no_log_keeps_what_stands_behind_the_question_mark() -> None:
    assert NGINX.count("access_log /var/log/wibawa/proxy.log wibawa;") == NGINX.count("server {")
    kept = re.search(r"log_format wibawa '([^']*)'", NGINX)
    assert kept
    assert not re.search(r"\$(request|request_uri|args|query_string|http_referer)\b", kept[1])
    start = words("web")
    form = start[start.index("--access-logformat") + 1]
    assert re.search(r"%\(U\)s", form)
    assert not re.search(r"%\((r|q|f)\)s", form)


def test_every_setting_that_the_program_reads_is_explained_and_no_other() -> None:
    read = set(re.findall(r"WIBAWA_[A-Z_]+", (ROOT / "config.py").read_text()))
    told = set(re.findall(r"WIBAWA_[A-Z_]+", GUIDE)) | set(environment())
    assert told == read
    for example in EXAMPLES:
        assert set(environment(example)) <= read
        secret = {"WIBAWA_SECRET_KEY", "WIBAWA_DATA_KEY", "WIBAWA_METRICS_TOKEN"}
        assert {environment(example).get(name, "") for name in secret} == {""}


def test_the_services_may_write_where_the_settings_say_and_nowhere_else() -> None:
    given = environment()
    books, backups = given["WIBAWA_INSTANCE"], given["WIBAWA_BACKUP_FOLDER"]
    assert unit("web")["ReadWritePaths"].split() == [books]
    assert unit("work")["ReadWritePaths"].split() == [books, backups]  # it makes the backups
    of_pc = environment(EXAMPLES[1])
    assert (of_pc["WIBAWA_INSTANCE"], of_pc["WIBAWA_BACKUP_FOLDER"]) == (books, backups)
    assert unit("pc")["ReadWritePaths"].split() == [books, backups]
    for name in UNITS | PC:
        told = unit(name)
        assert (told["User"], told["Group"], told["ProtectSystem"]) == (
            "wibawa",
            "wibawa",
            "strict",
        )
        assert told["EnvironmentFile"] == "/etc/wibawa/wibawa.env"
        assert told["Restart"] == "always"
        assert words(name)[0].startswith(f"{told['WorkingDirectory']}/.venv/bin/")
    assert words("web")[-1] == "wsgi:app"
    assert words("work")[1:] == ["work"]
    assert words("pc")[1:] == ["serve"]


def test_one_pc_has_the_same_walls_around_its_service() -> None:
    """From the first wall on the unit is the worker's, word for word."""
    walls = [text[text.index("NoNewPrivileges=") :] for text in (UNITS["work"], PC["pc"])]
    assert walls[0] == walls[1]
    assert float(unit("pc")["TimeoutStopSec"]) > serving.LAST_SECONDS + process.LAST_SECONDS


def test_logs_are_kept_as_long_as_the_page_about_security_says() -> None:
    """A file of the journal goes so long after its first line; its last may be a day younger."""
    said = (ROOT / "docs" / "security.md").read_text()
    journal = dict(re.findall(r"^(\w+)=(\d+)day$", JOURNAL, re.MULTILINE))
    kept = int(journal["MaxRetentionSec"]) - int(journal["MaxFileSec"])
    assert f"{kept} days by `docs/operations/journald@wibawa.conf`" in said
    assert "Storage=persistent" in JOURNAL
    most = re.search(r"^SystemMaxUse=(\d+)G$", JOURNAL, re.MULTILINE)
    assert most
    assert f"unless {most[1]} GB are full before" in said
    for name in UNITS | PC:
        assert unit(name)["LogNamespace"] == "wibawa", name
    for word in ("rotate", "maxage"):
        days = re.search(rf"^\s*{word} (\d+)$", ROTATION, re.MULTILINE)
        assert days
        assert f"{days[1]} days by `docs/operations/wibawa.logrotate`" in said
    assert "daily" in ROTATION
    turned = re.search(r"^(/\S+)/\*\.log \{", ROTATION, re.MULTILINE)
    assert turned
    assert {path.rpartition("/")[0] for path in re.findall(r"_log\s+(/\S+)", NGINX)} == {turned[1]}


# — the programs take them —


def program(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    packages = {"nginx": "nginx-light", "logrotate": "logrotate", "systemd-analyze": "systemd"}
    assert found, f"{name} is missing: apt-get install {packages[name]}"
    return found


def told(*command: str) -> str:
    """What a program says of a file that it takes."""
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout + run.stderr


def certificate(folder: Path) -> None:
    for name, pem in zip(("privkey.pem", "fullchain.pem"), self_signed(HOST), strict=True):
        (folder / name).write_bytes(pem)


@contextmanager
def started(
    *command: str, port: int, environment: dict[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    with (
        log.open("ab") as out,
        subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out, stderr=out) as process,
    ):
        try:
            wait_for(port)
            yield process
        finally:
            process.terminate()


@pytest.fixture
def proxied(database_url: str, tmp_path: Path) -> Iterator[Proxied]:
    """The service as its unit starts it, behind nginx with our file; the ports of http and https,
    and the service's first process.

    Changed are the ports, and where certificate and logs lie: nothing else."""
    service, plain, secure = free_port(), free_port(), free_port()
    start = words("web")[1:]
    start[start.index("--bind") + 1] = f"127.0.0.1:{service}"
    keys = {
        "WIBAWA_SECRET_KEY": "secret key of the tests, not of anything real",
        "WIBAWA_DATA_KEY": "data key of the tests, not of anything real",
        "WIBAWA_DATABASE_URL": database_url,
        "WIBAWA_INSTANCE": str(tmp_path / "instance"),
        "WIBAWA_BACKUP_FOLDER": str(tmp_path / "backups"),
    }
    given = os.environ | environment() | keys
    site = NGINX.replace("127.0.0.1:8000", f"127.0.0.1:{service}")
    site = site.replace("listen 80;", f"listen 127.0.0.1:{plain};")
    site = site.replace("listen 443 ssl;", f"listen 127.0.0.1:{secure} ssl;")
    site = site.replace("/etc/ssl/wibawa", str(tmp_path)).replace("/var/log/wibawa", str(tmp_path))
    certificate(tmp_path)
    (tmp_path / "site.conf").write_text(site)
    temporary = " ".join(
        f"{kind}_temp_path {tmp_path}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;" if os.geteuid() == 0 else ""
    (tmp_path / "nginx.conf").write_text(
        f"{user} daemon off; pid {tmp_path}/nginx.pid; error_log {tmp_path}/nginx-error.log;"
        f"events {{}} http {{ {temporary} include {tmp_path}/site.conf; }}"
    )
    proxy = (program("nginx"), "-e", str(tmp_path / "start.log"), "-c", f"{tmp_path}/nginx.conf")
    assert "test is successful" in told(*proxy, "-t")
    gunicorn = (sys.executable, "-W", "ignore", "-m", "gunicorn", *start)
    logs = [tmp_path / "gunicorn.log", tmp_path / "nginx.out"]
    with (
        started(*gunicorn, port=service, environment=given, log=logs[0]) as first,
        started(*proxy, port=secure, environment=given, log=logs[1]),
    ):
        yield plain, secure, first


class Asking:
    """A browser before the proxy: it proves the certificate, and keeps the cookie it was given."""

    def __init__(self, port: int, certificate: Path | None) -> None:
        self.port, self.certificate, self.cookie = port, certificate, ""

    def __call__(
        self, address: str, body: str | None = None, **headers: str
    ) -> tuple[http.client.HTTPResponse, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.connect()
        if self.certificate:
            trusted = ssl.create_default_context(cafile=str(self.certificate))
            connection.sock = trusted.wrap_socket(connection.sock, server_hostname=HOST)
        sent = {"Host": HOST, "Cookie": self.cookie} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        connection.request("GET" if body is None else "POST", address, body, sent)
        answer = connection.getresponse()
        page = answer.read().decode()
        self.cookie = (answer.getheader("Set-Cookie") or self.cookie).partition(";")[0]
        connection.close()
        return answer, page


@pytest.mark.soak
@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
def test_the_service_answers_behind_nginx_with_our_file(
    app: Flask,
    people: dict[str, int],
    proxied: Proxied,
    tmp_path: Path,
) -> None:
    plain, secure, service = proxied
    moved, _ = Asking(plain, None)("/masuk")
    assert moved.status == 301
    assert moved.getheader("Location") == f"{SITE}/masuk"
    ask = Asking(secure, tmp_path / "fullchain.pem")
    answer, page = ask(f"/masuk?lanjut=/pinjaman%3Fq%3D{SEARCHED}", Referer=f"/?q={SEARCHED}")
    assert answer.status == 200
    assert "max-age" in (answer.getheader("Strict-Transport-Security") or "")
    assert ask.cookie.startswith("__Host-wibawa=")
    assert "Secure" in (answer.getheader("Set-Cookie") or "")
    assert answer.getheader("Server") == "nginx", "no version is told"
    _somebody_else_is_not_believed(ask, page)
    with app.app_context():
        seen = db.session.scalars(select(TrailEntry.address).where(TrailEntry.address != ""))
        assert set(seen) == {"127.0.0.1"}
    assert ask("/healthz")[0].status == 200
    for address in ("/metrics", "/readyz"):
        _is_told_by_the_proxy(ask(address), 404)
    _is_told_by_the_proxy(ask("/masuk", body="", Content_Length=str(32 * 2**20)), 413)
    _old_ciphers_are_refused(secure, tmp_path / "fullchain.pem")
    service.terminate()
    service.wait(60)
    _is_told_by_the_proxy(ask("/pinjaman"), 502)
    for name in ("proxy.log", "gunicorn.log", "proxy-error.log", "nginx.out"):
        log = (tmp_path / name).read_text()
        assert SEARCHED not in log, name
        assert name not in ("proxy.log", "gunicorn.log") or '"GET /masuk" 200' in log, log


def _is_told_by_the_proxy(said: tuple[http.client.HTTPResponse, str], status: int) -> None:
    answer, page = said
    assert answer.status == status
    title, text = TEXTS.get(status, ("Wibawa sedang tidak dapat dihubungi", ""))
    assert f"<h1>{title}</h1>" in page
    assert text.partition(". ")[0] in page
    assert (answer.getheader("Content-Type") or "").lower() == "text/html; charset=utf-8"
    assert "max-age" in (answer.getheader("Strict-Transport-Security") or "")
    assert "default-src 'none'" in (answer.getheader("Content-Security-Policy") or "")
    assert answer.getheader("Cache-Control") == "no-store"


def _old_ciphers_are_refused(port: int, certificate: Path) -> None:
    for ciphers, taken in (("ECDHE-ECDSA-AES128-SHA256", False), ("ECDHE+AESGCM", True)):
        trusted = ssl.create_default_context(cafile=str(certificate))
        trusted.maximum_version = ssl.TLSVersion.TLSv1_2
        trusted.set_ciphers(ciphers)
        with socket.create_connection(("127.0.0.1", port), 20) as line:
            try:
                trusted.wrap_socket(line, server_hostname=HOST).close()
            except ssl.SSLError:
                assert not taken
            else:
                assert taken


def _somebody_else_is_not_believed(ask: Asking, page: str) -> None:
    """Whoever writes addresses of others into the head of a request stands on the trail himself."""
    token = hidden(page, "csrf_token")
    body = f"username=staff&password=bukan+kata+sandinya&csrf_token={token}"
    refused, _ = ask(
        "/masuk", body, Content_Type="application/x-www-form-urlencoded",
        X_Forwarded_For="203.0.113.7", X_Forwarded_Proto="http", Referer=f"{SITE}/masuk",
    )  # fmt: skip
    assert refused.status in (200, 401, 422)


def _wait_for_line(log: Path, address: str) -> None:
    """nginx writes it after it has answered."""
    end = time.monotonic() + 20
    while not (log.exists() and address in log.read_text()):
        assert time.monotonic() < end, f"no line of {address}"
        time.sleep(0.05)


@pytest.mark.soak
@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
def test_logrotate_turns_the_log_of_the_proxy_which_goes_on_in_the_new_file(
    app: Flask, proxied: Proxied, tmp_path: Path
) -> None:
    """Changed are the places, and whose the new file is."""
    _, secure, _ = proxied
    ask = Asking(secure, tmp_path / "fullchain.pem")
    log, rules = tmp_path / "proxy.log", tmp_path / "wibawa.logrotate"
    text = ROTATION.replace("/var/log/wibawa/*.log", str(log)).replace("www-data adm", "")
    rules.write_text(text.replace("/run/nginx.pid", str(tmp_path / "nginx.pid")))
    rules.chmod(0o644)
    turn = (program("logrotate"), "--force", "--state", str(tmp_path / "state"), str(rules))
    for day in range(3):
        assert ask(f"/hari/{day}")[0].status == 404
        _wait_for_line(log, f"/hari/{day}")
        told(*turn)
        time.sleep(0.5)  # its readers open the new file by and by
    ask("/healthz")
    _wait_for_line(log, "/healthz")
    assert re.findall(r"GET (\S+)\"", log.read_text()) == ["/healthz"]
    assert re.findall(r"GET (\S+)\"", (tmp_path / "proxy.log.1").read_text()) == ["/hari/2"]
    assert sorted(path.name for path in tmp_path.glob("*.gz")) == [
        "proxy.log.2.gz",
        "proxy.log.3.gz",
    ]


@pytest.mark.soak
def test_systemd_takes_our_units(tmp_path: Path) -> None:
    """The programs they start are not at their place here; nothing else is changed."""
    for name, text in (UNITS | PC).items():
        path = tmp_path / ("wibawa.service" if name in PC else f"wibawa-{name}.service")
        path.write_text(text.replace("/opt/wibawa/.venv/bin", str(Path(sys.executable).parent)))
        assert told(program("systemd-analyze"), "verify", str(path)) == ""
