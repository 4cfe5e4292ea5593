"""Quiz List, Sessions and a session, as a reviewer uses them."""

import re
import wave
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from threading import Thread

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from proctoring_results import api
from proctoring_results.models import Disclosure, ExamAttempt
from tests.e2e.accessibility import ZOOMED, problems, violations
from tests.e2e.conftest import PHONE, WIDE
from tests.factories import COURSE, ExamAttemptFactory, ProctoredExamFactory, UserFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SEEN = [
    api.IncidentData(status="Suspicious", comment="A phone on the desk", kind="webcam", start=60, stop=90),
    api.IncidentData(status="Rules Violation", comment="Browsed", kind="desktop", start=600, stop=700),
    api.IncidentData(status="À vérifier", comment="Poor light", kind="room"),
]


@pytest.fixture(autouse=True)
def enqueued(monkeypatch):
    """Nobody comes: what follows stays waiting."""
    monkeypatch.setattr("proctoring_results.jobs.enqueue.enqueue", lambda *args, **_: True)


@pytest.fixture
def exam(course):
    return ProctoredExamFactory(exam_name="Final", content_id="exam@final")


@pytest.fixture
def flagged(exam, settings):
    """Sessions that a provider found suspicious, the longest waiting first."""
    ours = settings.PROCTORING_RESULTS
    settings.PROCTORING_RESULTS = {**ours, "PROVIDERS": {"proctortrack": {"evidence_hosts": ["video.example"]}}}

    def make(number: int) -> list[ExamAttempt]:
        made = []
        for one in range(number):
            attempt = ExamAttemptFactory(submitted=True, exam=exam, user__username=f"learner-{one}")
            video = api.EvidenceData(kind="video", url=f"https://video.example/{one}")
            api.record_review(attempt.attempt_code, "Suspicious", incidents=SEEN, evidence=[video])
            made.append(attempt)
        return made

    return make


def dashboard(name="sessions") -> str:
    return reverse(f"proctoring_results:{name}", args=[COURSE])


def session(attempt) -> str:
    return reverse("proctoring_results:session", args=[attempt.attempt_code])


def status_of(attempt) -> str:
    return ExamAttempt.objects.get(pk=attempt.pk).status


def decide(page, verdict, reason="I have watched it"):
    page.locator("#pr-reason").fill(reason)
    if verdict == "Fail":
        page.get_by_label("Category").select_option("Second computer")
    page.get_by_role("button", name=verdict, exact=True).click()
    expect(page.locator("#pr-flash")).to_contain_text(f"Decided: {verdict}.")


def test_from_the_tab_to_the_flagged_sessions_and_ten_decisions_one_undone(opened, flagged):
    attempts = flagged(10)
    page = opened("instructor", f"/courses/{COURSE}/instructor/")
    page.get_by_role("link", name="Special Exams").click()
    page.get_by_role("link", name="View Sessions of Final").click()
    expect(page.locator("#pr-list")).to_contain_text("Require Attention 10")
    for number, attempt in enumerate(attempts):
        with page.expect_popup() as popup:
            page.get_by_role("link", name=attempt.user.username, exact=True).click()
        tab = popup.value
        decide(tab, "Fail" if number % 2 else "Pass")
        if number == 0:
            tab.get_by_text("Reverse this decision").click()
            decide(tab, "Fail", "That was the wrong button")
        tab.close()
    page.reload()
    expect(page.locator("#pr-list")).to_contain_text("Nothing requires attention here.")
    assert {status_of(attempt) for attempt in attempts[1::2]} == {"rejected"}
    assert status_of(attempts[0]) == "rejected"
    assert status_of(attempts[2]) == "verified"


