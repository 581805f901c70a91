"""What a run makes, how it reports its progress, and what comes of it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from generators.build.clean_images import Photographs
from generators.build.revise import Revision
from generators.dataset.info import DatasetInfo, Identity, LeftOut, installed_versions
from generators.dataset.recipe import Recipe
from generators.dataset.review_figures import ReviewSummary

if TYPE_CHECKING:
    from generators.files import Place


@dataclass(frozen=True)
class Job:
    """What to make, with what.

    Attributes:
        recipe: the dataset.
        photographs: per pool, in the recipe's order, its photographs by split.
        left_out: per source, why files were left out, and which.
        device: where the degradations run: `cpu` or a torch device.
        manifest: a manifest to follow row by row, or None to draw.
        revision: a dataset to start from, or None to make every row.
        review: what people found, for recipe.json and the card; None if they have not looked.
        engine: whose processes make the shards, one of `engines.ENGINES`.
    """

    recipe: Recipe
    photographs: Photographs
    left_out: LeftOut
    device: str = "cpu"
    manifest: Path | None = None
    revision: Revision | None = None
    review: ReviewSummary | None = None
    engine: str = "local"

    @property
    def info(self) -> DatasetInfo:
        """recipe.json before the dataset is finished."""
        device = self.device.partition(":")[0]
        return DatasetInfo(self.recipe, installed_versions(), self.review, device=device)


class Progress:
    """How a run goes. Every method may be overridden; the default does nothing."""

    def inspected(self, files: int, total: int) -> None:
        """`files` of `total` photographs have been looked at."""

    def spooled(self, images: int, most: int) -> None:
        """`images` of at most `most` streamed images are on disk."""

    def depths(self, maps: int, total: int) -> None:
        """`maps` of `total` depth maps are prepared."""

    def planned(self, recipe: Recipe, done: int) -> None:
        """The recipe stands; `done` samples are there already."""

    def rendered(self, counts: Mapping[str, int]) -> None:
        """So many more samples of each type are rendered."""


@dataclass(frozen=True)
class GenerateResult:
    """What a run did.

    Attributes:
        folder: where the dataset is.
        recipe: what it is.
        new: samples made by this run; the others were there.
        identity: per split.
        left_out: per source, why files were left out, and which.
        redrawn: crops drawn again, by reason.
        blind: samples of a blind test split, beside those of the recipe.
    """

    folder: "Place"
    recipe: Recipe
    new: int
    identity: Mapping[str, Identity]
    left_out: LeftOut
    redrawn: Counter[str] = field(default_factory=Counter)
    blind: int = 0
