"""What the user should know of a run beside its results."""

import sys

from generators.errors import one_line


def note(message: str) -> None:
    """Say it on stderr, in one line."""
    print(f"note: {one_line(message)}", file=sys.stderr)
