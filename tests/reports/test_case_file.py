"""The case file of a session: complete, to be read by people and programs, and to be checked by anybody."""

import csv
import hashlib
import io
import json
import shutil
import subprocess
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from django.utils import timezone

from proctoring_results import api
from proctoring_results.choices import PictureProblem
from proctoring_results.models import ExamRules, ReportDownload, SessionLook, TeamNote
from proctoring_results.providers.pictures import Picture
from proctoring_results.reports.case_file import pictures
from proctoring_results.reports.case_file.data import SCHEMA_VERSION
from tests.factories import (
    EvidenceFactory,
    ExamAttemptFactory,
    ExamReviewFactory,
    IncidentFactory,
    ProctoredExamFactory,
    UserFactory,
)
from tests.fakes import PNG
from tests.reports.case_files import PURPOSE, FakeService, entries, exported, unpacked, written
from tests.test_docs import first_column

pytestmark = [pytest.mark.django_db, pytest.mark.database]

GOLDEN = Path(__file__).parent / "golden" / "case_file_SHA256SUMS"
NOON = datetime(2026, 5, 2, 12, tzinfo=UTC)
SCREEN, SCAN, VIDEO = (f"https://pictures.example/{name}" for name in ("screen", "room", "video"))
SHOT = Picture("image/png", PNG)


@pytest.fixture
def service(monkeypatch):
    service = FakeService()
    monkeypatch.setattr(pictures, "fetch_picture", service.fetch_picture)
    return service


@pytest.fixture
def decider():
    return UserFactory(admin=True, username="dee", first_name="Dee", last_name="Cider")


@pytest.fixture
def attempt(decider):
    """Handed in, reviewed with evidence, one incident dismissed, decided; evidence was opened."""
    exam = ProctoredExamFactory(course_id="course-1", content_id="final", exam_name="Final", time_limit_mins=60)
    with time_machine.travel(NOON, tick=False) as clock:
        attempt = ExamAttemptFactory(
            exam=exam,
            user=UserFactory(username="ada", first_name="Ada", last_name="Lovelace", email="ada@example.com"),
            attempt_code="CODE-1",
            external_id="ext-1",
            started_at=NOON - timedelta(hours=1),
            completed_at=NOON,
            allowed_time_limit_mins=75,
            extra_time_mins=15,
            status="submitted",
            exam_rules=ExamRules.objects.create(
                exam=exam, digest="d", review_policy="Closed book", rules={"allow_notes": False, "calculator": "simple"}
            ),
        )
        incidents = [
            api.IncidentData(
                status="Suspicious",
                comment="A second person\nis there",
                kind="webcam",
                start=63,
                stop=70,
                severity="high",
            ),
            api.IncidentData(status="Rules Violation", comment="=cmd()", kind="desktop", start=90),
        ]
        evidence = [
            api.EvidenceData(kind="video", url=VIDEO),
            api.EvidenceData(kind="screenshot", url=SCREEN, start=63),
            api.EvidenceData(kind="room", url=SCAN),
        ]
        review = api.record_review(
            attempt.attempt_code, "Suspicious", incidents=incidents, evidence=evidence, raw_data={"of": "the service"}
        )
        clock.shift(60)
        dismissed = review.incidents.get(position=1)
        api.dismiss_incident(dismissed.pk, by=decider, reason="Own notes were allowed")
        clock.shift(60)
        api.fail_attempt(
            attempt.attempt_code, by=decider, reason="Somebody helped <b>", category="reading_to_another_person"
        )
    attempt.refresh_from_db()
    return attempt


@pytest.fixture
def office():
    return UserFactory(username="office", first_name="Olga", last_name="Office")


@pytest.fixture
def files(attempt, office, service):
    """The entries of its case file, with one picture."""
    service.pictures[SCREEN] = SHOT
    with time_machine.travel(NOON + timedelta(days=1), tick=False):
        return entries(attempt, by=office)


