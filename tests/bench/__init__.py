"""``make bench``: how fast and how lean reports are built, against the database's own speed, in one run."""
