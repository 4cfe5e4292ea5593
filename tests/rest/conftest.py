import pytest
from django.core.cache import cache


@pytest.fixture(autouse=True)
def nobody_has_guessed_yet():
    """All tests call from one address, and wrong guesses are counted in the cache."""
    cache.clear()
