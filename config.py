"""Settings from the environment; `WIBAWA_ENV`: development (default), testing or production."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from wibawa.database import engine_options, full_url

HERE = Path(__file__).resolve().parent


class ConfigurationError(RuntimeError):
    """The program cannot start with these settings; the text says what to do."""


def instance_folder() -> Path:
    return Path(os.environ.get("WIBAWA_INSTANCE", HERE / "instance"))


def database_url() -> str:
    url = os.environ.get("WIBAWA_DATABASE_URL")
    if not url:
        folder = instance_folder()
        folder.mkdir(parents=True, exist_ok=True)
        return f"sqlite:///{folder / 'wibawa.sqlite3'}"
    return full_url(url)


def _kept_secret(name: str) -> str:
    """A secret of this installation, made once, kept in the instance folder for its owner only."""
    path = instance_folder() / name
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32))
    return path.read_text().strip()


def data_key_file() -> Path:
    """Where the data key lies: beside the instance folder, so that a copy of the data, or a backup
    of its folder, holds no key."""
    given = os.environ.get("WIBAWA_DATA_KEY_FILE")
    folder = instance_folder()
    return Path(given) if given else folder.with_name(f"{folder.name}-key") / "data.key"


def _data_key(name: str) -> str:
    """The key as given or kept; "" when there is none yet (`wibawa.access.keys` knows then whether
    one may be made). One that lies among the data, as in older installations, is moved out."""
    if given := os.environ.get("WIBAWA_DATA_KEY"):
        return _required("WIBAWA_DATA_KEY") if name == "production" else given
    path, old = data_key_file(), instance_folder() / "data.key"
    if not path.exists() and old.exists() and name != "production":
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            shutil.move(old, path)
        except FileNotFoundError:  # another process was quicker
            pass
        else:
            print(f"Kunci data dipindahkan dari {old} ke {path}.", file=sys.stderr)
    key = path.read_text().strip() if path.exists() else ""
    if name == "production" and len(key) < 32:
        raise ConfigurationError(
            f"WIBAWA_DATA_KEY is not set, and {path} holds no key of 32 characters. Production "
            "needs one: python -c 'import secrets; print(secrets.token_hex(32))'"
        )
    return key


def _required(variable: str) -> str:
    value = os.environ.get(variable, "")
    if len(value) < 32:
        raise ConfigurationError(
            f"{variable} is not set or shorter than 32 characters. Production needs it: "
            "python -c 'import secrets; print(secrets.token_hex(32))'"
        )
    return value


def _whole(variable: str, usual: int, of_what: str) -> int:
    value = os.environ.get(variable) or str(usual)
    if not value.isascii() or not value.isdecimal():
        raise ConfigurationError(f"{variable} is {value!r}; it must be a number of {of_what}.")
    return int(value)


def _own_hosts(public_url: str) -> list[str]:
    """The hosts that may be asked for: the public one, and this machine's own for its monitors.
    Without the setting whoever asks would say what host stands in the codes on papers."""
    try:
        asked = urlsplit(public_url)
    except ValueError:
        asked = urlsplit("")
    if asked.scheme not in ("http", "https") or not asked.hostname:
        raise ConfigurationError(
            f"WIBAWA_PUBLIC_URL is {public_url!r}. Production needs the address at which people "
            "open the site, like https://wibawa.example.go.id: it stands in the codes on papers, "
            "and no other host is answered."
        )
    return [asked.hostname, "localhost", "127.0.0.1", "[::1]"]


def _time(variable: str, usual: str) -> str:
    """A time of the day in WIB; "-" is never."""
    value = os.environ.get(variable) or usual
    if value == "-":
        return ""
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value):
        raise ConfigurationError(f"{variable} is {value!r}; it must be a time like 01:30, or -.")
    return value


def _counts(variable: str, usual: str) -> tuple[int, ...]:
    """Three numbers: days, weeks, months."""
    value = os.environ.get(variable) or usual
    if not re.fullmatch(r"\d{1,4},\d{1,4},\d{1,4}", value):
        raise ConfigurationError(
            f"{variable} is {value!r}; it must be how many days, weeks and months, like 7,5,12."
        )
    return tuple(int(part) for part in value.split(","))


def load(environment: str | None = None, **overrides: Any) -> dict[str, Any]:
    """All settings of one environment as a mapping for `create_app`."""
    name = environment or os.environ.get("WIBAWA_ENV", "development")
    if name not in ("development", "testing", "production"):
        raise ConfigurationError(
            f"WIBAWA_ENV is {name!r}; it must be development, testing or production."
        )
    url = str(overrides.pop("DATABASE_URL", None) or database_url())
    settings: dict[str, Any] = {
        "WIBAWA_ENV": name,
        "TESTING": name == "testing",
        "SQLALCHEMY_DATABASE_URI": url,
        "SQLALCHEMY_ENGINE_OPTIONS": engine_options(url),
        "MAX_CONTENT_LENGTH": 256 * 1024,
        "MAX_FORM_MEMORY_SIZE": 256 * 1024,
        "UPLOAD_MAX_BYTES": 10 * 1024 * 1024,
        "LARGE_FILE_BYTES": _whole("WIBAWA_LARGE_FILE", 1024 * 1024, "bytes"),  # else a worker's
        "PHOTOS_MAX_BYTES": 30 * 1024 * 1024,  # of one visit, sent at once
        "SCAN_PDF_BYTES": 5 * 1024 * 1024,
        "SCAN_PICTURE_BYTES": 10 * 1024 * 1024,  # as sent; it is stored much smaller
        "SCANS_ROOM_BYTES": 40 * 1024 * 1024,  # of one application, or one borrower's own papers
        "WTF_CSRF_TIME_LIMIT": None,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "INSTANCE_FOLDER": str(instance_folder()),
        "DEMO_USERS_ON_SIGN_IN": name == "development",
        "BACKUP_FOLDER": os.environ.get("WIBAWA_BACKUP_FOLDER")
        or str(instance_folder() / "cadangan"),
        "BACKUP_AT": _time("WIBAWA_BACKUP_AT", "01:30") if name != "testing" else "",
        "BACKUP_KEEP": _counts("WIBAWA_BACKUP_KEEP", "7,5,12"),
        "METRICS_TOKEN": os.environ.get("WIBAWA_METRICS_TOKEN", ""),
        "LEAST_FREE_BYTES": _whole("WIBAWA_LEAST_FREE", 500 * 1024 * 1024, "bytes"),
        "BACKUP_BEFORE_MIGRATING": name != "testing",
        "PUBLIC_URL": os.environ.get("WIBAWA_PUBLIC_URL", ""),  # stands on papers; "": as asked for
        "CHECKS_A_MINUTE": 60,  # of papers, from one address
        "PROXIES": _whole("WIBAWA_PROXIES", 0, "proxies in front"),
    }
    if name == "production":
        settings["SECRET_KEY"] = _required("WIBAWA_SECRET_KEY")
        settings["SESSION_COOKIE_SECURE"] = True
        settings["SESSION_COOKIE_NAME"] = "__Host-wibawa"
        settings["TRUSTED_HOSTS"] = _own_hosts(settings["PUBLIC_URL"])
    else:
        settings["SECRET_KEY"] = os.environ.get("WIBAWA_SECRET_KEY") or _kept_secret("secret.key")
        settings["SESSION_COOKIE_NAME"] = "wibawa"
    settings["DATA_KEY_FILE"] = str(data_key_file())
    settings.update(overrides)
    if "DATA_KEY" not in settings:
        settings["DATA_KEY"] = _data_key(name)
    return settings
