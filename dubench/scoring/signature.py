"""One line that says how a score was computed, as sacreBLEU's does (Post, WMT 2018)."""

from collections.abc import Sequence
from importlib.metadata import version

from dubench.dataset import Split
from dubench.scoring.intervals import RESAMPLES


def signature(split: Split, n: int, seed: int, metrics: Sequence[str]) -> str:
    """What two scores must share to be compared: software, data, split, and every definition.

    Args:
        metrics: the words of what only some scores have, such as `psnr:rgb`.
    """
    content = (split.identity["content_id"] or "unknown")[:8]
    name = split.preset.name if split.preset else split.title
    words = [
        f"dubench:{release()}",
        f"data:{name}@{content}",
        f"split:{split.name}",
        f"n:{n}",
        "t-acc",
        "p-rel:uncapped",
        f"ci:one-more-photograph-{RESAMPLES},seed-{seed}",
        *metrics,
    ]
    return "|".join(words)


def release() -> str:
    """The version of the scorer as the signature has it: scores of two do not compare."""
    return ".".join(version("dubench").split(".")[:2])
