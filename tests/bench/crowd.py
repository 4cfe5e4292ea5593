"""``python -m tests.bench.crowd PATTERN COURSE=COPIES … [--others COPIES]``: copies a seeded course by SQL.

It works on PostgreSQL only, in an empty database in which the course PATTERN was seeded. The pattern is deleted. Each
copy has its own learners; the copies of one COURSE share its exams, and each of the ``others`` is a separate course.

The rows are stored in the order in which they would have been created: by time, those of courses that run at once in
turns, and the named courses in the middle. Of the status changes only decisions and the last one are copied, and no
incidents. Foreign keys are not checked, which needs a superuser's account.
"""

import argparse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice

import django

django.setup()

from django.contrib.auth import get_user_model  # noqa: E402
from django.core.management.color import no_style  # noqa: E402
from django.db import connection, models  # noqa: E402
from django.db.backends.utils import CursorWrapper  # noqa: E402

from example_project.campus.models import Enrolment, Grade, HeldGrade  # noqa: E402
from proctoring_results.models import ExamAttempt, ExamReview, ProctoredExam, StatusChange  # noqa: E402

# With five million attempts in five years, about thirty courses of 10,000 run at once. An exam is open for a few days,
# and its attempts are about an eighth of all attempts in these days.
COURSES_AT_ONCE = 8

FAST_SETTINGS = (
    "SET synchronous_commit = off",
    "SET session_replication_role = replica",
    "SET maintenance_work_mem = '1GB'",
    "SET work_mem = '256MB'",
    "SET jit = off",
)


@dataclass(frozen=True, slots=True)
class Copied:
    """A table: which rows ``t`` of the pattern are copied, their order, and the columns that differ in a copy.

    ``p`` is the row of the pattern, ``s`` the copy. A reference to another copied row is changed to that row's copy.
    """

    model: type[models.Model]
    rows: str
    order: str
    references: Mapping[str, type[models.Model]] = field(default_factory=dict)
    differs: Mapping[str, str] = field(default_factory=dict)

    @property
    def table(self) -> str:
        return str(self.model._meta.db_table)

    @property
    def places(self) -> str:
        return f"place_{self.model._meta.model_name}"

    @property
    def source(self) -> str:
        return f"source_{self.model._meta.model_name}"

    @property
    def columns(self) -> list[str]:
        return [one.column for one in self.model._meta.local_concrete_fields]


USER = get_user_model()
EXAM, ATTEMPT, REVIEW, CHANGE = (
    model._meta.db_table for model in (ProctoredExam, ExamAttempt, ExamReview, StatusChange)
)
OF_PATTERN = f"SELECT id FROM {EXAM} WHERE course_id = %(pattern)s"
CODE = "upper(md5(s.number || ':' || p.place)::uuid::text)"
COPIED = (
    Copied(ProctoredExam, f"t.id IN ({OF_PATTERN})", "t.id"),
    Copied(
        USER,
        # Users who can sign in are not copied.
        f"t.password LIKE '!seeded%%' AND t.id IN (SELECT user_id FROM {ATTEMPT} WHERE exam_id IN ({OF_PATTERN}))",
        "t.date_joined, t.id",
        {},
        {"username": "p.username || '-' || s.number", "email": "s.number || '.' || p.email"},
    ),
    Copied(
        ExamAttempt,
        f"t.exam_id IN ({OF_PATTERN})",
        "t.created_at, t.id",
        {"exam_id": ProctoredExam, "user_id": USER, "current_review_id": ExamReview},
        {
            "attempt_code": CODE,
            "external_id": f"CASE WHEN p.external_id IS NOT NULL THEN lower({CODE}) END",
            "open_key": "CASE WHEN p.open_key IS NOT NULL THEN s.number || ':' || p.open_key END",
        },
    ),
    Copied(
        ExamReview,
        f"t.attempt_id IN (SELECT id FROM {ATTEMPT} WHERE exam_id IN ({OF_PATTERN}))",
        "t.received_at, t.id",
        {"attempt_id": ExamAttempt, "version_of_id": ExamReview},
    ),
    Copied(
        StatusChange,
        f"""t.attempt_id IN (SELECT id FROM {ATTEMPT} WHERE exam_id IN ({OF_PATTERN})) AND (t.source = 'person'
        OR t.id IN (SELECT max(id) FROM {CHANGE} GROUP BY attempt_id))""",
        "t.at, t.id",
        {"attempt_id": ExamAttempt, "review_id": ExamReview},
    ),
)


