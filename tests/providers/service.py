"""A proctoring service that answers as a test tells it to, and remembers what it was asked."""

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

from django.db import connections

TOKEN = ("POST", "/oauth2/access_token")


@dataclass
class Call:
    method: str
    path: str
    headers: dict
    body: object


@dataclass
class Said:
    """An answer. ``body`` may be JSON data, or bytes as they are; ``write`` may do what it likes with the handler."""

    status: int = 200
    body: object = field(default_factory=dict)
    headers: dict = field(default_factory=dict)
    write: object = None


class Service:
    """``says[method, path]`` is an answer, or a list of answers of which the last is repeated."""

    def __init__(self):
        self.calls, self.says = [], {}
        self.tokens = 0
        # Set at the end: whoever is being slow stops.
        self.over = threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.service, self.server.daemon_threads = self, True
        self.server.handle_error = lambda *args: None
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()

    def stop(self):
        self.over.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def made(self):
        """Method and path of each call but those for tokens."""
        return [(call.method, call.path) for call in self.calls if (call.method, call.path) != TOKEN]

    def answer(self, call):
        response = self.says.get((call.method, call.path), self.says.get(call.path))
        if isinstance(response, list):
            response = response.pop(0) if len(response) > 1 else response[0]
        if response is not None:
            return response
        if (call.method, call.path) == TOKEN:
            self.tokens += 1
            return Said(body={"access_token": f"token-{self.tokens}", "expires_in": 3600})
        # Ids that no two rows share.
        return Said(201 if call.path.endswith("/attempt/") else 200, {"id": f"id-{len(self.calls)}"})


class Handler(BaseHTTPRequestHandler):
    def _any(self):
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        is_form = "form" in self.headers.get("Content-Type", "")
        body = parse_qs(raw.decode()) if is_form else json.loads(raw) if raw else None
        call = Call(self.command, self.path, dict(self.headers), body)
        self.server.service.calls.append(call)
        response = self.server.service.answer(call)
        if response.write is not None:
            try:
                response.write(self)
            finally:
                # Whatever it asked the database for in this thread.
                connections.close_all()
            return
        answer = response.body if isinstance(response.body, bytes) else json.dumps(response.body).encode()
        self.send_response(response.status)
        for name, value in {"Content-Length": str(len(answer)), **response.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST = do_PATCH = do_DELETE = _any  # noqa: N815

    def log_message(self, *args):
        pass