def test_whoever_comes_back_to_the_list_sees_it_as_it_is_and_keeps_ticks_and_focus(opened, flagged):
    first, _, third = flagged(3)
    ExamAttemptFactory(submitted=True, exam=third.exam, user=third.user, archived=True)
    page = opened("instructor", f"{dashboard()}?exam=exam@final")
    page.get_by_text("1 more attempt").click()
    page.get_by_role("checkbox", name="Pass learner-2, Final").check()
    api.pass_attempt(first.attempt_code, by=UserFactory(admin=True), reason="x")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("#pr-list")).to_contain_text("Require Attention 2")
    expect(page.locator("#pr-list")).not_to_contain_text("learner-0")
    ticked = page.locator("#pr-list tbody input:checked")
    assert ticked.evaluate_all("all => all.map(one => one.value)") == [third.attempt_code]
    expect(ticked).to_be_focused()
    expect(page.get_by_role("link", name="Attempt 2: submitted, archived")).to_be_visible()
    expect(page.locator("#pr-pass")).to_contain_text("Ticked sessions: 1")
    api.pass_attempt(third.attempt_code, by=UserFactory(admin=True), reason="x")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("#pr-list")).to_contain_text("Require Attention 1")
    expect(page.locator("#pr-pass")).to_contain_text("Ticked sessions: 0")


def test_a_selection_is_passed_together(opened, flagged):
    attempts = flagged(3)
    page = opened("instructor", dashboard())
    for name in ("learner-0", "learner-2"):
        page.get_by_role("checkbox", name=f"Pass {name}, Final").check()
    page.get_by_role("button", name="Pass the ticked sessions…").click()
    follows = page.get_by_role("heading", name="2 sessions").locator("..")
    expect(follows).to_contain_text("nobody says to have looked at it")
    expect(follows).to_contain_text("The status becomes “Passed (verified)”")
    page.get_by_label("Reason for all of them").fill("Both were the cat")
    page.get_by_role("button", name="Pass 2 sessions").click()
    expect(page.get_by_role("status").last).to_contain_text("learner-0, Final: Passed.")
    page.get_by_role("link", name="Back to the sessions").click()
    expect(page.locator("#pr-list")).to_contain_text("Require Attention 2")
    assert [status_of(attempt) for attempt in attempts] == ["verified", "second_review_required", "verified"]


def test_two_browsers_on_one_session_the_second_is_told_and_sees_the_fresh_state(opened, flagged):
    [attempt] = flagged(1)
    mine, theirs = opened("instructor", session(attempt)), opened("instructor", session(attempt))
    decide(theirs, "Pass", "It was the cat")
    mine.locator("#pr-reason").fill("A phone")
    mine.get_by_role("button", name="Fail", exact=True).click()
    # The browser asks for the category before anything is sent.
    expect(mine.get_by_label("Category")).to_be_focused()
    mine.get_by_label("Category").select_option("Other")
    mine.get_by_role("button", name="Fail", exact=True).click()
    expect(mine.get_by_role("alert").first).to_contain_text("decided Pass")
    expect(mine.locator("#pr-history")).to_contain_text("It was the cat")
    expect(mine.locator("#pr-reason")).to_have_value("A phone")
    expect(mine.get_by_label("Category")).to_have_value("other")
    assert status_of(attempt) == "verified"
    mine.get_by_role("button", name="Fail", exact=True).click()
    expect(mine.locator("#pr-flash")).to_contain_text("Decided: Fail.")


def test_a_printed_session_names_what_follows_from_each_decision_and_has_no_buttons(opened, flagged):
    [attempt] = flagged(1)
    page = opened("instructor", session(attempt))
    page.emulate_media(media="print")
    decision = page.locator("#pr-decision")
    for sentence in ("Not decided yet.", "If it is passed:", "If it is failed:"):
        expect(decision.get_by_text(sentence)).to_be_visible()
    expect(page.locator(".pr button:visible, .pr nav:visible, .pr :is(textarea, select):visible")).to_have_count(0)
    page.emulate_media(media="screen")
    decide(page, "Fail")
    page.emulate_media(media="print")
    expect(decision).to_contain_text("Failed by")
    expect(decision.get_by_text("If it is passed:")).to_be_hidden()


