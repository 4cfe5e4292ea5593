"""How Proctortrack is called: each call as its protocol has it, and every way in which an answer can be bad."""

import socket
import ssl
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from django.test.utils import override_script_prefix

from proctoring_results.exceptions import CallRefused, ServiceUnavailable
from proctoring_results.providers import http
from proctoring_results.providers.base import Instructions
from proctoring_results.providers.registry import provider_named
from proctoring_results.providers.rest import calls, client
from tests.factories import ExamAttemptFactory, ProctoredExamFactory, UserFactory
from tests.providers.conftest import SECRET, calling
from tests.providers.service import TOKEN, Response

CONFIG = ("GET", "/api/v1/config/")
EXAMS = ("POST", "/api/v1/exam/")


@pytest.fixture
def attempt(db):
    exam = ProctoredExamFactory(
        external_id="e 1", exam_name="Final", time_limit_mins=60, review_policy="No phones.", course_id="edX/Demo"
    )
    user = UserFactory(username="ada", first_name="Ada", last_name="Lovelace", email="ada@example.com")
    return ExamAttemptFactory(
        exam=exam, user=user, external_id="a/1", exam_external_id="e 1", extra_time_mins=15, is_sample_attempt=True
    )


@pytest.fixture
def exam(attempt):
    return attempt.exam


def last(service):
    return service.calls[-1]


# --- Each call ---


def test_the_sign_in_is_a_form_of_client_credentials(provider, service, exam):
    provider.save_exam(exam, None)
    assert (service.calls[0].method, service.calls[0].path) == TOKEN
    assert service.calls[0].body == {
        "grant_type": ["client_credentials"],
        "client_id": ["lms-1"],
        "client_secret": [SECRET],
        "token_type": ["jwt"],
    }
    assert last(service).headers["Authorization"] == "JWT token-1"


def test_an_exam_is_registered(provider, service, exam):
    service.responses[EXAMS] = Response(body={"id": 17})
    assert provider.save_exam(exam, None) == "17"
    assert last(service).body == {
        "id": exam.pk,
        "course_id": "edX/Demo",
        "exam_name": "Final",
        "is_practice_exam": False,
        "is_proctored": True,
        "is_active": True,
        "time_limit_mins": 60,
        "rules": {"allow": ["calculator"]},
        "rule_summary": "No phones.",
    }


def test_an_exam_that_is_known_is_changed_at_its_address(provider, service, exam):
    provider.save_exam(exam, "e 1/..?x")
    assert (last(service).method, last(service).path) == ("POST", "/api/v1/exam/e%201%2F..%3Fx/")


@pytest.mark.parametrize(("external_id", "path"), [("..", "%2E%2E"), (".", "%2E"), ("é", "%C3%A9")])
def test_no_id_leads_to_another_address(provider, service, exam, external_id, path):
    provider.save_exam(exam, external_id)
    assert last(service).path == f"/api/v1/exam/{path}/"


def test_a_site_below_a_path_tells_the_service_the_path(provider, service, attempt):
    with override_script_prefix("/lms/"):
        provider.create_attempt(attempt, "e 1")
    assert last(service).body["lms_host"] == "https://lms.example/lms"


def test_an_attempt_is_registered(provider, service, attempt):
    assert provider.create_attempt(attempt, "e 1")
    assert (last(service).method, last(service).path) == ("POST", "/api/v1/exam/e%201/attempt/")
    assert last(service).body == {
        "lms_host": "https://lms.example",
        "time_limit_mins": 75,
        "is_sample_attempt": True,
        "user_id": provider.obscured_id(attempt.user),
        "full_name": "Ada Lovelace",
        "email": "ada@example.com",
        "status": "created",
        "review_policy": "No phones.",
    }


@pytest.mark.parametrize(
    ("status", "label"),
    [
        ("started", "started"),
        ("submitted", "submitted"),
        ("completed", "submitted"),
        ("timed_out", "submitted"),
        ("error", "error"),
    ],
)
def test_a_status_is_told_in_the_services_words(provider, service, attempt, status, label):
    provider.tell_status(attempt, "e 1", status)
    assert (last(service).method, last(service).path) == ("PATCH", "/api/v1/exam/e%201/attempt/a%2F1/")
    assert last(service).body == {"status": label}


