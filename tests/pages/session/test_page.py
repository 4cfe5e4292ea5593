"""The page of one session: what is known, Pass and Fail, incidents and evidence."""

import html
import re
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from proctoring_results import api
from proctoring_results.links import EVIDENCE_LINK
from proctoring_results.models import Disclosure, ExamAttempt, ExamReview, Incident
from proctoring_results.moments import span
from proctoring_results.pages.session.comments import folded
from proctoring_results.pages.session.recording import length_of, mark_of, marks_of
from tests.factories import COURSE, EvidenceFactory, ExamAttemptFactory, ProctoredExamFactory, UserFactory
from tests.pages.conftest import client_of, person, text
from tests.providers.conftest import calling

LINK = "https://video.example/secret"
SOME = [api.IncidentData(status="Suspicious", comment="x")] * 3
PIECE = api.EvidenceData(kind="video", url=LINK)


@pytest.fixture
def hosts(settings):
    ours = settings.PROCTORING_RESULTS
    settings.PROCTORING_RESULTS = {**ours, "PROVIDERS": {"proctortrack": {"evidence_hosts": ["video.example"]}}}


@pytest.fixture
def attempt():
    """Handed in, and reviewed with incidents of every kind."""
    attempt = ExamAttemptFactory(submitted=True, user__username="ada", exam__exam_name="Final")
    kinds = ["webcam", "desktop", "id", "onboarding", "a word of its own"]
    incidents = [
        api.IncidentData(status="Suspicious", comment=f"<b>{kind}</b>", kind=kind, start=60 * number, stop=60)
        for number, kind in enumerate(kinds)
    ]
    api.record_review(
        attempt.attempt_code, "Suspicious", incidents=incidents, evidence=[api.EvidenceData(kind="video", url=LINK)]
    )
    attempt.refresh_from_db()
    return attempt


def url(attempt, name="session", *more) -> str:
    return reverse(f"proctoring_results:{name}", args=[attempt.attempt_code, *more])


def hidden(response) -> dict[str, str]:
    """What the page says that it showed."""
    return dict(re.findall(r'name="(seen_\w+)" value="(\d*)"', response.content.decode()))


def decide(client, attempt, verdict="fail", reason="Seen it", category="other", **more):
    fields = {**hidden(client.get(url(attempt))), "verdict": verdict, "reason": reason, "category": category}
    return client.post(url(attempt, "decide"), {**fields, **more})


# --- Who comes in ---

VIEWS = [
    ("session", "get"),
    ("next_session", "get"),
    ("previous_session", "get"),
    ("decide", "post"),
    ("export_session", "get"),
]


@pytest.mark.parametrize(("name", "method"), VIEWS)
def test_each_view_needs_the_permission_to_look_at_sessions(attempt, name, method):
    assert getattr(Client(), method)(url(attempt, name)).status_code == 302
    refused = getattr(client_of(person("view_reports")), method)(url(attempt, name), {"verdict": "pass", "reason": "x"})
    assert refused.status_code == 403
    assert "ada" not in text(refused)
    assert not Disclosure.objects.exists()


@pytest.mark.parametrize(("name", "method"), VIEWS)
@pytest.mark.parametrize("code", ["unknown", "a\0b"])
def test_an_unknown_session_is_not_found(reviewing, name, method, code):
    address = reverse(f"proctoring_results:{name}", args=[code])
    assert getattr(reviewing, method)(address).status_code == 404


def test_a_timed_exam_has_no_session_page(looking):
    attempt = ExamAttemptFactory(submitted=True, exam__is_proctored=False)
    assert looking.get(url(attempt)).status_code == 404


def test_a_session_keeps_its_page_when_the_exam_is_switched_off(looking, attempt):
    api.update_exam(attempt.exam.course_id, attempt.exam.content_id, is_proctored=False, is_active=False)
    assert looking.get(url(attempt)).status_code == 200


def test_a_session_links_no_attempt_that_has_no_page(looking, attempt):
    timed = ExamAttemptFactory(user=attempt.user, exam=attempt.exam, submitted=True, taking_as_proctored=False)
    assert timed.attempt_code not in text(looking.get(url(attempt)))


def test_incidents_are_dismissed_only_by_those_who_may_decide(looking, attempt):
    incident = Incident.objects.first()
    answer = looking.post(url(attempt, "dismissal", incident.pk), {"change": "dismiss", "reason": "x"})
    assert answer.status_code == 403
    assert ExamReview.objects.count() == 1


def test_deciding_needs_the_permission(looking, attempt):
    assert looking.post(url(attempt, "decide"), {"verdict": "pass", "reason": "x"}).status_code == 403
    page = text(looking.get(url(attempt)))
    assert "Your account may not decide Pass or Fail in this course." in page
    assert 'name="verdict"' not in page
    assert "Dismiss incident" not in page


# --- What is known ---


def test_who_which_exam_when_and_how_long(looking, attempt):
    page = text(looking.get(url(attempt)))
    for known in ("<h1> <bdi>ada</bdi> </h1>", "ada@example.com", "Final", "45 of 60 minutes", "proctortrack"):
        assert known in page
    assert attempt.attempt_code in page


def test_each_incident_stands_under_its_tab_and_an_unknown_kind_is_seen_on_the_recording(looking, attempt):
    tabs = looking.get(url(attempt)).context["page"].incidents.tabs
    assert {tab.heading: [row.kind for row in tab.incidents] for tab in tabs} == {
        "Video Monitoring": ["webcam", "a word of its own"],
        "Online Violations": ["desktop"],
        "Verification scans": ["id"],
        "Onboarding": ["onboarding"],
    }


def test_evidence_of_the_whole_session_stands_under_its_tab(looking, hosts):
    attempt = ExamAttemptFactory(submitted=True)
    kinds = ["video", "screenshot", "id", "room", "onboarding"]
    api.record_review(attempt.attempt_code, "Clean", evidence=[api.EvidenceData(kind=kind, url=LINK) for kind in kinds])
    tabs = looking.get(url(attempt)).context["page"].incidents.tabs
    assert [[link.name for link in tab.evidence] for tab in tabs] == [
        ["Recording", "Screenshot"],
        [],
        ["Identification", "Room scan"],
        ["Onboarding"],
    ]


def test_a_session_without_a_review_has_no_parts(looking):
    page = text(looking.get(url(ExamAttemptFactory(submitted=True))))
    assert "There is no review yet." in page
    assert "Video Monitoring" not in page