def test_without_javascript_an_incident_is_dismissed_and_taken_back(opened, flagged):
    [attempt] = flagged(1)
    page = opened("instructor", session(attempt), java_script_enabled=False)
    page.get_by_text("Dismiss incident 1").click()
    row = page.locator("#pr-video tbody tr").first
    row.get_by_label("Reason").fill("It was a book")
    row.get_by_role("button", name="Dismiss").click()
    expect(row).to_contain_text("Dismissed by Instructor (instructor), not counted: It was a book")
    attempt.refresh_from_db()
    assert (attempt.current_review.suspicious_count, attempt.status) == (0, "second_review_required")
    page.get_by_text("Count incident 1 again").click()
    row.get_by_label("Reason").fill("No book")
    row.get_by_role("button", name="Count it again").click()
    expect(row).not_to_contain_text("not counted")
    attempt.refresh_from_db()
    assert attempt.current_review.suspicious_count == 1
    # Several of them at once.
    for number in (1, 3):
        page.get_by_role("checkbox", name=f"Incident {number}").check()
    page.get_by_text("Dismiss the ticked incidents").click()
    page.get_by_label("Reason for all of them").fill("Both were allowed")
    page.get_by_role("button", name="Dismiss them").click()
    expect(page.locator("#pr-ticked")).to_contain_text("2 incidents are dismissed: they are no longer counted.")
    expect(page.locator("#pr-history")).to_contain_text("Dismissed 2 incidents of review 3, which became review 4.")


def test_a_providers_later_review_after_a_decision_waits_for_a_person(opened, flagged):
    [attempt] = flagged(1)
    page = opened("instructor", session(attempt))
    decide(page, "Pass")
    api.record_review(attempt.attempt_code, "Clean", incidents=[api.IncidentData(status="ok", comment="All is well")])
    of_the_exam = f"{dashboard()}?exam=exam@final"
    page.goto(of_the_exam)
    expect(page.locator("#pr-list")).to_contain_text("new information after a decision")
    page.goto(session(attempt))
    expect(page.locator("#pr-incidents")).to_contain_text("All is well")
    expect(page.locator("#pr-pass-follows")).to_contain_text("which came after a decision, becomes current")
    decide(page, "Pass", "As before")
    page.goto(of_the_exam)
    expect(page.locator("#pr-list")).to_contain_text("Nothing requires attention here.")


def test_where_the_provider_does_second_reviews_the_buttons_are_folded_away(opened, course):
    attempt = ExamAttemptFactory(submitted=True, exam=ProctoredExamFactory(provider="rpnow", exam_name="Quiz"))
    api.record_review(attempt.attempt_code, "Suspicious")
    page = opened("instructor", session(attempt))
    button = page.get_by_role("button", name="Pass", exact=True)
    expect(button).to_be_hidden()
    page.get_by_text("Second reviews are done by rpnow.").click()
    expect(button).to_be_visible()
    decide(page, "Pass")


def test_a_provider_that_does_the_second_review_itself_settles_it_and_nobody_has_to_decide(opened, course):
    quiz = ProctoredExamFactory(provider="rpnow", exam_name="Quiz", content_id="exam@quiz")
    attempt = ExamAttemptFactory(submitted=True, exam=quiz)
    api.record_review(attempt.attempt_code, "Suspicious")
    page = opened("instructor", dashboard("quiz_list"))
    expect(page.get_by_role("row", name="Quiz")).to_contain_text("by rpnow")
    page.get_by_role("link", name="View Sessions of Quiz").click()
    expect(page.locator("#pr-list")).to_contain_text("rpnow does its second reviews itself")
    expect(page.get_by_role("checkbox")).to_have_count(0)
    api.record_review(attempt.attempt_code, "Clean")
    page.reload()
    expect(page.locator("#pr-list")).to_contain_text("Nothing requires attention here.")
    page.goto(session(attempt))
    expect(page.locator("#pr-history")).to_contain_text(
        "The status changed from “Failed (rejected)” to “Passed (verified)” because of review 2."
    )
    assert not attempt.changes.filter(source="person").exists()


