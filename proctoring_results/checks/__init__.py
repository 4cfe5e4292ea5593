"""System checks: every wrong setting is reported at start-up, in words, with the way out. They register on import."""

from . import broker, databases, settings, urls

__all__ = ["broker", "databases", "settings", "urls"]
