"""The matrix: the tests on SQLite, on each Python that is found, with each Django that it supports.

    make matrix                              all of it; a missing interpreter is skipped and named
    make matrix args="--list"
    make matrix args="--session newest"

Versions are those of ``.ci/constraints.txt``, except Django's. ``lowest`` uses the lowest that pyproject.toml allows,
and ``newest`` the newest on the index. That may fail because of somebody else's release, and both take their time: run
them before a release, since CI does not. Tests that need other databases, a browser or a worker are left
to ``make test``.
"""

import os
import shutil
import sys
from pathlib import Path

import nox

PYTHONS = ("3.11", "3.12", "3.13", "3.14")
DJANGOS = ("5.2", "6.0", "6.1")
CONSTRAINTS = Path(".ci/constraints.txt")
EXTRAS = ".[postgres,redis,s3,xlsx]"
# As docs/how-to/connect-a-provider.md promises; the example itself needs a newer one.
OLDEST_TOOLKIT = "3.0"
ENVIRONMENT = {"DATABASE_URL": None, "CI": None}
# The unit tests have minimal settings; the example LMS and the hosts have their own (tests/plugin.py).
RUNS = ("tests", "tests/example", "tests/hosts")
MARKERS = "not browser and not libreoffice and not worker and not rabbitmq and not packaging"
MARKERS += " and not postgresql and not mariadb"
# Histories and bodies by the hundred find no more on another version than make test does.
NAMES = "not any_order and not generated"

nox.needs_version = ">=2025.5"
nox.options.default_venv_backend = "virtualenv"
nox.options.error_on_missing_interpreters = False
nox.options.stop_on_first_error = False

# Find pyenv's interpreters even if pyenv is not active. Its shims come after them: a shim may have no interpreter.
PYENV = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
os.environ["PATH"] = os.pathsep.join([*map(str, sorted(PYENV.glob("versions/*/bin"))), os.environ["PATH"]])

FOUND = [python for python in PYTHONS if shutil.which(f"python{python}")]
OWN = f"{sys.version_info.major}.{sys.version_info.minor}"
LOWEST, NEWEST = (FOUND[0], FOUND[-1]) if FOUND else (OWN, OWN)

if len(FOUND) < 2:
    print(f"Only Python {NEWEST} was found (on PATH and with pyenv), as in make test. Others are left out.", flush=True)


def supports(python: str, django: str) -> bool:
    return django == "5.2" or python != "3.11"


def in_ci(python: str, django: str) -> list[str]:
    """Return the tag of the newest pair, unless ``make test`` has already run this Python."""
    return ["ci"] if python == NEWEST != OWN and django == DJANGOS[-1] else []


@nox.session
@nox.parametrize(
    ("python", "django"),
    [
        nox.param(python, django, id=f"{python}-django{django}", tags=in_ci(python, django))
        for python in PYTHONS
        for django in DJANGOS
        if supports(python, django)
    ],
)
def unit(session: nox.Session, django: str) -> None:
    """One Python with one Django, and the locked versions of everything else."""
    locked = Path(session.create_tmp()) / "constraints.txt"
    lines = CONSTRAINTS.read_text().splitlines()
    locked.write_text("\n".join(line for line in lines if not line.startswith("django==")))
    install(session, "--constraint", str(locked), f"Django=={django}.*")
    run(session)


@nox.session(python=LOWEST)
def lowest(session: nox.Session) -> None:
    """The lowest versions that pyproject.toml allows."""
    # An older drf-spectacular writes a schema that differs from that in the docs.
    schema = "tests/example/test_openapi.py::test_the_schema_in_the_docs_is_the_one_of_the_code"
    install(session, "--constraint", ".ci/lowest.txt")
    run(session, "--deselect", schema)


@nox.session(python=NEWEST)
def newest(session: nox.Session) -> None:
    """The newest versions on the index, with the newest Python found."""
    install(session, "--upgrade", "--upgrade-strategy", "eager")
    run(session)


@nox.session(python=LOWEST, tags=["ci"])
def tokens(session: nox.Session) -> None:
    """The sign-in of a service, copied into a bare project, with the locked and the oldest django-oauth-toolkit."""
    install(session, "--constraint", str(CONSTRAINTS))
    test = ("python", "-m", "pytest", "tests/test_tokens.py", "-q")
    session.run(*test, env=ENVIRONMENT)
    session.install(f"django-oauth-toolkit=={OLDEST_TOOLKIT}.*")
    session.run(*test, env=ENVIRONMENT)


def install(session: nox.Session, *versions: str) -> None:
    session.install(*versions, "--build-constraint", str(CONSTRAINTS), "--group", "test", "--editable", EXTRAS)
    session.run("python", "-c", "import django, sys; print(f'Python {sys.version} with Django {django.__version__}')")


def run(session: nox.Session, *options: str) -> None:
    arguments = ("-m", MARKERS, "-k", NAMES, "-n", "auto", "--maxprocesses", "4", "--dist", "worksteal", "-q")
    for folder in RUNS:
        session.run("python", "-m", "pytest", folder, *arguments, *options, *session.posargs, env=ENVIRONMENT)
