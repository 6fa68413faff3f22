"""A script of ours in a process of its own, which a hostile file may destroy without harm."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = str(Path(__file__).resolve().parents[2])  # where the package lies


def start(script: Path) -> subprocess.Popen[bytes]:
    """`script` under our own interpreter and packages, with pipes to its input and output.

    It inherits nothing of the environment, so neither key nor database is known to it. Where the
    packages lie it is told: looking for that (`site`) was a third of its start.
    """
    paths = (ROOT, *(path or os.getcwd() for path in sys.path))
    environment = {"PYTHONPATH": os.pathsep.join(paths)}
    if "SYSTEMROOT" in os.environ:  # pragma: no cover - Windows
        environment["SYSTEMROOT"] = os.environ["SYSTEMROOT"]
    return subprocess.Popen(  # noqa: S603 - our own script under our own interpreter
        [sys.executable, "-B", "-P", "-s", "-S", str(script)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
    )
