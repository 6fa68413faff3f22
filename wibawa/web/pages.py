"""Paging, sorting and taking away of lists, the one way every list does it. The database does the
work."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode, urlsplit

from flask import request
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wibawa.rules.money import number
from wibawa.rules.refused import Refused

Row = TypeVar("Row")
Line = TypeVar("Line")
SIZES = (25, 50, 100, 200)
MOST_IN_FILE = 100_000  # rows; more would fill the memory of a small server
TOO_LONG = (
    "Daftar ini berisi {total} baris, sedangkan satu berkas memuat paling banyak {most}. Supaya "
    "tidak ada yang terpotong, berkasnya tidak dibuat: persempit dahulu dengan saringan di atas "
    "daftar, misalnya per bulan, per bank, atau per jenis, lalu unduh satu per satu."
)


@dataclass(frozen=True)
class Page(Generic[Row]):
    """One page of a list: `rows` are items `first`…`last` of `total`."""

    rows: list[Row]
    page: int
    per_page: int
    total: int

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // self.per_page))

    @property
    def first(self) -> int:
        return 0 if self.total == 0 else (self.page - 1) * self.per_page + 1

    @property
    def last(self) -> int:
        return min(self.total, self.page * self.per_page)


def too_long(total: int) -> str:
    """What is said of a list that no file takes; "" of one that fits."""
    if total <= MOST_IN_FILE:
        return ""
    return TOO_LONG.format(total=number(total), most=number(MOST_IN_FILE))


def whole_list(session: Session, query: Any) -> Sequence[Any]:
    """All rows of a list for a file. Raises `Refused` `list_too_long`: a file is whole or there is
    none."""
    found = session.execute(query.limit(MOST_IN_FILE + 1)).all()
    rows = query.order_by(None).subquery()
    return fitting(found, lambda: session.scalar(select(func.count()).select_from(rows)) or 0)


def fitting(found: Sequence[Line], total: Callable[[], int]) -> Sequence[Line]:
    """What was read of a list up to a row more than a file takes; raises as `whole_list` does."""
    if len(found) > MOST_IN_FILE:
        raise Refused("list_too_long", too_long(total()))
    return found


@dataclass(frozen=True)
class Wanted:
    """What the address asks of a list: page, size, sort column and direction."""

    page: int
    per_page: int
    sort: str
    descending: bool

    @property
    def offset(self) -> int:
        return (self.page - 1) * self.per_page


def wanted(arguments: dict[str, str], sorts: tuple[str, ...], default: str) -> Wanted:
    """Read page, size and sort from the address; anything odd falls back to the default."""

    def whole(name: str, fallback: int) -> int:
        text = arguments.get(name, "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else fallback

    size = whole("per_hal", 50)
    sort = arguments.get("urut", default)
    descending = sort.startswith("-")
    key = sort.removeprefix("-")
    if key not in sorts:
        key, descending = default.removeprefix("-"), default.startswith("-")
    return Wanted(max(1, whole("hal", 1)), size if size in SIZES else 50, key, descending)


def address(key: str) -> Callable[[object], str]:
    """A function from a value to this page's address with `key` set to it and the rest kept.

    `address("hal")(3)` on /pinjaman?q=a&hal=2 is /pinjaman?q=a&hal=3.
    """

    def at(value: object) -> str:
        arguments = request.args.to_dict()
        if key != "hal":
            arguments.pop("hal", None)
        return f"{request.path}?{urlencode(arguments | {key: str(value)})}"

    return at


def sort_address() -> Callable[[str, str], str]:
    """What `ui.sort_header` needs: (column, direction) → this page sorted so."""
    at = address("urut")
    return lambda key, direction: at(f"-{key}" if direction == "desc" else key)


def without(*keys: str) -> str:
    """This page's address without some of its filters: where a chip's cross leads."""
    arguments = {
        key: value for key, value in request.args.items() if key not in keys and key != "hal"
    }
    return f"{request.path}?{urlencode(arguments)}" if arguments else request.path


def back_path() -> str:
    """The page of ours that led to this request; "/" when there is none."""
    before = urlsplit(request.referrer or "")
    path = before.path + (f"?{before.query}" if before.query else "")
    ours = before.netloc == request.host and path.startswith("/") and not path.startswith("//")
    itself = request.method == "GET" and path == request.full_path.rstrip("?")
    return path if ours and not itself else "/"
