"""Runs the example LMS as a site would, and sends it reviews as fast as it answers."""

import http.client
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

# The number of the machine's cores that are used. Each gets a server.
CORES = 2
THREADS = 2  # of a server, and as many callers: one works while the other waits; more would compete for the GIL
START_SECONDS = 30


def address_of(external_id: str) -> str:
    return f"/api/edx_proctoring/v1/proctored_exam/attempt/{external_id}/reviewed"


def review_of(external_id: str, incidents: int) -> bytes:
    """Return the body of a review, different for each attempt."""
    comments = [
        {"comment": f"Looks away ({external_id})", "status": "Suspicious", "start": number, "stop": number + 1}
        for number in range(incidents)
    ]
    return json.dumps({"status": "suspicious", "comments": comments}).encode()


@contextmanager
def serving(environment: dict[str, str]) -> Iterator[list[int]]:
    """Run the example LMS under gunicorn; yield its ports.

    There is a server for each core, as behind a proxy that balances the load. If workers shared a port, sometimes one
    would serve all callers while another core was idle.
    """
    with ExitStack() as stack:
        servers = [stack.enter_context(_server(environment)) for _ in range(CORES)]
        for server, port in servers:
            _wait_until_it_answers(server, port)
        yield [port for _, port in servers]


@contextmanager
def _server(environment: dict[str, str]) -> Iterator[tuple["subprocess.Popen[bytes]", int]]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "example_project.wsgi", f"--bind=127.0.0.1:{port}"]
    options = [f"--threads={THREADS}", "--worker-class=gthread", "--no-control-socket", "--log-level=error"]
    # A log line for each refused review is of no use here.
    server = subprocess.Popen([*command, *options], env=environment, stderr=subprocess.DEVNULL)
    try:
        yield server, port
    finally:
        server.terminate()
        server.wait(START_SECONDS)


def _wait_until_it_answers(server: "subprocess.Popen[bytes]", port: int) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and server.poll() is None:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=START_SECONDS)
            connection.request("GET", "/", headers={"Host": "localhost"})
            connection.getresponse().read()
            return
        except ConnectionError:
            time.sleep(0.1)
    raise SystemExit("The example LMS did not start.")


def send(ports: Sequence[int], token: str, ids: Sequence[str], incidents: int, expected: int) -> float:
    """Send a review for each attempt, by a few callers at once with keep-alive. Return the reviews per second."""
    requests = [_request(token, external_id, incidents) for external_id in ids]
    wrong: list[str] = []

    def call(port: int, own_requests: Sequence[bytes]) -> None:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
                for request in own_requests:
                    connection.sendall(request)
                    status, body = _response(connection)
                    if status != expected:
                        wrong.append(f"{status}: {body[:200]!r}")
        except OSError as error:
            wrong.append(repr(error))

    callers = CORES * THREADS
    threads = [
        threading.Thread(target=call, args=(ports[number % len(ports)], requests[number::callers]))
        for number in range(callers)
    ]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - began
    if wrong:
        raise SystemExit(f"{len(wrong)} of {len(ids)} answers were not {expected}: {wrong[0]}")
    return len(ids) / seconds


# Requests are made by hand, byte by byte: the callers share the cores with the servers and should need little of them.


def _request(token: str, external_id: str, incidents: int) -> bytes:
    body = review_of(external_id, incidents)
    head = (
        f"POST {address_of(external_id)} HTTP/1.1\r\nHost: localhost\r\nAuthorization: JWT {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _response(connection: socket.socket) -> tuple[int, bytes]:
    """Return status and body. Raise ``ConnectionError`` if the server closes the connection first."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += _more(connection)
    head, _, body = received.partition(b"\r\n\r\n")
    [length] = re.findall(rb"(?i)^content-length: *(\d+)", head, re.MULTILINE)
    while len(body) < int(length):
        body += _more(connection)
    return int(head.split(None, 2)[1]), body


def _more(connection: socket.socket) -> bytes:
    part = connection.recv(65536)
    if not part:
        raise ConnectionError("The server closed the connection.")
    return part


def site_of(url: str, folder: str) -> dict[str, str]:
    """Return the environment of the example LMS as a site would set it: without DEBUG, with its own folder."""
    inherited = {key: value for key, value in os.environ.items() if key not in {"DJANGO_SETTINGS_MODULE", "REDIS_URL"}}
    return {
        **inherited,
        "DJANGO_SETTINGS_MODULE": "tests.bench.settings",
        "DATABASE_URL": url,
        "VAR": folder,
        "DEBUG": "false",
        "SECRET_KEY": "bench",
        "CELERY_BROKER_URL": "folder://",
    }
