"""The guard against cells that a spreadsheet would run. One list of dangers, for Python and for SQL."""

# ASVS 1.2.10 names = + - @ TAB NUL; spreadsheets also fold the full-width forms, and skip leading spaces.
DANGEROUS = "=+-@＝＋－＠\t\r\n\0"  # noqa: RUF001


def guarded_text(text: str) -> str:
    """The text, with a leading ``'`` where it begins, after spaces, with a dangerous character."""
    return f"'{text}" if text.lstrip(" ")[:1] in tuple(DANGEROUS) else text
