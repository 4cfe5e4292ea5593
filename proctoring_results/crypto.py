"""Encryption of providers' messages and of links to recordings (setting ``ENCRYPTION_KEYS``)."""

from __future__ import annotations

import base64
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from proctoring_results.conf import conf
from proctoring_results.exceptions import CannotDecrypt

# The key is derived for this purpose, so that it opens nothing else that SECRET_KEY protects.
PURPOSE = b"proctoring_results.crypto"


def encrypt(text: str) -> bytes:
    """Encrypt with the first key of the settings."""
    return _keys().encrypt(text.encode())


def decrypt(token: bytes | memoryview) -> str:
    """Return the text. Raise ``CannotDecrypt`` if its key is no longer in the settings."""
    try:
        return _keys().decrypt(bytes(token)).decode()
    except InvalidToken:
        raise CannotDecrypt from None


def is_key(key: object) -> bool:
    """Return whether this is a key of the kind that ``Fernet.generate_key()`` returns."""
    try:
        Fernet(key)  # type: ignore[arg-type]
    except (ValueError, TypeError):
        return False
    return True


def _keys() -> MultiFernet:
    configured = [Fernet(key) for key in conf().ENCRYPTION_KEYS]
    # Last: a host that sets keys later can still decrypt what it has.
    derived = [Fernet(_derived(secret)) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
    return MultiFernet([*configured, *derived])


@lru_cache(maxsize=16)
def _derived(secret: str | bytes) -> bytes:
    raw = secret.encode() if isinstance(secret, str) else secret
    return base64.urlsafe_b64encode(HKDF(SHA256(), length=32, salt=None, info=PURPOSE).derive(raw))
