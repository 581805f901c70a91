"""Tries to log in under names that nobody has: how many of an address are worth a hash."""

import time
from collections.abc import Callable

BURST = 10
REFILL = 6.0
"""So many tries of one address at once, and one more every so many seconds."""

_MOST = 10_000


class Strangers:
    """A budget of each address. Beyond it a try is answered without being looked at, so that a
    flood costs the server nothing; names that somebody has never come here."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._spent: dict[str, tuple[float, float]] = {}

    def take(self, address: str) -> bool:
        """Whether the budget of this address allows one more try."""
        now = self._clock()
        if len(self._spent) >= _MOST:
            self._spent = {one: kept for one, kept in self._spent.items() if self._left(kept, now)}
        spent, since = self._spent.get(address, (0.0, now))
        spent = max(0.0, spent - (now - since) / REFILL)
        allowed = spent <= BURST - 1 and len(self._spent) < _MOST
        if allowed:
            spent += 1
        if allowed or address in self._spent:
            self._spent[address] = spent, now
        return allowed

    def _left(self, kept: tuple[float, float], now: float) -> bool:
        spent, since = kept
        return spent > (now - since) / REFILL
