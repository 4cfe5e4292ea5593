"""The settings of each host: the shared project, and what is different there."""
