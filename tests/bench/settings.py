"""The example's settings as a site would have them, without a limit for providers: their reviews are measured."""

from example_project.settings import *
from example_project.settings import REST_FRAMEWORK as OWN

REST_FRAMEWORK = {**OWN, "DEFAULT_THROTTLE_RATES": {"proctoring_results": None}}
