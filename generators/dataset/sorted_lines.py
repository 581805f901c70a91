"""A hash over sorted lines, more of them than fit into memory."""

import hashlib
import heapq
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import islice
from typing import IO, Self

AT_ONCE = 50_000
"""Lines in memory: about 20 MB."""

_MOST_FILES = 64


class SortedLines:
    """Takes printable ASCII in any order; of more than `AT_ONCE` lines, runs lie in files.

    A run goes on for as long as what is added comes after it, as a dataset's rows do: one
    temporary file. Use it as a context, which removes the files.
    """

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._runs: list[IO[str]] = []
        self._last = ""
        self._files = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._files.close()

    def add(self, lines: Iterable[str]) -> None:
        """Take lines, without their ends."""
        self._lines += (f"{line}\n" for line in lines)
        if len(self._lines) >= AT_ONCE:
            self._spill()

    def sha256(self) -> str:
        """The hash, in hexadecimal, of all lines so far, sorted, with "\\n" between them."""
        digest = hashlib.sha256()
        lines = self._merged(sorted(self._lines))
        some = ""
        while more := "".join(islice(lines, 1000)):
            digest.update(some.encode())
            some = more
        digest.update(some.removesuffix("\n").encode())
        return digest.hexdigest()

    def _merged(self, lines: Iterable[str] = ()) -> Iterator[str]:
        for run in self._runs:
            run.seek(0)
        return heapq.merge(*self._runs, lines)

    def _spill(self) -> None:
        self._lines.sort()
        if not self._runs or self._lines[0] < self._last:
            if len(self._runs) == _MOST_FILES:
                whole = self._new_file()
                whole.writelines(self._merged())
                for run in self._runs:
                    run.close()
                self._runs = [whole]
            self._runs.append(self._new_file())
        self._runs[-1].writelines(self._lines)
        self._last = self._lines[-1]
        self._lines = []

    def _new_file(self) -> IO[str]:
        return self._files.enter_context(
            tempfile.TemporaryFile("w+", encoding="ascii", newline="\n", prefix="dubench-")
        )
