from .messages import RestProvider

__all__ = ["RestProvider"]
