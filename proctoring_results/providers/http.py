"""One HTTP call to a proctoring service: limited in time and size, without redirects and without a second try.

It uses Python's own client: libraries follow redirects, try again and keep connections, and limit no call as a whole.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection, IncompleteRead
from threading import Lock, Timer
from time import monotonic
from typing import Any
from urllib.parse import SplitResult, urlencode, urlsplit

from django.utils.translation import gettext as _

from proctoring_results.exceptions import ServiceUnavailable

MAX_RESPONSE_BYTES = 64 * 1024  # bytes; the rest is left unread
CONNECT_LIMIT = 3.0  # seconds


class Deadline:
    """When one call must be over, its token included. ``seconds`` from now."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.ends = seconds, monotonic() + seconds

    @property
    def left(self) -> float:
        return max(0.0, self.ends - monotonic())


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes

    @property
    def is_good(self) -> bool:
        return 200 <= self.status < 300

    def text(self) -> str:
        """Return the body for people, as every database can store it."""
        return self.body.decode(errors="replace").replace("\0", "").strip()

    def fields(self) -> Mapping[str, Any]:
        """Return the JSON object; an empty one for HTML and anything else that is not one."""
        try:
            fields = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return fields if isinstance(fields, dict) else {}


class Watch:
    """Ends a connection at its deadline, whatever the other side sends until then, drop by drop."""

    def __init__(self, deadline: Deadline) -> None:
        self.deadline, self.is_over = deadline, False
        self._lock = Lock()
        self._handle: socket.socket | None = None

    def look_at(self, connection: socket.socket) -> None:
        with self._lock:
            # A handle of its own: TLS takes the socket away and makes another one of it.
            self._handle = connection.dup()
            if self.is_over:
                self._shut_down()

    def _end(self) -> None:
        with self._lock:
            self.is_over = True
            self._shut_down()

    def _shut_down(self) -> None:
        if self._handle is not None:
            with suppress(OSError):  # closed already
                self._handle.shutdown(socket.SHUT_RDWR)

    @contextmanager
    def watching(self) -> Iterator[None]:
        timer = Timer(self.deadline.left, self._end)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            with self._lock:
                if self._handle is not None:
                    self._handle.close()
                    self._handle = None


class _Connection(HTTPConnection):
    """Is watched as soon as it is made."""

    watch: Watch

    def connect(self) -> None:
        super().connect()
        self.watch.look_at(self.sock)
        self.sock.settimeout(self.watch.deadline.left or 0.001)


class _TLSConnection(HTTPSConnection, _Connection):
    """Is watched before the handshake, because HTTPSConnection connects by the class that follows it here."""


def send(
    method: str,
    url: str,
    *,
    deadline: Deadline,
    headers: Mapping[str, str] | None = None,
    data: object = None,
    form: Mapping[str, str] | None = None,
) -> Answer:
    """Send ``data`` as JSON, or a ``form``, and return the answer, whatever its status; a redirect, too.

    Raise ``ServiceUnavailable`` if there is none before the deadline.
    """
    body, kind = None, {}
    if form is not None:
        body, kind = urlencode(form).encode(), {"Content-Type": "application/x-www-form-urlencoded"}
    elif data is not None:
        body, kind = json.dumps(data).encode(), {"Content-Type": "application/json"}
    all_headers = {"Accept": "application/json", "Accept-Encoding": "identity", **kind, **(headers or {})}
    parts, watch = urlsplit(url), Watch(deadline)
    target = f"{parts.path or '/'}{'?' * bool(parts.query)}{parts.query}"
    try:
        connection = _connection(parts, watch)
        with watch.watching(), closing(connection):
            connection.request(method, target, body=body, headers=all_headers)
            with connection.getresponse() as response:
                answer = _read(response)
    except (HTTPException, OSError) as error:
        # Only the kind of error: what others write into theirs may hold more than a log should.
        is_late = watch.is_over or isinstance(error, TimeoutError)
        raise _no_answer(parts.netloc, "" if is_late else type(error).__name__) from None
    if watch.is_over:
        raise _no_answer(parts.netloc)
    return answer


def _connection(parts: SplitResult, watch: Watch) -> HTTPConnection:
    connection_class = _TLSConnection if parts.scheme == "https" else _Connection
    connection = connection_class(
        parts.hostname or "", parts.port, timeout=min(CONNECT_LIMIT, watch.deadline.left or 0.001)
    )
    connection.watch = watch
    return connection


def _no_answer(host: str, error_name: str = "") -> ServiceUnavailable:
    if error_name:
        sentence = _("%(host)s gave no answer: %(error)s.") % {"host": host, "error": error_name}
    else:
        sentence = _("%(host)s gave no answer in time.") % {"host": host}
    return ServiceUnavailable(sentence, gave_no_answer=True)


def _read(response: HTTPResponse) -> Answer:
    """Read to the end or the limit. Raise ``IncompleteRead`` if the answer breaks off before the length it names."""
    body = response.read(MAX_RESPONSE_BYTES)
    length = response.getheader("Content-Length", "")
    if length.isdecimal() and len(body) < min(int(length), MAX_RESPONSE_BYTES):
        raise IncompleteRead(body)
    return Answer(response.status, body)
