"""The guard against cells that a spreadsheet would run as a formula. One list of characters, for Python and SQL."""

# OWASP ASVS 1.2.10 has = + - @ TAB NUL. Spreadsheets also take the full-width forms, and skip leading spaces.
DANGEROUS = "=+-@＝＋－＠\t\r\n\0"  # noqa: RUF001


def guarded_text(text: str) -> str:
    """Return the text, with a leading ``'`` if its first character other than a space is dangerous."""
    return f"'{text}" if text.lstrip(" ")[:1] in tuple(DANGEROUS) else text
