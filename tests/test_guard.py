"""The guard, against the list of the standard and not against our own."""

import pytest

from proctoring_results.guard import DANGEROUS, guarded_text

# = + - @, their full-width forms, TAB, CR, LF, NUL.
NAMED = ["=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", "\t", "\r", "\n", "\0"]


def test_the_dangerous_characters_are_the_named_ones():
    assert sorted(DANGEROUS) == sorted(NAMED)


@pytest.mark.parametrize("spaces", ["", " ", "   "])
@pytest.mark.parametrize("danger", NAMED)
def test_a_text_that_begins_dangerously_gets_an_apostrophe(danger, spaces):
    assert guarded_text(f"{spaces}{danger}cmd") == f"'{spaces}{danger}cmd"


@pytest.mark.parametrize("harmless", ["", " ", "a", "a=1", "'=1", "1-1", "\u3000=1", "日本", "\uff11"])
def test_other_texts_stay_as_they_are(harmless):
    assert guarded_text(harmless) == harmless
