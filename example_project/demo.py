"""The whole example in one terminal: web, worker, beat, and a small proctoring service on the next port.

``python -m example_project.demo [--no-seed]``. With PROCTORTRACK_URL in the environment that service is called instead.
What the programs print goes to ``var/log/``; the terminal shows their warnings and errors, and all of it when one ends.
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
PATIENCE = 60.0  # seconds until the web must have answered
GRACE = 10.0  # seconds that a program has to stop by itself

# The start of a record in what the programs print, and of one that the terminal shows. Other lines belong to the record
# before them.
RECORD = re.compile(r"\[|[A-Z]+ ")
LOUD = re.compile(r".*\b(WARNING|ERROR|CRITICAL)\b|Traceback")

WEB_OPTIONS = ["--threads", "8", "--no-control-socket", "--log-level", "warning", "--graceful-timeout", "2"]
# One worker has nobody to talk to.
ALONE = ["--without-mingle", "--without-gossip", "--without-heartbeat"]
WORKER_OPTIONS = ["--concurrency", "2", "--loglevel", "info", *ALONE]
BEAT_OPTIONS = ["--loglevel", "warning", "--pidfile", ""]


def main() -> int:
    parser = ArgumentParser(prog="python -m example_project.demo", description=__doc__)
    parser.add_argument("--no-seed", action="store_true", help="do not fill in people, courses and attempts")
    seed = not parser.parse_args().no_seed
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "example_project.settings")
    Env().read_env(str(ROOT / ".env"), recurse=False)
    host, port = os.environ.get("HOST") or "127.0.0.1", _port()
    has_own_service = "PROCTORTRACK_URL" not in os.environ
    for needed in (port, port + 1) if has_own_service else (port,):
        if problem := _why_not(host, needed, port):
            print(problem, file=sys.stderr)
            return 1
    if has_own_service:
        _introduce_service(host, port + 1)
    try:
        _prepare(seed)
    except KeyboardInterrupt:
        return 130
    return _run(host, port, seed, has_own_service)


def _port() -> int:
    given = os.environ.get("PORT") or "8000"
    if not (given.isascii() and given.isdigit() and 0 < int(given) < 65535):
        sys.exit(f"PORT must be a number from 1 to 65534, not “{given}”; the next one is the proctoring service's.")
    return int(given)


def _why_not(host: str, port: int, chosen: int) -> str:
    """Why nothing could listen there, or nothing."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as attempt:
            # As the web server does: what has just been closed is no hindrance.
            attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            attempt.bind(address)
    except OSError as error:
        return (
            f"Port {port} of {host} cannot be used: {error.strerror}. Choose another one: PORT={chosen + 10} make demo"
        )
    return ""


def _introduce_service(host: str, port: int) -> None:
    """Let LMS and proctoring service know each other, by the environment that all programs get."""
    secret = _kept_secret()
    os.environ |= {
        "PROCTORTRACK_URL": f"http://{_here(host)}:{port}",
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


def _kept_secret() -> str:
    """Of this machine, so that the service knows the LMS again after a restart."""
    kept = _folder() / "proctortrack_secret"
    if not kept.exists():
        kept.touch(mode=0o600)
        kept.write_text(secrets.token_urlsafe(32))
    return kept.read_text()


def _here(host: str) -> str:
    return "localhost" if host in ("127.0.0.1", "0.0.0.0", "::1", "::") else host  # noqa: S104


def _prepare(seed: bool) -> None:
    django.setup()
    print("Making the tables …", flush=True)
    call_command("migrate", verbosity=0)
    if seed:
        print("Filling in people, courses and attempts …", flush=True)
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
        return programs.watch(f"http://{_here(host)}:{port}/", seed)
    finally:
        programs.stop()


class Programs:
    """Programs that start and stop together, with what they warn of in one terminal."""

    def __init__(self, logs: Path) -> None:
        self.logs = logs
        self.running: dict[str, subprocess.Popen[str]] = {}
        self.relays: list[threading.Thread] = []
        self.enough, self.at_once = threading.Event(), threading.Event()

    def catch_signals(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: (self.at_once if self.enough.is_set() else self.enough).set())

    def start(self, name: str, command: list[str]) -> None:
        # A session of its own: Ctrl-C reaches only us, and we stop the others in order.
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
        """Until somebody has had enough (0), or a program stops by itself (1)."""
        greeted, give_up = False, time.monotonic() + PATIENCE
        while not self.enough.wait(0.2):
            for name, program in self.running.items():
                if program.poll() is not None:
                    self._show(name)
                    print(
                        f"{name} stopped by itself (exit code {program.returncode}); so everything stops.", flush=True
                    )
                    return 1
            if not greeted and _answers(url):
                greeted = True
                print(_greeting(url, seed, self.logs), flush=True)
            elif not greeted and time.monotonic() > give_up:
                self._show("web")
                print(f"{url} does not answer after {PATIENCE:.0f} seconds; so everything stops.", flush=True)
                return 1
        return 0

    def _show(self, name: str) -> None:
        """All that a program has printed, when it did not do what it was started for."""
        self.relays[list(self.running).index(name)].join(timeout=1)
        for line in self._log(name).read_text().splitlines():
            print(f"{name:<6} │ {line}")

    def stop(self) -> None:
        print("Stopping …", flush=True)
        for program in self.running.values():
            program.terminate()
        patience_ends = time.monotonic() + GRACE
        while any(program.poll() is None for program in self.running.values()):
            if self.at_once.is_set() or time.monotonic() > patience_ends:
                break
            time.sleep(0.05)
        for program in self.running.values():
            # What is left, the children of those that have stopped included.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(program.pid, signal.SIGKILL)
            program.wait()
        for relay in self.relays:
            relay.join(timeout=1)


def _relay(name: str, program: subprocess.Popen[str], log: Path) -> None:
    """Everything into the log, warnings and errors to the terminal too."""
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
        # The proxy of the environment knows nothing of this machine.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"{url}accounts/login/", timeout=2) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _greeting(url: str, seed: bool, logs: Path) -> str:
    from example_project.campus.seeding.courses import SIGN_INS

    lines = ["", f"  Open {url}", ""]
    if seed:
        lines += ["  Sign in as (the password is the name)", ""]
        lines += [f"    {name:<12}{what}" for name, what in SIGN_INS]
        lines.append("")
    if service := os.environ.get("PROCTORTRACK_URL"):
        lines += [
            f"  The proctoring service is {service}/",
            "  (play the reviewer there when a learner has handed in)",
            "",
        ]
    return "\n".join([*lines, f"  What the programs do is written to {_short(logs)}/. Ctrl-C stops all of it.", ""])


def _short(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


if __name__ == "__main__":
    sys.exit(main())
