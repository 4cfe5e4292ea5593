"""Runs the whole example in one terminal: web, worker, beat, and a small proctoring service on the next port.

``python -m example_project.demo [--no-seed]``. If PROCTORTRACK_URL is set in the environment, that service is called
instead. The programs' output goes to ``var/log/``. The terminal shows their warnings and errors, and all output of a
program that ends unexpectedly.
"""

from __future__ import annotations

import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from argparse import ArgumentParser
from contextlib import suppress
from pathlib import Path

import django
from django.core.management import call_command
from environs import Env

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 60.0  # seconds within which the web server must answer
GRACE = 10.0  # seconds for a program to stop before it is killed

# The start of a log record, and of a record that the terminal shows. Any other line continues the record before it.
RECORD = re.compile(r"\[|[A-Z]+ ")
LOUD = re.compile(r".*\b(WARNING|ERROR|CRITICAL)\b|Traceback")

WEB_OPTIONS = ["--threads", "8", "--no-control-socket", "--log-level", "warning", "--graceful-timeout", "2"]
# A single worker needs no contact with others.
ALONE = ["--without-mingle", "--without-gossip", "--without-heartbeat"]
WORKER_OPTIONS = ["--concurrency", "2", "--loglevel", "info", *ALONE]
BEAT_OPTIONS = ["--loglevel", "warning", "--pidfile", ""]


def main() -> int:
    parser = ArgumentParser(prog="python -m example_project.demo", description=__doc__)
    parser.add_argument("--no-seed", action="store_true", help="do not create people, courses and attempts")
    seed = not parser.parse_args().no_seed
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "example_project.settings")
    Env().read_env(str(ROOT / ".env"), recurse=False)
    host, port = os.environ.get("HOST") or "127.0.0.1", _port()
    has_own_service = "PROCTORTRACK_URL" not in os.environ
    for needed in (port, port + 1) if has_own_service else (port,):
        if problem := _port_problem(host, needed, port):
            print(problem, file=sys.stderr)
            return 1
    if has_own_service:
        _connect_service(host, port + 1)
    try:
        _prepare(seed)
    except KeyboardInterrupt:
        return 130
    return _run(host, port, seed, has_own_service)


def _port() -> int:
    port = os.environ.get("PORT") or "8000"
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65535):
        sys.exit(f"PORT must be a number from 1 to 65534, not “{port}”; the proctoring service uses the next one.")
    return int(port)


def _port_problem(host: str, port: int, chosen: int) -> str:
    """Return why no program could listen at the port, or an empty string if one could."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as attempt:
            # As the web server does: a port that has just been closed can be used again.
            attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            attempt.bind(address)
    except OSError as error:
        return (
            f"Port {port} of {host} cannot be used: {error.strerror}. Choose another one: PORT={chosen + 10} make demo"
        )
    return ""


def _connect_service(host: str, port: int) -> None:
    """Give the LMS and the proctoring service each other's address and credentials, through the environment."""
    secret = _service_secret()
    os.environ |= {
        "PROCTORTRACK_URL": f"http://{_browser_host(host)}:{port}",
        "PROCTORTRACK_CLIENT_ID": "campus",
        "PROCTORTRACK_CLIENT_SECRET": secret,
        "INVIGILATOR_HOST": host,
        "INVIGILATOR_PORT": str(port),
        "INVIGILATOR_CLIENT_ID": "campus",
        "INVIGILATOR_CLIENT_SECRET": secret,
    }


def _folder(name: str = "") -> Path:
    folder = Path(os.environ.get("VAR") or ROOT / "var") / name
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _service_secret() -> str:
    """Return the secret stored on this machine, so that the service still knows the LMS after a restart."""
    file = _folder() / "proctortrack_secret"
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(32))
    return file.read_text()


def _browser_host(host: str) -> str:
    return "localhost" if host in ("127.0.0.1", "0.0.0.0", "::1", "::") else host  # noqa: S104


def _prepare(seed: bool) -> None:
    django.setup()
    print("Creating the tables …", flush=True)
    call_command("migrate", verbosity=0)
    if seed:
        print("Creating people, courses and attempts …", flush=True)
        call_command("seed_demo")


