"""Samples of a dataset that the page shows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dubench.cli.demo.page.pieces import Image, scalar_keys
from dubench.dataset import TYPE_NAMES, GroundTruth, Split


@dataclass(frozen=True)
class Sample:
    """One pair; `place` is its row among the split's, `values` are its scalar keys."""

    id: str
    place: int
    type: str
    severity: str | None
    values: Mapping[str, float]
    clean: Image
    degraded: Image


def of_each_type(truth: GroundTruth, count: int, of: str = "") -> list[int]:
    """Places of `count` samples of each type: the first whose clusters begin with `of` and were not
    taken yet, then any."""
    chosen: list[int] = []
    seen: set[str] = set()
    for code in sorted(set(truth.types.tolist())):
        own = [place for place, other in enumerate(truth.types) if other == code]
        first: list[int] = []
        later: list[int] = []
        for place in own:
            cluster = truth.clusters[place]
            fresh = cluster.startswith(of) and cluster not in seen
            (first if fresh else later).append(place)
            if fresh and len(first) <= count:
                seen.add(cluster)
        chosen += [*first, *later][:count]
    return chosen


def read_samples(split: Split, truth: GroundTruth, places: Iterable[int]) -> list[Sample]:
    """The pairs at some places, in that order."""
    places = list(places)
    wanted = {truth.ids[place] for place in places}
    pictures = {
        name: (clean, degraded)
        for name, clean, degraded in split.images("clean", "degraded", only=wanted)
    }
    samples = []
    for place in places:
        name, type_name = truth.ids[place], TYPE_NAMES[truth.types[place]]
        values = {key: float(truth.values[key][place]) for key in scalar_keys(type_name)}
        samples.append(
            Sample(name, place, type_name, truth.severity[place], values, *pictures[name])
        )
    return samples
