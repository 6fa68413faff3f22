"""Settings from the environment; `WIBAWA_ENV`: development (default), testing or production."""

from __future__ import annotations

import os
import secrets
import shutil
import sys
from pathlib import Path
from typing import Any

from wibawa.database import engine_options

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
    for old in ("postgres://", "postgresql://"):
        if url.startswith(old):
            return "postgresql+psycopg://" + url.removeprefix(old)
    return url


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


def _bytes(variable: str, usual: int) -> int:
    value = os.environ.get(variable) or str(usual)
    if not value.isascii() or not value.isdecimal():
        raise ConfigurationError(f"{variable} is {value!r}; it must be a number of bytes.")
    return int(value)


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
        "LARGE_FILE_BYTES": _bytes("WIBAWA_LARGE_FILE", 1024 * 1024),  # larger: a worker's work
        "PHOTOS_MAX_BYTES": 30 * 1024 * 1024,  # of one visit, sent at once
        "SCAN_PDF_BYTES": 5 * 1024 * 1024,
        "SCAN_PICTURE_BYTES": 10 * 1024 * 1024,  # as sent; it is stored much smaller
        "SCANS_ROOM_BYTES": 40 * 1024 * 1024,  # of one application, or one borrower's own papers
        "WTF_CSRF_TIME_LIMIT": None,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_HOURS": 12,
        "INSTANCE_FOLDER": str(instance_folder()),
        "DEMO_USERS_ON_SIGN_IN": name == "development",
        "PUBLIC_URL": os.environ.get("WIBAWA_PUBLIC_URL", ""),  # stands on papers; "": as asked for
        "CHECKS_A_MINUTE": 60,  # of papers, from one address
    }
    if name == "production":
        settings["SECRET_KEY"] = _required("WIBAWA_SECRET_KEY")
        settings["SESSION_COOKIE_SECURE"] = True
        settings["SESSION_COOKIE_NAME"] = "__Host-wibawa"
    else:
        settings["SECRET_KEY"] = os.environ.get("WIBAWA_SECRET_KEY") or _kept_secret("secret.key")
        settings["SESSION_COOKIE_NAME"] = "wibawa"
    settings["DATA_KEY_FILE"] = str(data_key_file())
    settings.update(overrides)
    if "DATA_KEY" not in settings:
        settings["DATA_KEY"] = _data_key(name)
    return settings
