"""The only place that reads the clock. The office's calendar is Asia/Jakarta (WIB)."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

WIB = ZoneInfo("Asia/Jakarta")


def now() -> dt.datetime:
    """This moment, aware, in UTC."""
    return dt.datetime.now(dt.UTC)


def today() -> dt.date:
    """The office's day: at 00:30 WIB on 1 January it is 1 January whatever the server's zone."""
    return now().astimezone(WIB).date()


def in_wib(moment: dt.datetime) -> dt.datetime:
    return moment.astimezone(WIB)
