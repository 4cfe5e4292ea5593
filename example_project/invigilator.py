"""A small proctoring service for trying out an LMS. It speaks the REST protocol.

Run it as ``python -m example_project.invigilator``; it needs only Python. Its page lists its sessions and lets a
person act as the reviewer. It keeps everything in memory and forgets it when it stops. Environment variables, each
prefixed with INVIGILATOR_:

HOST, PORT                         where it listens (127.0.0.1, 8001)
CLIENT_ID, CLIENT_SECRET           credentials of its caller
LMS_CLIENT_ID, LMS_CLIENT_SECRET   credentials with which it signs in to the LMS
VERDICT                            the review that it sends: passed, violation, suspicious, not_reviewed, none (passed)
READY                              when a learner becomes ready: download (after it), or created (at once) (download)
READY_AFTER, REVIEW_AFTER          seconds until it sends “ready” and the review (2, 5)
MISBEHAVE                          separated by commas: slow, html, no_token, unknown_tokens
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import re
import secrets
import signal
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

MAX_BODY_BYTES = 256 * 1024  # bytes
PATIENCE = 10.0  # seconds for a call to the LMS
TOKEN_LIFE = 3600  # seconds
DASHBOARD_TOKEN_LIFE = 60  # seconds
LEEWAY = 60  # seconds by which the clocks of the LMS and of this service may differ
RULES = {"allowed": ["calculator"], "forbidden": ["phone", "notes"]}
CHOICES = {
    "passed": "Passed",
    "violation": "Rules violation",
    "suspicious": "Suspicious, with two incidents",
    "not_reviewed": "Not reviewed",
}
INCIDENTS = {
    "suspicious": [
        {
            "comment": "Looks away from the screen",
            "status": "Suspicious",
            "severity": "low",
            "start": 62,
            "stop": 95,
            "duration": 33,
        },
        {
            "comment": "A second voice in the room",
            "status": "Suspicious",
            "severity": "high",
            "start": 301,
            "stop": 315,
            "duration": 14,
        },
    ],
    "violation": [
        {"comment": "A phone in the hand", "status": "Rules Violation", "start": 120, "stop": 150, "duration": 30}
    ],
}
# Its own signal, which an LMS shows and does not decide by.
SCORES = {"passed": 12, "violation": 55, "suspicious": 81, "not_reviewed": None}
SCALE = {"lowest": 0, "highest": 100, "higher_is_worse": True, "thresholds": {"attention": 40, "rejected": 70}}
INSTRUCTIONS = {
    "en": (
        "Download the software and start it.",
        "Hold your identity card to the camera.",
        "Come back to the exam's page: it continues by itself when the software has checked everything.",
    ),
    "de": (
        "Laden Sie das Programm herunter und starten Sie es.",
        "Halten Sie Ihren Ausweis vor die Kamera.",
        "Gehen Sie zur Prüfungsseite zurück: Sie geht weiter, sobald das Programm alles in Ordnung gefunden hat.",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    client_id: str = "lms"
    client_secret: str = "lms"
    lms_client_id: str = "proctortrack"
    lms_client_secret: str = "proctortrack"
    verdict: str = "passed"
    ready: str = "download"
    ready_after: float = 2.0
    review_after: float = 5.0
    misbehave: frozenset[str] = frozenset()


@dataclass(slots=True)
class Session:
    """One learner's attempt, as this service knows it."""

    number: str
    exam: str
    data: dict[str, Any]
    stage: str = "created"
    # Messages sent to the LMS, with its answers.
    log: list[str] = field(default_factory=list)


