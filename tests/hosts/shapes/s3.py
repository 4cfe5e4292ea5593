"""Report files in a bucket, and downloads from there."""

import os

from tests.hosts.lms.base import *  # noqa: F403
from tests.hosts.lms.base import STORAGES

STORAGES["proctoring_results"] = {
    "BACKEND": "storages.backends.s3.S3Storage",
    "OPTIONS": {
        "bucket_name": "reports",
        "endpoint_url": os.environ["S3_ENDPOINT_URL"],
        "access_key": "test",
        "secret_key": "test",
        "region_name": "eu-central-1",
        "signature_version": "s3v4",
    },
}
