from .messages import RPNowProvider

__all__ = ["RPNowProvider"]
