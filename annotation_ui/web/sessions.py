"""Who is logged in: random tokens in memory, gone when the server ends."""

import secrets
import time
from collections.abc import Callable

IDLE = 12 * 3600.0


class Sessions:
    """Who logged in, by the token in their cookie; a token nobody used for `IDLE` seconds is
    dropped. Who it was is a name and the epoch of its account: see `records.Account`."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: dict[str, tuple[tuple[str, str], float]] = {}

    def open(self, name: str, epoch: str) -> str:
        """A new token for somebody who gave the right password."""
        self._seen = {token: seen for token, seen in self._seen.items() if self._fresh(seen[1])}
        token = secrets.token_urlsafe(32)
        self._seen[token] = (name, epoch), self._clock()
        return token

    def who(self, token: str | None) -> tuple[str, str] | None:
        """Whose token it is, name and epoch; None if nobody's."""
        seen = self._seen.get(token or "")
        if seen is None or not self._fresh(seen[1]):
            return None
        self._seen[token or ""] = seen[0], self._clock()
        return seen[0]

    def close(self, token: str | None) -> None:
        """Forget a token."""
        self._seen.pop(token or "", None)

    def _fresh(self, last: float) -> bool:
        return self._clock() - last < IDLE