def table(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


# --- What is in it ---


def test_it_has_what_people_programs_and_spreadsheets_read(files):
    tables = "appeals.csv decisions.csv incidents.csv who_looked.csv"
    assert sorted(files) == sorted(f"README.txt SHA256SUMS case.html case.json pictures/001.png {tables}".split())


def test_the_page_has_all_that_a_board_needs(files):
    page = files["case.html"].decode()
    for text in (
        "Ada Lovelace", "ada@example.com", "Final", PURPOSE, "Olga Office (office)", "3 May 2026, 12:00:00 UTC",
        "75 minutes", "15 minutes", "A second person", "1:03–1:10", "<td >high</td>", "Own notes were allowed",
        "Somebody helped &lt;b&gt;", "Reading to another person", "Dee Cider (dee)", "Failed", "Closed book",
        "Allow notes", "Recordings are not copied", "Requested a case file", "sha256sum -c SHA256SUMS",
    ):  # fmt: skip
        assert text in page, text


def test_the_page_needs_neither_scripts_nor_other_files(files):
    page = files["case.html"].decode()
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "")
    assert page.count('src="data:image/png;base64,') == 1
    assert "default-src &#x27;none&#x27;" in page or "default-src 'none'" in page


def test_no_address_of_evidence_is_in_it(files):
    assert b"pictures.example" not in b"".join(files.values())


def test_decisions_are_a_table_with_their_reasons(files):
    (decision,) = table(files["decisions.csv"])
    assert decision == {
        "decided_at": "2026-05-02T12:02:00Z", "decided_by": "dee", "decided_via": "person",
        "from_status": "second_review_required", "to_status": "rejected", "review": decision["review"],
        "reason": "Somebody helped <b>", "category": "reading_to_another_person",
    }  # fmt: skip


def test_incidents_of_all_reviews_are_a_table_that_no_spreadsheet_runs(files):
    rows = table(files["incidents.csv"])
    assert [(row["review"], row["incident"]) for row in rows] == [("1", "1"), ("1", "2"), ("2", "1"), ("2", "2")]
    assert {row["comment"] for row in rows if row["incident"] == "2"} == {"'=cmd()"}
    assert [row["severity"] for row in rows] == ["high", "", "high", ""]
    assert rows[3]["dismissal_reason"] == "Own notes were allowed"
    assert files["incidents.csv"].endswith(b"\r\n")


@pytest.fixture
def appealed(attempt, settings):
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, "APPEAL_DAYS": 14, "APPEAL_ANSWER_DAYS": 7}
    with time_machine.travel(NOON + timedelta(hours=1), tick=False):
        api.appeal(attempt.attempt_code, by=attempt.user, text="=It was my <i>cat</i>")
    return attempt


def answer(attempt):
    with time_machine.travel(NOON + timedelta(hours=2), tick=False):
        api.pass_attempt(attempt.attempt_code, by=UserFactory(admin=True, username="eve"), reason="A cat indeed")


def test_an_open_appeal_is_in_it_with_its_text_and_deadline(appealed, service):
    with time_machine.travel(NOON + timedelta(hours=1), tick=False):
        files = entries(appealed)
    (row,) = table(files["appeals.csv"])
    assert row == {
        "appealed_at": "2026-05-02T13:00:00Z", "text": "'=It was my <i>cat</i>",
        "answer_due_at": "2026-05-09T23:59:59Z", "decided_at": "2026-05-02T12:02:00Z",
        "answered_at": "", "answered_by": "", "status_after": "", "answer_reason": "",
    }  # fmt: skip
    (appeal,) = json.loads(files["case.json"])["appeals"]
    assert (appeal["text"], appeal["answered_at"]) == ("=It was my <i>cat</i>", None)
    page = files["case.html"].decode()
    assert "=It was my &lt;i&gt;cat&lt;/i&gt;" in page
    assert "not answered yet" in page


def test_an_appeal_stands_with_its_answer(appealed, service):
    answer(appealed)
    with time_machine.travel(NOON + timedelta(hours=3), tick=False):
        files = entries(appealed)
    (row,) = table(files["appeals.csv"])
    assert [row[name] for name in ("answered_at", "answered_by", "status_after", "answer_reason")] == [
        "2026-05-02T14:00:00Z", "eve", "verified", "A cat indeed",
    ]  # fmt: skip
    (appeal,) = json.loads(files["case.json"])["appeals"]
    assert (appeal["answered_by"], appeal["status_after"]) == ("eve", "verified")
    assert "2 May 2026, 14:00:00 UTC; Passed" in files["case.html"].decode()