EMPTY = {
    "video": "is no recording",
    "online": "on the screen",
    "verification": "no scans",
    "onboarding": "learner’s onboarding",
}


@pytest.mark.parametrize("part", EMPTY)
def test_an_empty_part_says_so_on_its_own_page_and_is_left_out_of_the_list_of_all(looking, part):
    attempt = ExamAttemptFactory(submitted=True)
    api.record_review(attempt.attempt_code, "Clean")
    assert EMPTY[part] in text(looking.get(url(attempt), {"part": part}))
    page = text(looking.get(url(attempt)))
    assert "No incidents, and no recordings or pictures." in page
    assert EMPTY[part] not in page


def listed(response) -> list[int]:
    return [row.number for tab in response.context["page"].incidents.visible for row in tab.incidents]


def test_each_part_is_a_page_with_its_own_incidents_marks_and_evidence(looking, attempt):
    first, *_ = looking.get(url(attempt)).context["page"].incidents.tabs
    answer = looking.get(first.url)
    assert listed(answer) == [1, 5]
    assert [tab.heading for tab in answer.context["page"].incidents.visible] == ["Video Monitoring"]
    page = text(answer)
    assert re.search(r'<a href="[^"]+part=video#pr-incidents" aria-current="true"> Video Monitoring', page)
    assert 'aria-label="Incident 2' not in page


def test_the_numbers_on_the_parts_are_the_same_whatever_is_listed(reviewing, attempt):
    dismissal(reviewing, attempt, newest(attempt), "dismiss")
    for params in ({}, {"part": "online"}, {"counted": "yes"}):
        incidents = reviewing.get(url(attempt), params).context["page"].incidents
        assert incidents.all_text == "4 counted, 1 dismissed"
        assert [tab.incidents_text for tab in incidents.tabs] == ["1 counted, 1 dismissed", "1", "1", "1"]


def test_only_what_is_counted_is_listed_and_drawn(reviewing, attempt):
    assert "Only counted" not in text(reviewing.get(url(attempt)))
    dismissal(reviewing, attempt, newest(attempt), "dismiss")
    everything = reviewing.get(url(attempt))
    assert listed(everything) == [1, 5, 2, 3, 4]
    counted = reviewing.get(everything.context["page"].incidents.other_url)
    assert listed(counted) == [5, 2, 3, 4]
    page = text(counted)
    assert "without 1 dismissed incident." in page
    assert 'aria-label="Incident 1,' not in page
    assert listed(reviewing.get(counted.context["page"].incidents.other_url)) == [1, 5, 2, 3, 4]


def test_a_part_whose_incidents_are_all_dismissed_says_so(reviewing, attempt):
    first = attempt.reviews.latest("pk").incidents.get(kind="desktop")
    dismissal(reviewing, attempt, first, "dismiss")
    page = text(reviewing.get(url(attempt), {"part": "online", "counted": "yes"}))
    assert "All incidents of this part are dismissed." in page


def test_after_a_dismissal_the_same_part_is_listed_and_the_sentence_is_seen(reviewing, attempt):
    answer = reviewing.get(url(attempt), {"part": "video", "counted": "yes"})
    data = {**hidden(answer), "change": "dismiss", "reason": "The cat"}
    action = f"{url(attempt, 'dismissal', newest(attempt).pk)}{answer.context['page'].place.query}"
    page = reviewing.get(reviewing.post(action, data).url)
    assert listed(page) == [5]
    assert "The incident is dismissed: it is no longer counted." in text(page)


@pytest.mark.parametrize("params", [{"part": "x"}, {"part": ""}, {"counted": "x"}])
def test_a_part_that_no_page_of_ours_sends_is_all_of_them(looking, attempt, params):
    assert listed(looking.get(url(attempt), params)) == [1, 5, 2, 3, 4]


def test_what_somebody_wrote_is_no_markup(looking, attempt):
    page = text(looking.get(url(attempt)))
    assert "<b>webcam" not in page
    assert "&lt;b&gt;webcam" in page


def test_the_page_needs_no_inline_style_or_script(looking, attempt):
    page = text(looking.get(url(attempt)))
    assert " style=" not in page
    assert not re.search(r"<script(?![^>]*src=)", page)
    assert not re.search(r"\son\w+=", page)


def test_each_incident_is_drawn_and_leads_to_its_row(looking, attempt):
    page = text(looking.get(url(attempt)))
    for incident in Incident.objects.all():
        number = incident.position + 1
        assert f'<a href="{url(attempt)}#pr-incident-{number}" aria-label="Incident {number}' in page
        assert f'id="pr-incident-{number}"' in page


def rules_on(response) -> str:
    page = text(response)
    return page[page.index('id="pr-rules"') :].split("</details>")[0]


def test_the_rules_under_which_the_exam_began_stand_beside_the_session(looking, settings):
    settings.PROCTORING_RESULTS = {
        **settings.PROCTORING_RESULTS,
        "PROVIDERS": {"proctortrack": {"rules": {"allow_notes": True, "max_breaks": 2}}},
    }
    exam = ProctoredExamFactory(review_policy="No <b>phones</b>.")
    attempt = ExamAttemptFactory(exam=exam, status="ready_to_start")
    assert "As they are now: the exam has not begun." in rules_on(looking.get(url(attempt)))
    api.start_attempt(attempt.attempt_code)
    rules = rules_on(looking.get(url(attempt)))
    assert "As they were when the exam began. They have not changed since." in rules
    assert "<dt>Allow notes</dt> <dd> yes </dd>" in rules
    assert "<dt>Max breaks</dt> <dd> 2 </dd>" in rules
    assert "No &lt;b&gt;phones&lt;/b&gt;." in rules
    api.update_exam(exam.course_id, exam.content_id, review_policy="Phones are fine.")
    rules = rules_on(looking.get(url(attempt)))
    assert "They have changed since." in rules
    assert "Phones are fine." not in rules


def test_an_exam_without_rules_has_no_such_part(looking, attempt):
    assert "pr-rules" not in text(looking.get(url(attempt)))


def test_the_status_leads_to_its_explanation_for_who_may_see_it(looking, attempt):
    ExamAttempt.objects.filter(pk=attempt.pk).update(status="rejected")
    assert 'title="The proctoring session review has been completed, and the learner has not' in text(
        looking.get(url(attempt))
    )
    assert "#status-" not in text(looking.get(url(attempt)))
    page = text(client_of(person("view_sessions", "view_reports")).get(url(attempt)))
    address = reverse("proctoring_results:data_download", args=[attempt.exam.course_id])
    assert f'<a class="pr-explained" href="{address}#status-rejected" target="_blank" rel="noopener">Failed</a>' in page


