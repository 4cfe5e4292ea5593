"""A host that runs as a process, and a browser to walk through it."""

import base64
import html
import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote, urlencode, urljoin, urlsplit

from tests.environment import run_folder
from tests.hosts.lms.prepare import COURSE, PASSWORD
from tests.servers import free_port

ROOT = Path(__file__).resolve().parent.parent.parent
PATIENCE = 120  # seconds
ResultT = TypeVar("ResultT")
THREADS = ("--worker-class", "gthread", "--threads", "4")


@dataclass
class Answer:
    status: int
    url: str
    headers: dict[str, str]
    content: bytes

    @property
    def text(self) -> str:
        return self.content.decode()

    def form(self, action: str = "") -> tuple[str, dict[str, str]]:
        """Return the address and the hidden fields of the form whose address ends so."""
        for start, body in re.findall(r"(<form\b[^>]*>)(.*?)</form>", self.text, re.DOTALL):
            target = re.search(r'action="([^"]*)"', start)
            url = html.unescape(target[1]) if target else ""
            if url.partition("?")[0].endswith(action):
                inputs = [tag for tag in re.findall(r"<input\b[^>]*>", body) if 'type="hidden"' in tag]
                return url or self.url, {
                    html.unescape(re.search(r'name="([^"]*)"', tag)[1]): html.unescape(
                        (re.search(r'value="([^"]*)"', tag) or ["", ""])[1]
                    )
                    for tag in inputs
                }
        raise AssertionError(f"{self.url} has no form for {action}:\n{self.text}")

    def link(self, pattern: str) -> str:
        """Return the first address on the page that has this pattern."""
        for url in re.findall(r'(?:href|src)="([^"]*)"', self.text):
            if re.search(pattern, html.unescape(url)):
                return html.unescape(url)
        raise AssertionError(f"{self.url} has no link {pattern}:\n{self.text}")


class StayHere(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


class Browser:
    """Cookies, forms and redirects, through a proxy that takes the prefix away."""

    def __init__(self, origin: str, prefix: str) -> None:
        self.origin, self.prefix = origin, prefix
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()), StayHere)

    def open(self, url: str, data: bytes | None = None, *, follow: bool = True, **headers: str) -> Answer:
        parts = urlsplit(urljoin(self.origin, url))
        address = parts._replace(path=parts.path.removeprefix(self.prefix)).geturl()
        request = urllib.request.Request(
            address, data, {name.replace("_", "-"): value for name, value in headers.items()}
        )
        try:
            response = self.opener.open(request, timeout=60)
        except urllib.error.HTTPError as error:
            response = error
        with response:
            answer = Answer(response.status, parts.geturl(), dict(response.headers.items()), response.read())
        if follow and answer.status in (301, 302, 303):
            return self.open(urljoin(parts.geturl(), answer.headers["Location"]))
        return answer

    def post(self, url: str, fields: dict[str, str], *, follow: bool = True) -> Answer:
        kind = "application/x-www-form-urlencoded"
        return self.open(url, urlencode(fields).encode(), follow=follow, Content_Type=kind, Referer=self.origin)

    def sign_in(self, page: str, name: str, password: str = PASSWORD) -> Answer:
        url, fields = self.open(page).form()
        return self.post(url or page, {**fields, "username": name, "password": password})


@dataclass
class Site:
    """A prepared and running host. ``prefix`` is what its proxy takes away, ``at`` where the app is included."""

    origin: str
    environment: dict[str, str]
    attempt_code: str
    server_pid: int
    prefix: str = ""
    at: str = ""
    admin: str = "/admin/"
    pages: dict[str, Answer] = field(default_factory=dict)

    def browser(self) -> Browser:
        return Browser(self.origin, self.prefix)

    def url(self, path: str) -> str:
        return f"{self.prefix}{self.at}{path}"

    def course_url(self, page: str) -> str:
        return self.url(f"/proctoring/courses/{quote(COURSE, safe=':+')}/{page}/")

    def admin_url(self, path: str) -> str:
        return f"{self.prefix}{self.admin}proctoring_results/{path}"

    def call(self, path: str, name: str, body: object = None) -> Answer:
        """Call the REST API, or an address of the providers, as a program."""
        credentials = base64.b64encode(f"{name}:{PASSWORD}".encode()).decode()
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Basic {credentials}", "Content_Type": "application/json"}
        return self.browser().open(self.url(path), data, **headers)

    def upkeep(self) -> str:
        return run(["-m", "django", "proctoring_upkeep", "--here"], self.environment)


def run(arguments: list[str], environment: dict[str, str]) -> str:
    """Run a Python program of the host; return what it printed."""
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, f"{' '.join(arguments)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@contextmanager
def running(shape: str, folder: Path, *, asgi: bool = False, **site: str) -> Iterator[Site]:
    """Install the host of this shape, and serve it until the block ends."""
    own = {"DJANGO_SETTINGS_MODULE": f"tests.hosts.shapes.{shape}", "HOST_FOLDER": str(folder)}
    others = {name: value for name, value in os.environ.items() if not name.startswith(("DJANGO_", "DATABASE_URL"))}
    environment = {**others, **own}
    with ExitStack() as stack:
        if shape == "s3":
            environment["S3_ENDPOINT_URL"] = stack.enter_context(bucket_server(environment))
        code = run(["-m", "tests.hosts.lms.prepare"], environment).split()[-1]
        port = free_port()
        kind = ("asgi", "--worker-class", "asgi") if asgi else ("wsgi", *THREADS)
        command = ["-m", "gunicorn", f"tests.hosts.lms.{kind[0]}", "--bind", f"127.0.0.1:{port}", *kind[1:]]
        options = ["--no-control-socket", "--log-level", "warning", "--graceful-timeout", "2"]
        server = stack.enter_context(serving([*command, *options], port, environment, folder / "server.log"))
        yield Site(f"http://localhost:{port}", environment, code, server.pid, **site)


@contextmanager
def bucket_server(environment: dict[str, str]) -> Iterator[str]:
    port = free_port()
    command = ["-m", "moto.server", "--host", "127.0.0.1", "--port", str(port)]
    with serving(command, port, environment, run_folder() / f"moto-{port}.log"):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def serving(
    command: list[str], port: int | None, environment: dict[str, str], log: Path, *, folder: Path = ROOT
) -> Iterator[subprocess.Popen]:
    """Run a program of Python until the block ends, and begin when its port answers, if it has one."""
    with log.open("w") as output:
        command = [sys.executable, *command]
        server = subprocess.Popen(command, cwd=folder, env=environment, stdout=output, stderr=output)
        try:
            if port is not None:
                wait_for(lambda: server.poll() is not None or answers(port), log)
            assert server.poll() is None, log.read_text()
            yield server
        finally:
            server.terminate()
            try:
                server.wait(15)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def answers(port: int) -> bool:
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/nowhere", timeout=5).close()
    except urllib.error.HTTPError as refusal:
        refusal.close()
    except OSError:
        return False
    return True


def wait_for(question: Callable[[], ResultT], log: Path) -> ResultT:
    """Ask until there is an answer, and return it."""
    deadline = time.monotonic() + PATIENCE
    while not (answer := question()):
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)
    return answer
