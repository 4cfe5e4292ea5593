"""``python -m tests.bench.pages TIMES COURSE …``: seconds and queries of the pages of these courses.

Requests the pages in turns as the administrator, through all of Django but without a network. Prints JSON: page → for
each course the seconds of every request and the queries of the last.
"""

import json
import sys
import time
from collections.abc import Mapping
from urllib.parse import urlencode

import django

django.setup()

from django.contrib.auth import get_user_model  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.urls import reverse  # noqa: E402

from proctoring_results.choices import SessionSort, SessionTab  # noqa: E402

# Name → view and query parameters.
PAGES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "Quiz List": ("quiz_list", {}),
    "Sessions": ("sessions", {}),
    **{
        f"Sessions, {tab} by {sort}": ("sessions", {"tab": tab, "sort": sort})
        for tab in SessionTab.values
        for sort in SessionSort.values
    },
    "Sessions, an exam": ("sessions", {"exam": "exam@midterm"}),
    "Sessions, verified": ("sessions", {"tab": "decided", "status": "verified"}),
    "Sessions, suspicious": ("sessions", {"tab": "all", "review_status": "Suspicious"}),
    "Sessions, archived too": ("sessions", {"tab": "all", "archived": "with"}),
    "Sessions, practice": ("sessions", {"tab": "practice"}),
    "Sessions, searched": ("sessions", {}),
    "Numbers": ("numbers", {}),
    "Numbers, all attempts": ("numbers", {"archived": "with"}),
    "Data Download": ("data_download", {}),
}
# A name that many learners have.
SEARCHED, SEARCH = "Sessions, searched", "taylor"


def measure(times: int, courses: list[str]) -> dict[str, list[dict[str, object]]]:
    client = Client(headers={"Host": "localhost"})
    client.force_login(get_user_model()._default_manager.get(username="admin"))
    results: dict[str, list[dict[str, object]]] = {}
    for name, (view, params) in PAGES.items():
        results[name] = [{"seconds": [], "queries": 0} for _ in courses]
        for turn in range(times + 1):
            for course, result in zip(courses, results[name], strict=True):
                address = f"{reverse(f'proctoring_results:{view}', args=[course])}?{urlencode(params)}"
                if name == SEARCHED:
                    search_url = reverse("proctoring_results:search_sessions", args=[course])
                    address = client.post(search_url, {"search": SEARCH, "filters": "tab=all"}).url
                seconds, result["queries"] = _get(client, address)
                # The first request fills the caches.
                result["seconds"] += [seconds] if turn else []
    return results


def _get(client: Client, address: str) -> tuple[float, int]:
    with CaptureQueriesContext(connection) as captured:
        began = time.perf_counter()
        response = client.get(address)
        seconds = time.perf_counter() - began
    assert response.status_code == 200, response.content
    return seconds, len(captured)


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]), sys.argv[2:])))