def test_everything_that_happened_stands_in_the_history(looking, reviewing, attempt):
    decide(reviewing, attempt, reason="It was a phone")
    page = text(looking.get(url(attempt)))
    assert "Decided Fail on review 1" in page
    assert "It was a phone" in page
    assert "Mail to the learner: waiting" in page


def test_former_and_later_attempts_of_the_learner(looking, attempt):
    other = ExamAttemptFactory(user=attempt.user, exam=attempt.exam, status="declined", archived=True)
    page = text(looking.get(url(attempt)))
    assert f'href="{url(other)}">Attempt 2</a> · <span class="pr-state" data-pr-tone="info"' in page
    assert ">Declined</span> · archived" in page


def test_an_archived_attempt_is_looked_at_and_stays_as_it_is(reviewing, attempt):
    api.archive_attempt(attempt.attempt_code, reason="Another go")
    page = text(reviewing.get(url(attempt)))
    assert "This attempt is archived and cannot be changed. Another go" in page
    assert 'name="verdict"' not in page
    assert "Dismiss incident" not in page


def test_where_the_provider_reviews_again_both_are_folded_behind_that_sentence(reviewing):
    attempt = ExamAttemptFactory(submitted=True, exam=ProctoredExamFactory(provider="rpnow"))
    page = text(reviewing.get(url(attempt)))
    folded = re.search(r"<details[^>]*>.*?Second reviews are done by rpnow\..*?</details>", page)
    assert folded is not None
    assert 'value="pass"' in folded[0]
    assert 'value="fail"' in folded[0]
    assert page.count('name="verdict"') == 2


def test_an_exam_that_is_not_over_has_nothing_to_decide(reviewing):
    page = text(reviewing.get(url(ExamAttemptFactory(started=True))))
    assert "The exam is not over yet; there is nothing to decide." in page
    assert 'name="verdict"' not in page


def test_from_a_session_one_comes_to_the_next_that_requires_attention(looking, attempt):
    other = ExamAttemptFactory(submitted=True, exam=attempt.exam)
    api.record_review(other.attempt_code, "Suspicious")
    assert looking.get(url(attempt, "next_session")).url == f"{url(other)}#pr-session"


def test_after_the_last_one_comes_the_list_of_the_exam_and_says_so(looking, attempt):
    answer = looking.get(url(attempt, "next_session"), follow=True)
    assert answer.redirect_chain[0][0].endswith(f"?{urlencode({'tab': 'attention', 'exam': attempt.exam.content_id})}")
    assert "That was the last session of this list." in text(answer)


def queue(exam, *statuses):
    """Sessions that require attention, the longest waiting first."""
    attempts = [ExamAttemptFactory(submitted=True, exam=exam) for _ in statuses]
    for attempt, status in zip(attempts, statuses, strict=True):
        api.record_review(attempt.attempt_code, status)
    return attempts


def test_after_a_decision_the_list_goes_on_where_one_was_with_its_filters(reviewing, attempt):
    one, two, three, four = queue(attempt.exam, "Suspicious", "Suspicious", "Rules Violation", "Suspicious")
    ExamAttempt.objects.filter(pk=three.pk).update(
        status="second_review_required", attention_since=four.attention_since
    )
    [*_, listed] = links_of(reviewing, attempt, "review_status=Suspicious")[:3]
    assert listed.startswith(f"{url(two)}?list=attention&filters=")
    answer = reviewing.post(*decision_on(reviewing, listed))
    page = reviewing.get(answer.url)
    following = reviewing.get(f"{url(two, 'next_session')}{page.context['page'].neighbour_query}").url
    assert following.startswith(f"{url(four)}?list=attention&filters=")
    previous = reviewing.get(f"{url(two, 'previous_session')}{page.context['page'].neighbour_query}").url
    assert previous.startswith(f"{url(one)}?list=attention&filters=")


def test_a_decision_goes_on_to_the_next_of_the_list_if_that_is_ticked_and_the_page_remembers_it(reviewing, attempt):
    [one, two] = queue(attempt.exam, "Suspicious", "Suspicious")
    address = f"{url(one)}?list=attention&filters=review_status%3DSuspicious"
    assert not re.search(r'name="then" value="next" checked', text(reviewing.get(address)))
    action, data = decision_on(reviewing, address)
    answer = reviewing.post(action, {**data, "then": "next"}, follow=True)
    assert answer.redirect_chain[-1][0] == f"{url(two)}?list=attention&filters=review_status%3DSuspicious#pr-session"
    assert f"{one.learner.name}, {one.exam.exam_name}: Decided: Pass." in html.unescape(text(answer))
    assert re.search(r'name="then" value="next" checked', text(answer))
    answer = reviewing.post(*decision_on(reviewing, address.replace(one.attempt_code, two.attempt_code)), follow=True)
    assert answer.redirect_chain[-1][0].startswith(url(two))
    assert 'value="next" checked' not in text(answer)


def test_after_the_last_decision_comes_the_list(reviewing, attempt):
    action, data = decision_on(reviewing, url(attempt))
    page = text(reviewing.post(action, {**data, "then": "next"}, follow=True))
    assert "ada, Final: Decided: Pass." in page
    assert "That was the last session of this list." in page


def test_a_refused_decision_stays_where_it_is_and_keeps_the_tick(reviewing, attempt):
    action, data = decision_on(reviewing, url(attempt))
    answer = reviewing.post(action, {**data, "reason": "", "then": "next"})
    assert answer.status_code == 400
    assert 'value="next" checked' in text(answer)


def test_the_page_says_which_of_the_list_the_session_is(reviewing, attempt):
    [one, two] = queue(attempt.exam, "Suspicious", "Suspicious")
    assert " 2 of 3 " in text(reviewing.get(url(one)))
    decide(reviewing, one)
    assert reviewing.get(url(one)).context["page"].position is None
    assert " 2 of 2 " in text(reviewing.get(url(two)))


def links_of(client, attempt, filters: str) -> list[str]:
    """The addresses of the sessions in the course's list, in their order."""
    address = reverse("proctoring_results:sessions", args=[attempt.exam.course_id])
    return [row.url for row in client.get(f"{address}?{filters}").context["page"].list.rows]


def decision_on(client, address: str) -> tuple[str, dict[str, str]]:
    """Where the form of a page posts to, and what."""
    response = client.get(address)
    action = html.unescape(re.search(r'action="([^"]+/decide/[^"]*)"', response.content.decode())[1])
    return action, {**hidden(response), "verdict": "pass", "reason": "Seen it"}


