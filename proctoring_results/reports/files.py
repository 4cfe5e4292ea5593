"""Report files in their storage. A key is written to a row before the first byte, and never used again."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import IO

from django.core.files import File
from django.core.files.storage import Storage, storages

from proctoring_results.conf import conf
from proctoring_results.jobs.threads import in_thread
from proctoring_results.models import Report, ReportFile

# A worker that slept through its lease may still write, so a key is checked again for this long.
CHECK_AGAIN_FOR = timedelta(days=1)
MAX_SECONDS_TO_REMOVE = 10.0


def storage() -> Storage:
    return storages[conf().REPORT_STORAGE]


def reserve(report: Report, fence: int, now: datetime) -> ReportFile:
    """Record a fresh key for this try, before anything is stored under it."""
    extension = report.file_name.rpartition(".")[2]
    key = f"{report.requested_at:%Y/%m}/{report.task_id}-{fence}.{extension}"
    return ReportFile.objects.create(report=report, fence=fence, storage_key=key, created_at=now)


def store(file: ReportFile, content: IO[bytes]) -> None:
    """Store the content under the file's key. Raises whatever the storage raises, and ``OSError`` if bytes are missing.

    Some storages write short without an error. Only the size is compared, which is one request; a comparison of the
    checksum would read all of the file back.
    """
    upload = File(content, name=file.storage_key)
    expected = upload.size
    stored_key = storage().save(file.storage_key, upload)
    if stored_key != file.storage_key:
        # Some storages choose another name. The key is unique, so this is rare; the row has to name the real one.
        file.storage_key = stored_key
        file.save(update_fields=["storage_key"])
    if (size := storage().size(stored_key)) != expected:
        raise OSError(f"The storage has {size} of {expected} bytes under {stored_key}.")


def remove(file: ReportFile, now: datetime) -> None:
    """Remove what is stored under the key, if anything. Harmless to repeat.

    Raises ``TimeoutError`` for a storage that does not answer: the sweep must not wait for it.
    """
    in_thread(partial(storage().delete, file.storage_key)).result(MAX_SECONDS_TO_REMOVE)
    if file.created_at <= now - CHECK_AGAIN_FOR:
        file.removed_at = now
        file.save(update_fields=["removed_at"])


def open_file(report: Report) -> File[bytes]:
    """Open the report's file for reading. Raises ``FileNotFoundError`` if it is not there."""
    if report.file is None:
        raise FileNotFoundError(report.file_name)
    return storage().open(report.file.storage_key, "rb")


@dataclass(frozen=True, slots=True)
class Download:
    """A redeemed link: the report, and its file opened for reading. The caller closes the file."""

    report: Report
    file: File[bytes]


class Checksum:
    """A binary file that counts and hashes what is written to it."""

    def __init__(self, target: IO[bytes]) -> None:
        self._target = target
        self._sha256 = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes, /) -> None:
        self._target.write(data)
        self._sha256.update(data)
        self.size += len(data)

    @property
    def hexdigest(self) -> str:
        return self._sha256.hexdigest()
