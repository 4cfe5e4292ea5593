"""The example's settings, made for tests. Real workers that tests start use them too: they inherit the folder."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from example_project.settings import *

# One folder for all that a test run writes. Whoever makes it removes it; programs that it starts are told.
if "PROCTORING_TEST_FOLDER" not in os.environ:
    os.environ["PROCTORING_TEST_FOLDER"] = tempfile.mkdtemp(prefix="proctoring-tests-")
    atexit.register(shutil.rmtree, os.environ["PROCTORING_TEST_FOLDER"], ignore_errors=True)
# Each process of a run that is spread over several has a place of its own in it.
TEST_FOLDER = Path(os.environ["PROCTORING_TEST_FOLDER"]) / os.environ.get("PYTEST_XDIST_WORKER", "")
TEST_FOLDER.mkdir(exist_ok=True)

# Two runs at once on one server must not meet, so the name carries the process. On SQLite it is a file: a report is
# built over a second connection, which would not see a database in memory.
_database = DATABASES["default"]
_test_name = f"test_proctoring_results_{os.getpid()}"
_on_sqlite = _database["ENGINE"].endswith("sqlite3")
_database["TEST"] = {
    **_database.get("TEST", {}),
    "NAME": str(TEST_FOLDER / f"{_test_name}.sqlite3") if _on_sqlite else _test_name,
}
if _database["ENGINE"].endswith("mysql"):
    _database["TEST"]["CHARSET"] = "utf8mb4"

# Messages stay in this process, unless the run has a broker for them.
CELERY_BROKER_URL = os.environ.get("CELERY_BROKER_URL") or "memory://"

EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

MEDIA_ROOT = TEST_FOLDER / "media"
# WhiteNoise warns of a folder that is not there, and warnings are errors.
STATIC_ROOT = TEST_FOLDER / "static"
STATIC_ROOT.mkdir(exist_ok=True)
STORAGES = {
    **STORAGES,
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    "proctoring_results": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(TEST_FOLDER / "reports")},
    },
}
