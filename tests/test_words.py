"""The project speaks the field's language: words that a newcomer would have to learn stay out.

Names are read from the syntax trees; prose is that of docstrings, comments, docs and templates. A name that is right in
its plain English meaning is added to ``ALLOWED``.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.urls import URLPattern, URLResolver

from proctoring_results import urls

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("proctoring_results", "example_project", "tests", "docs")


# What is not said, in names of all kinds → what is said.
NOT_IN_NAMES = {
    r"bells?|ring|rings|rang|rung": "enqueue, debounce",
    r"doors?": "view, endpoint, channel",
    r"house": "package, layer",
    r"rooms?": "package, layer",
    r"strikes?|struck": "dismissal",
    r"goes": "attempts; expires_at",
    r"say|says|saying|said": "flash message; claimed",
    r"sheets?": "timeline; answers",
    r"take_up|taken_up|put_off": "process, reschedule, dead-letter",
    r"most|longest|few": "max, or a number named for its use",
    r"moves?|moved|make_move|illegal_move": "transition",
}
# As whole names: the noun of the thing is said instead (params, response, attempts, message).
NOT_AS_NAMES = {
    *("word", "words", "told", "asked", "kept", "found", "shown", "wanted", "drawn", "given", "here", "there", "what"),
}
# In prose, where these are words of ours and not English.
NOT_IN_PROSE = {
    r"\b(?:the|a|an|our|its|each|every|no) (?:bell|door|room|house|sheet)s?\b": "enqueue; view; package; timeline",
    r"\b(?:rings?|rung|rang) the bell\b": "enqueue",
    r"\b(?:illegal|legal|no|the|a|an|every|each|table of|all) moves?\b": "transition",
    r"\bstrikes?\b|\bstruck\b": "dismissal",
    r"\b(?:take|takes|taken|taking) up\b|\b(?:put|puts) off\b": "process, reschedule",
    r"\bsays? (?:whether|how many)\b": "Return …",
    r"\bbelongs? into\b": "belongs in",
}
# In the name of a test, which is a sentence.
NOT_IN_SENTENCES = re.compile(
    r"_(moves?|moved|takes?_up|taken_up|puts?_(off|aside)|doors?|bells?|rung|struck|sheets?)(_|$)"
)
# File and line as the words are meant in English, or as stored values.
ALLOWED = {
    "choices.py": {"ROOM"},  # a room scan, as providers name it
    # A learner's answer sheet is a word of exams.
    "models.py": {"AnswerSheet"},
    "admin.py": {"AnswerSheetBase", "AnswerSheetAdmin"},
    "answers.py": {"answer_sheet", "create_answer_sheet"},
    # "Result word" is what the documents call Pending, Satisfactory and Unsatisfactory.
    "learner.py": {"word"},
    "mail.py": {"word"},
}


def python_files() -> list[Path]:
    return sorted(
        path
        for folder in ("proctoring_results", "example_project", "tests")
        for path in (ROOT / folder).rglob("*.py")
        if path != Path(__file__).resolve() and "migrations" not in path.parts
    )


def prose_files() -> list[Path]:
    files = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    files += [
        path
        for folder in ("proctoring_results", "example_project")
        for suffix in ("*.html", "*.txt")
        for path in (ROOT / folder).rglob(suffix)
        if "templates" in path.parts
    ]
    return sorted(path for path in files if "_build" not in path.parts)


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_no_name_in_the_code_is_a_private_word():
    offences = [
        f"{relative(path)}:{line}: {name}"
        for path in python_files()
        for line, name in names_in(ast.parse(path.read_text(encoding="utf-8")))
        if is_private(name) and name not in ALLOWED.get(path.name, ())
    ]
    assert offences == []


def test_no_test_is_named_by_a_private_word():
    offences = [
        f"{relative(path)}:{node.lineno}: {node.name}"
        for path in python_files()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and NOT_IN_SENTENCES.search(node.name)
    ]
    assert offences == []


def test_no_docstring_or_comment_uses_a_private_word():
    offences = [
        offence
        for path in python_files()
        for offence in offences_in_prose(path, prose_of(path.read_text(encoding="utf-8")))
    ]
    assert offences == []


def test_no_page_of_the_docs_and_no_template_uses_a_private_word():
    offences = [
        offence
        for path in prose_files()
        for offence in offences_in_prose(path, enumerate(path.read_text(encoding="utf-8").splitlines(), 1))
    ]
    assert offences == []


def test_what_a_person_has_to_look_at_has_one_name():
    """*Require Attention*, as the documents say it; in a sentence, sessions require attention."""
    others = re.compile(
        r"\bRequires Attention\b|[\"'>*]Requires attention\b|\bneed(?:s|ing)? attention\b|\battention needed\b"
    )
    files = [*prose_files(), *(path for path in python_files() if "tests" not in path.parts)]
    assert [relative(path) for path in files if others.search(path.read_text(encoding="utf-8"))] == []


def test_no_module_or_file_is_named_by_a_private_word():
    names = {path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if "_build" not in path.parts}
    assert [relative(path) for path in sorted(names) if is_private(path.stem.replace("-", "_"))] == []


def test_no_column_is_named_by_a_private_word():
    columns = [
        f"{model.__name__}.{field.name}"
        for model in apps.get_app_config("proctoring_results").get_models()
        for field in model._meta.get_fields()
        if is_private(field.name)
    ]
    assert columns == []


def test_no_address_is_named_by_a_private_word():
    assert [text for text in addresses(urls.urlpatterns) if is_private(text)] == []


@pytest.mark.parametrize(
    "name", ["ring_bell", "MOST_ROWS", "make_move", "_told", "Door", "word", "LONGEST_NAME", "IllegalMove"]
)
def test_a_private_name_is_noticed(name):
    assert is_private(name)


@pytest.mark.parametrize("name", ["string", "outdoors", "almost", "remove", "essay", "keyword", "password", "category"])
def test_a_name_that_only_contains_the_letters_is_not(name):
    assert not is_private(name)


# ------------------------------------------------------------------------------------------------- names and sentences


def is_private(name: str) -> bool:
    # ``IllegalMove`` → ``illegal_move``
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().strip("_")
    if snake in NOT_AS_NAMES:
        return True
    return any(re.search(rf"(?:^|[_\W])(?:{words})(?:$|[_\W])", snake) for words in NOT_IN_NAMES)


def names_in(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Names that are given here: of functions, classes, parameters, keywords, variables and attributes."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                # The name of a test is a sentence.
                if not name.startswith("test_"):
                    yield node.lineno, name
            case ast.arg(arg=name):
                yield node.lineno, name
            case ast.Name(id=name, ctx=ast.Store()):
                yield node.lineno, name
            case ast.Attribute(attr=name, ctx=ast.Store()):
                yield node.lineno, name


def prose_of(source: str) -> Iterator[tuple[int, str]]:
    """Comments and docstrings, line by line."""
    for number, line in enumerate(source.splitlines(), 1):
        if comment := re.search(r"(?:^|\s)#\s(.*)", line):
            yield number, comment[1]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                yield from enumerate(first.value.value.splitlines(), first.lineno)


def offences_in_prose(path: Path, lines: Iterable[tuple[int, str]]) -> Iterator[str]:
    for number, line in lines:
        for pattern, better in NOT_IN_PROSE.items():
            if match := re.search(pattern, line, re.IGNORECASE):
                yield f"{relative(path)}:{number}: “{match[0]}” → {better}"


def addresses(patterns: Iterable[URLPattern | URLResolver]) -> Iterator[str]:
    for pattern in patterns:
        yield str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns)
        else:
            yield pattern.name or ""
