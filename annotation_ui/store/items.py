"""What people look at: a sample, or one planted to tell how they look."""

from dataclasses import dataclass, field
from typing import Literal

from generators.taxonomy import Value
from generators.typed_json import JSON_NAME

Role = Literal["sample", "gold", "repeat"]
Choice = Literal["accept", "reject"]

CHOICES: tuple[Choice, ...] = ("accept", "reject")
EVERYBODY = 1_000_000
VIEWS = ("clean", "degraded", "depth", "transmission")
IMAGE_FIELDS = tuple(f"{view}_image" for view in VIEWS)


@dataclass(frozen=True)
class Shown:
    """What a reviewer reads beside the pictures.

    Attributes:
        type, source, depth_source: the row's; no depth, no `depth_source`.
        tuples: (type, key, value) each.
        size: the picture's side in pixels.
    """

    type: str
    tuples: tuple[tuple[str, str, Value], ...]
    size: int
    depth_source: str | None
    source: str


@dataclass(frozen=True)
class Flag:
    """What a machine check says of a sample: `inconsistent` or `implausible`, and a sentence."""

    name: str = field(metadata={JSON_NAME: "flag"})
    text: str


@dataclass(frozen=True)
class Expected:
    """The right verdict on a gold item: `why` names the fault, `detail` says what exactly it is."""

    verdict: Choice
    why: str
    detail: str


@dataclass(frozen=True)
class Example:
    """A pair of the dataset that shows what to accept, or to reject and `why`; it is no item."""

    type: str
    verdict: Choice
    why: str
    shown: Shown
    clean_image: str
    degraded_image: str


@dataclass(frozen=True)
class Item:
    """One thing to look at.

    Only `item`, `shown`, `flags`, `pixel_residual` and the images may reach a reviewer: `role`,
    `expected`, `of_item`, `needs` and `sample_id` would give planted items away.

    Attributes:
        item: random name, 16 hexadecimal digits.
        sample_id: the dataset's row, `du-00000042`.
        split, type, severity, source: the row's; severity is None for type `none`.
        role: `sample`; `gold`, with a known answer; `repeat`, shown again to one who judged it.
        needs: how many reviewers judge it: 1, 2, or, for gold that all are to see, `EVERYBODY`;
            `annotation_ui.planning.overlap` changes it, and one that is handed out needs one more.
        rank: place in the order of assignment; no two items share one.
        clean_image, degraded_image, depth_image, transmission_image: file names in `images/`.
        of_item: for a repeat, the item it repeats.
        expected: for gold.
        flags: what machine checks say.
        pixel_residual: largest difference in levels between the stored and the re-rendered image.
    """

    item: str
    sample_id: str
    split: str
    type: str
    severity: str | None
    source: str
    role: Role = field(metadata={JSON_NAME: "kind"})
    needs: int
    rank: int
    shown: Shown
    clean_image: str
    degraded_image: str
    depth_image: str | None = None
    transmission_image: str | None = None
    of_item: str | None = None
    expected: Expected | None = None
    flags: tuple[Flag, ...] = ()
    pixel_residual: float | None = field(default=None, metadata={JSON_NAME: "residual"})
