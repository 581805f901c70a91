"""The review in one SQLite file."""