BY_MODEL = {copied.model: copied for copied in COPIED}


@dataclass(frozen=True, slots=True)
class Copy:
    number: int
    course_id: str


@dataclass(slots=True)
class Rows:
    """The first primary key of the next copies, and the number of rows in a copy."""

    next_id: int
    number: int


def multiply(pattern: str, courses: Mapping[str, int], others: int) -> None:
    copies = in_order_of_time(courses, others)
    with connection.cursor() as cursor:
        for statement in FAST_SETTINGS:
            cursor.execute(statement)
        rows = _set_aside(cursor, pattern)
        first_exams = _make_courses(cursor, copies, rows[ProctoredExam])
        with _without_indexes(cursor):
            for start in range(0, len(copies), COURSES_AT_ONCE):
                at_once = [(copy, first_exams[copy.course_id]) for copy in copies[start : start + COURSES_AT_ONCE]]
                for copied in COPIED[1:]:
                    _copy(cursor, copied, at_once, rows)
                for copied in COPIED[1:]:
                    rows[copied.model].next_id += rows[copied.model].number * len(at_once)
        for statement in connection.ops.sequence_reset_sql(no_style(), list(BY_MODEL)):
            cursor.execute(statement)
        for copied in COPIED:
            cursor.execute(f"DROP TABLE {copied.places}, {copied.source}")
        cursor.execute("VACUUM ANALYZE")
        # Pending writes to the disk would slow down the next measurement.
        cursor.execute("CHECKPOINT")


