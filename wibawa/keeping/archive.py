"""A backup as one file: a zip of `manifest.json`, its seal, and one JSON line per row of a table.

The same for both engines, readable with any unzip. It is written under another name, brought to
the disk, read again and checked before it takes its own name: what has its name is whole.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from wibawa.rules.refused import Refused

FORMAT = 1
MANIFEST, SEAL = "manifest.json", "manifest.seal"
LARGEST_MANIFEST = 4 * 1024 * 1024
# What reading a damaged zip, and what was packed in it, comes to.
UNREADABLE = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, KeyError, NotImplementedError,
    OverflowError, RuntimeError, TypeError, ValueError,
)  # fmt: skip
PIECE = 1024 * 1024
DAMAGED = (
    "Berkas cadangan ini rusak atau bukan cadangan Wibawa: {found}. Tidak ada yang dipulihkan; "
    "pakai cadangan lain."
)


@dataclass(frozen=True)
class Table:
    """What the manifest says of a table: its columns as (name, kind), rows and their hash."""

    name: str
    columns: tuple[tuple[str, str], ...]
    rows: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What a backup is of. `fingerprint`: of the schema, on the engine that it was taken from;
    `key_check`: a keyed hash that tells another data key apart; `chain_heads`: bank or DINAS →
    where its chain stood; `left_out`: tables whose rows are not taken along."""

    made_at: str
    program: str
    engine: str
    revision: str
    fingerprint: str
    key_check: str
    chain_heads: dict[str, dict[str, Any]]
    left_out: tuple[str, ...]
    tables: tuple[Table, ...] = field(default_factory=tuple)
    format: int = FORMAT

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables)

    def as_bytes(self) -> bytes:
        return json.dumps(asdict(self), ensure_ascii=False, indent=1, sort_keys=True).encode()


def damaged(found: str) -> Refused:
    return Refused("backup_damaged", DAMAGED.format(found=found))


def line_of(row: Iterable[Any]) -> bytes:
    """A row as it is hashed and kept."""
    return json.dumps(list(row), ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


class Writer:
    def __init__(self, file: zipfile.ZipFile) -> None:
        self._file = file
        self.tables: list[Table] = []

    def add(
        self, name: str, columns: tuple[tuple[str, str], ...], rows: Iterable[Iterable[Any]]
    ) -> None:
        """Write a table as its rows come."""
        digest, count, waiting = hashlib.sha256(), 0, bytearray()
        with self._file.open(f"tables/{name}.jsonl", "w", force_zip64=True) as member:
            for row in rows:
                waiting += line_of(row)
                count += 1
                if len(waiting) >= PIECE:
                    digest.update(waiting)
                    member.write(waiting)
                    waiting = bytearray()
            digest.update(waiting)
            member.write(waiting)
        self.tables.append(Table(name, columns, count, digest.hexdigest()))

    def close(self, manifest: Manifest, seal: str) -> None:
        self._file.writestr(MANIFEST, manifest.as_bytes())
        self._file.writestr(SEAL, seal)


class Reader:
    """An opened backup. `check` reads all of it."""

    def __init__(self, file: zipfile.ZipFile) -> None:
        self._file = file
        try:
            if file.getinfo(MANIFEST).file_size > LARGEST_MANIFEST:
                raise damaged("daftar isinya terlalu besar")
            self.manifest_bytes = file.read(MANIFEST)
            self.seal = file.read(SEAL).decode("ascii")
            self.manifest = _manifest(json.loads(self.manifest_bytes))
        except UNREADABLE as error:
            raise damaged("daftar isinya tidak terbaca") from error

    def lines(self, table: Table) -> Iterator[bytes]:
        """The table's lines. Raises `Refused` `backup_damaged`, at the end for another hash."""
        digest, count = hashlib.sha256(), 0
        try:
            with self._file.open(f"tables/{table.name}.jsonl") as member:
                for line in member:
                    digest.update(line)
                    count += 1
                    yield line
        except UNREADABLE as error:
            raise damaged(f"tabel {table.name} tidak terbaca") from error
        if (count, digest.hexdigest()) != (table.rows, table.sha256):
            raise damaged(f"isi tabel {table.name} tidak sama dengan daftar isinya")

    def rows(self, table: Table) -> Iterator[list[Any]]:
        for line in self.lines(table):
            yield json.loads(line)

    def check(self, tell: Callable[[int, int], None] = lambda done, total: None) -> None:
        """Read every line and compare the hashes. Raises `Refused` `backup_damaged`."""
        done, total = 0, self.manifest.rows
        for table in self.manifest.tables:
            for number, _ in enumerate(self.lines(table)):
                if number % 1000 == 0:
                    tell(done + number, total)
            done += table.rows


def _manifest(said: dict[str, Any]) -> Manifest:
    if said.get("format") != FORMAT:
        raise damaged(f"bentuknya {said.get('format')!r}, yang dikenal {FORMAT}")
    tables = tuple(
        Table(
            str(each["name"]),
            tuple((str(name), str(kind)) for name, kind in each["columns"]),
            int(each["rows"]),
            str(each["sha256"]),
        )
        for each in said.pop("tables")
    )
    return Manifest(**{**said, "left_out": tuple(said["left_out"])}, tables=tables)


@contextmanager
def written(path: Path) -> Iterator[Writer]:
    """Write a backup to a new file that its owner alone may read; when the block is left it is on
    the disk."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w+b") as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
            yield Writer(archive)
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def beside(path: Path) -> Iterator[Path]:
    """A name beside `path` for what is not whole yet. What still has it at the end goes; what was
    given its own name (`named`) stays."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        yield part
    finally:
        part.unlink(missing_ok=True)


def named(part: Path, path: Path) -> None:
    """Give what is whole its own name, for good. Raises `Refused` when the name was taken
    meanwhile."""
    try:
        os.link(part, path)
    except FileExistsError as error:
        raise taken(path) from error
    except OSError:  # a file system without links
        if path.exists():
            raise taken(path) from None
        part.rename(path)
    part.unlink(missing_ok=True)
    with suppress(OSError):  # a folder cannot be opened everywhere
        descriptor = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def taken(path: Path) -> Refused:
    return Refused(
        "backup_exists",
        f"Berkas {path} sudah ada dan tidak ditimpa. Beri nama lain untuk cadangan ini.",
    )


@contextmanager
def opened(path: Path) -> Iterator[Reader]:
    """Open a backup. Raises `Refused` `backup_damaged`, also for what the block reads of it."""
    try:
        file = zipfile.ZipFile(path)
    except UNREADABLE as error:
        raise damaged("berkasnya terpotong atau bukan zip") from error
    with file:
        yield Reader(file)


def file_hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
