"""Pictures are fetched from a named host of the public internet, by https, within limits; else there is a reason."""

import datetime
import ipaddress
import socket
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import sleep

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from proctoring_results.choices import PictureProblem
from proctoring_results.providers.pictures import Picture, fetch_picture, is_public
from tests.fakes import PNG

HOST = "pictures.example"
URL = f"https://{HOST}/secret?id=1"


class Service(BaseHTTPRequestHandler):
    """Answers as the test says, and keeps what it was asked for."""

    protocol_version = "HTTP/1.1"
    status = 200
    headers_sent: dict[str, str] = {}
    body = PNG
    pause = 0.0
    requests: list[str] = []

    def do_GET(self):
        self.requests.append(f"{self.headers['Host']} {self.path}")
        self.send_response(self.status)
        for name, value in {"Content-Type": "image/png", "Content-Length": len(self.body), **self.headers_sent}.items():
            self.send_header(name, str(value))
        self.end_headers()
        for place in range(len(self.body)):
            self.wfile.write(self.body[place : place + 1]) if self.pause else self.wfile.write(self.body[place:])
            if not self.pause:
                break
            sleep(self.pause)

    def log_message(self, *args):
        """Print nothing."""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate of the host, which is its own authority, and the key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.datetime.now(datetime.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "host.pem"
    form = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(
        built.public_bytes(serialization.Encoding.PEM) + key.private_bytes(serialization.Encoding.PEM, *form)
    )
    return path


@pytest.fixture
def service(certificate, monkeypatch, settings):
    """A service at a public address: the connection to it is led to this machine, after the checks."""
    settings.PROCTORING_RESULTS = {"PROVIDERS": {"proctortrack": {"picture_hosts": [HOST]}}}
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    handler = type("Answers", (Service,), {"requests": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    connect = socket.create_connection
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    monkeypatch.setattr(socket, "create_connection", lambda address, **more: connect(server.server_address, **more))
    resolves_to(monkeypatch, "203.1.113.7")
    yield handler
    server.shutdown()
    server.server_close()


def resolves_to(monkeypatch, *addresses: str) -> None:
    addresses_of_host = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in addresses]
    look_up = socket.getaddrinfo
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, *args, **more: addresses_of_host if host == HOST else look_up(host, *args, **more),
    )


def fetched(url=URL, *, max_bytes=1_000, seconds=5.0, provider="proctortrack"):
    return fetch_picture(provider, url, max_bytes=max_bytes, seconds=seconds)


def test_a_picture_is_fetched_with_its_whole_address_and_its_host(service):
    assert fetched() == Picture("image/png", PNG)
    assert service.requests == [f"{HOST} /secret?id=1"]


@pytest.mark.parametrize(
    "url",
    [
        f"http://{HOST}/secret",
        f"https://{HOST}:8443/secret",
        f"https://somebody@{HOST}/secret",
        "ftp://pictures.example/secret",
        "https://[::1/secret",
        "",
    ],
)
def test_only_ordinary_https_addresses_are_asked(service, url):
    assert fetched(url) is PictureProblem.NOT_HTTPS
    assert service.requests == []


def test_a_host_that_the_settings_do_not_name_is_not_asked(service):
    assert fetched("https://other.example/x") is PictureProblem.HOST_NOT_NAMED
    assert fetched(provider="another") is PictureProblem.HOST_NOT_NAMED
    assert service.requests == []


def test_a_host_on_which_browsers_may_open_evidence_is_not_asked(service, settings):
    settings.PROCTORING_RESULTS = {"PROVIDERS": {"proctortrack": {"evidence_hosts": [HOST]}}}
    assert fetched() is PictureProblem.HOST_NOT_NAMED


@pytest.mark.parametrize(
    "addresses",
    [["10.0.0.1"], ["127.0.0.1"], ["169.254.169.254"], ["203.1.113.7", "192.168.1.1"], ["fd00::1"], ["::1"]],
)
def test_a_host_with_a_private_address_is_not_asked(service, monkeypatch, addresses):
    resolves_to(monkeypatch, *addresses)
    assert fetched() is PictureProblem.PRIVATE_ADDRESS
    assert service.requests == []


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("203.1.113.7", True),
        ("2600::1", True),
        ("0.0.0.0", False),
        ("100.64.0.1", False),
        ("224.0.0.1", False),
        ("fe80::1%eth0", False),
        ("ff02::1", False),
        ("::ffff:10.0.0.1", False),
        ("64:ff9b::a00:1", False),
        ("64:ff9b::cb01:7107", True),
        ("2002:a00:1::", False),
    ],
)
def test_an_address_is_public_if_all_that_it_stands_for_is(address, expected):
    assert is_public(address) is expected