@pytest.mark.parametrize("status", [200, 404, 405])
def test_an_attempt_is_removed_and_what_is_not_there_is_gone(provider, service, attempt, status):
    path = "/api/v1/exam/e%201/attempt/a%2F1/"
    service.responses["DELETE", path] = Response(status, b"<h1>Method not allowed</h1>")
    provider.remove_attempt(attempt, "e 1")
    assert service.made() == [("DELETE", path)]


def test_a_learner_is_erased_by_the_obscured_id(provider, service, attempt):
    path = f"/api/v1/user/{provider.obscured_id(attempt.user)}/"
    service.responses["DELETE", path] = Response(200, True)
    provider.erase_learner(attempt.user)
    assert service.made() == [("DELETE", path)]


def test_instructions_are_asked_for_in_a_language(provider, service, attempt):
    service.responses["/api/v1/exam/e%201/attempt/a%2F1/"] = Response(
        body={"instructions": ["Eins", "Zwei"], "download_url": "https://service.example/software"}
    )
    assert provider.instructions(attempt, "e 1", "de") == Instructions(
        ("Eins", "Zwei"), "https://service.example/software"
    )
    assert last(service).headers["Accept-Language"] == "de"


def test_general_instructions_do_for_an_attempt_that_is_not_known_there(provider, service, attempt):
    attempt.external_id = None
    provider.instructions(attempt, "e 1", "en")
    assert service.made() == [CONFIG]


@pytest.mark.parametrize(
    ("steps", "link", "read"),
    [
        ("no list", "javascript:alert(1)", Instructions()),
        (["a", 1, None, "b\0\ud800"], "ftp://x/y", Instructions(("a", "b?"))),
        ([], "https:///no-host", Instructions()),
        ([], "http://[half", Instructions()),
        ([], " HTTP://x/y ", Instructions((), "HTTP://x/y")),
        (["x" * 3_000] * 60, None, Instructions(("x" * 2_000,) * 50)),
    ],
)
def test_of_instructions_only_what_a_page_can_show_is_taken(steps, link, read):
    assert Instructions.read(steps, link) == read


def test_the_id_of_a_learner_tells_nothing_and_is_another_one_elsewhere(provider, settings):
    ada, bob = UserFactory.build(pk=1), UserFactory.build(pk=2)
    ids = {provider.obscured_id(ada), provider.obscured_id(bob), provider_named("other").obscured_id(ada)}
    before = provider.obscured_id(ada)
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, "USER_ID_KEY": "key"}
    with_key = provider.obscured_id(ada)
    settings.SECRET_KEY = "another"
    assert len(ids | {with_key}) == 4
    assert provider.obscured_id(ada) == with_key
    assert len(before) == 64


# --- Tokens ---


def test_a_token_is_used_until_it_ends(provider, service, exam):
    for _ in range(3):
        provider.save_exam(exam, None)
    assert service.tokens == 1


@pytest.mark.parametrize(
    ("life", "requests"), [(3600, 1), (0, 1), (None, 1), ("3600", 1), (True, 1), (1e-9, 2), (float("nan"), 1)]
)
def test_a_token_is_not_used_longer_than_it_says(provider, service, exam, life, requests):
    service.responses[TOKEN] = Response(body={"access_token": "t", "expires_in": life})
    provider.save_exam(exam, None)
    provider.save_exam(exam, None)
    assert [call.path for call in service.calls].count(TOKEN[1]) == requests


def test_a_token_that_is_no_longer_taken_is_renewed_once(provider, service, exam):
    provider.save_exam(exam, None)
    service.responses[EXAMS] = [Response(401, b"<h1>401</h1>"), Response(body={"id": 2})]
    assert provider.save_exam(exam, None) == "2"
    assert [call.headers.get("Authorization") for call in service.calls if call.path == EXAMS[1]] == [
        "JWT token-1",
        "JWT token-1",
        "JWT token-2",
    ]


def test_a_token_that_was_not_taken_is_not_tried_again(provider, service, exam):
    provider.save_exam(exam, None)
    service.responses[EXAMS], service.responses[TOKEN] = Response(401), Response(503)
    with pytest.raises(ServiceUnavailable):
        provider.save_exam(exam, None)
    del service.responses[EXAMS], service.responses[TOKEN]
    provider.save_exam(exam, None)
    assert [call.headers["Authorization"] for call in service.calls if call.path == EXAMS[1]] == [
        "JWT token-1",
        "JWT token-1",
        "JWT token-2",
    ]


