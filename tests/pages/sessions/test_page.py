"""Sessions: what stands there, how it is found, and Pass for a selection; and who may see it and the Quiz List."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from proctoring_results import api, crypto
from proctoring_results.models import ExamAttempt, SessionLook
from proctoring_results.pages._shared.search import LEARNERS, SESSIONS, make_token
from tests.factories import COURSE, ExamAttemptFactory, ExamReviewFactory, ProctoredExamFactory, UserFactory
from tests.pages.conftest import client_of, person, text


@pytest.fixture
def exam():
    return ProctoredExamFactory(exam_name="Final", content_id="exam@final")


def url(name="sessions", **filters) -> str:
    address = reverse(f"proctoring_results:{name}", args=[COURSE])
    return f"{address}?{urlencode(filters)}" if filters else address


def submitted(exam, name="", **fields):
    if name:
        fields["user"] = UserFactory(username=name)
    return ExamAttemptFactory(submitted=True, exam=exam, **fields)


def flagged(exam, name="", **fields):
    return submitted(exam, name, status="second_review_required", **fields)


def listed(response) -> list[ExamAttempt]:
    return [row.attempt for row in response.context["page"].list.rows]


def counts(response) -> dict[str, str]:
    return {tab.name: tab.count for tab in response.context["page"].tabs}


# --- Who comes in ---

PAGES = ("quiz_list", "sessions")


@pytest.mark.parametrize("name", PAGES)
def test_a_stranger_signs_in_and_comes_back(name):
    response = Client().get(url(name))
    assert response.status_code == 302
    assert "special-exams" in response.url


@pytest.mark.parametrize("name", PAGES)
def test_without_any_permission_nothing_is_named(name):
    response = client_of(person()).get(url(name))
    assert response.status_code == 403
    assert "view_sessions" not in text(response)


@pytest.mark.parametrize("name", PAGES)
def test_somebody_of_the_course_reads_which_permission_is_missing_and_whom_to_ask(name):
    response = client_of(person("view_reports")).get(url(name))
    assert response.status_code == 403
    assert "Your account may not look at the exam sessions of this course." in text(response)
    assert "<code>proctoring_results.view_sessions</code>" in text(response)
    assert "Ask the exam office." in text(response)


@pytest.mark.parametrize("name", ["search_sessions", "pass_sessions"])
def test_what_is_posted_needs_the_permission_too(exam, name):
    attempt = flagged(exam)
    answer = client_of(person("view_reports")).post(url(name), {"attempt": attempt.attempt_code, "reason": "x"})
    assert answer.status_code == 403
    assert not attempt.changes.exists()


def test_passing_needs_the_permission_to_decide(looking, exam):
    attempt = flagged(exam)
    answer = looking.post(url("pass_sessions"), {"attempt": attempt.attempt_code, "reason": "x"})
    assert answer.status_code == 403
    assert not attempt.changes.exists()


@pytest.mark.parametrize("name", ["search_sessions", "pass_sessions"])
def test_without_a_post_buttons_lead_to_the_list(reviewing, name):
    answer = reviewing.get(url(name))
    assert (answer.status_code, answer.url) == (303, url())


def test_the_pages_are_kept_by_nobody_and_carry_the_policy(looking):
    response = looking.get(url())
    assert "no-store" in response.headers["Cache-Control"]
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]


# --- Sessions ---


def test_first_one_sees_what_requires_attention_with_its_reasons(looking, exam):
    attempt = submitted(exam)
    api.record_review(attempt.attempt_code, "Clean", incidents=[api.IncidentData(status="Suspicious", comment="x")])
    submitted(exam)
    response = looking.get(url())
    assert listed(response) == [attempt]
    assert "the review is Clean, and yet an incident is marked Suspicious" in text(response)


def test_an_open_appeal_says_by_when_it_has_to_be_answered(looking, exam):
    due_at = timezone.now() + timedelta(days=3)
    attempt = submitted(exam, status="rejected", attention_since=timezone.now(), appeal_due_at=due_at)
    page = text(looking.get(url()))
    assert "under 1 hour" in page
    assert f'Appeal: answer by <time datetime="{due_at:%Y-%m-%dT%H:%M:%SZ}"' in page
    assert '<strong class="pr-waited" > Appeal' in page
    ExamAttempt.objects.filter(pk=attempt.pk).update(appeal_due_at=timezone.now() - timedelta(days=1))
    assert '<strong class="pr-waited" data-pr-tone="bad"> Appeal' in text(looking.get(url()))


def test_a_session_opens_in_a_tab_of_its_own(looking, exam):
    attempt = submitted(exam, "ada")
    page = text(looking.get(url(tab="all")))
    address = reverse("proctoring_results:session", args=[attempt.attempt_code])
    link = f'<a href="{address}?list=all" target="_blank" rel="noopener" id="pr-session-{attempt.pk}">'
    assert f"{link}<bdi>ada</bdi></a>" in page


def test_a_learners_attempts_stand_together(looking, exam):
    first = submitted(exam, status="rejected", archived=True)
    later = submitted(exam, user=first.user)
    page = text(looking.get(url(tab="all")))
    assert "1 more attempt <" in page
    address = reverse("proctoring_results:session", args=[first.attempt_code])
    assert f'href="{address}" target="_blank" rel="noopener">Attempt 1: Failed, archived</a>' in page
    assert listed(looking.get(url(tab="all"))) == [later]


def test_filters_stand_in_the_address(looking, exam):
    attempt = submitted(exam, status="verified", started_at=datetime(2026, 5, 1, 12, tzinfo=UTC))
    attempt.current_review = ExamReviewFactory(attempt=attempt, review_status="Rules Violation")
    attempt.save()
    submitted(exam)
    filters = {"exam": "exam@final", "status": "verified", "review_status": "Rules Violation", "since": "2026-05-01"}
    response = looking.get(url(tab="decided", **filters, until="2026-05-01", archived="with"))
    assert listed(response) == [attempt]


def test_what_is_filtered_by_is_said_in_words(looking, exam):
    page = text(looking.get(url(exam="exam@final", status="verified", since="2026-05-01", archived="with")))
    assert "Sessions of Final" in page
    for label in ("Status: Passed (verified)", "Started from: 1 May 2026", "Archived: With archived"):
        assert f'">{label}<span aria-hidden="true"> ×</span>' in page


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("exam", "unknown"),
        ("exam", "\0"),
        ("status", "done"),
        ("review_status", "clean"),
        ("since", "1.5.2026"),
        ("until", "2026-02-30"),
        ("archived", "x"),
    ],
)
def test_a_filter_that_is_none_is_refused_at_its_field_and_nothing_is_listed(looking, exam, field, value):
    submitted(exam)
    response = looking.get(url(**{field: value}))
    assert response.status_code == 400
    assert list(response.context["page"].form.errors) == [field]
    assert response.context["page"].list is None
    assert 'class="pr-problem"' in text(response)


@pytest.mark.parametrize(
    ("number", "expected"), [("2", 2), ("99", 2), ("0", 1), ("-1", 1), ("x", 1), ("9" * 30, 2), ("٣", 1)]
)
def test_a_list_has_pages_and_keeps_the_filters(looking, exam, settings, number, expected):
    settings.PROCTORING_RESULTS = {"PAGE_SIZE": 2}
    for _ in range(3):
        flagged(exam)
    pager = looking.get(url(exam="exam@final", page=number)).context["page"].list.pager
    assert (pager.number, pager.pages) == (expected, 2)
    assert pager.next == ("?tab=attention&exam=exam%40final&page=2" if expected == 1 else "")


# --- Search ---


def search(client, text, **filters):
    return client.post(url("search_sessions"), {"search": text, "filters": urlencode(filters)})


def test_what_is_searched_for_stands_in_no_address_and_can_be_cleared(looking, exam):
    ada, bob = submitted(exam, "ada"), submitted(exam, "bob")
    answer = search(looking, " ada ", tab="all", exam="exam@final")
    assert answer.status_code == 303
    assert answer.url.startswith(f"{url(tab='all', exam='exam@final')}&search=")
    assert "ada" not in answer.url
    response = looking.get(answer.url)
    assert listed(response) == [ada]
    assert "Searching for “ada”" in text(response)
    assert response.context["page"].unsearched == "?tab=all&exam=exam%40final"
    assert listed(looking.get(url(tab="all", exam="exam@final"))) == [bob, ada]


def test_nothing_of_a_search_is_kept_in_the_sign_in_session(looking, exam):
    before = dict(looking.session.items())
    looking.get(search(looking, "ada").url)
    assert dict(looking.session.items()) == before


def test_another_list_is_not_searched(looking, exam):
    search(looking, "nobody")
    attempt = flagged(exam)
    assert listed(looking.get(url(exam="exam@final"))) == [attempt]


def test_pages_filters_and_pass_keep_the_search(reviewing, exam, settings):
    settings.PROCTORING_RESULTS = {"PAGE_SIZE": 1}
    for _ in range(2):
        flagged(exam)
    address = search(reviewing, "learner", tab="attention", exam="exam@final").url
    token = parse_qs(urlsplit(address).query)["search"][0]
    response = reviewing.get(address)
    following = parse_qs(response.context["page"].list.pager.next[1:])
    assert following == {"tab": ["attention"], "exam": ["exam@final"], "search": [token], "page": ["2"]}
    assert text(response).count(f'<input type="hidden" name="search" value="{token}">') == 1
    filters = response.context["page"].filters
    assert reviewing.post(url("pass_sessions"), {"filters": filters}).url == address


@pytest.mark.parametrize("change", ["another person", "another course", "another page", "altered", "nonsense", "ü"])
def test_a_search_that_is_not_ones_own_is_left_out_and_said_so(looking, exam, change):
    attempt, token = flagged(exam), make_token(SESSIONS, "nobody", looking.user, COURSE)
    match change:
        case "another person":
            token = make_token(SESSIONS, "nobody", UserFactory(), COURSE)
        case "another course":
            token = make_token(SESSIONS, "nobody", looking.user, "another")
        case "another page":
            token = make_token(LEARNERS, "nobody", looking.user, COURSE)
        case "altered":
            token = f"{token[:-6]}AAAA=="
        case other:
            token = other
    response = looking.get(url(search=token))
    assert listed(response) == [attempt]
    assert "belongs to somebody else" in text(response)


def test_what_else_is_encrypted_is_no_search(looking, exam):
    attempt = flagged(exam)
    for secret in ("https://video.example/secret", '{"a": 1}', "7", '["x", "y"]'):
        assert listed(looking.get(url(search=crypto.encrypt(secret).decode()))) == [attempt]


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("a\0b", "The search must not contain"),
        ("x" * 300, "The search must have at most 255 characters."),
        ("learner", "The search matches too many people. Write more of the name."),
    ],
)
def test_a_search_that_cannot_be_made_says_why_and_keeps_what_was_typed(looking, exam, monkeypatch, typed, problem):
    monkeypatch.setattr("proctoring_results.queries.search.MAX_PEOPLE", 0)
    submitted(exam)
    response = looking.get(search(looking, typed).url)
    assert response.status_code == 400
    assert problem in text(response)
    assert 'aria-invalid="true" aria-describedby="pr-search-problem"' in text(response)
    assert response.context["page"].search.text == typed[:256]
    assert response.context["page"].list is None


@pytest.mark.parametrize("filters", ["//evil.example/", "next=https://evil.example/", "x=1&page=3"])
def test_after_the_search_one_is_on_the_list_and_nowhere_else(looking, filters):
    answer = looking.post(url("search_sessions"), {"search": "a", "filters": filters})
    assert answer.url.partition("=")[0] == f"{url()}?search"
    assert looking.post(url("search_sessions"), {"search": " ", "filters": filters}).url == url()


def test_a_narrowed_list_says_how_many_of_all_it_shows(looking, exam):
    for name in ("ana", "bob", "eva"):
        flagged(exam, name)
    flagged(ProctoredExamFactory(), "ana.2")
    response = looking.get(search(looking, "ana", exam="exam@final").url)
    assert counts(response)["attention"] == "1 of 3"
    assert counts(looking.get(url(exam="exam@final")))["attention"] == "3"


def test_filters_that_match_nothing_do_not_say_that_all_is_done(looking, exam):
    flagged(exam)
    page = text(looking.get(url(exam="exam@final", status="verified")))
    assert "No session matches these filters. 1 requires attention." in page
    assert '<a href="?tab=attention&amp;exam=exam%40final">Clear filters</a>' in page
    assert "Nothing requires attention here." not in page


def test_a_list_without_filters_says_that_nothing_requires_attention(looking, exam):
    page = text(looking.get(url(exam="exam@final")))
    assert "Nothing requires attention here." in page
    assert "No session matches" not in page


def test_days_in_the_wrong_order_are_refused_at_the_field_and_kept(looking, exam):
    flagged(exam)
    response = looking.get(url(since="2026-11-01", until="2026-08-01"))
    assert (response.status_code, response.context["page"].list) == (400, None)
    page = text(response)
    assert '<p class="pr-problem" id="pr-filter-until_error">This day is before “Started from”.</p>' in page
    assert 'value="2026-11-01"' in page
    assert 'value="2026-08-01"' in page


# --- Pass for a selection ---


def confirm(client, *attempts, **more):
    return client.post(url("pass_sessions"), {"attempt": [one.attempt_code for one in attempts], **more})


def tokens(response) -> list[str]:
    return [one.token for one in response.context["passable"]]


def test_before_a_selection_is_passed_it_says_what_will_follow(reviewing, exam):
    attempt = flagged(exam, "ada")
    response = confirm(reviewing, attempt)
    assert (
        "The status becomes “Passed (verified)”; now it is “Waiting for your decision (second_review_required)”."
        in text(response)
    )
    assert not attempt.changes.exists()


def test_before_a_selection_is_passed_it_says_what_was_seen_and_groups_what_follows_alike(reviewing, exam):
    one, two = flagged(exam, "ada"), flagged(exam, "bob")
    for attempt in (one, two):
        api.record_review(attempt.attempt_code, "Suspicious", incidents=[api.IncidentData(status="Suspicious")])
    SessionLook.objects.create(attempt=one, user=UserFactory(username="cleo"), at=timezone.now())
    response = confirm(reviewing, one, two)
    [group] = response.context["groups"]
    assert [(row.suspicious, row.lookers) for row in group.sessions] == [(1, ["cleo"]), (1, [])]
    assert "looked at by cleo" in text(response)
    assert text(response).count("What follows for each of them:") == 1


def test_the_address_of_a_list_has_no_empty_parameters(looking):
    answer = looking.get(url(tab="decided", status="", since="", sort="review"))
    assert (answer.status_code, answer.url) == (302, url(tab="decided", sort="review"))


def test_each_filter_can_be_taken_away_alone(looking, exam):
    chips = looking.get(url(tab="all", status="verified", waiting="3")).context["page"].chips
    assert {chip.label: chip.url for chip in chips} == {
        "Status: Passed (verified)": "?tab=all&waiting=3",
        "Waiting for more than (days): 3": "?tab=all&status=verified",
    }


def test_a_selection_is_passed_with_one_reason_each_on_its_own(reviewing, reviewer, exam):
    attempts = [flagged(exam), flagged(exam)]
    page = confirm(reviewing, *attempts)
    fields = {"attempt": tokens(page), "reason": "Seen both", "category": "other"}
    response = reviewing.post(url("pass_sessions"), fields)
    assert text(response).count("Passed.") == 2
    for attempt in attempts:
        change = attempt.changes.get()
        assert (change.to_status, change.by) == ("verified", reviewer)
        assert (change.reason, change.category) == ("Seen both", "other")


def test_of_a_selection_one_that_has_changed_meanwhile_is_not_passed(reviewing, exam):
    fine, changed = flagged(exam), flagged(exam, "ada")
    page = confirm(reviewing, fine, changed)
    api.record_review(changed.attempt_code, "Suspicious")
    response = reviewing.post(url("pass_sessions"), {"attempt": tokens(page), "reason": "x"})
    assert "The attempt has changed since you looked at it." in text(response)
    assert (fine.changes.count(), changed.changes.filter(source="person").count()) == (1, 0)


@pytest.mark.parametrize("reason", ["", "  ", "\0"])
def test_without_a_reason_nothing_is_passed_and_the_page_stays(reviewing, exam, reason):
    attempt = flagged(exam)
    page = confirm(reviewing, attempt)
    fields = {"attempt": tokens(page), "reason": reason, "category": "other"}
    response = reviewing.post(url("pass_sessions"), fields)
    assert response.status_code == 400
    assert '<option value="other" selected>' in text(response)
    assert 'aria-invalid="true"' in text(response)
    assert tokens(response) == tokens(page)
    assert not attempt.changes.exists()


def test_what_cannot_be_passed_is_named_with_the_reason(reviewing, exam, settings):
    rpnow = ProctoredExamFactory(provider="rpnow")
    attempts = [submitted(exam, status="verified"), flagged(exam, archived=True), flagged(rpnow)]
    response = confirm(reviewing, *attempts)
    assert response.context["passable"] == []
    page = text(response)
    assert "It is passed already." in page
    assert "archived" in page
    assert "Second reviews are done by rpnow." in page


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"exam__provider": "rpnow"}, "Second reviews are done by rpnow."),
        ({"status": "verified"}, "It is passed already."),
        ({"status": "started"}, "The exam is not over yet; there is nothing to decide."),
    ],
    ids=["second reviews by the provider", "passed", "not over"],
)
def test_what_cannot_be_passed_is_refused_when_it_is_posted_too(reviewing, exam, fields, problem):
    fine, other = flagged(exam), ExamAttemptFactory(submitted=True, **fields)
    before = other.status
    selection = [f"{attempt.attempt_code}::" for attempt in (other, fine)]
    response = reviewing.post(url("pass_sessions"), {"attempt": selection, "reason": "x"})
    assert problem in text(response)
    other.refresh_from_db()
    assert (other.status, other.changes.count(), fine.changes.count()) == (before, 0, 1)


def test_a_passed_session_that_requires_attention_can_be_passed_again(reviewing, exam):
    attempt = submitted(exam, status="verified", attention_since=timezone.now())
    assert tokens(confirm(reviewing, attempt))


def test_sessions_of_another_course_are_not_passed_from_here(exam):
    other = flagged(ProctoredExamFactory(course_id="another"))
    client = client_of(person("view_sessions", "decide_attempt"))
    assert confirm(client, other).context["passable"] == []
    assert client.post(url("pass_sessions"), {"attempt": other.attempt_code, "reason": "x"}).status_code == 404
    assert not other.changes.exists()


@pytest.mark.parametrize("number", [0, 51])
def test_no_session_or_too_many_lead_back_to_the_list(reviewing, number):
    answer = reviewing.post(
        url("pass_sessions"), {"attempt": [f"x{one}" for one in range(number)], "filters": "status=submitted"}
    )
    assert (answer.status_code, answer.url) == (303, url(status="submitted"))
    assert "Choose the sessions first, at most 50." in text(reviewing.get(answer.url))


@pytest.mark.parametrize("token", ["", "a:b", "a:1", "x" * 65, "a:1:2:3", "a\0:1:2"])
def test_a_selection_that_names_no_session_is_refused(reviewing, token):
    assert reviewing.post(url("pass_sessions"), {"attempt": token, "reason": "x"}).status_code == 404


def test_who_may_not_decide_is_offered_nothing_to_tick_and_told_whom_to_ask(looking, exam):
    flagged(exam)
    page = text(looking.get(url()))
    assert 'type="checkbox"' not in page
    assert "Your account may not decide Pass or Fail in this course. Ask the exam office." in page
    assert "Missing permission: <code>proctoring_results.decide_attempt</code>" in page


def test_sessions_whose_provider_reviews_again_are_not_offered_to_tick(reviewing):
    flagged(ProctoredExamFactory(provider="rpnow"))
    page = text(reviewing.get(url()))
    assert 'type="checkbox"' not in page
    assert "rpnow does its second reviews itself" in page


def test_of_another_providers_second_reviews_the_list_of_an_exam_says_nothing(reviewing, exam):
    ProctoredExamFactory(provider="rpnow")
    assert "rpnow does its second" not in text(reviewing.get(url(exam="exam@final")))


# --- Queries ---


def test_the_page_before_a_selection_is_passed_asks_as_many_queries_however_long_it_is(reviewing, exam):
    counts = []
    for number in (3, 47):
        for _ in range(number):
            attempt = flagged(exam)
            api.record_review(attempt.attempt_code, "Suspicious")
        with CaptureQueriesContext(connection) as queries:
            assert len(confirm(reviewing, *ExamAttempt.objects.all()).context["passable"]) >= number
        counts.append(len(queries))
    assert counts[0] == counts[1] < 20


@pytest.mark.parametrize("name", PAGES)
def test_each_page_asks_as_many_queries_however_much_there_is(reviewing, exam, name):
    counts = []
    for number in (3, 57):
        for _ in range(number):
            attempt = flagged(exam)
            attempt.current_review = ExamReviewFactory(attempt=attempt, review_status="Suspicious")
            attempt.save()
            submitted(exam, user=attempt.user, last_activity_at=timezone.now() - timedelta(days=1))
            ProctoredExamFactory()
        with CaptureQueriesContext(connection) as queries:
            assert reviewing.get(url(name)).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] < 20
