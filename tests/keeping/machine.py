"""A server of its own in which systemd is the first process, to install the program on.

It sees this machine's files under a layer that forgets, has its own processes, network and tree of
services, and ends with the test: the kernel takes all of it away when its first process ends.
"""

from __future__ import annotations

import ctypes
import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BOOT = Path(__file__).resolve().parent / "boot.sh"
SYSTEMD = Path("/lib/systemd/systemd")
HIDDEN = ("/root", "/home", "/run/user", "/tmp", "/var/tmp")  # by ProtectHome and PrivateTmp
PYTHON = Path(f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}")
CLONE_NEWNET = 0x40000000
JOURNAL = "journalctl --namespace=wibawa"


def cgroups() -> Path | None:
    """Where the kernel's one tree of groups is mounted."""
    for line in Path("/proc/self/mounts").read_text().splitlines():
        kind, place = line.split()[2], line.split()[1]
        if kind == "cgroup2":
            return Path(place)
    return None


def hindrance() -> str | None:
    """Why no such server can be started here; None when it can."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "only root on Linux can start a server with systemd of its own"
    tools = ("unshare", "nsenter", "setpriv", "pivot_root", "adduser", "pg_createcluster")
    path = f"{os.environ['PATH']}:/usr/sbin:/sbin"
    missing = [tool for tool in tools if shutil.which(tool, path=path) is None]
    if missing or not SYSTEMD.exists():
        return f"apt-get install systemd postgresql adduser: no {', '.join(missing) or SYSTEMD}"
    groups = cgroups()
    if groups is None or not os.access(groups / "cgroup.procs", os.W_OK):
        return "no tree of control groups (cgroup2) that may be written"
    tried = subprocess.run(
        ["unshare", "--mount", "--pid", "--fork", "--cgroup", "--net", "--uts", "--ipc", "sh", "-c",
         "mount --make-rprivate / && mount -t tmpfs x /media && mkdir /media/u /media/w /media/m"
         " && mount -t overlay x -o lowerdir=/,upperdir=/media/u,workdir=/media/w /media/m"
         " && mount -t proc x /media/m/proc && mount -t cgroup2 x /media/m/media"],
        check=False, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    if tried.returncode != 0:
        return f"no namespaces of its own: {tried.stderr.strip()[-200:]}"
    return None


def _of_a_home() -> bool:
    """Whether the interpreter lies where a service may not look, and the system has no like one."""
    return str(Path(sys.base_prefix).resolve()).startswith(HIDDEN) and not PYTHON.exists()


def interpreter() -> str:
    """One that a service may run there, of the version of this one."""
    if PYTHON.exists():
        return str(PYTHON)
    return f"{'/opt/python' if _of_a_home() else sys.base_prefix}/bin/python3"


class Machine:
    """The running server, by its first process."""

    def __init__(self, first: int, group: Path) -> None:
        self.first, self.group = first, group

    def __call__(self, words: str, *, check: bool = True, user: str = "root") -> str:
        """What a shell of the administrator there says to `words`."""
        shell = [*(("runuser", "-u", user, "--") if user != "root" else ()), "bash", "-c", words]
        run = subprocess.run(
            ["nsenter", "-t", str(self.first), "-m", "-p", "-C", "-n", "-u", "-i", "--",
             "env", "-i", "HOME=/root", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8",
             *shell],
            check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=300,
        )  # fmt: skip
        assert run.returncode == 0 or not check, f"{words}: {run.stdout}"
        return run.stdout

    def asks(self, statement: str, database: str = "wibawa") -> str:
        """What the database there answers to `statement`."""
        words = f"cd / && psql -Atq -v ON_ERROR_STOP=1 -d {database} -c {shlex.quote(statement)}"
        return self(words, user="postgres").strip()

    def shows(self, unit: str, name: str) -> str:
        """A property of a unit."""
        return self(f"systemctl show --value -p {name} {unit}").strip()

    def journal(self, unit: str, since: str = "") -> str:
        """What a service wrote to the program's own journal, since a moment of `cursor`."""
        self(f"{JOURNAL} --sync")
        after = f"--after-cursor='{since}'" if since else ""
        # Not by `-u`: with a cursor at another unit's line it leaves out the first one.
        lines = self(f"{JOURNAL} -q --no-pager -o json {after}").splitlines()
        told = [json.loads(line) for line in lines]
        return "".join(
            f"{each['MESSAGE']}\n"
            for each in told
            if each.get("_SYSTEMD_UNIT") == f"{unit}.service"
        )

    def cursor(self) -> str:
        """The end of the journal now."""
        self(f"{JOURNAL} --sync")
        said = self(f"{JOURNAL} -q -n 0 --show-cursor")
        return said.partition("-- cursor: ")[2].strip()

    def socket(self, port: int, timeout: float) -> socket.socket:
        """A connection to a port there. Only the thread that makes it enters the network."""
        made: list[socket.socket | OSError] = []

        def connect() -> None:
            try:
                with open(f"/proc/{self.first}/ns/net") as network:
                    if ctypes.CDLL(None, use_errno=True).setns(network.fileno(), CLONE_NEWNET):
                        raise OSError(ctypes.get_errno(), "setns")
                made.append(socket.create_connection(("127.0.0.1", port), timeout))
            except OSError as error:
                made.append(error)

        thread = threading.Thread(target=connect)
        thread.start()
        thread.join()
        if isinstance(made[0], OSError):
            raise made[0]
        return made[0]


