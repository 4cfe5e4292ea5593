"""Kept so that only the keys of the settings open it; keys may change."""

import pytest
from cryptography.fernet import Fernet

from proctoring_results.crypto import decrypt, encrypt
from proctoring_results.exceptions import CannotDecrypt

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


def set_keys(settings, *keys):
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, "ENCRYPTION_KEYS": keys}


@pytest.mark.parametrize("keys", [(), (NEW,), (NEW, OLD)])
def test_what_was_encrypted_is_read_again(settings, keys):
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


def test_without_its_key_nothing_is_read(settings):
    set_keys(settings, OLD)
    before = encrypt("x")
    set_keys(settings, NEW)
    with pytest.raises(CannotDecrypt):
        decrypt(before)


def test_keys_that_are_named_later_leave_readable_what_was_there(settings):
    before = encrypt("x")
    set_keys(settings, NEW)
    assert decrypt(before) == "x"


def test_an_old_secret_key_still_reads(settings):
    before = encrypt("x")
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another", [settings.SECRET_KEY]
    assert decrypt(before) == "x"
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(CannotDecrypt):
        decrypt(before)