def test_evidence_opens_at_its_provider_and_the_link_of_an_open_page_stays_fresh(opened, flagged):
    [attempt] = flagged(1)
    page = opened("instructor", session(attempt))
    page.context.route("https://video.example/**", lambda route: route.fulfill(body="Here is the recording"))
    link = page.get_by_role("link", name="Recording", exact=True)
    first = link.get_attribute("href")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(link).not_to_have_attribute("href", first)
    with page.expect_popup() as popup:
        link.click()
    expect(popup.value.locator("body")).to_contain_text("Here is the recording")
    assert popup.value.url == "https://video.example/0"
    assert popup.value.evaluate("document.referrer") == ""
    assert Disclosure.objects.get().user.username == "instructor"


def sound() -> bytes:
    """Ten seconds of silence."""
    file = BytesIO()
    with wave.open(file, "wb") as track:
        track.setnchannels(1)
        track.setsampwidth(1)
        track.setframerate(8_000)
        track.writeframes(b"\x80" * 80_000)
    return file.getvalue()


FILES = {
    "/sound.wav": ("audio/wav", sound()),
    "/picture.svg": ("image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg' width='40' height='30'/>"),
    "/player": ("text/html", b"Play"),
}


class Files(BaseHTTPRequestHandler):
    """A provider's files: a sound, a picture, and a page with a player."""

    def do_GET(self):
        content_type, body = FILES[self.path]
        first = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").split("-")[0])
        self.send_response(206 if "Range" in self.headers else 200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body) - first))
        self.send_header("Content-Range", f"bytes {first}-{len(body) - 1}/{len(body)}")
        self.end_headers()
        self.wfile.write(body[first:])

    def log_message(self, *args):
        pass


@pytest.fixture
def recorded(exam, settings):
    """A session whose provider may be shown in the page."""
    hosts = {"evidence_hosts": ["localhost"], "embedded_hosts": ["localhost"]}
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, "PROVIDERS": {"proctortrack": hosts}}
    with ThreadingHTTPServer(("localhost", 0), Files) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        attempt = ExamAttemptFactory(submitted=True, exam=exam)
        evidence = [
            api.EvidenceData(kind=kind, url=f"http://localhost:{server.server_port}{path}")
            for kind, path in zip(("video", "screenshot", "room"), FILES, strict=True)
        ]
        seen = api.IncidentData(status="Suspicious", comment="A voice", kind="webcam", start=7, stop=9)
        api.record_review(attempt.attempt_code, "Suspicious", incidents=[seen], evidence=evidence)
        yield attempt
        server.shutdown()


def wait_for_second(player, second: float) -> None:
    for _ in range(100):
        if player.evaluate("element => element.currentTime") >= second:
            return
        player.page.wait_for_timeout(50)
    raise AssertionError(f"The player has not come to second {second}")


def test_evidence_is_seen_inside_the_page_and_what_is_half_written_stays(opened, recorded):
    page = opened("instructor", session(recorded))
    page.locator("#pr-reason").fill("Half")
    viewer = page.locator("#pr-viewer")
    page.get_by_role("link", name="0:07–0:09 on the recording").click()
    player = viewer.locator("video")
    wait_for_second(player, 7)
    expect(viewer).to_be_focused()
    player.evaluate("element => { element.currentTime = 1; }")
    page.get_by_role("link", name="0:07–0:09 on the recording").click()
    wait_for_second(player, 7)
    assert Disclosure.objects.count() == 1
    page.get_by_role("link", name="Screenshot").click()
    expect(viewer.get_by_role("img", name="Screenshot")).to_have_js_property("naturalWidth", 40)
    page.get_by_role("link", name="Room scan").click()
    expect(viewer.frame_locator("iframe").locator("body")).to_have_text("Play")
    expect(page.locator("#pr-reason")).to_have_value("Half")
    assert violations(page) == []
    assert Disclosure.objects.count() == 3
    page.locator("#pr-reason").fill("")
    page.reload()
    expect(viewer.frame_locator("iframe").locator("body")).to_have_text("Play")


