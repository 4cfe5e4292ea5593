"""The documentation is compared with the code wherever it can become outdated."""

import argparse
import ast
import inspect
import re
import textwrap
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand
from django.urls import URLResolver, reverse

from proctoring_results import api, periodic, permissions, tasks
from proctoring_results.choices import (
    AttemptStatus,
    DownloadOutcome,
    EffectKind,
    ReportFailure,
    ReportKind,
    ReportState,
    ReportStep,
    ReviewStanding,
    ReviewStatus,
    Source,
)
from proctoring_results.conf import SETTING_NAMES, Conf
from proctoring_results.exceptions import (
    AttemptIsAmbiguous,
    LocatorMismatch,
    ProctoringResultsError,
    ProviderClassFailed,
)
from proctoring_results.meanings import REVIEW_MEANINGS, STATUS_MEANINGS, learner_reads
from proctoring_results.providers import urls as providers_urls
from proctoring_results.providers.policy import Policy
from proctoring_results.reports.kinds.registry import kind_named
from proctoring_results.reports.meanings import COLUMN_MEANINGS
from proctoring_results.rest.problem import STATUS
from proctoring_results.rest.v1 import urls as v1_urls
from proctoring_results.rules import PART_OF_INCIDENT
from proctoring_results.transitions import TRANSITIONS

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = sorted([ROOT / "README.md", *(page for page in DOCS.rglob("*.md") if "_build" not in page.parts)])
OURS = ("proctoring_erase", "proctoring_report", "proctoring_upkeep")
EXAMPLE_COMMANDS = {path.stem for path in (ROOT / "example_project/campus/management/commands").glob("[!_]*.py")}


def text_of(page: str) -> str:
    return (DOCS / page).read_text(encoding="utf-8")


def code_blocks(language: str) -> list[tuple[str, str]]:
    """The page and the code of each block in a language, those in lists included."""
    fence = re.compile(rf"^( *)```{language}\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
    return [
        (str(page.relative_to(ROOT)), textwrap.dedent(code))
        for page in PAGES
        for _, code in fence.findall(page.read_text(encoding="utf-8"))
    ]


def first_column(page: str, heading: str) -> list[str]:
    """The first cells of the table below a heading, without their quotes."""
    below = re.split(rf"^#+ {re.escape(heading)}$", text_of(page), flags=re.MULTILINE)[1]
    table = re.search(r"(?:^\|.*\n)+", below, re.MULTILINE)
    assert table is not None
    return [row.split("|")[1].strip().strip("`") for row in table[0].splitlines()[2:]]


def fields_of(cls: type) -> dict[str, tuple[str, object]]:
    """Type, as it is written in the source, and default of each field of a dataclass."""
    nodes = ast.parse(inspect.getsource(cls)).body[0].body  # type: ignore[attr-defined]
    return {
        node.target.id: (ast.unparse(node.annotation), getattr(cls(), node.target.id))
        for node in nodes
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }


def value_of(text: str) -> object:
    return eval(text, {"timedelta": timedelta})  # noqa: S307 - from our own pages


def rows_of(page: str, header: str) -> list[list[str]]:
    """The cells of the table with this first line, without their quotes."""
    table = re.search(rf"^{re.escape(header)}\n(?:^\|.*\n)+", text_of(page), re.MULTILINE)
    assert table is not None
    return [[cell.strip().strip("`") for cell in row.split("|")[1:-1]] for row in table[0].splitlines()[2:]]


# ------------------------------------------------------------------------------------------------------------ settings


def test_every_setting_is_documented_with_its_type_and_default():
    entry = r"^### `(\w+)`\n\n(?:(?!###)(?:.*\n))*?- Type: `(.+)`\n- Default: `(.*)`$"
    entries = re.findall(entry, text_of("reference/settings.md"), re.MULTILINE)
    assert {name: (type_, value_of(default)) for name, type_, default in entries} == fields_of(Conf)


def test_every_key_of_a_policy_is_documented_with_its_type_and_default():
    rows = rows_of("reference/settings.md", "| key | type | default | meaning |")
    assert {name: (type_, value_of(default)) for name, type_, default, _ in rows} == fields_of(Policy)


def test_every_setting_that_a_page_sets_is_known():
    set_in_pages = {
        key.value
        for page, code in code_blocks("python")
        for assigned in ast.walk(ast.parse(code))
        if isinstance(assigned, ast.Assign) and ast.unparse(assigned.targets[0]) == "PROCTORING_RESULTS"
        for key in getattr(assigned.value, "keys", [])
    }
    assert set_in_pages
    assert set_in_pages <= SETTING_NAMES


# -------------------------------------------------------------------------------------------------------------- checks


def test_every_system_check_is_documented():
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in (ROOT / "proctoring_results/checks").glob("*.py")]
    calls = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    ids = {
        f"proctoring_results.{letter}{ast.literal_eval(call.args[0]):03}"
        for call in calls
        for name, letter in (("err", "E"), ("warn", "W"))
        if isinstance(call.func, ast.Name) and call.func.id == name
    }
    assert len(ids) > 10
    assert set(first_column("reference/checks.md", "System checks")) == ids


