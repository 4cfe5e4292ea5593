"""The code in the pages runs. What no test can run is listed here, so that nothing is left out unseen.

The tutorial is walked as it is printed in ``tests/hosts/test_tutorial.py``.
"""

import json
import re
import subprocess
import sys
from types import ModuleType

import pytest
from django.template import engines

from proctoring_results.lms import NullLMS
from tests.factories import ExamAttemptFactory, ProctoredExamFactory, UserFactory
from tests.test_docs import DOCS, PAGES, ROOT, code_blocks

COURSE = "course-v1:MyOrg+Demo+2026"
WALKED_ELSEWHERE = "docs/tutorial/install.md"
# A browser, a web server and a shell of the reader's would be needed.
NOT_RUN = {"apache", "css", "nginx", "text"}
FENCE = re.compile(r"^ *```(\w+)$", re.MULTILINE)
# Modules of the reader's project that a page imports and does not show.
READERS_OWN = {"mylms.examity_client": ("Client", "Gone", "NotWanted", "TimedOut")}


def test_every_kind_of_code_is_run_or_known_not_to_be():
    kinds = {kind for page in PAGES for kind in FENCE.findall(page.read_text(encoding="utf-8"))}
    assert kinds - NOT_RUN == {"console", "html", "json", "python", "shell"}
    assert kinds >= NOT_RUN


@pytest.fixture
def project(monkeypatch):
    """The names that the pages use: two people, and an exam that one of them has taken."""
    learner, admin = UserFactory(username="ada", email="ada@example.com"), UserFactory(username="admin", admin=True)
    exam = ProctoredExamFactory(course_id=COURSE, content_id="final-exam")
    attempt = ExamAttemptFactory(exam=exam, user=learner, verified=True)
    for name, attributes in READERS_OWN.items():
        module = ModuleType(name)
        vars(module).update({attribute: type(attribute, (Exception,), {}) for attribute in attributes})
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setitem(sys.modules, "mylms", ModuleType("mylms"))
    names = {"__package__": "mylms", "BASE_DIR": ROOT, "NullLMS": NullLMS}
    return {**names, "learner": learner, "admin": admin, "attempt": attempt}


@pytest.mark.django_db
@pytest.mark.parametrize("page", sorted({page for page, _ in code_blocks("python")} - {WALKED_ELSEWHERE}))
def test_python_in_a_page_runs_from_its_first_block_to_its_last(page, project, monkeypatch):
    for code in [code for of_page, code in code_blocks("python") if of_page == page]:
        for name in re.findall(r'os\.environ\["(\w+)"\]', code):
            monkeypatch.setenv(name, "x" * 44)
        exec(compile(code, page, "exec"), project)  # noqa: S102 - our own pages


@pytest.mark.parametrize(("page", "code"), code_blocks("json"))
def test_json_in_a_page_is_json(page, code):
    json.loads(code)


@pytest.mark.parametrize(("page", "code"), code_blocks("html"))
def test_templates_in_a_page_compile(page, code):
    engines["django"].from_string(code)


@pytest.mark.parametrize(("page", "code"), [*code_blocks("shell"), *code_blocks("console")])
def test_commands_in_a_page_are_commands_of_a_shell(page, code):
    lines = [line.removeprefix("$ ") for line in code.splitlines() if not code.startswith("$") or line.startswith("$ ")]
    done = subprocess.run(["bash", "-n"], input="\n".join(lines), text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


# Sentences by which a page says that something is missing.
MISSING = re.compile(
    r"[^.|\n]*\b(?:not (?:there|included|implemented) yet|(?:no|nothing) \w+ yet|is planned)\b[^.|\n]*", re.I
)


def test_what_is_missing_is_said_in_one_page_only():
    """A sentence elsewhere would become wrong the day that the thing is built."""
    sentences = {
        (page.name, sentence.strip())
        for page in DOCS.rglob("*.md")
        if "_build" not in page.parts and page.name not in ("not-there-yet.md", "index.md")
        for sentence in MISSING.findall(page.read_text(encoding="utf-8"))
    }
    assert sentences == set()
