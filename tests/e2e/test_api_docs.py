"""The page of the REST API, in a browser, under the strict policy: what it breaks fails the test."""

import pytest

pytestmark = pytest.mark.browser


def test_the_page_lists_the_operations_and_tries_one(opened):
    page = opened("instructor", "/api/proctoring/v1/docs/")
    page.get_by_text("One report, with its progress.").wait_for()
    page.locator("#operations-reports-get_reports").get_by_role("button").first.click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_placeholder("course_id").fill("course-v1:DemoX+PR101+2026")
    page.get_by_role("button", name="Execute").click()
    status = page.locator(".live-responses-table .response .response-col_status")
    status.wait_for()
    assert status.inner_text().startswith("200")
