"""Who is logged in: random tokens in memory, gone when the server ends."""

import secrets
import time
from collections.abc import Callable

IDLE = 12 * 3600.0


class Sessions:
    """Reviewers by the token in their cookie; a token nobody used for `IDLE` seconds is dropped."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: dict[str, tuple[str, float]] = {}

    def open(self, reviewer: str) -> str:
        """A new token for a reviewer who gave the right password."""
        self._seen = {token: seen for token, seen in self._seen.items() if self._fresh(seen[1])}
        token = secrets.token_urlsafe(32)
        self._seen[token] = reviewer, self._clock()
        return token

    def reviewer(self, token: str | None) -> str | None:
        """Whose token it is; None if nobody's."""
        name, last = self._seen.get(token or "", ("", 0.0))
        if not name or not self._fresh(last):
            return None
        self._seen[token or ""] = name, self._clock()
        return name

    def close(self, token: str | None) -> None:
        """Forget a token."""
        self._seen.pop(token or "", None)

    def _fresh(self, last: float) -> bool:
        return self._clock() - last < IDLE