def test_who_goes_on_before_the_recording_plays_keeps_what_is_half_written(opened, recorded):
    page = opened("instructor", session(recorded))
    # The recording never arrives.
    page.route("**/evidence/*/", lambda route: None if route.request.resource_type == "media" else route.continue_())
    page.locator("#pr-reason").fill("Half")
    incident = page.get_by_role("link", name="0:07–0:09 on the recording")
    incident.click()
    viewer = page.locator("#pr-viewer")
    expect(viewer.locator("video")).to_have_count(1)
    incident.click()
    page.get_by_role("link", name="Screenshot").click()
    expect(viewer.get_by_role("img", name="Screenshot")).to_have_js_property("naturalWidth", 40)
    expect(page.locator("#pr-reason")).to_have_value("Half")


def test_the_evidence_that_was_chosen_last_is_shown(opened, recorded):
    page = opened("instructor", session(recorded))
    incident = page.get_by_role("link", name="0:07–0:09 on the recording")
    held = []
    page.route("**/*second=7*", lambda route: held.append(route))
    incident.click()
    page.get_by_role("link", name="Screenshot").click()
    screenshot = page.locator("#pr-viewer").get_by_role("img", name="Screenshot")
    expect(screenshot).to_have_js_property("naturalWidth", 40)
    with page.expect_response("**/*second=7*"):
        held[0].continue_()
    expect(screenshot).to_be_visible()
    assert "second=7" not in page.url


def test_evidence_is_seen_inside_the_page_without_javascript(opened, recorded):
    page = opened("instructor", session(recorded), java_script_enabled=False)
    page.get_by_role("link", name="Room scan").click()
    expect(page.frame_locator("#pr-viewer iframe").locator("body")).to_have_text("Play")


def test_with_the_keyboard_alone(opened, flagged):
    [attempt] = flagged(1)
    page = opened("instructor", session(attempt))

    def tab_to(condition: str):
        for _ in range(60):
            page.keyboard.press("Tab")
            if page.evaluate(f"(() => {{ const here = document.activeElement; return {condition}; }})()"):
                return
        raise AssertionError(condition)

    # The drawing: the mark of the second incident leads to its row.
    tab_to("(here.getAttribute('aria-label') ?? '').startsWith('Incident 2')")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("#pr-incident-2$"))
    page.goto(session(attempt))
    tab_to("here.dataset.prTickAll !== undefined")
    page.keyboard.press("Space")
    tab_to("here.matches('#pr-ticked summary')")
    expect(page.locator("#pr-ticked summary")).to_contain_text("(3)")
    page.keyboard.press("Enter")
    tab_to("here.id === 'pr-ticked-reason'")
    page.keyboard.type("All were allowed")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#pr-ticked")).to_contain_text("3 incidents are dismissed")
    tab_to("here.id === 'pr-reason'")
    page.keyboard.type("I have watched it")
    page.keyboard.press("Tab")
    page.keyboard.press("s")
    tab_to("here.id === 'pr-fail-button'")
    page.keyboard.press("Enter")
    expect(page.locator("#pr-flash")).to_contain_text("Decided: Fail.")


def focused(page) -> str:
    return page.evaluate("document.activeElement.id")


def test_keys_lead_to_links_and_controls_and_decide_nothing(opened, flagged):
    first, second = flagged(2)
    page = opened("instructor", session(first))
    page.keyboard.press("p")
    assert focused(page) == "pr-pass-button"
    page.keyboard.press("f")
    assert focused(page) == "pr-fail-button"
    page.keyboard.press("?")
    expect(page.get_by_text("previous session", exact=True)).to_be_visible()
    page.keyboard.press("j")
    expect(page).to_have_url(re.compile(re.escape(session(second))))
    page.keyboard.press("k")
    expect(page).to_have_url(re.compile(re.escape(session(first))))
    assert status_of(first) == "second_review_required"


def test_keys_do_nothing_while_somebody_types_or_holds_another_key(opened, flagged):
    [attempt] = flagged(1)
    page = opened("instructor", session(attempt))
    page.locator("#pr-reason").focus()
    page.keyboard.type("jkpfn?")
    expect(page.locator("#pr-reason")).to_have_value("jkpfn?")
    assert focused(page) == "pr-reason"
    page.locator("#pr-fail-button").focus()
    for held in ("Control", "Alt", "Meta"):
        page.keyboard.press(f"{held}+p")
        assert focused(page) == "pr-fail-button"
    expect(page.locator("#pr-keys")).not_to_have_attribute("open", "")


