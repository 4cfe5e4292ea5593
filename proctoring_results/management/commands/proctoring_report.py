"""``manage.py proctoring_report COURSE_ID``: build a report at the terminal."""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import IO, Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from proctoring_results.choices import ReportFormat, ReportKind, ReportState, ReportStep
from proctoring_results.exceptions import ProctoringResultsError, ReportAlreadyRunning
from proctoring_results.filters import FILTER_NAMES, FILTERS, Filter
from proctoring_results.models import Report
from proctoring_results.reports.build import build, write_report
from proctoring_results.reports.formats import available_formats
from proctoring_results.reports.kinds.registry import kinds
from proctoring_results.reports.requests import request_about_all_courses, request_about_course
from proctoring_results.services.reports import request_report, request_report_of_all_courses

BAR_WIDTH = 30  # characters
# What a shell reports of a program that wrote to a pipe which nobody reads any more.
ENDED_BY_SIGPIPE = 128 + 13


class Command(BaseCommand):
    help = (
        "Builds a report in this process. Without --output the report is published on the Data Download page. "
        "With --output it is written to a file or to standard output, and nothing is stored."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("course_id", nargs="?")
        parser.add_argument("--all-courses", action="store_true", help="one report about all courses, instead of one")
        parser.add_argument("--kind", choices=sorted(kinds()), default=ReportKind.EXAM_RESULTS.value)
        for one in FILTERS:
            parser.add_argument(f"--{one.name.replace('_', '-')}", metavar=_metavar(one), help=_help(one))
        parser.add_argument("--format", choices=[one.value for one in available_formats()], default=ReportFormat.CSV)
        parser.add_argument(
            "--output", metavar="FILE", help="write the report to this file, or to standard output if it is -"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        course_id = options["course_id"]
        if (course_id is None) is not options["all_courses"]:
            raise CommandError("Name a course, or give --all-courses.")
        filters = {name: options[name] for name in FILTER_NAMES if options[name]}
        choices = {"kind": options["kind"], "filters": filters, "file_format": options["format"]}
        try:
            if options["output"]:
                self._write(course_id, choices, options["output"])
            else:
                self._publish(course_id, choices)
        except ReportAlreadyRunning as error:
            raise CommandError(f"{error} Its task id is {error.report.task_id}.") from error
        except ProctoringResultsError as error:
            raise CommandError(str(error)) from error

    def _publish(self, course_id: str | None, choices: dict[str, Any]) -> None:
        request = request_report_of_all_courses if course_id is None else partial(request_report, course_id)
        report = request(**choices, enqueue=False)
        build(report.pk)
        report.refresh_from_db()
        if report.state != ReportState.READY:
            raise CommandError(f"The report is {report.get_state_display().lower()}.")
        self.stdout.write(f"{report.file_name}: {report.rows} rows, {report.size} bytes, sha256 {report.sha256}")

    def _write(self, course_id: str | None, choices: dict[str, Any], output: str) -> None:
        checked = request_about_all_courses if course_id is None else partial(request_about_course, course_id)
        request = checked(**choices, by=None)
        request.check_number_of_rows()
        report = request.new_report(timezone.now())
        if output == "-":
            self._write_to_standard_output(report)
            return
        bar = ProgressBar(sys.stderr)
        try:
            with opened(Path(output)) as content:
                result = write_report(report, content, bar.set_step, bar.set_progress)
        except OSError as error:
            raise CommandError(f"The report cannot be written to {output}: {error}") from error
        self.stderr.write(f"{output}: {result.rows} rows, {result.size} bytes")

    def _write_to_standard_output(self, report: Report) -> None:
        bar = ProgressBar(sys.stderr)
        try:
            write_report(report, sys.stdout.buffer, bar.set_step, bar.set_progress)
            sys.stdout.buffer.flush()
        except BrokenPipeError:
            # The reader, such as ``head``, has seen enough. Python must not try to write the rest as it ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise SystemExit(ENDED_BY_SIGPIPE) from None


def _metavar(one: Filter) -> str:
    if one.is_day:
        return "DAY"
    if one.is_number:
        return "NUMBER"
    return "CONTENT_ID" if one.name == "exam" else "VALUE"


def _help(one: Filter) -> str:
    if one.is_day:
        return f"only attempts {str(one.label).lower()} this day, such as 2026-05-01"
    if one.choices:
        return f"{one.label}: one of {', '.join(value for value, _ in one.choices)}"
    if one.name == "exam":
        return "only attempts at this exam of the course"
    return f"{one.label}: {one.help}"


def opened(path: Path) -> AbstractContextManager[IO[bytes]]:
    """Open a pipe or a device for writing; replace a file, or make one, once it is whole. Raises ``OSError``."""
    if path.is_dir():
        raise IsADirectoryError("it is a directory.")
    if path.exists() and not path.is_file():
        return path.open("wb")
    # Where a symbolic link leads, so that the link stays.
    return WholeFile(path.resolve())


class WholeFile:
    """A file that appears whole or not at all, readable by its owner only."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> IO[bytes]:
        # In the target's folder, so that the rename stays on one file system. mkstemp lets only the owner read.
        descriptor, self._temporary = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.name}.")
        self._file = os.fdopen(descriptor, "wb")
        return self._file

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        self._file.close()
        if error is None:
            Path(self._temporary).replace(self._path)
        else:
            Path(self._temporary).unlink()


class ProgressBar:
    """Shows the rows done of the rows in all, if the stream is a terminal."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._is_terminal = stream.isatty()

    def set_step(self, step: ReportStep) -> None:
        if step is ReportStep.SORTING:
            self._draw("sorting …")

    def set_progress(self, done: int, total: int | None) -> None:
        if total is None:
            self._draw(f"{done:,} rows")
            return
        filled = BAR_WIDTH * done // total if total else BAR_WIDTH
        end = "\n" if done and done == total else ""
        self._draw(f"[{'#' * filled}{'.' * (BAR_WIDTH - filled)}] {done:,} of {total:,} rows", end)

    def _draw(self, text: str, end: str = "") -> None:
        if self._is_terminal:
            self._stream.write(f"\r\033[K{text}{end}")
            self._stream.flush()
