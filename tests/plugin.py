"""A pytest plugin that gives a run its folder and selects its settings.

Most tests run on the minimal settings in ``tests.settings``. The tests of the example LMS need the example's settings;
those in ``tests/hosts`` start processes with settings of their own, and go with them.
A process has one settings module, so they run only if their folders (below) are named on the command line.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.environment import run_folder

TESTS = Path(__file__).resolve().parent
EXAMPLE_SETTINGS = "tests.example.settings"
EXAMPLE_FOLDERS = tuple(TESTS / name for name in ("example", "e2e", "faults", "hosts", "bench"))


def needs_example(path: Path) -> bool:
    return any(path.resolve().is_relative_to(folder) for folder in EXAMPLE_FOLDERS)


def runs_on_example() -> bool:
    return os.environ.get("DJANGO_SETTINGS_MODULE") == EXAMPLE_SETTINGS


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(parser: pytest.Parser, args: list[str]) -> Iterator[None]:
    """Select the settings before pytest-django reads them."""
    run_folder()
    paths = [Path(argument.partition("::")[0]) for argument in parser.parse_known_args(args).file_or_dir]
    if kinds := {needs_example(path) for path in paths}:
        if len(kinds) == 2:
            raise pytest.UsageError(
                "The tests of the example LMS have their own settings: run these folders separately, "
                f"or use make test. {' '.join(f'tests/{folder.name}' for folder in EXAMPLE_FOLDERS)}"
            )
        os.environ["DJANGO_SETTINGS_MODULE"] = EXAMPLE_SETTINGS if kinds == {True} else "tests.settings"
    return (yield)


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    return True if needs_example(collection_path) and not runs_on_example() else None
