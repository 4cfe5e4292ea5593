"""The section *What the columns mean*, to which the status words of all pages lead."""

import re

import pytest
from django.urls import reverse

from proctoring_results.choices import AttemptStatus, ReportKind, ReviewStatus
from proctoring_results.meanings import REVIEW_MEANINGS, STATUS_MEANINGS, learner_reads
from proctoring_results.pages._shared.statuses import EXPLANATIONS, review_anchor, status_anchor
from proctoring_results.reports.kinds.registry import kind_named
from tests.factories import COURSE, ExamAttemptFactory, ExamReviewFactory, ReportFactory
from tests.pages.conftest import client_of, person, text


@pytest.fixture
def section(client, page_url) -> str:
    page = text(client.get(page_url))
    return page[page.index(f'<details id="{EXPLANATIONS}"') :].split("</details>")[0]


def test_it_is_folded(section):
    assert " open" not in section[: section.index(">")]


def test_every_column_of_the_report_is_explained_in_its_order(section):
    terms = re.findall(r"<dt> <code>([^<]+)</code> </dt>", section)
    assert terms == [column.name for column in kind_named(ReportKind.EXAM_RESULTS).columns()]


@pytest.mark.parametrize("status", AttemptStatus)
def test_every_status_has_its_place_with_meaning_cause_and_what_the_learner_reads(section, status):
    entry = section.split(f'id="{status_anchor(status)}"')[1].split("</dd>")[0]
    assert f"<code>{status}</code>" in entry
    assert str(STATUS_MEANINGS[status].meaning) in entry
    assert str(STATUS_MEANINGS[status].cause) in entry
    assert (f"The learner reads: <strong>{learner_reads(status)}</strong>" in entry) is bool(learner_reads(status))


@pytest.mark.parametrize("status", ReviewStatus)
def test_every_review_status_has_its_place_with_its_exam_result_and_what_it_leads_to(section, status):
    entry = section.split(f'id="{review_anchor(status)}"')[1].split("</dd>")[0]
    assert str(REVIEW_MEANINGS[status].meaning) in entry
    assert f"Exam result: <strong>{REVIEW_MEANINGS[status].exam_result}</strong>" in entry
    led_to = re.findall(r'<a href="#([^"]+)">', entry)
    assert led_to == [status_anchor(after) for after in REVIEW_MEANINGS[status].leads_to]


@pytest.mark.parametrize("page", ["sessions", "numbers", "quiz_list"])
def test_statuses_on_other_pages_lead_there_for_who_may_see_it(page, page_url):
    attempt = ExamAttemptFactory(verified=True)
    attempt.current_review = ExamReviewFactory(attempt=attempt, review_status="Clean")
    attempt.save()
    address = reverse(f"proctoring_results:{page}", args=[COURSE])
    links = {
        "sessions": [f"{page_url}#status-verified", f"{page_url}#review-clean"],
        "numbers": [f"{page_url}#status-verified", f"{page_url}#review-clean"],
        "quiz_list": [f"{page_url}#{EXPLANATIONS}"],
    }[page]
    params = {"tab": "all"} if page == "sessions" else {}
    explained = text(client_of(person("view_sessions", "view_reports")).get(address, params))
    only_named = text(client_of(person("view_sessions")).get(address, params))
    assert [link for link in links if f'href="{link}"' not in explained] == []
    assert page_url not in only_named
    assert 'title="The proctoring session review has been completed, and the learner has passed the' in only_named


def test_each_report_has_a_text_to_keep_beside_its_file(client, page_url):
    report = ReportFactory(ready=True, filters={"status": "rejected"})
    address = reverse("proctoring_results:report_readme", args=[report.task_id])
    assert f'href="{address}"' in text(client.get(page_url))
    answer = client.get(address)
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    readme = answer.content.decode()
    assert "Status: Failed (rejected)" in readme
    assert str(STATUS_MEANINGS[AttemptStatus.REJECTED].meaning) in readme
    assert all(name in readme for name in ("Suspicious Count", "review_status", "completed_at"))