@pytest.mark.parametrize("place", ["", "x-1-1", "1--", "9" * 17 + "-0-7", "1-2", "--", "1" * 30])
def test_a_place_that_no_page_of_ours_sends_is_no_place(looking, attempt, place):
    answer = looking.get(url(attempt, "next_session"), {"list": "attention", "filters": "exam=x", "place": place})
    assert answer.status_code == 302


def test_the_page_leads_back_to_the_list_that_one_came_from(looking, attempt):
    page = text(looking.get(f"{url(attempt)}?list=attention&filters=review_status%3DSuspicious"))
    address = reverse("proctoring_results:sessions", args=[attempt.exam.course_id])
    assert f'<a href="{address}?tab=attention&amp;review_status=Suspicious">Sessions</a>' in page
    page = text(looking.get(url(attempt)))
    assert (
        f'<a href="{address}?tab=attention&amp;{urlencode({"exam": attempt.exam.content_id})}">Sessions of Final</a>'
        in page
    )


def test_the_services_dashboard_is_a_link_away_where_it_knows_the_session(looking, attempt, settings):
    assert "In the dashboard of" not in text(looking.get(url(attempt)))
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, **calling("https://service.example")}
    ExamAttempt.objects.update(external_id="session-1", exam_external_id="exam-1")
    address = reverse("proctoring_results:service_dashboard", args=[attempt.exam.course_id])
    assert f'href="{address}?attempt={attempt.attempt_code}"' in text(looking.get(url(attempt)))


# --- Pass and Fail ---


def test_before_the_decision_the_page_says_what_will_follow(reviewing, attempt):
    page = text(reviewing.get(url(attempt)))
    assert (
        "The status becomes “Passed (verified)”; now it is “Waiting for your decision (second_review_required)”."
        in page
    )
    assert "The learner gets the mail “Unsatisfactory”, which says that the grade was set to 0." in page


@pytest.mark.parametrize(("verdict", "status"), [("pass", "verified"), ("fail", "rejected")])
def test_a_decision_is_made_with_a_reason_and_said(reviewing, reviewer, attempt, verdict, status):
    answer = decide(reviewing, attempt, verdict)
    assert answer.status_code == 303
    assert answer.url.startswith(f"{url(attempt)}?place=")
    assert answer.url.endswith("#pr-flash")
    attempt.refresh_from_db()
    assert attempt.status == status
    assert attempt.changes.latest("pk").by == reviewer
    assert f"Decided: {verdict.title()}." in text(reviewing.get(url(attempt)))


def test_a_decided_session_says_who_decided_and_why_and_folds_the_form(reviewing, reviewer, attempt):
    decide(reviewing, attempt, "pass", reason="It was the cat", category="")
    page = text(reviewing.get(url(attempt)))
    assert re.search(
        rf"Passed by {reviewer.username}</bdi></strong>, <time [^>]+>[^<]+</time> </p> "
        r'<blockquote class="pr-comment">“It was the cat”',
        page,
    )
    folded = re.search(r"<details[^>]*> <summary> Reverse this decision </summary>.*?</details>", page)
    assert folded[0].count('name="verdict"') == 2


def test_a_decision_of_the_provider_is_no_persons(reviewing):
    attempt = ExamAttemptFactory(submitted=True)
    api.record_review(attempt.attempt_code, "Clean", claimed_name="Automatic review")
    page = text(reviewing.get(url(attempt)))
    assert "Passed by the review of proctortrack" in page


def test_a_decision_that_the_provider_reports_names_whom_it_names(reviewing, reviewer):
    attempt = ExamAttemptFactory(submitted=True)
    api.record_review(attempt.attempt_code, "Clean", claimed_name="ada@example.com", reviewed_by=reviewer)
    page = text(reviewing.get(url(attempt)))
    assert "Passed, reported by proctortrack as decided by ada@example.com" in page
    assert "<blockquote" not in page


def test_new_information_after_a_decision_opens_the_form_again(reviewing, attempt):
    decide(reviewing, attempt, "pass")
    api.record_review(attempt.attempt_code, "Suspicious", incidents=SOME)
    page = text(reviewing.get(url(attempt)))
    assert "Passed by" in page
    assert "Reverse this decision" not in page


def test_the_other_button_undoes_it(reviewing, attempt):
    decide(reviewing, attempt, "fail")
    decide(reviewing, attempt, "pass")
    attempt.refresh_from_db()
    assert attempt.status == "verified"


@pytest.mark.parametrize("reason", ["", " \n ", "a\0", "x" * 10_001])
def test_without_a_reason_nothing_is_decided_and_the_page_says_so(reviewing, attempt, reason):
    answer = decide(reviewing, attempt, reason=reason)
    assert answer.status_code == 400
    assert "Please give a reason." in text(answer)
    attempt.refresh_from_db()
    assert attempt.status == "second_review_required"


@pytest.mark.parametrize("category", ["", "a second cat"])
def test_without_a_category_of_the_list_a_fail_is_refused_and_the_reason_is_kept(reviewing, attempt, category):
    answer = decide(reviewing, attempt, category=category)
    assert answer.status_code == 400
    assert "Please choose a category." in text(answer)
    assert ">Seen it</textarea>" in text(answer)
    attempt.refresh_from_db()
    assert attempt.status == "second_review_required"


def test_a_pass_needs_no_category(reviewing, attempt):
    assert decide(reviewing, attempt, "pass", category="").status_code == 303


def test_a_site_without_a_list_asks_for_no_category(reviewing, attempt, settings):
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, "REASON_CATEGORIES": {}}
    assert 'name="category"' not in text(reviewing.get(url(attempt)))
    assert decide(reviewing, attempt, category="").status_code == 303


def test_the_category_stands_at_the_decision_and_in_the_history(reviewing, attempt, settings):
    decide(reviewing, attempt, category="second_computer")
    assert text(reviewing.get(url(attempt))).count('<p class="pr-soft">Second computer</p>') == 2
    # What the list no longer has is shown by its key.
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, "REASON_CATEGORIES": {"phone": "A phone"}}
    assert text(reviewing.get(url(attempt))).count('<p class="pr-soft">second_computer</p>') == 2