# ----------------------------------------------------------------------------------------------------------------- API


def test_every_name_of_the_api_is_documented():
    page = text_of("reference/api.md")
    documented = set(re.findall(r"^\.\. auto\w+:: (\w+)$", page, re.MULTILINE)) | set(re.findall(r"`(\w+)`", page))
    assert set(api.__all__) <= documented


def test_every_argument_of_the_api_is_explained():
    cells = "|".join(re.findall(r"^\| (`.+?) \|", text_of("reference/api.md"), re.MULTILINE))
    explained = {*re.findall(r"`(\w+)`", cells), "by"}
    verbs = [verb for verb in (getattr(api, name) for name in api.__all__) if inspect.isfunction(verb)]
    assert verbs
    assert {name for verb in verbs for name in inspect.signature(verb).parameters} <= explained


def test_every_call_of_the_api_in_a_page_exists():
    called = {(page, name) for page, code in code_blocks("python") for name in re.findall(r"\bapi\.(\w+)", code)}
    assert called
    assert [(page, name) for page, name in sorted(called) if name not in api.__all__] == []


# --------------------------------------------------------------------------------------------------------------- words


@pytest.mark.parametrize(
    ("page", "heading", "choices"),
    [
        ("reference/statuses.md", "The status of an attempt", AttemptStatus),
        ("reference/statuses.md", "The status of a review", ReviewStatus),
        ("reference/statuses.md", "What becomes of a review", ReviewStanding),
        ("reference/statuses.md", "The transitions that exist", Source),
        ("reference/statuses.md", "The states of a report", ReportState),
        ("reference/statuses.md", "What became of a download", DownloadOutcome),
        ("how-to/find-out-why-a-report-failed.md", "The failures", ReportFailure),
    ],
)
def test_every_choice_is_explained(page, heading, choices):
    assert sorted(first_column(page, heading)) == sorted(value for value in choices.values if value)


def test_the_statuses_are_explained_in_the_words_of_the_pages():
    expected = [
        [status.value, str(text.meaning), str(text.cause), learner_reads(status) or "–"]
        for status, text in STATUS_MEANINGS.items()
    ]
    assert rows_of("reference/statuses.md", "| status | meaning | cause | the learner reads |") == expected


def test_the_review_statuses_are_explained_in_the_words_of_the_pages():
    expected = [
        [status.value, str(text.exam_result), str(text.meaning), "` or `".join(text.leads_to) or "–"]
        for status, text in REVIEW_MEANINGS.items()
    ]
    assert rows_of("reference/statuses.md", "| review status | exam result | meaning | leads to |") == expected


def test_every_kind_of_incident_stands_beside_its_tab():
    below = text_of("reference/models.md").split("## Where incidents were seen")[1]
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| `(\w+)_count` \|$", below, re.MULTILINE)
    assert rows == [(kind, str(part.label), part.value) for kind, part in PART_OF_INCIDENT.items()]


def test_every_step_is_explained():
    explained = re.findall(r"^\| `(\w+)` \|", text_of("reference/statuses.md"), re.MULTILINE)
    assert {step.value for step in ReportStep if step.value} <= set(explained)


def test_the_sentences_of_failures_are_quoted_as_they_are():
    page = text_of("how-to/find-out-why-a-report-failed.md")
    assert [failure for failure in ReportFailure if str(failure.label) not in page] == []


