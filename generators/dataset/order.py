"""In what order a dataset uses its photographs, and in what order its rows stand.

Crops of one photograph are made one after another, so that it is decoded once for several; the
rows of a shard then lie in a keyed random order, so that neither an id nor a row's neighbours
tell which photographs followed each other.
"""

from dataclasses import dataclass

from generators.randomness import permute

ROW_GROUP = 100
MAX_SHARD = 700  # about 180 MB at 256 × 256, which a worker holds until all rows are there
VISIT = 32  # crops of a photograph before the next one's turn

_LARGE = 256  # pixels a side from which shards have fewer rows, so that they stay as small
_SALT = 64  # of a shard's permutation, plus its start; other permutations of the seed have less


@dataclass(frozen=True)
class Shard:
    """One Parquet file: samples `start` … `stop` − 1, the `number`-th of `of` in its split."""

    split: str
    number: int
    of: int
    start: int
    stop: int

    @property
    def name(self) -> str:
        """The file's name under data/."""
        return f"{self.split}-{self.number:05d}-of-{self.of:05d}.parquet"

    def turn(self, index: int, seed: int) -> int:
        """When sample `index` is made: its rank, from `start`, in the photographs' order."""
        rank = permute(index - self.start, self.stop - self.start, seed, _SALT + self.start)
        return self.start + rank

    def in_turn(self, seed: int) -> list[int]:
        """The shard's samples in the order in which they are made."""
        return sorted(range(self.start, self.stop), key=lambda index: self.turn(index, seed))


def shards_of(split: str, start: int, count: int, size: int) -> list[Shard]:
    """The files of a split of `count` samples of `size`² pixels, the first of index `start`."""
    most = max(1, MAX_SHARD * _LARGE**2 // max(size, _LARGE) ** 2 // ROW_GROUP) * ROW_GROUP
    rows = min(most, max(ROW_GROUP, -(-count // (16 * ROW_GROUP)) * ROW_GROUP))
    of = -(-count // rows)
    bounds = [start + min(number * rows, count) for number in range(of + 1)]
    return [Shard(split, number, of, *bounds[number : number + 2]) for number in range(of)]


def photograph_of(turn: int, samples: int, photographs: int) -> int:
    """Which photograph the `turn`-th of a pool's `samples` is cut from.

    All photographs take turns of VISIT crops, and share what the last round has left: each is
    used as often as any other, give or take one.
    """
    used = min(photographs, samples)
    whole_round = used * VISIT
    start = turn // whole_round * whole_round
    return (turn - start) * used // min(whole_round, samples - start)
