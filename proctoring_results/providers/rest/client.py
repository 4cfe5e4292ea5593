"""Signed in at a service of the REST protocol: tokens, and what an answer means."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from threading import Lock
from time import monotonic
from typing import Any

from django.utils.translation import gettext as _

from proctoring_results.exceptions import CallRefused, ServiceUnavailable
from proctoring_results.providers import http
from proctoring_results.providers.http import Answer, Deadline
from proctoring_results.validation import problem_of_text

# Statuses after which the same call may succeed later, without a change or with another secret in the settings.
RETRIED = frozenset({401, 403, 408, 425, 429})
MAX_SHOWN_LENGTH = 500  # characters of an answer
MAX_ID_LENGTH = 255  # characters
# Seconds. A token is not used to its very end, and one without a lifetime is not trusted for long.
MARGIN, DEFAULT_LIFETIME = 30.0, 60.0


class Tokens:
    """The tokens of this process, by service and account."""

    def __init__(self) -> None:
        self._tokens: dict[tuple[str, str, str], tuple[str, float]] = {}
        self._lock = Lock()

    def get(self, key: tuple[str, str, str]) -> str | None:
        with self._lock:
            token, until = self._tokens.get(key, ("", 0.0))
            return token if monotonic() < until else None

    def keep(self, key: tuple[str, str, str], token: str, seconds: float) -> None:
        with self._lock:
            self._tokens[key] = token, monotonic() + seconds - min(MARGIN, seconds / 2)

    def forget(self, key: tuple[str, str, str]) -> None:
        with self._lock:
            self._tokens.pop(key, None)

    def clear(self) -> None:
        with self._lock:
            self._tokens.clear()


tokens = Tokens()


class RestClient:
    """``limit`` is the seconds that a call may take, tokens included."""

    def __init__(self, base_url: str, client_id: str, client_secret: str, limit: float) -> None:
        self.base_url, self._limit = base_url.rstrip("/"), limit
        self._id, self._secret = client_id, client_secret

    def call(
        self, method: str, path: str, data: object = None, *, language: str = "", accepted: Collection[int] = ()
    ) -> Mapping[str, Any]:
        """Send JSON and return the JSON object of the answer, or an empty one.

        ``accepted`` are statuses that are as good as 200. Raise ``CallRefused`` and ``ServiceUnavailable``.
        """
        deadline = Deadline(self._limit)
        headers = {"Accept-Language": language} if language else {}
        token = tokens.get(self._key) or self._new_token(deadline)
        answer = self._send(method, path, data, headers, token, deadline)
        if answer.status == 401:
            # The service may have revoked it. Only once: a second new one would fare no better.
            tokens.forget(self._key)
            token = self._new_token(deadline)
            answer = self._send(method, path, data, headers, token, deadline)
        if not answer.is_good and answer.status not in accepted:
            raise self._problem(answer, token)
        return answer.fields()

    def call_for_id(self, method: str, path: str, data: object) -> str:
        """Do ``call``, and return the ``id`` of the answer, which has to have one."""
        value = self.call(method, path, data).get("id")
        external_id = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
        if not 0 < len(external_id) <= MAX_ID_LENGTH or problem_of_text(external_id):
            raise ServiceUnavailable(_("The service answered without an id."))
        return external_id

    @property
    def _key(self) -> tuple[str, str, str]:
        return self.base_url, self._id, self._secret

    def _send(
        self, method: str, path: str, data: object, headers: Mapping[str, str], token: str, deadline: Deadline
    ) -> Answer:
        headers = {**headers, "Authorization": f"JWT {token}"}
        return http.send(method, f"{self.base_url}{path}", deadline=deadline, headers=headers, data=data)

    def _new_token(self, deadline: Deadline) -> str:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._id,
            "client_secret": self._secret,
            "token_type": "jwt",
        }
        answer = http.send("POST", f"{self.base_url}/oauth2/access_token", deadline=deadline, form=form)
        fields = answer.fields()
        token, life = fields.get("access_token"), fields.get("expires_in")
        # A wrong secret may be answered with 200 and no token. One with spaces or letters beyond ASCII is no header.
        if not answer.is_good or not isinstance(token, str) or not (token.isascii() and token.isprintable() and token):
            problem = _("The service gave no token and answered with status %(status)s.")
            raise ServiceUnavailable(problem % {"status": answer.status})
        is_number = isinstance(life, int | float) and not isinstance(life, bool) and 0 < life < 10**9
        tokens.keep(self._key, token, float(life) if is_number else DEFAULT_LIFETIME)  # type: ignore[arg-type]
        return token

    def _problem(self, answer: Answer, token: str) -> CallRefused | ServiceUnavailable:
        text = answer.text()
        for secret in filter(None, (token, self._secret)):
            text = text.replace(secret, "…")
        sentence = _("The service answered %(status)s: %(text)s") % {
            "status": answer.status,
            "text": text[:MAX_SHOWN_LENGTH],
        }
        if 400 <= answer.status < 500 and answer.status not in RETRIED:
            return CallRefused(sentence)
        return ServiceUnavailable(sentence)
