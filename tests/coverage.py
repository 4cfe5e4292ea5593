"""Which lines and branches of the package the tests run: ``make test`` prints it.

A plugin of pytest (``-p tests.coverage``), so that each process of a run measures from its first import on. It uses
SlipCover, which rewrites only the code that is measured, and costs nearly nothing. Under coverage.py Python traces all
code, and the tests take 1.7 times as long (Python 3.11). Workers and servers that tests start are not measured.
"""

import json
import os
from pathlib import Path
from typing import Any

import slipcover

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "proctoring_results"
OMIT = [f"{PACKAGE}/migrations/*"]
VARIABLE = "PROCTORING_TEST_COVERAGE"
LISTED = 10  # files

# Programs that tests start inherit the variable, and do not load this plugin.
if folder := os.environ.get(VARIABLE):
    _measured = slipcover.Slipcover(branch=True, source=[str(PACKAGE)], omit=OMIT)
    slipcover.ImportManager(_measured, slipcover.FileMatcher(sources=[PACKAGE], omit=OMIT)).__enter__()

    def pytest_unconfigure() -> None:
        (Path(folder) / f"{os.getpid()}.json").write_text(json.dumps(_measured.get_coverage()))


def report(folder: Path) -> list[str]:
    """Return the lines to print of what all processes of all runs have measured."""
    measured = [json.loads(file.read_text()) for file in folder.glob("*.json")]
    if not measured:
        return []
    total, *others = measured
    for other in others:
        slipcover.merge_coverage(total, other)
    files = sorted(total["files"].items(), key=lambda named: -_missing(named[1]["summary"]))[:LISTED]
    names = [str(Path(name).relative_to(ROOT) if Path(name).is_absolute() else name) for name, _ in files]
    shares = f"{_share(total, 'lines')}, {_share(total, 'branches')}"
    return [
        "Least covered (missing lines and branches):",
        *(
            f"  {_missing(file['summary']):5}  {file['summary']['percent_covered']:5.1f} %  {name}"
            for name, (_, file) in zip(names, files, strict=True)
        ),
        f"Coverage, branches included: {total['summary']['percent_covered']:.1f} % ({shares})",
    ]


def _missing(summary: dict[str, Any]) -> int:
    return int(summary["missing_lines"]) + int(summary.get("missing_branches", 0))


def _share(total: dict[str, Any], kind: str) -> str:
    covered = int(total["summary"][f"covered_{kind}"])
    return f"{covered:,} of {covered + int(total['summary'][f'missing_{kind}']):,} {kind}"
