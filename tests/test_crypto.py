"""Encryption by the keys of the settings, which may change."""

import pytest
from cryptography.fernet import Fernet

from proctoring_results.crypto import decrypt, encrypt
from proctoring_results.exceptions import CannotDecrypt

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


def set_keys(settings, *keys):
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, "ENCRYPTION_KEYS": keys}


@pytest.mark.parametrize("keys", [(), (NEW,), (NEW, OLD)])
def test_encrypted_text_is_decrypted(settings, keys):
    set_keys(settings, *keys)
    token = encrypt("a link 期末")
    assert b"link" not in token
    assert decrypt(memoryview(token)) == "a link 期末"


def test_the_first_key_encrypts_and_all_decrypt(settings):
    set_keys(settings, OLD)
    before = encrypt("x")
    set_keys(settings, NEW, OLD)
    assert decrypt(before) == "x"
    assert Fernet(NEW).decrypt(encrypt("y")) == b"y"


def test_text_is_not_decrypted_without_its_key(settings):
    set_keys(settings, OLD)
    before = encrypt("x")
    set_keys(settings, NEW)
    with pytest.raises(CannotDecrypt):
        decrypt(before)


def test_text_from_before_the_keys_were_set_is_decrypted(settings):
    before = encrypt("x")
    set_keys(settings, NEW)
    assert decrypt(before) == "x"


def test_an_old_secret_key_decrypts(settings):
    before = encrypt("x")
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another", [settings.SECRET_KEY]
    assert decrypt(before) == "x"
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(CannotDecrypt):
        decrypt(before)
