"""The file for Excel has the same rows, but for cells that Excel would not take."""

import csv
from codecs import BOM_UTF8
from io import BytesIO, StringIO

import pytest
from django.core.files import File
from hypothesis import given
from hypothesis import strategies as st

from proctoring_results.reports.excel import MAX_CELL, for_excel


def content_of(rows) -> bytes:
    text = StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def sent(content: bytes) -> bytes:
    return b"".join(for_excel(File(BytesIO(content))))


def cells(content: bytes) -> list[list[str]]:
    return list(csv.reader(StringIO(content.decode("utf-8-sig"), newline="")))


@given(st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1)))
def test_what_excel_takes_comes_as_it_is(rows):
    content = content_of(rows)
    assert sent(content) == BOM_UTF8 + content


@pytest.mark.parametrize("letter", ["a", "é", '"', "\n", "😀"])
def test_a_cell_that_excel_would_not_take_is_cut_with_a_mark(letter):
    comment = letter * MAX_CELL + "b"
    [[before, cut, after]] = cells(sent(content_of([["before", comment, "after"]])))
    assert (before, after) == ("before", "after")
    assert MAX_CELL - 1 <= len(cut.encode("utf-16-le")) // 2 <= MAX_CELL
    text, _, mark = cut.partition(" … (")
    assert mark == "cut here, because Excel takes no longer cell)"
    assert set(text) == {letter}


def test_the_longest_cell_that_excel_takes_is_whole():
    content = content_of([["a" * MAX_CELL, '"'], ["😀" * (MAX_CELL // 2), "x,y"]])
    assert sent(content) == BOM_UTF8 + content
