"""The matrix: the unit tests on SQLite, on each Python that is found here, with each Django that it takes.

    make matrix                              all of it; an interpreter that is missing is skipped, and named
    make matrix args="--list"
    make matrix args="--session newest"

Versions are those of ``.ci/constraints.txt``, but for Django. ``lowest`` takes the lowest that pyproject.toml allows,
``newest`` whatever an index has today: it may fail for somebody else's release, so CI leaves it to people.
Databases, browser, worker and faults are those of ``make test``.
"""

import os
import shutil
import sys
from pathlib import Path

import nox

PYTHONS = ("3.11", "3.12", "3.13", "3.14")
DJANGOS = ("5.2", "6.0", "6.1")
CONSTRAINTS = Path(".ci/constraints.txt")
EXTRAS = ".[postgres,redis,s3]"
UNIT_TESTS = ("--ignore=tests/e2e", "--ignore=tests/faults", "--ignore=tests/bench")
MARKERS = "not browser and not worker and not rabbitmq and not packaging and not postgresql and not mariadb"

nox.needs_version = ">=2025.5"
nox.options.default_venv_backend = "virtualenv"
nox.options.error_on_missing_interpreters = False
nox.options.stop_on_first_error = False

# pyenv's interpreters are found whether it is switched on or not; its shims, which may run nothing, come after them.
PYENV = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
os.environ["PATH"] = os.pathsep.join([*map(str, sorted(PYENV.glob("versions/*/bin"))), os.environ["PATH"]])

FOUND = [python for python in PYTHONS if shutil.which(f"python{python}")]
OWN = f"{sys.version_info.major}.{sys.version_info.minor}"
LOWEST, NEWEST = (FOUND[0], FOUND[-1]) if FOUND else (OWN, OWN)

if len(FOUND) < 2:
    print(f"Only Python {NEWEST} was found (on PATH, with pyenv): that of make test. Others are left out.", flush=True)


def takes(python: str, django: str) -> bool:
    return django == "5.2" or python != "3.11"


def in_ci(python: str, django: str) -> list[str]:
    """``make test`` has run this Python already, with the newest Django that it takes."""
    return ["ci"] if python == NEWEST != OWN and django == DJANGOS[-1] else []


@nox.session
@nox.parametrize(
    ("python", "django"),
    [
        nox.param(python, django, id=f"{python}-django{django}", tags=in_ci(python, django))
        for python in PYTHONS
        for django in DJANGOS
        if takes(python, django)
    ],
)
def unit(session: nox.Session, django: str) -> None:
    """One Python with one Django, and the locked versions of everything else."""
    locked = Path(session.create_tmp()) / "constraints.txt"
    lines = CONSTRAINTS.read_text().splitlines()
    locked.write_text("\n".join(line for line in lines if not line.startswith("django==")))
    run(session, "--constraint", str(locked), f"Django=={django}.*")


@nox.session(python=LOWEST, tags=["ci"])
def lowest(session: nox.Session) -> None:
    """The lowest versions that pyproject.toml allows."""
    # An older drf-spectacular writes the schema with other words and in another order than that of the docs.
    schema = "tests/rest/v1/test_openapi.py::test_the_schema_in_the_docs_is_the_one_of_the_code"
    run(session, "--constraint", ".ci/lowest.txt", but=("--deselect", schema))


@nox.session(python=NEWEST)
def newest(session: nox.Session) -> None:
    """The newest versions that an index has, on the newest Python found."""
    run(session, "--upgrade", "--upgrade-strategy", "eager")


def run(session: nox.Session, *versions: str, but: tuple[str, ...] = ()) -> None:
    session.install(*versions, "--build-constraint", str(CONSTRAINTS), "--group", "test", "--editable", EXTRAS)
    session.run("python", "-c", "import django, sys; print(f'Python {sys.version} with Django {django.__version__}')")
    arguments = ("tests", *UNIT_TESTS, "-m", MARKERS, "-n", "auto", "--maxprocesses", "4", "--dist", "worksteal", "-q")
    session.run("python", "-m", "pytest", *arguments, *but, *session.posargs, env={"DATABASE_URL": None, "CI": None})