def test_an_answer_that_came_after_its_time_is_in_no_part_of_it(appealed, service):
    answer(appealed)
    with time_machine.travel(NOON + timedelta(hours=1), tick=False):
        files = entries(appealed)
    assert b"A cat indeed" not in b"".join(files.values())
    assert json.loads(files["case.json"])["appeals"][0]["answered_at"] is None


def test_a_session_without_an_appeal_says_nothing_of_one(files):
    assert table(files["appeals.csv"]) == []
    assert "Appeals of the learner" not in files["case.html"].decode()


def test_who_looked_is_a_table_with_exports_evidence_and_downloads(attempt, office, service):
    with time_machine.travel(NOON + timedelta(days=1), tick=False) as clock:
        evidence = attempt.current_review.evidence.first()
        attempt.disclosures.create(user=office, kind="evidence", evidence=evidence, at=timezone.now())
        clock.shift(60)
        first = exported(attempt, by=office, purpose="First look")
        clock.shift(60)
        ReportDownload.objects.create(report=first, user=office, at=timezone.now(), outcome="downloaded")
        ReportDownload.objects.create(report=first, user=office, at=timezone.now(), outcome="link_expired")
        clock.shift(60)
        SessionLook.objects.create(attempt=attempt, user=office, at=timezone.now(), review=attempt.current_review)
        rows = table(entries(attempt, by=office)["who_looked.csv"])
    seen = [(row["at"][11:16], row["who"], row["what"], row["evidence"], row["purpose"]) for row in rows]
    assert seen == [
        ("12:00", "office", "evidence", "1", ""),
        ("12:01", "office", "export", "", "First look"),
        ("12:02", "office", "download", "", ""),
        ("12:03", "office", "look", "", ""),
        ("12:03", "office", "export", "", PURPOSE),
    ]


def test_the_rules_are_those_of_the_moment_when_the_exam_began(files):
    rules = json.loads(files["case.json"])["rules"]
    assert rules == {
        "review_policy": "Closed book", "rules": {"allow_notes": False, "calculator": "simple"}, "as_of_start": True,
        "changed_since": True,
    }  # fmt: skip


def test_what_came_after_its_time_is_in_no_part_of_it(attempt, service, decider, monkeypatch):
    late = "Came in between"

    def decide_meanwhile(done, total):
        if done == 0:
            with time_machine.travel(timezone.now() + timedelta(minutes=1)):
                api.pass_attempt(attempt.attempt_code, by=decider, reason=late)
                api.record_review(attempt.attempt_code, "Clean", incidents=[api.IncidentData(comment=late)])

    content, _ = written(exported(attempt), on_progress=decide_meanwhile)
    assert late.encode() not in b"".join(unpacked(content).values())


def test_a_session_without_a_review_and_a_decision_has_a_case_file_too(service):
    page = entries(ExamAttemptFactory(submitted=True))["case.html"].decode()
    assert "No review has arrived." in page
    assert "Nobody has decided about this session." in page


def test_a_decision_that_was_undone_is_in_the_history_and_among_no_decisions(service, decider, settings):
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, "DECISION_UNDO_TIME": timedelta(minutes=1)}
    attempt = ExamAttemptFactory(submitted=True)
    with time_machine.travel(NOON, tick=False):
        api.fail_attempt(attempt.attempt_code, by=decider, reason="The wrong one")
        page = entries(attempt)["case.html"].decode()
        assert "The decision can be undone until" in page
        api.undo_decision(attempt.attempt_code, by=decider)
        files = entries(attempt)
    assert table(files["decisions.csv"]) == []
    assert "Nobody has decided about this session." in files["case.html"].decode()
    assert "Undid the decision, which had not taken effect." in files["case.html"].decode()
    assert [change["source"] for change in json.loads(files["case.json"])["changes"]] == ["person", "undo"]


def test_notes_of_the_team_are_in_no_part_of_it(attempt, service, decider):
    TeamNote.objects.create(attempt=attempt, author=decider, at=NOON, text="Between us")
    assert b"Between us" not in b"".join(entries(attempt).values())


