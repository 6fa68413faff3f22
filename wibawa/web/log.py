"""Logs as JSON lines on standard error, with NIK and phone numbers masked."""

from __future__ import annotations

import datetime as dt
import json
import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog
from flask import Flask

from wibawa.rules.masking import mask_people


def _mask_all(
    logger: Any, method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = mask_people(value)
    return event


class _Masked(logging.Formatter):
    """What libraries log in their own words, tracebacks included: in one line of JSON as well, so
    that nothing that somebody sent begins a line of its own."""

    def format(self, record: logging.LogRecord) -> str:
        moment = dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat()
        told = {
            "event": record.getMessage(),
            "logger": record.name,
            "level": record.levelname.lower(),
            "timestamp": moment.replace("+00:00", "Z"),
        }
        if record.exc_info:
            told["exception"] = self.formatException(record.exc_info)
        return json.dumps({name: mask_people(said) for name, said in told.items()})


def _log_nothing(exc_info: Any) -> None:
    """Flask would write the bare traceback; `errors.on_crash` writes it once, masked, with the
    ticket that the person was given."""


def register(app: Flask) -> None:
    app.log_exception = _log_nothing  # type: ignore[method-assign]
    if not logging.getLogger().handlers:  # a server that comes later adds none of its own then
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(_Masked())
        logging.getLogger().addHandler(handler)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _mask_all,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.CRITICAL if app.testing else logging.INFO
        ),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