class Sessions:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.exams: dict[str, dict[str, Any]] = {}
        self.attempts: dict[str, Session] = {}

    def save_exam(self, number: str | None, data: dict[str, Any]) -> str | None:
        with self.lock:
            if number is None:
                number = f"exam-{secrets.token_hex(6)}"
            elif number not in self.exams:
                return None
            self.exams[number] = data
            return number

    def create(self, exam: str, data: dict[str, Any]) -> Session | None:
        with self.lock:
            if exam not in self.exams:
                return None
            session = Session(f"session-{secrets.token_hex(6)}", exam, data)
            self.attempts[session.number] = session
            return session

    def find(self, exam: str, number: str) -> Session | None:
        session = self.attempts.get(number)
        return session if session is not None and session.exam == exam else None

    def profiles(self, course_id: str) -> dict[str, str]:
        """Return for each learner of a practice exam of the course how far the onboarding is."""
        with self.lock:
            return {
                str(one.data["user_id"]): "approved" if one.stage == "submitted" else "pending"
                for one in self.attempts.values()
                if one.data.get("is_sample_attempt") and self.exams[one.exam].get("course_id") == course_id
            }

    def remove(self, session: Session) -> None:
        with self.lock:
            self.attempts.pop(session.number, None)

    def erase(self, user_id: str) -> bool:
        with self.lock:
            numbers = [number for number, one in self.attempts.items() if one.data.get("user_id") == user_id]
            for number in numbers:
                del self.attempts[number]
            return bool(numbers)


class NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


# ---------------------------------------------------------------------------------------------------- calls to the LMS


