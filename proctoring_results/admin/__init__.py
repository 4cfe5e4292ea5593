"""Rows to read in Django admin. Nothing is added, changed or deleted here: history stays as it was."""

from . import attempts, effects, erasures, messages, reports  # noqa: F401  registered on import
