"""The project that all shapes share: what docs/tutorial/install.md makes of a new Django project."""