class Reporter:
    """Calls the LMS, without retries: a call that fails is lost."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self._open = urllib.request.build_opener(NoRedirects, urllib.request.ProxyHandler({})).open

    def send_ready(self, session: Session) -> None:
        self._send(session, "ready", {"status": "ready"})

    def send_review(self, session: Session, verdict: str) -> None:
        review = {
            "status": verdict,
            "comments": INCIDENTS.get(verdict, []),
            "score": {**SCALE, "value": SCORES[verdict]},
        }
        self._send(session, "reviewed", review)

    def later(self, seconds: float, verb: Callable[..., None], *args: Any) -> None:
        timer = threading.Timer(seconds, verb, args)
        timer.daemon = True
        timer.start()

    def _send(self, session: Session, event: str, body: Mapping[str, Any]) -> None:
        host = str(session.data.get("lms_host", "")).rstrip("/")
        status = str(body["status"])
        try:
            token = self._token(host)
            path = f"/api/edx_proctoring/v1/proctored_exam/attempt/{quote(session.number, safe='')}/{event}"
            response = self._post(host + path, json.dumps(body), "application/json", Authorization=f"JWT {token}")
            session.log.append(f"{status}: {response.get('status', 'accepted')}")
        except (OSError, ValueError, KeyError) as error:
            session.log.append(f"{status}: not accepted ({error})")
        print(f"{session.number} → {host} {session.log[-1]}", flush=True)

    def _token(self, host: str) -> str:
        form = {
            "grant_type": "client_credentials",
            "client_id": self.options.lms_client_id,
            "client_secret": self.options.lms_client_secret,
            "token_type": "jwt",
        }
        response = self._post(f"{host}/oauth2/access_token", urlencode(form), "application/x-www-form-urlencoded")
        return str(response["access_token"])

    def _post(self, url: str, body: str, kind: str, **headers: str) -> Any:
        if urlsplit(url).scheme not in ("http", "https"):
            raise ValueError("the LMS gave no web address")
        request = urllib.request.Request(url, body.encode(), {"Content-Type": kind, **headers})  # noqa: S310
        with self._open(request, timeout=PATIENCE) as response:
            return json.loads(response.read(MAX_BODY_BYTES))


# --------------------------------------------------------------------------------------------------------------- tokens


class Tokens:
    """JSON web tokens, signed with a key that only this process has."""

    def __init__(self) -> None:
        self.key = secrets.token_bytes(32)

    def make(self, client: str) -> str:
        claims = {
            "iss": "invigilator",
            "sub": client,
            "exp": int(time.time()) + TOKEN_LIFE,
            "jti": secrets.token_hex(8),
        }
        parts = [_packed(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims)]
        return ".".join([*parts, self._signature(".".join(parts))])

    def is_valid(self, token: str) -> bool:
        signed, _, signature = token.rpartition(".")
        if not hmac.compare_digest(self._signature(signed).encode(), signature.encode(errors="replace")):
            return False
        claims = signed.partition(".")[2]
        return bool(json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["exp"] > time.time())

    def _signature(self, signed: str) -> str:
        return _packed(hmac.new(self.key, signed.encode(errors="replace"), hashlib.sha256).digest())


def _claims(token: str, secret: str) -> dict[str, Any] | None:
    """Return the claims of an unexpired token that the LMS has signed with the shared secret, else None."""
    signed, _, signature = token.rpartition(".")
    expected = hmac.new(secret.encode(), signed.encode(errors="replace"), hashlib.sha256).digest()
    if not hmac.compare_digest(_packed(expected).encode(), signature.encode(errors="replace")):
        return None
    head, claims = (_unpacked(part) for part in signed.split("."))
    return claims if head.get("alg") == "HS256" and _is_in_time(claims.get("exp")) else None


def _is_in_time(expires: object) -> bool:
    """Return whether a token is valid by its claim ``exp``: seconds, whole or not."""
    if not isinstance(expires, int | float):
        return False
    return -LEEWAY < expires - time.time() <= DASHBOARD_TOKEN_LIFE + LEEWAY


def _unpacked(part: str) -> dict[str, Any]:
    return dict(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))))


def _packed(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


# ------------------------------------------------------------------------------------------------------------ addresses


class Refusal(Exception):
    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.code = status


class Invigilator(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], options: Options) -> None:
        self.options, self.sessions, self.tokens, self.reporter = options, Sessions(), Tokens(), Reporter(options)
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        super().__init__(address, Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A client that disconnected is not an error.
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    server: Invigilator
    server_version = "Invigilator"
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_GET(self) -> None:
        self._answer("GET")

    def do_POST(self) -> None:
        self._answer("POST")

    def do_PATCH(self) -> None:
        self._answer("PATCH")

    def do_DELETE(self) -> None:
        self._answer("DELETE")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        print(f"{self.command} {self.path.partition('?')[0]} {args[1] if len(args) > 1 else ''}", flush=True)

    def _answer(self, method: str) -> None:
        path = urlsplit(self.path).path
        try:
            body = self._body()
            for verb, pattern, action in ROUTES:
                match = re.fullmatch(pattern, path)
                if verb == method and match:
                    # A person's browser opens the dashboard, so its token is in the URL.
                    if path.startswith("/api/") and action is not Handler.dashboard:
                        self._authenticate()
                    action(self, body, *match.groups())
                    return
            raise Refusal(404, "Page not found.")
        except Refusal as refusal:
            # In HTML, as real services answer.
            self._send(
                refusal.code, _page(f"<h1>{escape(str(refusal))}</h1><p>Status {refusal.code}.</p>"), "text/html"
            )

    def _authenticate(self) -> None:
        faults = self.server.options.misbehave
        if "slow" in faults:
            time.sleep(60)
        if "html" in faults:
            raise Refusal(500, "Something went wrong.")
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        if scheme != "JWT" or "unknown_tokens" in faults or not self.server.tokens.is_valid(token):
            raise Refusal(401, "A valid token is required.")

    def _body(self) -> bytes:
        length = self.headers.get("Content-Length") or "0"
        if not length.isdigit() or int(length) > MAX_BODY_BYTES:
            self.close_connection = True
            raise Refusal(413, "The body is too large.")
        return self.rfile.read(int(length))

    def _send(self, status: int, body: str, kind: str, **headers: str) -> None:
        raw = body.encode()
        self.send_response(status)
        own = {
            "Content-Type": f"{kind}; charset=utf-8",
            "Content-Length": str(len(raw)),
            "Cache-Control": "no-store",
            "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'",
        }
        for name, value in {**own, **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(raw)

    def send_json(self, data: object) -> None:
        self._send(200, json.dumps(data), "application/json")

    # --- Sign-in

    def token(self, body: bytes) -> None:
        form = {name: values[0] for name, values in parse_qs(body.decode(errors="replace")).items()}
        options = self.server.options
        credentials = (form.get("client_id", ""), form.get("client_secret", ""))
        known = hmac.compare_digest(
            "\n".join(credentials).encode(), f"{options.client_id}\n{options.client_secret}".encode()
        )
        if "no_token" in options.misbehave or not known or form.get("grant_type") != "client_credentials":
            # With status 200, as real services answer.
            self.send_json({"error": "invalid_client"})
            return
        token = self.server.tokens.make(credentials[0])
        self.send_json({"access_token": token, "token_type": "JWT", "expires_in": TOKEN_LIFE})

    # --- The protocol

    def save_exam(self, body: bytes, number: str | None = None) -> None:
        saved = self.server.sessions.save_exam(number, _fields(body, "course_id", "exam_name", "time_limit_mins"))
        if saved is None:
            raise Refusal(404, "Unknown exam.")
        self.send_json({"id": saved})

    def create(self, body: bytes, exam: str) -> None:
        session = self.server.sessions.create(exam, _fields(body, "lms_host", "user_id", "status"))
        if session is None:
            raise Refusal(404, "Unknown exam.")
        if self.server.options.ready == "created":
            self._ready_later(session)
        # Not 201: clients of this protocol take nothing but 200.
        self.send_json({"id": session.number})

    def show_exam(self, body: bytes, number: str) -> None:
        data = self.server.sessions.exams.get(number)
        if data is None:
            raise Refusal(404, "Unknown exam.")
        self.send_json({**data, "id": number})

    def onboarding(self, body: bytes, course_id: str) -> None:
        """Tell who has taken a practice exam of the course; with ``user_id``, whether this learner has."""
        user_id = parse_qs(urlsplit(self.path).query).get("user_id", [""])[0]
        profiles = self.server.sessions.profiles(unquote(course_id))
        if user_id:
            self.send_json(_profile(user_id, profiles.get(user_id, "no_profile")))
            return
        results = [_profile(user, status) for user, status in profiles.items()]
        self.send_json({"results": results, "count": len(results), "num_pages": 1, "next": None, "previous": None})

    def show(self, body: bytes, exam: str, number: str) -> None:
        session = self._session(exam, number)
        link = f"http://{self.headers.get('Host', 'localhost')}/download/{session.number}"
        self.send_json({"status": session.stage, "instructions": self._instructions(), "download_url": link})

    def change_status(self, body: bytes, exam: str, number: str) -> None:
        session, status = self._session(exam, number), _fields(body, "status")["status"]
        if status not in ("started", "submitted", "error"):
            raise Refusal(400, "Unknown status.")
        previous, session.stage = session.stage, status
        options = self.server.options
        if status == "submitted" and previous != "submitted" and options.verdict in CHOICES:
            self.server.reporter.later(options.review_after, self.server.reporter.send_review, session, options.verdict)
        self.send_json({"status": status})

    def remove(self, body: bytes, exam: str, number: str) -> None:
        self.server.sessions.remove(self._session(exam, number))
        self.send_json({"status": "deleted"})

    def erase(self, body: bytes, user_id: str) -> None:
        self.server.sessions.erase(user_id)
        self.send_json(True)

    def config(self, body: bytes) -> None:
        link = f"http://{self.headers.get('Host', 'localhost')}/download/"
        instructions = self._instructions()
        self.send_json({"name": "Invigilator", "rules": RULES, "instructions": instructions, "download_url": link})

    def _session(self, exam: str, number: str) -> Session:
        session = self.server.sessions.find(exam, number)
        if session is None:
            raise Refusal(404, "Unknown session.")
        return session

    def _instructions(self) -> tuple[str, ...]:
        return INSTRUCTIONS.get(self.headers.get("Accept-Language", "en")[:2].lower(), INSTRUCTIONS["en"])

    def _ready_later(self, session: Session) -> None:
        self.server.reporter.later(self.server.options.ready_after, self.server.reporter.send_ready, session)

    # --- For people

    def download(self, body: bytes, number: str = "") -> None:
        session = self.server.sessions.attempts.get(number)
        if session is not None and session.stage == "created":
            self._ready_later(session)
        self._send(
            200,
            _page(
                "<h1>The software</h1><p>A real service would offer its software here, and it would check your "
                "camera and your identity card. This one finds nothing wrong and soon reports that you are ready.</p>"
                "<p>Return to the page of your exam.</p>"
            ),
            "text/html",
        )

    def home(self, body: bytes) -> None:
        sessions = list(self.server.sessions.attempts.values())
        rows = "".join(_row(one, self.server.sessions.exams.get(one.exam, {})) for one in reversed(sessions))
        empty = "<p>No sessions yet. One appears when a learner gets ready for a proctored exam.</p>"
        verdict = self.server.options.verdict
        automatic = CHOICES[verdict].lower() if verdict in CHOICES else "none"
        self._send(
            200,
            _page(
                "<h1>Sessions</h1><p>A stand-in for a proctoring service. After an exam is handed in, it sends this "
                f"review: <b>{escape(automatic)}</b>. The buttons send a review of your choice.</p>{rows or empty}"
            ),
            "text/html",
        )

    def dashboard(self, body: bytes, client_id: str) -> None:
        """Show the course team the sessions of a course or an exam, or one session, as the signed token allows."""
        token = parse_qs(urlsplit(self.path).query).get("jwt", [""])[0]
        claims = _claims(token, self.server.options.client_secret)
        own = self.server.options.client_id
        if claims is None or (claims.get("iss"), client_id) != (own, own):
            raise Refusal(403, "This link is not valid. Open the dashboard from the LMS again.")
        exams = self.server.sessions.exams
        chosen = [
            one
            for one in self.server.sessions.attempts.values()
            if exams.get(one.exam, {}).get("course_id") == claims.get("course_id")
            and claims.get("exam_id") in (None, one.exam)
            and claims.get("attempt_id") in (None, one.number)
        ]
        rows = "".join(_row(one, exams.get(one.exam, {})) for one in reversed(chosen))
        user = claims.get("user")
        name = str(user.get("full_name", "")) if isinstance(user, dict) else ""
        empty = (
            "<p>No sessions since this service was started. It keeps them in memory only, so it does not know "
            "attempts from before, such as those of the demo.</p>"
        )
        self._send(
            200,
            _page(f"<h1>Sessions</h1><p>Signed in as {escape(name)}.</p>{rows or empty}"),
            "text/html",
        )

    def review(self, body: bytes, number: str) -> None:
        origin = self.headers.get("Origin")
        if origin is not None and urlsplit(origin).netloc != self.headers.get("Host"):
            raise Refusal(403, "Requests from other sites are refused.")
        verdict = parse_qs(body.decode(errors="replace")).get("verdict", [""])[0]
        session = self.server.sessions.attempts.get(number)
        if session is None or verdict not in CHOICES:
            raise Refusal(404, "Unknown session or review.")
        self.server.reporter.send_review(session, verdict)
        self._send(303, "", "text/plain", Location="/")

    def style(self, body: bytes) -> None:
        self._send(200, STYLE, "text/css")


PART = "([^/]+)"
ROUTES: tuple[tuple[str, str, Callable[..., None]], ...] = (
    ("POST", "/oauth2/access_token", Handler.token),
    ("POST", "/api/v1/exam/", Handler.save_exam),
    ("POST", f"/api/v1/exam/{PART}/", Handler.save_exam),
    ("GET", f"/api/v1/exam/{PART}/", Handler.show_exam),
    # A course id may have slashes.
    ("GET", "/api/v1/courses/(.+)/onboarding_statuses", Handler.onboarding),
    ("POST", f"/api/v1/exam/{PART}/attempt/", Handler.create),
    ("GET", f"/api/v1/exam/{PART}/attempt/{PART}/", Handler.show),
    ("PATCH", f"/api/v1/exam/{PART}/attempt/{PART}/", Handler.change_status),
    ("DELETE", f"/api/v1/exam/{PART}/attempt/{PART}/", Handler.remove),
    ("DELETE", f"/api/v1/user/{PART}/", Handler.erase),
    ("GET", "/api/v1/config/", Handler.config),
    ("GET", f"/api/v1/instructor/{PART}/", Handler.dashboard),
    ("GET", "/", Handler.home),
    ("GET", f"/download/{PART}", Handler.download),
    ("GET", "/download/", Handler.download),
    ("POST", f"/sessions/{PART}/review", Handler.review),
    ("GET", "/style.css", Handler.style),
)


def _profile(user_id: str, status: str) -> dict[str, str | None]:
    return {"user_id": user_id, "status": status, "expiration_date": None}


def _fields(body: bytes, *needed: str) -> dict[str, Any]:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        raise Refusal(400, "The body is not JSON.") from None
    if not isinstance(data, dict) or any(name not in data for name in needed):
        raise Refusal(400, f"Required: {', '.join(needed)}.")
    return data


def _row(session: Session, exam: Mapping[str, Any]) -> str:
    buttons = "".join(
        f'<button name="verdict" value="{verdict}">{escape(label)}</button>' for verdict, label in CHOICES.items()
    )
    log = "".join(f"<li>{escape(line)}</li>" for line in session.log)
    kind = " · practice" if session.data.get("is_sample_attempt") else ""
    return (
        f"<section><h2>{escape(str(session.data.get('full_name', '')))} · {escape(str(exam.get('exam_name', '')))}</h2>"
        f'<p><b class="{escape(session.stage)}">{escape(session.stage)}</b>{kind} · <code>{session.number}</code></p>'
        f'<form method="post" action="/sessions/{session.number}/review">{buttons}</form>'
        + (f"<p>Sent to the LMS:</p><ol>{log}</ol>" if log else "")
        + "</section>"
    )


def _page(content: str) -> str:
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Invigilator</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><link rel="stylesheet" href="/style.css"></head>'
        f'<body><header><a href="/">Invigilator</a></header><main>{content}</main></body></html>'
    )


STYLE = """
:root { color-scheme: light dark; --line: #c9c3b6; --soft: #6a6355; --sheet: #fffdf8; --paper: #f3efe6; --ink: #2b2720;
  --accent: #7a3e12; }
@media (prefers-color-scheme: dark) { :root { --line: #4b4538; --soft: #b5ad9c; --sheet: #25221c; --paper: #1a1814;
  --ink: #eee8dc; --accent: #f0b27a; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
header, main { max-width: 52rem; margin: 0 auto; padding: 1rem; }
header a { color: var(--accent); font-weight: 700; text-decoration: none; }
h1 { font-size: 1.5rem; margin: 0 0 .5rem; } h2 { font-size: 1.125rem; margin: 0; } p { margin: .5rem 0; }
section { background: var(--sheet); border: 1px solid var(--line); border-radius: .5rem; padding: 1rem;
  margin: 1rem 0; }
section p, ol { color: var(--soft); overflow-wrap: anywhere; } section b { color: var(--ink); } ol { margin: 0; }
form { display: flex; flex-wrap: wrap; gap: .5rem; margin: .75rem 0; }
button { font: inherit; padding: .4rem .75rem; border: 1px solid var(--accent); border-radius: .375rem;
  background: transparent; color: var(--accent); cursor: pointer; }
button:hover { background: var(--paper); } :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
"""


def options_of(environment: Mapping[str, str]) -> Options:
    def variable(name: str, default: str) -> str:
        return environment.get(f"INVIGILATOR_{name}") or default

    plain = Options()
    return Options(
        client_id=variable("CLIENT_ID", plain.client_id),
        client_secret=variable("CLIENT_SECRET", plain.client_secret),
        lms_client_id=variable("LMS_CLIENT_ID", plain.lms_client_id),
        lms_client_secret=variable("LMS_CLIENT_SECRET", plain.lms_client_secret),
        verdict=variable("VERDICT", plain.verdict),
        ready=variable("READY", plain.ready),
        ready_after=float(variable("READY_AFTER", str(plain.ready_after))),
        review_after=float(variable("REVIEW_AFTER", str(plain.review_after))),
        misbehave=frozenset(variable("MISBEHAVE", "").replace(" ", "").split(",")),
    )


def main() -> None:
    host = os.environ.get("INVIGILATOR_HOST") or "127.0.0.1"
    port = int(os.environ.get("INVIGILATOR_PORT") or "8001")
    with Invigilator((host, port), options_of(os.environ)) as server:
        # In another thread, because shutdown() waits for the loop to end.
        signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
        print(f"Listening at http://{host}:{server.server_address[1]}/", flush=True)
        with suppress(KeyboardInterrupt):
            server.serve_forever()


if __name__ == "__main__":
    main()
