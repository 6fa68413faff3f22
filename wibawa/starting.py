"""What gunicorn is told by its unit: `--config python:wibawa.starting`.

Whether the program can start is asked once, before anybody listens, in a process of its own: so
gunicorn ends with its exit. When several readers fail at once, gunicorn itself may end with 1
instead, and a new version would not come in with a reload had the first process loaded it.
"""

from __future__ import annotations

import subprocess
import sys


def on_starting(server: object) -> None:
    asked = subprocess.run([sys.executable, "-c", "import wsgi"], check=False)
    if asked.returncode:
        sys.exit(asked.returncode)
