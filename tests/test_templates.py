"""What every template keeps to: sentences are translated, and the Content-Security-Policy lets all of it work."""

import re
from pathlib import Path

import pytest

TEMPLATES = Path(__file__).resolve().parent.parent / "proctoring_results/templates"
# Django admin has no Content-Security-Policy of ours.
PAGES = sorted((TEMPLATES / "proctoring_results").rglob("*.html"))
ALL = sorted(path for path in TEMPLATES.rglob("*") if path.suffix in {".html", ".txt"})
# A file that is downloaded: no policy applies to it, and it has no style sheet beside it.
FILE = TEMPLATES / "proctoring_results/case_file/case.html"
# Not a word of any language.
NO_WORDS = {"UTC", "SHA", "SUMS"}

TRANSLATED = re.compile(r"{% blocktranslate.*?%}.*?{% endblocktranslate %}", re.DOTALL)
SYNTAX = re.compile(r"{% comment %}.*?{% endcomment %}|{#.*?#}|{%.*?%}|{{.*?}}", re.DOTALL)
INVISIBLE = re.compile(r"<(style|svg)\b.*?</\1>", re.DOTALL)
TAG = re.compile(r"<[^>]*>")
READ_ATTRIBUTE = re.compile(r'\b(?:alt|title|placeholder|aria-label|data-pr-label)="([^"]*)"')
INLINE = re.compile(r"<script(?![^>]*\bsrc=)|<style\b|\sstyle=|\son\w+=")


def name_of(path: Path) -> str:
    return path.relative_to(TEMPLATES).as_posix()


def untranslated(source: str) -> list[str]:
    """Return the words that people read as they stand in the source."""
    source = INVISIBLE.sub("", SYNTAX.sub("", TRANSLATED.sub("", source)))
    texts = [TAG.sub(" ", source), *READ_ATTRIBUTE.findall(source)]
    tokens = [token for text in texts for token in re.findall(r"[^\W\d_]{2,}", re.sub(r"&\w+;", " ", text))]
    return [token for token in tokens if token not in NO_WORDS]


@pytest.mark.parametrize("path", ALL, ids=name_of)
def test_every_sentence_of_a_template_is_marked_for_translation(path):
    assert untranslated(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", [path for path in PAGES if path != FILE], ids=name_of)
def test_no_page_has_a_script_or_style_inside(path):
    """The policy would block it, in the browser only."""
    assert INLINE.findall(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<p>Appeals</p>", ["Appeals"]),
        ('<img alt="A chart">', ["chart"]),
        ("<a title=\"{% translate 'Next' %}\">{{ name }} – 3&nbsp;h</a>", []),
        ("{% blocktranslate count n=n %}one{% plural %}many{% endblocktranslate %}", []),
    ],
)
def test_words_that_nobody_can_translate_are_noticed(source, expected):
    assert untranslated(source) == expected


@pytest.mark.parametrize("source", ["<script>", '<p style="a">', "<style>", '<a onclick="a()">'])
def test_what_the_policy_blocks_is_noticed(source):
    assert INLINE.search(source)
