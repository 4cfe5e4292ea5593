"""A strict Content-Security-Policy for the whole site, by Django's middleware where it has one."""

from importlib.util import find_spec

from tests.hosts.lms.base import *  # noqa: F403
from tests.hosts.lms.base import MIDDLEWARE

if find_spec("django.middleware.csp"):
    MIDDLEWARE.append("django.middleware.csp.ContentSecurityPolicyMiddleware")
    SECURE_CSP = {
        "default-src": ["'none'"],
        **{f"{kind}-src": ["'self'"] for kind in ("script", "style", "img", "connect")},
        "form-action": ["'self'"],
    }
else:
    MIDDLEWARE.append("tests.hosts.lms.middleware.StrictPolicy")
