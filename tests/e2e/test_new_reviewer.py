"""Somebody who has never seen the pages: find what is flagged among a thousand sessions, decide ten, leave one."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from playwright.sync_api import Page, expect

from proctoring_results.models import ExamAttempt, StatusChange
from tests.e2e.conftest import PHONE, WIDE
from tests.factories import COURSE

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

EXAM = "Final exam"


@pytest.fixture(autouse=True)
def enqueued(monkeypatch):
    monkeypatch.setattr("proctoring_results.jobs.enqueue.enqueue", lambda *args, **_: True)


@pytest.fixture(autouse=True)
def a_minute(settings):
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, "DECISION_UNDO_TIME": timedelta(minutes=1)}


@pytest.fixture
def instructor(course):
    """Of a course with a thousand sessions, as the example LMS has them."""
    ExamAttempt.objects.all().delete()
    call_command("seed_demo", attempts=1000)
    return get_user_model().objects.get(username="instructor")


class Keyboard:
    """Counts what is pressed; a sentence that is typed is one step."""

    def __init__(self, page: Page, steps: int = 0) -> None:
        self.page, self.steps = page, steps

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)
        self.steps += 1

    def write(self, sentence: str) -> None:
        self.page.keyboard.type(sentence)
        self.steps += 1

    def tab_to(self, name: str) -> None:
        """To what is called so. Whoever gets lost on the way gives up."""
        for _ in range(40):
            self.press("Tab")
            if self.page.evaluate(CALLED) == name:
                return
        raise AssertionError(f"{name} is not to be found with the Tab key")

    def follow(self, name: str) -> None:
        self.tab_to(name)
        self.press("Enter")

    def decide(self, verdict: str, reason: str) -> None:
        """From wherever the page has put us; the browser asks for the reason."""
        self.press(verdict[0].lower())
        self.press("Enter")
        expect(self.page.locator("#pr-reason")).to_be_focused()
        self.write(reason)
        if verdict == "Fail":
            # The browser asks for the category, too; its first letter chooses it.
            self.press("Tab")
            self.press("s")
        self.follow(verdict)


CALLED = """(() => {
  const here = document.activeElement;
  const text = here.ariaLabel ?? here.labels?.[0]?.textContent ?? here.textContent;
  return text.trim().replace(/ +/g, " ");
})()"""


@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
def test_by_keyboard_alone(opened, instructor, viewport):
    page = opened("instructor", f"/courses/{COURSE}/instructor/", as_user=instructor, viewport=viewport)
    keys = Keyboard(page)
    keys.follow("Special Exams")
    expect(page.get_by_role("heading", level=1)).to_have_text("Quiz List")
    keys.follow(f"View Sessions of {EXAM}")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Sessions of {EXAM}")
    waiting = page.locator("#pr-list tbody tr th a[id]").all_text_contents()
    with page.expect_popup() as tab:
        keys.follow(waiting[0])
    keys = Keyboard(tab.value, keys.steps)
    expect(keys.page.get_by_text("Keys", exact=True)).to_be_visible()
    keys.press("?")
    expect(keys.page.get_by_text("next session", exact=True)).to_be_visible()
    keys.press("p")
    keys.tab_to("Then go to the next session")
    keys.press("Space")
    heading = keys.page.get_by_role("heading", level=1)
    for number in range(11):
        expect(heading).to_have_text(waiting[number])
        expect(keys.page.get_by_text("Keys", exact=True)).to_be_visible()
        if number == 4:
            # Left to a colleague: it waits where it is.
            keys.press("n")
            keys.write("Please look at minute 12")
            keys.follow("Add note")
            expect(keys.page.locator(".pr-note")).to_contain_text("Please look at minute 12")
            keys.press("j")
            continue
        if number == 2:
            keys.decide("Fail", "I have watched the wrong one")
            expect(heading).to_have_text(waiting[number + 1])
            keys.press("u")
            keys.press("Enter")
            expect(heading).to_have_text(waiting[number])
            expect(keys.page.locator("#pr-flash")).to_contain_text("1 decision was undone.")
        keys.decide("Fail" if number % 2 else "Pass", "I have watched it")
    expect(heading).to_have_text(waiting[11])
    page.reload()
    expect(page.locator("#pr-list tbody tr th a[id]")).to_have_text([waiting[4], *waiting[11:]])
    people = StatusChange.objects.filter(source="person", reason="I have watched it")
    assert people.values("attempt").distinct().count() == 10
    assert ExamAttempt.objects.get(notes__text="Please look at minute 12").status == "second_review_required"
    # One a second is slow, and under three minutes.
    assert keys.steps < 170
