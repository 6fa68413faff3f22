"""The line to a PostgreSQL on another machine, as operations.md writes its address: whoever answers
without TLS, or with a certificate that is not the right one, is told nothing."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from tests.certificates import self_signed
from wibawa.database import engine_at, full_url

SSL_REQUEST = bytes.fromhex("0000000804d2162f")


@dataclass
class Listener:
    """Somebody who answers in the place of the database, and what it was told."""

    port: int
    told: list[bytes] = field(default_factory=list)


@contextmanager
def listening(tls: ssl.SSLContext | None) -> Iterator[Listener]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)
        listener = Listener(server.getsockname()[1])
        thread = threading.Thread(target=_answer, args=(server, tls, listener))
        thread.start()
        yield listener
        thread.join(10)
        assert not thread.is_alive()


def _answer(server: socket.socket, tls: ssl.SSLContext | None, listener: Listener) -> None:
    line, _ = server.accept()
    line.settimeout(10)
    with suppress(OSError), line:
        first = line.recv(8)
        if first != SSL_REQUEST:
            listener.told.append(first + line.recv(1_000))
            return
        line.sendall(b"S" if tls else b"N")
        talk = tls.wrap_socket(line, server_side=True) if tls else line
        with talk:
            listener.told += [said for said in (talk.recv(1_000),) if said]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of the host "localhost" that signed itself, with its key."""
    path = tmp_path_factory.mktemp("tls") / "localhost.pem"
    path.write_bytes(b"".join(self_signed("localhost")))
    return path


def connect(host: str, port: int, query: str) -> str:
    """What the program says of a database there."""
    engine = engine_at(full_url(f"postgresql://wibawa:rahasia@{host}:{port}/wibawa?{query}"))
    with pytest.raises(OperationalError) as failed:
        engine.connect()
    engine.dispose()
    return str(failed.value)


def test_a_server_without_tls_is_told_neither_name_nor_password() -> None:
    with listening(None) as server:
        assert "does not support SSL" in connect("localhost", server.port, "sslmode=verify-full")
    assert server.told == []
    with listening(None) as server:  # the test hears it when it is told
        connect("localhost", server.port, "sslmode=disable")
    assert b"wibawa" in server.told[0]


@pytest.mark.parametrize("fault", ["an unknown authority", "another host", None])
def test_a_server_with_a_wrong_certificate_is_told_nothing(
    certificate: Path, tmp_path: Path, fault: str | None
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    known = certificate
    if fault == "an unknown authority":
        known = tmp_path / "none.pem"
        known.write_text("")
    host = "127.0.0.1" if fault == "another host" else "localhost"
    with listening(context) as server:
        said = connect(host, server.port, f"sslmode=verify-full&sslrootcert={known}")
    if fault is None:
        assert b"wibawa" in server.told[0], "the right certificate is spoken to"
    else:
        assert server.told == []
        assert "certificate" in said