def test_the_second_of_two_reviewers_is_told_sees_the_fresh_state_and_keeps_the_reason(reviewing, attempt):
    seen = hidden(reviewing.get(url(attempt)))
    colleague = UserFactory(admin=True, username="colleague")
    api.pass_attempt(attempt.attempt_code, by=colleague, reason="It was the cat")
    written = {"verdict": "fail", "reason": "Phone on the desk", "category": "second_computer"}
    answer = reviewing.post(url(attempt, "decide"), {**seen, **written})
    assert answer.status_code == 409
    page = text(answer)
    assert page.count("Nothing was recorded, because something has happened since you opened this page:") == 1
    assert re.search(r"<bdi>colleague decided Pass</bdi>, <time datetime=", page)
    assert "It was the cat" in page
    assert ">Phone on the desk</textarea>" in page
    assert '<option value="second_computer" selected>' in page
    assert hidden(answer) != seen
    again = reviewing.post(url(attempt, "decide"), {**hidden(answer), **written})
    assert again.status_code == 303


def test_a_decision_that_is_not_possible_any_more_is_told(reviewing, attempt):
    seen = hidden(reviewing.get(url(attempt)))
    api.archive_attempt(attempt.attempt_code, reason="x")
    answer = reviewing.post(url(attempt, "decide"), {**seen, "verdict": "pass", "reason": "x"})
    assert answer.status_code == 409
    assert "The attempt is archived; it cannot be changed." in text(answer)
    assert "readonly>x</textarea>" in text(answer)


@pytest.mark.parametrize(
    "more", [{"verdict": "maybe"}, {"verdict": ""}, {"seen_change": "x"}, {"seen_review": "9" * 19}]
)
def test_what_no_page_of_ours_sends_is_refused(reviewing, attempt, more):
    assert decide(reviewing, attempt, **more).status_code == 404
    attempt.refresh_from_db()
    assert attempt.status == "second_review_required"


def test_new_information_is_shown_first_and_becomes_current_with_the_next_decision(reviewing, attempt):
    decide(reviewing, attempt, "pass")
    later = api.record_review(
        attempt.attempt_code, "Suspicious", incidents=[api.IncidentData(status="Suspicious", comment="A phone")]
    )
    page = text(reviewing.get(url(attempt)))
    assert "Review 2, Suspicious: new information that came after a decision." in page
    assert "A phone" in page
    assert f'href="{url(attempt)}?review=1#pr-incidents"' in page
    decide(reviewing, attempt, "fail")
    attempt.refresh_from_db()
    assert attempt.current_review == later


@pytest.mark.parametrize(("number", "expected"), [("1", 1), ("2", 2), ("3", 2), ("0", 2), ("x", 2), ("9" * 20, 2)])
def test_an_older_review_is_shown_where_it_is_asked_for(reviewing, attempt, number, expected):
    api.record_review(attempt.attempt_code, "Clean")
    page = reviewing.get(url(attempt), {"review": number}).context["page"]
    assert page.selected.link.number == expected
    assert page.may_dismiss is (expected == 2)


# --- Incidents ---


def dismissal(client, attempt, incident, action, reason="The cat"):
    seen = hidden(client.get(url(attempt)))
    return client.post(url(attempt, "dismissal", incident.pk), {**seen, "change": action, "reason": reason})


def newest(attempt) -> Incident:
    return attempt.reviews.latest("pk").incidents.get(position=0)


def test_an_incident_is_dismissed_and_taken_back(reviewing, attempt):
    assert dismissal(reviewing, attempt, newest(attempt), "dismiss").status_code == 303
    page = text(reviewing.get(url(attempt)))
    assert "The incident is dismissed: it is no longer counted." in page
    assert "not counted: The cat" in page
    assert "<s>&lt;b&gt;webcam&lt;/b&gt;</s>" in page
    attempt.refresh_from_db()
    assert attempt.current_review.suspicious_count == 4
    dismissal(reviewing, attempt, newest(attempt), "restore")
    attempt.refresh_from_db()
    assert attempt.current_review.suspicious_count == 5


def test_after_a_dismissal_one_is_at_the_row_which_says_so(reviewing, attempt):
    answer = dismissal(reviewing, attempt, newest(attempt), "dismiss")
    assert answer.url.endswith("#pr-incident-1")
    page = text(reviewing.get(url(attempt)))
    row = re.search(r'<tr role="row" id="pr-incident-1".*?</tr>', page)
    assert "The incident is dismissed: it is no longer counted." in row[0]
    assert page.count("The incident is dismissed") == 1


def test_dismissed_incidents_are_not_counted_on_their_tab(reviewing, attempt):
    dismissal(reviewing, attempt, newest(attempt), "dismiss")
    tabs = reviewing.get(url(attempt)).context["page"].incidents.tabs
    assert [tab.incidents_text for tab in tabs] == ["1 counted, 1 dismissed", "1", "1", "1"]
    assert [tab.evidence_text for tab in tabs] == ["1 file", "", "", ""]


def test_a_dismissal_without_a_reason_is_refused_where_it_was_asked(reviewing, attempt):
    answer = dismissal(reviewing, attempt, newest(attempt), "dismiss", reason="")
    assert answer.status_code == 400
    assert re.search(r'<details class="pr-folded pr-dismissal" open>.{0,300}Dismiss incident 1', text(answer))
    assert ExamReview.objects.count() == 1


def test_of_two_who_dismiss_the_same_incident_the_second_is_told_and_keeps_the_reason(reviewing, attempt):
    incident, seen = newest(attempt), hidden(reviewing.get(url(attempt)))
    for status in (303, 409):
        answer = reviewing.post(url(attempt, "dismissal", incident.pk), {**seen, "change": "dismiss", "reason": "Mine"})
        assert answer.status_code == status
    assert "Dismissed incident 1 of review 1, which became review 2</bdi>" in text(answer)
    assert ">Mine</textarea>" in text(answer)
    assert ExamReview.objects.count() == 2


def ticked(client, attempt, action, *numbers, reason="Two cats"):
    review = attempt.reviews.latest("pk").pk
    fields = {**hidden(client.get(url(attempt))), "change": action, "reason": reason, "incident": numbers}
    return client.post(url(attempt, "dismissals", review), fields)


def test_ticked_incidents_are_dismissed_with_one_reason_and_taken_back(reviewing, attempt):
    answer = ticked(reviewing, attempt, "dismiss", 1, 3)
    assert answer.url.endswith("#pr-ticked")
    page = text(reviewing.get(answer.url))
    assert page.count("2 incidents are dismissed: they are no longer counted.") == 1
    assert page.count("not counted: Two cats") == 2
    assert "Dismissed 2 incidents of review 1, which became review 2." in page
    assert "Dismiss the ticked incidents, or count them again" in page
    answer = ticked(reviewing, attempt, "restore", 1, 3)
    assert "2 incidents count again." in text(reviewing.get(answer.url))
    attempt.refresh_from_db()
    assert attempt.current_review.suspicious_count == 5


