"""What gunicorn is told by its unit: `--config python:wibawa.starting`.

Whether the program can start is asked once, before anybody listens, in a process of its own: so
gunicorn ends with its exit. When several readers fail at once, gunicorn itself may end with 1
instead, and a new version would not come in with a reload had the first process loaded it.
"""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from gunicorn.glogging import Logger, SafeAtoms


class _OneLine(SafeAtoms):  # type: ignore[misc]
    """What the line of a request says. gunicorn has turned `%0A` of an address into the line break
    that it means, behind which anybody could write a line of another request."""

    def __getitem__(self, name: str) -> Any:
        said = super().__getitem__(name)
        if not isinstance(said, str) or said.isprintable():
            return said
        return "".join(c if c.isprintable() else f"{c!a}"[1:-1] for c in said)


class _Log(Logger):  # type: ignore[misc]
    atoms_wrapper_class = _OneLine


logger_class = _Log


def on_starting(server: object) -> None:
    asked = subprocess.run([sys.executable, "-c", "import wsgi"], check=False)
    if asked.returncode:
        sys.exit(asked.returncode)
