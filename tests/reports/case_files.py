"""What stands in a case file, as the builder writes it."""

import io
import zipfile

from django.utils import timezone

from proctoring_results.choices import PictureProblem
from proctoring_results.models import Disclosure, Report
from proctoring_results.providers.pictures import Picture
from proctoring_results.reports.case_file.write import write_case_file
from tests.factories import ReportFactory, UserFactory

PURPOSE = "Hearing on 12 May"


def exported(attempt, by=None, purpose: str = PURPOSE, **report) -> Report:
    """A case file that was requested, and nothing done yet."""
    by = by or UserFactory()
    file = ReportFactory(
        kind="proctored_session_case_file",
        format="zip",
        permission="proctoring_results.export_session",
        course_id=attempt.exam.course_id,
        requested_by=by,
        file_name=f"case_file_{attempt.attempt_code}_{Report.objects.count()}.zip",
        **report,
    )
    Disclosure.objects.create(
        attempt=attempt, user=by, kind="export", purpose=purpose, report=file, at=timezone.now(), address="192.0.2.7"
    )
    return file


def written(report: Report, on_step=lambda step: None, on_progress=lambda done, total: None):
    """The bytes of the file, and what the builder says of them."""
    content = io.BytesIO()
    result = write_case_file(report, content, on_step, on_progress)
    return content.getvalue(), result


def unpacked(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def entries(attempt, **more) -> dict[str, bytes]:
    return unpacked(written(exported(attempt, **more))[0])


class FakeService:
    """Pictures by their addresses, in place of ``fetch_picture``."""

    def __init__(self) -> None:
        self.pictures: dict[str, Picture | PictureProblem] = {}
        self.requests: list[tuple[str, int]] = []

    def fetch_picture(self, provider: str, url: str, *, max_bytes: int, seconds: float) -> Picture | PictureProblem:
        self.requests.append((url, max_bytes))
        picture = self.pictures.get(url, PictureProblem.HOST_NOT_NAMED)
        return (
            PictureProblem.TOO_LARGE if isinstance(picture, Picture) and len(picture.content) > max_bytes else picture
        )