def folded(text: str) -> str:
    """The text on one line, and its string literals in one piece."""
    return re.sub(r"\s+", " ", re.sub(r'"\s*\n\s*"', "", text)).casefold()


def test_every_label_that_a_page_quotes_exists():
    """Labels of buttons, actions and headings are in italics, and begin with a capital."""
    folders = (ROOT / "proctoring_results", ROOT / "example_project")
    files = [
        path for folder in folders for ending in ("py", "html", "txt", "js") for path in folder.rglob(f"*.{ending}")
    ]
    models = apps.get_app_config("proctoring_results").get_models()
    labels = folded("\n".join(path.read_text(encoding="utf-8") for path in files))
    labels += " ".join(str(model._meta.verbose_name_plural) for model in models).casefold()
    quoted = {
        (page.name, folded(label))
        for page in PAGES
        if "decisions" not in page.parts
        for label in re.findall(r"(?<![*\w])\*([A-Z][^*]+)\*(?!\*)", page.read_text(encoding="utf-8"))
    }
    assert len(quoted) > 50
    assert [(page, label) for page, label in sorted(quoted) if label not in labels] == []


def test_every_permission_is_documented():
    codenames = {value for name, value in vars(permissions).items() if name.isupper() and isinstance(value, str)}
    assert set(first_column("reference/permissions.md", "Permissions")) == codenames


def test_every_transition_is_documented_with_who_condition_and_effects():
    expected = [
        [
            start.value,
            to.value,
            ", ".join(source.value for source in Source if source in transition.by),
            (transition.only_if.__doc__ or "") if transition.only_if else "",
            ", ".join(kind.value for kind in EffectKind if kind in transition.effects),
        ]
        for (start, to), transition in TRANSITIONS.items()
    ]
    assert rows_of("reference/statuses.md", "| from | to | who may | only if | effects |") == expected


def test_every_code_of_a_refusal_of_the_rest_api_is_documented():
    page = text_of("reference/rest-api.md")
    codes = {kind.code for kind in STATUS if issubclass(kind, ProctoringResultsError)}
    # Only the addresses that providers call refuse with these.
    codes -= {LocatorMismatch.code, AttemptIsAmbiguous.code, ProviderClassFailed.code}
    assert [code for code in sorted(codes) if f"`{code}`" not in page] == []


def test_every_kind_of_effect_is_documented():
    page = text_of("explanation/effects.md") + text_of("reference/models.md")
    assert [kind.value for kind in EffectKind if kind.value not in page] == []


def test_every_address_that_providers_call_is_documented():
    page = text_of("reference/callbacks.md")
    templates = {re.sub(r"<\w+:(\w+)>", r"{\1}", route) for route in routes(providers_urls.urlpatterns)}
    assert [template for template in sorted(templates) if f" /{template}`" not in page] == []


def routes(patterns) -> Iterator[str]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from (f"{pattern.pattern}{route}" for route in routes(pattern.url_patterns))
        else:
            yield str(pattern.pattern)


def test_every_address_of_the_rest_api_is_documented():
    page = text_of("reference/rest-api.md")
    templates = {
        re.sub(
            r"<\w+:(\w+)>", lambda match: "{attempt_code}" if match[1] == "attempt_code" else "{id}", str(url.pattern)
        )
        for url in v1_urls.urlpatterns
    }
    assert [template for template in sorted(templates) if template not in page] == []


# -------------------------------------------------------------------------------------------------------------- report


# Below which heading of the page the columns of each kind are listed.
HEADINGS = {
    ReportKind.EXAM_RESULTS: "Columns",
    ReportKind.EXTENDED_RESULTS: "Extended results",
    ReportKind.INCIDENTS: "Incidents",
    ReportKind.DECISIONS: "Decisions",
    ReportKind.SESSION_RESULTS: "The older kind",
}


@pytest.mark.parametrize("kind", ReportKind)
def test_the_columns_of_each_kind_of_report_are_documented_in_their_order(kind):
    names = [column.name for column in kind_named(kind).columns()]
    assert first_column("reference/report.md", HEADINGS[kind]) == names


