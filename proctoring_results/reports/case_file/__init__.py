"""The case file of one session: a ZIP that people can read, programs can read, and anybody can check.

``write`` puts it together of what the other modules say: the case (``case``), its pictures (``pictures``), the page
that is printed (``page``), the same as data (``data``) and as tables (``tables``).
"""