def test_keys_are_switched_off_for_every_session(opened, flagged):
    first, second = flagged(2)
    page = opened("instructor", session(first))
    expect(page.locator("#pr-pass-button")).to_have_attribute("aria-keyshortcuts", "p")
    page.keyboard.press("?")
    page.get_by_label("Use these keys").uncheck()
    page.goto(session(second))
    page.locator("#pr-fail-button").focus()
    page.keyboard.press("p")
    assert focused(page) == "pr-fail-button"
    expect(page.locator("[aria-keyshortcuts]")).to_have_count(0)
    page.locator("#pr-keys summary").click()
    page.get_by_label("Use these keys").check()
    page.reload()
    page.keyboard.press("p")
    assert focused(page) == "pr-pass-button"


def test_a_key_unfolds_what_it_leads_to(opened, flagged):
    [attempt] = flagged(1)
    page = opened("instructor", session(attempt))
    decide(page, "Pass")
    page.keyboard.press("f")
    expect(page.locator("#pr-fail-button")).to_be_focused()


@pytest.mark.parametrize("viewport", [WIDE, PHONE, ZOOMED], ids=["wide", "phone", "zoomed"])
def test_the_decision_is_in_view_and_hides_nothing_that_has_the_focus(opened, flagged, viewport):
    page = opened("instructor", session(many(flagged)), viewport=viewport)
    for _ in range(50):
        page.keyboard.press("Tab")
        assert page.evaluate(HIDDEN_BY_THE_DECISION) == ""
    page.locator("h1").click()
    for top in (0, 300, 5_000):
        page.evaluate(f"scrollTo(0, {top})")
        for verdict in ("Pass", "Fail"):
            expect(page.get_by_role("button", name=verdict, exact=True)).to_be_in_viewport(ratio=1)


def test_a_search_stands_in_no_address(opened, flagged):
    flagged(3)
    page = opened("instructor", dashboard())
    page.get_by_label("Name, username, email address, student number or attempt code").fill("learner-1")
    page.keyboard.press("Enter")
    expect(page.locator("#pr-list")).to_contain_text("Require Attention 1 of 4")
    assert "learner" not in page.url
    page.get_by_text("Filters").click()
    page.get_by_label("Status").select_option("verified")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator("#pr-list")).to_contain_text("No session matches these filters. 4 require")
    assert "status=verified" in page.url
    expect(page.get_by_text("Searching for “learner-1”")).to_be_visible()
    page.get_by_role("link", name="Clear the search").click()
    expect(page.get_by_text("Searching for")).to_have_count(0)
    assert "status=verified" in page.url


@pytest.mark.parametrize(("width", "limit"), [(390, 220), (600, 150), (820, 140)])
def test_on_a_narrow_page_the_title_is_near_the_top_and_a_session_takes_few_lines(opened, flagged, width, limit):
    flagged(2)
    page = opened("instructor", dashboard(), viewport={"width": width, "height": 844})
    assert page.locator("h1").bounding_box()["y"] < 240
    assert page.locator(".pr-sessions tbody tr").first.bounding_box()["height"] < limit
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_what_cannot_be_ticked_says_why_in_one_line_where_there_is_room(opened, flagged):
    flagged(2)
    rejected = ExamAttempt.objects.filter(exam__course_id=COURSE, status="rejected").get()
    api.record_review(rejected.attempt_code, "Suspicious", incidents=SEEN)
    page = opened("instructor", f"{dashboard()}?tab=all", viewport={"width": 820, "height": 844})
    for reason in page.locator(".pr-why-not").all():
        assert reason.bounding_box()["width"] > 600
    expect(page.locator(".pr-why-not").first).to_be_visible()


def test_on_paper_a_list_has_its_filters_in_words_and_nothing_to_click(opened, flagged):
    flagged(2)
    page = opened("instructor", f"{dashboard()}?status=second_review_required")
    page.emulate_media(media="print")
    expect(page.locator(".pr-chips")).to_contain_text("Status: Waiting for your decision (second_review_required)")
    expect(page.locator("#pr-list tbody tr")).to_have_count(3)
    for element in page.locator(".pr :is(button, input, select, summary, .pr-lists a:not([aria-current]))").all():
        expect(element).not_to_be_visible()


