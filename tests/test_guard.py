"""The guard against formulas, compared with the list of OWASP ASVS."""

import pytest

from proctoring_results.guard import DANGEROUS, guarded_text

# = + - @, their full-width forms, TAB, CR, LF, NUL.
DANGEROUS_IN_ASVS = ["=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", "\t", "\r", "\n", "\0"]


def test_the_dangerous_characters_are_those_of_the_standard():
    assert sorted(DANGEROUS) == sorted(DANGEROUS_IN_ASVS)


@pytest.mark.parametrize("spaces", ["", " ", "   "])
@pytest.mark.parametrize("danger", DANGEROUS_IN_ASVS)
def test_text_that_begins_with_a_dangerous_character_gets_an_apostrophe(danger, spaces):
    assert guarded_text(f"{spaces}{danger}cmd") == f"'{spaces}{danger}cmd"


@pytest.mark.parametrize("harmless", ["", " ", "a", "a=1", "'=1", "1-1", "\u3000=1", "日本", "\uff11"])
def test_other_text_is_unchanged(harmless):
    assert guarded_text(harmless) == harmless