def _run(host: str, port: int, seed: bool, has_own_service: bool) -> int:
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    celery = ["celery", "--app", "example_project", "--quiet"]
    commands = {
        "web": ["gunicorn", "example_project.wsgi", "--bind", place, *WEB_OPTIONS],
        "worker": [*celery, "worker", *WORKER_OPTIONS],
        "beat": [*celery, "beat", *BEAT_OPTIONS],
    }
    if has_own_service:
        commands["exams"] = ["example_project.invigilator"]
    programs = Programs(_folder("log"))
    programs.catch_signals()
    print(f"Starting {', '.join(commands)} …", flush=True)
    try:
        for name, command in commands.items():
            programs.start(name, [sys.executable, "-m", *command])
        return programs.watch(f"http://{_browser_host(host)}:{port}/", seed)
    finally:
        programs.stop()


class Programs:
    """Programs that start and stop together, with their warnings in one terminal."""

    def __init__(self, logs: Path) -> None:
        self.logs = logs
        self.running: dict[str, subprocess.Popen[str]] = {}
        self.relays: list[threading.Thread] = []
        self.stopping, self.kill_now = threading.Event(), threading.Event()

    def catch_signals(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: (self.kill_now if self.stopping.is_set() else self.stopping).set())

    def start(self, name: str, command: list[str]) -> None:
        # In a session of its own, so that Ctrl-C reaches only this program, which stops the others in order.
        program = subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        self.running[name] = program
        self.relays.append(threading.Thread(target=_relay, args=[name, program, self._log(name)], daemon=True))
        self.relays[-1].start()

    def _log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def watch(self, url: str, seed: bool) -> int:
        """Wait until somebody presses Ctrl-C (return 0), or a program stops by itself (return 1)."""
        greeted, give_up = False, time.monotonic() + PATIENCE
        while not self.stopping.wait(0.2):
            for name, program in self.running.items():
                if program.poll() is not None:
                    self._show(name)
                    print(
                        f"{name} stopped by itself (exit code {program.returncode}). Stopping everything.", flush=True
                    )
                    return 1
            if not greeted and _answers(url):
                greeted = True
                print(_greeting(url, seed, self.logs), flush=True)
            elif not greeted and time.monotonic() > give_up:
                self._show("web")
                print(f"{url} does not answer after {PATIENCE:.0f} seconds. Stopping everything.", flush=True)
                return 1
        return 0

    def _show(self, name: str) -> None:
        """Print the whole output of a program that failed."""
        self.relays[list(self.running).index(name)].join(timeout=1)
        for line in self._log(name).read_text().splitlines():
            print(f"{name:<6} │ {line}")

    def stop(self) -> None:
        print("Stopping …", flush=True)
        for program in self.running.values():
            program.terminate()
        patience_ends = time.monotonic() + GRACE
        while any(program.poll() is None for program in self.running.values()):
            if self.kill_now.is_set() or time.monotonic() > patience_ends:
                break
            time.sleep(0.05)
        for program in self.running.values():
            # Whatever is left, including children of programs that have stopped.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(program.pid, signal.SIGKILL)
            program.wait()
        for relay in self.relays:
            relay.join(timeout=1)


def _relay(name: str, program: subprocess.Popen[str], log: Path) -> None:
    """Copy all output to the log, and warnings and errors to the terminal, too."""
    assert program.stdout is not None  # noqa: S101
    loud = False
    with log.open("w", buffering=1, encoding="utf-8") as file:
        for line in program.stdout:
            file.write(line)
            if LOUD.match(line):
                loud = True
            elif RECORD.match(line):
                loud = False
            if loud:
                print(f"{name:<6} │ {line}", end="", flush=True)


def _answers(url: str) -> bool:
    try:
        # A proxy set in the environment cannot reach this machine.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"{url}accounts/login/", timeout=2) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _greeting(url: str, seed: bool, logs: Path) -> str:
    from example_project.campus.seeding.courses import SIGN_INS

    lines = ["", f"  Open {url}", ""]
    if seed:
        lines += ["  Sign in as (the password is the username)", ""]
        lines += [f"    {name:<12}{description}" for name, description in SIGN_INS]
        lines.append("")
    if service := os.environ.get("PROCTORTRACK_URL"):
        lines += [
            f"  The proctoring service is {service}/",
            "  (act as the reviewer there when a learner has handed in an exam)",
            "",
        ]
    return "\n".join([*lines, f"  Logs are in {_short(logs)}/. Press Ctrl-C to stop everything.", ""])


def _short(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


if __name__ == "__main__":
    sys.exit(main())
