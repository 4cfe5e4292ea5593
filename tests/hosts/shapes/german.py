"""Another language, another time zone, other formats."""

from tests.host.foreign import FOREIGN_DJANGO
from tests.hosts.lms.base import *  # noqa: F403
from tests.hosts.lms.base import MIDDLEWARE

LANGUAGE_CODE = "de"
MIDDLEWARE.insert(2, "django.middleware.locale.LocaleMiddleware")
# Without what Django's own forms and pages do not survive: a limit of ten bytes, and a charset without typography.
FATAL = {"DATA_UPLOAD_MAX_MEMORY_SIZE", "DEFAULT_CHARSET"}
globals().update({name: value for name, value in FOREIGN_DJANGO.items() if name not in FATAL})
TIME_ZONE = "Asia/Kolkata"