def until(seconds: float, what: str) -> Iterator[None]:
    """Once and again, until the caller breaks off."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        yield
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} s: {what}")


def _shut(group: Path) -> None:
    """End whatever runs in a group, and take the group away."""
    if not group.exists():
        return
    with suppress(OSError):
        (group / "cgroup.kill").write_text("1")
    for _ in until(20, f"{group} is empty"):
        if "populated 0" in (group / "cgroup.events").read_text():
            break
    for folder in sorted((path for path in group.rglob("*") if path.is_dir()), reverse=True):
        folder.rmdir()
    group.rmdir()


@contextmanager
def booted(folder: Path, disk: Path | None = None) -> Iterator[Machine]:
    """Such a server for as long as the block lasts; it ends with this process in any case, as by a
    power cut. What it wrote is gone then, but for a `disk`, with which it can be started again."""
    groups = cgroups()
    assert groups is not None
    for old in groups.glob("wibawa-test-*"):  # of a run that was killed
        if not Path(f"/proc/{old.name.rpartition('-')[2]}").exists():
            _shut(old)
    group = groups / f"wibawa-test-{os.getpid()}"
    group.mkdir()
    python = str(Path(sys.base_prefix).resolve()) if _of_a_home() else "-"
    packages = next(path for path in sys.path if path.endswith("site-packages"))
    root, log = folder / "machine", folder / "boot.log"
    root.mkdir(exist_ok=True)
    words = [
        "setpriv", "--pdeathsig", "KILL",
        "sh", "-c", f"echo $$ > {group}/cgroup.procs; exec \"$@\"", "sh",
        "unshare", "--mount", "--pid", "--fork", "--kill-child", "--cgroup", "--net", "--uts",
        "--ipc", "sh", str(BOOT), str(root), str(ROOT), python, packages,
        *([str(disk)] if disk else []),
    ]  # fmt: skip
    try:
        with (
            log.open("wb") as out,
            subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=out, stderr=out) as process,
        ):
            try:
                yield _running(process, group, log)
            finally:
                _shut(group)
    finally:
        _shut(group)


def _running(process: subprocess.Popen[bytes], group: Path, log: Path) -> Machine:
    """The server, once systemd says that everything is started."""
    scope = group / "init.scope" / "cgroup.procs"
    for _ in until(120, "systemd is there"):
        assert process.poll() is None, log.read_text()
        found = scope.read_text().split() if scope.exists() else []
        if found:
            break
    machine = Machine(int(found[0]), group)
    for _ in until(120, "systemd is ready"):
        state = machine("systemctl is-system-running", check=False).strip()
        assert state not in ("maintenance", "stopping"), state
        if state in ("running", "degraded"):
            break
    assert state == "running", machine("systemctl --failed --no-pager")
    return machine