def test_what_was_ticked_and_written_is_there_again_if_it_is_refused(reviewing, attempt):
    dismissal(reviewing, attempt, newest(attempt), "dismiss")
    answer = ticked(reviewing, attempt, "dismiss", 1, 2)
    page = text(answer)
    assert answer.status_code == 409
    assert "Incident 1 has been dismissed already." in page
    assert ">Two cats</textarea>" in page
    assert [re.search(rf'value="{number}" (checked )?aria', page)[1] for number in (1, 2, 3)] == ["checked "] * 2 + [
        None
    ]
    assert ExamReview.objects.count() == 2


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [({"reason": ""}, "Please give a reason."), ({"incident": []}, "Please tick the incidents first.")],
)
def test_without_a_reason_or_a_tick_nothing_is_dismissed(reviewing, attempt, fields, sentence):
    written = {**hidden(reviewing.get(url(attempt))), "change": "dismiss", "reason": "x", "incident": [1], **fields}
    answer = reviewing.post(url(attempt, "dismissals", attempt.reviews.get().pk), written)
    assert answer.status_code == 400
    assert sentence in text(answer)
    assert ExamReview.objects.count() == 1


def test_ticked_incidents_of_another_session_are_refused(reviewing, attempt):
    other = ExamAttemptFactory(submitted=True)
    fields = {"change": "dismiss", "reason": "x", "incident": [1]}
    assert reviewing.post(url(other, "dismissals", attempt.reviews.get().pk), fields).status_code == 404
    assert ExamReview.objects.count() == 1


def test_who_may_not_decide_is_offered_no_ticks(looking, attempt):
    assert "pr-ticked" not in text(looking.get(url(attempt)))


def test_an_incident_of_another_session_or_an_unknown_word_is_refused(reviewing, attempt):
    other = ExamAttemptFactory(submitted=True)
    incident = newest(attempt)
    assert reviewing.post(url(other, "dismissal", incident.pk), {"change": "dismiss", "reason": "x"}).status_code == 404
    assert reviewing.post(url(attempt, "dismissal", incident.pk), {"change": "x", "reason": "x"}).status_code == 404
    assert ExamReview.objects.count() == 1


# --- Evidence ---


def evidence_url(evidence, user, age=timedelta(0)) -> str:
    token = EVIDENCE_LINK.make_token(evidence, user, now=timezone.now() - age)
    return reverse("proctoring_results:evidence", args=[token])


def is_private(response) -> bool:
    expected = {"Cache-Control": "private, no-store", "Referrer-Policy": "no-referrer"}
    return {name: response.headers.get(name) for name in expected} == expected


def test_the_address_of_evidence_stands_on_no_page_and_its_link_leads_there(reviewing, reviewer, attempt, hosts):
    response = reviewing.get(url(attempt))
    assert "video.example" not in text(response)
    [link] = response.context["page"].incidents.tabs[0].evidence
    [link] = response.context["page"].incidents.tabs[0].evidence
    answer = reviewing.get(link.url, REMOTE_ADDR="192.0.2.7")
    assert (answer.status_code, answer.url) == (302, LINK)
    assert is_private(answer)
    stored = Disclosure.objects.get()
    assert (stored.user, stored.attempt, stored.kind, stored.address) == (reviewer, attempt, "evidence", "192.0.2.7")


def test_evidence_on_another_host_has_no_link_and_says_why(reviewing, reviewer, attempt):
    page = text(reviewing.get(url(attempt)))
    assert "Recording: cannot be opened: host not allowed (video.example)" in page
    evidence = attempt.current_review.evidence.get()
    answer = reviewing.get(evidence_url(evidence, reviewer))
    assert answer.status_code == 403
    assert "video.example, a host that the settings of this site do not allow" in text(answer)
    assert is_private(answer)
    assert not Disclosure.objects.exists()


def test_a_link_that_has_expired_leads_to_a_fresh_one(reviewing, reviewer, attempt, hosts):
    evidence = attempt.current_review.evidence.get()
    answer = reviewing.get(evidence_url(evidence, reviewer, timedelta(seconds=61)))
    assert answer.status_code == 410
    assert is_private(answer)
    fresh = re.search(r'href="(/proctoring/evidence/[^"]+)"', answer.content.decode())[1]
    assert reviewing.get(fresh).url == LINK


def test_all_refused_links_get_one_and_the_same_body(reviewing, reviewer, attempt, hosts):
    evidence, other = attempt.current_review.evidence.get(), person("view_sessions")
    mine = evidence_url(evidence, reviewer)
    answers = [
        reviewing.get(evidence_url(evidence, other)),
        reviewing.get(evidence_url(evidence, reviewer, timedelta(seconds=-30))),
        reviewing.get(mine[:-3] + "AA/"),
        client_of(person()).get(mine),
    ]
    reviewer.user_permissions.clear()
    answers.append(reviewing.get(mine))
    assert {answer.status_code for answer in answers} == {403}
    assert len({answer.content for answer in answers}) == 1
    assert all(is_private(answer) for answer in answers)
    assert not Disclosure.objects.exists()


def test_evidence_whose_key_is_gone_says_so(reviewing, reviewer, hosts):
    evidence = EvidenceFactory(url=b"not ours")
    assert "cannot be opened: the key that encrypted it is gone" in text(reviewing.get(url(evidence.review.attempt)))
    assert reviewing.get(evidence_url(evidence, reviewer)).status_code == 403


@pytest.mark.parametrize("method", ["head", "post", "options"])
def test_only_get_opens_evidence(reviewing, reviewer, attempt, hosts, method):
    answer = getattr(reviewing, method)(evidence_url(attempt.current_review.evidence.get(), reviewer))
    assert answer.status_code == 405
    assert not Disclosure.objects.exists()


@pytest.fixture
def embedding(settings):
    """The provider's host may be shown in the page."""
    provider = {"evidence_hosts": [".video.example"], "embedded_hosts": [".video.example", "cdn.example"]}
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, "PROVIDERS": {"proctortrack": provider}}