def test_the_connection_goes_to_the_address_that_was_checked(service, monkeypatch):
    connected = []
    connect = socket.create_connection
    monkeypatch.setattr(socket, "create_connection", lambda to, **more: connected.append(to) or connect(to, **more))
    assert fetched() == Picture("image/png", PNG)
    assert connected == [("203.1.113.7", 443)]


def test_the_next_address_is_tried_if_one_does_not_answer(service, monkeypatch):
    connect = socket.create_connection

    def refuse_the_first(to, **more):
        if to[0] == "203.1.113.8":
            raise ConnectionRefusedError
        return connect(to, **more)

    resolves_to(monkeypatch, "203.1.113.8", "203.1.113.7")
    monkeypatch.setattr(socket, "create_connection", refuse_the_first)
    assert fetched() == Picture("image/png", PNG)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(service, status):
    service.status, service.headers_sent = status, {"Location": "https://169.254.169.254/latest"}
    assert fetched() is PictureProblem.REDIRECT
    assert len(service.requests) == 1


@pytest.mark.parametrize("status", [404, 403, 500, 206])
def test_what_the_service_does_not_have_is_refused(service, status):
    service.status = status
    assert fetched() is PictureProblem.REFUSED


@pytest.mark.parametrize("media_type", ["text/html", "video/mp4", "image/svg+xml", "application/octet-stream"])
def test_what_browsers_would_run_or_play_is_no_picture(service, media_type):
    service.headers_sent = {"Content-Type": media_type}
    assert fetched() is PictureProblem.NOT_A_PICTURE


def test_what_only_says_that_it_is_a_picture_is_none(service):
    service.body = b"<html><script>alert(1)</script>"
    assert fetched() is PictureProblem.NOT_A_PICTURE


def test_a_picture_that_is_too_large_is_not_read_to_its_end(service):
    service.body = PNG + bytes(2_000)
    assert fetched(max_bytes=1_000) is PictureProblem.TOO_LARGE


def test_its_size_is_counted_and_not_believed(service):
    service.body, service.headers_sent = PNG + bytes(2_000), {"Content-Length": "100000", "Connection": "close"}
    assert fetched(max_bytes=1_000) is PictureProblem.TOO_LARGE


def test_a_picture_that_arrives_drop_by_drop_is_given_up(service):
    service.pause = 0.2
    assert fetched(seconds=0.5) is PictureProblem.TOO_SLOW


def test_a_name_that_is_looked_up_for_too_long_is_given_up(service, monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **more: sleep(2))
    assert fetched(seconds=0.1) is PictureProblem.TOO_SLOW


def test_a_picture_that_breaks_off_is_none(service):
    service.headers_sent = {"Content-Length": len(PNG) + 5, "Connection": "close"}
    assert fetched() is PictureProblem.NO_ANSWER


def test_a_host_whose_certificate_is_anothers_gets_no_question(service, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE")
    assert fetched() is PictureProblem.NO_ANSWER
    assert service.requests == []


def test_a_host_that_does_not_exist_gives_no_answer(service, monkeypatch):
    def unknown(*args, **more):
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert fetched() is PictureProblem.NO_ANSWER


def test_an_address_with_what_no_request_may_have_is_refused(service):
    assert fetched(f"https://{HOST}/a b") is PictureProblem.NO_ANSWER


def test_the_addresses_of_the_tests_are_no_examples():
    """203.0.113.0/24 is kept for examples and not public, so the tests use another one."""
    assert ipaddress.ip_address("203.1.113.7").is_global
    assert not is_public("203.0.113.7")