def test_a_new_token_that_is_not_taken_either_waits_for_better_days(provider, service, exam):
    service.responses[EXAMS] = Response(401)
    with pytest.raises(ServiceUnavailable, match="401"):
        provider.save_exam(exam, None)
    assert service.tokens == 2


@pytest.mark.parametrize(
    "response",
    [
        Response(200, {"error": "invalid_client"}),
        Response(200, {"access_token": ""}),
        Response(200, {"access_token": 5}),
        Response(200, {"access_token": "a\r\nX-Evil: 1"}),
        Response(200, {"access_token": "é"}),
        Response(200, b"<html>Welcome</html>"),
        Response(200, ["x"]),
        Response(401, {"access_token": "x"}),
        Response(500),
    ],
)
def test_a_sign_in_without_a_token_is_tried_again(provider, service, exam, response):
    service.responses[TOKEN] = response
    with pytest.raises(ServiceUnavailable, match="no token"):
        provider.save_exam(exam, None)
    assert service.made() == []


# --- Bad answers ---


@pytest.mark.parametrize("status", [400, 404, 405, 409, 410, 413, 415, 422])
def test_a_refusal_is_final_and_quotes_the_service(provider, service, exam, status):
    service.responses[EXAMS] = Response(status, b"<html>" + b"no " * 1_000)
    with pytest.raises(CallRefused) as refusal:
        provider.save_exam(exam, None)
    assert str(refusal.value).startswith(f"The service answered {status}: <html>no no")
    assert len(str(refusal.value)) < 600


@pytest.mark.parametrize("status", [403, 408, 425, 429, 500, 502, 503])
def test_what_may_heal_is_tried_again_later(provider, service, exam, status):
    service.responses[EXAMS] = Response(status, b"<html>sorry</html>")
    with pytest.raises(ServiceUnavailable, match=f"{status}.*sorry") as refusal:
        provider.save_exam(exam, None)
    assert not refusal.value.gave_no_answer


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(provider, service, exam, status):
    service.responses[EXAMS] = Response(status, b"", {"Location": f"{service.url}/elsewhere"})
    with pytest.raises(ServiceUnavailable, match=str(status)):
        provider.save_exam(exam, None)
    assert service.made() == [EXAMS]


@pytest.mark.parametrize(
    "body",
    [
        b"<html>fine</html>",
        b"",
        b"[1]",
        b"[" * 60_000,
        b"{" + b" " * 70_000 + b'"id": 1}',
        b"\xff\xfe",
        {"id": None},
        {"id": ""},
        {"id": True},
        {"id": 1.5},
        {"id": "x" * 256},
        {"id": "\0"},
        {"id": "\ud800"},
        {},
    ],
    ids=lambda body: str(body)[:20],
)
def test_an_answer_without_an_id_is_no_answer(provider, service, exam, body):
    service.responses[EXAMS] = Response(200, body)
    with pytest.raises(ServiceUnavailable, match="without an id"):
        provider.save_exam(exam, None)


def test_no_more_than_64_kib_of_an_answer_are_read(provider, service, exam):
    def pour(handler):
        handler.send_response(200)
        handler.end_headers()
        for _ in range(10_000):
            handler.wfile.write(b"x" * 65_536)
            poured.append(1)

    poured = []
    service.responses[EXAMS] = Response(write=pour)
    with pytest.raises(ServiceUnavailable, match="without an id"):
        provider.save_exam(exam, None)
    assert len(poured) < 1_000


def drip(head):
    def write(handler):
        if head:
            handler.send_response(200)
            handler.send_header("Content-Length", "1000")
            handler.end_headers()
        else:
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        handler.wfile.flush()
        while not handler.server.service.over.wait(0.02):
            handler.wfile.write(b"1")

    return write


def silence(handler):
    handler.server.service.over.wait()


