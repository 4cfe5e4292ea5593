"""The tutorial, walked as it is printed: each block into the file that it names, and every command in its order."""

import csv
import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hosts.site import Site, free_port, serving, wait_for
from tests.hosts.walk import download_report

PAGE = (Path(__file__).resolve().parents[2] / "docs/tutorial/install.md").read_text(encoding="utf-8")
COURSE = "course-v1:MyOrg+Demo+2026"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def write_files(project: Path) -> None:
    """Settings are added to those of ``startproject``; any other file is as printed."""
    for code in blocks("python"):
        if name := re.match(r"# (mylms/\w+\.py)\n", code):
            file = project / name[1]
            before = file.read_text() if name[1].endswith("settings.py") else ""
            file.write_text(f"{before}\n{code}")


def commands() -> list[str]:
    return [line for code in blocks("shell") for line in code.splitlines()]


@pytest.fixture
def project(tmp_path):
    run(tmp_path, "-m", "django", "startproject", "mylms")
    project = tmp_path / "mylms"
    write_files(project)
    for command in commands():
        if command.startswith("python manage.py") and "runserver" not in command:
            run(project, *command.split()[1:])
    return project


def environment(**more: str) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith(("DJANGO_", "DATABASE_URL"))}
    return {**own, **more}


def run(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{' '.join(arguments)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.worker
def test_the_tutorial_leads_to_the_first_report(project, redis_url):
    # Queues of its own: others may use the same server.
    settings = project / "mylms/settings.py"
    own = f'\nCELERY_BROKER_URL = "{redis_url}"\nCELERY_TASK_DEFAULT_QUEUE = "tutorial-{os.getpid()}"\n'
    settings.write_text(settings.read_text() + own)
    assert "no issues" in run(project, "manage.py", "check", "--fail-level", "WARNING")
    calls = [code for code in blocks("python") if not code.startswith("# mylms/")]
    assert run(project, "manage.py", "shell", "--command", "\n".join(calls)).split()[-1] == "Satisfactory"
    port = free_port()
    web = ["manage.py", "runserver", "--noreload", str(port)]
    worker = ["-m", "celery", "--app", "mylms", "worker", "--pool", "solo"]
    with (
        serving([*web], port, environment(), project / "web.log", folder=project),
        serving([*worker], None, environment(), project / "worker.log", folder=project),
    ):
        site = Site(f"http://localhost:{port}", {}, "", 0)
        browser = site.browser()
        page = browser.sign_in(site.course_url("data-download"), "tea", "a password")
        url, hidden = page.form("/generate/")
        browser.post(url, hidden)
        ready = wait_for(lambda: download_report(site, browser), project / "worker.log")
    rows = list(csv.DictReader(io.StringIO(ready.content.decode(), newline="")))
    assert [(row["course_id"], row["username"], row["status"]) for row in rows] == [(COURSE, "ada", "verified")]


def test_the_first_step_installs_the_broker_of_the_sixth():
    (broker,) = re.findall(r'CELERY_BROKER_URL = "(\w+)://', PAGE)
    assert f"[{broker}]" in blocks("shell")[0]


def test_the_address_in_mails_is_a_full_one(project):
    show = "from mylms.proctoring import MyLMS; print(MyLMS().exam_url('c', 'e'))"
    assert run(project, "manage.py", "shell", "--command", show).split()[-1].startswith("http://localhost:8000/")
