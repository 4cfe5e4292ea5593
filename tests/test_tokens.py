"""How a service signs in, copied from the example into a project that has nothing but what the page says.

The toolkit is the one that is installed, so a run with its oldest version says whether that will do.
"""

import re
import subprocess
import sys
import textwrap
from pathlib import Path

from tests.test_docs import ROOT, text_of

SETTINGS = """
from pathlib import Path

SECRET_KEY = "x" * 50
ALLOWED_HOSTS = ["testserver"]
ROOT_URLCONF = "mylms.urls"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "oauth2_provider",
    "proctoring_results",
]
AUTHENTICATION_BACKENDS = ["mylms.backends.ProviderBackend"]
"""
URLS = """
from django.urls import include, path
from oauth2_provider.views import TokenView

urlpatterns = [
    path("oauth2/access_token", TokenView.as_view()),
    path("", include("proctoring_results.providers.urls")),
]
"""
SIGN_IN = """
import django

django.setup()

from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.test import Client
from oauth2_provider.models import Application

call_command("migrate", verbosity=0)
account = User.objects.create(username="proctortrack")
account.groups.add(Group.objects.create(name="provider:proctortrack"))
Application.objects.create(
    user=account, client_id="me", client_secret="secret", client_type="confidential",
    authorization_grant_type="client-credentials",
)
form = {"grant_type": "client_credentials", "client_id": "me", "client_secret": "secret", "token_type": "jwt"}
token = Client().post("/oauth2/access_token", form).json()["access_token"]


def review(authorization):
    url = "/api/edx_proctoring/v1/proctored_exam/attempt/unknown/reviewed"
    body = {"status": "passed"}
    return Client().post(url, body, "application/json", headers={"Authorization": authorization}).status_code


answers = [review(f"JWT {token}"), review(f"Bearer {token}"), review("JWT wrong")]
User.objects.update(is_active=False)
print(*answers, review(f"JWT {token}"))
"""


def test_what_the_page_says_lets_a_service_in(tmp_path):
    page = text_of("how-to/connect-a-provider.md")
    project = tmp_path / "mylms"
    project.mkdir()
    (project / "__init__.py").touch()
    (project / "tokens.py").write_text((ROOT / "example_project/campus/tokens.py").read_text())
    (project / "backends.py").write_text(block(page, "mylms/backends.py"))
    (project / "settings.py").write_text(SETTINGS + block(page, "mylms/settings.py"))
    (project / "urls.py").write_text(URLS)
    # An id that is unknown gets 404: the sign-in works.
    assert run(tmp_path, SIGN_IN) == "404 404 401 401"


def block(page: str, name: str) -> str:
    """The first block of a page that is a file of this name."""
    found = re.search(rf"^ *```python\n( *# {name}\n.*?)^ *```$", page, re.MULTILINE | re.DOTALL)
    assert found is not None
    return textwrap.dedent(found[1])


def run(folder: Path, code: str) -> str:
    environment = {"DJANGO_SETTINGS_MODULE": "mylms.settings", "PYTHONPATH": f"{folder}:{ROOT}"}
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