@pytest.mark.parametrize("write", [silence, drip(head=True), drip(head=False)], ids=["silent", "body", "headers"])
@pytest.mark.parametrize("where", [TOKEN, EXAMS], ids=["token", "call"])
def test_a_service_that_takes_its_time_is_left_at_the_deadline(provider, service, exam, monkeypatch, where, write):
    monkeypatch.setattr(calls, "CALL_LIMIT", 0.3)
    service.responses[where] = Response(write=write)
    with pytest.raises(ServiceUnavailable, match="no answer in time") as refusal:
        provider.save_exam(exam, None)
    assert refusal.value.gave_no_answer


def test_an_answer_that_breaks_off_is_none(provider, service, exam):
    def half(handler):
        handler.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"id": 1}')

    service.responses[EXAMS] = Response(write=half)
    with pytest.raises(ServiceUnavailable) as refusal:
        provider.save_exam(exam, None)
    assert refusal.value.gave_no_answer


@pytest.mark.parametrize("sent", [b"", b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200])
def test_what_is_no_http_is_no_answer(provider, service, exam, sent):
    service.responses[EXAMS] = Response(write=lambda handler: handler.wfile.write(sent))
    with pytest.raises(ServiceUnavailable):
        provider.save_exam(exam, None)


@pytest.mark.parametrize("url", ["http://127.0.0.1:{}", "https://127.0.0.1:{}", "http://service.invalid"])
def test_nobody_there_is_no_answer(settings, exam, url):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    settings.PROCTORING_RESULTS = calling(url.format(port))
    with pytest.raises(ServiceUnavailable) as refusal:
        provider_named("proctortrack").save_exam(exam, None)
    assert refusal.value.gave_no_answer


def test_a_connection_that_is_made_after_the_deadline_is_shut_down():
    watch = http.Watch(http.Deadline(0))
    ours, theirs = socket.socketpair()
    with ours, theirs, watch.watching():
        theirs.settimeout(30)
        while not watch.is_over:
            time.sleep(0.001)
        watch.look_at(ours)
        assert theirs.recv(1) == b""


def test_a_tls_handshake_that_drips_ends_at_the_deadline():
    over = threading.Event()

    def drip_bytes(listener):
        connection, _ = listener.accept()
        with connection:
            # The head of a long record, and then its bytes, one by one.
            connection.sendall(b"\x16\x03\x03\x40\x00")
            try:
                while not over.wait(0.02):
                    connection.sendall(b"\x00")
            except OSError:
                pass

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=drip_bytes, args=[listener])
        thread.start()
        began = time.monotonic()
        with pytest.raises(ServiceUnavailable, match="in time"):
            http.send("GET", f"https://127.0.0.1:{listener.getsockname()[1]}/", deadline=http.Deadline(0.3))
        over.set()
        thread.join()
    # Not how fast it is: that it ends at all, while bytes keep coming.
    assert time.monotonic() - began < 30


@pytest.fixture
def encrypted(service, tmp_path):
    """The service behind TLS, with a certificate that nobody has signed; return the path of the certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    today = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, today - timedelta(1), today + timedelta(1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, SHA256())
    )
    path = tmp_path / "service.pem"
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(secret + certificate.public_bytes(Encoding.PEM))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(path)
    service.server.socket = context.wrap_socket(service.server.socket, server_side=True)
    service.url = service.url.replace("http://127.0.0.1", "https://localhost")
    return path


def test_a_service_is_called_over_tls(encrypted, service, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(encrypted))
    service.responses["GET", "/"] = Response(body={"name": "ours"})
    assert http.send("GET", f"{service.url}/", deadline=http.Deadline(10)).fields() == {"name": "ours"}


def test_nothing_is_sent_to_a_service_with_a_certificate_that_nobody_signed(encrypted, service):
    with pytest.raises(ServiceUnavailable, match="SSLCertVerificationError"):
        http.send("GET", f"{service.url}/", deadline=http.Deadline(10))
    assert service.calls == []


def test_secrets_stand_in_no_message(provider, service, exam, caplog):
    service.responses[EXAMS] = Response(400, f"You sent JWT token-1 and {SECRET}\0".encode())
    with pytest.raises(CallRefused) as refusal:
        provider.save_exam(exam, None)
    texts = f"{refusal.value!r} {caplog.text} {provider!r} {vars(provider)!r} {client.RestClient!r}"
    assert "token-1" not in texts
    assert SECRET not in texts
    assert "\0" not in texts


def test_the_proxy_of_the_environment_is_not_asked(provider, service, exam, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    assert provider.save_exam(exam, None)
