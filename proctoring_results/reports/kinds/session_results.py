"""The older report: eight columns, with status words in spaces."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Case, F, TextField, Value, When
from django.db.models.functions import Length, Replace
from django.db.models.lookups import GreaterThan
from django.utils.translation import gettext_lazy as _

from proctoring_results.choices import ReportKind
from proctoring_results.reports.columns import (
    Column,
    boolean,
    email,
    guarded,
    number,
    text,
    time,
    username_path,
)

from .base import Kind


class SessionResults(Kind):
    name = ReportKind.SESSION_RESULTS.value
    label = _("Proctored Session Results Report")
    noun = _("proctored session results report")
    description = _("The older report: one row for each attempt, in eight columns, without reviews and incidents.")

    def columns(self) -> Sequence[Column]:
        # By length, not by comparison with '': in MariaDB's collations U+3000 and others equal it.
        has_address = GreaterThan(Length(email()), Value(0))
        address = Case(When(has_address, then=email()), default=F(username_path()), output_field=TextField())
        return (
            Column("user_email", guarded(address)),
            Column("exam_name", guarded("exam__exam_name")),
            Column("attempt_code", guarded("attempt_code")),
            Column("allowed_time_limit_mins", number("allowed_time_limit_mins"), "number"),
            Column("is_sample_attempt", boolean("is_sample_attempt")),
            Column("started_at", time("started_at"), "time"),
            Column("completed_at", time("completed_at"), "time"),
            Column("status", text(Replace(F("status"), Value("_"), Value(" ")))),
        )