def recorded(address: str, **more) -> ExamAttempt:
    """A session with a recording of it, and something that was seen after ten minutes."""
    attempt = ExamAttemptFactory(submitted=True)
    seen = api.IncidentData(status="Suspicious", comment="A phone", kind="webcam", start=600.5, stop=630)
    piece = api.EvidenceData(kind="video", url=address, **more)
    api.record_review(attempt.attempt_code, "Suspicious", incidents=[seen], evidence=[piece])
    return attempt


def test_evidence_is_not_shown_in_the_page_unless_the_settings_say_so(reviewing, hosts, attempt):
    answer = reviewing.get(url(attempt), {"show": "1"})
    assert answer.context["page"].incidents.viewer is None
    assert "video.example" not in answer["Content-Security-Policy"]
    assert "data-pr-show" not in text(answer)


ELEMENTS = [
    ("https://video.example/a.mp4?x=1", '<video src="%s" controls'),
    ("https://video.example/a.jpeg", '<img src="%s" alt="Recording"'),
    ("https://video.example/watch/7", '<iframe src="%s" title="Recording" sandbox="allow-scripts allow-same-origin"'),
]


@pytest.mark.parametrize(("address", "element"), ELEMENTS)
def test_evidence_is_shown_in_the_page_and_recorded_when_the_browser_loads_it(reviewing, embedding, address, element):
    attempt = recorded(address)
    page = text(reviewing.get(url(attempt)))
    assert f'<a href="{url(attempt)}?show=1#pr-viewer" data-pr-show>Recording</a>' in page
    assert "pr-viewer-heading" not in page
    answer = reviewing.get(url(attempt), {"show": "1"})
    viewer = answer.context["page"].incidents.viewer
    assert element % viewer.url in text(answer)
    assert "video.example" not in text(answer)
    assert not Disclosure.objects.exists()
    evidence = reviewing.get(viewer.url)
    assert (evidence.url, evidence["X-Frame-Options"]) == (address, "SAMEORIGIN")
    assert Disclosure.objects.get().attempt == attempt


def test_the_policy_of_that_page_alone_admits_the_hosts_that_are_shown(reviewing, embedding, attempt):
    policy = reviewing.get(url(attempt))["Content-Security-Policy"].split("; ")
    hosts = "video.example:* *.video.example:* cdn.example:*"
    assert f"frame-src 'self' {hosts}" in policy
    assert f"media-src 'self' {hosts}" in policy
    assert f"img-src 'self' data: {hosts}" in policy
    assert "default-src 'none'" in policy
    sessions = reviewing.get(reverse("proctoring_results:sessions", args=[attempt.exam.course_id]))
    assert "video.example" not in sessions["Content-Security-Policy"]


def test_a_site_without_a_policy_of_ours_gets_none(reviewing, embedding, attempt, settings):
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, "CONTENT_SECURITY_POLICY": ""}
    assert "Content-Security-Policy" not in reviewing.get(url(attempt)).headers


def test_a_host_is_shown_only_if_it_may_be_opened(reviewing, embedding):
    attempt = recorded("https://cdn.example/a.mp4")
    answer = reviewing.get(url(attempt), {"show": "1"})
    assert answer.context["page"].incidents.viewer is None
    assert "cannot be opened: host not allowed (cdn.example)" in text(answer)


def test_an_incident_leads_to_its_second_of_the_recording(reviewing, embedding):
    attempt = recorded("https://video.example/a.mp4")
    [row] = reviewing.get(url(attempt)).context["page"].incidents.tabs[0].incidents
    assert row.at_second.url == f"{url(attempt)}?show=1&second=600#pr-viewer"
    viewer = reviewing.get(row.at_second.url).context["page"].incidents.viewer
    assert viewer.url.endswith("/#t=600")


def test_where_it_is_not_shown_in_the_page_the_link_to_the_recording_has_the_second(reviewing, hosts):
    attempt = recorded("https://video.example/a.mp4")
    [row] = reviewing.get(url(attempt)).context["page"].incidents.tabs[0].incidents
    assert row.at_second.url.endswith("/#t=600")
    assert reviewing.get(row.at_second.url).url == "https://video.example/a.mp4"


@pytest.mark.parametrize(
    ("start", "stop", "second"), [(500, 700, 100), (500, None, 100), (None, 700, 600), (0, 600, None), (601, 700, None)]
)
def test_a_recording_of_a_part_is_entered_at_its_own_second_or_not_at_all(reviewing, hosts, start, stop, second):
    attempt = recorded("https://video.example/a.mp4", start=start, stop=stop)
    [row] = reviewing.get(url(attempt)).context["page"].incidents.tabs[0].incidents
    assert (row.at_second.url.rpartition("#t=")[2] if row.at_second else None) == (second and str(second))


def test_after_a_dismissal_the_recording_is_still_there(reviewing, embedding):
    attempt = recorded("https://video.example/a.mp4")
    answer = reviewing.get(url(attempt), {"show": "1", "second": "600"})
    action = f"{url(attempt, 'dismissal', newest(attempt).pk)}{answer.context['page'].place.query}"
    page = reviewing.get(reviewing.post(action, {**hidden(answer), "change": "dismiss", "reason": "x"}).url)
    assert page.context["page"].incidents.viewer.url.endswith("/#t=600")


@pytest.mark.parametrize("show", ["0", "2", "x", "-1", "9" * 30, ""])
def test_what_no_page_of_ours_asks_to_be_shown_is_not(reviewing, embedding, show):
    attempt = recorded("https://video.example/a.mp4")
    assert reviewing.get(url(attempt), {"show": show}).context["page"].incidents.viewer is None


def test_evidence_whose_key_is_gone_is_not_shown(reviewing, embedding):
    evidence = EvidenceFactory(url=b"not ours")
    answer = reviewing.get(url(evidence.review.attempt), {"show": "1"})
    assert answer.context["page"].incidents.viewer is None


# --- Export ---


def test_who_lacks_the_permission_to_export_is_told_whom_to_ask_instead(looking, reviewing, attempt):
    page = text(looking.get(url(attempt)))
    assert "Your account may not export the data of the exam sessions of this course. Ask" in page
    assert "/export/" not in page
    assert "/export/" in text(reviewing.get(url(attempt)))


def test_nobody_is_offered_the_case_file_about_themselves():
    own = ExamAttemptFactory(submitted=True, user=person("view_sessions", "export_session"))
    assert "/export/" not in text(client_of(own.user).get(url(own)))


# --- Queries, and the drawing ---


