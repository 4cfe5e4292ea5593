"""Checks of the storage of report files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.core.checks import CheckMessage
from django.core.files.storage import FileSystemStorage, InvalidStorageError, Storage, storages

from proctoring_results.conf import conf

from .messages import err


def storage_problems() -> Iterator[CheckMessage]:
    alias = conf().REPORT_STORAGE
    try:
        storage = storages[alias]
    except InvalidStorageError as error:
        yield err(
            6,
            f"STORAGES has no usable alias {alias!r} for report files: {error}.",
            "Add one that the web does not serve; see “Install” in the documentation.",
        )
        return
    if isinstance(storage, FileSystemStorage):
        yield from _local_storage(storage)
    else:
        yield from _signing_storage(storage)


def _local_storage(storage: FileSystemStorage) -> Iterator[CheckMessage]:
    location = Path(storage.location).resolve()
    for name in ("MEDIA_ROOT", "STATIC_ROOT"):
        public = getattr(settings, name, None)
        if public and location.is_relative_to(Path(public).resolve()):
            yield err(8, f"The report storage lies in {name}: anybody could fetch the reports.", "Move it elsewhere.")


def _signing_storage(storage: Storage) -> Iterator[CheckMessage]:
    if conf().DOWNLOAD_VIA != "django":
        yield err(9, f"DOWNLOAD_VIA {conf().DOWNLOAD_VIA!r} needs report files on this machine.")
    if getattr(storage, "custom_domain", None) and not getattr(storage, "cloudfront_signer", None):
        yield err(10, "The report storage has a custom_domain without a signer: its URLs would not be signed.")
    if getattr(storage, "querystring_auth", True) is False:
        yield err(10, "The report storage has querystring_auth switched off: its URLs would not be signed.")
    # S3's ``default_acl``; Google's and Dropbox's are called so, too. "private" and none are right.
    acl = str(getattr(storage, "default_acl", None) or "").casefold().replace("-", "")
    if acl.startswith(("public", "authenticatedread")):
        yield err(
            10,
            f"The report storage makes its files public: its default_acl is {storage.default_acl!r}.",  # type: ignore[attr-defined]
            "Set it to None, and block public access to the bucket.",
        )
