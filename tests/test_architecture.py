"""Rules that import-linter cannot check: who writes a status, who swallows errors, who imports the example."""

import ast
from collections.abc import Iterator, Set
from pathlib import Path

import pytest

from tests.plugin import needs_example

ROOT = Path(__file__).resolve().parent.parent

# One function writes a status. The others create data in bulk.
MAY_WRITE_STATUS = {
    "proctoring_results/services/status.py",
    # Of incidents, where it is a word of the provider.
    "proctoring_results/services/erasure.py",
    # Creates the history of finished attempts.
    "example_project/campus/seeding/histories.py",
}
MAY_SWALLOW = {
    # A cache that is down must lock nobody out, and each cache backend raises errors of its own.
    "proctoring_results/throttles.py",
    # A broker that is down fails no request, and each driver raises errors of its own.
    "proctoring_results/jobs/enqueue.py",
    # Whatever is raised in a thread is raised where its future is waited for.
    "proctoring_results/jobs/threads.py",
    # A mistake in a provider's class loses no message: it is stored, and read again later.
    "proctoring_results/services/messages/receiving.py",
    # What the host's code raises costs one answer; it is logged.
    "proctoring_results/lms.py",
    # Each is logged, collected and reported at the end.
    "proctoring_results/services/upkeep.py",
    "proctoring_results/effects/deliver.py",
}
# Attributes of models that Django documents.
DOCUMENTED = {"_meta", "_state", "_default_manager", "_base_manager"}


def test_only_one_function_writes_a_status():
    modules = {**trees("proctoring_results"), **trees("example_project")}
    assert offences(status_writes, modules, besides=MAY_WRITE_STATUS) == []


def test_no_unexpected_error_is_swallowed():
    assert offences(swallowing_handlers, trees("proctoring_results"), besides=MAY_SWALLOW) == []


def test_nobody_elses_private_attributes_are_read():
    assert offences(private_attributes, trees("proctoring_results")) == []


def test_the_app_imports_neither_the_example_nor_the_tests():
    assert offences(imports_of_strangers, trees("proctoring_results")) == []


def test_tests_that_run_on_the_minimal_settings_do_not_know_the_example():
    modules = {path: tree for path, tree in trees("tests").items() if not needs_example(ROOT / path)}
    assert "tests/settings.py" in modules
    assert offences(imports_of_example, modules) == []


@pytest.mark.parametrize(
    "source",
    [
        "attempt.status = 'verified'",
        "attempt.status: str = 'verified'",
        "attempt.status += 'x'",
        "attempt.other, attempt.status = 1, 'verified'",
        "[*attempt.status] = 'verified'",
        "for attempt.status in statuses: pass",
        "with opened() as attempt.status: pass",
        "setattr(attempt, 'status', 'verified')",
        "attempts.update(status='verified')",
        "attempts.update(**{'status': 'verified'})",
        "attempts.bulk_update(rows, ['started_at', 'status'])",
        "attempts.bulk_update(rows, fields=('status',))",
        "attempts.update_or_create(pk=1, defaults={'status': 'verified'})",
        "attempts.bulk_create(rows, update_conflicts=True, update_fields=['status'])",
    ],
)
def test_each_way_to_write_a_status_is_found(source):
    assert list(status_writes(ast.parse(source))) == [1]


@pytest.mark.parametrize(
    "source",
    [
        "was = attempt.status",
        "report.state = 'ready'",
        "response.status_code = 410",
        "attempts.filter(status='verified').update(started_at=now)",
        "Incident(status='Suspicious')",
        "attempts.update_or_create(status='created', defaults={'archived_at': None})",
        "attempts.order_by('status')",
    ],
)
def test_reading_a_status_is_allowed(source):
    assert not list(status_writes(ast.parse(source)))


@pytest.mark.parametrize(
    ("handler", "is_refused"),
    [
        ("except: pass", True),
        ("except Exception: pass", True),
        ("except (ValueError, BaseException) as problem: log(problem)", True),
        ("except Exception:\n  def later(): raise ValueError", True),
        ("except Exception:\n  log()\n  raise", False),
        ("except ValueError: pass", False),
    ],
)
def test_a_handler_of_every_exception_must_raise(handler, is_refused):
    assert bool(list(swallowing_handlers(ast.parse(f"try: work()\n{handler}")))) is is_refused


@pytest.mark.parametrize(
    ("source", "is_refused"),
    [
        ("request._user", True),
        ("self.request._full_data = 1", True),
        ("getattr(request, '_user', None)", True),
        ("self._rows", False),
        ("row._meta.fields", False),
        ("super().__init__()", False),
    ],
)
def test_a_private_attribute_of_another_object_is_noticed(source, is_refused):
    assert bool(list(private_attributes(ast.parse(source)))) is is_refused