def in_order_of_time(courses: Mapping[str, int], others: int) -> list[Copy]:
    """Return all copies: the others, and in the middle the named courses, whose copies alternate with others."""
    names = [f"course-v1:BenchX+Other{number}+2026" for number in range(others)]
    middle, after = [], iter(names[others // 2 :])
    for course in sorted(courses, key=lambda course: courses[course]):
        for _ in range(courses[course]):
            middle += [course, *islice(after, 1)]
    return [Copy(number, course) for number, course in enumerate([*names[: others // 2], *middle, *after])]


def _set_aside(cursor: CursorWrapper, pattern: str) -> dict[type[models.Model], Rows]:
    """Move the pattern's rows, with their positions and those of the rows they refer to, into tables of their own.

    Return the first primary key of the copies, and the number of rows, by model."""
    params = {"pattern": pattern}
    for copied in COPIED:
        cursor.execute(
            f"CREATE TABLE {copied.places} AS SELECT t.id, row_number() OVER (ORDER BY {copied.order}) - 1 AS place"
            f" FROM {copied.table} t WHERE {copied.rows}",
            params,
        )
    for copied in COPIED:
        referred = "".join(f", {column}s.place AS {column}_place" for column in copied.references)
        joins = " ".join(
            f"LEFT JOIN {BY_MODEL[model].places} {column}s ON {column}s.id = t.{column}"
            for column, model in copied.references.items()
        )
        cursor.execute(
            f"CREATE TABLE {copied.source} AS SELECT o.place{referred}, t.* FROM {copied.table} t"
            f" JOIN {copied.places} o ON o.id = t.id {joins}"
        )
    cursor.execute(f"DELETE FROM {USER._meta.db_table} WHERE id IN (SELECT id FROM {BY_MODEL[USER].places})")
    ours = [model._meta.db_table for model in (ProctoredExam, Enrolment, Grade, HeldGrade)]
    cursor.execute(f"TRUNCATE {', '.join(ours)} CASCADE")
    cursor.execute("VACUUM FULL ANALYZE")
    rows = {}
    for copied in COPIED:
        cursor.execute(f"SELECT (SELECT coalesce(max(id), 0) + 1 FROM {copied.table}), count(*) FROM {copied.source}")
        rows[copied.model] = Rows(*cursor.fetchone())
    return rows


def _make_courses(cursor: CursorWrapper, copies: list[Copy], exams: Rows) -> dict[str, int]:
    """Create exams for each course. Return the first primary key of each course's exams."""
    first_exams = {}
    for course_id in dict.fromkeys(copy.course_id for copy in copies):
        first_exams[course_id] = exams.next_id
        differs = {"id": f"{exams.next_id} + p.place", "course_id": "%s"}
        _insert(cursor, BY_MODEL[ProctoredExam], differs, "", [course_id])
        exams.next_id += exams.number
    return first_exams


def _copy(
    cursor: CursorWrapper, copied: Copied, at_once: list[tuple[Copy, int]], rows: dict[type[models.Model], Rows]
) -> None:
    """Insert the rows of several copies, in turns."""
    copies = ", ".join(f"({turn}, {copy.number}, {first_exam})" for turn, (copy, first_exam) in enumerate(at_once))

    def key(model: type[models.Model], place: str) -> str:
        if model is ProctoredExam:
            return f"s.first_exam + p.{place}"
        return f"{rows[model].next_id} + s.turn + p.{place} * {len(at_once)}"

    references = {
        column: f"coalesce({key(model, f'{column}_place')}, p.{column})" for column, model in copied.references.items()
    }
    differs = {"id": key(copied.model, "place"), **references, **copied.differs}
    _insert(cursor, copied, differs, f"CROSS JOIN (VALUES {copies}) s (turn, number, first_exam)", [])


def _insert(cursor: CursorWrapper, copied: Copied, differs: Mapping[str, str], copies: str, params: list[str]) -> None:
    cursor.execute(
        f"INSERT INTO {copied.table} ({', '.join(copied.columns)})"
        f" SELECT {', '.join(differs.get(column, f'p.{column}') for column in copied.columns)}"
        f" FROM {copied.source} p {copies} ORDER BY 1",
        params,
    )


@contextmanager
def _without_indexes(cursor: CursorWrapper) -> Iterator[None]:
    """Drop all indexes except primary keys and create them again at the end, which is many times faster."""
    tables = [copied.table for copied in COPIED]
    cursor.execute(
        """SELECT format('ALTER TABLE %%I DROP CONSTRAINT %%I', conrelid::regclass, conname),
        format('ALTER TABLE %%I ADD CONSTRAINT %%I %%s', conrelid::regclass, conname, pg_get_constraintdef(oid))
        FROM pg_constraint WHERE contype = 'u' AND conrelid::regclass::text = ANY(%s)
        UNION ALL SELECT format('DROP INDEX %%I', indexrelid::regclass), pg_get_indexdef(indexrelid)
        FROM pg_index WHERE indrelid::regclass::text = ANY(%s) AND NOT indisprimary
        AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype = 'u')""",
        [tables, tables],
    )
    statements = cursor.fetchall()
    for drop, _ in statements:
        cursor.execute(drop)
    yield
    for _, make in statements:
        cursor.execute(make)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pattern")
    parser.add_argument("courses", nargs="+", metavar="COURSE=COPIES")
    parser.add_argument("--others", type=int, default=0)
    options = parser.parse_args()
    courses = {course: int(copies) for course, _, copies in (one.rpartition("=") for one in options.courses)}
    multiply(options.pattern, courses, options.others)
    print("null")


if __name__ == "__main__":
    main()
