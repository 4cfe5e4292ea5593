"""The case file, from the rows to the finished ZIP."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import IO, Any, cast
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from django.template.loader import render_to_string
from django.utils import translation

from proctoring_results.choices import ReportStep
from proctoring_results.lms import course_name, strict_lms
from proctoring_results.models import Report
from proctoring_results.reports.claims import BuildResult
from proctoring_results.reports.files import Checksum

from .case import Case, read_case
from .data import json_parts
from .page import case_page
from .pictures import Pictures, fetch_pictures
from .tables import appeal_rows, decision_rows, incident_rows, look_rows

# What ``sha256sum -c`` reads.
MANIFEST = "SHA256SUMS"


def write_case_file(
    report: Report,
    content: IO[bytes],
    on_step: Callable[[ReportStep], None],
    on_progress: Callable[[int, int], None],
) -> BuildResult:
    """Write the case file into a binary file, in the language of who requested it.

    ``on_progress`` gets the pictures done and those in all, and may raise.
    """
    case = read_case(report)
    with translation.override(strict_lms().learner_language(case.export.user)):
        on_step(ReportStep.FETCHING)
        pictures = fetch_pictures(case, on_progress)
        on_step(ReportStep.PACKING)
        with ZipFile(content, "w") as zip_file:
            archive = Archive(zip_file, case.as_of)
            _write_entries(archive, case, pictures)
            manifest = archive.write_manifest()
    return BuildResult(
        rows=len(archive.checksums),
        size=content.tell(),
        sha256=_sha256_of(content),
        as_of=case.as_of,
        manifest_sha256=manifest,
    )


def _write_entries(archive: Archive, case: Case, pictures: Pictures) -> None:
    context = {"case": case, "page": case_page(case, pictures), "manifest": MANIFEST}
    archive.add("case.html", [render_to_string("proctoring_results/case_file/case.html", context).encode()])
    archive.add("case.json", (part.encode() for part in json_parts(case, pictures)))
    archive.add("decisions.csv", map(_line, decision_rows(case)))
    archive.add("appeals.csv", map(_line, appeal_rows(case)))
    archive.add("incidents.csv", map(_line, incident_rows(case)))
    archive.add("who_looked.csv", map(_line, look_rows(case)))
    for copy in pictures.files:
        # Pictures are compressed already.
        archive.add(copy.path, [copy.picture.content], compression=ZIP_STORED)
    about = {"case": case, "manifest": MANIFEST, "course_name": course_name(case.attempt.exam.course_id)}
    archive.add("README.txt", [render_to_string("proctoring_results/case_file/README.txt", about).encode()])


class Archive:
    """A ZIP file that keeps the checksum of each entry. All entries have the same time, in UTC."""

    def __init__(self, zip_file: ZipFile, at: datetime) -> None:
        self.zip_file, self.at = zip_file, at.astimezone(UTC)
        self.checksums: dict[str, str] = {}

    def add(self, name: str, parts: Iterable[bytes], *, compression: int = ZIP_DEFLATED) -> str:
        """Write an entry, and return its SHA-256."""
        info = ZipInfo(name, self.at.timetuple()[:6])
        info.compress_type = compression
        with self.zip_file.open(info, "w") as entry:
            sink = Checksum(entry)
            for part in parts:
                sink.write(part)
        self.checksums[name] = sink.hexdigest
        return sink.hexdigest

    def write_manifest(self) -> str:
        """Write the checksums of all entries so far, and return that of the list."""
        lines = "".join(f"{checksum}  {name}\n" for name, checksum in sorted(self.checksums.items()))
        return self.add(MANIFEST, [lines.encode()])


def _line(cells: list[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue().encode()


def _sha256_of(content: IO[bytes]) -> str:
    content.seek(0)
    return hashlib.file_digest(cast("Any", content), "sha256").hexdigest()