def test_a_handler_may_collect_exceptions_that_the_function_raises_at_its_end():
    collecting = """
def work():
    for step in steps:
        try: step()
        except Exception as problem: problems.append(problem)
    if problems: raise ExceptionGroup("of all steps", problems)
"""
    assert list(swallowing_handlers(ast.parse(collecting))) == []


# ----------------------------------------------------------------------------------------------- walking the trees


def trees(package: str) -> dict[str, ast.Module]:
    return {
        str(path.relative_to(ROOT)): ast.parse(path.read_text(encoding="utf-8"), str(path))
        for path in sorted((ROOT / package).rglob("*.py"))
    }


def offences(question, modules: dict[str, ast.Module], besides: Set[str] = frozenset()) -> list[str]:
    return [f"{name}:{line}" for name, tree in modules.items() if name not in besides for line in question(tree)]


def status_writes(tree: ast.AST) -> Iterator[int]:
    for node in ast.walk(tree):
        # Store covers every target: plain, annotated and augmented assignments, tuples, loops and with.
        match node:
            case ast.Attribute(attr="status", ctx=ast.Store(), lineno=line):
                yield line
            case ast.Call(lineno=line) if writes_status(node):
                yield line


def writes_status(call: ast.Call) -> bool:
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    keywords = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
    unpacked = [keyword.value for keyword in call.keywords if keyword.arg is None]
    match name:
        case "setattr" | "__setattr__":
            return any(is_status(argument) for argument in call.args)
        case "update" | "aupdate":
            return "status" in keywords or any(map(mentions_status, unpacked))
        case "bulk_update" | "abulk_update":
            return any(map(mentions_status, [*call.args[1:], *keywords.values()]))
        case "bulk_create" | "abulk_create":
            return "update_fields" in keywords and mentions_status(keywords["update_fields"])
        case "update_or_create" | "aupdate_or_create":
            return any(mentions_status(keywords[key]) for key in ("defaults", "create_defaults") if key in keywords)
    return False


def is_status(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value == "status"


def mentions_status(node: ast.AST) -> bool:
    return any(map(is_status, ast.walk(node)))


def swallowing_handlers(tree: ast.AST, may_collect: bool = False) -> Iterator[int]:
    """Yield the lines of handlers of every exception that neither raise nor collect for an ``ExceptionGroup``."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ExceptHandler) and catches_everything(node) and not (may_collect or raises(node.body)):
            yield node.lineno
        is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        yield from swallowing_handlers(node, raises_a_group(node) if is_function else may_collect)


def catches_everything(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(getattr(kind, "id", "") in {"Exception", "BaseException"} for kind in kinds)


def raises_a_group(function: ast.AST) -> bool:
    groups = {"ExceptionGroup", "BaseExceptionGroup"}
    raised = (node.exc for node in ast.walk(function) if isinstance(node, ast.Raise))
    return any(isinstance(error, ast.Call) and getattr(error.func, "id", "") in groups for error in raised)


def raises(nodes: list) -> bool:
    """Return whether one of these statements raises, nested functions excepted."""
    for node in nodes:
        if isinstance(node, ast.Raise):
            return True
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            continue
        if raises(list(ast.iter_child_nodes(node))):
            return True
    return False


def private_attributes(tree: ast.AST) -> Iterator[int]:
    """Yield the lines that use a private attribute of anything but ``self`` or ``cls``."""
    for node in ast.walk(tree):
        match node:
            case (
                ast.Attribute(value=ast.Name(id="self" | "cls")) | ast.Attribute(value=ast.Call(func=ast.Name("super")))
            ):
                continue
            case ast.Attribute(attr=name, lineno=line):
                pass
            case ast.Call(
                func=ast.Name(id="getattr" | "setattr"), args=[_, ast.Constant(value=str(name)), *_], lineno=line
            ):
                pass
            case _:
                continue
        if name.startswith("_") and not name.startswith("__") and name not in DOCUMENTED:
            yield line


def imports_of_strangers(tree: ast.AST) -> Iterator[int]:
    return imports_of({"example_project", "tests"}, tree)


def imports_of_example(tree: ast.AST) -> Iterator[int]:
    return imports_of({"example_project", "oauth2_provider"}, tree)


def imports_of(packages: Set[str], tree: ast.AST) -> Iterator[int]:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                modules = [alias.name for alias in names]
            case ast.ImportFrom(module=str(module), level=0):
                modules = [module]
            case _:
                continue
        if any(module.partition(".")[0] in packages for module in modules):
            yield node.lineno
