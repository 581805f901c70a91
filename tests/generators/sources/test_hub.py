"""Any `datasets` dataset with an image column, streamed into a folder."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from datasets import Dataset, Features, Image, Value
from PIL import Image as PillowImage

from generators.build.generate import generate
from generators.build.verify import verify
from generators.errors import InputError
from generators.sources import photographs
from generators.sources.hub import spool
from generators.sources.pools import SourceSpec


def quiet(done: int, most: int) -> None:
    pass


@pytest.fixture(scope="module")
def parquet(tmp_path_factory: pytest.TempPathFactory, photos: Path) -> Path:
    """A local dataset in Parquet, as one downloaded from the Hub."""
    root = tmp_path_factory.mktemp("hub") / "photos"
    (root / "data").mkdir(parents=True)
    files = sorted(map(str, photos.glob("*.jpg")))
    rows = Dataset.from_dict({"picture": files, "label": list(range(len(files)))})
    rows = rows.cast_column("picture", Image())
    rows.to_parquet(root / "data" / "train-00000-of-00001.parquet")
    return root


def test_bytes_are_those_of_the_dataset(parquet: Path, photos: Path, tmp_path: Path) -> None:
    counts: list[int] = []
    listing = spool(str(parquet), tmp_path, 100, lambda done, most: counts.append(done))
    wanted = {file.read_bytes() for file in photos.glob("*.jpg")}
    assert {entry.path.read_bytes() for entry in listing.entries} == wanted
    assert counts[-1] == 13
    assert not listing.left_out


def test_no_more_than_needed_and_not_twice(parquet: Path, tmp_path: Path) -> None:
    source = Path(shutil.copytree(parquet, tmp_path / "source"))
    first = spool(str(source), tmp_path / "s", 5, quiet)
    assert len(first.entries) == 5
    shutil.rmtree(source)  # the spool is enough from here on
    assert spool(str(source), tmp_path / "s", 5, quiet).entries == first.entries


def test_a_dataset_of_a_dataset(parquet: Path, tmp_path: Path) -> None:
    result = generate(40, tmp_path / "d", [SourceSpec("hf", str(parquet))], size=64)
    assert result.recipe.pools[0].source == "hf"
    assert verify(tmp_path / "d").good


def test_an_image_folder(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "f" / "train").mkdir(parents=True)
    for photo in sorted(photos.glob("*.jpg"))[:4]:
        shutil.copy(photo, tmp_path / "f" / "train")
    assert len(spool(str(tmp_path / "f"), tmp_path / "s", 9, quiet).entries) == 4


def test_tiff_as_in_folders(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (80, 80, 3), dtype=np.uint8)
    PillowImage.fromarray(pixels).save(tmp_path / "a.tif")
    rows = Dataset.from_dict({"image": [str(tmp_path / "a.tif")]}).cast_column("image", Image())
    (tmp_path / "d").mkdir()
    rows.to_parquet(tmp_path / "d" / "train.parquet")
    (entry,) = spool(str(tmp_path / "d"), tmp_path / "s", 9, quiet).entries
    assert entry.path.suffix == ".tif"
    assert (photographs.load(entry.path)[0] == pixels).all()


def test_a_broken_row_is_left_out_and_named(photos: Path, tmp_path: Path) -> None:
    good = next(photos.glob("*.jpg")).read_bytes()
    rows = Dataset.from_dict(
        {"image": [{"bytes": b, "path": None} for b in (good, b"not an image", good)]},
        features=Features({"image": Image()}),
    )
    (tmp_path / "d").mkdir()
    rows.to_parquet(tmp_path / "d" / "train.parquet")
    listing = spool(str(tmp_path / "d"), tmp_path / "s", 9, quiet)
    assert len(listing.entries) == 2
    assert listing.left_out == {"unreadable": ["row 1: not an image"]}


def test_a_dataset_without_images(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    rows = Dataset.from_dict({"text": ["a", "b"]}, features=Features({"text": Value("string")}))
    rows.to_parquet(tmp_path / "d" / "train.parquet")
    with pytest.raises(InputError, match=r"no image column \(columns: text\)"):
        spool(str(tmp_path / "d"), tmp_path / "s", 9, quiet)


def test_a_dataset_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--source hf="):
        spool(str(tmp_path / "nowhere"), tmp_path / "s", 9, quiet)


def test_another_split(parquet: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(parquet, tmp_path / "two"))
    pixels = np.random.default_rng(0).integers(0, 255, (80, 80, 3), dtype=np.uint8)
    other = Dataset.from_dict({"picture": [PillowImage.fromarray(pixels)], "label": [0]})
    other.cast_column("picture", Image()).to_parquet(root / "data" / "test-00000-of-00001.parquet")
    assert len(spool(f"{root}:test", tmp_path / "s", 9, quiet).entries) == 1
    with pytest.raises(InputError, match="nope"):
        spool(f"{root}:nope", tmp_path / "n", 9, quiet)


@pytest.mark.parametrize("zipped", [True, False])
def test_folders_of_images_plain_and_zipped(photos: Path, tmp_path: Path, zipped: bool) -> None:
    chosen = sorted(photos.glob("*.jpg"))[:2]
    place = tmp_path / "d" / "train"
    place.mkdir(parents=True)
    for photo in chosen:
        shutil.copy(photo, place)
    if zipped:
        shutil.make_archive(str(place), "zip", place)
        shutil.rmtree(place)
    listing = spool(str(tmp_path / "d"), tmp_path / "s", 9, quiet)
    assert not listing.left_out
    kept = {entry.path.read_bytes() for entry in listing.entries}
    assert kept == {photo.read_bytes() for photo in chosen}


def test_a_failure_leaves_no_half_of_a_spool(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="hf="):
        spool(str(tmp_path / "nothing"), tmp_path / "s" / "x", 9, quiet)
    assert not list(tmp_path.iterdir())