@pytest.mark.parametrize("kind", ReportKind)
def test_the_columns_are_explained_in_the_words_of_the_pages(kind):
    below = re.split(rf"^#+ {HEADINGS[kind]}$", text_of("reference/report.md"), flags=re.MULTILINE)[1]
    table = re.search(r"(?:^\|.*\n)+", below, re.MULTILINE)
    assert table is not None
    rows = re.findall(r"^\| `([^`]+)` \| (.+) \|$", table[0], re.MULTILINE)
    assert [(name, text) for name, text in rows if text not in (str(COLUMN_MEANINGS[name]), "as above")] == (
        [("status", "as above, with spaces: `ready to start`")] if kind is ReportKind.SESSION_RESULTS else []
    )


def test_every_kind_of_report_is_named_where_it_can_be_requested():
    page = text_of("reference/commands.md")
    assert [kind.value for kind in ReportKind if f"`{kind.value}`" not in page] == []


# ---------------------------------------------------------------------------------------------------- commands and code


def test_every_command_is_documented_with_its_arguments():
    page = text_of("reference/commands.md")
    for name in OURS:
        section = page.split(f"## `{name}`")[1].split("\n## ")[0]
        missing = [argument for argument in own_arguments(name) if f"| `{argument}` |" not in section]
        assert missing == []


def own_arguments(command: str) -> set[str]:
    def names(of: BaseCommand) -> set[str]:
        actions = argparse.ArgumentParser(add_help=False)
        of.add_arguments(actions)  # type: ignore[arg-type]
        return {(action.option_strings or [action.dest])[-1] for action in actions._actions}

    return names(load_command_class("proctoring_results", command))


def test_every_command_that_a_page_runs_exists():
    run = {
        (page, name)
        for page, code in [*code_blocks("shell"), *code_blocks("text")]
        for name in re.findall(r"manage\.py (\w+)", code)
    }
    assert {name for _, name in run} >= set(OURS)
    assert [(page, name) for page, name in sorted(run) if name not in {*get_commands(), *EXAMPLE_COMMANDS}] == []


def test_every_option_that_a_page_gives_exists():
    options = {
        (name, option)
        for _, code in [*code_blocks("shell"), *code_blocks("text")]
        for name, rest in re.findall(r"manage\.py (proctoring_\w+)([^|\n]*)", code)
        for option in re.findall(r"--[\w-]+", rest)
    }
    assert options
    assert [(name, option) for name, option in sorted(options) if option not in own_arguments(name)] == []


def test_every_make_target_that_a_page_runs_exists():
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    run = {name for _, code in code_blocks("shell") for name in re.findall(r"\bmake (\w+)", code)}
    assert {"demo", "test"} <= run
    assert run <= targets


def test_every_celery_task_is_documented():
    enqueued = {entry["task"] for entry in periodic.BEAT_SCHEDULE.values()}
    assert sorted(first_column("reference/commands.md", "Celery tasks")) == sorted(
        {tasks.build_report.name, tasks.deliver_effects.name, *enqueued}
    )


@pytest.mark.parametrize(("page", "code"), code_blocks("python"))
def test_python_in_the_pages_compiles(page, code):
    compile(code, page, "exec")


@pytest.mark.parametrize(("page", "code"), code_blocks("python"))
def test_what_the_pages_import_from_us_is_there(page, code):
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "proctoring_results":
            exec(compile(ast.Module([node], []), page, "exec"), {})  # noqa: S102 - one import of ours


def test_the_address_in_the_tutorial_is_the_pages():
    address = reverse("proctoring_results:data_download", args=["course-v1:MyOrg+Demo+2026"])
    assert f"`{address}`" in text_of("tutorial/install.md")


def test_every_link_between_the_pages_leads_somewhere():
    """Sphinx says so of the documentation; of README.md nobody else does."""
    links = [
        (page, target.split("#")[0])
        for page in PAGES
        for target in re.findall(r"\]\((?!https?:)([^)#]+(?:#[^)]*)?)\)", page.read_text(encoding="utf-8"))
    ]
    pages = [(page, target) for page, target in links if not target.endswith(".png")]
    assert [(page.name, target) for page, target in pages if not (page.parent / target).exists()] == []