@pytest.mark.parametrize("view", ["next_session", "evidence"])
def test_each_view_beside_it_asks_as_many_queries_however_much_there_is(reviewing, reviewer, attempt, hosts, view):
    link = evidence_url(attempt.current_review.evidence.get(), reviewer)

    def count_queries() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert reviewing.get(link if view == "evidence" else url(attempt, view)).status_code == 302
        return len(queries)

    counts = []
    for number in (3, 57):
        for _ in range(number):
            ExamAttemptFactory(submitted=True, exam=attempt.exam, status="second_review_required")
            ExamAttemptFactory(user=attempt.user, exam=attempt.exam, archived=True)
            api.record_review(attempt.attempt_code, "Suspicious", incidents=SOME, evidence=[PIECE])
        counts.append(count_queries())
    assert counts[0] == counts[1] < 20


def test_the_page_asks_as_many_queries_however_much_there_is(reviewing, attempt, hosts):
    def count_queries() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert reviewing.get(url(attempt)).status_code == 200
        return len(queries)

    decide(reviewing, attempt, "fail")
    before = count_queries()
    incidents = [api.IncidentData(status="Suspicious", comment="x")] * 30
    evidence = [api.EvidenceData(kind="video", url=LINK)] * 30
    for _ in range(5):
        api.record_review(attempt.attempt_code, "Suspicious", incidents=incidents, evidence=evidence)
        decide(reviewing, attempt, "pass")
        ExamAttemptFactory(user=attempt.user, exam=attempt.exam, archived=True)
    dismissal(reviewing, attempt, newest(attempt), "dismiss")
    assert count_queries() == before < 20


MANY = 1_000
SENTENCE = "A second person is seen beside the learner, who looks at them. " * 3


@pytest.fixture
def crowded():
    """With as many incidents as a review may have, each with a comment of three sentences and a picture."""
    attempt = ExamAttemptFactory(submitted=True)
    incidents = [
        api.IncidentData(
            status=("Suspicious", "Rules Violation")[number % 2],
            comment=SENTENCE,
            kind=("webcam", "desktop", "id")[number % 3],
            start=number,
            stop=number + 5,
            evidence=(api.EvidenceData(kind="screenshot", url=LINK),),
        )
        for number in range(MANY)
    ]
    api.record_review(attempt.attempt_code, "Suspicious", incidents=incidents)
    return attempt


def test_a_page_with_a_thousand_incidents_is_small(reviewing, hosts, crowded):
    with CaptureQueriesContext(connection) as queries:
        response = reviewing.get(url(crowded))
    assert len(queries) < 20
    assert len(response.content) < 150_000
    assert response.content.count(b"<a ") + response.content.count(b"<summary") < 250


def test_incidents_stand_on_pages_of_25_and_each_tab_leads_to_its_beginning(reviewing, hosts, crowded):
    first = reviewing.get(url(crowded)).context["page"]
    assert [len(tab.incidents) for tab in first.incidents.tabs] == [25, 0, 0, 0]
    assert [tab.incidents_text for tab in first.incidents.tabs] == ["334", "333", "333", "0"]
    second = reviewing.get(first.incidents.tabs[1].url).context["page"]
    assert second.incidents.tabs[1].incidents[0].number == 2
    assert "The incidents of this part are on another page." in text(reviewing.get(url(crowded)))


def test_many_marks_are_drawn_as_groups_that_lead_to_their_first_incident(reviewing, hosts, crowded):
    marks = reviewing.get(url(crowded)).context["page"].incidents.tabs[0].marks
    assert len(marks) <= 25
    assert marks[-1].name == "10 incidents that begin from 16:12 to 16:39"
    assert [mark.tone for mark in marks[-1].marks] == ["bad", "warn"]
    page = reviewing.get(marks[-1].url)
    assert f'id="{marks[-1].url.partition("#")[2]}"' in text(page)


def test_an_incident_without_a_label_says_so(reviewing, attempt):
    incident = api.IncidentData(comment="A voice", start=5, stop=9)
    api.record_review(attempt.attempt_code, "Suspicious", incidents=[incident])
    page = text(reviewing.get(url(attempt)))
    assert "Incident 1, not labelled, 0:05–0:09" in page


def test_the_bar_of_a_stretch_is_as_high_as_its_incidents_are_many_the_most_serious_at_its_foot():
    incidents = [Incident(status="Suspicious", start=0), *(Incident(status="Rules Violation", start=0),) * 27]
    incidents += [Incident(status="Suspicious", start=600)] * 7
    crowd, quiet = marks_of(incidents, 600)
    assert [(mark.y, mark.height, mark.tone) for mark in crowd.marks] == [(27, 1, "bad"), (0, 27, "warn")]
    assert [(mark.y, mark.height, mark.tone) for mark in quiet.marks] == [(21, 7, "bad")]
    assert (len(crowd.incidents), len(quiet.incidents)) == (28, 7)


@pytest.mark.parametrize("comment", ["word " * 2_000, "x" * 10_000, "line\n" * 7])
def test_a_long_comment_is_folded_and_nothing_of_it_is_lost(comment):
    cut = folded(comment)
    assert 0 < len(cut.beginning) <= 360
    assert "".join((cut.beginning + cut.rest).split()) == "".join(comment.split())


def test_a_short_comment_is_not_folded():
    assert folded("A phone.\n" * 6).rest == ""


@pytest.mark.parametrize(
    ("start", "stop", "place"),
    [(0, 60, (0, 100)), (300, 600, (500, 500)), (600, None, (990, 10)), (None, 30, (50, 10)), (9, 3, (5, 10))],
)
def test_a_mark_stands_where_the_incident_was(start, stop, place):
    mark = mark_of(Incident(status="Suspicious", start=start, stop=stop), 600)
    assert (mark.x, mark.width, mark.tone) == (*place, "bad")


def test_an_incident_without_a_moment_is_not_drawn():
    assert mark_of(Incident(status="Suspicious"), 600) is None


def test_the_recording_is_as_long_as_the_exam_or_as_its_last_incident():
    attempt = ExamAttemptFactory(submitted=True)
    assert length_of(attempt, []) == 45 * 60
    assert length_of(attempt, [Incident(start=5000, stop=None)]) == 5000
    assert length_of(ExamAttemptFactory(), []) == 1


def test_moments_are_read_as_a_clock():
    assert (span(5, 65.9), span(3600, 3909), span(None, 1), span(None, None)) == (
        "0:05–1:05",
        "1:00:00–1:05:09",
        "0:01",
        "",
    )


def test_the_course_of_the_page_is_the_attempts(looking, attempt):
    assert looking.get(url(attempt)).context["course_id"] == COURSE
