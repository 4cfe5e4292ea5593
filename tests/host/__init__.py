"""The smallest project that can host the app: what most tests run in."""

from .celery import app as celery_app

__all__ = ["celery_app"]
