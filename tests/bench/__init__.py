"""``make bench``: speed and memory of reports, pages and callbacks, compared with the database itself."""
