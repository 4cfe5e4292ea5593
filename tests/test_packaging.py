"""The package as somebody gets it: built, installed from an index into an empty environment, and checked by Django."""

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from tests.conftest import IS_NEEDED
from tests.servers import MUST_HAVE_ALL

pytestmark = pytest.mark.packaging

ROOT = Path(__file__).resolve().parent.parent
LOCKED = ROOT / ".ci" / "constraints.txt"
NO_INDEX = ("No matching distribution found", "Could not find a version", "Connection", "ReadTimeout")

SETTINGS = """
SECRET_KEY = "x" * 50
SITE_URL = "https://lms.example"
INSTALLED_APPS = [
    "django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.messages",
    "django.contrib.sessions", "django.contrib.staticfiles", "proctoring_results",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware", "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [{
    "BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True,
    "OPTIONS": {"context_processors": [
        "django.template.context_processors.request", "django.contrib.auth.context_processors.auth",
        "django.contrib.messages.context_processors.messages",
    ]},
}]
DATABASES = {"default": {
    "ENGINE": "django.db.backends.sqlite3", "NAME": "db.sqlite3", "OPTIONS": {"transaction_mode": "IMMEDIATE"},
}}
ROOT_URLCONF = "host_urls"
STATIC_URL = "static/"
LOGIN_URL = "admin:login"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    "proctoring_results": {
        "BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": "reports"},
    },
}
PROCTORING_RESULTS = {"SITE_URL": SITE_URL, "ENQUEUE": False}
"""
URLS = """
from django.contrib import admin
from django.urls import include, path

urlpatterns = [path("admin/", admin.site.urls), path("", include("proctoring_results.urls"))]
"""
# All that a page, a check or a worker would miss later.
LOOK = """
import proctoring_results.api, proctoring_results.periodic, proctoring_results.tasks
from django.contrib.staticfiles.finders import find
from django.template.loader import get_template
assert "site-packages" in proctoring_results.__file__, proctoring_results.__file__
for name in {templates!r}: get_template(name)
for name in {static!r}: assert find(name), name
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> dict[str, Path]:
    """Wheel and sdist; the wheel is made from the sdist, as a release is."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT), cwd=folder)
    return {"wheel": next(folder.glob("*.whl")), "sdist": next(folder.glob("*.tar.gz"))}


@pytest.mark.parametrize("form", ["wheel", "sdist"])
def test_the_package_works_in_an_empty_environment(form, built, tmp_path):
    python = install(built[form], tmp_path / "venv")
    host = tmp_path / "host"
    host.mkdir()
    (host / "host_settings.py").write_text(SETTINGS)
    (host / "host_urls.py").write_text(URLS)
    for command in (
        ("check", "--fail-level", "WARNING"),
        ("makemigrations", "--check", "--dry-run"),
        ("migrate", "--verbosity", "0"),
        ("check", "--database", "default", "--fail-level", "WARNING"),
        ("shell", "--no-imports", "--command", LOOK.format(templates=files("templates"), static=files("static"))),
    ):
        run(python, "-W", "error", "-m", "django", *command, cwd=host, DJANGO_SETTINGS_MODULE="host_settings")


def install(distribution: Path, folder: Path) -> str:
    venv.create(folder, with_pip=False)
    python = str(folder / "bin" / "python")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python, "install", "--quiet"]
    try:
        run(*pip, "--constraint", str(LOCKED), "--build-constraint", str(LOCKED), str(distribution), cwd=folder)
    except AssertionError as problem:
        if MUST_HAVE_ALL or not any(sign in str(problem) for sign in NO_INDEX):
            raise
        pytest.skip(f"A package index{IS_NEEDED}pip reached none")
    return python


def files(folder: str) -> list[str]:
    return [
        str(file.relative_to(ROOT / "proctoring_results" / folder))
        for file in sorted((ROOT / "proctoring_results" / folder).rglob("*"))
        if file.is_file() and not file.name.startswith(".")
    ]


def run(*command: str, cwd: Path, **environment: str) -> None:
    # What this run is told of its own settings and folders is not for a stranger's.
    passed_on = {name: value for name, value in os.environ.items() if not name.startswith(("DJANGO_", "PYTHON"))}
    done = subprocess.run(
        command, cwd=cwd, env=passed_on | environment, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, f"{' '.join(command[:6])}\n{done.stdout}\n{done.stderr}"


def test_the_links_of_the_readme_hold_on_an_index(built, tmp_path):
    shutil.unpack_archive(built["sdist"], tmp_path, filter="data")
    described = next(tmp_path.glob("*/PKG-INFO")).read_text()
    assert "](docs/" not in described
    assert "](LICENSE" not in described
    assert "/raw/main/docs/images/session.png)" in described


def test_the_sdist_has_what_its_makefile_installs(built, tmp_path):
    shutil.unpack_archive(built["sdist"], tmp_path, filter="data")
    assert next(tmp_path.glob("*/.ci/constraints.txt")).read_text() == LOCKED.read_text()
