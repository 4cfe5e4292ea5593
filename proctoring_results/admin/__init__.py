"""Django admin: rows are viewed, and none is added, changed or deleted by a form, because history stays as it was."""

from . import attempts, effects, messages, reports  # noqa: F401  registered on import