# --- The schema ---

OBJECTS = (
    "case.json", "exam", "learner", "attempt", "rules", "changes", "appeals", "effects", "looks", "disclosures",
    "downloads", "pictures", "reviews", "incidents", "evidence",
)  # fmt: skip
FREE = {"raw_data", "score_scale"}


def objects_of(value, name: str = "case.json"):
    """Yield the name and the fields of each object in the file, by the key under which it stands."""
    if isinstance(value, dict):
        yield name, list(value)
        for key, inner in value.items():
            if key not in FREE and not (name == "rules" and key == "rules"):
                yield from objects_of(inner, key)
    elif isinstance(value, list):
        for item in value:
            yield from objects_of(item, name)


@pytest.fixture
def stored(appealed, office, service):
    attempt = appealed
    service.pictures[SCREEN] = SHOT
    first = exported(attempt, by=office)
    SessionLook.objects.create(attempt=attempt, user=office, at=timezone.now(), review=attempt.current_review)
    ReportDownload.objects.create(report=first, user=office, at=timezone.now(), outcome="downloaded")
    return json.loads(entries(attempt, by=office)["case.json"])


def test_its_objects_have_the_fields_that_are_documented(stored):
    documented = {heading: first_column("reference/session-export.md", f"`{heading}`") for heading in OBJECTS}
    assert {name: sorted(fields) for name, fields in objects_of(stored)} == {
        name: sorted(fields) for name, fields in documented.items()
    }
    assert stored["version"] == SCHEMA_VERSION


def test_each_reason_for_a_missing_picture_is_documented():
    assert first_column("reference/session-export.md", "Why a picture is missing") == PictureProblem.values


def test_it_names_people_and_numbers_reviews_and_shows_no_keys(stored):
    assert (stored["exported_by"], stored["purpose"]) == ("office", PURPOSE)
    assert stored["changes"][-1]["by"] == "dee"
    assert (stored["attempt"]["current_review"], stored["reviews"][1]["version_of"]) == (2, 1)
    assert {"id", "pk", "user_id", "fence", "open_key"}.isdisjoint(
        field for _, all_ in objects_of(stored) for field in all_
    )


# --- Pictures ---


def evidence_of(attempt, service) -> list[tuple[str | None, str | None]]:
    review = json.loads(entries(attempt)["case.json"])["reviews"][-1]
    return [(one["picture"], one["missing"]) for one in review["evidence"]]


def test_pictures_are_copied_and_what_is_missing_is_named(attempt, service):
    service.pictures |= {SCREEN: SHOT, SCAN: PictureProblem.TOO_SLOW}
    assert evidence_of(attempt, service) == [(None, "recording"), ("pictures/001.png", None), (None, "too_slow")]


@pytest.mark.parametrize("problem", PictureProblem)
def test_no_picture_that_is_missing_fails_the_file(attempt, service, problem):
    service.pictures[SCREEN] = problem
    page = entries(attempt)["case.html"].decode()
    assert str(problem.label)[1:] in page


def test_a_picture_of_several_versions_of_a_review_is_fetched_once(attempt, service):
    service.pictures |= {SCREEN: SHOT, SCAN: SHOT}
    assert len(attempt.reviews.all()) == 2
    entries(attempt)
    assert [url for url, _ in service.requests] == [SCREEN, SCAN]


def test_recordings_are_never_fetched(attempt, service):
    entries(attempt)
    assert VIDEO not in [url for url, _ in service.requests]


def test_a_picture_whose_key_is_gone_is_named(service):
    evidence = EvidenceFactory(kind="screenshot", url=b"gAAAA-not-ours")
    review = json.loads(entries(evidence.review.attempt)["case.json"])["reviews"][0]
    assert review["evidence"][0]["missing"] == "unreadable"


def test_once_the_file_is_full_no_more_pictures_are_fetched(attempt, service, monkeypatch):
    monkeypatch.setattr(pictures, "MAX_BYTES_IN_ALL", len(PNG))
    service.pictures |= {SCREEN: SHOT, SCAN: SHOT}
    assert evidence_of(attempt, service)[1:] == [("pictures/001.png", None), (None, "too_many")]
    assert len(service.requests) == 1


