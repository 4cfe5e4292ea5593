"""What the pages for contributors name is there: files, tests, and the layers as the contract has them."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted((ROOT / "docs/contributing").glob("*.md"))
LAYOUT = (ROOT / "docs/contributing/layout.md").read_text(encoding="utf-8")
# Files of the examples: a contributor would create them.
IMAGINED = re.compile(r"/appeals/|/(?:test_)?badge\.py$|<name>")


FOLDERS_OF_PAGES = {
    path.name for path in (ROOT / "proctoring_results/pages").iterdir() if path.is_dir() and path.name[0] not in "_."
}


def contract(name: str) -> dict[str, Any]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    [named] = [each for each in project["tool"]["importlinter"]["contracts"] if each["name"] == name]
    return named


def layers() -> list[list[str]]:
    return [re.findall(r"\w+", layer) for layer in contract("layers")["layers"]]


def test_the_picture_of_the_layers_is_the_contract():
    [picture] = re.findall(r"^```text\n(.*?)^```", LAYOUT, re.MULTILINE | re.DOTALL)
    assert [re.findall(r"\w+", line) for line in picture.splitlines() if "↓" not in line] == layers()


def test_every_module_has_its_row_in_the_order_of_the_layers():
    table = LAYOUT.split("## What belongs where")[1].split("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == [name for layer in layers() for name in layer]


def test_every_page_of_the_app_is_kept_independent_of_the_others():
    modules = contract("pages are independent")["modules"]
    assert {module.removeprefix("proctoring_results.pages.") for module in modules} == FOLDERS_OF_PAGES


@pytest.mark.parametrize("folder", sorted(FOLDERS_OF_PAGES))
def test_every_page_of_the_app_has_tests_of_its_own(folder):
    assert list((ROOT / "tests/pages" / folder).glob("test_*.py"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_file_that_a_page_names_exists(page):
    names = re.findall(r"`((?:proctoring_results|tests|docs)/[^`]*)`", page.read_text(encoding="utf-8"))
    assert [name for name in names if not IMAGINED.search(name) and not (ROOT / name).exists()] == []


def test_every_module_on_the_paths_through_the_code_exists():
    modules = re.findall(r"`((?!proctoring_results|tests)\w+/[\w/]+\.py)`", LAYOUT)
    assert modules
    assert [name for name in modules if not (ROOT / "proctoring_results" / name).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_test_that_a_page_names_exists(page):
    tests = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    named = set(re.findall(r"`(test_\w+)`", page.read_text(encoding="utf-8")))
    assert named - tests == set()
