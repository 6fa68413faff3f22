"""The `wibawa` command."""

from __future__ import annotations

from collections.abc import Callable

import click
from flask import Flask


def run(make_app: Callable[[], Flask]) -> None:
    raise click.ClickException("no command yet")
