"""What recipe.json says of a dataset: its recipe, and what came of it."""

import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generators.codec import jpeg_codec
from generators.dataset.recipe import Recipe
from generators.dataset.review_figures import ReviewSummary
from generators.errors import InputError
from generators.files import write_new, write_whole
from generators.typed_json import from_json, to_json

if TYPE_CHECKING:
    from upath import UPath

    from generators.files import Place

FILE = "recipe.json"
PIXEL_LIBRARIES = ("fpng", "numpy", "opencv-python-headless", "pyarrow")
CODEC = "jpeg"

LeftOut = Mapping[str, Mapping[str, tuple[str, ...]]]
"""Per source, why files were left out, and which."""


@dataclass(frozen=True)
class Identity:
    """What names one split.

    Attributes:
        recipe_id: hash of what it was made of.
        content_id: hash of what it holds.
    """

    recipe_id: str
    content_id: str


@dataclass(frozen=True)
class Finished:
    """What a dataset has once all of its shards are there.

    Attributes:
        identity: of every split that holds samples.
        left_out: files of the sources that were not used.
    """

    identity: Mapping[str, Identity]
    left_out: LeftOut


@dataclass(frozen=True)
class BlindSplit:
    """A test split whose answers its host keeps.

    Attributes:
        test: how many samples it has.
        commitment: `content_id` of the answers.
    """

    test: int
    commitment: str


@dataclass(frozen=True)
class _BesideRecipe:
    """The fields of recipe.json that are not the recipe's, by their names there."""

    versions: Mapping[str, str]
    review: ReviewSummary | None = None
    made: Finished | None = None
    blind: BlindSplit | None = None
    device: str = "cpu"


@dataclass(frozen=True)
class DatasetInfo:
    """recipe.json.

    Attributes:
        recipe: everything that decides which sample is which.
        versions: of Python, dubench and the libraries that pixels depend on; `jpeg` names the
            codec, see `generators.codec`.
        review: None if people have not looked at the dataset.
        finished: None as long as shards are missing.
        blind: None if the test split is not blind.
        device: where the degradations were rendered, `cpu` or `cuda`.
    """

    recipe: Recipe
    versions: Mapping[str, str]
    review: ReviewSummary | None = None
    finished: Finished | None = None
    blind: BlindSplit | None = None
    device: str = "cpu"

    @property
    def identity(self) -> Mapping[str, Identity]:
        """Per split; empty while the dataset is not finished."""
        return self.finished.identity if self.finished else {}

    @property
    def left_out(self) -> LeftOut:
        """Files of the sources that were not used; empty while the dataset is not finished."""
        return self.finished.left_out if self.finished else {}

    def to_json(self) -> dict[str, Any]:
        """As in recipe.json; what is None is left out."""
        beside = _BesideRecipe(self.versions, self.review, self.finished, self.blind, self.device)
        parts = {name: part for name, part in to_json(beside).items() if part is not None}
        return self.recipe.to_json() | parts

    @staticmethod
    def from_json(data: object, where: str) -> "DatasetInfo":
        """The reverse of `to_json`.

        Args:
            where: names the file, for messages.

        Raises:
            InputError: a field is missing, unknown or of another type; the message names it.
        """
        if not isinstance(data, Mapping):
            raise InputError(f"{where} is damaged: not a JSON object")
        names = set(_BesideRecipe.__dataclass_fields__)
        recipe = Recipe.from_json({n: v for n, v in data.items() if n not in names}, where)
        parts = from_json(_BesideRecipe, {n: v for n, v in data.items() if n in names}, where)
        return DatasetInfo(
            recipe, parts.versions, parts.review, parts.made, parts.blind, parts.device
        )

    @staticmethod
    def read(folder: "Place") -> "DatasetInfo":
        """recipe.json of the dataset in `folder`, finished or not.

        Raises:
            InputError: it is missing or damaged.
        """
        path = folder / FILE
        if isinstance(folder, Path) and not folder.is_dir():
            raise InputError(f"{folder}: no such folder")
        if not path.is_file():
            raise InputError(f"{folder} holds no dubench dataset ({FILE} is missing)")
        try:
            data = json.loads(path.read_text("utf-8"))
        except (ValueError, RecursionError):
            raise InputError(f"{path} is damaged: not a JSON object") from None
        return DatasetInfo.from_json(data, str(path))

    @staticmethod
    def read_finished(folder: "Place") -> "DatasetInfo":
        """recipe.json of the dataset in `folder`; InputError as `read`, or if not finished."""
        info = DatasetInfo.read(folder)
        if not info.finished:
            raise InputError(f"{folder} is not finished; run the same dubench generate again")
        return info

    def write(self, folder: "Place") -> None:
        """Write recipe.json of the dataset in `folder`, whole or not at all."""
        write_whole(folder / FILE, self._text())

    def write_new(self, url: "UPath") -> bool:
        """Write recipe.json at `url` if there is none yet; returns whether it was written."""
        return write_new(url / FILE, self._text())

    def _text(self) -> str:
        return json.dumps(self.to_json(), indent=1)


def installed_versions() -> dict[str, str]:
    """Of Python, dubench and the libraries that pixels depend on, and the JPEG codec."""
    libraries = {name: version(name) for name in ("dubench", *PIXEL_LIBRARIES)}
    return {"python": platform.python_version(), **libraries, CODEC: jpeg_codec()}
