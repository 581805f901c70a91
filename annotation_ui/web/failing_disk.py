"""What a failing disk means, for whoever looks at the page."""

import sqlite3

_KNOWN = {
    sqlite3.SQLITE_FULL: "The server's disk is full",
    sqlite3.SQLITE_READONLY: "The server may not write to its disk",
    sqlite3.SQLITE_CANTOPEN: "The review's folder is gone from the server",
    sqlite3.SQLITE_BUSY: "The server's disk is busy",
}


def explained(error: sqlite3.Error) -> str:
    """What went wrong and what to do, in a sentence or two."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    what = _KNOWN.get(code, "The server's disk does not work as it should")
    return f"{what}: nothing was saved, what you typed is kept here. Tell whoever runs the review."