def test_a_viewer_reads_which_permission_is_missing(opened, flagged, person):
    person("instructor")
    [attempt] = flagged(1)
    page = opened("viewer", session(attempt))
    expect(page.locator("#pr-decision")).to_contain_text("proctoring_results.decide_attempt")
    expect(page.locator("#pr-decision")).to_contain_text("instructor@example.com")


def many(flagged):
    attempt = flagged(30)[0]
    api.pass_attempt(attempt.attempt_code, by=UserFactory(admin=True), reason="x")
    first = attempt.reviews.get().incidents.first()
    api.dismiss_incident(first.pk, by=UserFactory(admin=True), reason="It was a book")
    api.record_review(attempt.attempt_code, "Suspicious", incidents=SEEN)
    ExamAttemptFactory(user=attempt.user, exam=attempt.exam, archived=True)
    return attempt


STATES = {
    "quiz list": lambda flagged: [flagged(1), dashboard("quiz_list")][1],
    "no sessions": lambda flagged: dashboard(),
    "sessions": lambda flagged: [many(flagged), dashboard()][1],
    "wrong filter": lambda flagged: f"{dashboard()}?since=x",
    "session": lambda flagged: session(many(flagged)),
    "current review": lambda flagged: f"{session(many(flagged))}?review=2",
    "session without a review": lambda flagged: session(ExamAttempt.objects.first()),
    "not found": lambda flagged: reverse("proctoring_results:session", args=["nothing"]),
}


@pytest.mark.parametrize("state", STATES)
def test_the_pages_are_accessible_in_every_state(opened, flagged, state):
    page = opened("instructor", STATES[state](flagged))
    for details in page.locator("details").all():
        details.evaluate("element => { element.open = true; }")
    assert problems(page) == []


@pytest.mark.parametrize(("viewport", "scheme"), [(WIDE, "light"), (PHONE, "dark")], ids=["wide", "phone"])
def test_passing_a_selection_is_accessible(opened, flagged, viewport, scheme):
    flagged(2)
    page = opened("instructor", dashboard(), viewport=viewport, color_scheme=scheme)
    page.locator("#pr-list tbody").get_by_role("checkbox").first.check()
    page.get_by_role("button", name="Pass the ticked sessions…").click()
    assert violations(page) == []
    page.get_by_label("Reason for all of them").fill("x")
    page.get_by_role("button", name="Pass 1 session").click()
    expect(page.get_by_role("status").last).to_contain_text("Passed.")
    assert violations(page) == []
    page.get_by_role("link", name="Back to the sessions").hover()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
def test_the_button_for_what_is_ticked_is_at_hand_and_hides_nothing_that_has_the_focus(opened, flagged, viewport):
    flagged(20)
    page = opened("instructor", dashboard(), viewport=viewport)
    page.locator("#pr-list tbody").get_by_role("checkbox").first.check()
    expect(page.locator("#pr-pass")).to_contain_text("Ticked sessions: 1")
    button = page.get_by_role("button", name="Pass the ticked sessions…")
    expect(button).to_be_in_viewport(ratio=1)
    for _ in range(30):
        page.keyboard.press("Tab")
        assert page.evaluate(IS_ON_TOP)
    expect(button).to_be_in_viewport(ratio=1)


HIDDEN_BY_THE_DECISION = """(() => {
  const here = document.activeElement, side = document.querySelector(".pr-side");
  if (here === document.body || side.contains(here)) return "";
  const box = here.getBoundingClientRect(), edge = side.getBoundingClientRect();
  const isBeside = box.bottom <= edge.top || box.right <= edge.left || box.top >= edge.bottom;
  return isBeside ? "" : here.outerHTML;
})()"""


IS_ON_TOP = """(() => {
  const here = document.activeElement, box = here.getBoundingClientRect();
  const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  return here === top || here.contains(top) || top.contains(here);
})()"""
