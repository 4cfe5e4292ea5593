"""Projects with a user model of their own: each runs as a process, since a process has one user model."""
