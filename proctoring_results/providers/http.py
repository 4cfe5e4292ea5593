"""One HTTP call to a proctoring service: limited in time and size, without redirects and without a second try.

Needs urllib3 (the extra ``rest``).
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Lock, Timer
from time import monotonic
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.utils.translation import gettext as _
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.exceptions import TimeoutError as TimeoutOfUrllib3

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


class _Watched:
    def __init__(self, *args: Any, watch: Watch, **options: Any) -> None:
        super().__init__(*args, **options)
        self.watch = watch

    def _new_conn(self) -> socket.socket:
        connection: socket.socket = super()._new_conn()  # type: ignore[misc]
        self.watch.look_at(connection)
        return connection


class _WatchedHTTP(_Watched, HTTPConnection):
    pass


class _WatchedHTTPS(_Watched, HTTPSConnection):
    pass


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _WatchedHTTP


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _WatchedHTTPS


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
    pool_class = _HTTPSPool if parts.scheme == "https" else _HTTPPool
    pool = pool_class(
        parts.hostname or "",
        parts.port,
        timeout=Timeout(connect=min(CONNECT_LIMIT, deadline.left or 0.001), read=deadline.left or 0.001),
        retries=False,
        watch=watch,
    )
    target = f"{parts.path or '/'}{'?' * bool(parts.query)}{parts.query}"
    try:
        with watch.watching():
            answer = _exchange(pool, method, target, body, all_headers)
    except (HTTPError, OSError) as error:
        # Only the kind of error: what others write into theirs may hold more than a log should.
        is_late = watch.is_over or isinstance(error, (TimeoutError, TimeoutOfUrllib3))
        raise _no_answer(parts.netloc, "" if is_late else type(error).__name__) from None
    finally:
        pool.close()
    if watch.is_over:
        raise _no_answer(parts.netloc)
    return answer


def _no_answer(host: str, error_name: str = "") -> ServiceUnavailable:
    if error_name:
        sentence = _("%(host)s gave no answer: %(error)s.") % {"host": host, "error": error_name}
    else:
        sentence = _("%(host)s gave no answer in time.") % {"host": host}
    return ServiceUnavailable(sentence, gave_no_answer=True)


def _exchange(
    pool: HTTPConnectionPool, method: str, target: str, sent: bytes | None, headers: Mapping[str, str]
) -> Answer:
    response = pool.urlopen(method, target, body=sent, headers=headers, redirect=False, preload_content=False)
    body = b""
    try:
        # To the end or the limit, so that an answer that breaks off is noticed.
        while len(body) < MAX_RESPONSE_BYTES:
            piece = response.read(MAX_RESPONSE_BYTES - len(body), decode_content=False)
            if not piece:
                break
            body += piece
        return Answer(response.status, body)
    finally:
        # Closed, not kept: there may be more to come, or it comes too slowly.
        response.close()
