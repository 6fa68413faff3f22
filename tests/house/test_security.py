"""What the page about security says of the program's own text: what it calls, hashes and seals, and
what its scripts do."""

from __future__ import annotations

import ast
import re
import socket
import urllib.request
from functools import cache

import pytest

import config
from tests.conftest import CalledOutside
from tests.house.source import PACKAGE, ROOT, calls
from wibawa.keeping.sealing import sealed_tables
from wibawa.uploads.limits import DEFAULT_LIMITS

CALLERS = {
    "aiohttp", "asyncio", "ftplib", "http.client", "httpx", "imaplib", "poplib", "requests",
    "smtplib", "socketserver", "ssl", "telnetlib", "urllib.request", "urllib3", "webbrowser",
    "xmlrpc",
}  # fmt: skip
# Of the libraries for ciphers and hashes, what the page's inventory names.
CRYPTOGRAPHY = {
    "argon2": {"PasswordHasher", "exceptions.InvalidHashError", "exceptions.VerificationError"},
    "cryptography": {"exceptions.InvalidTag", "hazmat.primitives.ciphers.aead.AESGCM"},
    "hashlib": {"sha256", "file_digest"},
    "hmac": {"compare_digest", "digest", "new"},
}
# A script that writes markup, runs text, or hears what other windows say.
UNSAFE = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|setHTML|document\.write|createContextualFragment"
    r"|\beval\(|new Function|setTimeout\(\s*[\"'`]|javascript:"
    r"|postMessage|BroadcastChannel|[\"']message[\"']|onmessage|window\.open|__proto__"
)


@cache
def trees() -> dict[str, ast.Module]:
    """The modules that name one of these libraries; the others need no reading."""
    named = re.compile(rf"\b(?:socket|{'|'.join(map(re.escape, (*CALLERS, *CRYPTOGRAPHY)))})\b")
    texts = {path: path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py")}
    texts |= {path: path.read_text(encoding="utf-8") for path in ROOT.glob("*.py")}
    assert len(texts) > 400
    return {
        path.relative_to(ROOT).as_posix(): ast.parse(text)
        for path, text in texts.items()
        if named.search(text)
    }


@cache
def taken() -> dict[str, set[str]]:
    """What each module takes of others: `urllib.parse.quote`, by name or as an attribute."""
    found: dict[str, set[str]] = {}
    for path, tree in trees().items():
        names = found[path] = set()
        nodes = list(ast.walk(tree))
        for node in nodes:
            if isinstance(node, ast.Import):
                names |= {each.name for each in node.names}
            elif isinstance(node, ast.ImportFrom):
                names |= {f"{node.module}.{each.name}" for each in node.names}
        for node in nodes:
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) in names:
                names.add(ast.unparse(node))
    return found


def of(library: str) -> set[str]:
    return {
        name.removeprefix(f"{library}.")
        for names in taken().values()
        for name in names
        if name.startswith(f"{library}.")
    }


def test_no_module_can_call_another_machine() -> None:
    found = [
        f"{path}: {name}"
        for path, names in taken().items()
        for name in names
        if any(name == each or name.startswith(f"{each}.") for each in CALLERS)
    ]
    assert found == []
    assert of("socket") == {"gethostname"}
    locked = re.findall(r"(?m)^([\w.-]+)==", (ROOT / "requirements.lock").read_text())
    assert {"flask", "cryptography"} <= set(locked)
    assert CALLERS & set(locked) == set()


def test_a_test_that_calls_another_machine_fails() -> None:
    with pytest.raises(CalledOutside), socket.socket() as line:
        line.connect(("192.0.2.1", 80))
    with pytest.raises(CalledOutside), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.sendto(b"", ("192.0.2.1", 53))
    with pytest.raises(CalledOutside):
        urllib.request.urlopen("http://wibawa.example")
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()


@pytest.mark.parametrize("library", sorted(CRYPTOGRAPHY))
def test_ciphers_and_hashes_are_those_of_the_inventory(library: str) -> None:
    assert of(library) == CRYPTOGRAPHY[library]


def test_every_keyed_hash_and_every_hash_of_a_file_is_sha_256() -> None:
    named = {"hmac.new", "hmac.digest", "hashlib.file_digest"}
    made = [
        ast.unparse(call)
        for path, tree in trees().items()
        if named & taken()[path]
        for call, name in calls(tree)
        if name in named
    ]
    assert len(made) == len(named)
    assert [call for call in made if "sha256" not in call] == []


def test_no_script_writes_markup_runs_text_or_hears_other_windows() -> None:
    scripts = sorted((PACKAGE / "static").rglob("*.*js"))
    assert len(scripts) > 5
    found = [
        f"{path.name}:{number} {line.strip()}"
        for path in scripts
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if UNSAFE.search(line)
    ]
    assert found == []
    parsing = {path.name for path in scripts if "DOMParser" in path.read_text(encoding="utf-8")}
    assert parsing == {"preview.mjs", "upload.mjs"}, "they show a page that a template has drawn"


def test_every_sealed_column_is_named_on_the_page_about_personal_data() -> None:
    page = (ROOT / "docs" / "privacy.md").read_text(encoding="utf-8")
    table = page.split("### Every sealed column")[1].split("\n### ")[0]
    lines = [line.split("|") for line in table.splitlines() if line.startswith("| ")]
    named, found_by = (
        sorted(name for line in lines for name in re.findall(r"`(\w+\.\w+)`", line[cell]))
        for cell in (2, 3)
    )
    tables = sealed_tables().values()
    assert named == sorted(str(column) for each in tables for column in each.columns)
    indexes = [column for each in tables for some in each.indexes.values() for column in some]
    assert found_by == sorted(map(str, indexes))


def test_the_limits_of_files_on_the_pages_are_those_of_the_program() -> None:
    settings, megabyte = config.load("testing", DATABASE_URL="sqlite://"), 1024 * 1024
    files = (ROOT / "docs" / "files.md").read_text(encoding="utf-8")
    limits = DEFAULT_LIMITS
    assert limits.content == settings["UPLOAD_MAX_BYTES"]
    rows = f"{limits.rows:,}".replace(",", ".")
    assert (
        f"| limits | {limits.content // megabyte} MB; {limits.unpacked // megabyte} MB unpacked; "
        f"{rows} rows; {limits.columns} columns:"
    ) in files
    security = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    assert (
        f"{settings['UPLOAD_MAX_BYTES'] // megabyte} MB a file, "
        f"{settings['PHOTOS_MAX_BYTES'] // megabyte} MB photos of one visit, "
        f"{settings['MAX_CONTENT_LENGTH'] // 1024} KB a form; "
        f"{settings['SCANS_ROOM_BYTES'] // megabyte} MB of scans for one application; "
        f"a scan as PDF {settings['SCAN_PDF_BYTES'] // megabyte} MB, "
        f"as a picture {settings['SCAN_PICTURE_BYTES'] // megabyte} MB"
    ) in security
