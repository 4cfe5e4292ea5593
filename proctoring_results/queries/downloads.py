"""How often reports were downloaded, and by whom last. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import Count, F, Window
from django.db.models.functions import RowNumber

from proctoring_results.choices import DownloadOutcome
from proctoring_results.models import Report, ReportDownload
from proctoring_results.people import person

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser


@dataclass(frozen=True, slots=True)
class Downloads:
    number: int
    last_at: datetime | None = None
    last_by: AbstractBaseUser | None = None

    @property
    def last_by_label(self) -> str:
        return person(self.last_by).label if self.last_by else ""


def downloads_of(reports: Iterable[Report]) -> Mapping[int, Downloads]:
    """Return the downloads of each of these reports that has any, by the report's key. One query.

    Refused downloads do not count.
    """
    downloads = ReportDownload.objects.filter(report__in=list(reports), outcome=DownloadOutcome.DOWNLOADED)
    last = (
        downloads.annotate(
            number=Window(Count("pk"), partition_by="report"),
            rank=Window(RowNumber(), partition_by="report", order_by=F("pk").desc()),
        )
        .filter(rank=1)
        .select_related("user")
    )
    return {one.report_id: Downloads(one.number, one.at, one.user) for one in last}