def test_the_last_picture_may_not_be_larger_than_what_is_left(attempt, service, monkeypatch):
    monkeypatch.setattr(pictures, "MAX_BYTES_IN_ALL", len(PNG) + 1)
    service.pictures |= {SCREEN: SHOT, SCAN: SHOT}
    assert evidence_of(attempt, service)[2] == (None, "too_many")
    assert [size for _, size in service.requests] == [len(PNG) + 1, 1]


def test_once_the_time_for_all_is_over_no_more_pictures_are_fetched(attempt, service, monkeypatch):
    monkeypatch.setattr(pictures, "MAX_SECONDS_IN_ALL", 0.0)
    assert evidence_of(attempt, service)[1:] == [(None, "too_many"), (None, "too_many")]
    assert service.requests == []


def test_progress_counts_the_pictures(attempt, service):
    seen = []
    written(exported(attempt), on_step=seen.append, on_progress=lambda *progress: seen.append(progress))
    evidence = 2 * 3
    assert seen == ["fetching", *((done, evidence) for done in range(evidence + 1)), "packing"]


# --- The manifest ---


def test_its_manifest_is_as_it_always_was(service):
    """Byte for byte, of rows that nothing else makes. A change of the files that is meant renews the golden file."""
    service.pictures[SCREEN] = SHOT
    learner = UserFactory(username="ada", first_name="Ada", last_name="Lovelace", email="ada@example.com")
    exam = ProctoredExamFactory(course_id="course-1", content_id="final", exam_name="Final")
    with time_machine.travel(NOON, tick=False):
        review = ExamReviewFactory(
            attempt__user=learner, attempt__exam=exam, attempt__attempt_code="CODE-1", attempt__submitted=True
        )
        IncidentFactory(review=review, position=0, start=63, stop=70)
        EvidenceFactory(review=review, position=0, kind="screenshot", address=SCREEN, start=63)
        case_file = exported(review.attempt, by=UserFactory(username="office", first_name="", last_name=""))
        content, _ = written(case_file)
    assert unpacked(content)["SHA256SUMS"].decode() == GOLDEN.read_text(encoding="utf-8")


def test_its_manifest_has_the_checksum_of_each_other_entry(files):
    lines = [line.split("  ") for line in files["SHA256SUMS"].decode().splitlines()]
    assert {name: checksum for checksum, name in lines} == {
        name: hashlib.sha256(content).hexdigest() for name, content in files.items() if name != "SHA256SUMS"
    }


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="sha256sum is not installed")
def test_sha256sum_checks_it(files, tmp_path):
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    check = ["sha256sum", "--strict", "-c", "SHA256SUMS"]
    assert subprocess.run(check, cwd=tmp_path, capture_output=True, check=False).returncode == 0
    (tmp_path / "case.html").write_bytes(b"altered")
    assert subprocess.run(check, cwd=tmp_path, capture_output=True, check=False).returncode == 1


def test_the_record_has_the_checksums_of_the_file_and_of_its_manifest(attempt, service):
    content, result = written(exported(attempt))
    files = unpacked(content)
    assert (result.sha256, result.size) == (hashlib.sha256(content).hexdigest(), len(content))
    assert result.manifest_sha256 == hashlib.sha256(files["SHA256SUMS"]).hexdigest()
    assert result.rows == len(files)


def test_all_its_entries_have_its_time(attempt, service):
    with time_machine.travel(NOON, tick=False):
        content, result = written(exported(attempt))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(2026, 5, 2, 12, 0, 0)}
    assert result.as_of == NOON


# --- Queries ---


def test_it_takes_as_many_queries_however_much_there_is(attempt, service, decider, django_assert_max_num_queries):
    report = exported(attempt)
    with django_assert_max_num_queries(40) as queries:
        written(report)
    for _ in range(5):
        incidents = [api.IncidentData(status="Suspicious", comment="x")] * 5
        api.record_review(attempt.attempt_code, "Suspicious", incidents=incidents)
        api.fail_attempt(attempt.attempt_code, by=decider, reason="Again")
    report = exported(attempt)
    with django_assert_max_num_queries(len(queries)):
        written(report)
