"""``python -m tests.bench.preview TIMES COURSE …``: seconds to count the rows of a report before it is requested.

Prints JSON: what is counted → for each course the seconds of each time.
"""

import json
import sys
import time
from collections.abc import Mapping
from datetime import UTC

import django

django.setup()

from proctoring_results.choices import ReportKind  # noqa: E402
from proctoring_results.reports.kinds.registry import kind_named  # noqa: E402
from proctoring_results.reports.narrowing import number_of_rows, read_filters  # noqa: E402

RESULTS, DECISIONS = ReportKind.EXAM_RESULTS, ReportKind.DECISIONS
# Name → kind and filters.
PREVIEWS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "Results": (RESULTS, {}),
    "Results, an exam": (RESULTS, {"exam": "exam@midterm"}),
    "Results, verified": (RESULTS, {"status": "verified"}),
    "Results, satisfactory": (RESULTS, {"result": "satisfactory"}),
    "Results, suspicious": (RESULTS, {"review_status": "Suspicious"}),
    "Results, not reviewed": (RESULTS, {"review_status": "Not Reviewed"}),
    "Results, in 2026": (RESULTS, {"since": "2026-01-01", "until": "2026-12-31"}),
    "Results, practice": (RESULTS, {"practice": "only"}),
    "Results, not archived": (RESULTS, {"archived": "without"}),
    "Results, attention": (RESULTS, {"attention": "only"}),
    "Results, five filters": (
        RESULTS,
        {"status": "verified", "review_status": "Clean", "since": "2026-01-01", "archived": "without"}
        | {"practice": "without"},
    ),
    "Decisions": (DECISIONS, {}),
}


def measure(times: int, courses: list[str]) -> dict[str, list[list[float]]]:
    results: dict[str, list[list[float]]] = {}
    for name, (kind, params) in PREVIEWS.items():
        results[name] = [[] for _ in courses]
        for turn in range(times + 1):
            for course, taken in zip(courses, results[name], strict=True):
                began = time.perf_counter()
                number_of_rows(kind_named(kind), [course], read_filters(params), UTC)
                # The first time fills the caches.
                taken += [time.perf_counter() - began] if turn else []
    return results


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]), sys.argv[2:])))
